from typing import Any

from demo.hubspot.options import Limits, limits_of
from tests.demo.hubspot.caller import Caller, StoppedClock, error_body

DEALS = "/crm/objects/2026-09/deals"
ASSOCIATIONS = "/crm/associations/2026-09/deals/companies/batch/read"
USAGE = "/account-info/2026-09/api-usage/daily/private-apps"


def limited(caller: Caller, **limits: Any) -> None:
    caller.portal.limits = Limits(enforced=True, **limits)


def test_burst_of_one_app(caller: Caller, clock: StoppedClock) -> None:
    limited(caller, burst=2)

    answers = [caller.get(DEALS) for _ in range(3)]
    clock.forward(seconds=10)

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert error_body(answers[2]) == {
        "status": "error",
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "policyName": "TEN_SECONDLY_ROLLING",
        "groupName": "publicapi:private_app-api-calls-ten-secondly:7654321:48211907",
    }
    assert "Retry-After" not in answers[2].headers
    assert answers[2].headers["X-HubSpot-RateLimit-Remaining"] == "0"
    assert caller.get(DEALS).status_code == 200


def test_each_app_has_its_own_burst(caller: Caller) -> None:
    limited(caller, burst=1)
    caller.get(DEALS)

    caller.token = caller.portal.issue_token()

    assert caller.get(DEALS).status_code == 200


def test_rotated_token_is_the_same_app(caller: Caller) -> None:
    limited(caller, burst=1)
    caller.get(DEALS)

    caller.token = caller.portal.rotate_token(caller.token, at_once=True)

    assert caller.get(DEALS).status_code == 429


def test_associations_have_a_burst_of_their_own(caller: Caller) -> None:
    limited(caller, burst=1, association_burst=2)
    asked = {"inputs": [{"id": "1"}]}

    calls = [caller.get(DEALS), *(caller.post(ASSOCIATIONS, asked) for _ in range(3))]

    assert [call.status_code for call in calls] == [200, 207, 207, 429]


def test_searches_are_counted_for_the_whole_account(caller: Caller) -> None:
    limited(caller, searches=1)
    caller.search({})

    caller.token = caller.portal.issue_token()

    refused = caller.search({})
    assert (refused.status_code, error_body(refused)["policyName"]) == (429, "SECONDLY")
    assert [name for name in refused.headers if "RateLimit" in name] == []


def test_day_ends_at_midnight_of_the_portal(caller: Caller, clock: StoppedClock) -> None:
    limited(caller, daily=2, retry_after=True)

    answers = [caller.get(DEALS), caller.search({}), caller.get(DEALS)]

    body = error_body(answers[2])
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert len(body.pop("requestId")) == 36
    assert body == {
        "status": "error",
        "message": "You have reached your daily limit.",
        "errorType": "RATE_LIMIT",
        "policyName": "DAILY",
    }
    assert answers[2].headers["Retry-After"] == "50155"
    clock.forward(seconds=50_154)
    assert caller.get(DEALS).status_code == 429
    clock.forward(seconds=1)
    assert caller.get(DEALS).status_code == 200


def test_usage_of_the_day(caller: Caller) -> None:
    limited(caller, daily=1_000)
    caller.search({})

    assert caller.get(USAGE).json() == {
        "results": [
            {
                "name": "private-apps-api-calls-daily",
                "usageLimit": 1_000,
                "currentUsage": 2,
                "collectedAt": "2026-11-22T15:04:05.120Z",
                "fetchStatus": "SUCCESS",
                "resetsAt": "2026-11-23T05:00:00Z",
            }
        ]
    }


def test_when_to_come_back(caller: Caller, clock: StoppedClock) -> None:
    limited(caller, burst=1, searches=1, retry_after=True)
    caller.get(DEALS)
    caller.search({})
    clock.forward(seconds=0.5)

    waits = [answer.headers["Retry-After"] for answer in (caller.get(DEALS), caller.search({}))]

    assert waits == ["10", "1"]


def test_limits_that_are_only_told(caller: Caller) -> None:
    caller.portal.limits = Limits(burst=1)

    statuses = [caller.get(DEALS).status_code for _ in range(3)]

    assert statuses == [200, 200, 200]


def test_tiers() -> None:
    assert limits_of("free") == Limits(enforced=True, burst=100, association_burst=100, daily=250_000)
    assert limits_of("professional") == Limits(enforced=True)
