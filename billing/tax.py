"""Tax on an invoice, per rate. Pure: whole minor units in, whole minor units out.

A rate counts thousandths of a percent, so 8.875 % is 8875 and no fraction of a rate is lost. What is charged
at one rate is added up first and its tax rounded once, half away from zero. Tax is added to the amounts, or
taken out of them where prices include it. `TAX_SQL` is the same rule where the database taxes many invoices.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

WHOLE = 100_000
"""A hundred percent."""

TAX_SQL = """(
    sign({amount}::numeric) * div(
        2 * abs({amount}::numeric) * {rate} + (100000 + CASE WHEN {included} THEN {rate} ELSE 0 END),
        2 * (100000 + CASE WHEN {included} THEN {rate} ELSE 0 END)
    )
)::bigint"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """An amount at a rate: without tax, or with it where prices include tax."""

    amount: int
    rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTotal:
    """What is charged at one rate. The total is net and tax."""

    rate: int
    net: int
    tax: int

    @property
    def total(self) -> int:
        return self.net + self.tax


def percent_of(*, rate: int) -> Decimal:
    """The rate as people write it: 19, 8.875."""
    percent = Decimal(rate).scaleb(-3)
    return percent.quantize(Decimal(1)) if percent == percent.to_integral_value() else percent.normalize()


def rate_of(*, percent: Decimal) -> int:
    """The rate of a percentage with three decimals at most."""
    return int(percent.scaleb(3))


def tax_of(*, amount: int, rate: int, included: bool) -> int:
    """The tax that comes on top of an amount, or is within it."""
    if not 0 <= rate < WHOLE:
        raise ValueError("A tax rate lies between 0 and 100 %.")
    whole = WHOLE + rate if included else WHOLE
    tax = (2 * abs(amount) * rate + whole) // (2 * whole)
    return tax if amount >= 0 else -tax


def tax_summary(*, charges: Iterable[Charge], included: bool) -> list[RateTotal]:
    """Net and tax of each rate, the highest rate first."""
    sums: dict[int, int] = defaultdict(int)
    for charge in charges:
        sums[charge.rate] += charge.amount
    totals = []
    for rate, amount in sorted(sums.items(), reverse=True):
        tax = tax_of(amount=amount, rate=rate, included=included)
        totals.append(RateTotal(rate=rate, net=amount - tax if included else amount, tax=tax))
    return totals


class NoSuchPart(ValueError):
    """No part of that amount has net of its own and leaves net for what is left."""


def next_part(*, whole: RateTotal, taken: RateTotal, amount: int, included: bool) -> RateTotal:
    """A further part of what was charged at one rate, as a credit note takes it back.

    `taken` was taken back already, and `amount` comes now: without tax, or with it where prices include it.
    The tax of a part is what the rule gives for all parts so far less what was taken before. It is kept
    within bounds: the part and what is left each have at least one unit of net and no tax below zero, so
    that every document of a part has a line. The last part is what is left, and all parts add up to the
    whole. NoSuchPart where no tax is within the bounds.
    """
    charged, before = (whole.total, taken.total) if included else (whole.net, taken.net)
    if not 0 < amount <= charged - before:
        raise ValueError("A part lies between nothing and what is left.")
    rest, open_tax = charged - before - amount, whole.tax - taken.tax
    least, most = (0, open_tax) if rest else (open_tax, open_tax)
    if included:
        least, most = max(least, open_tax - rest + 1 if rest else 0), min(most, amount - 1)
    if least > most:
        raise NoSuchPart("This amount has no net of its own, or leaves none.")
    by_the_rule = tax_of(amount=before + amount, rate=whole.rate, included=included) - taken.tax
    tax = min(max(by_the_rule, least), most)
    return RateTotal(rate=whole.rate, net=amount - tax if included else amount, tax=tax)
