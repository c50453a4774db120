"""jsforce, an outside client from npm, against the simulated Salesforce."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.http_server import Server
from demo.salesforce.app import build_app
from demo.salesforce.demo_data import add_demo_data
from demo.salesforce.faults import ENDPOINTS
from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import CALLBACK, Visitor, answer
from tests.referees.jsforce_process import Jsforce, RefusedByJsforce, running
from tests.referees.salesforce_deals import SOQL, Deals, deals_from, deals_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture
def org() -> Org:
    org = Org()
    add_demo_data(org)
    org.add_won_deals(500)
    org.app.callback_urls = [CALLBACK]
    org.app.require_pkce = True
    return org


@pytest.fixture
def server(org: Org) -> Iterator[Server]:
    with Server(build_app(org)) as server:
        org.identity_host = server.url  # the client asks for the identity at the address that it is given
        yield server


@pytest.fixture
def jsforce(modules: Path, server: Server, org: Org) -> Iterator[Jsforce]:
    with running(modules) as jsforce:
        jsforce.ask(
            "connect",
            loginUrl=server.url,
            clientId=org.app.consumer_key,
            clientSecret=org.app.consumer_secret,
            redirectUri=CALLBACK,
            version="66.0",
        )
        yield jsforce


@pytest.fixture
def connected(jsforce: Jsforce, server: Server, org: Org) -> Jsforce:
    """Through the whole web-server flow: its own address, a person who logs in and allows, its exchange."""
    address = jsforce.ask("authorizationUrl", scope="full refresh_token", state="s")
    visitor = Visitor(url=server.url, org=org)
    with visitor.session:
        to_login = visitor.session.get(address, allow_redirects=False, timeout=5)
        consent = visitor.follow(visitor.log_in(to_login))
        callback = answer(visitor.decide(consent, "allow"))
    assert callback["state"] == "s"
    user = jsforce.ask("authorize", code=callback["code"])
    assert (user["id"], user["organizationId"]) == (org.admin_id, org.org_id)
    server.reset_requests()
    return jsforce


def deals_seen(jsforce: Jsforce) -> Deals:
    return deals_from(jsforce.ask("query", soql=SOQL, batchSize=200))


def test_web_server_flow_and_every_page(connected: Jsforce, server: Server, org: Org) -> None:
    seen = deals_seen(connected)

    assert seen == deals_in(org)
    assert [path.rpartition("-")[2] for _, path in server.requests] == [
        "/services/data/v66.0/query",
        "200",
        "400",
    ]
    assert connected.ask("usage") == {"apiUsage": {"used": 3, "limit": 15000}}


@pytest.mark.parametrize("rotates", [False, True])
def test_refresh_between_two_pages(connected: Jsforce, server: Server, org: Org, rotates: bool) -> None:
    org.app.rotate = rotates
    server.faults.add("expired_token", endpoint=ENDPOINTS["Any query, later pages"], times=2)

    first, second = deals_seen(connected), deals_seen(connected)

    names = ["access_token", "id", "instance_url", "issued_at", "scope", "signature", "token_type"]
    expected = sorted([*names, "refresh_token"]) if rotates else names
    assert first == second == deals_in(org)
    assert connected.ask("refreshes") == [expected, expected]


def test_policy_is_no_reason_to_refresh(connected: Jsforce, server: Server, org: Org) -> None:
    org.refuse_data_with = "not_for_rest"

    with pytest.raises(RefusedByJsforce) as refused:
        deals_seen(connected)

    assert refused.value.message == "This session is not valid for use with the REST API"
    assert [path for _, path in server.requests if path.endswith("/token")] == []


def test_revoked_token(connected: Jsforce, org: Org) -> None:
    org.revoke_tokens()

    with pytest.raises(RefusedByJsforce) as refused:
        deals_seen(connected)

    assert refused.value.message == "Unable to refresh session due to: expired access/refresh token"


def test_describe(connected: Jsforce, org: Org) -> None:
    org.hide_field("Opportunity", "Amount")

    described = connected.ask("describe", type="Opportunity")
    listed = connected.ask("describeGlobal")

    hidden = ("Amount", "CurrencyIsoCode")
    assert [field["name"] for field in described["fields"]] == [
        field.name for field in org.schema.all_fields("Opportunity") if field.name not in hidden
    ]
    assert [each["name"] for each in listed["sobjects"]] == org.schema.object_names


def test_hidden_field_fails_the_whole_query(connected: Jsforce, org: Org) -> None:
    org.hide_field("Opportunity", "Amount")

    with pytest.raises(RefusedByJsforce) as refused:
        deals_seen(connected)

    assert refused.value.name == "INVALID_FIELD"


def test_many_records_by_id(connected: Jsforce, org: Org) -> None:
    rows = org.records("Opportunity")[:3]
    ids = [str(row["Id"]) for row in rows]

    records = connected.ask("retrieve", type="Opportunity", ids=[*ids, "006Da000000000AIAQ"], fields=["Name"])

    assert [record and record["Name"] for record in records] == [*(row["Name"] for row in rows), None]


def test_count(connected: Jsforce, org: Org) -> None:
    assert connected.ask("count", type="Opportunity", conditions={"IsWon": False}) == sum(
        not row["IsWon"] for row in org.records("Opportunity")
    )


def test_deleted_deals_come_only_when_asked_for(connected: Jsforce, org: Org) -> None:
    gone = str(org.records("Opportunity")[0]["Id"])
    org.delete(gone)
    asked = {"soql": f"SELECT Id FROM Opportunity WHERE Id = '{gone}'", "batchSize": 200}

    without, included = (connected.ask("query", **asked, scanAll=scan) for scan in (False, True))

    assert (without, [record["Id"] for record in included]) == ([], [gone])


def test_updated_and_deleted(connected: Jsforce, org: Org) -> None:
    now = datetime.now(UTC)
    kept, gone = (str(row["Id"]) for row in org.records("Opportunity")[:2])
    org.touch(kept, at=now - timedelta(hours=12))
    org.delete(gone)
    start, middle, end = (
        (now + timedelta(hours=hours, minutes=2)).isoformat(timespec="seconds") for hours in (-13, -11, 0)
    )

    updated = connected.ask("updated", type="Opportunity", start=start, end=middle)
    deleted = connected.ask("deleted", type="Opportunity", start=middle, end=end)

    assert kept in updated["ids"]
    assert [each["id"] for each in deleted["deletedRecords"]] == [gone]


def test_identity_and_limits(connected: Jsforce, org: Org) -> None:
    identity, limits = connected.ask("identity"), connected.ask("limits")

    assert (identity["user_id"], identity["organization_id"]) == (org.admin_id, org.org_id)
    assert limits["DailyApiRequests"] == {"Max": 15000, "Remaining": 14999}


def test_logging_out_revokes_the_refresh_token(connected: Jsforce, org: Org) -> None:
    connected.ask("logout")

    assert [approval.revoked for approval in org.grants.approvals] == [True]
