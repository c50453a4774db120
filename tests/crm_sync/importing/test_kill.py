"""Syncs that are killed: nothing of the page they were writing stays, and the next run completes it."""

import json
import multiprocessing
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection as database
from django.db import connections

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from contracts.clock import business_day
from contracts.models import Contract
from crm_sync.connections.settings import save_settings
from crm_sync.enums import ConnectionMode
from crm_sync.errors import LeaseHeld
from crm_sync.models import Connection, CrmDeal, SyncRun
from demo.http_server import Request, Response
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell
from tests.crm_sync.stored import forget_imports, stored
from tests.invariants import assert_no_violations
from tests.processes import Manage

FORK = multiprocessing.get_context("fork")
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Dump = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def undisturbed(transactional_db: None, salesforce: Connection, org: Org, run: Run) -> Dump:
    """What three pages of deals come to when nothing happens. The database is empty again afterwards."""
    ensure_legal_entity(country="IE")
    org.max_page_size = 10
    org.add_won_deals(24)
    sell(org, Amount=None)
    today = business_day()
    run(salesforce, as_of=today)
    invoice_due(as_of=today, trigger=BillingTrigger.SYNC)
    found = stored()
    forget_imports()
    return found


@pytest.fixture
def gate(transactional_db: None) -> Iterator[Callable[..., None]]:
    """Closes a gate in the database: whoever comes to that statement waits in it until it is opened."""

    def close(*, table: str, event: str = "INSERT", from_contracts: int = 0) -> None:
        with database.cursor() as cursor:
            cursor.execute("CREATE TABLE gate AS SELECT %s AS from_contracts", [from_contracts])
            cursor.execute(
                f"""
                CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    WHILE (SELECT count(*) FROM contracts_contract) >= (SELECT from_contracts FROM gate) LOOP
                        PERFORM pg_sleep(0.02);
                    END LOOP;
                    RETURN NULL;
                END $$;
                CREATE TRIGGER gate BEFORE {event} ON {table} EXECUTE FUNCTION wait_at_gate()
                """
            )

    yield close
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM gate")
        cursor.execute("DROP FUNCTION wait_at_gate CASCADE")
        cursor.execute("DROP TABLE gate")


def wait_until(happened: Callable[[], bool], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def _many_deals_at_once_are_usual(salesforce: Connection) -> None:
    """Else their billing would wait for a person."""
    Connection.objects.update(most_new_deals=30_000)


def somebody_waits_at_the_gate() -> bool:
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event = 'PgSleep'"
        )
        return bool(cursor.fetchone()[0])


def kill(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL


def open_gate() -> None:
    with database.cursor() as cursor:
        cursor.execute("DELETE FROM gate")


def sync_at_once(run: Run, connection: Connection, **order: Any) -> SyncRun:
    """The next run. The server needs a moment to see that a session is gone."""
    found: list[SyncRun] = []

    def try_it() -> bool:
        try:
            found.append(run(connection, **order))
        except LeaseHeld:
            return False
        return True

    wait_until(try_it, seconds=5)
    return found[0]


@pytest.mark.parametrize(
    ("place", "stays"),
    [
        ({"table": "crm_sync_syncrun"}, 0),
        ({"table": "contracts_customer"}, 0),
        ({"table": "billing_instalment"}, 0),
        ({"table": "crm_sync_syncrecord"}, 0),
        ({"table": "crm_sync_connection", "event": "UPDATE OF cursor_modified_at"}, 0),
        ({"table": "billing_instalment", "from_contracts": 11}, 10),
        ({"table": "crm_sync_connection", "event": "UPDATE OF cursor_modified_at", "from_contracts": 24}, 20),
        ({"table": "crm_sync_connection", "event": "UPDATE OF last_success_at"}, 24),
        ({"table": "billing_invoice"}, 24),
    ],
    ids=lambda value: "-".join(str(part) for part in value.values()) if isinstance(value, dict) else "",
)
def test_killed_within_a_transaction(
    undisturbed: Dump,
    gate: Callable[..., None],
    salesforce: Connection,
    run: Run,
    manage: Manage,
    place: dict[str, Any],
    stays: int,
) -> None:
    gate(**place)
    victim = manage.start("sync_crm")
    wait_until(somebody_waits_at_the_gate)

    kill(victim)
    left = stored()
    open_gate()
    today = business_day()
    done = sync_at_once(run, salesforce, as_of=today)
    invoice_due(as_of=today, trigger=BillingTrigger.SYNC)

    assert [len(left[name]) for name in ("contracts", "schedules", "deals")] == (
        [stays, stays, stays if stays < 24 else 25]
    )
    assert (done.state, done.created) == ("done", 24 - stays)
    assert stored() == undisturbed
    assert set(SyncRun.objects.values_list("state", flat=True)) <= {"done", "errored"}
    assert_no_violations()


def test_killed_between_a_page_and_the_settling_of_who_left(
    gate: Callable[..., None], salesforce: Connection, org: Org, run: Run, manage: Manage
) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, StageName="Closed Lost")
    gate(table="contracts_auditentry")
    victim = manage.start("sync_crm")
    wait_until(somebody_waits_at_the_gate)

    kill(victim)
    left = (Contract.objects.get().state, CrmDeal.objects.get().left_reason)
    open_gate()
    del org.tables["Opportunity"][deal]  # no page tells of it any more
    done = sync_at_once(run, salesforce)

    assert left == ("active", "lost")
    assert (done.state, done.suspended, Contract.objects.get().state) == ("done", 1, "suspended")
    assert_no_violations()


