from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.schedules.periods import BillingPeriod, PlannedInstalment, billing_periods, plan_instalments
from billing.schedules.split import ScheduleImpossible
from contracts.enums import BillingCycle, BillingTiming, LeadDays
from contracts.money import LIMIT, Money
from contracts.terms import DateOutOfRange, EmptySpan, Span, add_months, term

MONTHLY, QUARTERLY, ANNUAL, ONE_TIME = (
    BillingCycle.MONTHLY,
    BillingCycle.QUARTERLY,
    BillingCycle.ANNUAL,
    BillingCycle.ONE_TIME,
)
ADVANCE, ARREARS = BillingTiming.IN_ADVANCE, BillingTiming.IN_ARREARS

TERMS = {
    "start": st.dates(min_value=date(1900, 1, 1), max_value=date(2199, 12, 31)),
    "months": st.integers(min_value=1, max_value=130),
    "cycle": st.sampled_from(BillingCycle),
    "timing": st.sampled_from(BillingTiming),
    "lead_days": st.sampled_from([choice.value for choice in LeadDays]),
}


def starts(*, start: str, months: int, cycle: BillingCycle) -> list[str]:
    periods = billing_periods(
        start=date.fromisoformat(start), months=months, cycle=cycle, timing=ADVANCE, lead_days=0
    )
    return [period.span.start.isoformat() for period in periods]


def amounts(*, minor: int, currency: str, months: int, cycle: BillingCycle) -> list[str]:
    instalments = plan_instalments(
        value=Money(minor=minor, currency=currency),
        start=date(2026, 1, 1),
        months=months,
        cycle=cycle,
        timing=ADVANCE,
        lead_days=0,
    )
    return [instalment.amount.format_amount() for instalment in instalments]


@pytest.mark.parametrize(
    ("minor", "currency", "months", "expected"),
    [
        (10_000, "USD", 3, ["33.34", "33.33", "33.33"]),
        (100_000, "JPY", 12, ["8,334"] * 4 + ["8,333"] * 8),
        (100_000, "BHD", 3, ["33.334", "33.333", "33.333"]),
        (10_000, "CLF", 3, ["0.3334", "0.3333", "0.3333"]),
    ],
)
def test_case_7_a_value_that_does_not_divide(
    minor: int, currency: str, months: int, expected: list[str]
) -> None:
    assert amounts(minor=minor, currency=currency, months=months, cycle=MONTHLY) == expected


def test_case_8_an_instalment_of_zero() -> None:
    with pytest.raises(ScheduleImpossible) as refusal:
        amounts(minor=5, currency="JPY", months=12, cycle=MONTHLY)

    assert str(refusal.value) == (
        "JPY 5 cannot be billed in 12 instalments. "
        "At least one instalment would be zero; choose a longer billing cycle."
    )
    assert amounts(minor=5, currency="JPY", months=12, cycle=QUARTERLY) == ["2", "1", "1", "1"]


def test_case_13_lead_days_bill_before_the_period_starts() -> None:
    periods = billing_periods(start=date(2026, 12, 2), months=2, cycle=MONTHLY, timing=ADVANCE, lead_days=30)

    assert [period.billing_date for period in periods] == [date(2026, 11, 2), date(2026, 12, 3)]


def test_case_23_a_term_that_is_no_multiple_of_the_cycle() -> None:
    periods = billing_periods(start=date(2026, 3, 15), months=14, cycle=ANNUAL, timing=ADVANCE, lead_days=0)

    assert periods == [
        BillingPeriod(
            sequence=1,
            span=Span(start=date(2026, 3, 15), end=date(2027, 3, 15)),
            months=12,
            billing_date=date(2026, 3, 15),
            is_short=False,
        ),
        BillingPeriod(
            sequence=2,
            span=Span(start=date(2027, 3, 15), end=date(2027, 5, 15)),
            months=2,
            billing_date=date(2027, 3, 15),
            is_short=True,
        ),
    ]
    assert amounts(minor=140_000, currency="USD", months=14, cycle=ANNUAL) == ["1,200.00", "200.00"]


def test_case_24_a_term_shorter_than_the_cycle() -> None:
    periods = billing_periods(start=date(2026, 1, 1), months=1, cycle=ANNUAL, timing=ADVANCE, lead_days=0)

    assert periods == [
        BillingPeriod(
            sequence=1,
            span=Span(start=date(2026, 1, 1), end=date(2026, 2, 1)),
            months=1,
            billing_date=date(2026, 1, 1),
            is_short=True,
        )
    ]


@pytest.mark.parametrize(
    ("timing", "billing_date"), [(ADVANCE, date(2026, 1, 1)), (ARREARS, date(2027, 3, 1))]
)
def test_case_28_one_time_is_the_whole_value_at_once(timing: BillingTiming, billing_date: date) -> None:
    value = Money(minor=1_234_567, currency="EUR")

    instalments = plan_instalments(
        value=value, start=date(2026, 1, 1), months=14, cycle=ONE_TIME, timing=timing, lead_days=0
    )

    assert instalments == [
        PlannedInstalment(
            period=BillingPeriod(
                sequence=1,
                span=Span(start=date(2026, 1, 1), end=date(2027, 3, 1)),
                months=14,
                billing_date=billing_date,
                is_short=False,
            ),
            amount=value,
        )
    ]


def test_case_29_monthly_from_the_31st() -> None:
    assert starts(start="2026-01-31", months=6, cycle=MONTHLY) == [
        "2026-01-31",
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
        "2026-05-31",
        "2026-06-30",
    ]


