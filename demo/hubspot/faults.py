"""What the fault switch knows about HubSpot: its refusals, its pages, its tokens."""

import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from demo.faults.provider import Body, Provider
from demo.faults.rules import Faults
from demo.hubspot import access_refusals, limit_refusals, refusals, scopes
from demo.hubspot.api import access
from demo.hubspot.pages.shell import MENU
from demo.hubspot.portal import Portal
from demo.hubspot.refusals import Refusal
from demo.hubspot.search_request import paging_too_far
from demo.hubspot.usage import Excess, Policy
from demo.messages import Request, Response, json_response

ENDPOINTS = {
    "Every call of the API": r"^\w+ /(crm|account-info|oauth|settings)/",
    "Deal search": r"^POST /crm/.*(deals|0-3)/search",
    "Deals, batch read": r"^POST /crm/.*objects.*(deals|0-3)/batch/read",
    "Companies, batch read": r"^POST /crm/.*objects.*(companies|0-2)/batch/read",
    "Companies of deals": r"^POST /crm/.*associations.*/batch/read",
    "Pipelines": r"^GET /crm/.*pipelines",
    "Properties": r"^GET /crm/.*properties",
    "Owners": r"^GET /crm/.*owners",
    "Account": r"^GET /account-info/",
    "Introspection": r"^POST /oauth/",
}
MOVE_SECONDS = 3_600


class HubSpotPaging:
    """`after` stands in the body of a search and in the address of a list."""

    rows = "results"

    def following(self, request: Request, body: Body) -> Request | None:
        after = body.get("paging", {}).get("next", {}).get("after")
        if after is None:
            return None
        if request.method == "POST":
            return replace(request, body=json.dumps({**request.json(), "after": after}).encode())
        query = {**request.query, "after": [after]}
        return replace(request, query=query, target=f"{request.path}?{urlencode(query, doseq=True)}")

    def link_to(self, body: Body, address: str) -> None:
        body.setdefault("paging", {}).setdefault("next", {})["link"] = address

    def link_to_itself(self, request: Request, body: Body) -> None:
        own = request.json().get("after", "0") if request.method == "POST" else request.argument("after", "0")
        body["paging"] = {"next": {"after": str(own)}}


def switch_for(portal: Portal) -> Faults:
    def answering(refuse: Callable[[], Refusal]) -> Callable[[], Response]:
        return lambda: _response(portal, refuse())

    return Faults(
        provider=Provider(
            name="HubSpot",
            menu=MENU,
            endpoints=ENDPOINTS,
            refusals={
                **{name: answering(refuse) for name, refuse in _refusals(portal).items()},
                "malformed_token": access.refused_at_the_edge,
                "unknown_path": lambda: access.unknown_path(Request(method="GET", path="/")),
                "address_too_long": access.address_too_long,
            },
            too_many_requests=answering(lambda: _too_many(portal, "TEN_SECONDLY_ROLLING")),
            expire_tokens=lambda: _each_token(portal, portal.expire_token),
            revoke_tokens=lambda: _each_token(portal, portal.revoke_token),
            paging=HubSpotPaging(),
        )
    )


def _refusals(portal: Portal) -> dict[str, Callable[[], Refusal]]:
    portal_id = portal.portal_id
    return {
        "not_authenticated": access_refusals.not_authenticated,
        "credentials_missing": access_refusals.credentials_missing,
        "api_key": access_refusals.api_key_refused,
        "expired": lambda: access_refusals.expired(at=portal.clock(), expired_at=portal.clock()),
        "not_a_token": lambda: access_refusals.not_a_token(at=portal.clock()),
        "missing_scopes": lambda: access_refusals.missing_scopes(scopes.OBJECTS["deals"]),
        "missing_owners_scope": lambda: access_refusals.missing_scopes(scopes.OWNERS),
        "missing_scopes_old_body": lambda: access_refusals.missing_scopes(scopes.OWNERS, old_body=True),
        "creator_removed": lambda: access_refusals.creator_removed("associations", portal_id=portal_id),
        "user_without_rights": lambda: access_refusals.user_without_rights("deals", portal_id=portal_id),
        "not_public": lambda: access_refusals.not_public("deals", portal_id=portal_id),
        "not_for_oauth": lambda: access_refusals.not_for_oauth("deals", portal_id=portal_id),
        "ten_secondly": lambda: _too_many(portal, "TEN_SECONDLY_ROLLING"),
        "secondly": lambda: _too_many(portal, "SECONDLY"),
        "daily": lambda: _too_many(portal, "DAILY"),
        "rate_limits_category": lambda: _too_many(portal, "SECONDLY", category="RATE_LIMITS"),
        "moving": lambda: limit_refusals.account_moving(seconds=MOVE_SECONDS),
        "locked": limit_refusals.account_locked,
        "wrong_hublet": lambda: limit_refusals.wrong_hublet(portal_id=portal_id, hublet="eu1"),
        "not_found": refusals.not_found,
        "validation_error": lambda: refusals.invalid("Property values were not valid"),
        "unreadable_json": lambda: refusals.unreadable_json("Unexpected end-of-input", column=102),
        "paging_too_far": paging_too_far,
        "content_type": refusals.wrong_content_type,
        "body_too_large": lambda: Refusal(413, "HTTP 413 Request Entity Too Large"),
        "conflict": lambda: Refusal(409, "The object was changed by another call", category="CONFLICT"),
    }


def _too_many(portal: Portal, policy: Policy, **fields: str) -> Refusal:
    refusal = limit_refusals.too_many(
        Excess(policy=policy, retry_after=1),
        app_id=next((token.app_id for token in portal.tokens.values()), 0),
        portal_id=portal.portal_id,
        retry_after=False,
        new_id=lambda: access.correlation_id(portal),
    )
    refusal.fields |= fields
    return refusal


def _response(portal: Portal, refusal: Refusal) -> Response:
    with portal.lock:
        correlation = access.correlation_id(portal)
        headers = access.common_headers(at=portal.clock(), correlation=correlation)
    body = refusal.body(correlation_id=correlation)
    return json_response(body, status=refusal.status, headers={**refusal.headers, **headers})


def _each_token(portal: Portal, end: Callable[[str], None]) -> None:
    with portal.lock:
        for value in list(portal.tokens):
            end(value)
