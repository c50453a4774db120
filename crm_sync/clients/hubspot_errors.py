"""One table from HubSpot's statuses to what we do about them.

https://developers.hubspot.com/docs/api-reference/error-handling
"""

from typing import Any

from crm_sync.clients.http import Answer, retry_after
from crm_sync.errors import ConfigError, SyncError, TransientError

LATER = "The next poll tries again."
RECONNECT = "Paste a working access token in Settings, CRM Integration."
WAITS = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
A_DAY = 24 * 3600.0


def error_of(answer: Answer) -> SyncError:
    """What a refused call means, whatever shape its body has. Never raises."""
    body = answer.json_or_none()
    details: dict[str, Any] = body if isinstance(body, dict) else {}
    category = str(details.get("category", ""))
    if answer.status == 401:
        return unauthorised(details=details, category=category)
    if answer.status == 403:
        return forbidden(details=details, category=category)
    if answer.status == 429:
        return limited(answer=answer, details=details)
    if answer.status == 477:
        return TransientError(
            "HubSpot is moving this portal to another data centre.",
            next_step="Fincelo goes on by itself when HubSpot is done.",
            retry_after=retry_after(answer.headers) or A_DAY,
            code="MIGRATION",
            status=477,
        )
    if answer.status == 530:
        return ConfigError(
            "HubSpot could not read the access token.",
            next_step=RECONNECT,
            breaks=True,
            code="BAD_TOKEN",
            status=530,
        )
    if answer.status >= 500 or answer.status in (408, 423):
        return TransientError(
            f"HubSpot is not answering properly at the moment ({answer.status}).",
            next_step=LATER,
            code=category,
            status=answer.status,
            retry_after=retry_after(answer.headers),
        )
    return ConfigError(
        f"HubSpot refused a request ({answer.status} {category}).".replace(" )", ")"),
        next_step="Tell Fincelo's operators: the run's details hold the code.",
        code=category or str(answer.status),
        status=answer.status,
    )


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
    return ConfigError(
        f"The access token lacks the scope {' or '.join(scopes)}."
        if scopes
        else "The access token lacks a scope.",
        next_step="Add it to the service key or private app in HubSpot.",
        code="MISSING_SCOPES",
        status=403,
    )


def missing_scopes(details: dict[str, Any]) -> list[str]:
    errors = details.get("errors")
    for error in errors if isinstance(errors, list) else ():
        context = error.get("context") if isinstance(error, dict) else None
        if isinstance(context, dict):
            scopes = context.get("requiredGranularScopes") or context.get("requiredScopes")
            listed = scopes if isinstance(scopes, list) else ()
            return [str(scope) for scope in listed if "sensitive" not in str(scope)]
    return []


def limited(*, answer: Answer, details: dict[str, Any]) -> SyncError:
    policy = str(details.get("policyName", "")).upper()
    daily = policy == "DAILY" or "daily" in str(details.get("message", "")).lower()
    return TransientError(
        "HubSpot's daily API limit is used up." if daily else "HubSpot asks for fewer calls.",
        next_step="Fincelo goes on by itself when the limit is reset." if daily else LATER,
        retry_after=retry_after(answer.headers) or (3600.0 if daily else WAITS.get(policy, 10.0)),
        code=policy or "RATE_LIMIT",
        status=429,
    )
