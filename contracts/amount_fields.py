"""Fields of forms for numbers and days, read as people of either language type them."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from contracts.currencies import exponent
from contracts.money import AmountRefused, Money
from contracts.writing import UnclearAmount, in_full, typed_amount, typed_day, write_amount, write_number

MOST_PERCENT = Decimal("99.999")
RATE = re.compile(r"\d{1,2}(?:\.\d{1,3})?", re.ASCII)


class AmountField(forms.CharField):
    """A number that is an amount. `decimals`: of its currency; None where that is not known yet."""

    def __init__(self, *, decimals: int | None = None, **kwargs: Any) -> None:
        self.decimals = decimals
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
