"""Nothing that is won in Salesforce is missed or doubled, counted against the org's own list."""

from datetime import timedelta

import pytest

from crm_sync.clients.http import TRIES
from crm_sync.models import Connection
from demo.http_server import Server
from demo.salesforce.faults import ENDPOINTS
from demo.salesforce.org import Org
from demo.salesforce.values import moment_text
from tests.crm_sync.clients.portals import NOON, StandingClock
from tests.crm_sync.conftest import Run
from tests.crm_sync.counted.own_lists import imported_once, won_in_org
from tests.crm_sync.counted.request_log import LATER, requests_of
from tests.crm_sync.importing.test_sweeping import swept
from tests.crm_sync.sales import sell

FIVE_MINUTES = timedelta(minutes=5)
LATER_PAGES = ENDPOINTS["Any query, later pages"]


@pytest.fixture(params=["first import", "poll"])
def moment(
    request: pytest.FixtureRequest, salesforce: Connection, org: Org, run: Run, clock: StandingClock
) -> str:
    """Whether the connection has read a deal before."""
    if request.param == "poll":
        sell(org)
        run(salesforce)
        clock.move(LATER)
    return str(request.param)


def over_an_hour(org: Org, count: int) -> list[str]:
    """The newest one now, the others further back than the overlap of a poll."""
    deals = org.add_won_deals(count)
    for number, deal in enumerate(reversed(deals)):
        org.touch(deal, at=org.now() - number * timedelta(hours=1) / count)
    return deals


def with_one_stamp(org: Org, count: int) -> None:
    for deal in org.add_won_deals(count):
        org.touch(deal)


@pytest.mark.slow
@pytest.mark.usefixtures("moment")
def test_3000_deals_with_one_stamp(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, clock: StandingClock
) -> None:
    with_one_stamp(org, 3_000)
    salesforce_server.reset_requests()

    first = run(salesforce)
    again = run(salesforce)

    stamps = [row["SystemModstamp"] for row in org.records("Opportunity")]
    assert stamps.count(moment_text(clock.now)) == 3_000
    assert (first.created, first.pages, again.created) == (3_000, 2, 0)
    assert imported_once() == won_in_org(org)


@pytest.mark.usefixtures("moment")
@pytest.mark.parametrize("stamps", ["one", "many"])
def test_one_page_a_run_gets_to_the_end(
    salesforce: Connection, org: Org, run: Run, clock: StandingClock, stamps: str
) -> None:
    """Runs whose time is up after each page: the next continues behind that page."""
    org.max_page_size = 50
    with_one_stamp(org, 400) if stamps == "one" else over_an_hour(org, 400)

    runs = []
    for _ in range(8):
        runs.append(run(salesforce, may_continue=lambda: False))
        clock.move(timedelta(seconds=10))

    assert [done.seen for done in runs] == [50] * 8
    assert sum(done.unchanged for done in runs) <= 1
    run(salesforce, may_continue=lambda: False)
    assert imported_once() == won_in_org(org)


@pytest.mark.usefixtures("moment")
def test_one_page_a_run_while_deals_are_won_and_edited(
    salesforce: Connection, org: Org, run: Run, clock: StandingClock
) -> None:
    """What moves behind the window of a broken walk is found by the next one."""
    org.max_page_size = 50
    deals = over_an_hour(org, 400)
    for number in range(4):
        run(salesforce, may_continue=lambda: False)
        clock.move(FIVE_MINUTES)
        org.edit(deals[-1 - number], Name="Renamed")
        sell(org)

    for _ in range(20):
        run(salesforce, may_continue=lambda: False)

    assert imported_once() == won_in_org(org)


def test_row_that_becomes_visible_20_minutes_late(
    salesforce: Connection, org: Org, run: Run, clock: StandingClock
) -> None:
    """Its transaction took so long: it appears behind the cursor, with the stamp of its beginning."""
    late = sell(org, visible_in=timedelta(minutes=20))

    created = []
    for _ in range(6):
        clock.move(FIVE_MINUTES)
        sell(org)
        created.append(run(salesforce).created)

    assert org.record(late)["SystemModstamp"] == moment_text(NOON)
    assert created == [1, 1, 1, 2, 1, 1]
    assert imported_once() == won_in_org(org)


def test_row_that_becomes_visible_two_days_late_is_found_by_the_sweep(
    salesforce: Connection, org: Org, run: Run, clock: StandingClock
) -> None:
    sell(org, visible_in=timedelta(days=2))
    clock.move(timedelta(days=1))
    sell(org)
    run(salesforce)
    clock.move(timedelta(days=1))
    sell(org)
    polls = [run(salesforce).created for _ in range(2)]

    sweeps = [swept(salesforce) for _ in range(2)]

    assert polls == [1, 0]
    assert [(sweep.created, sweep.missed) for sweep in sweeps] == [(1, 1), (0, 0)]
    assert imported_once() == won_in_org(org)


@pytest.mark.slow
@pytest.mark.usefixtures("moment")
@pytest.mark.parametrize(
    "fault", ["previous_page", "duplicate_rows", "overlapping_rows", "reversed_rows", "self_link"]
)
@pytest.mark.parametrize("nth", [1, 2])
def test_page_that_repeats_or_stands_still(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, fault: str, nth: int
) -> None:
    org.max_page_size = 50
    over_an_hour(org, 170)
    salesforce_server.faults.add(fault, endpoint=LATER_PAGES, nth=nth, times=1)

    runs = [run(salesforce) for _ in range(3)]

    assert runs[-1].state == "done"
    assert {done.state for done in runs} <= {"done", "failed"}
    assert imported_once() == won_in_org(org)


@pytest.mark.slow
@pytest.mark.usefixtures("moment")
@pytest.mark.parametrize("fault", ["missing_rows", "empty_page", "swapped_pages"])
def test_rows_that_a_page_keeps_back_are_found_by_the_sweep(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, fault: str
) -> None:
    """A page that shows fewer rows than it has looks like one whose rows were deleted since."""
    org.max_page_size = 50
    over_an_hour(org, 170)
    salesforce_server.faults.add(fault, endpoint=LATER_PAGES, nth=1, times=1)
    for _ in range(2):
        run(salesforce)

    swept(salesforce)

    assert imported_once() == won_in_org(org)


@pytest.mark.usefixtures("moment")
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_page_that_fails(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, nth: int
) -> None:
    org.max_page_size = 50
    over_an_hour(org, 170)
    salesforce_server.faults.add(
        "status", code=503, retry_after="0", endpoint=LATER_PAGES, nth=nth, times=TRIES
    )

    first, second = run(salesforce), run(salesforce)

    assert (first.state, first.seen, second.state) == ("failed", 50 * nth, "done")
    assert imported_once() == won_in_org(org)


def test_poll_reads_the_last_half_hour_before_the_newest_change_again(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, clock: StandingClock
) -> None:
    """However long nothing else happens: that is why more than a page of them is no quiet poll."""
    org.max_page_size = 50
    over_an_hour(org, 120)
    run(salesforce)
    clock.move(LATER)
    salesforce_server.reset_requests()

    done = run(salesforce)

    assert (done.seen, done.unchanged, requests_of(salesforce_server)) == (61, 61, {"queryAll": 2})
