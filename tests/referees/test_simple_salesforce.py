"""simple-salesforce, an outside client from PyPI, against the simulated Salesforce."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)
from simple_salesforce.format import format_soql
from simple_salesforce.util import Usage

from demo.http_server import Server
from demo.salesforce.app import build_app
from demo.salesforce.demo_data import add_demo_data
from demo.salesforce.faults import ENDPOINTS
from demo.salesforce.org import Org
from tests.referees.salesforce_deals import SOQL, Deals, deals_from, deals_in, won_in

HIDDEN = ("Amount", "CurrencyIsoCode")
HOST = "acme.my.salesforce.com"
PAGES_OF_200 = {"Sforce-Query-Options": "batchSize=200"}


class ToSimulator(HTTPAdapter):
    """Carries what is meant for the one https host of the org to the simulator on this machine."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        assert urlsplit(str(request.url)).netloc == HOST
        request.url = str(request.url).replace(f"https://{HOST}", self.address, 1)
        return super().send(request, *args, **options)


@pytest.fixture
def org() -> Org:
    org = Org()
    add_demo_data(org)
    org.add_won_deals(500)
    org.instance_url = f"https://{HOST}"
    org.app.run_as = org.admin_id
    return org


@pytest.fixture
def server(org: Org) -> Iterator[Server]:
    with Server(build_app(org)) as server:
        yield server


@pytest.fixture
def session(server: Server) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.mount("https://", ToSimulator(server.url))
        yield session


@pytest.fixture
def salesforce(org: Org, session: requests.Session) -> Salesforce:
    """Logged in with the key and secret of the app, so that it can do so again when its session ends."""
    return Salesforce(
        domain="acme.my",
        consumer_key=org.app.consumer_key,
        consumer_secret=org.app.consumer_secret,
        session=session,
        version="66.0",
        parse_float=Decimal,
    )


def deals_seen(salesforce: Salesforce) -> Deals:
    return deals_from(salesforce.query_all_iter(SOQL, headers=PAGES_OF_200))


def deals_of(salesforce: Salesforce) -> Any:
    """The client's own access to the object; its types promise less than it does."""
    return salesforce.Opportunity


def pages_asked(server: Server) -> list[str]:
    """Query requests since the last reset, without the locators that differ from run to run."""
    paths = [path for _, path in server.requests if "/query" in path]
    return [path if path.endswith("/") else f"page from {path.rpartition('-')[2]}" for path in paths]


def test_login_and_every_page(server: Server, org: Org, salesforce: Salesforce) -> None:
    seen = deals_seen(salesforce)

    assert seen == deals_in(org)
    assert len(won_in(seen)) == len(won_in(deals_in(org))) == 519
    assert pages_asked(server) == ["/services/data/v66.0/query/", "page from 200", "page from 400"]


def test_session_that_ends_between_two_pages(server: Server, org: Org, salesforce: Salesforce) -> None:
    server.faults.add("expired_token", endpoint=ENDPOINTS["Any query, later pages"], times=1)

    seen = deals_seen(salesforce)

    assert seen == deals_in(org)
    assert [path for _, path in server.requests].count("/services/oauth2/token") == 2
    assert pages_asked(server)[1:] == ["page from 200", "page from 200", "page from 400"]


