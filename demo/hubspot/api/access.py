"""What stands before every call: the token, the state of the account, the limits, the token's rights."""

import re
import uuid
from collections.abc import Iterable
from datetime import datetime
from email.utils import format_datetime
from math import ceil

from demo.hubspot import access_refusals, limit_refusals
from demo.hubspot.portal import Portal
from demo.hubspot.records import AccessToken
from demo.hubspot.scopes import Requirement
from demo.hubspot.usage import Kind
from demo.messages import Request, Response, html_response

TOKEN = re.compile(r"pat-[a-z]{2}\d+-[0-9a-fA-F-]{36}")
TOKEN_CHARACTERS = re.compile(r"[\w.~+/=-]+", re.ASCII)
LONGEST_TARGET = 8_192


class MalformedToken(Exception):
    """A token that not even the edge in front of the API lets through."""


def authenticate(portal: Portal, request: Request) -> AccessToken:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not value:
        no_key = "hapikey" not in request.query
        raise access_refusals.not_authenticated() if no_key else access_refusals.api_key_refused()
    token = portal.valid_token(value)
    if token is None:
        raise _unknown(portal, value)
    if token.expired_at:
        raise access_refusals.expired(at=portal.clock(), expired_at=token.expired_at)
    return token


def _unknown(portal: Portal, value: str) -> Exception:
    if not TOKEN_CHARACTERS.fullmatch(value):
        return MalformedToken()
    if TOKEN.fullmatch(value):
        return access_refusals.not_authenticated()
    return access_refusals.not_a_token(at=portal.clock())


def check_account(portal: Portal, request: Request) -> None:
    at, state = portal.clock(), portal.state
    if state.other_hublet and request.headers.get("Host") != f"api-{state.other_hublet}.hubapi.com":
        raise limit_refusals.wrong_hublet(portal_id=portal.portal_id, hublet=state.other_hublet)
    if state.moving_until and state.moving_until > at:
        raise limit_refusals.account_moving(seconds=ceil((state.moving_until - at).total_seconds()))
    if state.locked_until and state.locked_until > at:
        raise limit_refusals.account_locked()


def admit(portal: Portal, token: AccessToken, kind: Kind) -> None:
    excess = portal.usage.admit(
        app_id=token.app_id, kind=kind, at=portal.clock(), zone=portal.zone, limits=portal.limits
    )
    if excess:
        raise limit_refusals.too_many(
            excess,
            app_id=token.app_id,
            portal_id=portal.portal_id,
            retry_after=portal.limits.retry_after,
            new_id=lambda: correlation_id(portal),
        )


def require(portal: Portal, token: AccessToken, *, family: str, requirements: Iterable[Requirement]) -> None:
    if family in token.forbidden:
        refuse = access_refusals.FORBIDDEN[token.forbidden[family]]
        raise refuse(family, portal_id=portal.portal_id)
    for requirement in requirements:
        if not requirement.met_by(token.scopes):
            raise access_refusals.missing_scopes(requirement, old_body=portal.habits.old_scope_bodies)


def correlation_id(portal: Portal) -> str:
    """Begins with the time, as the ids of the real service do."""
    milliseconds = int(portal.clock().timestamp() * 1000)
    number = (milliseconds << 80) | portal.random.getrandbits(80)
    return str(uuid.UUID(int=number & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62))


def common_headers(*, at: datetime, correlation: str) -> dict[str, str]:
    return {"Date": format_datetime(at, usegmt=True), "X-HubSpot-Correlation-Id": correlation}


def refused_at_the_edge() -> Response:
    return html_response("<html><body><h1>Error 1016</h1><p>Origin DNS error</p></body></html>", status=530)


def too_long(request: Request, /) -> Response | None:
    """Nothing behind the edge gets to see a long address."""
    return address_too_long() if len(request.target) > LONGEST_TARGET else None


def address_too_long() -> Response:
    return html_response(
        "<html><head><title>414 Request-URI Too Large</title></head>"
        "<body><h1>414 Request-URI Too Large</h1></body></html>",
        status=414,
    )


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
