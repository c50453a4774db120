"""A small HTTP/1.1 server for the simulated CRMs: standard library only, one thread per connection."""

import socket
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from demo.faults.exchange import Exchange
from demo.faults.rules import Faults
from demo.faults.switch import Switched
from demo.messages import (
    Application,
    Headers,
    Request,
    Response,
    html_response,
    json_response,
    redirect,
    text_response,
)
from demo.routing import Router

__all__ = [
    "Application",
    "Headers",
    "Request",
    "Response",
    "Router",
    "Server",
    "html_response",
    "json_response",
    "redirect",
    "text_response",
]

REMEMBERED_REQUESTS = 100_000
IDLE_SECONDS = 120
LONGEST_LINE = 8192


class Server:
    """Serves an application on its own port. Bound on creation, so `url` is known before `start`.

    `faults` is the application's fault switch, described in `demo.faults`. `descriptor`: a socket that
    listens already, inherited from whoever started this process; host and port are its own then.
    """

    def __init__(
        self,
        app: Application,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        descriptor: int | None = None,
    ) -> None:
        self.app = app if isinstance(app, Switched) else Switched(app)
        self.faults: Faults = self.app.faults
        self._requests: deque[tuple[str, str]] = deque(maxlen=REMEMBERED_REQUESTS)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._listener = _Listener((host, port), self, descriptor=descriptor)
        self.host = host
        self.port: int = self._listener.server_address[1]

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def requests(self) -> list[tuple[str, str]]:
        """Method and path of every request since the start or the last reset, oldest first."""
        with self._lock:
            return list(self._requests)

    def reset_requests(self) -> None:
        with self._lock:
            self._requests.clear()

    def handle(self, exchange: Exchange) -> None:
        with self._lock:
            self._requests.append((exchange.request.method, exchange.request.path))
        self.faults.handle(exchange)

    def pause(self, seconds: float) -> None:
        """Sleeps, but not longer than the server runs."""
        self._stopping.wait(seconds)

    def start(self) -> Self:
        self._thread = threading.Thread(target=self.serve_forever, name=f"demo-{self.port}", daemon=True)
        self._thread.start()
        return self

    def serve_forever(self) -> None:
        self._listener.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """Closes the port and every open connection, so that a pooled one cannot be answered any more."""
        self._stopping.set()
        if self._thread:
            self._listener.shutdown()
            self._thread.join()
        self._listener.server_close()
        self._listener.close_connections()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], owner: Server, *, descriptor: int | None) -> None:
        self.owner = owner
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._connections_lock = threading.Lock()
        super().__init__(address, _Handler, bind_and_activate=descriptor is None)
        if descriptor is not None:
            self.socket.close()
            self.socket = socket.socket(fileno=descriptor)
            self.server_address = self.socket.getsockname()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._connections_lock:
            self._connections[request] = threading.current_thread()
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._connections_lock:
                self._connections.pop(request, None)

    def close_connections(self) -> None:
        with self._connections_lock:
            connections = list(self._connections.items())
        for connection, _ in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for _, thread in connections:
            thread.join(timeout=2)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is the caller's affair; anything else is a bug of the simulator."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            traceback.print_exc()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    server: _Listener

    def answer(self) -> None:
        body = self._read_body()
        if body is None:
            return
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=unquote(parts.path),
            query=parse_qs(parts.query, keep_blank_values=True),
            headers=Headers(self.headers.items()),
            body=body,
            target=self.path,
        )
        owner = self.server.owner
        exchange = Exchange(
            request=request,
            application=owner.app,
            connection=self.connection,
            pause=owner.pause,
            close=self._let_go,
        )
        owner.handle(exchange)
        self.close_connection = self.close_connection or exchange.is_over

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the library's names

    def _read_body(self) -> bytes | None:
        """None when it cannot be read; the caller has been told so."""
        coding = self.headers.get("Transfer-Encoding", "")
        if not coding:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with suppress(ValueError):
            if coding.lower() == "chunked":
                return b"".join(self._chunks())
        self.close_connection = True
        self.send_error(HTTPStatus.BAD_REQUEST)
        return None

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(LONGEST_LINE).partition(b";")[0], base=16):
            yield self.rfile.read(size)
            self.rfile.readline(LONGEST_LINE)
        while self.rfile.readline(LONGEST_LINE).strip():
            pass

    def _let_go(self) -> None:
        """Closes the socket without the shutdown that would come before; the file around it keeps it open."""
        self.rfile.close()
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Requests are counted by the server, not written to the console."""
