from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.terms import DateOutOfRange, EmptySpan, Span, add_months, term

DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31))


def walk_months(*, anchor: date, months: int) -> date:
    """The slow way: one day at a time, through so many first days of a month."""
    day = anchor
    while months:
        day += timedelta(days=1)
        if day.day == 1:
            months -= 1
    month = day.month
    while day.day < anchor.day and (day + timedelta(days=1)).month == month:
        day += timedelta(days=1)
    return day


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        # Case 29: the 31st comes back after every shorter month.
        ("2026-01-31", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]),
        ("2028-01-31", ["2028-01-31", "2028-02-29", "2028-03-31"]),
        # Case 30: the 30th in a leap year.
        ("2028-01-30", ["2028-01-30", "2028-02-29", "2028-03-30"]),
        # Case 33: the 28th stays, though it is the month's last day.
        ("2026-02-28", ["2026-02-28", "2026-03-28", "2026-04-28"]),
    ],
)
def test_add_months_counts_from_the_anchor(anchor: str, expected: list[str]) -> None:
    start = date.fromisoformat(anchor)

    assert [add_months(anchor=start, months=n).isoformat() for n in range(len(expected))] == expected


def test_case_31_anniversaries_of_29_february() -> None:
    anniversaries = [add_months(anchor=date(2024, 2, 29), months=12 * n).isoformat() for n in range(6)]

    assert anniversaries == [
        "2024-02-29",
        "2025-02-28",
        "2026-02-28",
        "2027-02-28",
        "2028-02-29",
        "2029-02-28",
    ]


def test_case_32_quarters_from_31_august() -> None:
    quarters = [add_months(anchor=date(2026, 8, 31), months=3 * n).isoformat() for n in range(7)]

    assert quarters == [
        "2026-08-31",
        "2026-11-30",
        "2027-02-28",
        "2027-05-31",
        "2027-08-31",
        "2027-11-30",
        "2028-02-29",
    ]


def test_case_34_a_year_from_29_february_covers_27_february() -> None:
    year = term(start=date(2024, 2, 29), months=12)

    assert year == Span(start=date(2024, 2, 29), end=date(2025, 2, 28))
    assert year.last_day == date(2025, 2, 27)


def test_add_months_across_centuries() -> None:
    assert add_months(anchor=date(1999, 12, 31), months=2) == date(2000, 2, 29)
    assert add_months(anchor=date(2099, 12, 31), months=2) == date(2100, 2, 28)
    assert add_months(anchor=date(2026, 3, 31), months=-1) == date(2026, 2, 28)
    assert add_months(anchor=date(1900, 2, 28), months=-1) == date(1900, 1, 28)
    assert term(start=date(1900, 1, 1), months=1).last_day == date(1900, 1, 31)
    assert add_months(anchor=date(9999, 11, 30), months=1) == date(9999, 12, 30)


def test_from_the_31st_each_month_has_its_last_day() -> None:
    days = [add_months(anchor=date(2025, 12, 31), months=months).day for months in range(1, 13)]

    assert days == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


@settings(max_examples=500)
@given(anchor=DAYS, months=st.integers(min_value=0, max_value=60))
def test_add_months_agrees_with_walking(anchor: date, months: int) -> None:
    assert add_months(anchor=anchor, months=months) == walk_months(anchor=anchor, months=months)


@settings(max_examples=500)
@given(start=st.dates(), months=st.integers(min_value=-5, max_value=200_000))
def test_term_is_a_span_or_a_named_refusal(start: date, months: int) -> None:
    try:
        span = term(start=start, months=months)
    except DateOutOfRange:
        assert start.year < 1900 or not 1900 <= start.year + (start.month - 1 + months) // 12 <= 9999
    except EmptySpan:
        assert months < 1
    else:
        assert span.start == start
        assert (span.end.year - start.year) * 12 + span.end.month - start.month == months


@pytest.mark.parametrize(
    ("start", "months", "sentence"),
    [
        (date(1899, 12, 31), 12, "The year 1899 is outside 1900 to 9999."),
        (date(1, 1, 1), 1, "The year 1 is outside 1900 to 9999."),
        (date(9999, 6, 1), 12, "The year 10000 is outside 1900 to 9999."),
        (date(2026, 1, 1), 10**12, "The year 83333335359 is outside 1900 to 9999."),
    ],
)
def test_term_outside_the_years(start: date, months: int, sentence: str) -> None:
    with pytest.raises(DateOutOfRange) as refusal:
        term(start=start, months=months)

    assert str(refusal.value) == sentence


@pytest.mark.parametrize("end", [date(2026, 1, 1), date(2025, 12, 31)])
def test_span_ends_after_it_starts(end: date) -> None:
    with pytest.raises(EmptySpan) as refusal:
        Span(start=date(2026, 1, 1), end=end)

    assert str(refusal.value) == f"A span that starts on 2026-01-01 cannot end on {end}."


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2026, 1, 1), date(2026, 2, 1)),
        (date(2026, 1, 1), datetime(2026, 2, 1)),
        (datetime(2026, 1, 1), datetime(2026, 2, 1)),
    ],
)
def test_span_is_made_of_days(start: date, end: date) -> None:
    with pytest.raises(TypeError, match=r"^A span is made of calendar days, not of moments\.$"):
        Span(start=start, end=end)


def test_span_contains_its_first_day_and_not_its_end() -> None:
    january = Span(start=date(2026, 1, 1), end=date(2026, 2, 1))

    assert january.last_day == date(2026, 1, 31)
    assert [
        january.contains(day) for day in (date(2025, 12, 31), january.start, january.last_day, january.end)
    ] == [
        False,
        True,
        True,
        False,
    ]


def test_spans_that_touch_do_not_overlap() -> None:
    january = Span(start=date(2026, 1, 1), end=date(2026, 2, 1))
    february = Span(start=date(2026, 2, 1), end=date(2026, 3, 1))
    both = Span(start=date(2026, 1, 31), end=date(2026, 2, 2))

    assert not january.overlaps(february)
    assert not february.overlaps(january)
    assert january.overlaps(both)
    assert both.overlaps(february)
    assert january.overlaps(january)
