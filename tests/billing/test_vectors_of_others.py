"""What public test suites of other systems expect of months, periods and shares, and what Fincelo answers.

Taken from them are the inputs and outputs alone. Where we differ, and why, stands in tables of its own.
"""

from datetime import date

import pytest

from billing.schedules.periods import billing_periods
from billing.schedules.split import ScheduleImpossible, split
from contracts.enums import BillingCycle, BillingTiming
from contracts.terms import add_months

MONTHS = [
    # dateutil/dateutil: tests/test_relativedelta.py
    ("2003-01-27", 1, "2003-02-27"),
    ("2003-01-31", 1, "2003-02-28"),
    ("2003-01-31", 2, "2003-03-31"),
    ("2000-02-28", 12, "2001-02-28"),
    ("2000-02-29", 12, "2001-02-28"),
    ("1999-02-28", 12, "2000-02-28"),
    ("1999-03-01", 12, "2000-03-01"),
    ("2001-02-28", -12, "2000-02-28"),
    ("2001-03-01", -12, "2000-03-01"),
    ("2003-12-01", 13, "2005-01-01"),
    ("2003-01-01", -2, "2002-11-01"),
    ("2003-09-17", 1, "2003-10-17"),
    ("2003-09-17", 11, "2004-08-17"),
    # date-fns/date-fns: src/addMonths/test.ts
    ("2014-09-01", 5, "2015-02-01"),
    ("2014-09-01", 12, "2015-09-01"),
    ("2014-12-31", 2, "2015-02-28"),
    # moment/moment: src/test/moment/add_subtract.js
    ("2010-01-31", 1, "2010-02-28"),
    ("2010-02-28", -1, "2010-01-28"),
    ("2010-02-28", -3, "2009-11-28"),
    # WebKit/WebKit: JSTests/test262/test/built-ins/Temporal/Calendar/prototype/dateAdd/add-months.js
    ("2021-07-16", 5, "2021-12-16"),
    ("2021-08-16", 5, "2022-01-16"),
    ("2021-10-31", 5, "2022-03-31"),
    ("2019-10-01", 5, "2020-03-01"),
    ("2021-09-30", 5, "2022-02-28"),
    ("2019-09-30", 5, "2020-02-29"),
    # LNA/Clean_Code: chapter_9/9.8.rb, the SerialDate tests
    ("2004-05-31", 1, "2004-06-30"),
    ("2004-05-31", 2, "2004-07-31"),
]


@pytest.mark.parametrize(("start", "months", "expected"), MONTHS)
def test_months_later(start: str, months: int, expected: str) -> None:
    assert add_months(anchor=date.fromisoformat(start), months=months) == date.fromisoformat(expected)


M, Q, A = BillingCycle.MONTHLY, BillingCycle.QUARTERLY, BillingCycle.ANNUAL
PERIODS = [
    # getlago/lago-api: spec/services/subscriptions/dates/monthly_service_spec.rb, anniversary billing
    ("2021-02-02", M, "2022-02-02", "2022-03-01"),
    ("2021-02-02", M, "2022-03-02", "2022-04-01"),
    ("2021-02-02", M, "2021-12-02", "2022-01-01"),
    ("2021-03-31", M, "2021-04-30", None),
    ("2021-03-31", M, "2021-03-31", None),
    ("2021-03-31", M, "2022-02-28", None),
    ("2021-03-29", M, "2021-12-29", None),
    ("2020-01-31", M, "2020-02-29", None),
    ("2019-04-30", M, "2020-02-29", None),
    ("2022-01-31", M, "2022-01-31", "2022-02-27"),
    ("2022-01-30", M, "2022-01-30", "2022-02-27"),
    ("2022-01-01", M, "2022-02-01", "2022-02-28"),
    # getlago/lago-api: spec/services/subscriptions/dates/quarterly_service_spec.rb, anniversary billing
    ("2021-02-02", Q, "2021-11-02", "2022-02-01"),
    ("2021-02-02", Q, "2022-02-02", "2022-05-01"),
    ("2021-02-02", Q, "2022-05-02", "2022-08-01"),
    ("2021-02-28", Q, "2022-02-28", None),
    ("2021-02-28", Q, "2021-11-28", None),
    ("2021-05-30", Q, "2022-02-28", None),
    ("2021-01-31", Q, "2021-04-30", None),
    ("2023-04-06", Q, "2023-07-06", None),
    ("2021-11-30", Q, "2021-11-30", "2022-02-27"),
    ("2022-01-30", Q, "2022-01-30", "2022-04-29"),
    ("2021-10-01", Q, "2022-01-01", "2022-03-31"),
    # getlago/lago-api: spec/services/subscriptions/dates/yearly_service_spec.rb, anniversary billing
    ("2021-02-02", A, "2021-02-02", "2022-02-01"),
    ("2021-02-02", A, "2022-02-02", "2023-02-01"),
    ("2020-02-29", A, "2022-02-28", None),
    ("2021-01-01", A, "2021-01-01", "2021-12-31"),
    ("2022-12-01", A, "2022-12-01", "2023-11-30"),
    # killbill/killbill: invoice/src/test/java/org/killbill/billing/invoice/generator/TestBillingIntervalDetail.java,
    # where the billing cycle day is the day of the start
    ("2012-07-16", M, "2012-08-16", "2012-09-15"),
    ("2012-03-03", M, "2012-03-03", None),
]
"""Start of the contract, its cycle, the first day of one of its periods and, where they say so, its last day."""


