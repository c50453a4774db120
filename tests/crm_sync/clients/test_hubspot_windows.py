"""How the HubSpot client walks through changed deals: each once, none missed."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from crm_sync.clients.hubspot.client import HubSpotClient
from crm_sync.deals import Cursor, DealPage
from crm_sync.errors import TransientError
from demo.http_server import Application, Request, Response, Server
from demo.hubspot.app import build_app
from demo.hubspot.portal import Portal
from tests.crm_sync.clients.portals import (
    EVERYTHING,
    NOON,
    StandingClock,
    add_deal,
    asked,
    deals_of,
    ids,
    read,
)

Open = Callable[..., HubSpotClient]


def test_2300_deals_are_walked_through_once_each(
    hubspot_client: HubSpotClient, portal: Portal, hubspot_server: Server
) -> None:
    expected = portal.add_won_deals(2_300)

    pages = read(hubspot_client, asked())

    assert ids(pages) == expected
    assert [(len(page.deals), page.expected) for page in pages] == [(1000, 2300), (1000, 2300), (300, 2300)]
    assert [page.cursor for page in pages] == [
        Cursor(modified_at=None, external_id=expected[999], window_end=NOON),
        Cursor(modified_at=None, external_id=expected[1999], window_end=NOON),
        Cursor(modified_at=NOON),
    ]
    searches = [path for _, path in hubspot_server.requests if path.endswith("/deals/search")]
    assert len(searches) == 12


def test_a_walk_goes_on_where_it_was_broken_off(open_hubspot: Open, portal: Portal) -> None:
    expected = portal.add_won_deals(2_300)
    first = next(open_hubspot().changed_deals(query=asked()))
    assert first.cursor is not None

    rest = read(open_hubspot(), asked(first.cursor))

    assert ids([first, *rest]) == expected
    assert rest[-1].cursor == Cursor(modified_at=NOON)


def test_the_window_of_a_broken_walk_stays_where_it_was(
    open_hubspot: Open, portal: Portal, clock: StandingClock
) -> None:
    """A deal that is edited meanwhile leaves the window, and the next poll finds it."""
    expected = portal.add_won_deals(1_200)
    first = next(open_hubspot().changed_deals(query=asked()))
    assert first.cursor is not None
    clock.move(timedelta(minutes=7))
    portal.update_deal(expected[-1], amount="99.00")
    later = add_deal(portal)

    rest = read(open_hubspot(), asked(first.cursor))
    assert rest[-1].cursor == Cursor(modified_at=NOON)
    next_poll = read(open_hubspot(), asked(rest[-1].cursor))

    assert ids([first, *rest]) == expected[:-1]
    assert {expected[-1], later} <= set(ids(next_poll))
    assert next_poll[-1].cursor == Cursor(modified_at=NOON + timedelta(minutes=7))


def test_a_poll_asks_for_every_change_since_the_cursor_less_the_overlap(
    hubspot_client: HubSpotClient, portal: Portal
) -> None:
    cursor = Cursor(modified_at=NOON - timedelta(hours=3))
    add_deal(portal, at=NOON - timedelta(hours=4, seconds=1))
    edge = add_deal(portal, at=NOON - timedelta(hours=4))
    open_deal = add_deal(portal, at=NOON - timedelta(hours=1), dealstage="contractsent")
    lost = add_deal(portal, at=NOON, dealstage="closedlost")
    closed_long_ago = add_deal(portal, at=NOON, closedate="2020-01-01T12:00:00Z")

    pages = read(hubspot_client, asked(cursor))

    assert ids(pages) == [edge, open_deal, lost, closed_long_ago]
    assert [deal.stage for deal in deals_of(pages)] == [
        "Closed Won",
        "Contract Sent",
        "Closed Lost",
        "Closed Won",
    ]
    assert pages[-1].cursor == Cursor(modified_at=NOON)


def test_the_first_import_takes_won_deals_since_import_from_and_those_without_a_day(
    hubspot_client: HubSpotClient, portal: Portal
) -> None:
    add_deal(portal, dealstage="contractsent")
    add_deal(portal, closedate="2025-12-30T12:00:00Z")
    margin = add_deal(portal, closedate="2025-12-31T12:00:00Z")
    kept = add_deal(portal, closedate="2026-01-01T12:00:00Z")
    without_day = add_deal(portal, closedate=None)

    pages = read(hubspot_client, asked(import_from=date(2026, 1, 1)))

    assert ids(pages) == [margin, kept, without_day]
    assert [deal.close_date for deal in deals_of(pages)] == [date(2025, 12, 31), date(2026, 1, 1), None]


def test_an_empty_portal_still_moves_the_cursor(hubspot_client: HubSpotClient) -> None:
    assert read(hubspot_client, asked()) == [DealPage(deals=[], cursor=Cursor(modified_at=NOON), expected=0)]


def test_cases_40_and_41_stages_are_chosen_by_label_over_all_pipelines(
    hubspot_client: HubSpotClient, portal: Portal
) -> None:
    sales = add_deal(portal)
    renewal = add_deal(portal, dealstage="11348547")
    partner = add_deal(portal, dealstage="20519881")

    exactly = ids(read(hubspot_client, asked()))
    both = ids(read(hubspot_client, asked(stage_names=("Closed Won", "Closed won"))))

    assert (exactly, both) == ([sales, renewal], [sales, renewal, partner])


@pytest.mark.parametrize(
    ("stage_names", "warning", "searches"),
    [
        (
            ("Won", "Signed"),
            "No stage in HubSpot is named Won or Signed. Nothing is imported. "
            "Choose the stages again on this connection.",
            0,
        ),
        (
            ("Closed Won", "Signed"),
            "No stage in HubSpot is named Signed. Choose the stages again on this connection.",
            1,
        ),
    ],
)
def test_a_selected_stage_that_vanished_is_a_warning(
    hubspot_client: HubSpotClient,
    hubspot_server: Server,
    stage_names: tuple[str, ...],
    warning: str,
    searches: int,
) -> None:
    read(hubspot_client, asked(stage_names=stage_names))
    read(hubspot_client, asked(stage_names=stage_names))

    assert hubspot_client.warnings == [warning]
    paths = [path for _, path in hubspot_server.requests if path.endswith("/search")]
    assert len(paths) == 2 * searches


Body = dict[str, Any]


class Tampering:
    """Lets a change loose on every search result. It is given the first result too."""

    def __init__(self, change: Callable[[Body, Body], object]) -> None:
        self.change = change
        self.first: Body = {}

    def __call__(self, request: Request, answer: Application) -> Response:
        response = answer(request)
        if request.path.endswith("/search"):
            body = json.loads(response.body)
            self.first = self.first or body
            self.change(body, self.first)
            response.body = json.dumps(body).encode()
        return response


@pytest.mark.parametrize(
    "change",
    [
        lambda body, first: body["results"].reverse(),
        lambda body, first: body["results"].append(body["results"][-1]),
        lambda body, first: body.update(results=[], total=5),
        lambda body, first: body.update(total=500),
        lambda body, first: body.update(first, total=500),
    ],
    ids=["out of order", "a deal twice", "an empty page", "less than announced", "the same page again"],
)
def test_pages_that_repeat_or_stand_still_are_refused(
    open_hubspot: Open, portal: Portal, change: Callable[[Body, Body], object]
) -> None:
    for _ in range(3):
        add_deal(portal)
    with Server(build_app(portal, intercept=Tampering(change))) as server:
        client = open_hubspot(url=server.url)
        with pytest.raises(TransientError) as failure:
            read(client, asked())

    assert str(failure.value) == (
        "HubSpot's pages repeat or are out of order. "
        "The next poll continues from the last page that was stored."
    )
    assert failure.value.code == "PAGES_OUT_OF_ORDER"


@pytest.mark.parametrize("shown", ["", "yesterday", "Sun, 99 Nov 2026 10:00:00 GMT"])
def test_without_hubspots_clock_there_is_no_window(open_hubspot: Open, portal: Portal, shown: str) -> None:
    def intercept(request: Request, answer: Application) -> Response:
        response = answer(request)
        response.headers["Date"] = shown
        return response

    with Server(build_app(portal, intercept=intercept)) as server, pytest.raises(TransientError) as failure:
        read(open_hubspot(url=server.url), asked())

    assert failure.value.sentence == "127.0.0.1 answered 200 with no date in its headers."


def test_nothing_is_asked_twice_for_deals_that_are_not_won(
    hubspot_client: HubSpotClient, portal: Portal, hubspot_server: Server
) -> None:
    for _ in range(3):
        add_deal(portal, dealstage="contractsent")

    read(hubspot_client, asked(Cursor(modified_at=NOON)))

    assert [path for _, path in hubspot_server.requests] == [
        "/crm/pipelines/2026-09/deals",
        "/crm/objects/2026-09/deals/search",
    ]


def test_the_cursor_of_a_first_walk_says_that_it_is_one(
    hubspot_client: HubSpotClient, portal: Portal
) -> None:
    portal.add_won_deals(1_001)

    first, last = (page.cursor for page in read(hubspot_client, asked(EVERYTHING)))

    assert first is not None
    assert last is not None
    assert (first.modified_at, last.modified_at, last.external_id, last.window_end) == (None, NOON, "", None)
