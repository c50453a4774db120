"""The modes of a connection: Live, Review, Preview, and what a change between them does."""

from datetime import date

import pytest
from django.contrib.auth.models import User

from contracts.models import AuditEntry, Contract, Customer
from crm_sync.enums import ConnectionMode, RunTrigger
from crm_sync.importing.fetching import Order
from crm_sync.models import Connection, CrmAccount, CrmDeal, Hold, SyncRecord, SyncRun
from crm_sync.sync import sync
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.modes import (
    LIVE,
    PREVIEW,
    REVIEW,
    WOULD_CREATE,
    WRITES_NOTHING,
    contract_states,
    deal_states,
    issue_invoices,
    lines,
    red_lines,
    switch,
    tick,
    told,
    written,
)
from tests.crm_sync.sales import TODAY, sell, sell_in_hubspot


def test_preview_writes_no_customer_contract_schedule_or_hold(
    salesforce: Connection, org: Org, run: Run
) -> None:
    switch(salesforce, PREVIEW)
    sell(org)
    sell(org, Name="No amount", Amount=None)

    done = run(salesforce)

    assert (done.state, done.previewed, done.created, done.held) == ("done", 2, 0, 0)
    assert written() == {name: [] for name in WRITES_NOTHING}
    assert deal_states() == ["previewed", "previewed"]
    assert told() == [
        ("previewed", WOULD_CREATE),
        ("previewed", "Would be held: Contract Value is empty."),
    ]
    assert list(SyncRecord.objects.order_by("pk").values_list("code", flat=True)) == ["", "AMOUNT_MISSING"]
    assert SyncRecord.objects.earliest("pk").trace != []
    salesforce.refresh_from_db()
    assert salesforce.cursor_modified_at is not None
    assert (red_lines(), issue_invoices()) == ([], 0)
    assert ("previewed", 1) in lines()


def test_what_is_unchanged_is_only_counted_in_preview(salesforce: Connection, org: Org, run: Run) -> None:
    switch(salesforce, PREVIEW)
    deal = sell(org)
    run(salesforce)

    again = run(salesforce)
    org.edit(deal, Amount=2400)
    changed = run(salesforce)

    assert (again.previewed, again.unchanged) == (0, 1)
    assert (changed.previewed, changed.unchanged) == (1, 0)
    assert told()[1:] == [("previewed", "Would create a contract over USD 2,400.00 with 4 instalments.")]


def test_two_copies_on_one_page_are_previewed_as_a_hold(salesforce: Connection, org: Org, run: Run) -> None:
    switch(salesforce, PREVIEW)
    account = org.add_account("Acme")
    sell(org, account=account)
    sell(org, account=account)

    run(salesforce)

    assert told() == [
        ("previewed", WOULD_CREATE),
        (
            "previewed",
            "Would be held: The customer has a contract over USD 1,200.00 from 2026-11-22 already.",
        ),
    ]


@pytest.mark.parametrize("mode", [LIVE, REVIEW])
def test_all_that_was_previewed_is_imported_when_preview_ends(
    salesforce: Connection, org: Org, run: Run, mode: ConnectionMode, finance: User
) -> None:
    switch(salesforce, PREVIEW)
    for number in range(5):
        sell(org, Name=f"Deal {number}", modified_at=None)
    sell(org, Name="No amount", Amount=None)
    run(salesforce)

    switch(salesforce, mode, finance)

    salesforce.refresh_from_db()
    assert (salesforce.cursor_modified_at, salesforce.mode) == (None, mode)
    entry = AuditEntry.objects.latest("pk")
    assert (entry.actor_name, entry.before, entry.after) == ("fiona", {"mode": "preview"}, {"mode": mode})
    done = run(salesforce)
    assert (done.created, done.held, done.previewed) == (5, 1, 0)
    assert sorted(set(deal_states())) == ["held", "imported"]
    assert (Contract.objects.count(), Customer.objects.count(), Hold.objects.open().count()) == (5, 5, 1)
    assert red_lines() == []
    assert (run(salesforce).created, Contract.objects.count()) == (0, 5)


