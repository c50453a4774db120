from datetime import UTC, date, datetime
from typing import Any

import pytest

from crm_sync.clients.hubspot.stages import stage_is_won
from crm_sync.clients.hubspot.values import (
    SEVERAL_COMPANIES,
    USUAL_TOKEN,
    clean_token,
    local_date,
    parse_moment,
    plain,
    primary_company,
    to_millis,
)

TOKEN = "pat-eu1-0a1b2c3d-0000-4000-8000-000000000000"
UNLABELLED = {"category": "HUBSPOT_DEFINED", "typeId": 341, "label": None}
PRIMARY = {"category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primär"}
OWN_LABEL = {"category": "USER_DEFINED", "typeId": 5, "label": "Primary"}


@pytest.mark.parametrize(
    "pasted",
    [
        TOKEN,
        f"  {TOKEN}\r\n",
        f'"{TOKEN}"',
        f"'{TOKEN}'",
        f"Bearer {TOKEN}",
        f"bearer  {TOKEN}",
        f"\ufeff{TOKEN}\u200b",
        f'"Bearer {TOKEN}"',
    ],
)
def test_what_comes_with_a_paste_is_taken_off(pasted: str) -> None:
    assert clean_token(pasted) == TOKEN
    assert USUAL_TOKEN.fullmatch(clean_token(pasted))


@pytest.mark.parametrize(("pasted", "expected"), [("", ""), (" \n", ""), ('""', ""), ("Bearer", "Bearer")])
def test_a_paste_without_a_token(pasted: str, expected: str) -> None:
    assert clean_token(pasted) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-09T20:29:45.981Z", datetime(2026, 3, 9, 20, 29, 45, 981_000, tzinfo=UTC)),
        ("2026-03-09T20:29:45Z", datetime(2026, 3, 9, 20, 29, 45, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_moments_with_and_without_milliseconds(text: str, expected: datetime) -> None:
    assert parse_moment(text) == expected


def test_moments_are_asked_for_in_milliseconds() -> None:
    assert to_millis(datetime(2026, 11, 22, 9, 55, tzinfo=UTC)) == "1795341300000"


@pytest.mark.parametrize(
    ("text", "time_zone", "expected"),
    [
        ("2023-04-01T01:09:22.123Z", "America/Phoenix", date(2023, 3, 31)),
        ("2023-04-01T01:09:22Z", "Europe/Dublin", date(2023, 4, 1)),
        ("2026-03-31T00:00:00Z", "US/Eastern", date(2026, 3, 30)),
        ("2026-03-31", "US/Eastern", date(2026, 3, 31)),
        ("2025-12-31T23:30:00Z", "Pacific/Kiritimati", date(2026, 1, 1)),
        ("", "UTC", None),
        (None, "UTC", None),
        ("soon", "UTC", None),
        ("2026-02-30", "UTC", None),
        ("9999-12-31T23:59:59Z", "Pacific/Kiritimati", None),
    ],
)
def test_case_14_days_where_the_portal_is(text: str | None, time_zone: str, expected: date | None) -> None:
    assert local_date(text, time_zone=time_zone) == expected


def test_an_empty_text_is_no_value_and_neither_is_an_object() -> None:
    properties: dict[str, Any] = {"a": "", "b": "0", "c": None, "d": [1], "e": {"x": 1}, "g": "false"}

    assert plain(properties, ["a", "b", "c", "d", "e", "f", "g"]) == {
        "a": None,
        "b": "0",
        "c": None,
        "d": None,
        "e": None,
        "f": None,
        "g": "false",
    }


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        ([], ("", "")),
        ([(11, [UNLABELLED])], ("11", "")),
        ([(11, [UNLABELLED]), (22, [UNLABELLED, PRIMARY])], ("22", "")),
        ([(22, [PRIMARY]), (11, [UNLABELLED])], ("22", "")),
        ([(11, [UNLABELLED]), (11, [UNLABELLED])], ("11", "")),
        ([(11, [UNLABELLED]), (22, [UNLABELLED])], ("", SEVERAL_COMPANIES)),
        ([(11, [OWN_LABEL]), (22, [UNLABELLED])], ("", SEVERAL_COMPANIES)),
        ([(11, []), (22, [])], ("", SEVERAL_COMPANIES)),
    ],
)
def test_case_57_the_primary_company(
    links: list[tuple[int, list[dict[str, Any]]]], expected: tuple[str, str]
) -> None:
    found = [{"toObjectId": company, "associationTypes": kinds} for company, kinds in links]

    assert primary_company(found) == expected


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"isClosed": "true", "probability": "1.0"}, True),
        ({"isClosed": "true", "probability": "1"}, True),
        ({"isClosed": "false", "probability": "1.0"}, False),
        ({"isClosed": "true", "probability": "0.0"}, False),
        ({"isClosed": "true", "probability": "0.8"}, False),
        ({"isClosed": True, "probability": 1.0}, True),
        ({}, False),
    ],
)
def test_whether_hubspot_calls_a_stage_won(metadata: dict[str, Any], expected: bool) -> None:
    assert stage_is_won(metadata) is expected
