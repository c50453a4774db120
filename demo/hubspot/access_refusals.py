"""The error bodies of calls that may not be made: 401 for the token, 403 for its rights."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from demo.hubspot.refusals import Refusal
from demo.hubspot.scopes import Requirement
from demo.hubspot.timestamps import write_moment

SCOPES_PAGE = "https://developers.hubspot.com/scopes"
OAUTH_PAGE = "https://developers.hubspot.com/docs/methods/auth/oauth-overview"


def _unauthenticated(message: str, **fields: Any) -> Refusal:
    return Refusal(401, message, headers={"X-HubSpot-Auth-Failure": "401 Unauthorized"}, **fields)


def not_authenticated() -> Refusal:
    return _unauthenticated(
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find"
        f" more details at {OAUTH_PAGE}",
        category="INVALID_AUTHENTICATION",
    )


def expired(*, at: datetime, expired_at: datetime) -> Refusal:
    return _expired(f"{int((at - expired_at).total_seconds())} second(s)", expired_at)


def not_a_token(*, at: datetime) -> Refusal:
    """What a string that never was an access token gets: it is said to have expired in 1970."""
    return _expired(f"{int(at.timestamp()) // 86_400} day(s)", datetime.fromtimestamp(0, at.tzinfo))


def _expired(ago: str, expired_at: datetime) -> Refusal:
    return _unauthenticated(
        f"The OAuth token used to make this call expired {ago} ago.",
        category="EXPIRED_AUTHENTICATION",
        context={"expire time": [write_moment(expired_at)]},
    )


def credentials_missing() -> Refusal:
    """What some paths of version 2 say instead."""
    return _unauthenticated("Any of the listed authentication credentials are missing")


def api_key_refused() -> Refusal:
    return _unauthenticated("This hapikey doesn't exist.")


def wrong_token_format() -> Refusal:
    """What the old page about an OAuth token says to a private app's token."""
    return Refusal(400, "The access token must have the correct format")


def missing_scopes(requirement: Requirement, *, old_body: bool = False) -> Refusal:
    quantity = "All" if requirement.all else "One or more"
    name = "requiredScopes" if old_body else "requiredGranularScopes"
    return Refusal(
        403,
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes"
        f" here: {SCOPES_PAGE}.",
        errors=[
            {
                "message": f"{quantity} of the following scopes are required.",
                "context": {name: list(requirement.scopes)},
            }
        ],
        links={"scopes": SCOPES_PAGE},
        category="MISSING_SCOPES",
    )


def creator_removed(family: str, *, portal_id: int) -> Refusal:
    """The category is documented, the message is not."""
    return Refusal(
        403,
        f"The user who created this app can no longer use {family} in portal {portal_id}.",
        category="USER_DOES_NOT_HAVE_PERMISSIONS",
    )


def user_without_rights(family: str, *, portal_id: int) -> Refusal:
    kind = f"ObjectTypeId{{legacyObjectType={family.upper()}}}"
    return Refusal(
        403,
        f"You do not have permissions to view_schema object type {kind} in portal {portal_id}"
        f" (requires one of [{family}-read, {family}-access]): Forbidden.",
    )


def not_public(family: str, *, portal_id: int) -> Refusal:
    return Refusal(403, "The scope needed for this API call isn't available for public use.")


def not_for_oauth(family: str, *, portal_id: int) -> Refusal:
    return Refusal(403, "This API can't be called using an OAuth access token.")


FORBIDDEN: dict[str, Callable[..., Refusal]] = {
    "creator removed": creator_removed,
    "user without rights": user_without_rights,
    "not public": not_public,
    "not for OAuth": not_for_oauth,
}
