from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from crm_sync.clients.http import Transport
from crm_sync.clients.hubspot.api import HubSpotApi
from crm_sync.clients.hubspot.client import HubSpotClient
from crm_sync.clients.salesforce.client import SalesforceClient
from demo.http_server import Server
from demo.hubspot.portal import Portal
from demo.hubspot.scopes import RECOMMENDED_SCOPES
from demo.salesforce.org import Org
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.clients.salesforce_reading import Renewals
from tests.crm_sync.clients.wire import MakeTransport, Pauses, SteppingClock


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def make_transport(pauses: Pauses) -> Iterator[MakeTransport]:
    """Makes transports that sleep on paper only, and closes them."""
    with ExitStack() as stack:

        def make(
            *,
            is_allowed: Callable[[str], bool] = lambda origin: True,
            clock: Callable[[], float] | None = None,
        ) -> Transport:
            transport = Transport(is_allowed=is_allowed, pause=pauses, clock=clock or SteppingClock(0))
            stack.callback(transport.session.close)
            return transport

        yield make


@pytest.fixture
def transport(make_transport: MakeTransport) -> Transport:
    return make_transport()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def portal(clock: StandingClock) -> Portal:
    """A portal whose clock stands still, in place of the usual one."""
    return Portal(clock=clock)


@pytest.fixture
def open_hubspot(
    portal: Portal, hubspot_server: Server, make_transport: MakeTransport
) -> Callable[..., HubSpotClient]:
    """Opens clients, each with a transport and a token of its own."""

    def open_hubspot(
        *, url: str = "", scopes: tuple[str, ...] = RECOMMENDED_SCOPES, time_zone: str = "US/Eastern"
    ) -> HubSpotClient:
        api = HubSpotApi(
            transport=make_transport(),
            base_url=url or hubspot_server.url,
            access_token=portal.issue_token(scopes=scopes),
        )
        return HubSpotClient(api=api, portal_id=str(portal.portal_id), time_zone=time_zone)

    return open_hubspot


@pytest.fixture
def hubspot_client(open_hubspot: Callable[..., HubSpotClient]) -> HubSpotClient:
    return open_hubspot()


@pytest.fixture
def renewals(org: Org, salesforce_server: Server) -> Renewals:
    return Renewals(org, salesforce_server)


@pytest.fixture
def salesforce_client(
    org: Org, salesforce_server: Server, transport: Transport, renewals: Renewals
) -> SalesforceClient:
    return SalesforceClient(
        transport=transport,
        instance_url=salesforce_server.url,
        access_token=org.connect().access_token,
        org_id=org.org_id,
        renew=renewals,
    )
