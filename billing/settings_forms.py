"""The forms of what finance sets: used by the pages and by the admin, so that both have the same rules."""

from decimal import Decimal
from typing import Any

from django import forms

from billing.models import LegalEntity
from billing.tax import percent_of, rate_of


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
