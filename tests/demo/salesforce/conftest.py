from collections.abc import Iterator

import pytest

from demo.http_server import Server
from demo.salesforce.app import build_app
from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import CALLBACK, Client, StoppedClock, Visitor


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def org(clock: StoppedClock) -> Org:
    org = Org(clock=clock)
    org.app.callback_urls = [CALLBACK]
    org.grants.refresh_seconds = 0
    return org


@pytest.fixture
def server(org: Org) -> Iterator[Server]:
    with Server(build_app(org)) as server:
        yield server


@pytest.fixture
def visitor(server: Server, org: Org) -> Iterator[Visitor]:
    visitor = Visitor(url=server.url, org=org)
    with visitor.session:
        yield visitor


@pytest.fixture
def client(server: Server, org: Org) -> Client:
    return Client(url=server.url, org=org)


@pytest.fixture
def connected(client: Client, org: Org) -> Client:
    client.token = org.connect().access_token
    return client
