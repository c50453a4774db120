"""The error bodies of calls that come at a bad moment: too many of them, or while the account is busy."""

from collections.abc import Callable
from typing import Any

from demo.hubspot.refusals import Refusal
from demo.hubspot.usage import Excess

LOCK_SECONDS = 2


def too_many(
    excess: Excess, *, app_id: int, portal_id: int, retry_after: bool, new_id: Callable[[], str]
) -> Refusal:
    fields: dict[str, Any] = {"errorType": "RATE_LIMIT", "policyName": excess.policy}
    if excess.policy == "TEN_SECONDLY_ROLLING":
        fields["groupName"] = f"publicapi:private_app-api-calls-ten-secondly:{app_id}:{portal_id}"
    if excess.policy == "DAILY":
        fields["requestId"] = new_id()
    return Refusal(
        429,
        f"You have reached your {excess.policy.lower()} limit.",
        headers={"Retry-After": str(excess.retry_after)} if retry_after else None,
        **fields,
    )


def account_moving(*, seconds: int) -> Refusal:
    """477: the account is on its way to another data centre."""
    return Refusal(
        477,
        "This account is being moved to another data hosting location.",
        headers={"Retry-After": str(seconds)},
        category="MIGRATION_IN_PROGRESS",
    )


def account_locked() -> Refusal:
    return Refusal(
        423, "This account is locked by a large sync. Try again in two seconds.", category="LOCKED"
    )


def wrong_hublet(*, portal_id: int, hublet: str) -> Refusal:
    """The body is a recorded one, its status is not known."""
    return Refusal(
        400,
        f"Hub {portal_id} is unknown to this Hublet, but it appears to exist in Hublet {hublet}",
        correctHublet=hublet,
    )
