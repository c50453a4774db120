"""Money: whole minor units of one currency. Decimals exist only on the way in and on the way out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from contracts.currencies import EXPONENTS, exponent

LIMIT = 10**15
"""An amount read stays below this many minor units. Thousands of the largest still add up in a bigint."""


class AmountRefused(ValueError):
    """An amount that cannot be exact money."""


class NotFinite(AmountRefused):
    """NaN or infinity."""


class TooPrecise(AmountRefused):
    """More decimals than the currency has."""


class TooLarge(AmountRefused):
    """Beyond what a column can hold with room for sums."""


class CurrencyMismatch(ValueError):
    """Two currencies in one sum or comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"Money counts whole minor units, not {type(self.minor).__name__}.")
        if self.currency not in EXPONENTS:
            exponent(currency=self.currency)  # raises, with its sentence

    @classmethod
    def from_decimal(cls, amount: Decimal, *, currency: str) -> Money:
        """The exact amount; never rounded. Zeros after the currency's last decimal are accepted."""
        if not isinstance(amount, Decimal):
            raise TypeError(f"An amount is read as Decimal, not {type(amount).__name__}.")
        decimals = exponent(currency=currency)
        if not amount.is_finite():
            raise NotFinite(f"{amount} is not an amount of money.")
        if not amount:
            return cls(minor=0, currency=currency)
        # Before any arithmetic, so that 1E+999999 costs nothing.
        if amount.adjusted() + decimals >= len(str(LIMIT)) - 1:
            raise TooLarge(f"{currency} {amount:.3E} is more than Fincelo can bill.")

        sign, digits, _ = amount.as_tuple()
        shift = amount.adjusted() - len(digits) + 1 + decimals
        if shift < 0:
            digits, surplus = digits[:shift], digits[shift:]
            if any(surplus):
                raise TooPrecise(
                    f"The amount has more decimals than {currency}, which has {decimals or 'none'}."
                )
        minor = int("".join(map(str, digits))) * 10 ** max(shift, 0)
        return cls(minor=-minor if sign else minor, currency=currency)

    def to_decimal(self) -> Decimal:
        digits = tuple(int(digit) for digit in str(abs(self.minor)))
        return Decimal((int(self.minor < 0), digits, -exponent(currency=self.currency)))

    def format_amount(self, *, group: str = ",", point: str = ".") -> str:
        """The amount alone, grouped: 1,234.50."""
        sign = "-" if self.minor < 0 else ""
        decimals = exponent(currency=self.currency)
        whole, fraction = divmod(abs(self.minor), 10**decimals)
        digits = f"{sign}{whole:,}".replace(",", group)
        return f"{digits}{point}{fraction:0{decimals}d}" if decimals else digits

    @property
    def is_positive(self) -> bool:
        return self.minor > 0

    def __str__(self) -> str:
        return f"{self.currency} {self.format_amount()}"

    def __add__(self, other: Money) -> Money:
        return Money(minor=self.minor + self._same(other), currency=self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(minor=self.minor - self._same(other), currency=self.currency)

    def __neg__(self) -> Money:
        return Money(minor=-self.minor, currency=self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other)

    def _same(self, other: Money) -> int:
        if not isinstance(other, Money):
            raise TypeError(f"Money goes with money, not with {type(other).__name__}.")
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self} and {other} are different currencies.")
        return other.minor


def sums_by_currency(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Adds up pairs of a currency and minor units, or a count of things; in the order of the codes."""
    sums: Counter[str] = Counter()
    for currency, number in amounts:
        sums[currency] += number
    return dict(sorted(sums.items()))
