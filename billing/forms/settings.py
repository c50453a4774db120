"""The forms of what finance sets: used by the pages and by the admin, so that both have the same rules."""

from datetime import date
from typing import Any

from django import forms

from billing.enums import LimitKind
from billing.models import ApprovalLimit, BillingPolicy, LegalEntity
from billing.tax import percent_of, rate_of
from contracts.amount_fields import AmountField, DayField, PercentField
from contracts.clock import business_day
from contracts.countries import currency_of
from contracts.currencies import EXPONENTS
from contracts.models import Customer
from contracts.money import AmountRefused, Money
from contracts.party_forms import LABELS as PARTY_LABELS
from contracts.party_forms import PARTY_FIELDS, PartyForm


class LegalEntityForm(PartyForm):
    default_tax_percent = PercentField(
        label="Default tax rate (%)",
        required=False,
        help_text="For customers in your country that have no rate of their own. Empty: each needs one.",
    )

    class Meta:
        model = LegalEntity
        fields = (
            "name",
            *PARTY_FIELDS,
            "company_id",
            "legal_info",
            "invoice_prefix",
            "credit_note_prefix",
            "payment_terms_days",
            "prices_include_tax",
            "requires_buyer_address",
        )
        labels = {**PARTY_LABELS, "payment_terms_days": "Payment terms (days)"}
        help_texts = {"tax_number": "Where you have no VAT ID. Invoices with tax name one of both."}
        widgets = {"legal_info": forms.Textarea(attrs={"rows": 2})}

    field_order = ("name", *PARTY_FIELDS, "use_as_written", "company_id", "legal_info", "default_tax_percent")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rate = self.instance.default_tax_rate
        self.initial["default_tax_percent"] = None if rate is None else percent_of(rate=rate)
        if "name" in self.fields:  # the admin shows no field to who may only look
            self.fields["name"].help_text = "As registered: it stands on every invoice."

    def keep_legal_info(self) -> str | None:
        """Takes the legal info out of what is saved: two people change it. None where it did not change."""
        if "legal_info" not in self.changed_data:
            return None
        self.changed_data.remove("legal_info")
        wanted: str = self.cleaned_data["legal_info"]
        self.instance.legal_info = self.initial["legal_info"]
        return wanted

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not any(cleaned.get(part, "").strip() for part in ("street", "city", "address")):
            self.add_error("street", "Enter the street, or the city: an invoice names its sender's address.")
        percent = cleaned.get("default_tax_percent")
        if (
            percent
            and not (cleaned.get("vat_id") or cleaned.get("tax_number"))
            and "vat_id" not in self.errors
        ):
            self.add_error("vat_id", "Invoices with tax name your VAT ID or tax number. Enter one of both.")
        return cleaned

    def save(self, commit: bool = True) -> LegalEntity:
        percent = self.cleaned_data["default_tax_percent"]
        self.instance.default_tax_rate = None if percent is None else rate_of(percent=percent)
        self.instance.vat_currency = currency_of(self.cleaned_data["country"])
        entity: LegalEntity = super().save(commit)
        return entity


class BillingPolicyForm(forms.ModelForm):
    locked_until = DayField(label="Books are closed up to", required=False)

    class Meta:
        model = BillingPolicy
        fields = ["mode", "locked_until"]
        labels = {"mode": "Smart Billing Agent"}
        widgets = {
            "mode": forms.RadioSelect,
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
        required=False,
        currency_field="limit_currency",
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
            self.fields["tax_percent"].help_text = usual_rate(entity)
            self.fields["payment_terms_days"].help_text = f"Empty: {entity.payment_terms_days}, as for all."

    @property
    def rate(self) -> int | None:
        percent = self.cleaned_data["tax_percent"]
        return None if percent is None else rate_of(percent=percent)


def usual_rate(entity: LegalEntity) -> str:
    """What an empty rate means."""
    if entity.default_tax_rate is None:
        return "Empty: invoices wait, because there is no default rate."
    usual = f"{percent_of(rate=entity.default_tax_rate):f}"
    return f"Empty: {usual} %, as for all customers in your country."
