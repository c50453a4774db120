"""A small HTTP/1.1 server for the simulated CRMs: standard library only, one thread per connection."""

import gzip
import json
import re
import socket
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, Self
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

GZIP_FROM_BYTES = 512
REMEMBERED_REQUESTS = 100_000
IDLE_SECONDS = 120
NO_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class Headers(Mapping[str, str]):
    """Read-only headers whose names ignore case; the first of a repeated header wins."""

    def __init__(self, pairs: Mapping[str, str] | list[tuple[str, str]]) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs.items() if isinstance(pairs, Mapping) else pairs:
            self._values.setdefault(name.lower(), value)

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; `path` is decoded, `target` is the raw path and query as they were sent."""

    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=lambda: Headers([]))
    body: bytes = b""
    target: str = ""

    def argument(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return self.query.get(name, [default])[0]

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def cookies(self) -> dict[str, str]:
        jar = SimpleCookie(self.headers.get("Cookie", ""))
        return {name: morsel.value for name, morsel in jar.items()}


@dataclass(slots=True, kw_only=True)
class Response:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json;charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)


class Application(Protocol):
    def __call__(self, request: Request, /) -> Response: ...


def json_response(value: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status=status, body=body, headers=headers or {})


def html_response(text: str, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        status=status, body=text.encode(), content_type="text/html;charset=UTF-8", headers=headers or {}
    )


def text_response(text: str, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        status=status, body=text.encode(), content_type="text/plain;charset=UTF-8", headers=headers or {}
    )


def redirect(location: str, *, status: int = 302) -> Response:
    return Response(status=status, content_type="text/html;charset=UTF-8", headers={"Location": location})


def not_found(request: Request, /) -> Response:
    return text_response(f"No page at {request.path}", status=404)


def method_refused(request: Request, allowed: list[str], /) -> Response:
    return text_response(
        f"{request.method} is not allowed here", status=405, headers={"Allow": ", ".join(allowed)}
    )


class Router:
    """Finds the handler whose pattern matches the whole path; named groups become keyword arguments."""

    def __init__(
        self,
        *,
        default: Application = not_found,
        refuse: Callable[[Request, list[str]], Response] = method_refused,
    ) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Response]]] = []
        self._default = default
        self._refuse = refuse

    def add(self, method: str, pattern: str, handler: Callable[..., Response]) -> None:
        self._routes.append((method, re.compile(pattern), handler))

    def __call__(self, request: Request, /) -> Response:
        wanted = "GET" if request.method == "HEAD" else request.method
        allowed = []
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match and method == wanted:
                return handler(request, **match.groupdict())
            if match:
                allowed.append(method)
        return self._refuse(request, allowed) if allowed else self._default(request)


class Server:
    """Serves an application on its own port. Bound on creation, so `url` is known before `start`."""

    def __init__(self, app: Application, host: str = "127.0.0.1", port: int = 0) -> None:
        self.app = app
        self._requests: deque[tuple[str, str]] = deque(maxlen=REMEMBERED_REQUESTS)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._listener = _Listener((host, port), self)
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

    def handle(self, request: Request) -> Response:
        with self._lock:
            self._requests.append((request.method, request.path))
        return self.app(request)

    def start(self) -> Self:
        self._thread = threading.Thread(target=self.serve_forever, name=f"demo-{self.port}", daemon=True)
        self._thread.start()
        return self

    def serve_forever(self) -> None:
        self._listener.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """Closes the port and every open connection, so that a pooled one cannot be answered any more."""
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

    def __init__(self, address: tuple[str, int], owner: Server) -> None:
        self.owner = owner
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._connections_lock = threading.Lock()
        super().__init__(address, _Handler)

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
    wbufsize = 65_536
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
        response = self.server.owner.handle(request)
        self._write(response, accepts_gzip="gzip" in request.headers.get("Accept-Encoding", ""))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the library's names

    def _read_body(self) -> bytes | None:
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return None
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _write(self, response: Response, *, accepts_gzip: bool) -> None:
        body = response.body
        self.send_response_only(response.status)
        if "Date" not in response.headers:
            self.send_header("Date", self.date_time_string())
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status not in NO_BODY:
            if response.content_type:
                self.send_header("Content-Type", response.content_type)
            if accepts_gzip and len(body) >= GZIP_FROM_BYTES:
                body = gzip.compress(body, compresslevel=1, mtime=0)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Vary", "Accept-Encoding")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and response.status not in NO_BODY:
            self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Requests are counted by the server, not written to the console."""
