"""From a contract's terms to what is billed for which days, and when. Pure: values in, values out."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from billing.schedules.split import ScheduleImpossible, split
from contracts.enums import BillingCycle, BillingTiming
from contracts.money import Money
from contracts.terms import Span, add_months, term


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingPeriod:
    sequence: int
    span: Span
    months: int
    billing_date: date
    is_short: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedInstalment:
    period: BillingPeriod
    amount: Money


def billing_periods(
    *, start: date, months: int, cycle: BillingCycle, timing: BillingTiming, lead_days: int
) -> list[BillingPeriod]:
    """The term cut into billing periods that touch and never overlap, numbered from 1.

    Every period starts a number of months after the contract's start, not after the previous period, so the
    31st does not drift. What is left of the term after the last full cycle is one shorter period. In advance
    a period is billed `lead_days` before it starts; in arrears on the day after it ends, without lead days.
    """
    return list(_periods(start, months, cycle, timing, lead_days))


def plan_instalments(
    *, value: Money, start: date, months: int, cycle: BillingCycle, timing: BillingTiming, lead_days: int
) -> list[PlannedInstalment]:
    """One instalment for each billing period: its share of the value by months, in all exactly the value."""
    periods = _periods(start, months, cycle, timing, lead_days)
    try:
        shares = split(total=value.minor, weights=[period.months for period in periods])
    except ScheduleImpossible as impossible:
        raise ScheduleImpossible(
            f"{value} cannot be billed in {len(periods)} instalments. {impossible}"
        ) from None
    return [
        PlannedInstalment(period=period, amount=Money(minor=share, currency=value.currency))
        for period, share in zip(periods, shares, strict=True)
    ]


@lru_cache(maxsize=512)  # the deals of one page share start days and terms; the values are frozen
def _periods(
    start: date, months: int, cycle: BillingCycle, timing: BillingTiming, lead_days: int
) -> tuple[BillingPeriod, ...]:
    whole = term(start=start, months=months)
    step = BillingCycle(cycle).months or months
    ends = [add_months(anchor=start, months=offset) for offset in range(step, months, step)]
    ends.append(whole.end)

    in_advance = timing == BillingTiming.IN_ADVANCE
    lead = timedelta(days=lead_days)
    periods: list[BillingPeriod] = []
    opening = start
    left = months
    for sequence, closing in enumerate(ends, start=1):
        covered = min(step, left)
        periods.append(
            BillingPeriod(
                sequence=sequence,
                span=Span(start=opening, end=closing),
                months=covered,
                billing_date=opening - lead if in_advance else closing,
                is_short=covered < step,
            )
        )
        opening = closing
        left -= covered
    return tuple(periods)
