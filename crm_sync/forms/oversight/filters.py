"""What lists can be narrowed to. Every field is optional; a filter that cannot be read filters nothing."""

from typing import Any

from django import forms

from contracts.amount_fields import DayField
from crm_sync.enums import HoldCode, Outcome, RunState, RunTrigger
from crm_sync.models import Connection


class Filter(forms.Form):
    use_required_attribute = False

    def chosen(self) -> dict[str, Any]:
        """The filters that were set and understood."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


def connection_field() -> forms.ModelChoiceField:
    return forms.ModelChoiceField(
        label="Connection",
        required=False,
        empty_label="All connections",
        queryset=Connection.objects.order_by("name"),
    )


class RunFilter(Filter):
    CHANGED, TROUBLED = "changed", "troubled"

    connection = connection_field()
    state = forms.ChoiceField(label="State", required=False, choices=[("", "All states"), *RunState.choices])
    trigger = forms.ChoiceField(
        label="Started by", required=False, choices=[("", "Anything"), *RunTrigger.choices]
    )
    result = forms.ChoiceField(
        label="Result",
        required=False,
        choices=[
            ("", "Any result"),
            (CHANGED, "Created or updated something"),
            (TROUBLED, "Held, refused or failed deals"),
        ],
    )
    since = DayField(label="From", required=False)
    until = DayField(label="To", required=False)


class RecordFilter(Filter):
    outcome = forms.ChoiceField(
        label="Outcome", required=False, choices=[("", "All outcomes"), *Outcome.choices]
    )
    code = forms.ChoiceField(label="Cause", required=False, choices=[("", "All causes"), *HoldCode.choices])
    q = forms.CharField(label="Deal", required=False, max_length=200, widget=forms.SearchInput)


class GroupFilter(Filter):
    code = forms.ChoiceField(label="Cause", required=False, choices=[("", "All causes"), *HoldCode.choices])
    connection = connection_field()


class HoldFilter(Filter):
    code = forms.ChoiceField(label="Cause", required=False, choices=[("", "All causes"), *HoldCode.choices])
    connection = connection_field()
    q = forms.CharField(label="Deal", required=False, max_length=200, widget=forms.SearchInput)
