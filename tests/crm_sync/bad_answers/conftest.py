"""The simulated CRMs with answers that a test changes on their way."""

from collections.abc import Iterator

import pytest

from demo.http_server import Server
from demo.hubspot.app import build_app as build_hubspot
from demo.hubspot.portal import Portal
from demo.salesforce.app import build_app as build_salesforce
from demo.salesforce.org import Org
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.tampering import Tampering


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def portal(clock: StandingClock) -> Portal:
    return Portal(clock=clock)


@pytest.fixture
def tampering() -> Tampering:
    return Tampering()


@pytest.fixture
def hubspot_server(portal: Portal, tampering: Tampering, settings) -> Iterator[Server]:
    with Server(build_hubspot(portal, intercept=tampering)) as server:
        settings.CRM_TRUSTED_ORIGINS = [*settings.CRM_TRUSTED_ORIGINS, server.url]
        settings.HUBSPOT_API_URL = server.url
        yield server


@pytest.fixture
def salesforce_server(org: Org, tampering: Tampering, settings) -> Iterator[Server]:
    application = build_salesforce(org)
    with Server(lambda request: tampering(request, application)) as server:
        settings.CRM_TRUSTED_ORIGINS = [*settings.CRM_TRUSTED_ORIGINS, server.url]
        yield server
