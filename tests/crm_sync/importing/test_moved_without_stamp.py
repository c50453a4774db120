"""What changes in a CRM while the stamp of the deal stays is followed within a day.

`cases/moved_without_stamp.json` of the review: each source that a mapping reads, for a deal that is held, one with
a contract that nothing was billed of yet, and one that was billed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import Invoice
from contracts.models import Contract, Customer
from crm_sync.enums import Outcome, SourceObject, Target
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import current_rules, save_mapping
from crm_sync.models import Connection, Hold, SyncRecord, SyncRun
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.crm_sync.importing.test_sweeping import settle_clock, swept
from tests.crm_sync.sales import TODAY, sell, sell_in_hubspot
from tests.crm_sync.told import told_by
from tests.travel import travel_to

NEW_NAME, NEW_ADDRESS, NEW_TAX_ID = "Acme Europe GmbH", "new@acme.example", "DE123456788"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One connection with one deal; each function changes one source of it, and no stamp of the deal."""

    connection: Connection
    sell: Callable[[int], None]
    set_term: Callable[[int], None]
    rename_account: Callable[[], None]
    change_owner: Callable[[], None]
    change_tax_id: Callable[[], None]


def hours_ago() -> datetime:
    """Too long ago for the overlap of polls."""
    return datetime.now(UTC) - timedelta(hours=5)


def map_tax_id(connection: Connection, *, field: str) -> None:
    rules = current_rules(connection=connection)
    added = FieldRule(target=Target.TAX_ID, source_object=SourceObject.ACCOUNT, source_field=field)
    save_mapping(
        connection=connection,
        rules=[*(one for one in rules.rules if one.target != Target.TAX_ID), added],
        translations=rules.translations,
        actor=None,
    )


@pytest.fixture
def in_salesforce(salesforce: Connection, org: Org) -> World:
    map_tax_id(salesforce, field="AccountNumber")
    account = org.add_account("Acme", AccountNumber="DE1")
    deals: list[str] = []

    def set_term(months: int) -> None:
        org.find(deals[0])[1]["Contract_Term__c"] = float(months)

    def sell_it(term: int) -> None:
        deals.append(sell(org, account=account, Contract_Term__c=term, modified_at=hours_ago()))
        sell(org, Name="Still open", StageName="Prospecting")

    return World(
        connection=salesforce,
        sell=sell_it,
        set_term=set_term,
        rename_account=lambda: org.edit(account, Name=NEW_NAME),
        change_owner=lambda: org.edit(org.admin_id, Email=NEW_ADDRESS),
        change_tax_id=lambda: org.edit(account, AccountNumber=NEW_TAX_ID),
    )


@pytest.fixture
def in_hubspot(hubspot: Connection, portal: Portal) -> World:
    map_tax_id(hubspot, field="city")
    owner = portal.add_owner(email="ada@acme.example")
    company = portal.add_company(name="Acme", city="DE1")
    deals: list[str] = []

    def sell_it(term: int) -> None:
        wanted = {"contract_term_months": str(term), "hubspot_owner_id": owner, "company_id": company}
        deals.append(sell_in_hubspot(portal, modified_at=hours_ago(), **wanted))
        settle_clock(portal)

    def set_term(months: int) -> None:
        record = portal.objects["deals"].records[deals[0]]
        properties = {**record.properties, "contract_term_months": str(months)}
        portal._put("deals", replace(record, properties=properties, keys={}))

    return World(
        connection=hubspot,
        sell=sell_it,
        set_term=set_term,
        rename_account=lambda: portal.update_company(company, name=NEW_NAME),
        change_owner=lambda: portal.change_owner(owner, email=NEW_ADDRESS),
        change_tax_id=lambda: portal.update_company(company, city=NEW_TAX_ID),
    )


@pytest.fixture(params=["salesforce", "hubspot"])
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(f"in_{request.param}")
    return found


