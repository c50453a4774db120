import socket
import urllib.request

import pytest

from tests.conftest import NetworkBlocked


@pytest.mark.parametrize("address", ["http://192.0.2.1/", "http://example.com/", "http://[2001:db8::1]/"])
def test_network_beyond_this_machine_is_blocked(address: str) -> None:
    with pytest.raises(NetworkBlocked):
        urllib.request.urlopen(address, timeout=1)


def test_network_of_this_machine_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=1).close()
