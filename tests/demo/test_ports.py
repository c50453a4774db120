import socket
import subprocess
import sys
from urllib.request import urlopen

import pytest
from django.conf import settings

from demo.http_server import Server, text_response
from demo.ports import STEP, Ports, claim_ports


def test_taken_port_moves_one_server_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        ports = claim_ports(first=port - 1)
        ports.close()

    assert (ports.salesforce - port) % STEP == 0
    assert ports.salesforce > port


def test_claimed_port_is_listened_at_and_served_later() -> None:
    ports = claim_ports(first=8000)
    with pytest.raises(OSError, match="in use"), socket.create_server(("127.0.0.1", ports.hubspot)):
        pass

    server = Server(lambda request: text_response("hello"), descriptor=ports.descriptor("hubspot")).start()
    with urlopen(ports.url("hubspot")) as answer:
        assert (answer.read(), server.url) == (b"hello", ports.url("hubspot"))
    server.stop()
    ports.sockets["hubspot"].detach()  # the server has closed it
    ports.close()


CLAIM = """
import sys, time
from demo.ports import claim_ports
ports = claim_ports(first=int(sys.argv[1]))
print(ports.web, ports.salesforce, ports.hubspot, flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
def test_ten_starts_in_pairs_share_no_port() -> None:
    """Ten processes at once, each of which keeps what it claimed as long as any other claims."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM, "18100"],
            cwd=settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(10)
    ]
    lines = [process.stdout.readline().split() for process in started if process.stdout]
    for process in started:
        process.communicate(timeout=20)

    claimed = [port for line in lines for port in line]
    assert (len(claimed), len(set(claimed))) == (30, 30)


def test_url() -> None:
    assert Ports(web=1, salesforce=2, hubspot=3).url("hubspot") == "http://127.0.0.1:3"
