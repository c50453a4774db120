"""A walk through Salesforce's changes that is broken off: it continues, it ends, and nothing falls in between."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.functions import Now

from contracts.models import Contract
from crm_sync.models import Connection, SyncRun
from demo.http_server import Server
from demo.salesforce.answers import rest_error
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def ten_to_a_page(org: Org) -> None:
    org.max_page_size = 10


def once(run: Run, connection: Connection) -> SyncRun:
    """As a worker does that has time for a single page."""
    return run(connection, may_continue=lambda: False)


def count_until_done(run: Run, connection: Connection) -> list[int]:
    """How many deals each run saw, up to the one that came to the end of the window."""
    seen: list[int] = []
    while len(seen) < 50:
        seen.append(once(run, connection).seen)
        connection.refresh_from_db()
        if connection.cursor_window_end is None:
            break
    return seen


@pytest.mark.usefixtures("ten_to_a_page")
def test_first_import_in_runs_of_one_page(salesforce: Connection, org: Org, run: Run) -> None:
    org.add_won_deals(45, modified_at=NOON)

    seen = count_until_done(run, salesforce)

    assert (seen, Contract.objects.count()) == ([10, 10, 10, 10, 5], 45)
    assert salesforce.cursor_modified_at == NOON


@pytest.mark.usefixtures("ten_to_a_page")
def test_more_changes_within_the_overlap_than_a_run_can_read(
    salesforce: Connection, org: Org, run: Run
) -> None:
    """Every run that began again at the cursor less thirty minutes would read the same page for ever."""
    sell(org, modified_at=NOON)
    run(salesforce)
    org.add_won_deals(35, modified_at=NOON)
    late = sell(org, modified_at=NOON + timedelta(minutes=1))

    seen = count_until_done(run, salesforce)

    assert (seen, Contract.objects.count()) == ([10, 10, 10, 7], 37)
    assert salesforce.cursor_external_id == late


@pytest.mark.usefixtures("ten_to_a_page")
def test_a_row_that_becomes_visible_behind_the_walk_is_found_by_the_next(
    salesforce: Connection, org: Org, run: Run
) -> None:
    """The next window overlaps the moment at which this one began to be read, not the one at which it ended."""
    began = datetime.now(UTC)
    org.add_won_deals(25, modified_at=began - timedelta(minutes=50))
    once(run, salesforce)
    sell(org, Name="Late", modified_at=began - timedelta(minutes=70))

    seen = count_until_done(run, salesforce)
    reached = salesforce.cursor_modified_at
    more = count_until_done(run, salesforce)

    assert (seen, reached) == ([10, 5], (began - timedelta(minutes=50)).replace(microsecond=0))
    assert (sum(more), Contract.objects.count()) == (26, 26)


@pytest.mark.usefixtures("ten_to_a_page")
def test_deals_changed_during_the_walk_belong_to_the_next_window(
    salesforce: Connection, org: Org, run: Run
) -> None:
    now = datetime.now(UTC)
    org.add_won_deals(15, modified_at=now - timedelta(hours=2))
    once(run, salesforce)
    changed = sell(org, Amount=900, modified_at=now + timedelta(minutes=10))

    seen = count_until_done(run, salesforce)
    count = Contract.objects.count()
    org.max_page_size = 2000
    run(salesforce)

    salesforce.refresh_from_db()
    assert (seen, count, Contract.objects.count()) == ([5], 15, 16)
    assert salesforce.cursor_external_id == changed


@pytest.mark.usefixtures("ten_to_a_page")
def test_moving_the_cursor_back_forgets_the_walk(salesforce: Connection, org: Org, run: Run) -> None:
    org.add_won_deals(25, modified_at=NOON)
    once(run, salesforce)
    salesforce.refresh_from_db()
    salesforce.forget_cursor()
    salesforce.save()

    done = run(salesforce)

    assert (done.seen, done.created, done.unchanged) == (25, 15, 10)


def test_row_query_timeout_is_asked_again_for_half_of_the_window(
    salesforce: Connection, org: Org, run: Run
) -> None:
    for day in range(60):
        org.add_won_deals(3, modified_at=NOON - timedelta(days=day))
    org.query_timeout_rows = 40

    done = run(salesforce)

    assert (done.state, done.created, Contract.objects.count()) == ("done", 180, 180)
    salesforce.refresh_from_db()
    assert (salesforce.cursor_modified_at, salesforce.cursor_window_end) == (NOON, None)


def test_row_query_timeout_goes_on_where_the_narrow_part_ended(
    salesforce: Connection, org: Org, run: Run
) -> None:
    org.max_page_size = 10
    for day in range(20):
        org.add_won_deals(3, modified_at=NOON - timedelta(days=day))
    org.query_timeout_rows = 15

    seen = count_until_done(run, salesforce)

    assert (sum(seen), Contract.objects.count()) == (60, 60)
    assert salesforce.cursor_modified_at == NOON


def test_row_query_timeout_of_a_minute_that_is_too_much_waits_for_the_next_poll(
    salesforce: Connection, org: Org, run: Run
) -> None:
    org.add_won_deals(50, modified_at=NOON)
    org.query_timeout_rows = 10

    stopped = run(salesforce)
    org.query_timeout_rows = None
    done = run(salesforce)

    assert (stopped.state, stopped.error) == (
        "failed",
        "Salesforce gave up on a query that ran too long. The next poll tries again.",
    )
    assert (done.state, done.created) == ("done", 50)


def test_row_410_a_retired_version_is_replaced_and_remembered(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    org.add_won_deals(1)
    Connection.objects.update(api_version="29.0")

    first, second = run(salesforce), run(salesforce)

    currency = 1  # asked once in a run that brings a deal we had not read
    salesforce.refresh_from_db()
    assert [(one.state, one.created, one.api_calls) for one in (first, second)] == [
        ("done", 1, 3 + currency),
        ("done", 0, 1),
    ]
    assert salesforce.api_version == "66.0"


def test_a_refusal_of_an_access_that_was_replaced_meanwhile_breaks_nothing(
    salesforce: Connection, org: Org, run: Run
) -> None:
    """Somebody reconnects while a run still works with the old token."""
    org.max_page_size = 10
    org.add_won_deals(25)

    def reconnect(page: SyncRun) -> None:
        Connection.objects.update(live_since=Now())
        org.intercept = lambda request: rest_error(
            "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization.", status=403
        )

    stopped = run(salesforce, on_page=reconnect)

    salesforce.refresh_from_db()
    assert (stopped.state, salesforce.state) == ("failed", "connected")
