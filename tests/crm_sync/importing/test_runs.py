"""The claim on a connection, the fence around every write, and how runs end."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.utils import timezone

from crm_sync import runs
from crm_sync.deals import Cursor
from crm_sync.enums import ConnectionState, Outcome, RunState, RunTrigger
from crm_sync.errors import NEXT_POLL, ConfigError, LeaseHeld, LeaseLost, TransientError
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import finding
from crm_sync.importing import run_ends
from crm_sync.models import Connection, ConnectionLease, CrmOrg, MappingVersion, SyncRun
from tests.crm_sync.told import told_by

MOMENT = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


@pytest.fixture
def connection(db: None) -> Connection:
    """Connected, its mapping confirmed, nothing read."""
    org = CrmOrg.objects.create(provider="salesforce", external_id="00D1", name="Acme")
    connection = Connection.objects.create(
        provider="salesforce",
        name="Salesforce",
        org=org,
        state=ConnectionState.CONNECTED,
        import_from=MOMENT.date(),
        default_currency="USD",
    )
    connection.mapping_version = MappingVersion.objects.create(connection=connection, number=1, snapshot={})
    connection.save()
    return connection


def claim(connection: Connection) -> SyncRun:
    return runs.claim(connection=connection, trigger=RunTrigger.COMMAND, actor=None)


def test_claim_opens_a_run(connection: Connection, finance: User) -> None:
    Connection.objects.update(cursor_modified_at=MOMENT)

    run = runs.claim(connection=connection, trigger=RunTrigger.PERSON, actor=finance)

    assert (run.state, run.trigger, run.actor, run.window_from) == ("running", "person", finance, MOMENT)
    lease = ConnectionLease.objects.get()
    assert (lease.token, run.lease_token, lease.backend_pid) == (1, 1, backend_pid())


def backend_pid() -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    return int(pid)


def test_lease_of_a_run_at_work_is_refused(connection: Connection) -> None:
    run = claim(connection)

    with pytest.raises(LeaseHeld, match=r"^Another run is working on Salesforce\.$"):
        claim(connection)

    assert list(SyncRun.objects.values_list("pk", "state")) == [(run.pk, "running")]


def test_lease_of_a_run_that_ended_is_free(connection: Connection) -> None:
    first = claim(connection)
    run_ends.finish(run=first, api_calls=1, warnings=[])

    second = claim(connection)

    assert (first.lease_token, second.lease_token) == (1, 2)


def test_lease_that_ran_out_is_taken_over(connection: Connection) -> None:
    first = claim(connection)
    ConnectionLease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    second = claim(connection)

    first.refresh_from_db()
    assert (first.state, first.error_kind, first.finished_at is None) == ("errored", "internal", False)
    assert first.error == (
        "The run was interrupted. What it had stored stands, and the next run went on from there."
    )
    assert (second.state, second.lease_token) == ("running", 2)


@pytest.mark.parametrize(
    "gone", [{"backend_pid": 2_000_000_000}, {"backend_start": MOMENT}], ids=["process", "number given again"]
)
def test_lease_of_a_process_that_died_is_taken_over_at_once(
    connection: Connection, gone: dict[str, object]
) -> None:
    claim(connection)
    ConnectionLease.objects.update(**gone)

    assert claim(connection).lease_token == 2


@pytest.fixture
def elsewhere(transactional_db: None) -> Iterator[psycopg.Connection]:
    """Another session on the same database."""
    params = database.get_connection_params()
    with psycopg.connect(host=params["host"], user=params["user"], dbname=params["dbname"]) as other:
        yield other
        other.rollback()


def test_lease_is_held_while_its_row_is_locked_for_long(
    connection: Connection, elsewhere: psycopg.Connection
) -> None:
    """As by a run that writes a page for longer than one may wait for a lock."""
    run_ends.finish(run=claim(connection), api_calls=0, warnings=[])
    elsewhere.execute("UPDATE crm_sync_connectionlease SET token = token")
    with database.cursor() as cursor:
        cursor.execute("SET lock_timeout = 200")

    try:
        with pytest.raises(LeaseHeld, match="or another database session has locked its lease"):
            claim(connection)
    finally:
        with database.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


def test_fence_lets_the_holder_pass_and_prolongs_the_lease(connection: Connection) -> None:
    run = claim(connection)
    ConnectionLease.objects.update(expires_at=timezone.now())

    runs.fence(run=run)

    assert ConnectionLease.objects.get().expires_at > timezone.now() + timedelta(minutes=9)  # type: ignore[operator]


def test_fence_stops_a_run_whose_lease_was_taken(connection: Connection) -> None:
    run = claim(connection)
    ConnectionLease.objects.update(token=7)

    with pytest.raises(LeaseLost):
        runs.fence(run=run)


@pytest.mark.parametrize(
    "unready",
    [{"state": "broken"}, {"state": "paused"}, {"state": "not_connected"}, {"mapping_version": None}],
    ids=str,
)
def test_connection_that_is_not_ready_gets_no_run(connection: Connection, unready: dict[str, object]) -> None:
    """Also when it was ready a moment ago, as far as the caller knew."""
    Connection.objects.update(**unready)

    with pytest.raises(runs.UnableToSync):
        claim(connection)

    assert not SyncRun.objects.exists()
    assert not ConnectionLease.objects.filter(expires_at__isnull=False).exists()


def test_pages_add_up_and_move_the_cursor(connection: Connection) -> None:
    run = claim(connection)
    one = runs.Progress(
        seen=2000, api_calls=3, expected=2500, outcomes=Counter({Outcome.CREATED: 1990, Outcome.HELD: 10})
    )
    two = runs.Progress(seen=500, api_calls=4, expected=None, outcomes=Counter({Outcome.CREATED: 500}))

    runs.advance(run=run, progress=one, cursor=Cursor(modified_at=MOMENT, external_id="006B"))
    runs.advance(run=run, progress=two, cursor=None)

    run.refresh_from_db()
    assert (run.pages, run.seen, run.expected, run.api_calls) == (2, 2500, 2500, 4)
    assert (run.created, run.held, run.updated) == (2490, 10, 0)
    connection.refresh_from_db()
    assert (connection.cursor_modified_at, connection.cursor_external_id) == (MOMENT, "006B")


def ended(connection: Connection) -> tuple[object, ...]:
    connection.refresh_from_db()
    run = SyncRun.objects.get()
    lease = ConnectionLease.objects.get()
    return run.state, run.error, connection.state, connection.state_reason, lease.expires_at


def test_run_that_is_done(connection: Connection) -> None:
    Connection.objects.update(state=ConnectionState.DEGRADED, state_reason="Busy.", not_before=MOMENT)

    run_ends.finish(run=claim(connection), api_calls=3, warnings=[])

    assert ended(connection) == (RunState.DONE, "", ConnectionState.CONNECTED, "", None)
    assert (connection.not_before, connection.last_success_at is None) == (None, False)


def test_run_that_is_done_with_warnings(connection: Connection) -> None:
    run_ends.finish(
        run=claim(connection), api_calls=3, warnings=[finding(FindingCode.DEALS_NAMELESS, deals=2)]
    )

    assert ended(connection) == (RunState.DONE, "", ConnectionState.DEGRADED, "", None)
    assert (
        told_by(connection)
        == told_by(SyncRun.objects.get())
        == ["HubSpot listed 2 deals without a readable id."]
    )


def test_connection_that_was_paused_meanwhile_stays_paused(connection: Connection) -> None:
    run = claim(connection)
    Connection.objects.update(state=ConnectionState.PAUSED)

    run_ends.finish(run=run, api_calls=3, warnings=[])

    assert ended(connection)[2] == ConnectionState.PAUSED


def test_run_that_failed_for_good(connection: Connection) -> None:
    error = ConfigError("The token was revoked.", next_step="Connect again.", breaks=True)

    run_ends.fail(run=claim(connection), error=error, api_calls=1)

    text = "The token was revoked. Connect again."
    assert ended(connection) == (RunState.FAILED, text, ConnectionState.BROKEN, text, None)


def test_run_that_failed_for_the_setup(connection: Connection) -> None:
    run_ends.fail(run=claim(connection), error=ConfigError("A field is gone."), api_calls=1)

    text = "A field is gone."
    assert ended(connection) == (RunState.FAILED, text, ConnectionState.DEGRADED, text, None)


def test_run_that_failed_in_passing(connection: Connection) -> None:
    run_ends.fail(run=claim(connection), error=TransientError("No answer.", next_step="Wait."), api_calls=1)

    assert ended(connection) == (RunState.FAILED, "No answer. Wait.", ConnectionState.CONNECTED, "", None)


@pytest.mark.parametrize(("asked", "pause"), [(60.0, 60), (10.0**7, 24 * 3600)])
def test_run_that_was_asked_to_wait(connection: Connection, asked: float, pause: int) -> None:
    before = timezone.now()

    error = TransientError("Too many.", retry_after=asked)
    run_ends.fail(run=claim(connection), error=error, api_calls=1)

    assert ended(connection)[2:4] == (ConnectionState.DEGRADED, f"Too many. {NEXT_POLL}")
    assert connection.not_before is not None
    assert timedelta(0) <= connection.not_before - before - timedelta(seconds=pause) < timedelta(seconds=5)


def test_run_that_errored(connection: Connection) -> None:
    run_ends.crash(run=claim(connection), api_calls=1)

    assert ended(connection)[:4] == (RunState.ERRORED, run_ends.OURS, ConnectionState.CONNECTED, "")


@pytest.mark.parametrize("end", ["fail", "crash"])
def test_run_that_lost_its_lease_says_nothing_about_the_connection(connection: Connection, end: str) -> None:
    run = claim(connection)
    ConnectionLease.objects.update(token=7)

    if end == "fail":
        run_ends.fail(run=run, error=ConfigError("Gone.", breaks=True), api_calls=1)
    else:
        run_ends.crash(run=run, api_calls=1)

    connection.refresh_from_db()
    run.refresh_from_db()
    assert (run.state, connection.state, ConnectionLease.objects.get().token) == ("running", "connected", 7)
