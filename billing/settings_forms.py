"""The forms of what finance sets: used by the pages and by the admin, so that both have the same rules."""

from decimal import Decimal
from typing import Any

from django import forms

from billing.models import LegalEntity
from billing.tax import percent_of, rate_of
from contracts.models import Customer


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

    def save(self, commit: bool = True) -> LegalEntity:
        self.instance.default_tax_rate = rate_of(percent=self.cleaned_data["default_tax_percent"])
        entity: LegalEntity = super().save(commit)
        return entity


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
