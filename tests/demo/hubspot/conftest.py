from collections.abc import Iterator

import pytest

from demo.http_server import Server
from demo.hubspot.app import build_app
from demo.hubspot.portal import Portal
from tests.demo.hubspot.caller import Caller, StoppedClock


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def portal(clock: StoppedClock) -> Portal:
    return Portal(clock=clock)


@pytest.fixture
def caller(portal: Portal) -> Iterator[Caller]:
    with Server(build_app(portal)) as server:
        caller = Caller(url=server.url, portal=portal, token=portal.issue_token())
        with caller.session:
            yield caller
