"""Plans from every day of forty years, beside a calendar that counts on its fingers.

Each day is the start of one plan; cycle, timing, lead days and term take turns so that all their combinations
come up at least three times. The ends of months take all combinations of cycle, timing and lead days.
"""

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count, cycle, product

import pytest

from billing.schedules.periods import PlannedInstalment, plan_instalments
from billing.schedules.split import ScheduleImpossible
from contracts.enums import BillingCycle, BillingTiming, LeadDays
from contracts.money import LIMIT, Money
from tests.billing.naive_calendar import ONE_DAY, months_later, months_of_periods, shares

FIRST, DAYS = date(2000, 1, 1), 14_610
STEPS = {"monthly": 1, "quarterly": 3, "semi_annual": 6, "annual": 12, "one_time": None}
TIMINGS = [
    *((BillingTiming.IN_ADVANCE, lead) for lead in (0, 15, 30, 45, 60, 90)),
    (BillingTiming.IN_ARREARS, 0),
    (BillingTiming.IN_ARREARS, 30),
]
TERMS = range(1, 121)
CURRENCIES = {"JPY": 0, "KRW": 0, "USD": 2, "EUR": 2, "BHD": 3, "TND": 3, "CLF": 4, "UYW": 4}

Order = tuple[date, int, BillingCycle, BillingTiming, int]


def test_the_choices_are_all_here() -> None:
    assert [choice.value for choice in BillingCycle] == list(STEPS)
    assert [choice.value for choice in LeadDays] == [0, 15, 30, 45, 60, 90]
    assert {timing for timing, _ in TIMINGS} == set(BillingTiming)


def one_from_each_day() -> Iterator[Order]:
    combinations = list(product(TERMS, BillingCycle, TIMINGS))
    random.Random(40).shuffle(combinations)
    assert 3 * len(combinations) < DAYS
    for place, (months, cycle_, (timing, lead)) in zip(range(DAYS), cycle(combinations), strict=False):
        yield FIRST + timedelta(days=place), months, cycle_, timing, lead


def all_from_each_end_of_a_month() -> Iterator[Order]:
    terms = cycle([*TERMS][::-7] + [*TERMS][::11] + [120])
    for place in range(DAYS):
        day = FIRST + timedelta(days=place)
        if day.day >= 28 and (day.year % 8 == 0 or day.month <= 3) and day.year % 4 < 2:
            for cycle_, (timing, lead) in product(BillingCycle, TIMINGS):
                yield day, next(terms), cycle_, timing, lead


def values(dice: random.Random, *, instalments: int) -> Iterator[int]:
    """Minor units: few of them, so that most of the sums do not divide, and the largest there are."""
    for place in count():
        highest = [instalments * 13, 10_000, 10**9, LIMIT][place % 4]
        yield dice.randrange(1, max(highest, 2))


def expected(order: Order, *, total: int) -> list[tuple[date, date, int, date, bool, int]]:
    start, months, cycle_, timing, lead = order
    parts = months_of_periods(months=months, step=STEPS[cycle_.value])
    begins = [months_later(start, sum(parts[:place])) for place in range(len(parts) + 1)]
    full = STEPS[cycle_.value] or months
    return [
        (
            begins[place],
            begins[place + 1] - ONE_DAY,
            part,
            begins[place] - lead * ONE_DAY if timing == BillingTiming.IN_ADVANCE else begins[place + 1],
            part < full,
            share,
        )
        for place, (part, share) in enumerate(zip(parts, shares(total=total, months=parts), strict=True))
    ]


def planned(order: Order, *, value: Money) -> list[PlannedInstalment]:
    start, months, cycle_, timing, lead = order
    return plan_instalments(
        value=value, start=start, months=months, cycle=cycle_, timing=timing, lead_days=lead
    )


def assert_as_expected(order: Order, *, value: Money) -> None:
    wanted = expected(order, total=value.minor)
    if min(row[5] for row in wanted) == 0:
        with pytest.raises(ScheduleImpossible):
            planned(order, value=value)
        return

    found = planned(order, value=value)

    assert [
        (
            one.period.span.start,
            one.period.span.last_day,
            one.period.months,
            one.period.billing_date,
            one.period.is_short,
            one.amount.minor,
        )
        for one in found
    ] == wanted, (order, value)
    assert {one.amount.currency for one in found} == {value.currency}
    assert_as_the_rules_say(order, found, value=value)


def assert_as_the_rules_say(order: Order, found: list[PlannedInstalment], *, value: Money) -> None:
    """The rules themselves, told without the plain calendar."""
    start, months, _, _, _ = order
    last = start
    for place, one in enumerate(found, start=1):
        assert (one.period.sequence, one.period.span.start) == (place, last)
        assert one.period.span.start.day == start.day or (one.period.span.start + ONE_DAY).day == 1
        last = one.period.span.end
    assert last == months_later(start, months)
    equal = [one.amount.minor for one in found if not one.period.is_short]
    assert equal == sorted(equal, reverse=True)
    assert not equal or equal[0] - equal[-1] <= 1
    assert sum(one.amount.to_decimal() for one in found) == value.to_decimal()


@pytest.mark.slow
@pytest.mark.parametrize("orders", [one_from_each_day, all_from_each_end_of_a_month])
def test_plans_of_forty_years(orders: Callable[[], Iterator[Order]]) -> None:
    dice = random.Random(4)
    currencies = cycle(CURRENCIES)
    totals = values(dice, instalments=120)
    number = 0

    for order in orders():
        assert_as_expected(order, value=Money(minor=next(totals), currency=next(currencies)))
        number += 1

    assert number > 5_000


@pytest.mark.parametrize(("currency", "decimals"), CURRENCIES.items())
@pytest.mark.parametrize("months", [*range(1, 37), 59, 60, 61, 119, 120])
def test_sums_are_exact_in_every_kind_of_currency(currency: str, decimals: int, months: int) -> None:
    """One unit more than divides, one less, and the largest amount."""
    for total in (months * 7 - 1, months * 7, months * 7 + 1, LIMIT - 1):
        value = Money(minor=max(total, months), currency=currency)
        found = planned((FIRST, months, BillingCycle.MONTHLY, BillingTiming.IN_ADVANCE, 0), value=value)

        amounts = [one.amount.to_decimal() for one in found]
        assert sum(amounts) == value.to_decimal()
        assert {-int(amount.as_tuple().exponent) for amount in amounts} == {decimals}
        assert [one.amount.minor for one in found] == shares(total=value.minor, months=[1] * months)
