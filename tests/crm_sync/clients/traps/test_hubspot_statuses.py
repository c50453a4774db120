"""Each status of the reference's table 8.4 as a run meets it; 401, 403 and 530 have files of their own."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django_q.models import OrmQ

from contracts.models import Contract
from crm_sync import tasks
from crm_sync.enums import RunTrigger
from crm_sync.importing.fetching import Order
from crm_sync.models import Connection, CrmDeal
from crm_sync.sync import sync
from demo.http_server import Application, Request, Response, Server
from demo.hubspot.app import Intercept
from demo.hubspot.faults import ENDPOINTS
from demo.hubspot.portal import Portal
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.clients.traps.portal_runs import (
    LINKS,
    SEARCH,
    answer_status,
    last_run,
    paths,
    refuse,
    seen,
)
from tests.crm_sync.clients.wire import Pauses
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import TODAY, sell_in_hubspot

DEALS = ENDPOINTS["Deals, batch read"]
COMPANIES = ENDPOINTS["Companies, batch read"]
ONE_DEAL = r"^GET /crm/objects/[^/]+/deals/\d+"
LATER = "The next poll tries again."
OPERATORS = "Tell Fincelo's operators: the run's details hold the code."
FEWER = f"HubSpot asks for fewer calls. {LATER}"


@pytest.fixture
def polled(hubspot: Connection, portal: Portal, clock: StandingClock, run: Run) -> Connection:
    """Connected, and polled once; everything that is done from here on lies a minute later."""
    run(hubspot)
    clock.move(timedelta(minutes=1))
    return hubspot


def stands_still(connection: Connection, act: Callable[[], object]) -> bool:
    """Whether the cursor is where it was before."""
    connection.refresh_from_db()
    before = connection.cursor_modified_at
    act()
    connection.refresh_from_db()
    return connection.cursor_modified_at == before


def swept(connection: Connection) -> tuple[str, str, str]:
    connection.refresh_from_db()
    return seen(sync(connection=connection, order=Order(trigger=RunTrigger.SWEEP, as_of=TODAY)), connection)


def test_200_is_read(polled: Connection, portal: Portal, run: Run, sleepless: Pauses) -> None:
    sell_in_hubspot(portal)

    assert (seen(run(polled), polled), Contract.objects.count()) == (("done", "connected", ""), 1)
    assert sleepless == []


def test_207_without_some_deals_is_a_success_with_gaps(
    polled: Connection, portal: Portal, intercept: Callable[[Intercept], Server], run: Run
) -> None:
    """Search shows a deal that is archived before it is read."""
    kept, archived = (sell_in_hubspot(portal, amount=amount) for amount in ("100", "200"))

    def archive_before_it_is_read(request: Request, answer: Application) -> Response:
        if request.path.endswith("/deals/batch/read"):
            portal.archive_deal(archived)
        return answer(request)

    intercept(archive_before_it_is_read)

    done = run(polled)

    assert (seen(done, polled), done.created) == (("done", "connected", ""), 1)
    assert list(CrmDeal.objects.values_list("external_id", flat=True)) == [kept]


@pytest.mark.parametrize(
    ("endpoint", "sentence"),
    [
        (DEALS, "HubSpot could not read some deals."),
        (COMPANIES, "HubSpot could not read some companies."),
        (LINKS, "HubSpot could not tell the companies of some deals."),
    ],
    ids=["deals", "companies", "associations"],
)
def test_207_with_another_error_is_a_retry(
    polled: Connection, portal: Portal, hubspot_server: Server, run: Run, endpoint: str, sentence: str
) -> None:
    sell_in_hubspot(portal)
    gaps = {"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [{"category": "INTERNAL_ERROR"}]}
    rule = hubspot_server.faults.add("body", text=json.dumps(gaps), code=207, endpoint=endpoint)

    assert stands_still(polled, lambda: run(polled))

    last = last_run(polled)
    assert (last.error, CrmDeal.objects.count()) == (f"{sentence} {LATER}", 0)
    hubspot_server.faults.remove(rule)
    assert run(polled).created == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("validation_error", f"HubSpot refused a request (400 VALIDATION_ERROR). {OPERATORS}"),
        ("paging_too_far", f"HubSpot refused a request (400 VALIDATION_ERROR). {OPERATORS}"),
        ("unreadable_json", f"HubSpot refused a request (400). {OPERATORS}"),
    ],
)
def test_400_is_told_and_not_repeated(
    polled: Connection, hubspot_server: Server, run: Run, sleepless: Pauses, name: str, reason: str
) -> None:
    refuse(hubspot_server, name)
    hubspot_server.reset_requests()

    assert stands_still(polled, lambda: run(polled))

    assert seen(last_run(polled), polled) == ("failed", "degraded", reason)
    assert (len(paths(hubspot_server, "/search")), sleepless) == (1, [])


def test_404_of_one_record_means_that_it_is_gone(polled: Connection, portal: Portal, run: Run) -> None:
    deal = sell_in_hubspot(portal)
    run(polled)
    portal.delete_for_good("deals", deal)

    assert swept(polled)[:2] == ("done", "connected")
    assert CrmDeal.objects.get().left_reason == "deleted"


def test_404_of_an_unknown_address_says_nothing_of_a_record(
    polled: Connection, portal: Portal, hubspot_server: Server, run: Run
) -> None:
    deal = sell_in_hubspot(portal)
    run(polled)
    portal.delete_for_good("deals", deal)
    refuse(hubspot_server, "unknown_path", endpoint=ONE_DEAL)

    assert swept(polled) == (
        "failed",
        "degraded",
        "HubSpot does not know an address that Fincelo calls. "
        "Connect again: Fincelo then looks for a version of HubSpot's API that is served.",
    )
    assert CrmDeal.objects.get().left_reason == ""


def test_409_is_not_expected_and_told(polled: Connection, hubspot_server: Server, run: Run) -> None:
    refuse(hubspot_server, "conflict")

    reason = f"HubSpot refused a request (409 CONFLICT). {OPERATORS}"
    assert seen(run(polled), polled) == ("failed", "degraded", reason)


@pytest.mark.parametrize("endpoint", [DEALS, COMPANIES, LINKS], ids=["deals", "companies", "associations"])
def test_413_is_answered_with_smaller_bodies(
    polled: Connection, portal: Portal, hubspot_server: Server, run: Run, endpoint: str
) -> None:
    for amount in range(100, 107):
        sell_in_hubspot(portal, amount=str(amount))
    refuse(hubspot_server, "body_too_large", endpoint=endpoint, times=2)

    done = run(polled)

    assert (seen(done, polled), done.created) == (("done", "connected", ""), 7)


def test_413_of_a_single_record_is_told(
    polled: Connection, portal: Portal, hubspot_server: Server, run: Run
) -> None:
    sell_in_hubspot(portal)
    refuse(hubspot_server, "body_too_large", endpoint=DEALS)

    assert seen(run(polled), polled) == (
        "failed",
        "degraded",
        f"HubSpot refused a request (413). {OPERATORS}",
    )


def test_414_is_told(polled: Connection, hubspot_server: Server, run: Run) -> None:
    refuse(hubspot_server, "address_too_long")

    assert seen(run(polled), polled) == (
        "failed",
        "degraded",
        f"HubSpot refused a request (414). {OPERATORS}",
    )


def test_415_is_told(polled: Connection, hubspot_server: Server, run: Run) -> None:
    refuse(hubspot_server, "content_type")

    assert seen(run(polled), polled) == (
        "failed",
        "degraded",
        f"HubSpot refused a request (415). {OPERATORS}",
    )


def test_423_is_waited_for_two_seconds_and_more(
    polled: Connection, portal: Portal, hubspot_server: Server, run: Run, sleepless: Pauses
) -> None:
    sell_in_hubspot(portal)
    refuse(hubspot_server, "locked", times=2)

    assert (run(polled).created, sleepless) == (1, [2.0, 4.0])


def test_423_that_lasts_is_left_to_the_next_poll(
    polled: Connection, hubspot_server: Server, run: Run
) -> None:
    refuse(hubspot_server, "locked")

    reason = f"HubSpot is not answering properly at the moment (423). {LATER}"
    assert seen(run(polled), polled) == ("failed", "connected", reason)


@pytest.mark.parametrize(
    ("name", "waits"),
    [
        pytest.param("secondly", [1.0, 2.0], id="secondly"),
        pytest.param("rate_limits_category", [1.0, 2.0], id="secondly_with_category"),
        pytest.param("ten_secondly", [10.0, 20.0], id="ten_secondly_rolling"),
    ],
)
def test_429_is_waited_for_by_its_policy(
    polled: Connection,
    portal: Portal,
    hubspot_server: Server,
    run: Run,
    sleepless: Pauses,
    name: str,
    waits: list[float],
) -> None:
    sell_in_hubspot(portal)
    refuse(hubspot_server, name, times=2)

    done = run(polled)

    assert (seen(done, polled), done.created, sleepless) == (("done", "connected", ""), 1, waits)


@pytest.mark.parametrize(
    ("name", "seconds"), [("secondly", 1), ("ten_secondly", 10)], ids=["secondly", "ten_secondly_rolling"]
)
def test_429_that_lasts_ends_the_run_and_keeps_the_cursor(
    polled: Connection, hubspot_server: Server, run: Run, name: str, seconds: int
) -> None:
    refuse(hubspot_server, name)

    assert stands_still(polled, lambda: run(polled))

    stopped = last_run(polled)
    assert seen(stopped, polled) == ("failed", "degraded", FEWER)
    assert waiting(polled) == seconds


def waiting(connection: Connection) -> int:
    """For how many seconds after its last run a connection is left alone."""
    last = last_run(connection)
    assert connection.not_before is not None
    assert last.finished_at is not None
    return round((connection.not_before - last.finished_at).total_seconds())


def test_429_without_a_body_counts_as_ten_secondly(
    polled: Connection, portal: Portal, hubspot_server: Server, run: Run, sleepless: Pauses
) -> None:
    sell_in_hubspot(portal)
    answer_status(hubspot_server, 429, times=1)

    assert (run(polled).created, sleepless) == (1, [10.0])


def test_429_says_itself_when_to_come_back(
    polled: Connection, portal: Portal, hubspot_server: Server, run: Run, sleepless: Pauses
) -> None:
    sell_in_hubspot(portal)
    hubspot_server.faults.add("too_many_requests", retry_after="7", endpoint=SEARCH, times=1)

    assert (run(polled).created, sleepless) == (1, [7.0])


def test_429_of_the_day_stops_until_midnight_of_the_portal(
    polled: Connection, portal: Portal, hubspot_server: Server, run: Run, sleepless: Pauses
) -> None:
    """The portal's clock says 07:01 in US/Eastern; the daily limit is not asked a second time."""
    refuse(hubspot_server, "daily")
    hubspot_server.reset_requests()

    assert stands_still(polled, lambda: run(polled))

    assert seen(last_run(polled), polled) == (
        "failed",
        "degraded",
        "HubSpot's daily API limit is used up. Fincelo continues automatically when the limit is reset.",
    )
    assert (len(paths(hubspot_server, "/search")), sleepless) == (1, [])
    assert waiting(polled) == timedelta(hours=16, minutes=59).total_seconds()
    tasks.poll_due()
    assert OrmQ.objects.count() == 0


