"""One table from HubSpot's statuses to what we do about them.

https://developers.hubspot.com/docs/api-reference/error-handling
"""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crm_sync.clients.http import LONGEST_WAIT_SECONDS, RETRIABLE_STATUSES, Answer, backoff, retry_after
from crm_sync.clients.reading import one_line
from crm_sync.deals import Check
from crm_sync.errors import ConfigError, SyncError, TransientError

RECONNECT = "Paste a working access token in Settings, CRM Integration."
SECONDLY, TEN_SECONDLY, DAILY = "SECONDLY", "TEN_SECONDLY_ROLLING", "DAILY"
WAITS = {SECONDLY: 1.0, TEN_SECONDLY: 10.0}
LOCK_SECONDS = 2.0
AN_HOUR = 3600.0
MOST_SCOPES = 20
A_DAY = 24 * 3600.0
UNKNOWN_ADDRESS = "UNKNOWN_ADDRESS"


def wait_before_retry(answer: Answer, *, attempt: int) -> float | None:
    """Seconds until the same call is worth another try; None when it is not, or not within this run."""
    if answer.status not in RETRIABLE_STATUSES:
        return None
    policy = policy_of(details_of(answer)) if answer.status == 429 else ""
    if policy == DAILY:
        return None
    told = retry_after(answer.headers)
    if told is not None:
        return told if told <= LONGEST_WAIT_SECONDS else None
    if answer.status == 429:
        return WAITS.get(policy, WAITS[TEN_SECONDLY]) * attempt
    return LOCK_SECONDS * attempt if answer.status == 423 else backoff(attempt)


def error_of(answer: Answer, *, time_zone: str = "UTC") -> SyncError:
    """What a refused call means, whatever shape its body has. Never raises."""
    details = details_of(answer)
    category = one_line(details.get("category", ""))
    if answer.status == 401 and not details:
        return TransientError(
            "HubSpot, or something on the way to it, refused a call without a reason (401).",
            code="REFUSED_WITHOUT_REASON",
            status=401,
        )
    if answer.status == 401:
        return unauthorised(details=details, category=category)
    if answer.status == 403:
        return forbidden(details=details, category=category)
    if answer.status == 429:
        return limited(answer=answer, details=details, time_zone=time_zone)
    if answer.status == 477:
        return TransientError(
            "HubSpot is moving this portal to another data centre.",
            next_step="Fincelo continues automatically when HubSpot is done.",
            retry_after=retry_after(answer.headers) or A_DAY,
            code="MIGRATION",
            status=477,
        )
    if answer.status == 530:
        return ConfigError(
            "HubSpot could not read the access token.",
            next_step=RECONNECT,
            code="BAD_TOKEN",
            status=530,
        )
    if answer.status >= 500 or answer.status in (408, 423):
        return TransientError(
            f"HubSpot is not answering properly at the moment ({answer.status}).",
            code=category,
            status=answer.status,
            retry_after=retry_after(answer.headers),
        )
    if details.get("correctHublet"):
        return wrong_hublet(details=details, status=answer.status)
    if answer.status == 404 and not details:
        return ConfigError(
            "HubSpot does not know an address that Fincelo calls.",
            next_step="Connect again: Fincelo then looks for a version of HubSpot's API that is served.",
            code=UNKNOWN_ADDRESS,
            status=404,
        )
    return ConfigError(
        f"HubSpot refused a request ({answer.status} {category}).".replace(" )", ")"),
        next_step="Tell Fincelo's operators: the run's details hold the code.",
        code=category or str(answer.status),
        status=answer.status,
    )


def details_of(answer: Answer) -> dict[str, Any]:
    body = answer.json_or_none()
    return body if isinstance(body, dict) else {}


