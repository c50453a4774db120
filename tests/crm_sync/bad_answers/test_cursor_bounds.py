"""A CRM whose clock is wrong for one answer costs no deal."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from contracts.models import Contract
from crm_sync.models import Connection
from demo.http_server import Server
from demo.hubspot.app import build_app as build_hubspot
from demo.hubspot.portal import Portal
from demo.messages import Application, Request, Response
from demo.salesforce.app import build_app as build_salesforce
from demo.salesforce.org import Org
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.conftest import Run
from tests.crm_sync.counted.request_log import A_SECOND
from tests.crm_sync.sales import sell, sell_in_hubspot
from tests.crm_sync.told import told_by

pytestmark = pytest.mark.django_db


class WrongClock:
    """Shows another time on one answer to a question for deals, once it is set."""

    def __init__(self) -> None:
        self.ahead: timedelta | None = None

    def __call__(self, request: Request, answer: Application) -> Response:
        response = answer(request)
        if self.ahead and ("/query" in request.path or request.path.endswith("/search")):
            response.headers["Date"] = format_datetime(datetime.now(UTC) + self.ahead, usegmt=True)
            self.ahead = None
        return response


@pytest.fixture
def wrong() -> WrongClock:
    return WrongClock()


@pytest.fixture
def clock() -> StandingClock:
    clock = StandingClock()
    clock.now = datetime.now(UTC).replace(microsecond=0)
    return clock


@pytest.fixture
def portal(clock: StandingClock) -> Portal:
    return Portal(clock=clock)


@pytest.fixture
def hubspot_server(portal: Portal, wrong: WrongClock, settings):
    with Server(build_hubspot(portal, intercept=wrong)) as server:
        settings.CRM_TRUSTED_ORIGINS = [*settings.CRM_TRUSTED_ORIGINS, server.url]
        settings.HUBSPOT_API_URL = server.url
        yield server


@pytest.fixture
def salesforce_server(org: Org, wrong: WrongClock, settings):
    application = build_salesforce(org)
    with Server(lambda request: wrong(request, application)) as server:
        settings.CRM_TRUSTED_ORIGINS = [*settings.CRM_TRUSTED_ORIGINS, server.url]
        yield server


@pytest.mark.parametrize("days", [730, -730])
@pytest.mark.parametrize("is_first", [True, False], ids=["first import", "poll"])
@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_next_poll_brings_what_was_sold_since(
    request: pytest.FixtureRequest,
    org: Org,
    portal: Portal,
    clock: StandingClock,
    wrong: WrongClock,
    run: Run,
    crm: str,
    is_first: bool,
    days: int,
) -> None:
    connection: Connection = request.getfixturevalue(crm)

    def sold() -> None:
        sell(org) if crm == "salesforce" else sell_in_hubspot(portal)
        clock.move(A_SECOND)

    if not is_first:
        sold()
        run(connection)
    sold()
    wrong.ahead = timedelta(days=days)

    done = run(connection)

    connection.refresh_from_db()
    before = connection.cursor_modified_at
    assert (done.state, connection.state) == ("done", "connected")
    assert before is None or before < datetime.now(UTC) + timedelta(minutes=10)
    is_told = any("a time that is still to come" in sentence for sentence in told_by(done))
    assert is_told is (crm == "hubspot" and days > 0)  # a cursor of Salesforce follows its deals' own stamps
    clock.move(60 * A_SECOND)
    sold()
    assert run(connection).state == "done"
    assert Contract.objects.count() == 2 + (not is_first)