def a_day(world: World, run: Run) -> SyncRun:
    """Poll, daily read, poll; none of them finds anything to do in a second turn."""
    run(world.connection)
    read = swept(world.connection)
    assert run(world.connection).created == 0
    again = swept(world.connection)
    assert (again.created, again.updated, again.refused, again.held) == (0, 0, 0, 0)
    return read


CHANGES = ["set_term", "rename_account", "change_owner", "change_tax_id"]


def change(world: World, source: str) -> None:
    if source == "set_term":
        world.set_term(24)
    else:
        getattr(world, source)()


def shown(source: str) -> object:
    contract = Contract.objects.select_related("customer").get()
    return {
        "set_term": contract.duration_months,
        "rename_account": contract.customer.name,
        "change_owner": contract.account_manager_email,
        "change_tax_id": contract.customer.tax_id,
    }[source]


AFTER = {
    "set_term": 24,
    "rename_account": NEW_NAME,
    "change_owner": NEW_ADDRESS,
    "change_tax_id": NEW_TAX_ID,
}


@pytest.mark.parametrize("source", CHANGES)
def test_held(world: World, run: Run, source: str) -> None:
    """The hold is cured by a formula beside it: the contract has what the CRM says by then."""
    world.sell(0)
    run(world.connection)
    run(world.connection)
    assert (Hold.objects.open().count(), Contract.objects.count()) == (1, 0)
    world.set_term(12)
    change(world, source)

    read = a_day(world, run)

    assert (read.created, Hold.objects.open().count(), shown(source)) == (1, 0, AFTER[source])


@pytest.mark.parametrize("source", CHANGES)
def test_unbilled(world: World, run: Run, source: str) -> None:
    world.sell(12)
    run(world.connection)
    run(world.connection)
    change(world, source)

    read = a_day(world, run)

    assert (read.refused, shown(source)) == (0, AFTER[source])


@pytest.mark.parametrize("source", CHANGES)
def test_billed(world: World, run: Run, source: str) -> None:
    """Names, addresses and owners follow on what comes next; a value that was billed by stays, and is told."""
    ensure_legal_entity()
    world.sell(12)
    run(world.connection)
    run(world.connection)
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    change(world, source)

    read = a_day(world, run)

    if source == "set_term":
        told = SyncRecord.objects.get(outcome=Outcome.REFUSED)
        assert (read.refused, shown(source)) == (1, 12)
        assert [(one["old"], one["new"]) for one in told.changes] == [("12 months", "24 months")]
    else:
        assert (read.refused, shown(source)) == (0, AFTER[source])


def test_next_invoice_has_the_new_name_and_the_issued_one_keeps_its_own(world: World, run: Run) -> None:
    ensure_legal_entity()
    world.sell(12)
    run(world.connection)
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    world.rename_account()

    a_day(world, run)
    travel_to(TODAY + timedelta(days=100))
    invoice_due(as_of=TODAY + timedelta(days=100), trigger=BillingTrigger.COMMAND)

    names = [one.buyer["name"] for one in Invoice.objects.order_by("pk")]
    assert names == ["Acme", NEW_NAME]


def test_deactivated_owner_stays_the_account_manager(hubspot: Connection, portal: Portal, run: Run) -> None:
    owner = portal.add_owner(email="ada@acme.example")
    sell_in_hubspot(portal, hubspot_owner_id=owner)
    settle_clock(portal)
    run(hubspot)
    portal.deactivate_owner(owner)

    swept(hubspot)

    hubspot.refresh_from_db()
    assert (Contract.objects.get().account_manager_email, told_by(hubspot)) == ("ada@acme.example", [])


def test_daily_read_stops_with_its_time_and_goes_on_there(world: World, run: Run) -> None:
    world.sell(12)
    run(world.connection)
    world.rename_account()

    turns = 0
    while Customer.objects.get().name != NEW_NAME:
        swept(world.connection, may_continue=lambda: False)
        turns += 1
        assert turns < 5

    world.connection.refresh_from_db()
    assert (turns, world.connection.sweep_part) == (2, "stored")
