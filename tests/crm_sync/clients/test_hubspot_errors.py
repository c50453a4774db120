"""HubSpot's statuses, row by row."""

import pytest

from crm_sync.clients.hubspot.errors import error_of
from crm_sync.errors import ConfigError, SyncError, TransientError
from tests.crm_sync.clients.wire import answer_of

RECONNECT = "Paste a working access token in Settings, CRM Integration."
LATER = "The next poll tries again."
OPERATORS = "Tell Fincelo's operators: the run's details hold the code."
NO_CREDENTIALS = {
    "status": "error",
    "message": "Authentication credentials not found. This API supports OAuth 2.0 authentication and ...",
    "category": "INVALID_AUTHENTICATION",
}
EXPIRED = {
    "status": "error",
    "message": "The OAuth token used to make this call expired 75 second(s) ago.",
    "category": "EXPIRED_AUTHENTICATION",
    "context": {"expire time": ["2026-06-21T10:37:52.040Z"]},
}
NO_TOKEN_AT_ALL = {
    "status": "error",
    "message": "The OAuth token used to make this call expired 20543 day(s) ago.",
    "category": "EXPIRED_AUTHENTICATION",
    "context": {"expire time": ["1970-01-01T00:00:00Z"]},
}


def lacking(*scopes: str, key: str = "requiredGranularScopes") -> dict[str, object]:
    return {"category": "MISSING_SCOPES", "errors": [{"message": "m", "context": {key: list(scopes)}}]}


def facts(error: SyncError) -> tuple[str, str, str, str]:
    """(kind, sentence, next step, code). A dead credential counts as a kind of its own."""
    kind = "broken" if isinstance(error, ConfigError) and error.breaks else error.kind.value
    return kind, error.sentence, error.next_step, error.code


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (
            401,
            NO_CREDENTIALS,
            (
                "broken",
                "HubSpot does not accept the access token: it was revoked, replaced or mistyped.",
                RECONNECT,
                "INVALID_AUTHENTICATION",
            ),
        ),
        (
            401,
            EXPIRED,
            ("broken", "The HubSpot access token has expired.", RECONNECT, "EXPIRED_AUTHENTICATION"),
        ),
        (
            401,
            NO_TOKEN_AT_ALL,
            (
                "broken",
                "This is no access token.",
                "Copy the token of a service key or of an existing private app; it begins with pat-.",
                "NO_ACCESS_TOKEN",
            ),
        ),
        (
            401,
            {"message": "This hapikey doesn't exist."},
            (
                "broken",
                "HubSpot does not accept the access token: it was revoked, replaced or mistyped.",
                RECONNECT,
                "INVALID_AUTHENTICATION",
            ),
        ),
        (
            403,
            lacking("crm.objects.owners.read"),
            (
                "config",
                "The access token lacks the scope crm.objects.owners.read.",
                "Add it to the service key or private app in HubSpot.",
                "MISSING_SCOPES",
            ),
        ),
        (
            403,
            lacking(
                "crm.schemas.deals.read",
                "crm.objects.deals.read",
                "crm.objects.deals.highly_sensitive.read.v2",
                key="requiredScopes",
            ),
            (
                "config",
                "The access token lacks the scope crm.schemas.deals.read or crm.objects.deals.read.",
                "Add it to the service key or private app in HubSpot.",
                "MISSING_SCOPES",
            ),
        ),
        (
            403,
            {"category": "USER_DOES_NOT_HAVE_PERMISSIONS"},
            (
                "config",
                "The person who made this access token has lost the right to use it.",
                "Have a HubSpot super admin rotate the token, then paste the new one.",
                "USER_DOES_NOT_HAVE_PERMISSIONS",
            ),
        ),
        (
            403,
            "<html>forbidden</html>",
            (
                "config",
                "HubSpot does not let this access token read something that Fincelo needs.",
                "Have a HubSpot super admin check the token's scopes and the rights of its maker.",
                "FORBIDDEN",
            ),
        ),
        (
            477,
            "",
            (
                "transient",
                "HubSpot is moving this portal to another data centre.",
                "Fincelo continues automatically when HubSpot is done.",
                "MIGRATION",
            ),
        ),
        (
            530,
            "<html>Error 1016</html>",
            ("config", "HubSpot could not read the access token.", RECONNECT, "BAD_TOKEN"),
        ),
        (
            400,
            {"category": "VALIDATION_ERROR", "message": "m"},
            ("config", "HubSpot refused a request (400 VALIDATION_ERROR).", OPERATORS, "VALIDATION_ERROR"),
        ),
        (
            400,
            {"message": "Invalid input JSON on line 1"},
            ("config", "HubSpot refused a request (400).", OPERATORS, "400"),
        ),
        (
            404,
            "<html>",
            (
                "config",
                "HubSpot does not know an address that Fincelo calls.",
                "Connect again: Fincelo then looks for a version of HubSpot's API that is served.",
                "UNKNOWN_ADDRESS",
            ),
        ),
        (
            404,
            {"message": "resource not found"},
            ("config", "HubSpot refused a request (404).", OPERATORS, "404"),
        ),
        (302, "", ("config", "HubSpot refused a request (302).", OPERATORS, "302")),
        (414, "", ("config", "HubSpot refused a request (414).", OPERATORS, "414")),
        *[
            (
                status,
                "",
                ("transient", f"HubSpot is not answering properly at the moment ({status}).", LATER, ""),
            )
            for status in (408, 423, 500, 502, 503, 504, 521, 522, 523, 524, 525, 526)
        ],
    ],
)
def test_every_status(status: int, body: object, expected: tuple[str, str, str, str]) -> None:
    error = error_of(answer_of(body, status=status))

    assert (facts(error), error.status) == (expected, status)


