"""Servers that answer as badly as a network can, and the transport that meets them."""

import contextlib
import gzip
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

from crm_sync.clients.http import Answer, Transport
from demo.http_server import Request, Response

DATE = "Sun, 22 Nov 2026 10:00:00 GMT"
TLS_GREETING = b"\x16"
Reply = bytes | Callable[[socket.socket], None]


class RawServer:
    """Answers each connection with the next reply, the last one for ever, and closes it."""

    def __init__(self, *replies: Reply, tls: ssl.SSLContext | None = None) -> None:
        self.replies = list(replies)
        self.tls = tls
        self.requests: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def serve(self) -> None:
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), plain, self.secured(plain) as connection:
                connection.settimeout(5)
                self.requests.append(read_request(connection))
                reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
                if callable(reply):
                    reply(connection)
                else:
                    connection.sendall(reply)

    def secured(self, plain: socket.socket) -> socket.socket:
        return self.tls.wrap_socket(plain, server_side=True) if self.tls else plain

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(timeout=5)


def read_request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65_536)
        if not part:
            return received
        received += part
        if received.startswith(TLS_GREETING):
            return received
    return received


def reply(
    body: bytes = b'{"ok": true}',
    *,
    status: str = "200 OK",
    kind: str = "application/json",
    length: int | None = None,
    headers: Sequence[str] = (),
) -> bytes:
    """The bytes of an answer; `length` claims another Content-Length than the body has."""
    lines = [
        f"HTTP/1.1 {status}",
        f"Content-Length: {len(body) if length is None else length}",
        "Connection: close",
        *([f"Content-Type: {kind}"] if kind else []),
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def gzipped(body: bytes, *, keep: int | None = None) -> bytes:
    """A compressed answer, cut after `keep` bytes with an honest length."""
    return reply(gzip.compress(body)[:keep], headers=["Content-Encoding: gzip"])


def chunked(*parts: bytes, ending: bytes = b"0\r\n\r\n") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + ending


def reset(connection: socket.socket) -> None:
    """Ends the connection with a reset instead of a farewell."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silent(connection: socket.socket) -> None:
    """Says nothing until the other side gives up."""
    connection.recv(1)


def drip(connection: socket.socket) -> None:
    """One byte every two milliseconds, far fewer than were announced."""
    connection.sendall(reply(b"", length=100_000))
    while True:
        connection.sendall(b" ")
        time.sleep(0.002)


class Pauses(list[float]):
    """Takes the place of `time.sleep` and writes down for how long it was asked to sleep."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


class SteppingClock:
    """A clock that moves on by a fixed step whenever it is read."""

    def __init__(self, step: float) -> None:
        self.step = step
        self.now = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def answer_of(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """An answer as if it had been read. Bytes and text stay what they are, all else becomes JSON."""
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return Answer(
        status=status,
        headers={"Content-Type": "application/json", **(headers or {})},
        body=text.encode() if isinstance(text, str) else text,
        host="crm.example",
    )


class Script:
    """An application that gives prepared answers in turn, and remembers what it was asked."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    def __call__(self, request: Request, /) -> Response:
        self.requests.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


MakeTransport = Callable[..., Transport]
