"""Nothing that is won in HubSpot is missed or doubled, counted against the portal's own list."""

from datetime import timedelta

import pytest

from crm_sync.clients.http import TRIES
from crm_sync.clients.hubspot import client as hubspot_client
from crm_sync.models import Connection
from demo.http_server import Server
from demo.hubspot.faults import ENDPOINTS
from demo.hubspot.portal import Portal
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.conftest import Run
from tests.crm_sync.counted.own_lists import imported_once, won_in_portal
from tests.crm_sync.counted.request_log import A_SECOND, LATER, requests_of
from tests.crm_sync.importing.test_sweeping import swept
from tests.crm_sync.sales import sell_in_hubspot

FIVE_MINUTES = timedelta(minutes=5)
NOT_WON = ("contractsent", "closedlost", "20519881", "appointmentscheduled")
"""The third is labelled "Closed won"."""


@pytest.fixture(params=["first import", "poll"])
def moment(request: pytest.FixtureRequest, hubspot: Connection, run: Run, clock: StandingClock) -> str:
    """Whether the connection has been polled before."""
    if request.param == "poll":
        run(hubspot)
        clock.move(LATER)
    return str(request.param)


def over_hours(portal: Portal, clock: StandingClock) -> None:
    """601 won deals, most of them further back than the overlap of a poll."""
    for number in (201, 200, 200):
        portal.add_won_deals(number, companies=number)
        clock.move(LATER)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """200 deals to a page that is stored."""
    monkeypatch.setattr(hubspot_client, "SEARCHES_PER_PAGE", 1)


@pytest.mark.slow
def test_25000_changed_deals_in_one_window(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run, clock: StandingClock
) -> None:
    """Beyond the 10,000 results of a search, won ones among ten times as many others, 5,000 to a moment."""
    run(hubspot)
    clock.move(LATER)
    for _ in range(5):
        clock.move(A_SECOND)
        for _ in range(5):
            portal.add_won_deals(100, companies=100)
            for number in range(900):
                portal.add_deal(dealname="Not won", dealstage=NOT_WON[number % 4])
    clock.move(A_SECOND)
    hubspot_server.reset_requests()

    first = run(hubspot)
    asked = requests_of(hubspot_server)
    again = run(hubspot)

    assert (
        len({deal.properties["hs_lastmodifieddate"] for deal in portal.objects["deals"].records.values()})
        == 5
    )
    assert (first.state, first.seen, first.created, first.pages) == ("done", 25_000, 2_500, 25)
    assert (asked["search"], asked["deals"]) == (125 + 1, 25), "and one that counts a near miss"
    assert (again.created, again.unchanged) == (0, again.seen)
    assert imported_once() == won_in_portal(portal)


@pytest.mark.slow
def test_first_import_of_12000_won_deals(
    hubspot: Connection, portal: Portal, run: Run, clock: StandingClock
) -> None:
    portal.add_won_deals(12_000, companies=2_500)
    clock.move(A_SECOND)

    done = run(hubspot)

    assert (done.state, done.created) == ("done", 12_000)
    assert imported_once() == won_in_portal(portal)


@pytest.mark.usefixtures("moment", "small_pages")
def test_one_page_a_run_gets_to_the_end(
    hubspot: Connection, portal: Portal, run: Run, clock: StandingClock
) -> None:
    """Runs whose time is up after each page: the next continues behind that page."""
    portal.add_won_deals(1_001, companies=50)
    clock.move(A_SECOND)

    created = []
    for _ in range(6):
        created.append(run(hubspot, may_continue=lambda: False).created)
        clock.move(FIVE_MINUTES)

    assert created == [200] * 5 + [1]
    assert imported_once() == won_in_portal(portal)


@pytest.mark.usefixtures("moment", "small_pages")
def test_one_page_a_run_while_deals_are_won_and_edited(
    hubspot: Connection, portal: Portal, run: Run, clock: StandingClock
) -> None:
    """What leaves the window of a broken walk is found by the next one."""
    deals = portal.add_won_deals(801, companies=50)
    for number in range(4):
        clock.move(A_SECOND)
        run(hubspot, may_continue=lambda: False)
        clock.move(FIVE_MINUTES)
        portal.update_deal(deals[-1 - number], dealname="Renamed")
        sell_in_hubspot(portal)
    clock.move(A_SECOND)

    for _ in range(6):
        run(hubspot, may_continue=lambda: False)
        clock.move(FIVE_MINUTES)

    assert imported_once() == won_in_portal(portal)
    assert len(won_in_portal(portal)) == 805


