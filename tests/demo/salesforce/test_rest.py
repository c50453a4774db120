import time

import pytest
import requests

from demo.http_server import Request, Response, Server, json_response
from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import Client

NOT_FOUND = [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}]
EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_versions_need_no_token(server: Server) -> None:
    response = requests.get(f"{server.url}/services/data/", timeout=5)

    versions = response.json()
    assert "Sforce-Limit-Info" not in response.headers
    assert versions[-3:] == [
        {"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"},
        {"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"},
        {"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"},
    ]
    assert versions[0] == {"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"}
    assert len(versions) == 38


def test_older_release_offers_fewer_versions(server: Server, org: Org, connected: Client) -> None:
    org.newest_version = 60

    versions = requests.get(f"{server.url}/services/data", timeout=5).json()

    assert versions[-1]["version"] == "60.0"
    assert connected.get("/services/data/v66.0/limits").json() == NOT_FOUND


def test_version_that_is_retired_one_day(connected: Client, org: Org) -> None:
    org.oldest_version = 67

    response = connected.get("/services/data/v66.0/limits")

    offered = [each["version"] for each in connected.get("/services/data/").json()]
    assert (response.status_code, offered) == (410, ["67.0", "68.0"])


@pytest.mark.parametrize("version", ["7.0", "20.0", "30.0"])
def test_retired_version_is_gone(connected: Client, version: str) -> None:
    response = connected.get(f"/services/data/v{version}/limits")

    assert (response.status_code, response.json()) == (
        410,
        [{"message": "The requested API version has been retired", "errorCode": "GONE"}],
    )


@pytest.mark.parametrize(
    "path",
    [
        "/services/data/v99.0/query",
        "/services/data/v66.0/sobjects/Nothing/describe",
        "/services/data/v66.0/jobs/ingest",
        "/services/apexrest/x",
    ],
)
def test_unknown_resource(connected: Client, path: str) -> None:
    response = connected.get(path)

    assert (response.status_code, response.json()) == (404, NOT_FOUND)


def test_wrong_method(connected: Client) -> None:
    response = requests.post(
        f"{connected.url}/services/data/v66.0/query",
        headers={"Authorization": f"Bearer {connected.token}"},
        timeout=5,
    )

    assert (response.status_code, response.json()) == (
        405,
        [{"message": "HTTP Method 'POST' not allowed. Allowed are GET", "errorCode": "METHOD_NOT_ALLOWED"}],
    )


def test_expired_session(connected: Client, org: Org) -> None:
    org.expire_access_tokens()

    response = connected.get("/services/data/v66.0/query", q="SELECT Id FROM Opportunity")

    assert (response.status_code, response.json()) == (401, EXPIRED)


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("", EXPIRED),
        ("Bearer ", [{"message": "INVALID_AUTH_HEADER", "errorCode": "INVALID_AUTH_HEADER"}]),
        ("Token x", [{"message": "INVALID_AUTH_HEADER", "errorCode": "INVALID_AUTH_HEADER"}]),
        ("Bearer x", EXPIRED),
    ],
)
def test_bad_authorization(client: Client, header: str, body: object) -> None:
    response = client.get("/services/data/v66.0/limits", headers={"Authorization": header})

    assert (response.status_code, response.json()) == (401, body)


def test_scheme_oauth_is_accepted(connected: Client) -> None:
    response = connected.get(
        "/services/data/v66.0/limits", headers={"Authorization": f"OAuth {connected.token}"}
    )

    assert response.status_code == 200


def test_token_without_data_scope(client: Client, org: Org) -> None:
    issued = org.grants.approve(app=org.app, user_id=org.admin_id, scopes=["id", "refresh_token"])
    client.token = issued.access_token

    response = client.get("/services/data/v66.0/limits")

    assert (response.status_code, response.json()) == (
        401,
        [
            {
                "message": "This session is not valid for use with the REST API",
                "errorCode": "INVALID_SESSION_ID",
            }
        ],
    )


@pytest.mark.parametrize(
    ("form", "header"),
    [
        ("plain", "api-usage=1/15000"),
        ("bursts", "api-usage=1/15000; api-bursts=1/750"),
        ("per_app", "api-usage=1/15000; per-app-api-usage=17/250(appName=sample-connected-app)"),
        (None, None),
    ],
)
def test_limit_header(connected: Client, org: Org, form: str | None, header: str | None) -> None:
    org.limit_info_form = form

    response = connected.get("/services/data/v66.0/limits")

    assert response.headers.get("Sforce-Limit-Info") == header


def test_limits_count_the_calls(connected: Client) -> None:
    connected.get("/services/data/v66.0/limits")

    assert connected.get("/services/data/v66.0/limits").json() == {
        "DailyApiRequests": {"Max": 15000, "Remaining": 14998},
        "DailyBulkV2QueryJobs": {"Max": 10000, "Remaining": 10000},
        "DataStorageMB": {"Max": 1073, "Remaining": 1073},
    }


def test_record_count(connected: Client, org: Org) -> None:
    org.add_won_deals(3)

    assert connected.get("/services/data/v66.0/limits/recordCount", sObjects="Opportunity").json() == {
        "sObjects": [{"count": 3, "name": "Opportunity"}]
    }


def test_record_by_id(connected: Client, org: Org) -> None:
    deal_id = org.add("Opportunity", Name="One", Amount=5)

    response = connected.get(f"/services/data/v66.0/sobjects/opportunity/{deal_id}", fields="Name,Amount")

    assert response.json() == {
        "attributes": {
            "type": "Opportunity",
            "url": f"/services/data/v66.0/sobjects/Opportunity/{deal_id}",
        },
        "Name": "One",
        "Amount": 5.0,
    }


def test_list_of_objects(connected: Client) -> None:
    body = connected.get("/services/data/v66.0/sobjects").json()

    assert [entry["name"] for entry in body["sobjects"]] == [
        "Opportunity",
        "Account",
        "Contact",
        "OpportunityHistory",
        "User",
        "OpportunityStage",
        "Organization",
    ]


@pytest.mark.parametrize(("length", "status"), [(12_000, 400), (17_000, 414)])
def test_long_uri_is_refused_in_html(connected: Client, length: int, status: int) -> None:
    response = connected.get("/services/data/v66.0/query", q="x" * length)

    assert response.status_code == status
    if status == 414:
        assert response.text == "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>"


def test_intercept_may_answer_first(connected: Client, org: Org) -> None:
    def busy(request: Request) -> Response | None:
        is_query = request.path.endswith("/query")
        return json_response([{"errorCode": "SERVER_UNAVAILABLE"}], status=503) if is_query else None

    org.intercept = busy

    statuses = [connected.get(f"/services/data/v66.0/{name}").status_code for name in ("query", "limits")]

    assert statuses == [503, 200]


def test_page_of_two_thousand_out_of_ten_thousand_is_quick(connected: Client, org: Org) -> None:
    org.add_won_deals(10_000)
    soql = (
        "SELECT Id, Name, StageName, Amount, CloseDate, SystemModstamp, AccountId, "
        "Account.Name, Owner.Email, Contract_Term__c, Billing_Frequency__c, PO_Number__c FROM Opportunity "
        "WHERE StageName = 'Closed Won' AND SystemModstamp >= 2026-01-01T00:00:00Z "
        "AND CloseDate >= 2026-01-01 ORDER BY SystemModstamp ASC, Id ASC"
    )

    started = time.perf_counter()
    response = connected.get("/services/data/v66.0/query", q=soql)
    seconds = time.perf_counter() - started

    assert response.json()["totalSize"] == 10_000
    assert seconds < 1
