"""Deals that were merged in HubSpot: the survivor continues with the contract, and never gets a second one."""

from datetime import timedelta

import pytest

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import Instalment, Invoice
from contracts.models import AuditEntry, Contract
from crm_sync.enums import RunTrigger
from crm_sync.importing.fetching import Order
from crm_sync.models import Connection, CrmDeal, Hold, SyncRecord, SyncRun
from crm_sync.sync import sync
from demo.hubspot.portal import Portal
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import TODAY, sell_in_hubspot


@pytest.fixture
def poll(hubspot: Connection, portal: Portal, run: Run) -> Run:
    """A poll that hears of everything that was done before it."""

    def tick_and_run(connection: Connection = hubspot, **order) -> SyncRun:
        clock = portal.clock
        portal.clock = lambda: clock() + timedelta(seconds=1)
        return run(connection, **order)

    return tick_and_run


@pytest.fixture
def swept(hubspot: Connection) -> Run:
    def sweep() -> SyncRun:
        hubspot.refresh_from_db()
        return sync(connection=hubspot, order=Order(trigger=RunTrigger.SWEEP, as_of=TODAY))

    return sweep


def deals() -> list[tuple[str, str, str | None, bool]]:
    """External id, state, into which it was merged, whether it has the contract."""
    rows = CrmDeal.objects.order_by("pk").select_related("merged_into")
    return [
        (
            row.external_id,
            row.state,
            row.merged_into.external_id if row.merged_into else None,
            row.contract_id is not None,
        )
        for row in rows
    ]


def states() -> list[str]:
    return list(Contract.objects.order_by("pk").values_list("state", flat=True))


def an_open_deal(portal: Portal) -> str:
    return sell_in_hubspot(portal, dealname="Acme copy", dealstage="contractsent")


def test_case_50_merged_with_a_deal_that_is_not_imported(portal: Portal, poll: Run) -> None:
    billed, other = sell_in_hubspot(portal), an_open_deal(portal)
    poll()
    merged = portal.merge_deals(billed, other)

    done = poll()

    assert (done.state, done.created, done.held) == ("done", 0, 0)
    assert deals() == [(billed, "merged", merged, False), (merged, "imported", None, True)]
    assert states() == ["active"]
    entry = AuditEntry.objects.get(action="Deal merged")
    assert (entry.before, entry.after) == ({"deal": billed}, {"deal": merged})
    assert poll().unchanged == 1


def test_case_50_the_contract_keeps_what_was_invoiced(portal: Portal, poll: Run) -> None:
    billed, other = sell_in_hubspot(portal), an_open_deal(portal)
    poll()
    ensure_legal_entity()
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    merged = portal.merge_deals(billed, other)
    portal.update_deal(merged, amount="9999")

    done = poll()

    assert (done.created, done.refused, Contract.objects.count(), Invoice.objects.count()) == (0, 1, 1, 1)
    assert CrmDeal.objects.get(external_id=merged).contract == Contract.objects.get()


def test_case_50_a_held_deal_ends_in_the_survivor(portal: Portal, poll: Run) -> None:
    held, other = sell_in_hubspot(portal, amount=None), an_open_deal(portal)
    poll()
    merged = portal.merge_deals(held, other)
    portal.update_deal(merged, amount="1200")

    done = poll()

    assert (done.created, Hold.objects.open().count()) == (1, 0)
    assert Hold.objects.get().resolution == "merged"
    assert deals() == [(held, "merged", merged, False), (merged, "imported", None, True)]


def test_case_50_both_had_contracts(portal: Portal, poll: Run, swept: Run) -> None:
    company = portal.add_company(name="Acme", domain="acme.example")
    first = sell_in_hubspot(portal, company_id=company)
    second = sell_in_hubspot(portal, company_id=company, amount="2400")
    poll()
    merged = portal.merge_deals(first, second)

    done = poll()

    assert (done.created, done.refused, done.suspended) == (0, 1, 2)
    assert (states(), Contract.objects.count()) == (["suspended"] * 2, 2)
    refusal = SyncRecord.objects.get(outcome="refused")
    ids = ", ".join(sorted([first, second]))
    assert refusal.sentence == f"Deals that have a contract each were merged into this one: {ids}."
    hold = Hold.objects.open().get()
    assert (hold.code, hold.crm_deal.external_id) == ("MERGED_DEALS", merged)
    again, daily = poll(), swept()
    assert (again.refused, daily.refused, daily.suspended, daily.state) == (0, 0, 0, "done")
    portal.update_deal(merged, amount="7000")
    poll()
    assert Contract.objects.count() == 2


def test_merged_into_a_deal_that_is_not_won(portal: Portal, poll: Run) -> None:
    billed, other = sell_in_hubspot(portal), an_open_deal(portal)
    poll()
    merged = portal.merge_deals(other, billed)  # the survivor takes the stage of the first

    done = poll()

    assert (done.suspended, states()) == (1, ["suspended"])
    assert CrmDeal.objects.get().left_reason == "merged"
    portal.close_won(merged)
    portal.update_deal(merged, closedate=f"{TODAY}T17:00:00Z")  # closing it has put the present there
    done = poll()
    assert (done.updated, done.created, states()) == (1, 0, ["active"])
    assert deals() == [(billed, "merged", merged, False), (merged, "imported", None, True)]


