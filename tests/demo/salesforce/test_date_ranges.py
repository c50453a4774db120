from datetime import date

import pytest

from demo.salesforce.date_ranges import is_range, span_of
from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import Client, StoppedClock

SUNDAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("word", "first", "after"),
    [
        ("YESTERDAY", "2026-11-21", "2026-11-22"),
        ("TODAY", "2026-11-22", "2026-11-23"),
        ("TOMORROW", "2026-11-23", "2026-11-24"),
        ("LAST_WEEK", "2026-11-15", "2026-11-22"),
        ("THIS_WEEK", "2026-11-22", "2026-11-29"),
        ("NEXT_WEEK", "2026-11-29", "2026-12-06"),
        ("LAST_MONTH", "2026-10-01", "2026-11-01"),
        ("THIS_MONTH", "2026-11-01", "2026-12-01"),
        ("NEXT_MONTH", "2026-12-01", "2027-01-01"),
        ("LAST_QUARTER", "2026-07-01", "2026-10-01"),
        ("THIS_QUARTER", "2026-10-01", "2027-01-01"),
        ("NEXT_QUARTER", "2027-01-01", "2027-04-01"),
        ("LAST_YEAR", "2025-01-01", "2026-01-01"),
        ("THIS_YEAR", "2026-01-01", "2027-01-01"),
        ("NEXT_YEAR", "2027-01-01", "2028-01-01"),
        ("LAST_90_DAYS", "2026-08-24", "2026-11-23"),
        ("NEXT_90_DAYS", "2026-11-23", "2027-02-21"),
        ("LAST_N_DAYS:2", "2026-11-20", "2026-11-23"),
        ("NEXT_N_DAYS:2", "2026-11-23", "2026-11-25"),
    ],
)
def test_span(word: str, first: str, after: str) -> None:
    assert [day.isoformat() for day in span_of(word, today=SUNDAY)] == [first, after]


def test_words_that_are_no_range() -> None:
    assert [is_range(word) for word in ("today", "LAST_N_DAYS", "LAST_N_DAYS:x", "SOON")] == [
        True,
        False,
        False,
        False,
    ]


@pytest.fixture
def deals(org: Org, clock: StoppedClock) -> None:
    for day in ("2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"):
        org.add("Opportunity", Name=day, CloseDate=day)


@pytest.mark.parametrize(
    ("where", "days"),
    [
        ("CloseDate = TODAY", ["22"]),
        ("CloseDate != today", ["20", "21", "23"]),
        ("CloseDate < TODAY", ["20", "21"]),
        ("CloseDate <= TODAY", ["20", "21", "22"]),
        ("CloseDate > TODAY", ["23"]),
        ("CloseDate >= TODAY", ["22", "23"]),
        ("CloseDate = LAST_N_DAYS:1", ["21", "22"]),
        ("CloseDate = TOMORROW OR CloseDate = 2026-11-20", ["20", "23"]),
    ],
)
def test_days_against_a_span(connected: Client, deals: None, where: str, days: list[str]) -> None:
    names = connected.names(f"SELECT Name FROM Opportunity WHERE {where} ORDER BY CloseDate")

    assert [name[-2:] for name in names] == days


def test_moments_are_in_the_zone_of_the_user(connected: Client, org: Org, clock: StoppedClock) -> None:
    org.edit(org.admin_id, TimeZoneSidKey="America/New_York")
    clock.moment = clock.moment.replace(hour=2)
    org.add("Opportunity", Name="last evening", modified_at=clock.moment.replace(hour=1))

    found = [
        connected.names(f"SELECT Name FROM Opportunity WHERE SystemModstamp = {word}")
        for word in ("TODAY", "YESTERDAY")
    ]

    assert found == [["last evening"], []]


@pytest.mark.parametrize("condition", ["Amount = TODAY", "Name = TODAY", "CloseDate IN (TODAY, TOMORROW)"])
def test_span_that_is_refused(connected: Client, condition: str) -> None:
    [error] = connected.query(f"SELECT Id FROM Opportunity WHERE {condition}")

    assert error["errorCode"] == "INVALID_FIELD"
