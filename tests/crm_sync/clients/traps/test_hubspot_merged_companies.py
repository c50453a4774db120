"""Companies that were merged in HubSpot (the reference's 4.9): the survivor stands for the same customer."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from contracts.models import AuditEntry, Contract, Customer
from crm_sync.clients.hubspot.client import HubSpotClient
from crm_sync.enums import RunTrigger
from crm_sync.importing.fetching import Order
from crm_sync.models import Connection, CrmAccount, CrmDeal, SyncRun
from crm_sync.sync import sync
from demo.http_server import Server
from demo.hubspot.portal import Portal
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.clients.traps.portal_runs import paths
from tests.crm_sync.conftest import Run
from tests.crm_sync.importing.statements import noted, pages_of
from tests.crm_sync.sales import TODAY, sell_in_hubspot
from tests.crm_sync.told import told_by

Poll = Callable[[], SyncRun]


@pytest.fixture
def poll(hubspot: Connection, clock: StandingClock, run: Run) -> Poll:
    """A poll one minute after what was done before."""

    def tick_and_run() -> SyncRun:
        clock.move(timedelta(minutes=1))
        return run(hubspot)

    return tick_and_run


def sweep(connection: Connection) -> SyncRun:
    connection.refresh_from_db()
    return sync(connection=connection, order=Order(trigger=RunTrigger.SWEEP, as_of=TODAY))


def accounts() -> dict[str, str]:
    """The customer of each company id."""
    return dict(CrmAccount.objects.order_by("pk").values_list("external_id", "customer__name"))


def merges_told() -> list[tuple[str, str, str]]:
    """The name of the customer, and its account before and after. The trail names customers by number."""
    entries = AuditEntry.objects.filter(action="CRM account merged").order_by("pk")
    return [(customer_of(entry), entry.before["account"], entry.after["account"]) for entry in entries]


def customer_of(entry: AuditEntry) -> str:
    kind, _, number = entry.object_name.partition(" ")
    assert kind == "Customer"
    return Customer.objects.get(pk=number).name


def test_new_sale_to_a_merged_company_is_the_same_customers(portal: Portal, poll: Poll) -> None:
    company, other = portal.add_company(name="Acme"), portal.add_company(name="Acme Ltd")
    sell_in_hubspot(portal, company_id=company)
    poll()
    merged = portal.merge_companies(company, other)
    sell_in_hubspot(portal, company_id=merged, amount="2400")

    done = poll()

    assert (done.created, Customer.objects.count()) == (1, 1)
    assert {contract.customer.name for contract in Contract.objects.all()} == {"Acme"}
    assert accounts() == {company: "Acme", merged: "Acme"}
    assert merges_told() == [("Acme", company, merged)]
    assert told_by(done) == []


def test_earlier_sale_stays_with_its_customer(portal: Portal, poll: Poll) -> None:
    company, other = portal.add_company(name="Acme"), portal.add_company(name="Acme Ltd")
    deal = sell_in_hubspot(portal, company_id=company)
    poll()
    customer = Contract.objects.get().customer
    merged = portal.merge_companies(other, company)
    portal.update_deal(deal, description="touched")

    poll()

    assert (Contract.objects.get().customer, CrmDeal.objects.get().state) == (customer, "imported")
    assert CrmAccount.objects.get(external_id=merged).customer == customer
    assert (Customer.objects.get().name, accounts()[merged]) == ("Acme Ltd", "Acme Ltd")


def test_company_that_was_merged_twice(portal: Portal, poll: Poll) -> None:
    companies = [portal.add_company(name=name) for name in ("Acme", "Acme Ltd", "Acme Inc")]
    sell_in_hubspot(portal, company_id=companies[0])
    poll()
    twice = portal.merge_companies(companies[2], portal.merge_companies(companies[1], companies[0]))
    sell_in_hubspot(portal, company_id=twice, amount="2400")

    poll()

    assert (Customer.objects.count(), accounts()[twice]) == (1, Customer.objects.get().name)


def test_merge_that_keeps_the_first_id(portal: Portal, poll: Poll) -> None:
    portal.habits.merge_keeps_primary_id = True
    company, other = portal.add_company(name="Acme"), portal.add_company(name="Acme Ltd")
    sell_in_hubspot(portal, company_id=other)
    poll()
    assert portal.merge_companies(company, other) == company
    sell_in_hubspot(portal, company_id=company, amount="2400")

    poll()

    assert (Customer.objects.count(), list(accounts())) == (1, [other, company])


def test_case_52_customers_of_merged_companies_stay_two_and_it_is_told(portal: Portal, poll: Poll) -> None:
    first, second = portal.add_company(name="Acme"), portal.add_company(name="Ajax")
    for company in (first, second):
        sell_in_hubspot(portal, company_id=company)
    poll()
    merged = portal.merge_companies(second, first)
    sell_in_hubspot(portal, company_id=merged, amount="2400")

    done = poll()

    assert accounts() == {first: "Acme", second: "Ajax", merged: "Ajax"}
    assert [before for _, before, _ in merges_told()] == [second, first]
    assert told_by(done) == [
        "Ajax and Acme are one company in the CRM now. Its deals belong to Ajax from now on; "
        "no customer was removed."
    ]
    assert (Customer.objects.count(), told_by(poll())) == (2, [])


def test_companies_that_nobody_bought_for_are_merged_without_a_word(portal: Portal, poll: Poll) -> None:
    merged = portal.merge_companies(portal.add_company(name="Acme"), portal.add_company(name="Acme Ltd"))
    sell_in_hubspot(portal, company_id=merged)

    poll()

    assert (accounts(), merges_told()) == ({merged: "Acme"}, [])


def test_sweep_follows_merged_companies(
    hubspot: Connection, portal: Portal, poll: Poll, hubspot_server: Server
) -> None:
    company, other = portal.add_company(name="Acme"), portal.add_company(name="Acme Ltd")
    sell_in_hubspot(portal, company_id=company)
    poll()
    merged = portal.merge_companies(company, other)

    done = sweep(hubspot)

    assert (done.state, accounts()) == ("done", {company: "Acme", merged: "Acme"})
    assert merges_told() == [("Acme", company, merged)]
    hubspot_server.reset_requests()
    sweep(hubspot)
    assert (accounts(), len(merges_told())) == ({company: "Acme", merged: "Acme"}, 1)
    of_the_deal, of_the_accounts = paths(hubspot_server, "/objects/2026-09/companies/")
    assert of_the_deal == of_the_accounts == "/crm/objects/2026-09/companies/batch/read"


def test_what_became_of_companies(hubspot_client: HubSpotClient, portal: Portal) -> None:
    kept, archived, first, second = (portal.add_company(name=name) for name in "ABCD")
    portal.archive("companies", archived)
    merged = portal.merge_companies(first, second)

    found = hubspot_client.merged_accounts(external_ids=[kept, archived, first, second, "999"])

    assert found == {first: merged, second: merged}


def test_statements_of_a_page_do_not_grow_with_the_merges(
    hubspot: Connection, portal: Portal, poll: Poll
) -> None:
    counts = []
    for size in (2, 7):  # fewer than ask before they are billed
        companies = [portal.add_company(name=f"Acme {size} {number}") for number in range(size)]
        for company in companies:
            sell_in_hubspot(portal, company_id=company)
        poll()
        for company in companies:
            merged = portal.merge_companies(company, portal.add_company(name="Ajax"))
            sell_in_hubspot(portal, company_id=merged, amount=str(5000 + size))
        with noted() as statements:
            done = poll()
        counts += [len(page) for page in pages_of(statements)]
        assert done.created == size

    assert counts == [counts[0]] * 2