def unauthorised(*, details: dict[str, Any], category: str) -> SyncError:
    message = str(details.get("message", ""))
    if category == "EXPIRED_AUTHENTICATION" and "1970" in str(details.get("context", "")):
        return ConfigError(
            "This is no access token.",
            next_step="Copy the token of a service key or of an existing private app; it begins with pat-.",
            breaks=True,
            code="NO_ACCESS_TOKEN",
            status=401,
        )
    if category == "EXPIRED_AUTHENTICATION" or "expired" in message.lower():
        return ConfigError(
            "The HubSpot access token has expired.",
            next_step=RECONNECT,
            breaks=True,
            code=category,
            status=401,
        )
    return ConfigError(
        "HubSpot does not accept the access token: it was revoked, replaced or mistyped.",
        next_step=RECONNECT,
        breaks=True,
        code=category or "INVALID_AUTHENTICATION",
        status=401,
    )


def forbidden(*, details: dict[str, Any], category: str) -> SyncError:
    if category == "USER_DOES_NOT_HAVE_PERMISSIONS":
        return ConfigError(
            "The person who made this access token has lost the right to use it.",
            next_step="Have a HubSpot super admin rotate the token, then paste the new one.",
            code=category,
            status=403,
        )
    scopes = missing_scopes(details)
    if not scopes and category != "MISSING_SCOPES":
        return ConfigError(
            "HubSpot does not let this access token read something that Fincelo needs.",
            next_step="Have a HubSpot super admin check the token's scopes and the rights of its maker.",
            code=category or "FORBIDDEN",
            status=403,
        )
    return ConfigError(
        f"The access token lacks the scope {' or '.join(scopes)}."
        if scopes
        else "The access token lacks a scope.",
        next_step="Add it to the service key or private app in HubSpot.",
        code="MISSING_SCOPES",
        lacks=scopes,
        status=403,
    )


def missing_scopes(details: dict[str, Any]) -> list[str]:
    errors = details.get("errors")
    for error in errors if isinstance(errors, list) else ():
        context = error.get("context") if isinstance(error, dict) else None
        if isinstance(context, dict):
            scopes = context.get("requiredGranularScopes") or context.get("requiredScopes")
            listed = scopes if isinstance(scopes, list) else ()
            return [one_line(scope) for scope in listed[:MOST_SCOPES] if "sensitive" not in str(scope)]
    return []


def wrong_hublet(*, details: dict[str, Any], status: int) -> SyncError:
    """A new token was seen to cure what asking the other data centre did not."""
    named = one_line(details["correctHublet"], longest=20)
    return ConfigError(
        f"HubSpot says that this portal is in another data centre ({named}).",
        next_step="If it continues, make a new access token and paste it in Settings, CRM Integration.",
        code="WRONG_HUBLET",
        status=status,
    )


def policy_of(details: dict[str, Any]) -> str:
    """Which limit was reached: by its name, else by the words of the message."""
    policy = one_line(details.get("policyName", "")).upper()
    message = str(details.get("message", "")).lower()
    if policy == DAILY or (not policy and "daily" in message):
        return DAILY
    return SECONDLY if not policy and "your secondly" in message else policy


def limited(*, answer: Answer, details: dict[str, Any], time_zone: str) -> SyncError:
    policy, named = policy_of(details), str(details.get("policyName", "")).upper()
    told = retry_after(answer.headers)
    if policy == DAILY:
        return TransientError(
            "HubSpot's daily API limit is used up.",
            next_step="Fincelo continues automatically when the limit is reset.",
            retry_after=told or until_midnight(answer, time_zone=time_zone),
            code=named or "RATE_LIMIT",
            status=429,
        )
    return TransientError(
        "HubSpot asks for fewer calls.",
        retry_after=told or WAITS.get(policy, WAITS[TEN_SECONDLY]),
        code=named or "RATE_LIMIT",
        status=429,
    )


def until_midnight(answer: Answer, *, time_zone: str) -> float:
    """Seconds by HubSpot's clock until the portal's day is over, and with it the daily limit."""
    if answer.sent_at is None:
        return AN_HOUR
    zone = ZoneInfo(time_zone)
    tomorrow = answer.sent_at.astimezone(zone).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time.min, tzinfo=zone)
    return max(1.0, midnight.timestamp() - answer.sent_at.timestamp())


def refused_check(error: ConfigError, *, label: str, blocking: bool) -> Check:
    """The line of a preflight for what this error keeps from being read."""
    return Check(label=label, ok=False, sentence=str(error), blocking=blocking, lacks=error.lacks)
