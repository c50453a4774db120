from typing import Any

import pytest
import requests

from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import Client, StoppedClock

JOBS = "/services/data/v66.0/jobs/query"
SOQL = "SELECT Name, Amount, IsWon, Account.Name FROM Opportunity ORDER BY Name"
NOT_FOUND = [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]


def call(client: Client, method: str, path: str, **body: object) -> requests.Response:
    signed = {"Authorization": f"Bearer {client.token}"}
    return requests.request(method, client.url + path, json=body or None, headers=signed, timeout=5)


def create(client: Client, soql: str = SOQL, **more: object) -> Any:
    return call(client, "POST", JOBS, **{"operation": "query", "query": soql, **more}).json()


@pytest.fixture
def deals(org: Org) -> None:
    account_id = org.add_account('Say "hi", Ltd')
    org.add("Opportunity", Name="a", Amount=912260031, StageName="Closed Won", AccountId=account_id)
    org.add("Opportunity", Name="b", Amount=None)
    org.add("Opportunity", Name="é\nc", Amount=7)


def test_job_from_start_to_end(connected: Client, org: Org, deals: None) -> None:
    org.bulk_polls = 1

    made = create(connected)
    states = [connected.get(f"{JOBS}/{made['id']}").json() for _ in range(2)]
    results = connected.get(f"{JOBS}/{made['id']}/results")

    job = {
        "id": made["id"],
        "operation": "query",
        "object": "Opportunity",
        "createdById": org.admin_id,
        "createdDate": "2026-11-22T10:14:07.000+0000",
        "systemModstamp": "2026-11-22T10:14:07.000+0000",
        "state": "UploadComplete",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": 66.0,
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    done = {"state": "JobComplete", "jobType": "V2Query", "numberRecordsProcessed": 3, "retries": 0}
    assert made["id"][:3] == "750"
    assert [made, *states] == [job, {**job, "state": "InProgress"}, {**job, **done}]
    assert results.text == (
        '"Name","Amount","IsWon","Account.Name"\n'
        '"a","9.12260031E8","true","Say ""hi"", Ltd"\n'
        '"b","","false",""\n'
        '"é\nc","7.0","false",""\n'
    )
    assert (results.headers["Content-Type"], results.headers["Sforce-NumberOfRecords"]) == (
        "text/csv;charset=UTF-8",
        "3",
    )


def test_results_come_in_parts(connected: Client, deals: None) -> None:
    job_id = create(connected, "SELECT Name FROM Opportunity ORDER BY Name")["id"]
    connected.get(f"{JOBS}/{job_id}")
    parts, locator = [], ""
    while locator != "null":
        part = connected.get(f"{JOBS}/{job_id}/results", maxRecords="2", locator=locator)
        locator = part.headers["Sforce-Locator"]
        parts.append((part.text, part.headers["Sforce-NumberOfRecords"]))

    assert parts == [('"Name"\n"a"\n"b"\n', "2"), ('"Name"\n"é\nc"\n', "1")]


def test_delimiter_and_line_ending(connected: Client, deals: None) -> None:
    soql = "SELECT Name, Amount FROM Opportunity WHERE Name = 'a'"
    job_id = create(connected, soql, columnDelimiter="SEMICOLON", lineEnding="CRLF")["id"]
    connected.get(f"{JOBS}/{job_id}")

    text = connected.get(f"{JOBS}/{job_id}/results").text

    assert text == '"Name";"Amount"\r\n"a";"9.12260031E8"\r\n'


def test_query_all_includes_deleted(connected: Client, org: Org, deals: None) -> None:
    org.delete(str(org.records("Opportunity")[0]["Id"]))

    sizes = []
    for operation in ("query", "queryAll"):
        job_id = create(connected, operation=operation)["id"]
        sizes.append(connected.get(f"{JOBS}/{job_id}").json()["numberRecordsProcessed"])

    assert sizes == [2, 3]


def test_results_before_the_end(connected: Client, org: Org) -> None:
    job_id = create(connected)["id"]

    response = connected.get(f"{JOBS}/{job_id}/results")

    assert (response.status_code, response.json()) == (
        400,
        [{"message": "The job is in the state UploadComplete", "errorCode": "INVALIDJOBSTATE"}],
    )


def test_abort_and_delete(connected: Client) -> None:
    job_id = create(connected)["id"]

    aborted = call(connected, "PATCH", f"{JOBS}/{job_id}", state="Aborted").json()["state"]
    again = call(connected, "PATCH", f"{JOBS}/{job_id}", state="Aborted").json()
    deleted = call(connected, "DELETE", f"{JOBS}/{job_id}").status_code

    assert aborted == "Aborted"
    assert again == [{"message": "The job is in the state Aborted", "errorCode": "INVALIDJOBSTATE"}]
    assert (deleted, connected.get(f"{JOBS}/{job_id}").json()) == (204, NOT_FOUND)


def test_other_version_and_other_week(connected: Client, org: Org, clock: StoppedClock) -> None:
    job_id = create(connected)["id"]

    other = connected.get(f"{JOBS.replace('66', '60')}/{job_id}")
    clock.forward(days=7)
    connected.token = org.connect().access_token

    assert (other.status_code, other.json()) == (
        409,
        [{"message": "The job was made with API version 66.0", "errorCode": "API_VERSION_MISMATCH"}],
    )
    assert connected.get(f"{JOBS}/{job_id}").json() == NOT_FOUND


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"operation": "insert"}, "INVALIDJOB", "operation has to be query or queryAll"),
        (
            {"operation": "query", "columnDelimiter": "X"},
            "INVALIDJOB",
            "unknown columnDelimiter or lineEnding",
        ),
        (
            {"operation": "query", "query": "SELECT COUNT(Id) FROM Opportunity"},
            "API_ERROR",
            "This query is not supported by the Bulk API",
        ),
        ({"operation": "query"}, "MALFORMED_QUERY", "A query string has to be specified"),
    ],
)
def test_refused(connected: Client, body: dict[str, object], code: str, message: str) -> None:
    response = call(connected, "POST", JOBS, **body)

    assert (response.status_code, response.json()) == (400, [{"message": message, "errorCode": code}])


def test_bad_locator(connected: Client) -> None:
    job_id = create(connected)["id"]
    connected.get(f"{JOBS}/{job_id}")

    assert connected.get(f"{JOBS}/{job_id}/results", locator="?").json() == [
        {"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}
    ]
