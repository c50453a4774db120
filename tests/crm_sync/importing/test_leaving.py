"""Imported deals that are won no longer, and what becomes of their contracts."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from billing.models import Instalment, Invoice
from contracts.models import AuditEntry, Contract
from crm_sync.importing import leaving
from crm_sync.models import Connection, ConnectionLease, CrmDeal, Hold, SyncRecord, SyncRun
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.importing.leavers import issue_invoices, marks, states, told
from tests.crm_sync.sales import TODAY, sell, sell_in_hubspot
from tests.crm_sync.stored import row_versions, stored

PAUSED = "The contract is suspended: nothing has been invoiced, and the planned instalments are paused."


def test_case_44_reopened_before_an_invoice(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, StageName="Negotiation/Review")

    done = run(salesforce)

    assert (done.state, done.suspended, states()) == ("done", 1, ["suspended"])
    assert marks() == [("imported", "left_won", "suspended")]
    assert CrmDeal.objects.get().stage == "Negotiation/Review"
    assert told()[1:] == [("suspended", f"The deal is in the stage 'Negotiation/Review' now. {PAUSED}")]
    entry = AuditEntry.objects.get(action="Contract suspended")
    assert (entry.actor_name, entry.before, entry.after) == (
        "Fincelo",
        {"state": "active"},
        {"state": "suspended"},
    )
    issue_invoices(as_of=date(2027, 6, 1))
    assert Invoice.objects.count() == 0
    assert (run(salesforce).suspended, len(told())) == (0, 2)


def test_case_44_in_hubspot(hubspot: Connection, portal: Portal, run: Run) -> None:
    deal = sell_in_hubspot(portal)
    tick(portal)
    run(hubspot)
    portal.update_deal(deal, dealstage="contractsent")
    tick(portal)

    done = run(hubspot)

    assert (done.suspended, states(), marks()) == (
        1,
        ["suspended"],
        [("imported", "left_won", "suspended")],
    )


def tick(portal: Portal) -> None:
    """HubSpot tells its time in whole seconds: of changes of this second only the next poll hears."""
    clock = portal.clock
    portal.clock = lambda: clock() + timedelta(seconds=1)


def test_case_45_reopened_after_an_invoice(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    issue_invoices()
    invoices = row_versions()["billing_invoice"]
    org.edit(deal, StageName="Negotiation/Review")

    run(salesforce)

    assert states() == ["suspended"]
    assert told()[-1] == (
        "suspended",
        "The deal is in the stage 'Negotiation/Review' now. The contract is suspended and its planned "
        "instalments are paused. Review needed: the issued invoices stay as they are. Resume the contract, "
        "or correct what was invoiced.",
    )
    issue_invoices(as_of=date(2027, 6, 1))
    assert row_versions()["billing_invoice"] == invoices


def test_case_48_lost(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, StageName="Closed Lost")

    run(salesforce)

    assert (states(), marks()) == (["suspended"], [("imported", "lost", "suspended")])
    assert told()[-1] == ("suspended", f"The deal was lost: its stage is 'Closed Lost' now. {PAUSED}")


def test_case_46_won_again_resumes_the_same_contract(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    before = stored(but=["records", "cursors", "deals"])
    org.edit(deal, StageName="Negotiation/Review")
    run(salesforce)
    org.close_won(deal)

    done = run(salesforce)

    assert (done.updated, done.created) == (1, 0)
    assert marks() == [("imported", "", "")]
    assert stored(but=["records", "cursors", "deals"]) == before
    assert told()[-1] == ("updated", "The deal is won again: its contract continues.")
    assert AuditEntry.objects.get(action="Contract resumed").after == {"state": "active"}
    assert run(salesforce).unchanged == 1


def test_case_46_won_again_with_other_values_before_an_invoice(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, StageName="Negotiation/Review")
    run(salesforce)
    org.edit(deal, StageName="Closed Won", Amount=2400, CloseDate="2026-11-20")
    org.edit(deal, CloseDate="2026-12-24")

    run(salesforce)

    contract = Contract.objects.get()
    assert (contract.state, contract.value_minor, contract.start_date) == (
        "scheduled",
        240_000,
        date(2026, 12, 24),
    )
    assert sum(Instalment.objects.values_list("amount_minor", flat=True)) == 240_000
    assert told()[-1][1].startswith(
        "The deal is won again: its contract continues. Changed: Contract Value: "
    )


def test_case_46_a_refused_change_keeps_it_suspended_until_the_crm_is_corrected(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    issue_invoices()
    org.edit(deal, StageName="Negotiation/Review")
    run(salesforce)
    org.edit(deal, StageName="Closed Won", Amount=2400)

    done = run(salesforce)

    assert (done.refused, states(), marks()) == (1, ["suspended"], [("imported", "", "suspended")])
    assert told()[-1][1] == (
        "The contract keeps its values: invoices have been issued for it. The CRM now says otherwise: "
        "Contract Value: USD 1,200.00 to USD 2,400.00. The deal is won again, but its contract stays "
        "suspended until somebody resumes it."
    )
    assert (run(salesforce).refused, states()) == (0, ["suspended"])
    org.edit(deal, Amount=1200)
    run(salesforce)
    assert (states(), marks()) == (["active"], [("imported", "", "")])


def test_won_again_but_unreadable_stays_suspended(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, StageName="Negotiation/Review")
    run(salesforce)
    org.edit(deal, StageName="Closed Won", Amount=None)

    assert (run(salesforce).refused, states()) == (1, ["suspended"])

    org.edit(deal, Amount=1200)
    run(salesforce)
    assert states() == ["active"]


def test_case_46_and_nothing_billed_twice(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    issue_invoices()
    for _ in range(2):
        org.edit(deal, StageName="Negotiation/Review")
        run(salesforce)
        org.close_won(deal)
        run(salesforce)
        issue_invoices()

    assert (states(), Invoice.objects.count(), Contract.objects.count()) == (["active"], 1, 1)


def test_case_47_won_and_reopened_between_two_polls(salesforce: Connection, org: Org, run: Run) -> None:
    run(salesforce)
    deal = sell(org)
    org.edit(deal, StageName="Negotiation/Review")

    run(salesforce)

    assert (CrmDeal.objects.count(), SyncRecord.objects.count()) == (0, 0)


def test_reopened_and_won_between_two_polls_is_unchanged(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, StageName="Negotiation/Review")
    org.close_won(deal)

    done = run(salesforce)

    assert (done.unchanged, done.suspended, states()) == (1, 0, ["active"])


def test_held_deal_that_leaves_is_forgotten_until_it_is_won_again(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org, Amount=None)
    run(salesforce)
    org.edit(deal, StageName="Negotiation/Review")

    run(salesforce)

    hold = Hold.objects.get()
    assert (hold.resolution, hold.resolved_at is None, marks()) == (
        "left_won",
        False,
        [("left", "left_won", "")],
    )
    org.edit(deal, StageName="Closed Won")
    assert (run(salesforce).held, Hold.objects.open().count()) == (1, 1)
    org.edit(deal, Amount=1200)
    assert (run(salesforce).created, marks()) == (1, [("imported", "", "")])


def test_a_forgotten_deal_is_new_to_import_from(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org, Amount=None)
    run(salesforce)
    org.edit(deal, StageName="Negotiation/Review")
    run(salesforce)
    org.edit(deal, StageName="Closed Won", Amount=1200, CloseDate="2020-01-01")

    run(salesforce)

    assert (Contract.objects.count(), Hold.objects.open().count()) == (0, 0)


def test_an_answer_older_than_what_is_stored_marks_nothing(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    CrmDeal.objects.update(modified_at=datetime(2099, 1, 1, tzinfo=UTC))
    org.edit(deal, StageName="Negotiation/Review")

    run(salesforce)

    assert (states(), marks()) == (["active"], [("imported", "", "")])


def test_deals_that_came_by_an_earlier_connection_of_the_org(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    earlier = Connection.objects.create(
        provider="salesforce", name="Earlier", import_from=TODAY, default_currency="USD"
    )
    CrmDeal.objects.update(connection=earlier)
    org.edit(deal, StageName="Closed Lost")

    assert (run(salesforce).suspended, states()) == (1, ["suspended"])


class Killed(BaseException):
    pass


def test_killed_between_page_and_settling(
    salesforce: Connection, org: Org, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, StageName="Negotiation/Review")

    def die(**_: Any) -> int:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(leaving, "suspend", die)
        with pytest.raises(Killed):
            run(salesforce)
    ConnectionLease.objects.update(expires_at=None)

    assert (states(), marks()) == (["active"], [("imported", "left_won", "")])
    before = SyncRun.objects.count()
    org.tables["Opportunity"].pop(deal)  # the CRM tells nothing of it any more
    done = run(salesforce)
    assert (done.suspended, states(), SyncRun.objects.count()) == (1, ["suspended"], before + 1)


def test_ended_contracts_stay_as_they_are(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    Contract.objects.update(state="completed")
    org.edit(deal, StageName="Negotiation/Review")

    done = run(salesforce)

    assert (done.suspended, states(), marks()) == (0, ["completed"], [("imported", "left_won", "")])
