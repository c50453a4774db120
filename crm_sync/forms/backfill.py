"""What a preview of an import asks, and what its deals can be narrowed to."""

from collections.abc import Sequence
from typing import Any

from django import forms

from contracts.currencies import exponent
from contracts.money import Money
from crm_sync.enums import HoldCode, Outcome
from crm_sync.forms.connecting import day_input
from crm_sync.forms.filters import Filter

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
    import_from = forms.DateField(
        label="Import from",
        widget=day_input(),
        help_text="Deals closed before this day are not imported. It counts once the import is confirmed.",
    )
    billed_until = forms.DateField(
        label="Already billed up to", required=False, widget=day_input(), help_text=ELSEWHERE_HELP
    )


class ElsewhereForm(forms.Form):
    billed_until = forms.DateField(
        label="Already billed up to",
        required=False,
        widget=day_input(),
        help_text=f"{ELSEWHERE_HELP} Empty: as for all deals of this import.",
    )


class StartForm(forms.Form):
    """Above which amount an invoice waits for approval, in each currency that has no limit yet."""

    def __init__(self, *args: Any, proposals: Sequence[Money], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currencies = [one.currency for one in proposals]
        for one in proposals:
            self.fields[limit_name(one.currency)] = forms.DecimalField(
                label=f"Invoices above this wait for approval ({one.currency})",
                required=False,
                min_value=0,
                max_digits=15,
                decimal_places=exponent(currency=one.currency),
                initial=one.to_decimal(),
                help_text="Proposed from what was found. Empty: no limit in this currency.",
            )

    @property
    def limits(self) -> list[Money]:
        entered = ((currency, self.cleaned_data[limit_name(currency)]) for currency in self.currencies)
        return [
            Money.from_decimal(amount, currency=currency)
            for currency, amount in entered
            if amount is not None
        ]


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
                "warned": deals.exclude(warnings=[]),
            }[chosen["show"]]
        if "q" in chosen:
            words = chosen["q"].replace("\0", "")
            deals = deals.filter(name__icontains=words) | deals.filter(external_id=words)
        return deals
