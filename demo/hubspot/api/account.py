"""The account behind a token: details, daily usage, introspection."""

import re
from datetime import datetime, timedelta

from demo.http_server import Response, json_response
from demo.hubspot.api.call import Call
from demo.hubspot.refusals import not_authenticated, unreadable_json
from demo.hubspot.timestamps import write_moment
from demo.hubspot.usage import DAILY_LIMIT, next_midnight


def details(call: Call) -> Response:
    portal = call.portal
    offset = portal.clock().astimezone(portal.zone).utcoffset() or timedelta()
    data_centre = re.fullmatch(r"app-(\w+)\.hubspot\.com", portal.ui_domain)
    return json_response(
        {
            "portalId": portal.portal_id,
            "accountType": "STANDARD",
            "timeZone": portal.time_zone,
            "companyCurrency": portal.company_currency,
            "additionalCurrencies": [],
            "utcOffset": _clock_offset(offset),
            "utcOffsetMilliseconds": int(offset.total_seconds() * 1000),
            "uiDomain": portal.ui_domain,
            "dataHostingLocation": data_centre[1] if data_centre else "na1",
        }
    )


def daily_usage(call: Call) -> Response:
    portal = call.portal
    at: datetime = portal.clock()
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": DAILY_LIMIT,
        "currentUsage": portal.usage.today(at=at, zone=portal.zone),
        "collectedAt": write_moment(at),
        "fetchStatus": "SUCCESS",
        "resetsAt": write_moment(next_midnight(at, zone=portal.zone)),
    }
    return json_response({"results": [usage]})


def introspect(call: Call) -> Response:
    """Needs no scope. A token of another data centre than the first must come in the header as well."""
    body = call.body()
    if not isinstance(body, dict) or not isinstance(body.get("tokenKey"), str):
        raise unreadable_json("Cannot build TokenKey, some of required attributes are not set [tokenKey]")
    value = body["tokenKey"]
    token = call.portal.tokens.get(value)
    sent = call.request.headers.get("Authorization")
    if token is None or (sent != f"Bearer {value}" and not value.startswith("pat-na1-")):
        raise not_authenticated()
    return json_response(
        {
            "userId": token.user_id,
            "hubId": call.portal.portal_id,
            "appId": token.app_id,
            "scopes": [*token.scopes, "oauth"],
        }
    )


def _clock_offset(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
