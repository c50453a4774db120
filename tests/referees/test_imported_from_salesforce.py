"""simple-salesforce and jsforce read the won deals of an org: Fincelo has imported exactly those."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from simple_salesforce.api import Salesforce

from crm_sync.models import Connection, CrmDeal, CrmSchema
from demo.http_server import Server
from demo.salesforce.faults import ENDPOINTS
from demo.salesforce.org import Org
from tests.crm_sync.conftest import IMPORT_FROM, Run
from tests.crm_sync.sales import sell
from tests.demo.salesforce.visitor import CALLBACK, Visitor, answer
from tests.referees.imported import Sales, imported, minor_units
from tests.referees.jsforce_process import Jsforce, running
from tests.referees.test_simple_salesforce import HOST, ToSimulator

SOQL = (
    "SELECT Id, Name, StageName, Amount, CurrencyIsoCode, CloseDate, AccountId, Account.Name, Owner.Email "
    "FROM Opportunity ORDER BY Id"
)
NEAR_MISSES = (
    "closed won",
    "Closed won",
    "CLOSED WON",
    "Closed Won ",
    "Closed-Won",
    "Closed Lost",
    "Prospecting",
)
WON = 450 + 8


@pytest.fixture
def org() -> Org:
    """Two currencies and more, several owners, 200 deals to a page, and many deals that are not won."""
    org = Org()
    org.multi_currency = True
    org.max_page_size = 200
    return org


@pytest.fixture
def synced(salesforce: Connection, org: Org, run: Run) -> Connection:
    fill(org)
    first, again = run(salesforce), run(salesforce)
    assert (first.state, first.created, first.held, first.pages) == ("done", WON, 0, 3)
    assert (again.created, again.updated) == (0, 0)
    return salesforce


def fill(org: Org) -> None:
    org.add_won_deals(450)
    sam = org.add_user(name="Sam Porter", email="sam.porter@acme.example")
    former = org.add_user(name="Fay Former", email="fay@acme.example")
    org.edit(former, IsActive=False)
    for owner, currency, amount in (
        (sam, "EUR", "54250.10"),
        (sam, "JPY", 1_200_000),
        (former, "BHD", "1200.125"),
        (former, "USD", "99999.99"),
    ):
        for _ in range(2):
            account = org.add_account("O'Rourke & Daughters")
            sell(org, account=account, OwnerId=owner, CurrencyIsoCode=currency, Amount=Decimal(amount))
    for stage in NEAR_MISSES:
        sell(org, StageName=stage)
    for days in (1, 400):
        sell(org, CloseDate=IMPORT_FROM - timedelta(days=days))
    org.delete(sell(org))


def won_seen(records: Iterable[Mapping[str, Any]]) -> Sales:
    """What a finance team expects of all these records: the exact stage, since the import date."""
    return {
        record["Id"]: (
            record["Name"],
            minor_units(record["Amount"], record["CurrencyIsoCode"]),
            record["CurrencyIsoCode"],
            date.fromisoformat(record["CloseDate"]),
            record["AccountId"],
            record["Account"]["Name"],
            record["Owner"]["Email"],
        )
        for record in records
        if record["StageName"] == "Closed Won" and date.fromisoformat(record["CloseDate"]) >= IMPORT_FROM
    }


@pytest.fixture
def simple(synced: Connection, org: Org, salesforce_server: Server) -> Iterator[Salesforce]:
    """Logged in on its own, with the key and secret of the app."""
    org.instance_url = f"https://{HOST}"
    org.app.run_as = org.admin_id
    with requests.Session() as session:
        session.mount("https://", ToSimulator(salesforce_server.url))
        yield Salesforce(
            domain="acme.my",
            consumer_key=org.app.consumer_key,
            consumer_secret=org.app.consumer_secret,
            session=session,
            version="66.0",
            parse_float=Decimal,
        )


def test_simple_salesforce_sees_what_is_imported(simple: Salesforce) -> None:
    records = list(simple.query_all_iter(SOQL))

    seen = won_seen(records)
    assert seen == imported()
    assert (len(seen), len(records)) == (WON, WON + len(NEAR_MISSES) + 2)
    assert {sale[2] for sale in seen.values()} == {"EUR", "JPY", "BHD", "USD"}


def test_simple_salesforce_sees_it_over_a_session_that_ends(
    simple: Salesforce, salesforce_server: Server
) -> None:
    salesforce_server.faults.add("expired_token", endpoint=ENDPOINTS["Any query, later pages"], times=1)

    seen = won_seen(simple.query_all_iter(SOQL))

    assert seen == imported()


def test_simple_salesforce_finds_a_deal_by_either_form_of_its_id(
    salesforce: Connection, org: Org, run: Run, simple: Salesforce
) -> None:
    """A link shows 15 characters; the deal that Fincelo reads by them is the one it has."""
    deal = CrmDeal.objects.order_by("pk").last()
    assert deal is not None
    short = deal.external_id[:15]
    opportunity: Any = simple.Opportunity
    org.instance_url = ""

    done = run(salesforce, external_ids=[short])

    assert {opportunity.get(form)["Id"] for form in (short, deal.external_id)} == {deal.external_id}
    assert (done.created, done.unchanged, CrmDeal.objects.count()) == (0, 1, WON)


def test_simple_salesforce_sees_the_mapped_fields(synced: Connection, simple: Salesforce) -> None:
    opportunity: Any = simple.Opportunity

    described = {field["name"]: field["label"] for field in opportunity.describe()["fields"]}

    ours = [
        field for field in CrmSchema.objects.get(connection=synced).fields if field["source_object"] == "deal"
    ]
    assert {field["name"]: field["label"] for field in ours} == described


@pytest.fixture
def jsforce(synced: Connection, modules: Path, salesforce_server: Server, org: Org) -> Iterator[Jsforce]:
    """Through the whole web-server flow, on what the user has allowed the app when Fincelo was connected."""
    org.identity_host = salesforce_server.url
    org.app.callback_urls = [CALLBACK]
    keys = {"clientId": org.app.consumer_key, "clientSecret": org.app.consumer_secret}
    with running(modules) as jsforce:
        jsforce.ask("connect", loginUrl=salesforce_server.url, redirectUri=CALLBACK, version="66.0", **keys)
        address = jsforce.ask("authorizationUrl", scope="full refresh_token", state="s")
        visitor = Visitor(url=salesforce_server.url, org=org)
        with visitor.session:
            to_login = visitor.session.get(address, allow_redirects=False, timeout=5)
            code = answer(visitor.follow(visitor.log_in(to_login)))["code"]
        jsforce.ask("authorize", code=code)
        yield jsforce


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_jsforce_sees_what_is_imported(jsforce: Jsforce, salesforce_server: Server) -> None:
    """Over three pages, with a refresh before the second."""
    salesforce_server.faults.add("expired_token", endpoint=ENDPOINTS["Any query, later pages"], times=1)

    seen = won_seen(jsforce.ask("query", soql=SOQL, batchSize=200))

    assert len(jsforce.ask("refreshes")) == 1
    assert seen == imported()
