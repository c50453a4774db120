"""Requests and answers of the simulated CRMs as values, and how an answer looks on the wire."""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import Any, Protocol
from urllib.parse import parse_qsl

GZIP_FROM_BYTES = 512
NO_BODY = frozenset({204, 304})
PHRASES = {status.value: status.phrase for status in HTTPStatus}


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


def on_the_wire(response: Response, *, request: Request) -> tuple[bytes, bytes]:
    """Head and body as they are sent; a body of some length is packed for whoever takes gzip."""
    headers, body = {"Date": formatdate(usegmt=True), **response.headers}, response.body
    if response.status in NO_BODY:
        return head(response.status, headers), b""
    if response.content_type:
        headers["Content-Type"] = response.content_type
    is_packed = "Content-Encoding" in headers
    if len(body) >= GZIP_FROM_BYTES and not is_packed and takes_gzip(request):
        body = gzip.compress(body, compresslevel=1, mtime=0)
        headers["Content-Encoding"] = "gzip"
    headers |= {"Vary": "Accept-Encoding", "Content-Length": str(len(body))}
    return head(response.status, headers), b"" if request.method == "HEAD" else body


def takes_gzip(request: Request) -> bool:
    return "gzip" in request.headers.get("Accept-Encoding", "")


def head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {PHRASES.get(status, '')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
