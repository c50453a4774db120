"""Previews of imports: read in the background, resumed, kept by deal, and what the import makes of them."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from billing.models import BillingSchedule, Instalment, Invoice
from contracts.models import AuditEntry, Contract, Customer
from crm_sync import tasks
from crm_sync.enums import BackfillState, Outcome
from crm_sync.models import Backfill, BackfillDeal, Connection, CrmDeal, SyncRun
from crm_sync.previews.first_import.task import (
    UnableToBackfill,
    as_previewed,
    begin_import,
    begin_preview,
    decide_elsewhere,
    go_on,
)
from demo.http_server import Response
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.crm_sync.importing.test_sweeping import swept
from tests.crm_sync.sales import sell
from tests.crm_sync.stored import row_versions
from tests.queued import queued

TODAY = timezone.now().date()
JANUARY = date(2026, 1, 1)


def begun(connection: Connection, **more: Any) -> Backfill:
    usual: dict[str, Any] = {"import_from": JANUARY, "billed_until": None, "as_of": TODAY, "actor": None}
    return begin_preview(connection=connection, **usual | more)


def read(backfill: Backfill) -> Backfill:
    return go_on(backfill_id=backfill.pk, at=timezone.now(), may_continue=lambda: True)


def outcomes(backfill: Backfill) -> list[tuple[str, str, str]]:
    rows = BackfillDeal.objects.filter(backfill=backfill).order_by("name", "id")
    return list(rows.values_list("name", "outcome", "code"))


@pytest.fixture
def unconfirmed(salesforce: Connection) -> Connection:
    """As after the first connect."""
    Connection.objects.filter(pk=salesforce.pk).update(mapping_version=None)
    salesforce.refresh_from_db()
    return salesforce


def test_preview_lists_deals_and_writes_nothing_else(unconfirmed: Connection, org: Org) -> None:
    ensure_legal_entity(default_tax_rate=10_000)
    sell(org, Name="A", CloseDate=TODAY)
    sell(org, Name="B", Amount=None, CloseDate=TODAY)
    sell(org, Name="C", StageName="Prospecting", CloseDate=TODAY)
    sell(org, Name="D", CloseDate=date(2025, 12, 31))  # case 11
    own = ("Backfill", "BackfillDeal")
    before = row_versions(but=own)

    backfill = read(begun(unconfirmed))

    assert row_versions(but=own) == before
    assert outcomes(backfill) == [("A", "created", ""), ("B", "held", "AMOUNT_MISSING")]
    assert (backfill.state, backfill.seen, backfill.expected) == (BackfillState.READY, 2, 2)
    assert backfill.totals == {
        "customers": 1,
        "asks": 0,
        "elsewhere": 0,
        "warned": 2,
        "is_unusual": False,
        "outcomes": {"created": 1, "held": 1},
        "contracts": [{"currency": "USD", "number": 1, "minor": 120_000}],
        "invoices": [{"currency": "USD", "number": 1, "minor": 33_000}],
        "holds": [{"code": "AMOUNT_MISSING", "number": 1, "stakes": []}],
        "waits": [],
        "largest": [
            {
                "id": BackfillDeal.objects.get(name="A").pk,
                "name": "A",
                "customer_name": "Acme",
                "currency": "USD",
                "value_minor": 120_000,
                "invoices": 1,
                "invoiced_minor": 33_000,
            }
        ],
        "limits": [{"currency": "USD", "minor": 30_000}],
    }


def test_held_value_is_at_stake_by_currency(unconfirmed: Connection, org: Org) -> None:
    for amount in (10, 20):
        sell(org, Amount=amount, Billing_Frequency__c="Bi-annual")

    backfill = read(begun(unconfirmed))

    assert backfill.totals["holds"] == [
        {"code": "FREQUENCY_UNKNOWN", "number": 2, "stakes": [{"currency": "USD", "minor": 3_000}]}
    ]


def test_killed_preview_goes_on_after_its_last_page(
    unconfirmed: Connection, org: Org, salesforce_server
) -> None:
    account = org.add_account("Acme")
    moment = timezone.now() - timedelta(days=1)
    for number in range(5):
        sell(
            org, account=account, Name=f"D{number}", Amount=7, modified_at=moment + timedelta(minutes=number)
        )
    org.max_page_size = 2
    backfill = begun(unconfirmed)

    stopped = go_on(backfill_id=backfill.pk, at=timezone.now(), may_continue=lambda: False)
    assert (stopped.state, stopped.pages, stopped.seen, stopped.expected) == ("reading", 1, 2, 5)
    done = read(backfill)

    assert (done.state, done.pages, done.seen, done.expected) == ("ready", 3, 5, 5)
    assert outcomes(backfill) == [
        ("D0", "created", ""),
        *[(f"D{number}", "held", "DUPLICATE_SUSPECT") for number in (1, 2, 3, 4)],
    ]


def test_two_tasks_on_one_preview(unconfirmed: Connection, org: Org) -> None:
    """The one that stores a page second stops; nothing is counted twice."""
    for number in range(6):
        sell(org, Name=f"D{number}")
    org.max_page_size = 2
    backfill = begun(unconfirmed)

    def another_was_quicker() -> bool:
        go_on(backfill_id=backfill.pk, at=timezone.now(), may_continue=lambda: False)
        return True

    stopped = go_on(backfill_id=backfill.pk, at=timezone.now(), may_continue=another_was_quicker)
    assert (stopped.state, stopped.pages, stopped.seen) == ("reading", 2, 4)
    done = read(backfill)

    assert (done.state, done.pages, done.seen) == ("ready", 3, 6)
    assert len(outcomes(backfill)) == 6


def test_new_preview_takes_the_place_of_the_old(unconfirmed: Connection, org: Org) -> None:
    sell(org)
    first = read(begun(unconfirmed))
    second = begun(unconfirmed, billed_until=date(2026, 6, 30))

    assert list(BackfillDeal.objects.all()) == []
    first.refresh_from_db()
    assert (first.state, second.state) == (BackfillState.SET_ASIDE, BackfillState.READING)
    with pytest.raises(UnableToBackfill, match="set aside"):
        begin_import(backfill=first, at=timezone.now(), actor=User.objects.create_user("otto"))


def test_crm_that_does_not_answer_is_asked_again(unconfirmed: Connection, org: Org) -> None:
    sell(org)
    backfill = begun(unconfirmed)
    org.intercept = lambda request: Response(status=503, headers={"Retry-After": "0"})

    waiting = read(backfill)
    org.intercept = None
    done = read(backfill)

    assert (waiting.state, waiting.error) == (
        "reading",
        "Salesforce is not answering properly at the moment (503). The next poll tries again.",
    )
    assert (done.state, done.error) == ("ready", "")


def test_changed_mapping_stops_the_preview_and_refuses_the_import(
    unconfirmed: Connection, org: Org, finance: User
) -> None:
    sell(org)
    ready, unread = read(begun(unconfirmed)), None
    unconfirmed.field_mappings.filter(target="duration").update(default_value="24 months")

    with pytest.raises(UnableToBackfill, match="have changed since this preview"):
        begin_import(backfill=ready, at=timezone.now(), actor=finance)
    unread = begun(unconfirmed)
    unconfirmed.field_mappings.filter(target="duration").update(default_value="36 months")

    assert read(unread).state == BackfillState.STOPPED
    assert Connection.objects.get().mapping_version is None


def test_import_is_what_was_previewed(unconfirmed: Connection, org: Org, finance: User) -> None:
    """Confirmed, imported by the next run, billed, and ended."""
    ensure_legal_entity()
    sell(org, Name="A", CloseDate=TODAY)
    sell(org, Name="B", Amount=None)
    backfill = read(begun(unconfirmed))

    begin_import(backfill=backfill, at=timezone.now(), actor=finance)
    tasks.sync_requested(unconfirmed.pk)

    backfill.refresh_from_db()
    assert backfill.state == BackfillState.IMPORTED
    assert (Contract.objects.count(), Invoice.objects.count()) == (1, 1)
    assert Connection.objects.get().mapping_version.author == finance
    assert "billing started after the preview of the import" in AuditEntry.objects.values_list(
        "action", flat=True
    )


def test_import_of_several_runs_rings_for_the_next(
    unconfirmed: Connection, org: Org, finance: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = timezone.now() - timedelta(days=1)
    for number in range(4):
        sell(org, Name=f"D{number}", modified_at=moment + timedelta(minutes=number))
    org.max_page_size = 2
    backfill = read(begun(unconfirmed))
    begin_import(backfill=backfill, at=timezone.now(), actor=finance)
    monkeypatch.setattr(tasks, "LONGEST_RUN_SECONDS", -1)

    states = []
    for _ in range(2):
        tasks.poll(unconfirmed.pk)
        backfill.refresh_from_db()
        states.append((backfill.state, Contract.objects.count(), len(queued())))

    assert states == [("importing", 2, 1), ("imported", 4, 1)]
    assert queued() == [("crm_sync.tasks.sync_requested", unconfirmed.pk)]


def test_billed_elsewhere_for_all_deals(unconfirmed: Connection, org: Org, finance: User) -> None:
    """Case 11: periods that ended by then are not billed, and what is left does not ask."""
    ensure_legal_entity()
    start = date(2026, 1, 1)
    long_ago = sell(org, Billing_Frequency__c="Quarterly", CloseDate=start)
    backfill = read(begun(unconfirmed, billed_until=date(2026, 9, 30), as_of=date(2026, 10, 10)))
    row = BackfillDeal.objects.get()
    assert (row.asks, row.elsewhere, row.invoices, row.invoiced_minor) == (False, 3, 1, 30_000)

    begin_import(backfill=backfill, at=timezone.now(), actor=finance)
    tasks.sync_requested(unconfirmed.pk)

    states = Instalment.objects.order_by("sequence").values_list("state", flat=True)
    assert list(states)[:3] == ["billed_elsewhere"] * 3
    assert Connection.objects.get().billed_until == date(2026, 9, 30)
    assert CrmDeal.objects.get().external_id == long_ago


def test_period_that_goes_beyond_the_day_is_billed_whole(unconfirmed: Connection, org: Org) -> None:
    sell(org, Billing_Frequency__c="Quarterly", CloseDate=JANUARY)

    backfill = read(begun(unconfirmed, billed_until=date(2026, 9, 29), as_of=date(2026, 10, 10)))

    row = BackfillDeal.objects.get(backfill=backfill)
    assert row.elsewhere == 2
    assert row.found[1].sentence == (
        "The period 2026-07-01 to 2026-09-30 goes beyond 2026-09-29, up to which the deal was billed elsewhere: "
        "the whole period is billed here."
    )


def test_billed_elsewhere_for_one_deal_is_kept_for_its_import(
    unconfirmed: Connection, org: Org, finance: User
) -> None:
    for name in ("A", "B"):
        sell(org, Name=name, CloseDate=JANUARY, Billing_Frequency__c="Monthly")
    backfill = read(begun(unconfirmed))
    assert backfill.totals["asks"] == 2

    day = TODAY - timedelta(days=1)
    row = BackfillDeal.objects.get(name="A")
    decide_elsewhere(row=row, billed_until=day, at=timezone.now(), actor=finance)

    backfill.refresh_from_db()
    assert backfill.totals["asks"] == 1
    assert BackfillDeal.objects.get(name="A").billed_until == day
    assert (CrmDeal.objects.get().state, CrmDeal.objects.get().billed_until) == ("previewed", day)
    begin_import(backfill=backfill, at=timezone.now(), actor=finance)
    tasks.sync_requested(unconfirmed.pk)
    asking = BillingSchedule.objects.filter(state="asks").values_list("contract__name", flat=True)
    assert list(asking) == ["B"]
    assert AuditEntry.objects.filter(action="Billed elsewhere up to a day", actor=finance).count() == 1


def test_deal_with_a_contract_is_decided_there(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, Amount=2400)
    read(begun(salesforce))

    with pytest.raises(UnableToBackfill, match="has a contract already"):
        decide_elsewhere(row=BackfillDeal.objects.get(), billed_until=TODAY, at=timezone.now(), actor=finance)


def test_earlier_import_from_is_previewed_and_then_in_force(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    """Nothing of it counts before it is confirmed; nothing is imported twice."""
    sell(org, Name="New")
    sell(org, Name="Old", CloseDate=date(2025, 6, 1))
    run(salesforce)

    backfill = read(begun(salesforce, import_from=date(2025, 1, 1)))

    assert (outcomes(backfill), backfill.unchanged) == ([("Old", "created", "")], 1)
    assert Connection.objects.get().import_from == JANUARY
    begin_import(backfill=backfill, at=timezone.now(), actor=finance)
    run(salesforce)
    assert sorted(Contract.objects.values_list("name", flat=True)) == ["New", "Old"]
    assert Customer.objects.count() == 2


def test_deal_decided_in_a_preview_is_no_stored_deal(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    """Its record brings it in under the rules of new deals: not when it closed before the first day."""
    early = sell(org, CloseDate=date(2025, 6, 1))
    sell(org, Name="Not early")
    run(salesforce)
    read(begun(salesforce, import_from=date(2025, 1, 1)))
    decide_elsewhere(row=BackfillDeal.objects.get(), billed_until=TODAY, at=timezone.now(), actor=finance)
    org.edit(early, Name="Seen by the next poll")

    done = run(salesforce)

    assert (done.seen, done.created, Contract.objects.count()) == (2, 0, 1)


def test_preview_and_connection_that_is_not_connected(unconfirmed: Connection) -> None:
    backfill = begun(unconfirmed)
    Connection.objects.update(state="broken", state_reason="Revoked.")
    unconfirmed.refresh_from_db()

    tasks.preview_import(backfill.pk)

    with pytest.raises(UnableToBackfill, match="is not connected"):
        begun(unconfirmed)
    assert Backfill.objects.get().state == BackfillState.READING


def test_preview_that_no_task_works_on_is_rung_for(unconfirmed: Connection) -> None:
    backfill = begun(unconfirmed)

    tasks.poll_due()
    Backfill.objects.update(touched_at=timezone.now() - timedelta(minutes=3))
    tasks.poll_due()

    assert queued() == [("crm_sync.tasks.preview_import", backfill.pk)]


def test_previewed_connection_is_never_saved(salesforce: Connection) -> None:
    ahead = as_previewed(salesforce, import_from=date(2020, 1, 1), billed_until=TODAY)

    assert (ahead.import_from, Connection.objects.get().import_from) == (date(2020, 1, 1), JANUARY)


def test_sweep_imports_a_missed_deal_that_a_preview_decided_on(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    sell(org)
    run(salesforce)
    sell(org, Name="Missed", modified_at=timezone.now() - timedelta(days=3))
    read(begun(salesforce))
    row = BackfillDeal.objects.get(name="Missed")
    decide_elsewhere(row=row, billed_until=TODAY, at=timezone.now(), actor=finance)
    assert run(salesforce).created == 0

    assert swept(salesforce).created == 1


def test_rows_that_are_not_confirmed_read_known_deals_anew(
    salesforce: Connection, org: Org, run: Run
) -> None:
    """What is held by the mapping in force may be cured by that to come."""
    sell(org, Contract_Term__c=None)
    run(salesforce)
    salesforce.field_mappings.filter(target="duration").update(default_value="24 months")

    assert outcomes(read(begun(salesforce))) == [("Acme platform", "created", "")]


def test_outcomes_of_a_preview_are_those_of_runs(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, Name="Renamed")

    backfill = read(begun(salesforce))

    assert outcomes(backfill) == [("Renamed", Outcome.UPDATED.value, "")]
    assert SyncRun.objects.count() == 1
