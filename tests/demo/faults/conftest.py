from collections.abc import Iterator

import pytest

from demo.faults.rules import Faults
from demo.faults.switch import Switched
from demo.http_server import Server
from tests.demo.faults.crm import Crm


@pytest.fixture
def crm() -> Crm:
    return Crm()


@pytest.fixture
def server(crm: Crm) -> Iterator[Server]:
    with Server(Switched(crm, faults=Faults(provider=crm.provider()))) as server:
        yield server
