"""What a preview of an import asks, and what its deals can be narrowed to."""

from collections.abc import Sequence
from typing import Any

from django import forms

from contracts.amount_fields import DayField, MoneyField
from contracts.money import Money
from crm_sync.enums import HoldCode, Outcome
from crm_sync.forms.oversight.filters import Filter

PREVIEWED = (
    Outcome.CREATED,
    Outcome.UPDATED,
    Outcome.UNCHANGED,
    Outcome.HELD,
    Outcome.REFUSED,
    Outcome.FAILED,
)
ELSEWHERE_HELP = (
    "The last day that was billed outside Fincelo. Periods that ended by then are not billed again; "
    "a period that goes beyond it is billed whole."
)


class PreviewForm(forms.Form):
    import_from = DayField(
        label="Import from",
        help_text="Deals closed before this day are not imported. It counts once the import is confirmed.",
    )
    billed_until = DayField(label="Already billed up to", required=False, help_text=ELSEWHERE_HELP)


class ElsewhereForm(forms.Form):
    billed_until = DayField(
        label="Already billed up to",
        required=False,
        help_text=f"{ELSEWHERE_HELP} Empty: as for all deals of this import.",
    )


class StartForm(forms.Form):
    """Above which amount an invoice waits for approval, in each currency that has no limit yet."""

    def __init__(self, *args: Any, proposals: Sequence[Money], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currencies = [one.currency for one in proposals]
        for one in proposals:
            self.fields[limit_name(one.currency)] = MoneyField(
                currency=one.currency,
                label=f"Invoices above this wait for approval ({one.currency})",
                required=False,
                initial=one,
                help_text="Proposed from what was found. Empty: no limit in this currency.",
            )

    @property
    def limits(self) -> list[Money]:
        entered = (self.cleaned_data[limit_name(currency)] for currency in self.currencies)
        return [amount for amount in entered if amount is not None]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name, amount in list(cleaned.items()):
            if amount is not None and amount.minor < 0:
                self.add_error(name, "A limit is not below zero.")
        return cleaned


def limit_name(currency: str) -> str:
    return f"limit_{currency}"


class BackfillFilter(Filter):
    outcome = forms.ChoiceField(
        label="Would be",
        required=False,
        choices=[("", "Anything"), *((one.value, one.label) for one in PREVIEWED)],
    )
    code = forms.ChoiceField(label="Cause", required=False, choices=[("", "All causes"), *HoldCode.choices])
    show = forms.ChoiceField(
        label="Show",
        required=False,
        choices=[
            ("", "All"),
            ("invoiced", "Invoiced today"),
            ("asks", "Asking before they bill"),
            ("waits", "Waiting before they bill"),
            ("warned", "With something to know"),
        ],
    )
    q = forms.CharField(label="Deal", required=False, max_length=200, widget=forms.SearchInput)

    def narrowed(self, deals: Any) -> Any:
        """The deals that match what was set and understood."""
        chosen = self.chosen()
        for name in ("outcome", "code"):
            if name in chosen:
                deals = deals.filter(**{name: chosen[name]})
        if "show" in chosen:
            deals = {
                "invoiced": deals.filter(invoices__gt=0),
                "asks": deals.filter(asks=True),
                "waits": deals.exclude(waits=[]),
                "warned": deals.exclude(warnings=[]),
            }[chosen["show"]]
        if "q" in chosen:
            words = chosen["q"].replace("\0", "")
            deals = deals.filter(name__icontains=words) | deals.filter(external_id=words)
        return deals