def test_killed_between_two_pages(
    undisturbed: Dump, salesforce: Connection, org: Org, manage: Manage
) -> None:
    asked, answered = threading.Event(), threading.Event()

    def keep_waiting(request: Request) -> Response | None:
        if request.path.endswith("-20"):
            asked.set()
            answered.wait(30)
        return None

    org.intercept = keep_waiting
    victim = manage.start("sync_crm")
    assert asked.wait(30)

    kill(victim)
    org.intercept = None
    answered.set()
    left = Contract.objects.count()
    done = manage("sync_crm", "--json")

    assert left == 20
    assert (done.code, json.loads(done.output)["runs"][0]["created"]) == (0, 4)
    assert stored() == undisturbed
    assert list(SyncRun.objects.order_by("id").values_list("state", "pages")) == [("errored", 2), ("done", 1)]
    assert_no_violations()


def die_at(point: int, work: Callable[[], object]) -> None:
    """Kills this process at its nth step: the moment before a statement, and before and after a commit."""
    steps = 0
    copy, commit = psycopg.Cursor.copy, database._commit  # type: ignore[attr-defined]

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def execute(inner: Callable[..., Any], *args: Any) -> Any:
        step()
        return inner(*args)

    def stepped_copy(*args: Any, **kwargs: Any) -> Any:
        step()
        return copy(*args, **kwargs)

    def stepped_commit() -> None:
        step()
        commit()
        step()

    database._commit = stepped_commit  # type: ignore[attr-defined]
    psycopg.Cursor.copy = stepped_copy  # type: ignore[method-assign]
    with database.execute_wrapper(execute):
        work()


def killed_at(point: int, work: Callable[[], object]) -> bool:
    """Does the work in a process that dies at the nth step. False when it came to its end before."""
    connections.close_all()
    process = FORK.Process(target=die_at, args=(point, work))
    process.start()
    process.join(30)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


@pytest.mark.timeout(300)
def test_killed_at_every_statement(salesforce: Connection, org: Org, run: Run) -> None:
    org.max_page_size = 3
    account = org.add_account("Acme")
    changed = sell(org, account=account)
    mended = sell(org, Amount=None)
    sell(org, Amount=None)
    begin = [dict(org.record(deal)) for deal in (changed, mended)]
    run(salesforce)
    org.edit(changed, Amount=2400)
    org.edit(mended, Amount=1200)
    sell(org, account=account, Amount=300)
    sell(org, account=account, Amount=300)
    after = [dict(org.record(deal)) for deal in (changed, mended)]

    def rewind(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            org.tables["Opportunity"][row["Id"]] = row

    run(salesforce)
    undisturbed = stored()
    points = 0
    for point in range(1, 500):
        forget_imports()
        rewind(begin)
        held_back = {key: org.tables["Opportunity"].pop(key) for key in list(org.tables["Opportunity"])[3:]}
        run(salesforce)
        org.tables["Opportunity"] |= held_back
        rewind(after)
        if not killed_at(point, lambda: run(salesforce)):
            break
        points += 1
        assert_no_violations()
        done = sync_at_once(run, salesforce)
        assert (done.state, stored()) == ("done", undisturbed), f"killed at step {point}"

    assert_no_violations()
    assert points > 60


def preview_first(connection: Connection) -> None:
    save_settings(connection=connection, changes={"mode": ConnectionMode.PREVIEW}, actor=None)


BUSINESS = ("customers", "accounts", "contracts", "schedules", "instalments")


def business(dump: Dump) -> Dump:
    return {name: dump[name] for name in BUSINESS}


def test_a_preview_that_is_killed_loses_no_deal_for_the_mode_after_it(
    undisturbed: Dump, salesforce: Connection, run: Run, manage: Manage, gate: Callable[..., None]
) -> None:
    preview_first(salesforce)
    gate(table="crm_sync_syncrecord")
    process = manage.start("sync_crm", "--json")
    wait_until(somebody_waits_at_the_gate)
    kill(process)
    open_gate()
    assert (CrmDeal.objects.count(), Contract.objects.count()) == (0, 0)

    previewed = sync_at_once(run, salesforce)
    save_settings(connection=salesforce, changes={"mode": ConnectionMode.LIVE}, actor=None)
    today = business_day()
    done = run(salesforce, as_of=today)
    invoice_due(as_of=today, trigger=BillingTrigger.SYNC)

    assert (previewed.previewed, done.created, done.held) == (25, 24, 1)
    assert business(stored()) == business(undisturbed)
    assert_no_violations()


def test_a_change_of_mode_waits_for_the_page_being_written_and_stops_the_rest(
    salesforce: Connection, org: Org, run: Run, manage: Manage, gate: Callable[..., None]
) -> None:
    org.max_page_size = 200
    org.add_won_deals(500)
    gate(table="crm_sync_syncrecord")
    process = manage.start("sync_crm", "--json")
    wait_until(somebody_waits_at_the_gate)

    def change() -> None:
        preview_first(Connection.objects.get(pk=salesforce.pk))
        connections.close_all()

    changing = threading.Thread(target=change)
    changing.start()
    wait_until(somebody_waits_for_a_lock)
    open_gate()
    changing.join(30)
    process.communicate(timeout=60)

    assert (Contract.objects.count(), CrmDeal.objects.count()) == (200, 200)
    done = sync_at_once(run, salesforce)
    assert (done.previewed, Contract.objects.count(), CrmDeal.objects.count()) == (300, 200, 500)


def somebody_waits_for_a_lock() -> bool:
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])