def test_sweep_follows_a_merge_that_no_poll_told_of(
    hubspot: Connection, portal: Portal, poll: Run, swept: Run
) -> None:
    billed, other = sell_in_hubspot(portal), an_open_deal(portal)
    poll()
    merged = portal.merge_deals(billed, other)
    Connection.objects.update(cursor_modified_at="2090-01-01T00:00Z")
    assert poll().seen == 0

    done = swept()

    assert (done.state, done.created, done.suspended) == ("done", 0, 0)
    assert deals() == [(billed, "merged", merged, False), (merged, "imported", None, True)]
    assert states() == ["active"]


def test_sweep_marks_what_was_merged_into_a_deal_that_is_not_won(
    portal: Portal, poll: Run, swept: Run
) -> None:
    billed, other = sell_in_hubspot(portal), an_open_deal(portal)
    poll()
    portal.merge_deals(other, billed)

    done = swept()

    assert (done.suspended, states(), CrmDeal.objects.get().left_reason) == (1, ["suspended"], "merged")


def test_merged_twice(portal: Portal, poll: Run) -> None:
    billed, second, third = sell_in_hubspot(portal), an_open_deal(portal), an_open_deal(portal)
    poll()
    once = portal.merge_deals(billed, second)
    poll()

    twice = portal.merge_deals(once, third)
    done = poll()

    assert (done.created, Contract.objects.count(), states()) == (0, 1, ["active"])
    assert CrmDeal.objects.get(contract__isnull=False).external_id == twice


def test_merged_before_the_first_import(portal: Portal, poll: Run) -> None:
    merged = portal.merge_deals(sell_in_hubspot(portal), sell_in_hubspot(portal))

    poll()

    assert deals() == [(merged, "imported", None, True)]


def test_into_a_deal_that_kept_its_own_id_and_contract(portal: Portal, poll: Run) -> None:
    """Some portals keep the id of the primary deal."""
    company = portal.add_company(name="Acme", domain="acme.example")
    kept = sell_in_hubspot(portal, company_id=company)
    gone = sell_in_hubspot(portal, company_id=company, amount="2400")
    poll()
    portal.objects["deals"].remove(gone, merged_into=kept, at=portal.clock())
    portal.update_deal(kept, hs_merged_object_ids=gone)

    done = poll()

    assert (done.refused, done.suspended, states()) == (1, 1, ["active", "suspended"])
    portal.update_deal(kept, amount="1300")
    done = poll()
    assert (done.updated, done.refused, states()) == (1, 0, ["active", "suspended"])


def test_into_a_deal_that_kept_its_own_id_and_was_held(portal: Portal, poll: Run) -> None:
    kept, gone = sell_in_hubspot(portal, amount=None), sell_in_hubspot(portal)
    poll()
    portal.objects["deals"].remove(gone, merged_into=kept, at=portal.clock())
    portal.update_deal(kept, hs_merged_object_ids=gone, amount="1200")

    done = poll()

    assert (done.created, Contract.objects.count(), Hold.objects.open().count()) == (0, 1, 0)
    assert sorted(deals()) == sorted([(gone, "merged", kept, False), (kept, "imported", None, True)])


@pytest.mark.parametrize("is_imported", [True, False])
def test_what_was_billed_elsewhere_stays_so_in_the_survivor(
    portal: Portal, poll: Run, is_imported: bool
) -> None:
    day = TODAY + timedelta(days=100)
    decided = sell_in_hubspot(portal, amount="1200" if is_imported else None)
    other = an_open_deal(portal)
    poll()
    CrmDeal.objects.update(billed_until=day)
    merged = portal.merge_deals(decided, other)
    portal.update_deal(merged, amount="2400")

    poll()

    assert CrmDeal.objects.get(external_id=merged).billed_until == day
    assert Instalment.objects.order_by("sequence").values_list("state", flat=True)[0] == "billed_elsewhere"
    assert poll().unchanged == 1


def test_the_survivor_goes_on_with_what_was_entered_for_the_contract(portal: Portal, poll: Run) -> None:
    entry = {"value": "4800", "reason": "as agreed", "by": "frida", "at": "2026-11-20T10:00:00+00:00"}
    billed, other = sell_in_hubspot(portal), an_open_deal(portal)
    poll()
    CrmDeal.objects.update(overrides={"contract_value": entry}, fingerprint="")
    poll()
    merged = portal.merge_deals(billed, other)

    poll()

    survivor = CrmDeal.objects.select_related("contract").get(external_id=merged)
    assert (survivor.overrides, survivor.contract.value_minor) == ({"contract_value": entry}, 480_000)
    assert poll().updated == 0


def test_a_free_contract_stays_free_in_the_survivor(portal: Portal, poll: Run) -> None:
    free, other = sell_in_hubspot(portal, amount="0"), an_open_deal(portal)
    poll()
    CrmDeal.objects.update(free_accepted=True, fingerprint="")
    poll()
    merged = portal.merge_deals(free, other)
    portal.update_deal(merged, amount="0")

    done = poll()

    assert (done.refused, CrmDeal.objects.get(external_id=merged).free_accepted) == (0, True)
    assert states() == ["active"]
