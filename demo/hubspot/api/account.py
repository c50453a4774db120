"""The account behind a token: details, daily usage, introspection."""

import json
from datetime import datetime, timedelta

from demo.hubspot.access_refusals import not_authenticated, wrong_token_format
from demo.hubspot.api.call import Call
from demo.hubspot.portal import Portal
from demo.hubspot.refusals import unreadable_json
from demo.hubspot.timestamps import write_moment
from demo.hubspot.usage import next_midnight
from demo.messages import Request, Response, json_response


def details(call: Call) -> Response:
    portal = call.portal
    offset = portal.clock().astimezone(portal.zone).utcoffset() or timedelta()
    return json_response(
        {
            "portalId": portal.portal_id,
            "accountType": portal.account_type,
            "timeZone": portal.time_zone,
            "companyCurrency": portal.company_currency,
            "additionalCurrencies": [],
            "utcOffset": _clock_offset(offset),
            "utcOffsetMilliseconds": int(offset.total_seconds() * 1000),
            "uiDomain": portal.ui_domain,
            "dataHostingLocation": portal.data_centre,
        }
    )


def daily_usage(call: Call) -> Response:
    portal = call.portal
    at: datetime = portal.clock()
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": portal.limits.daily,
        "currentUsage": portal.usage.today(at=at, zone=portal.zone),
        "collectedAt": write_moment(at),
        "fetchStatus": "SUCCESS",
        "resetsAt": write_moment(next_midnight(at, zone=portal.zone)),
    }
    return json_response({"results": [usage]})


def introspect(portal: Portal, request: Request) -> Response:
    """Needs no scope. A token of another data centre than the first must come in the header as well."""
    try:
        value = request.json()["tokenKey"]
    except (json.JSONDecodeError, KeyError, TypeError):
        problem = "Cannot build TokenKey, some of required attributes are not set [tokenKey]"
        raise unreadable_json(problem) from None
    token = portal.valid_token(str(value))
    sent = request.headers.get("Authorization")
    in_header = sent == f"Bearer {value}" or str(value).startswith("pat-na1-")
    if token is None or token.expired_at or not in_header:
        raise not_authenticated()
    return json_response(
        {
            "userId": token.user_id,
            "hubId": portal.portal_id,
            "appId": token.app_id,
            "scopes": [*token.scopes, "oauth"],
        }
    )


def old_introspection(portal: Portal, request: Request, *, token: str) -> Response:
    """Knows tokens of OAuth only, and this portal has none."""
    raise wrong_token_format()


def _clock_offset(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