def test_case_29_every_period_ends_the_day_before_the_next() -> None:
    periods = billing_periods(start=date(2026, 1, 31), months=3, cycle=MONTHLY, timing=ADVANCE, lead_days=0)

    assert [period.span.last_day for period in periods] == [
        date(2026, 2, 27),
        date(2026, 3, 30),
        date(2026, 4, 29),
    ]


def test_case_30_monthly_from_the_30th_in_a_leap_year() -> None:
    assert starts(start="2028-01-30", months=3, cycle=MONTHLY) == ["2028-01-30", "2028-02-29", "2028-03-30"]


def test_case_31_annual_from_29_february() -> None:
    assert starts(start="2024-02-29", months=72, cycle=ANNUAL) == [
        "2024-02-29",
        "2025-02-28",
        "2026-02-28",
        "2027-02-28",
        "2028-02-29",
        "2029-02-28",
    ]


def test_case_32_quarterly_from_31_august() -> None:
    assert starts(start="2026-08-31", months=12, cycle=QUARTERLY) == [
        "2026-08-31",
        "2026-11-30",
        "2027-02-28",
        "2027-05-31",
    ]


def test_case_33_28_february_is_not_the_end_of_the_month() -> None:
    assert starts(start="2026-02-28", months=3, cycle=MONTHLY) == ["2026-02-28", "2026-03-28", "2026-04-28"]


def test_case_34_a_year_from_29_february() -> None:
    [year] = billing_periods(start=date(2024, 2, 29), months=12, cycle=ANNUAL, timing=ARREARS, lead_days=0)

    assert year.span.last_day == date(2025, 2, 27)
    assert year.billing_date == date(2025, 2, 28)


def test_arrears_bill_the_day_after_the_period_and_ignore_lead_days() -> None:
    periods = billing_periods(start=date(2026, 1, 31), months=2, cycle=MONTHLY, timing=ARREARS, lead_days=30)

    assert [(period.span.last_day, period.billing_date) for period in periods] == [
        (date(2026, 2, 27), date(2026, 2, 28)),
        (date(2026, 3, 30), date(2026, 3, 31)),
    ]


def test_a_cycle_read_from_the_database_is_plain_text() -> None:
    stored: dict[str, Any] = {"cycle": "quarterly", "timing": "in_arrears"}

    periods = billing_periods(start=date(2026, 1, 1), months=3, lead_days=0, **stored)

    assert [period.billing_date for period in periods] == [date(2026, 4, 1)]


@settings(max_examples=500)
@given(**TERMS)
def test_periods_tile_the_term(
    start: date, months: int, cycle: BillingCycle, timing: BillingTiming, lead_days: int
) -> None:
    periods = billing_periods(start=start, months=months, cycle=cycle, timing=timing, lead_days=lead_days)
    whole = term(start=start, months=months)
    step = cycle.months or months

    days = [day for period in periods for day in (period.span.start.toordinal(), period.span.end.toordinal())]
    assert days[0] == whole.start.toordinal()
    assert days[-1] == whole.end.toordinal()
    assert days[1:-1:2] == days[2::2]  # no gap, no overlap
    assert sum(period.months for period in periods) == months
    assert [period.sequence for period in periods] == list(range(1, len(periods) + 1))
    assert [period.span.start for period in periods] == [
        add_months(anchor=start, months=step * position) for position in range(len(periods))
    ]
    assert [period.is_short for period in periods[:-1]] == [False] * (len(periods) - 1)
    assert periods[-1].is_short == (months % step != 0)
    for period in periods:
        lead = timedelta(days=lead_days)
        assert period.billing_date == (period.span.start - lead if timing == ADVANCE else period.span.end)


@settings(max_examples=500)
@given(
    minor=st.integers(min_value=0, max_value=LIMIT - 1) | st.integers(min_value=0, max_value=10_000),
    currency=st.sampled_from(["JPY", "USD", "BHD", "CLF"]),
    **TERMS,
)
def test_instalments_add_up_to_the_value(
    minor: int,
    currency: str,
    start: date,
    months: int,
    cycle: BillingCycle,
    timing: BillingTiming,
    lead_days: int,
) -> None:
    value = Money(minor=minor, currency=currency)
    try:
        instalments = plan_instalments(
            value=value, start=start, months=months, cycle=cycle, timing=timing, lead_days=lead_days
        )
    except ScheduleImpossible:
        assert 0 < minor < months * 2
        return

    assert [instalment.period for instalment in instalments] == billing_periods(
        start=start, months=months, cycle=cycle, timing=timing, lead_days=lead_days
    )
    assert sum((instalment.amount for instalment in instalments), Money(minor=0, currency=currency)) == value
    full = [instalment.amount.minor for instalment in instalments if not instalment.period.is_short]
    assert full == sorted(full, reverse=True)  # the extra units are on the earliest
    assert max(full, default=0) - min(full, default=0) <= 1


@settings(max_examples=500)
@given(
    minor=st.integers(),
    start=st.dates(),
    months=st.integers(min_value=-20, max_value=1_500) | st.integers(min_value=100_000),
    cycle=st.sampled_from(BillingCycle),
    timing=st.sampled_from(BillingTiming),
    lead_days=st.sampled_from([choice.value for choice in LeadDays]),
)
def test_only_named_refusals(
    minor: int, start: date, months: int, cycle: BillingCycle, timing: BillingTiming, lead_days: int
) -> None:
    value = Money(minor=minor % LIMIT if minor >= 0 else -(-minor % LIMIT), currency="USD")
    try:
        plan_instalments(
            value=value, start=start, months=months, cycle=cycle, timing=timing, lead_days=lead_days
        )
    except (ScheduleImpossible, DateOutOfRange, EmptySpan) as refusal:
        sentence = str(refusal)
    else:
        sentence = "Planned."
    assert sentence.endswith(".")
