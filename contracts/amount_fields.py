"""Fields of forms for amounts, read as people of either language type them."""

from decimal import Decimal
from typing import Any

from django import forms

from contracts.currencies import exponent
from contracts.money import AmountRefused, Money
from contracts.writing import UnclearAmount, typed_amount, write_amount, write_number

MOST_DECIMALS = 3
"""Of any currency; where it is not known yet, its own are asked for later."""


class AmountField(forms.CharField):
    """A number that is an amount, of a currency that is chosen beside it."""

    def __init__(self, *, decimals: int = 2, **kwargs: Any) -> None:
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
            raise forms.ValidationError(str(refusal)) from None

    def prepare_value(self, value: Any) -> Any:
        return write_number(value).replace("\u2212", "-") if isinstance(value, Decimal) else value


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