def test_429_of_the_day_is_over_at_midnight(
    polled: Connection, portal: Portal, hubspot_server: Server, run: Run
) -> None:
    sell_in_hubspot(portal)
    refuse(hubspot_server, "daily", times=1)
    run(polled)
    Connection.objects.update(not_before=last_run(polled).started_at)

    tasks.poll_due()
    done = run(polled)

    assert (OrmQ.objects.count(), done.created, seen(done, polled)[1]) == (1, 1, "connected")


def test_477_suspends_the_portal_for_as_long_as_it_moves(
    polled: Connection, hubspot_server: Server, run: Run, sleepless: Pauses
) -> None:
    refuse(hubspot_server, "moving")
    hubspot_server.reset_requests()

    assert stands_still(polled, lambda: run(polled))

    assert seen(last_run(polled), polled) == (
        "failed",
        "degraded",
        "HubSpot is moving this portal to another data centre. "
        "Fincelo continues automatically when HubSpot is done.",
    )
    assert (waiting(polled), len(paths(hubspot_server, "/search")), sleepless) == (3600, 1, [])
    tasks.poll_due()
    assert OrmQ.objects.count() == 0


PASSING = [500, 502, 503, 504, 521, 522, 523, 524, 525, 526]


@pytest.mark.parametrize("code", PASSING)
def test_5xx_is_tried_again_after_growing_pauses(
    polled: Connection, portal: Portal, hubspot_server: Server, run: Run, sleepless: Pauses, code: int
) -> None:
    sell_in_hubspot(portal)
    answer_status(hubspot_server, code, times=2)

    done = run(polled)

    assert (seen(done, polled), done.created) == (("done", "connected", ""), 1)
    assert [0.2 <= sleepless[0] <= 1, 0.4 <= sleepless[1] <= 2, len(sleepless)] == [True, True, 2]


