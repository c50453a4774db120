from collections.abc import Sequence
from typing import Any
from zoneinfo import available_timezones

from django import forms

from contracts.amount_fields import AmountField, DayField
from contracts.currencies import EXPONENTS
from contracts.custom_filters import CustomFilter
from contracts.custom_values import NO, YES
from contracts.enums import CustomFieldType, PageFormat
from contracts.models import CustomField, Workspace

NUMBER_DECIMALS = 20
YES_OR_NO = [("", "All"), (YES, YES), (NO, NO)]


class CustomFieldFilter(forms.Form):
    """A control for each custom field, named by its key. What cannot be read filters nothing."""

    use_required_attribute = False

    def __init__(self, *args: Any, fields: Sequence[CustomField], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.definitions = list(fields)
        for definition in self.definitions:
            self.fields |= controls(definition)

    def chosen(self) -> list[CustomFilter]:
        self.is_valid()
        found = [self.chosen_of(one) for one in self.definitions]
        return [one for one in found if one.text or one.least is not None or one.most is not None]

    def chosen_of(self, one: CustomField) -> CustomFilter:
        text, least, most = (self.cleaned_data.get(f"custom-{one.pk}{end}") for end in ("", "-from", "-to"))
        return CustomFilter(
            field_id=one.pk, label=one.label, type=one.type, text=text or "", least=least, most=most
        )


def controls(definition: CustomField) -> dict[str, forms.Field]:
    name, label = f"custom-{definition.pk}", definition.label
    if definition.type == CustomFieldType.YES_NO:
        return {name: forms.ChoiceField(label=label, required=False, choices=YES_OR_NO)}
    if definition.type == CustomFieldType.NUMBER:
        return {
            end: AmountField(label=said, required=False, decimals=NUMBER_DECIMALS)
            for end, said in ends(name, label)
        }
    if definition.type == CustomFieldType.DATE:
        return {end: DayField(label=said, required=False) for end, said in ends(name, label)}
    return {name: forms.CharField(label=label, required=False, max_length=200, widget=forms.SearchInput)}


def ends(name: str, label: str) -> list[tuple[str, str]]:
    """Names and labels of the two controls of a range."""
    return [(f"{name}-from", f"{label}, from"), (f"{name}-to", f"{label}, to")]


class CustomerFilter(forms.Form):
    q = forms.CharField(label="Search", required=False, max_length=200, widget=forms.SearchInput)


class WorkspaceForm(forms.ModelForm):
    time_zone = forms.ChoiceField(
        choices=[(name, name) for name in sorted(available_timezones())],
        help_text="Billing dates are calendar dates in this zone.",
    )
    default_currency = forms.ChoiceField(
        required=False,
        choices=[("", "None"), *((code, code) for code in sorted(EXPONENTS))],
        help_text="Offered when a CRM is connected, for deals that name no currency of their own.",
    )

    page_format = forms.ChoiceField(
        label="Days and numbers",
        required=False,
        choices=PageFormat.choices,
        help_text="As all pages write them. Files stay as machines read them, documents as customers do.",
    )

    def clean_page_format(self) -> str:
        chosen: str = self.cleaned_data["page_format"]
        return chosen or self.instance.page_format

    class Meta:
        model = Workspace
        fields = ["name", "time_zone", "default_currency", "page_format"]


class WorkspaceCalendarForm(WorkspaceForm):
    """As the page of the legal entity asks it, which has a name of its own."""

    class Meta(WorkspaceForm.Meta):
        fields = ["time_zone", "default_currency", "page_format"]
