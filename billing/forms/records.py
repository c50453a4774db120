from collections.abc import Sequence
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

from django import forms

from billing.enums import InvoiceState, ScheduleState
from billing.models import Instalment
from billing.overview.queries import OVERDUE
from contracts.enums import ContractState
from contracts.money import Money
from contracts.writing import write_day, write_money

ASKS = (ScheduleState.ASKS.value, ScheduleState.ASKS.label)
WAITS = ("waits", "Billing waits")
ALL = ("", "All")


class ContractFilter(forms.Form):
    q = forms.CharField(label="Search", required=False, max_length=200, widget=forms.SearchInput)
    state = forms.ChoiceField(required=False, choices=[ALL, *ContractState.choices, ASKS, WAITS])
    currency = forms.ChoiceField(required=False)
    customer = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, currencies: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, currencies)


class InvoiceFilter(forms.Form):
    q = forms.CharField(label="Search", required=False, max_length=200, widget=forms.SearchInput)
    state = forms.ChoiceField(required=False, choices=[ALL, *InvoiceState.choices, (OVERDUE, "Overdue")])
    currency = forms.ChoiceField(required=False)
    customer = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    contract = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, currencies: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, currencies)


class BilledElsewhereForm(forms.Form):
    """Up to which of the missed periods a contract was billed before Fincelo."""

    billed_until = forms.TypedChoiceField(
        label="Already billed up to and including", coerce=date.fromisoformat
    )

    def __init__(self, *args: Any, missed: Sequence[Instalment], currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sums = accumulate(instalment.amount_minor for instalment in missed)
        self.fields["billed_until"].choices = [  # type: ignore[attr-defined]
            (
                instalment.period_end.isoformat(),
                f"{write_day(instalment.period_end - timedelta(days=1))}"
                f" – {_periods(count)}, {write_money(Money(minor=total, currency=currency))}",
            )
            for count, (instalment, total) in enumerate(zip(missed, sums, strict=True), start=1)
        ]


def _periods(count: int) -> str:
    return "1 period" if count == 1 else f"{count} periods"


def _offer(form: forms.Form, currencies: Sequence[str]) -> None:
    form.fields["currency"].choices = [ALL, *((code, code) for code in currencies)]  # type: ignore[attr-defined]