@pytest.mark.parametrize("code", PASSING)
def test_5xx_that_lasts_is_left_to_the_next_poll(
    polled: Connection, hubspot_server: Server, run: Run, code: int
) -> None:
    answer_status(hubspot_server, code)
    hubspot_server.reset_requests()

    assert stands_still(polled, lambda: run(polled))

    reason = f"HubSpot is not answering properly at the moment ({code}). {LATER}"
    assert seen(last_run(polled), polled) == ("failed", "connected", reason)
    assert len(paths(hubspot_server, "/search")) == 3


def test_connection_that_is_reset_is_tried_again(
    polled: Connection, portal: Portal, hubspot_server: Server, run: Run
) -> None:
    sell_in_hubspot(portal)
    hubspot_server.faults.add("reset_before_headers", endpoint=SEARCH, times=2)

    assert run(polled).created == 1


def test_refused_call_leaves_its_correlation_id_in_the_log_and_no_token(
    polled: Connection, portal: Portal, hubspot_server: Server, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    refuse(hubspot_server, "validation_error")
    run(polled)

    (told,) = [text for text in caplog.messages if "correlation id" in text]
    assert told.startswith(
        "HubSpot refused /crm/objects/2026-09/deals/search with 400, correlation id '01a20321-8c60-"
    )
    assert not any(token in caplog.text for token in portal.tokens)