@pytest.mark.parametrize(
    ("body", "headers", "sentence", "retry_after", "code"),
    [
        ({"policyName": "SECONDLY"}, {}, "HubSpot asks for fewer calls.", 1.0, "SECONDLY"),
        (
            {"policyName": "TEN_SECONDLY_ROLLING"},
            {},
            "HubSpot asks for fewer calls.",
            10.0,
            "TEN_SECONDLY_ROLLING",
        ),
        ({"policyName": "DAILY"}, {}, "HubSpot's daily API limit is used up.", 3600.0, "DAILY"),
        (
            {"message": "You have reached your daily limit."},
            {},
            "HubSpot's daily API limit is used up.",
            3600.0,
            "RATE_LIMIT",
        ),
        (
            {"message": "You have reached your secondly limit."},
            {},
            "HubSpot asks for fewer calls.",
            1.0,
            "RATE_LIMIT",
        ),
        (
            {"message": "You have reached your ten_secondly_rolling limit."},
            {},
            "HubSpot asks for fewer calls.",
            10.0,
            "RATE_LIMIT",
        ),
        ({}, {}, "HubSpot asks for fewer calls.", 10.0, "RATE_LIMIT"),
        ("<html>", {}, "HubSpot asks for fewer calls.", 10.0, "RATE_LIMIT"),
        ({}, {"Retry-After": "30"}, "HubSpot asks for fewer calls.", 30.0, "RATE_LIMIT"),
        (
            {"policyName": "DAILY"},
            {"Retry-After": "7200"},
            "HubSpot's daily API limit is used up.",
            7200.0,
            "DAILY",
        ),
        ({}, {"Retry-After": "soon"}, "HubSpot asks for fewer calls.", 10.0, "RATE_LIMIT"),
    ],
)
def test_case_77_limits_say_when_to_come_back(
    body: object, headers: dict[str, str], sentence: str, retry_after: float, code: str
) -> None:
    error = error_of(answer_of(body, status=429, headers=headers))

    assert isinstance(error, TransientError)
    assert (error.sentence, error.retry_after, error.code) == (sentence, retry_after, code)


@pytest.mark.parametrize(
    ("shown", "time_zone", "hours"),
    [
        ("Sun, 22 Nov 2026 12:00:00 GMT", "UTC", 12),
        ("Sun, 22 Nov 2026 12:00:00 GMT", "US/Eastern", 17),
        ("Sun, 22 Nov 2026 12:00:00 GMT", "Pacific/Auckland", 23),
        ("Sun, 22 Nov 2026 05:00:00 GMT", "US/Eastern", 24),
        ("Sun, 01 Nov 2026 04:00:00 GMT", "US/Eastern", 25),
        ("Sun, 08 Mar 2026 05:00:00 GMT", "US/Eastern", 23),
    ],
    ids=["UTC", "west", "east", "just begun", "day of 25 hours", "day of 23 hours"],
)
def test_a_daily_limit_ends_with_the_portals_day(shown: str, time_zone: str, hours: int) -> None:
    answer = answer_of({"policyName": "DAILY"}, status=429, headers={"Date": shown})

    error = error_of(answer, time_zone=time_zone)

    assert isinstance(error, TransientError)
    assert error.retry_after == hours * 3600


@pytest.mark.parametrize(("headers", "expected"), [({"Retry-After": "600"}, 600.0), ({}, 86_400.0)])
def test_a_portal_that_moves_says_for_how_long(headers: dict[str, str], expected: float) -> None:
    error = error_of(answer_of("", status=477, headers=headers))

    assert isinstance(error, TransientError)
    assert error.retry_after == expected


@pytest.mark.parametrize(
    "body",
    [
        [],
        None,
        7,
        {"errors": 7},
        {"errors": "text"},
        {"errors": [None, 1, {"context": 1}]},
        {"errors": [{"context": {"requiredScopes": 5}}]},
        {"errors": [{"context": {"requiredScopes": "crm.objects"}}]},
        {"category": 5, "message": None, "policyName": ["DAILY"], "context": 7},
        "[" * 100_000,
        b"\xff\xfe\x00",
    ],
    ids=range(11),
)
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 429, 477, 500, 530])
def test_no_body_makes_it_fail(status: int, body: object) -> None:
    assert error_of(answer_of(body, status=status)).status == status
