from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import available_timezones

from django import forms

from contracts.amount_fields import DayField
from contracts.enums import BillingTiming, LeadDays
from crm_sync.deals import Stage
from crm_sync.findings.codes import FindingCode
from crm_sync.forms.connections.connecting import currency_choices, not_before_our_time
from crm_sync.models import Connection


def zone_choices() -> list[tuple[str, str]]:
    return [("", "Choose a time zone"), *((name, name) for name in sorted(available_timezones()))]


class SettingsForm(forms.ModelForm):
    """What a person sets on a connection that is made already."""

    import_from = DayField(
        label="Import from",
        help_text=(
            "Deals closed before this day are not imported. Moved back, it shows the rest first; they are "
            "imported once somebody has started billing."
        ),
    )
    default_currency = forms.ChoiceField(label="Currency", help_text="For deals that name none of their own.")
    time_zone = forms.ChoiceField(
        label="Time zone",
        required=False,
        help_text="Of the CRM, which does not tell it. Days of deals follow from it.",
    )
    lead_days = forms.TypedChoiceField(
        label="Billing day", choices=LeadDays.choices, coerce=int, help_text="Counts in advance only."
    )
    most_new_deals = forms.IntegerField(
        label="Most new deals in an hour",
        required=False,
        min_value=1,
        max_value=30_000,
        help_text=Connection._meta.get_field("most_new_deals").help_text,
    )
    stage_names = forms.MultipleChoiceField(
        label="Stages that are imported",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one stage."},
    )

    class Meta:
        model = Connection
        fields = [
            "name",
            "mode",
            "import_from",
            "most_new_deals",
            "default_currency",
            "time_zone",
            "amount_means",
            "term_unit",
            "billing_timing",
            "lead_days",
            "stage_names",
        ]
        widgets = {"mode": forms.RadioSelect}
        labels = {
            "mode": "Mode",
            "amount_means": "Amount means",
            "term_unit": "Plain numbers in Contract Duration are",
            "billing_timing": "Billing timing",
        }

    def __init__(self, *args: Any, stages: Sequence[Stage], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["default_currency"].choices = currency_choices(unset="Choose a currency")  # type: ignore[attr-defined]
        if FindingCode.ZONE_UNKNOWN in self.instance.standing:
            self.fields["time_zone"].choices = zone_choices()  # type: ignore[attr-defined]
        else:
            del self.fields["time_zone"]
        offered = dict.fromkeys([*(stage.name for stage in stages), *self.instance.stage_names])
        self.fields["stage_names"].choices = [(name, name) for name in offered]  # type: ignore[attr-defined]

    def clean_import_from(self) -> date:
        return not_before_our_time(self.cleaned_data["import_from"])

    def clean_most_new_deals(self) -> int:
        """Left empty, or out, it stays as it is."""
        entered: int | None = self.cleaned_data["most_new_deals"]
        return entered or Connection.objects.get(pk=self.instance.pk).most_new_deals

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("billing_timing") == BillingTiming.IN_ARREARS and cleaned.get("lead_days"):
            self.add_error("lead_days", "In arrears is billed after the period: choose its first day here.")
        return cleaned
