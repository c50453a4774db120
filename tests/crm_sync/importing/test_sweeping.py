"""The daily sweep: nothing that is won is missing here, and nothing here has left the CRM unnoticed."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_q.models import OrmQ

from contracts.models import AuditEntry, Contract, Customer
from crm_sync import tasks
from crm_sync.clients.hubspot import client as hubspot_client
from crm_sync.clients.salesforce import api
from crm_sync.enums import RunTrigger
from crm_sync.importing import sweeping
from crm_sync.importing.fetching import Order
from crm_sync.models import Connection, CrmAccount, CrmDeal, Hold, SyncRecord, SyncRun
from crm_sync.sync import sync
from demo.http_server import Server
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import TODAY, sell, sell_in_hubspot
from tests.crm_sync.stored import row_versions

LONG_AGO = timedelta(days=3)


def swept(connection: Connection, *, may_continue: Callable[[], bool] = lambda: True) -> SyncRun:
    connection.refresh_from_db()
    order = Order(trigger=RunTrigger.SWEEP, as_of=TODAY, may_continue=may_continue)
    run = sync(connection=connection, order=order)
    assert (run.state, run.error) == ("done", "")
    return run


def marks() -> list[tuple[str, str, str]]:
    return list(CrmDeal.objects.order_by("pk").values_list("state", "left_reason", "left_decision"))


def states() -> list[str]:
    return list(Contract.objects.order_by("pk").values_list("state", flat=True))


def settle_clock(portal: Portal) -> None:
    """HubSpot tells its time in whole seconds: what was done in this one is in the past from here on."""
    clock = portal.clock
    portal.clock = lambda: clock() + timedelta(seconds=1)


def test_a_row_visible_20_minutes_late_is_imported_exactly_once(
    salesforce: Connection, org: Org, run: Run
) -> None:
    newest = datetime.now(UTC) - timedelta(minutes=1)
    sell(org, modified_at=newest)
    run(salesforce)
    sell(org, modified_at=newest - timedelta(minutes=20))

    runs = [run(salesforce) for _ in range(3)]

    assert [done.created for done in runs] == [1, 0, 0]
    assert swept(salesforce).created == 0
    assert Contract.objects.count() == 2


def test_sweep_finds_what_lies_before_the_cursor(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org)
    run(salesforce)
    cursor = Connection.objects.values_list("cursor_modified_at", "cursor_external_id").get()
    sell(org, modified_at=datetime.now(UTC) - LONG_AGO)
    sell(org, modified_at=datetime.now(UTC) - LONG_AGO, Amount=None)
    assert run(salesforce).created == 0

    done = swept(salesforce)

    assert (done.trigger, done.created, done.held, done.missed) == ("sweep", 1, 1, 2)
    assert Connection.objects.values_list("cursor_modified_at", "cursor_external_id").get() == cursor
    again = swept(salesforce)
    assert (again.created, again.missed, Contract.objects.count()) == (0, 0, 2)


def test_sweep_finds_what_lies_before_the_cursor_in_hubspot(
    hubspot: Connection, portal: Portal, run: Run
) -> None:
    sell_in_hubspot(portal)
    settle_clock(portal)
    run(hubspot)
    portal.add_deal(
        dealname="Late",
        dealstage="closedwon",
        amount="500",
        deal_currency_code="USD",
        closedate=f"{TODAY}T17:00:00Z",
        contract_term_months="12",
        billing_frequency="quarterly",
        company_id=portal.add_company(name="Late Inc", domain="late.example"),
        modified_at=datetime.now(UTC) - LONG_AGO,
    )
    assert run(hubspot).created == 0

    done = swept(hubspot)

    assert (done.created, done.missed) == (1, 1)
    assert swept(hubspot).created == 0


def test_a_deal_won_since_the_last_poll_is_imported_and_not_called_missed(
    salesforce: Connection, org: Org, run: Run
) -> None:
    sell(org, modified_at=datetime.now(UTC) - timedelta(hours=1))
    run(salesforce)
    sell(org)

    done = swept(salesforce)

    assert (done.created, done.missed) == (1, 0)


def test_sweep_of_what_is_complete_changes_nothing(salesforce: Connection, org: Org, run: Run) -> None:
    org.add_won_deals(20)
    sell(org, Amount=None)
    run(salesforce)
    unwritten = ["SyncRun", "ConnectionLease", "Connection"]
    before = row_versions(but=unwritten)

    done = swept(salesforce)

    assert (done.seen, done.missed, row_versions(but=unwritten)) == (21, 0, before)


def test_case_49_deleted_in_salesforce_and_restored(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    org.delete(deal)

    done = swept(salesforce)

    assert (done.suspended, states(), marks()) == (
        1,
        ["suspended"],
        [("imported", "deleted", "suspended")],
    )
    record = SyncRecord.objects.get(outcome="suspended")
    assert record.sentence == (
        "The deal was deleted in the CRM. The contract is suspended: nothing has been invoiced, and the "
        "planned instalments are paused."
    )
    assert swept(salesforce).suspended == 0
    org.edit(deal, IsDeleted=False)
    run(salesforce)
    assert (states(), marks(), Contract.objects.count()) == (["active"], [("imported", "", "")], 1)


def test_case_49_purged_from_the_recycle_bin(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    del org.tables["Opportunity"][deal]

    swept(salesforce)

    assert (states(), marks()) == (["suspended"], [("imported", "deleted", "suspended")])


def test_case_49_archived_in_hubspot_and_restored_without_a_stamp(
    hubspot: Connection, portal: Portal, run: Run
) -> None:
    deal = sell_in_hubspot(portal)
    settle_clock(portal)
    run(hubspot)
    portal.archive_deal(deal)

    done = swept(hubspot)

    assert (done.suspended, states(), marks()) == (
        1,
        ["suspended"],
        [("imported", "archived", "suspended")],
    )
    portal.restore_deal(deal)
    done = swept(hubspot)
    assert (done.updated, states(), marks()) == (1, ["active"], [("imported", "", "")])


def test_gone_for_good_in_hubspot(hubspot: Connection, portal: Portal, run: Run) -> None:
    deal = sell_in_hubspot(portal)
    settle_clock(portal)
    run(hubspot)
    portal.delete_for_good("deals", deal)

    swept(hubspot)

    assert (states(), marks()) == (["suspended"], [("imported", "deleted", "suspended")])


def test_sweep_sees_who_left_won_without_a_poll(salesforce: Connection, org: Org, run: Run) -> None:
    lost, held = sell(org), sell(org, Amount=None)
    run(salesforce)
    long_ago = datetime.now(UTC) - LONG_AGO
    org.edit(lost, StageName="Closed Lost", modified_at=long_ago)
    org.edit(held, StageName="Negotiation/Review", modified_at=long_ago)
    assert run(salesforce).suspended == 0

    done = swept(salesforce)

    assert (done.suspended, marks()) == (
        1,
        [("imported", "lost", "suspended"), ("left", "left_won", "")],
    )
    assert Hold.objects.get().resolution == "left_won"


def test_case_43_a_renamed_stage_asks(hubspot: Connection, portal: Portal, run: Run) -> None:
    portal.clock = lambda: datetime(2026, 11, 22, 12, tzinfo=UTC)
    portal.add_won_deals(21)
    settle_clock(portal)
    run(hubspot)
    portal.rename_stage("closedwon", "Won!")

    done = swept(hubspot)

    hubspot.refresh_from_db()
    assert (done.suspended, set(states()), hubspot.leavers_asked_at is None) == (0, {"active"}, False)
    assert hubspot.state == "degraded"
    portal.rename_stage("closedwon", "Closed Won")
    swept(hubspot)
    hubspot.refresh_from_db()
    assert (set(states()), set(marks()), hubspot.leavers_asked_at) == (
        {"active"},
        {("imported", "", "")},
        None,
    )


def test_sweep_stops_when_its_time_is_up_and_goes_on_from_there(
    salesforce: Connection, org: Org, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    org.add_won_deals(30)
    run(salesforce)
    late = datetime.now(UTC) - LONG_AGO
    for _ in range(30):
        sell(org, modified_at=late)
    monkeypatch.setattr(sweeping, "CHUNK", 7)
    org.max_page_size = 20

    rounds = 0
    while rounds == 0 or Connection.objects.exclude(sweep_part="").exists():
        swept(salesforce, may_continue=lambda: False)
        rounds += 1

    assert (Contract.objects.count(), SyncRun.objects.filter(trigger="sweep").count()) == (60, rounds)
    assert rounds > 10
    counts = SyncRun.objects.filter(trigger="sweep").values_list("missed", flat=True)
    assert sum(counts) == 30
    salesforce.refresh_from_db()
    assert (salesforce.sweep_part, salesforce.sweep_position) == ("", "")
    assert salesforce.last_sweep_at is not None


def test_won_ids_are_walked_page_by_page(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    org.add_won_deals(450)
    run(salesforce)
    monkeypatch.setattr(api, "PAGE_SIZE", 200)
    salesforce_server.reset_requests()

    done = swept(salesforce)

    assert (done.missed, done.created) == (0, 0)
    assert len(salesforce_server.requests) == done.api_calls
    assert done.api_calls == 3 + 3 + 1, "won ids, presence, accounts"


def test_2500_deals_of_one_window_are_imported_exactly_once(
    hubspot: Connection, portal: Portal, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubspot_client, "SEARCHES_PER_PAGE", 1)
    settle_clock(portal)
    run(hubspot)
    deals = set(portal.add_won_deals(2_500, companies=50))
    settle_clock(portal)
    settle_clock(portal)

    done = run(hubspot)

    assert (done.created + done.held, done.pages) == (2_500, 13)
    assert set(CrmDeal.objects.values_list("external_id", flat=True)) == deals
    assert (run(hubspot).created, CrmDeal.objects.count()) == (0, 2_500)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"cursor_modified_at": timezone.now()}, True),
        ({"cursor_modified_at": timezone.now(), "last_sweep_at": timezone.now()}, False),
        ({"cursor_modified_at": timezone.now(), "last_sweep_at": timezone.now() - timedelta(days=2)}, True),
        (
            {
                "cursor_modified_at": timezone.now(),
                "last_sweep_at": timezone.now(),
                "sweep_part": "stored",
            },
            True,
        ),
        ({"cursor_modified_at": timezone.now(), "state": "broken"}, False),
    ],
)
def test_who_is_due(salesforce: Connection, changes: dict[str, object], expected: bool) -> None:
    Connection.objects.update(**changes)

    tasks.sweep_due()

    assert (OrmQ.objects.count() == 1) is expected


def test_task_sweeps(salesforce: Connection, org: Org) -> None:
    sell(org)

    tasks.sweep(salesforce.pk)

    assert SyncRun.objects.values_list("trigger", "state", "created").get() == ("sweep", "done", 1)


def test_command_sweeps(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org)
    run(salesforce)
    sell(org, modified_at=datetime.now(UTC) - LONG_AGO)
    answer = StringIO()

    call_command("sync_crm", "--sweep", "--json", stdout=answer)

    (told,) = json.loads(answer.getvalue())["runs"]
    assert (told["state"], told["created"], told["missed"], told["seen"]) == ("done", 1, 1, 3)


@pytest.mark.parametrize("other", ["--full", "--replay-held", "--dry-run", "--since=2026-01-01T00:00Z"])
def test_command_sweeps_alone(salesforce: Connection, other: str) -> None:
    with pytest.raises(CommandError):
        call_command("sync_crm", "--sweep", other)


def test_case_52_merged_accounts_follow_the_survivor(salesforce: Connection, org: Org, run: Run) -> None:
    loser, winner = org.add_account("Acme"), org.add_account("Acme Group")
    deal = sell(org, account=loser)
    run(salesforce)
    org.edit(loser, IsDeleted=True, MasterRecordId=winner)

    swept(salesforce)

    customer = Customer.objects.get()
    accounts = CrmAccount.objects.order_by("pk").values_list("external_id", "customer_id")
    assert list(accounts) == [(loser, customer.pk), (winner, customer.pk)]
    assert AuditEntry.objects.get(action="CRM account merged").after == {"account": winner}
    org.edit(deal, AccountId=winner)
    run(salesforce)
    assert (Customer.objects.get().name, Contract.objects.get().customer) == ("Acme Group", customer)
    swept(salesforce)
    assert CrmAccount.objects.count() == 2


def test_case_52_customers_are_never_merged(salesforce: Connection, org: Org, run: Run) -> None:
    loser, winner = org.add_account("Acme"), org.add_account("Acme Group")
    sell(org, account=loser)
    sell(org, account=winner)
    run(salesforce)
    org.edit(loser, IsDeleted=True, MasterRecordId=winner)

    swept(salesforce)

    assert (Customer.objects.count(), CrmAccount.objects.count()) == (2, 2)
