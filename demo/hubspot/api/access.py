"""What stands before every call: the token, its scopes, and the headers of the answer."""

import re
import uuid
from collections.abc import Iterable
from datetime import datetime
from email.utils import format_datetime

from demo.http_server import Request, Response, html_response
from demo.hubspot.portal import Portal
from demo.hubspot.records import AccessToken
from demo.hubspot.refusals import api_key_refused, missing_scopes, not_a_token, not_authenticated
from demo.hubspot.scopes import Requirement

TOKEN = re.compile(r"pat-[a-z]{2}\d+-[0-9a-fA-F-]{36}")
TOKEN_CHARACTERS = re.compile(r"[\w.~+/=-]+", re.ASCII)


class MalformedToken(Exception):
    """A token that not even the edge in front of the API lets through."""


def authenticate(portal: Portal, request: Request) -> AccessToken:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value:
        raise api_key_refused() if "hapikey" in request.query else not_authenticated()
    if value in portal.tokens:
        return portal.tokens[value]
    if not TOKEN_CHARACTERS.fullmatch(value):
        raise MalformedToken
    raise not_authenticated() if TOKEN.fullmatch(value) else not_a_token(at=portal.clock())


def require(token: AccessToken, requirements: Iterable[Requirement]) -> None:
    for requirement in requirements:
        if not requirement.met_by(token.scopes):
            raise missing_scopes(requirement)


def correlation_id(portal: Portal) -> str:
    """Begins with the time, as the ids of the real service do."""
    milliseconds = int(portal.clock().timestamp() * 1000)
    number = (milliseconds << 80) | portal.random.getrandbits(80)
    return str(uuid.UUID(int=number & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62))


def common_headers(*, at: datetime, correlation: str) -> dict[str, str]:
    return {"Date": format_datetime(at, usegmt=True), "X-HubSpot-Correlation-Id": correlation}


def refused_at_the_edge() -> Response:
    return html_response("<html><body><h1>Error 1016</h1><p>Origin DNS error</p></body></html>", status=530)


def unknown_path(request: Request, /) -> Response:
    return html_response(
        "<html><head><title>Error 404 Not Found</title></head>"
        "<body><h2>HTTP ERROR 404 Not Found</h2></body></html>",
        status=404,
    )


def method_refused(request: Request, allowed: list[str], /) -> Response:
    return html_response(
        "<html><head><title>Error 405 Method Not Allowed</title></head>"
        "<body><h2>HTTP ERROR 405 Method Not Allowed</h2></body></html>",
        status=405,
        headers={"Allow": ", ".join(allowed)},
    )
