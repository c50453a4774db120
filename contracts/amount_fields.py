"""Fields of forms for numbers and days, read as people of either language type them.

A number is shown as it was understood before it is saved: by `Typed`, for what stands in a field and for what
is being typed there.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django import forms
from django.forms import BoundField

from contracts.currencies import EXPONENTS, exponent
from contracts.money import AmountRefused, Money
from contracts.writing import (
    UnclearAmount,
    in_full,
    typed_amount,
    typed_day,
    write_amount,
    write_money,
    write_number,
    write_percent,
)

MOST_PERCENT = Decimal("99.999")
RATE = re.compile(r"\d{1,2}(?:\.\d{1,3})?", re.ASCII)


class NumberKind(StrEnum):
    AMOUNT = "amount"
    PERCENT = "percent"


class AmountField(forms.CharField):
    """A number that is an amount. `decimals`: of its currency; None where that is not known yet.

    `currency_field`: the field of the same form in which its currency is chosen.
    """

    kind = NumberKind.AMOUNT
    currency = ""

    def __init__(self, *, decimals: int | None = None, currency_field: str = "", **kwargs: Any) -> None:
        self.decimals, self.currency_field = decimals, currency_field
        text = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(max_length=60, widget=text, **kwargs)

    def clean(self, value: Any) -> Any:
        said = super().clean(value)
        if not said:
            return None
        try:
            return typed_amount(said, decimals=self.decimals)
        except UnclearAmount as refusal:
            readings = [(unmistakable(one), in_full(one, decimals=self.decimals)) for one in refusal.readings]
            raise forms.ValidationError(str(refusal), params={"readings": readings}) from None

    def prepare_value(self, value: Any) -> Any:
        return write_number(value).replace("\u2212", "-") if isinstance(value, Decimal) else value


def unmistakable(number: Decimal) -> str:
    """A form that is read one way on every page: never three digits behind a mark."""
    plain = f"{number.normalize():f}"
    return f"{plain}0" if len(plain.partition(".")[2]) == 3 else plain


class PercentField(forms.CharField):
    """A tax rate as people write it: 19, 8.875 or 8,875 %. Below a hundred no mark groups."""

    kind = NumberKind.PERCENT
    currency, currency_field, decimals = "", "", None

    def __init__(self, **kwargs: Any) -> None:
        text = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(max_length=20, widget=text, **kwargs)

    def clean(self, value: Any) -> Decimal | None:
        said = "".join(super().clean(value).rstrip("% \u00a0\u202f").split()).replace(",", ".")
        if not said:
            return None
        if not RATE.fullmatch(said) or Decimal(said) > MOST_PERCENT:
            raise forms.ValidationError(
                f"Enter a rate from 0 to {MOST_PERCENT} % with three decimals at most, such as 19 or 8.875 %."
            )
        return Decimal(said)

    def prepare_value(self, value: Any) -> Any:
        return write_number(value) if isinstance(value, Decimal) else value


class DayField(forms.DateField):
    """A day, typed in any form that pages write. The browser's own calendar sends 2026-11-30."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})

    def to_python(self, value: Any) -> date | None:
        typed = typed_day(value) if isinstance(value, str) else None
        return typed or super().to_python(value)


class MoneyField(AmountField):
    """An amount in one currency, exact to its last decimal."""

    def __init__(self, *, currency: str, **kwargs: Any) -> None:
        self.currency = currency
        super().__init__(decimals=exponent(currency=currency), **kwargs)

    def clean(self, value: Any) -> Any:
        amount = super().clean(value)
        if amount is None:
            return None
        try:
            return Money.from_decimal(amount, currency=self.currency)
        except AmountRefused as refusal:
            raise forms.ValidationError(str(refusal)) from None

    def prepare_value(self, value: Any) -> Any:
        return write_amount(value) if isinstance(value, Money) else super().prepare_value(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What a person has typed where a number belongs. `currency`: its code; empty where it is not known."""

    kind: NumberKind
    text: str
    currency: str = ""
    decimals: int | None = None

    def understood(self) -> str:
        """What it would be saved as, as the page writes it, or why it would not be; empty for nothing."""
        try:
            value = self._field().clean(self.text)
        except forms.ValidationError as refusal:
            return " ".join(refusal.messages)
        if value is None:
            return ""
        if isinstance(value, Money):
            return write_money(value)
        return write_percent(value) if self.kind is NumberKind.PERCENT else write_number(value)

    def _field(self) -> forms.Field:
        if self.kind is NumberKind.PERCENT:
            return PercentField(required=False)
        if self.currency in EXPONENTS:
            return MoneyField(currency=self.currency, required=False)
        return AmountField(decimals=self.decimals, required=False)


def currency_beside(field: BoundField) -> BoundField | None:
    """The control in which the currency of an amount is chosen."""
    name = getattr(field.field, "currency_field", "")
    return field.form[name] if name else None


def typed_in(field: BoundField) -> Typed | None:
    """What stands in a field now; None for one that takes no numbers."""
    kind = getattr(field.field, "kind", None)
    if not isinstance(kind, NumberKind):
        return None
    beside = currency_beside(field)
    currency = str(beside.value() or "") if beside else field.field.currency  # type: ignore[attr-defined]
    decimals = field.field.decimals  # type: ignore[attr-defined]
    return Typed(kind=kind, text=str(field.value() or ""), currency=currency, decimals=decimals)
