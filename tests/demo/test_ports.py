import socket

from demo.ports import STEP, Ports, free_ports


def test_taken_port_moves_one_server_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ports = free_ports(first=port - 1)

    assert (ports.salesforce - port) % STEP == 0
    assert ports.salesforce > port


def test_url() -> None:
    assert Ports(web=1, salesforce=2, hubspot=3).url("hubspot") == "http://127.0.0.1:3"
