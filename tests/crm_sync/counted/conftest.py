"""CRMs whose clocks stand still: what lies within the overlap of a poll is for the test to say."""

import pytest

from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.clients.portals import StandingClock


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def org(clock: StandingClock) -> Org:
    org = Org(clock=clock)
    org.add_user(name="Ada Admin", email="ada@acme.example")
    return org


@pytest.fixture
def portal(clock: StandingClock) -> Portal:
    return Portal(clock=clock)
