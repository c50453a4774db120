"""The error bodies of the API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from demo.hubspot.scopes import Requirement
from demo.hubspot.timestamps import write_moment

SCOPES_PAGE = "https://developers.hubspot.com/scopes"
OAUTH_PAGE = "https://developers.hubspot.com/docs/methods/auth/oauth-overview"


class Refusal(Exception):
    """Ends a call with an error body; the correlation id is added on the way out."""

    def __init__(
        self, status: int, message: str, *, headers: Mapping[str, str] | None = None, **fields: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.fields = {"message": message, **fields}

    def body(self, *, correlation_id: str) -> dict[str, Any]:
        return {"status": "error", **self.fields, "correlationId": correlation_id}


def _unauthenticated(message: str, **fields: Any) -> Refusal:
    return Refusal(401, message, headers={"X-HubSpot-Auth-Failure": "401 Unauthorized"}, **fields)


def not_authenticated() -> Refusal:
    return _unauthenticated(
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find"
        f" more details at {OAUTH_PAGE}",
        category="INVALID_AUTHENTICATION",
    )


def not_a_token(*, at: datetime) -> Refusal:
    """What a string that never was an access token gets: it is said to have expired in 1970."""
    days = int(at.timestamp()) // 86_400
    return _unauthenticated(
        f"The OAuth token used to make this call expired {days} day(s) ago.",
        category="EXPIRED_AUTHENTICATION",
        context={"expire time": [write_moment(datetime.fromtimestamp(0, at.tzinfo))]},
    )


def api_key_refused() -> Refusal:
    return _unauthenticated("This hapikey doesn't exist.")


def missing_scopes(requirement: Requirement) -> Refusal:
    quantity = "All" if requirement.all else "One or more"
    return Refusal(
        403,
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes"
        f" here: {SCOPES_PAGE}.",
        errors=[
            {
                "message": f"{quantity} of the following scopes are required.",
                "context": {"requiredGranularScopes": list(requirement.scopes)},
            }
        ],
        links={"scopes": SCOPES_PAGE},
        category="MISSING_SCOPES",
    )


def not_found() -> Refusal:
    return Refusal(404, "resource not found")


def not_an_id() -> Refusal:
    return Refusal(404, "Object not found.  objectId are usually numeric.", category="OBJECT_NOT_FOUND")


def unknown_object_type(name: str) -> Refusal:
    return Refusal(400, f"Unable to infer object type from: {name}", category="VALIDATION_ERROR")


def invalid(message: str, **fields: Any) -> Refusal:
    return Refusal(400, message, category="VALIDATION_ERROR", **fields)


def unreadable_json(problem: str, *, line: int = 1, column: int = 1) -> Refusal:
    """A body that does not fit its type: no category, as the real service answers."""
    return Refusal(400, f"Invalid input JSON on line {line}, column {column}: {problem}")


def too_many_searches() -> Refusal:
    return Refusal(
        429,
        "You have reached your secondly limit.",
        errorType="RATE_LIMIT",
        policyName="SECONDLY",
    )
