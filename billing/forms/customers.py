"""What finance enters of a customer: used by the page and by whatever else edits one."""

from typing import Any

from django import forms

from contracts.models import Customer
from contracts.particulars import KEPT_HERE
from contracts.party_forms import LABELS, PARTY_FIELDS, PartyForm

ENTERED = (
    "name",
    "printed_name",
    "billing_email",
    *PARTY_FIELDS,
    *(name for name in KEPT_HERE if name != "printed_name"),
)


class CustomerDetailsForm(PartyForm):
    billing_email = forms.EmailField(
        label="Billing e-mail",
        required=False,
        max_length=320,
        help_text="Where invoices are mailed. Saving it mails nothing.",
    )
    field_order = (*ENTERED[:3], *PARTY_FIELDS, "use_as_written")

    class Meta:
        model = Customer
        fields = ENTERED
        labels = {
            **LABELS,
            "printed_name": "Printed name",
            "buyer_reference": "Buyer reference",
            "po_required": "Invoices need a PO number",
        }
        help_texts = {
            "tax_number": "Where there is no VAT ID.",
            "kind": "Decides who owes the tax.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget = forms.TextInput()

    @property
    def values(self) -> dict[str, Any]:
        """By column, as entered."""
        return {name: self.cleaned_data[name] for name in ENTERED if name in self.cleaned_data}
