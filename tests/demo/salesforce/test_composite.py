from typing import Any

import pytest
import requests

from demo.salesforce.ids import to18
from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import Client

DATA = "/services/data/v66.0"
COUNT = f"{DATA}/query/?q=select count() from Opportunity"
NO_TYPE = [
    {
        "message": "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\n"
        "sObject type 'XYZZY' is not supported. If you are attempting to use a custom object, be sure to append "
        "the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate "
        "names.",
        "errorCode": "INVALID_TYPE",
    }
]


def post(client: Client, path: str, body: object) -> requests.Response:
    signed = {"Authorization": f"Bearer {client.token}"}
    return requests.post(f"{client.url}{DATA}{path}", json=body, headers=signed, timeout=5)


def part(reference: str, url: str, **more: Any) -> dict[str, Any]:
    return {"referenceId": reference, "method": "GET", "url": url, **more}


def test_composite_answers_200_though_a_part_fails(connected: Client, org: Org) -> None:
    org.add_won_deals(3)
    body = {"compositeRequest": [part("a", COUNT), part("b", COUNT.replace("Opportunity", "XYZZY"))]}

    response = post(connected, "/composite", body)

    assert (response.status_code, response.json()) == (
        200,
        {
            "compositeResponse": [
                {
                    "body": {"totalSize": 3, "done": True, "records": []},
                    "httpHeaders": {},
                    "httpStatusCode": 200,
                    "referenceId": "a",
                },
                {"body": NO_TYPE, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": "b"},
            ]
        },
    )
    assert org.api_used == 1


def test_part_may_refer_to_an_earlier_one(connected: Client, org: Org) -> None:
    account_id = org.add_account("Acme")
    deal_id = org.add("Opportunity", Name="One", Amount=12345678, AccountId=account_id)
    query = f"{DATA}/query/?q=SELECT Id, AccountId FROM Opportunity"
    record = f"{DATA}/sobjects/Account/@{{deal.records[0].AccountId}}?fields=Name"
    body = {
        "compositeRequest": [part("deal", query), part("account", record), part("x", f"{DATA}/@{{no.Id}}")]
    }

    answers = post(connected, "/composite", body).json()["compositeResponse"]

    assert [answer["httpStatusCode"] for answer in answers] == [200, 200, 400]
    assert answers[0]["body"]["records"][0]["Id"] == deal_id
    assert answers[1]["body"]["Name"] == "Acme"
    assert answers[2]["body"] == [
        {"message": "Invalid reference specified. No value for 'no'", "errorCode": "PROCESSING_HALTED"}
    ]


def test_numbers_of_a_part_are_written_as_java_does(connected: Client, org: Org) -> None:
    org.add("Opportunity", Name="One", Amount=12345678)
    query = part("a", f"{DATA}/query/?q=SELECT Amount FROM Opportunity")

    assert '"Amount":1.2345678E7' in post(connected, "/composite", {"compositeRequest": [query]}).text


def test_describe_in_a_part_can_be_not_modified(connected: Client) -> None:
    url = f"{DATA}/sobjects/Opportunity/describe"
    headers = connected.get(url).headers
    since = {"If-Modified-Since": headers["Last-Modified"]}

    body = {"compositeRequest": [part("a", url, httpHeaders=since)]}
    answer = post(connected, "/composite", body).json()["compositeResponse"][0]

    assert answer == {
        "body": None,
        "httpHeaders": {"ETag": headers["ETag"], "Last-Modified": headers["Last-Modified"]},
        "httpStatusCode": 304,
        "referenceId": "a",
    }


def test_batch_counts_each_part(connected: Client, org: Org) -> None:
    org.add_won_deals(3)
    parts = [
        {"method": "GET", "url": "v66.0/query?q=SELECT+COUNT()+FROM+" + each} for each in ("Account", "Nil")
    ]

    response = post(
        connected, "/composite/batch", {"batchRequests": [*parts, {"method": "GET", "url": "v66.0/x"}]}
    )

    body = response.json()
    assert [result["statusCode"] for result in body["results"]] == [200, 400, 404]
    assert (body["hasErrors"], body["results"][0]) == (
        True,
        {"statusCode": 200, "result": {"totalSize": 1, "done": True, "records": []}},
    )
    assert org.api_used == 3


def test_collection_keeps_the_order_and_gaps(connected: Client, org: Org) -> None:
    first, second = (org.add_account(name) for name in ("First", "Second"))
    ids = [second, to18("001Da0000000000"), first]
    url = f"{DATA}/sobjects/Account"

    got = connected.get(f"{DATA}/composite/sobjects/Account", ids=",".join(ids), fields="Name").json()
    posted = post(connected, "/composite/sobjects/Account", {"ids": ids, "fields": ["Name"]}).json()

    assert got == [
        {"attributes": {"type": "Account", "url": f"{url}/{second}"}, "Name": "Second"},
        None,
        {"attributes": {"type": "Account", "url": f"{url}/{first}"}, "Name": "First"},
    ]
    assert posted == got


@pytest.mark.parametrize(
    ("path", "body", "code", "message"),
    [
        ("/composite", [], "JSON_PARSER_ERROR", "Required field is missing: compositeRequest"),
        ("/composite/batch", {}, "JSON_PARSER_ERROR", "Required field is missing: batchRequests"),
        (
            "/composite",
            {"compositeRequest": [part("a", "/x")] * 26},
            "LIMIT_EXCEEDED",
            "At most 25 subrequests are allowed",
        ),
        (
            "/composite",
            {"compositeRequest": [part("a", COUNT)] * 6},
            "LIMIT_EXCEEDED",
            "At most 5 of the subrequests may be queries",
        ),
        ("/composite/sobjects/Account", {"ids": ["1"]}, "INVALID_INPUT", "ids and fields have to be given"),
        (
            "/composite/sobjects/Account",
            {"ids": ["1"] * 201, "fields": ["Id"]},
            "INVALID_INPUT",
            "The number of ids is above the maximum of 200",
        ),
    ],
)
def test_refused(connected: Client, path: str, body: object, code: str, message: str) -> None:
    response = post(connected, path, body)

    assert (response.status_code, response.json()) == (400, [{"message": message, "errorCode": code}])