def test_a_change_that_no_search_finds_any_more_is_applied_after_preview(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    switch(salesforce, PREVIEW)
    org.edit(deal, CloseDate=date(2025, 12, 31))
    assert run(salesforce).previewed == 1

    switch(salesforce, LIVE)
    run(salesforce)

    assert Contract.objects.get().start_date == date(2025, 12, 31)


def test_deals_of_two_new_accounts_are_no_duplicates_in_preview(
    salesforce: Connection, org: Org, run: Run
) -> None:
    switch(salesforce, PREVIEW)
    sell(org, account=org.add_account("Acme"))
    sell(org, account=org.add_account("Globex"))

    run(salesforce)

    assert told() == [("previewed", WOULD_CREATE)] * 2


def test_a_previewed_deal_that_lost_its_close_date_is_held_after_preview(
    hubspot: Connection, portal: Portal, run: Run
) -> None:
    switch(hubspot, PREVIEW)
    deal = sell_in_hubspot(portal)
    tick(portal)
    run(hubspot)
    portal.update_deal(deal, closedate="")
    tick(portal)
    run(hubspot)

    switch(hubspot, LIVE)
    done = run(hubspot)

    assert (done.held, Hold.objects.open().get().code) == (1, "DATE_MISSING")


def test_a_contract_keeps_its_values_in_preview_and_gets_the_new_ones_after_it(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    switch(salesforce, PREVIEW)
    before = written()
    org.edit(deal, Amount=2400)

    previewed = run(salesforce)
    again = run(salesforce)

    assert (previewed.previewed, again.previewed, again.unchanged) == (1, 0, 1)
    assert told()[1:] == [
        (
            "previewed",
            "Would update the contract: Changed: Contract Value: USD 1,200.00 to USD 2,400.00.",
        )
    ]
    assert SyncRecord.objects.latest("pk").changes == [
        {"field": "Contract Value", "old": "USD 1,200.00", "new": "USD 2,400.00"}
    ]
    assert written() == before
    assert (red_lines(), deal_states()) == ([], ["imported"])
    assert ("pending", 1) in lines()
    switch(salesforce, LIVE)
    assert run(salesforce).updated == 1
    assert Contract.objects.get().value_minor == 240_000
    assert (red_lines(), ("pending", 1) in lines()) == ([], False)


def test_a_change_after_an_invoice_is_previewed_as_refused(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    issue_invoices()
    switch(salesforce, PREVIEW)
    org.edit(deal, Amount=2400)

    run(salesforce)

    ((outcome, sentence),) = told()[1:]
    assert outcome == "previewed"
    assert sentence.startswith("Would be refused: The contract keeps its values: invoices have been issued")


def test_a_hold_stays_as_it_is_in_preview(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org, Amount=None)
    run(salesforce)
    switch(salesforce, PREVIEW)
    before = written()
    org.edit(deal, Amount=1200)

    assert (run(salesforce).previewed, run(salesforce).previewed) == (1, 0)
    assert (told()[1:], deal_states(), written()) == ([("previewed", WOULD_CREATE)], ["held"], before)
    switch(salesforce, LIVE)
    assert run(salesforce).created == 1
    assert (deal_states(), Hold.objects.open().count()) == (["imported"], 0)


def test_billing_of_a_deal_that_left_won_stops_in_preview_too(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    switch(salesforce, PREVIEW)
    org.edit(deal, StageName="Negotiation/Review")

    assert (run(salesforce).suspended, contract_states()) == (1, ["suspended"])
    org.edit(deal, StageName="Closed Won")
    back = run(salesforce)

    assert (back.previewed, run(salesforce).previewed) == (1, 0)
    assert told()[2:] == [
        ("previewed", "Would update the contract: The deal is won again: its contract continues.")
    ]
    assert (contract_states(), red_lines()) == (["suspended"], [])
    switch(salesforce, LIVE)
    run(salesforce)
    assert contract_states() == ["active"]


def test_a_previewed_deal_that_is_won_no_longer_is_forgotten(
    salesforce: Connection, org: Org, run: Run
) -> None:
    switch(salesforce, PREVIEW)
    deal, early = sell(org), sell(org, Name="Early", CloseDate=date(2026, 3, 1))
    run(salesforce)
    org.edit(deal, StageName="Negotiation/Review")
    org.edit(early, CloseDate=date(2025, 12, 31))

    run(salesforce)

    assert deal_states() == ["left", "left"]
    switch(salesforce, LIVE)
    assert (run(salesforce).created, Contract.objects.count()) == (0, 0)
    org.edit(deal, StageName="Closed Won")
    assert run(salesforce).created == 1


def swept(connection: Connection) -> SyncRun:
    connection.refresh_from_db()
    run = sync(connection=connection, order=Order(trigger=RunTrigger.SWEEP, as_of=TODAY))
    assert (run.state, run.error) == ("done", "")
    return run


def test_sweep_misses_nothing_in_preview(salesforce: Connection, org: Org, run: Run) -> None:
    switch(salesforce, PREVIEW)
    deal = sell(org)
    run(salesforce)

    done = swept(salesforce)

    assert (done.missed, done.previewed, done.created, red_lines()) == (0, 0, 0, [])
    org.delete(deal)
    swept(salesforce)
    assert deal_states() == ["left"]


def test_sweep_imports_what_was_only_previewed(salesforce: Connection, org: Org, run: Run) -> None:
    switch(salesforce, PREVIEW)
    sell(org)
    run(salesforce)
    switch(salesforce, LIVE)

    done = swept(salesforce)

    assert (done.created, done.missed, deal_states()) == (1, 0, ["imported"])


def test_accounts_of_previewed_deals_stand_for_no_customer(
    salesforce: Connection, org: Org, run: Run
) -> None:
    account = org.add_account("Acme")
    sell(org, account=account)
    run(salesforce)
    switch(salesforce, PREVIEW)
    org.tables["Account"][account]["Name"] = "Acme renamed"
    sell(org, account=account, Name="Second", Amount=999)

    run(salesforce)

    assert [customer.name for customer in Customer.objects.all()] == ["Acme"]
    assert CrmAccount.objects.count() == 1


def test_merged_deals_are_followed_in_preview(hubspot: Connection, portal: Portal, run: Run) -> None:
    kept = sell_in_hubspot(portal)
    tick(portal)
    run(hubspot)
    switch(hubspot, PREVIEW)
    copy = sell_in_hubspot(portal, dealname="Acme copy", amount="2400")
    tick(portal)
    run(hubspot)
    assert deal_states() == ["imported", "previewed"]

    portal.merge_deals(copy, kept)
    tick(portal)
    run(hubspot)

    survivor = CrmDeal.objects.exclude(state="merged").get()
    assert (survivor.state, survivor.contract_id) == ("imported", Contract.objects.get().pk)
    assert Contract.objects.get().value_minor == 120_000
    switch(hubspot, LIVE)
    run(hubspot)
    assert Contract.objects.get().value_minor == 240_000
