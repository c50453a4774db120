"""What people fill in to credit, pay and void invoices."""

from typing import Any

from django import forms

from billing.enums import AfterVoid
from billing.models import Invoice
from billing.receivables.paying import equal_payment
from contracts.amount_fields import DayField, MoneyField
from contracts.money import Money
from contracts.writing import write_money


class CreditForm(forms.Form):
    def __init__(self, *args: Any, invoice: Invoice, left: Money, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taxed = "with tax" if invoice.prices_include_tax else "without tax"
        self.fields["amount"] = MoneyField(
            currency=invoice.currency,
            label=f"Amount in {invoice.currency}, {taxed}",
            required=False,
            help_text=f"Up to {write_money(left)}. Empty: all of it.",
        )
        self.fields["reason"] = forms.CharField(
            max_length=500, help_text="Stands on the credit note. The customer reads it."
        )


class PaymentForm(forms.Form):
    """One that equals a recorded payment of that day is asked about: then the form has a box to tick."""

    def __init__(self, *args: Any, invoice: Invoice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invoice = invoice
        left = Money(minor=invoice.balance_minor, currency=invoice.currency)
        self.fields["paid"] = MoneyField(
            currency=invoice.currency,
            label=f"Amount in {invoice.currency}",
            help_text=f"Open: {write_money(left)}.",
        )
        self.fields["received_date"] = DayField(label="Received on")
        self.fields["reference"] = forms.CharField(required=False, max_length=200)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "paid" not in data or "received_date" not in data or self.data.get(self.add_prefix("another")):
            return data
        equal = equal_payment(invoice=self.invoice, amount=data["paid"], received_date=data["received_date"])
        if equal:
            self.fields["another"] = forms.BooleanField(
                required=False, label="It is another payment of the same amount and day"
            )
            came = f"from {equal.payment_import.file_name}" if equal.payment_import else "by hand"
            self.add_error("another", f"An equal payment was recorded {came}. Tick this if both were paid.")
        return data


class VoidForm(forms.Form):
    then = forms.ChoiceField(
        label="What becomes of the period",
        choices=AfterVoid.choices,
        initial=AfterVoid.BILL_AGAIN,
        widget=forms.RadioSelect,
    )
    void_reason = forms.CharField(label="Reason", max_length=500)


class TakeBackForm(forms.Form):
    reason = forms.CharField(max_length=500)


class ApprovalForm(forms.Form):
    """Which drafts: those that are ticked, or all up to the newest that was on the page."""

    up_to = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