@pytest.mark.parametrize("kind", ["new", "moved to won"])
def test_deal_that_the_index_shows_20_minutes_late(
    hubspot: Connection, portal: Portal, run: Run, clock: StandingClock, kind: str
) -> None:
    late = sell_in_hubspot(portal, dealstage="closedwon" if kind == "new" else "contractsent")
    if kind == "moved to won":
        run(hubspot)
        clock.move(LATER)
        portal.close_won(late)
    portal.delay_in_search(late, minutes=20)

    created = []
    for _ in range(6):
        clock.move(FIVE_MINUTES)
        created.append(run(hubspot).created)

    assert created == [0, 0, 0, 1, 0, 0]
    assert imported_once() == won_in_portal(portal) == [late]


def test_deal_that_the_index_shows_two_days_late_is_found_by_the_sweep(
    hubspot: Connection, portal: Portal, run: Run, clock: StandingClock
) -> None:
    portal.delay_in_search(sell_in_hubspot(portal), minutes=60 * 48)
    clock.move(timedelta(days=1))
    run(hubspot)
    clock.move(timedelta(days=1))
    polls = [run(hubspot).created for _ in range(2)]

    sweeps = [swept(hubspot) for _ in range(2)]

    assert polls == [0, 0]
    assert [(sweep.created, sweep.missed) for sweep in sweeps] == [(1, 1), (0, 0)]
    assert imported_once() == won_in_portal(portal)


@pytest.mark.slow
@pytest.mark.usefixtures("moment", "small_pages")
@pytest.mark.parametrize(
    "fault",
    [
        *("previous_page", "duplicate_rows", "overlapping_rows", "reversed_rows", "missing_rows"),
        "self_link",
    ],
)
@pytest.mark.parametrize("nth", [2, 4], ids=["second page", "last page"])
def test_page_that_repeats_or_stands_still(
    hubspot: Connection,
    portal: Portal,
    hubspot_server: Server,
    run: Run,
    clock: StandingClock,
    fault: str,
    nth: int,
) -> None:
    over_hours(portal, clock)
    hubspot_server.faults.add(fault, endpoint=ENDPOINTS["Deal search"], nth=nth, times=1)

    runs = [run(hubspot) for _ in range(3)]

    assert runs[-1].state == "done"
    assert {done.state for done in runs} <= {"done", "failed"}
    assert imported_once() == won_in_portal(portal)


@pytest.mark.slow
@pytest.mark.usefixtures("moment", "small_pages")
@pytest.mark.parametrize("fault", ["empty_page", "swapped_pages"])
def test_rows_that_a_page_keeps_back_are_found_by_the_sweep(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run, clock: StandingClock, fault: str
) -> None:
    """An empty page that names the next one looks like one whose deals are all archived."""
    over_hours(portal, clock)
    hubspot_server.faults.add(fault, endpoint=ENDPOINTS["Deal search"], nth=2, times=1)
    for _ in range(2):
        run(hubspot)

    swept(hubspot)

    assert imported_once() == won_in_portal(portal)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize(
    "endpoint", ["Deal search", "Deals, batch read", "Companies of deals", "Companies, batch read"]
)
def test_page_that_fails(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run, clock: StandingClock, endpoint: str
) -> None:
    """Whatever call of the second page it is, that page is not stored, and the first is."""
    run(hubspot)
    clock.move(LATER)
    portal.add_won_deals(401, companies=401)
    clock.move(A_SECOND)
    nth = 3 if "batch read" in endpoint else 2
    hubspot_server.faults.add(
        "status", code=503, retry_after="0", endpoint=ENDPOINTS[endpoint], nth=nth, times=TRIES
    )

    first, second = run(hubspot), run(hubspot)

    assert [(done.state, done.created) for done in (first, second)] == [("failed", 200), ("done", 201)]
    assert imported_once() == won_in_portal(portal)
