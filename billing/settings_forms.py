"""The forms of what finance sets: used by the pages and by the admin, so that both have the same rules."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from billing.enums import LimitKind
from billing.models import ApprovalLimit, BillingPolicy, LegalEntity
from billing.tax import percent_of, rate_of
from contracts.amount_fields import MOST_DECIMALS, AmountField
from contracts.clock import business_day
from contracts.currencies import EXPONENTS
from contracts.models import Customer
from contracts.money import AmountRefused, Money


class PercentField(forms.DecimalField):
    """A tax rate as people write it: 19 or 8.875."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=Decimal("99.999"), max_digits=6, decimal_places=3, **kwargs)


class LegalEntityForm(forms.ModelForm):
    default_tax_percent = PercentField(
        label="Default tax rate (%)", help_text="For customers that have no rate of their own."
    )

    class Meta:
        model = LegalEntity
        fields = [
            "name",
            "address",
            "tax_id",
            "invoice_prefix",
            "credit_note_prefix",
            "payment_terms_days",
            "prices_include_tax",
        ]
        labels = {"tax_id": "Tax ID", "payment_terms_days": "Payment terms (days)"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["default_tax_percent"] = percent_of(rate=self.instance.default_tax_rate)
        if "address" in self.fields:  # the admin shows no field to who may only look
            self.fields["address"].required = True
            self.fields["name"].help_text = "As registered: it stands on every invoice."

    def save(self, commit: bool = True) -> LegalEntity:
        self.instance.default_tax_rate = rate_of(percent=self.cleaned_data["default_tax_percent"])
        entity: LegalEntity = super().save(commit)
        return entity


class BillingPolicyForm(forms.ModelForm):
    class Meta:
        model = BillingPolicy
        fields = ["mode", "locked_until"]
        labels = {"mode": "Smart Billing Agent", "locked_until": "Books are closed up to"}
        widgets = {
            "mode": forms.RadioSelect,
            "locked_until": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def clean_locked_until(self) -> date | None:
        day: date | None = self.cleaned_data["locked_until"]
        if day and day >= business_day():
            raise forms.ValidationError("Only days that are over can be closed. Choose yesterday or earlier.")
        return day


class LimitForm(forms.ModelForm):
    """A limit, or another amount for one that is there. Written in the currency's own decimals."""

    limit_kind = forms.ChoiceField(label="Of", choices=LimitKind.choices)
    limit_currency = forms.ChoiceField(
        label="Currency", choices=[(code, code) for code in sorted(EXPONENTS)], initial="USD"
    )
    amount = AmountField(
        label="Limit",
        decimals=MOST_DECIMALS,
        required=False,
        help_text="Up to this amount nobody further is asked.",
    )
    no_limit = forms.BooleanField(
        label="No limit",
        required=False,
        help_text="Nobody further is ever asked. It takes a second person, like every higher limit.",
    )

    class Meta:
        model = ApprovalLimit
        fields: list[str] = []

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        cleaned["limit"] = None
        if bool(cleaned.get("no_limit")) is (cleaned.get("amount") is not None) and "amount" in cleaned:
            self.add_error("amount", "Enter an amount, or choose no limit.")
        if cleaned.get("amount") is not None and cleaned.get("limit_currency"):
            try:
                cleaned["limit"] = Money.from_decimal(cleaned["amount"], currency=cleaned["limit_currency"])
            except AmountRefused as refusal:
                self.add_error("amount", str(refusal))
        if cleaned.get("amount") is not None and cleaned["amount"] < 0:
            self.add_error("amount", "A limit is not below zero.")
        return cleaned


class BillingTermsForm(forms.Form):
    """Of one customer. What is left empty is as for all."""

    tax_percent = PercentField(label="Tax rate (%)", required=False)
    payment_terms_days = forms.IntegerField(
        label="Payment terms (days)", required=False, min_value=0, max_value=365
    )

    def __init__(self, *args: Any, customer: Customer, entity: LegalEntity | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if customer.tax_rate is not None:
            self.fields["tax_percent"].initial = percent_of(rate=customer.tax_rate)
        self.fields["payment_terms_days"].initial = customer.payment_terms_days
        if entity:
            usual = percent_of(rate=entity.default_tax_rate)
            self.fields["tax_percent"].help_text = f"Empty: {usual} %, as for all."
            self.fields["payment_terms_days"].help_text = f"Empty: {entity.payment_terms_days}, as for all."

    @property
    def rate(self) -> int | None:
        percent = self.cleaned_data["tax_percent"]
        return None if percent is None else rate_of(percent=percent)
