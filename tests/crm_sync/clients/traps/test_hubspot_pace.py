"""HubSpot's limits of calls and searches, and that a client stays below them."""

from datetime import timedelta

import pytest

from crm_sync.clients.hubspot.api import HubSpotApi
from crm_sync.clients.hubspot.pace import Pace
from demo.http_server import Server, json_response
from demo.hubspot.options import Limits
from demo.hubspot.portal import Portal
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.clients.wire import MakeTransport, Script

SEARCH, LIST = "/crm/objects/2026-09/deals/search", "/crm/owners/2026-09"


class Watch:
    """A clock that moves when somebody sleeps by it, and never else."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def pace(watch: Watch) -> Pace:
    return Pace(clock=watch, pause=watch.sleep)


def moments(pace: Pace, path: str, *, calls: int) -> list[float]:
    made = []
    for _ in range(calls):
        pace.wait_for(path)
        made.append(round(pace.clock() - 100, 3))
    return made


def rates(most: int, remaining: int, *, milliseconds: int = 10_000) -> dict[str, str]:
    return {
        "X-HubSpot-RateLimit-Max": str(most),
        "X-HubSpot-RateLimit-Remaining": str(remaining),
        "X-HubSpot-RateLimit-Interval-Milliseconds": str(milliseconds),
    }


def most_within(made: list[float], *, seconds: float) -> int:
    return max(sum(start <= moment < start + seconds for moment in made) for start in made)


def test_searches_leave_one_of_five_a_second_to_others(pace: Pace) -> None:
    assert moments(pace, SEARCH, calls=10) == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]


def test_calls_stay_below_a_hundred_in_ten_seconds(pace: Pace) -> None:
    made = moments(pace, LIST, calls=300)

    assert (most_within(made, seconds=10), made[-1]) == (90, 30)


def test_searches_count_as_calls(pace: Pace) -> None:
    moments(pace, LIST, calls=89)

    assert moments(pace, SEARCH, calls=2) == [0, 10]


def test_windows_roll(pace: Pace, watch: Watch) -> None:
    moments(pace, SEARCH, calls=2)
    watch.sleep(0.6)
    moments(pace, SEARCH, calls=2)

    assert moments(pace, SEARCH, calls=3) == [1, 1, 1.6]


def test_portal_that_allows_more_is_asked_more(pace: Pace) -> None:
    pace.heed(rates(190, 180))

    assert most_within(moments(pace, LIST, calls=400), seconds=10) == 171


@pytest.mark.parametrize(
    ("remaining", "wait"), [(20, 0), (19, 0.5), (9, 1), (1, 5), (0, 10)], ids=lambda value: str(value)
)
def test_last_tenth_is_spread_over_the_interval(pace: Pace, remaining: int, wait: float) -> None:
    """Somebody else uses the same app: our own count knows nothing of that."""
    pace.heed(rates(190, remaining))

    assert moments(pace, LIST, calls=2) == [wait, wait]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-HubSpot-RateLimit-Max": "100"},
        rates(0, 0),
        rates(100, 0, milliseconds=0),
        {**rates(100, 0), "X-HubSpot-RateLimit-Remaining": "none"},
        {**rates(100, 0), "X-HubSpot-RateLimit-Max": "1" * 5000},
        {**rates(100, 0), "X-HubSpot-RateLimit-Remaining": "-1"},
    ],
    ids=range(7),
)
def test_headers_that_say_nothing(pace: Pace, headers: dict[str, str]) -> None:
    pace.heed(headers)

    assert moments(pace, LIST, calls=2) == [0, 0]


def test_interval_without_end_is_no_sleep_without_end(pace: Pace) -> None:
    pace.heed(rates(100, 0, milliseconds=9_000_000))

    assert moments(pace, LIST, calls=1) == [60]


def test_client_heeds_what_answers_say(make_transport: MakeTransport, watch: Watch) -> None:
    answer = json_response({"results": []}, headers=rates(100, 1))
    with Server(Script(answer)) as server:
        transport = make_transport(clock=watch)
        transport.pause = watch.sleep
        api = HubSpotApi(transport=transport, base_url=server.url, access_token="pat-na1-token")
        api.pipelines()
        api.pipelines()

    assert watch.now == 105


def test_portal_that_enforces_its_limits_never_refuses(
    portal: Portal, hubspot_server: Server, make_transport: MakeTransport, clock: StandingClock
) -> None:
    """The two clocks are one: the portal counts by the time that the client slept."""
    watch = Watch()
    start = clock.now

    def moved() -> object:
        return start + timedelta(seconds=watch.now)

    portal.clock = moved  # type: ignore[assignment]
    portal.limits = Limits(enforced=True, burst=100)
    transport = make_transport(clock=watch)
    transport.pause = watch.sleep
    api = HubSpotApi(transport=transport, base_url=hubspot_server.url, access_token=portal.issue_token())

    for _ in range(25):
        api.search_deals(groups=[], properties=["amount"], limit=1)
        for _ in range(5):
            api.read_batch(kind="deals", ids=["1"], properties=["amount"])

    assert transport.calls == 150
