from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from crm_sync.clients.http import Transport
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
