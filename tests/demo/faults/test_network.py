import socket
import threading
import time
from typing import Any

import pytest
import requests
import urllib3

from demo.http_server import Server
from tests.demo.faults.crm import Crm, get, ids, raw


def outcome(server: Server, path: str = "/rows/0") -> str:
    """Ok, or the innermost exception that requests meets while reading the answer to its end."""
    try:
        with requests.get(server.url + path, timeout=5, stream=True) as response:
            while response.raw.read(65_536, decode_content=True):
                pass
        return "ok"
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        inner: BaseException = error
        while inner.__cause__ or inner.__context__:
            inner = inner.__cause__ or inner.__context__ or inner
        return type(inner).__name__


@pytest.mark.parametrize(
    ("name", "parameters", "error"),
    [
        ("reset_before_headers", {}, "ConnectionResetError"),
        ("reset_after_headers", {}, "ConnectionResetError"),
        ("reset_mid_body", {"after": 100}, "ConnectionResetError"),
        ("close_mid_body", {"after": 100}, "IncompleteRead"),
        ("chunk_cut_off", {}, "IncompleteRead"),
        ("last_chunk_missing", {}, "ValueError"),
    ],
)
def test_broken_connection(
    server: Server, crm: Crm, name: str, parameters: dict[str, Any], error: str
) -> None:
    server.faults.add(name, times=1, **parameters)

    assert [outcome(server), outcome(server)] == [error, "ok"]
    assert crm.handled == ["GET /rows/0", "GET /rows/0"]


@pytest.mark.parametrize("name", ["reset_before_headers", "silence"])
@pytest.mark.parametrize("handled", [True, False])
def test_lost_answer_may_have_been_handled(server: Server, crm: Crm, name: str, handled: bool) -> None:
    server.faults.add(name, handled=handled)

    with pytest.raises((requests.ConnectionError, requests.ReadTimeout)):
        requests.get(f"{server.url}/rows/0", timeout=0.2)

    assert crm.handled == ["GET /rows/0"] * handled


def test_part_of_the_body_before_the_connection_breaks(server: Server) -> None:
    right = raw(server)
    server.faults.add("close_mid_body", after=100)

    cut = raw(server)

    assert cut.partition(b"\r\n\r\n")[2] == right.partition(b"\r\n\r\n")[2][:100]
    assert b"Content-Length: %d" % len(right.partition(b"\r\n\r\n")[2]) in cut


def test_drip_gives_the_whole_answer_slowly(server: Server) -> None:
    right = get(server).json()
    server.faults.add("drip", seconds=0.01, size=100)

    started = time.perf_counter()
    answer = get(server, headers={"Accept-Encoding": "identity"}).json()

    assert answer == right
    assert time.perf_counter() - started > 0.1


def test_delay(server: Server) -> None:
    server.faults.add("delay", seconds=0.1)

    started = time.perf_counter()
    rows = ids(get(server))

    assert rows == [0, 1]
    assert time.perf_counter() - started > 0.1


@pytest.mark.parametrize(("name", "first"), [("silence", b""), ("silence_after_headers", b"HTTP/1.1 200 OK")])
def test_silence(server: Server, name: str, first: bytes) -> None:
    server.faults.add(name)

    with socket.create_connection((server.host, server.port), timeout=0.2) as connection:
        connection.sendall(b"GET /rows/0 HTTP/1.1\r\nHost: x\r\n\r\n")
        received = connection.recv(65_536) if first else b""
        with pytest.raises(TimeoutError):
            connection.recv(1)

    assert received.partition(b"\r\n")[0] == first
    assert received == b"" or received.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("name", ["silence", "drip", "delay", "endless_body"])
def test_stopping_the_server_ends_a_fault(crm: Crm, name: str) -> None:
    server = Server(crm).start()
    parameters: dict[str, Any] = {} if name == "endless_body" else {"seconds": 60}
    server.faults.add(name, **parameters)
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall(b"GET /rows/0 HTTP/1.1\r\nHost: x\r\n\r\n")
        while not server.faults.rules[0]["struck"]:
            time.sleep(0.01)
        started = time.perf_counter()

        server.stop()

    assert time.perf_counter() - started < 1
    assert [thread for thread in threading.enumerate() if "process_request_thread" in thread.name] == []


def test_endless_body(server: Server) -> None:
    server.faults.add("endless_body")

    with requests.get(f"{server.url}/rows/0", timeout=5, stream=True) as response:
        size = sum(len(response.raw.read(1_000_000)) for _ in range(5))

    assert size == 5_000_000


def test_connection_kept_alive_ends_after_the_answer(server: Server) -> None:
    server.faults.add("close_after_answer")

    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        connection.sendall(b"GET /rows/0 HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert b"connection: close" not in received.lower()
    assert received.endswith(b'"next":"/rows/1"}')
