"""The fields of a party's address and ids, the same for customers and legal entities, pages and admin."""

from typing import Any

from django import forms

from contracts.countries import choices
from contracts.tax_ids import VatIdRefused, vat_id_of

PARTY_FIELDS = ("street", "post_code", "city", "region", "country", "address", "vat_id", "tax_number")
LABELS = {
    "post_code": "Post code",
    "vat_id": "VAT ID",
    "tax_number": "Tax number",
    "company_id": "Company ID",
}


class PartyForm(forms.ModelForm):
    """Checks the form of a VAT id, and that an address names its country."""

    country = forms.ChoiceField(required=False)
    use_as_written = forms.BooleanField(
        required=False,
        label="Use the VAT ID as written",
        help_text="Only where the tax office itself writes it so: its check digit does not fit.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "street" not in self.fields:  # the admin shows no field to who may only look
            return
        country: Any = self.fields["country"]
        country.choices = [("", "Choose a country"), *choices()]
        self.fields["street"].widget = forms.Textarea(attrs={"rows": 2})
        if not self.instance.address:
            self.fields.pop("address", None)
        elif "address" in self.fields:
            self.fields["address"].widget = forms.Textarea(attrs={"rows": 3})
        if not self.is_bound:
            del self.fields["use_as_written"]

    def clean_vat_id(self) -> str:
        written: str = self.cleaned_data["vat_id"].strip()
        if not written or written == self.instance.vat_id:
            return written
        try:
            return vat_id_of(written)
        except VatIdRefused as refusal:
            if self.data.get(self.add_prefix("use_as_written")):
                return " ".join(written.upper().split())
            raise forms.ValidationError(str(refusal)) from refusal

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        parts = [cleaned.get(name, "") for name in ("street", "post_code", "city")]
        if any(part.strip() for part in parts) and not cleaned.get("country"):
            self.add_error("country", "An address needs its country: it decides the tax.")
        return cleaned
