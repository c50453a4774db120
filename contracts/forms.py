from zoneinfo import available_timezones

from django import forms

from contracts.currencies import EXPONENTS
from contracts.models import Workspace


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

    class Meta:
        model = Workspace
        fields = ["name", "time_zone", "default_currency"]


class WorkspaceCalendarForm(WorkspaceForm):
    """As the page of the legal entity asks it, which has a name of its own."""

    class Meta(WorkspaceForm.Meta):
        fields = ["time_zone", "default_currency"]