def days(start: str, cycle: BillingCycle) -> dict[str, str]:
    """Of each period its first and last day."""
    periods = billing_periods(
        start=date.fromisoformat(start),
        months=36,
        cycle=cycle,
        timing=BillingTiming.IN_ADVANCE,
        lead_days=0,
    )
    return {str(period.span.start): str(period.span.last_day) for period in periods}


@pytest.mark.parametrize(("start", "cycle", "first", "last"), PERIODS)
def test_periods(start: str, cycle: BillingCycle, first: str, last: str | None) -> None:
    found = days(start, cycle)

    assert first in found
    assert last in (found[first], None)


@pytest.mark.parametrize(
    ("start", "cycle", "first", "theirs", "ours"),
    [
        # Lago's yearly period of 29 February ends with 28 February although the next one begins on that day.
        ("2020-02-29", A, "2021-02-28", "2022-02-28", "2022-02-27"),
        # Kill Bill lets the day of the cycle be the 31st although the contract began on the 30th.
        ("2012-04-30", M, "2012-04-30", "2012-05-30", "2012-05-29"),
    ],
)
def test_periods_that_differ(start: str, cycle: BillingCycle, first: str, theirs: str, ours: str) -> None:
    assert days(start, cycle)[first] == ours != theirs


SHARES = [
    # moneyphp/money: tests/MoneyTest.php and doc/features/allocation.rst
    (100, [1, 1, 1], [34, 33, 33]),
    (101, [1, 1, 1], [34, 34, 33]),
    (5, [3, 7], [2, 3]),
    (5, [7, 3], [4, 1]),
    (5, [70, 30], [4, 1]),
    (15, [1, 1], [8, 7]),
    (10, [1, 1], [5, 5]),
    (800, [1, 1, 1], [267, 267, 266]),
    # dinerojs/dinero.js: packages/dinero.js/src/api/__tests__/allocate.test.ts
    (1003, [50, 50], [502, 501]),
    (100, [1, 3], [25, 75]),
    # RubyMoney/money: spec/money/allocation_spec.rb
    (100, [1], [100]),
    (100, [5], [100]),
    (100, [1, 1], [50, 50]),
    (100, [1] * 4, [25] * 4),
    (100, [1] * 5, [20] * 5),
    (5, [1, 1], [3, 2]),
    (100, [1] * 6, [17, 17, 17, 17, 16, 16]),
    (100, [1, 1, 2], [25, 25, 50]),
    (100, [7, 3], [70, 30]),
    (10, [1, 2, 1], [3, 5, 2]),
    (10, [1, 1, 2], [3, 2, 5]),
    # amirmohsen/wealth: src/_internals/Money/fn/allocateBy/allocateBy.test.ts
    (48_341, [1, 1, 1], [16_114, 16_114, 16_113]),
]


@pytest.mark.parametrize(("total", "weights", "expected"), SHARES)
def test_shares(total: int, weights: list[int], expected: list[int]) -> None:
    assert split(total=total, weights=weights) == expected


@pytest.mark.parametrize(
    ("total", "weights", "refusal"),
    [
        # RubyMoney/money: spec/money/allocation_spec.rb has 1, 1, 0; an invoice over nothing is none.
        (2, [1, 1, 1], ScheduleImpossible),
        # dinerojs/dinero.js: packages/dinero.js/src/api/__tests__/allocate.test.ts gives nothing to no weight.
        (1003, [0, 50, 50], ValueError),
        # RubyMoney/money: spec/money/allocation_spec.rb refuses this too.
        (100, [], ValueError),
    ],
)
def test_shares_that_are_refused(total: int, weights: list[int], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        split(total=total, weights=weights)