def test_token_of_the_web_server_flow(org: Org, session: requests.Session) -> None:
    issued = org.connect()
    client = Salesforce(
        session_id=issued.access_token, instance_url=org.instance_url, session=session, parse_float=Decimal
    )
    seen = deals_seen(client)
    org.revoke_tokens()

    with pytest.raises(SalesforceExpiredSession) as refused:
        client.query(SOQL)

    assert seen == deals_in(org)
    assert refused.value.content == [
        {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
    ]


def test_login_that_is_refused(org: Org, session: requests.Session) -> None:
    with pytest.raises(SalesforceAuthenticationFailed) as refused:
        Salesforce(
            domain="acme.my", consumer_key=org.app.consumer_key, consumer_secret="wrong", session=session
        )

    assert (refused.value.code, refused.value.auth_message) == (
        "invalid_client",
        "invalid client credentials",
    )


def test_describe(org: Org, salesforce: Salesforce) -> None:
    org.hide_field("Opportunity", "Amount")

    described = deals_of(salesforce).describe()
    listed = salesforce.describe() or {}

    assert [field["name"] for field in described["fields"]] == [
        field.name for field in org.schema.all_fields("Opportunity") if field.name not in HIDDEN
    ]
    assert [(each["name"], each["keyPrefix"]) for each in listed["sobjects"]] == [
        ("Opportunity", "006"),
        ("Account", "001"),
        ("Contact", "003"),
        ("OpportunityHistory", "008"),
        ("User", "005"),
        ("OpportunityStage", "01J"),
        ("Organization", "00D"),
    ]


def test_hidden_field_fails_the_whole_query(org: Org, salesforce: Salesforce) -> None:
    org.hide_field("Opportunity", "Amount")

    with pytest.raises(SalesforceMalformedRequest) as refused:
        salesforce.query("SELECT Id, Amount FROM Opportunity")

    assert refused.value.content == [
        {
            "message": "\nSELECT Id, Amount FROM Opportunity\n           ^\nERROR at Row:1:Column:12\n"
            "No such column 'Amount' on entity 'Opportunity'. If you are attempting to use a custom field, be "
            "sure to append the '__c' after the custom field name. Please reference your WSDL or the describe "
            "call for the appropriate names.",
            "errorCode": "INVALID_FIELD",
        }
    ]


@pytest.mark.parametrize(
    "name",
    ["O'Rourke & Daughters Roofing", "back\\slash", "50% off_", 'say "hi"', "line\nbreak\ttab", "Zoë ✓"],
)
def test_quoting_of_the_client_finds_the_name(org: Org, salesforce: Salesforce, name: str) -> None:
    account_id = org.add_account(name)

    found = salesforce.query(format_soql("SELECT Id FROM Account WHERE Name = {} ORDER BY Id DESC", name))

    assert found["records"][0]["Id"] == account_id


def test_record_by_id(org: Org, salesforce: Salesforce) -> None:
    deal = org.records("Opportunity")[0]

    record = deals_of(salesforce).get(str(deal["Id"]))

    assert {name: record[name] for name in ("Id", "Name", "StageName", "Amount")} == {
        "Id": deal["Id"],
        "Name": deal["Name"],
        "StageName": deal["StageName"],
        "Amount": Decimal(str(deal["Amount"])),
    }
    with pytest.raises(SalesforceResourceNotFound):
        deals_of(salesforce).get("006Da000000000AIAQ")


def test_updated_and_deleted(org: Org, salesforce: Salesforce) -> None:
    now = datetime.now(UTC)
    kept, gone = (str(row["Id"]) for row in org.records("Opportunity")[:2])
    org.touch(kept, at=now - timedelta(hours=12))
    org.delete(gone)
    window = {"start": now - timedelta(hours=13), "end": now - timedelta(hours=11)}

    updated = deals_of(salesforce).updated(**window)
    deleted = deals_of(salesforce).deleted(now - timedelta(hours=1), now + timedelta(minutes=2))

    assert (kept in updated["ids"], [each["id"] for each in deleted["deletedRecords"]]) == (True, [gone])


def test_deleted_deals_come_only_when_asked_for(org: Org, salesforce: Salesforce) -> None:
    gone = str(org.records("Opportunity")[0]["Id"])
    org.delete(gone)
    soql = f"SELECT Id, IsDeleted FROM Opportunity WHERE Id = '{gone}'"

    without, included = salesforce.query(soql), salesforce.query_all(soql, include_deleted=True)

    assert (without["totalSize"], [record["IsDeleted"] for record in included["records"]]) == (0, [True])


@pytest.mark.parametrize("form", ["plain", "per_app"])
def test_usage_is_read_from_the_header(org: Org, salesforce: Salesforce, form: str) -> None:
    org.limit_info_form = form

    limits = salesforce.limits()

    assert limits["DailyApiRequests"] == {"Max": 15000, "Remaining": 14999}
    assert salesforce.api_usage["api-usage"] == Usage(used=1, total=15000)
    assert ("per-app-api-usage" in salesforce.api_usage) == (form == "per_app")


def test_daily_limit(org: Org, salesforce: Salesforce) -> None:
    org.api_used = org.api_limit

    with pytest.raises(SalesforceRefusedRequest) as refused:
        salesforce.query(SOQL)

    assert refused.value.content == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]


def test_composite(org: Org, salesforce: Salesforce) -> None:
    part = {
        "method": "GET",
        "referenceId": "deals",
        "url": f"/services/data/v66.0/query/?q={SOQL} LIMIT 2000",
    }

    answer = salesforce.restful("composite", method="POST", json={"compositeRequest": [part]})

    assert deals_from((answer or {})["compositeResponse"][0]["body"]["records"]) == deals_in(org)


def test_bulk_query_in_parts(org: Org, salesforce: Salesforce) -> None:
    org.bulk_polls = 1
    bulk2: Any = salesforce.bulk2

    texts = list(bulk2.Opportunity.query("SELECT Id, StageName FROM Opportunity", max_records=300, wait=0.01))

    rows = [row for text in texts for row in csv.DictReader(io.StringIO(text))]
    assert len(texts) == 2
    assert {row["Id"]: row["StageName"] for row in rows} == {
        deal_id: facts[0] for deal_id, facts in deals_in(org).items()
    }
