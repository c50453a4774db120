"""What people enter to cure holds. The group of holds that a form is about travels with it."""

from typing import Any

from django import forms

from contracts.amount_fields import AmountField, DayField, PercentField
from contracts.countries import choices
from contracts.currencies import EXPONENTS
from contracts.enums import CustomFieldType
from contracts.forms import NUMBER_DECIMALS
from crm_sync.enums import HoldCode, Target
from crm_sync.holds.groups import GroupKey
from crm_sync.mapping.rhythms import rhythm_choices, timing_choices
from crm_sync.mapping.rules import FieldRule, parse_key
from crm_sync.mapping.wording import SEVERAL_LINES
from crm_sync.models import Connection

LONGEST_KEY, LONGEST_RAW, LONGEST_VALUE = 100, 200, 2000
HELP = {
    Target.DURATION: "In months.",
}
UNTIMED = "Without a timing it is billed as the CRM's words say, else as the connection does."


def named_by(name: GroupKey) -> dict[str, Any]:
    return {"connection": name.connection_id, "code": name.code, "key": name.key, "raw": name.raw}


def value_field(rule: FieldRule) -> forms.Field:
    """As it is entered here, whatever the CRM calls it. What it must be, the domain decides."""
    label = rule.label
    if rule.target is Target.BILLING_CYCLE:
        return forms.ChoiceField(label=label, choices=[("", "Choose"), *rhythm_choices()], help_text=UNTIMED)
    if rule.target is Target.BILLING_TIMING:
        return forms.ChoiceField(label=label, choices=[("", "Choose"), *timing_choices()])
    if rule.target is Target.CURRENCY:
        codes = [(code, code) for code in sorted(EXPONENTS)]
        return forms.ChoiceField(label=label, choices=[("", "Choose"), *codes])
    if rule.target is Target.COUNTRY:
        return forms.ChoiceField(label=label, choices=[("", "Choose"), *choices()])
    if rule.custom_type is CustomFieldType.YES_NO:
        return forms.ChoiceField(label=label, choices=[("", "Choose"), ("Yes", "Yes"), ("No", "No")])
    if rule.target is Target.START_DATE or rule.custom_type is CustomFieldType.DATE:
        return EnteredDay(label=label)
    if rule.target is Target.CONTRACT_VALUE:
        return EnteredAmount(label=label)
    if rule.target is Target.TAX_RATE:
        return EnteredPercent(label=label)
    if rule.custom_type is CustomFieldType.NUMBER:
        return EnteredAmount(label=label, decimals=NUMBER_DECIMALS)
    if rule.target in SEVERAL_LINES:
        widget = forms.Textarea(attrs={"rows": 4})
        return forms.CharField(label=label, max_length=LONGEST_VALUE, widget=widget)
    return forms.CharField(label=label, max_length=LONGEST_VALUE, help_text=HELP.get(rule.target, ""))


class EnteredAmount(AmountField):
    """Answers with the plain text that is kept: 1200.00."""

    def clean(self, value: Any) -> Any:
        amount = super().clean(value)
        return "" if amount is None else f"{amount:f}"


class EnteredPercent(PercentField):
    """Answers with the plain text that is kept: 8.875."""

    def clean(self, value: Any) -> Any:
        rate = super().clean(value)
        return "" if rate is None else f"{rate:f}"


class EnteredDay(DayField):
    """Answers with the plain text that is kept: 2026-11-30."""

    def clean(self, value: Any) -> Any:
        day = super().clean(value)
        return "" if day is None else day.isoformat()


def reason_field(help_text: str) -> forms.CharField:
    return forms.CharField(
        label="Reason", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}), help_text=help_text
    )


class GroupForm(forms.Form):
    """Which group. Nothing else is needed to read its deals again."""

    told_apart_by = ("code", "key", "raw")
    connection = forms.ModelChoiceField(queryset=Connection.objects.all(), widget=forms.HiddenInput)
    code = forms.ChoiceField(choices=HoldCode.choices, widget=forms.HiddenInput)
    key = forms.CharField(required=False, max_length=LONGEST_KEY, widget=forms.HiddenInput)
    raw = forms.CharField(required=False, max_length=LONGEST_RAW, strip=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, prefix: str = "", **kwargs: Any) -> None:
        """`prefix` is that of the ids alone, so that a page may hold several of these forms."""
        kwargs["auto_id"] = f"{prefix}-%s" if prefix else "id_%s"
        super().__init__(*args, **kwargs)

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        try:
            if key:
                parse_key(key)
        except ValueError:
            raise forms.ValidationError("This is no field of Fincelo.") from None
        return key

    @property
    def name(self) -> GroupKey:
        told = self.cleaned_data
        return GroupKey(
            connection_id=told["connection"].pk, code=told["code"], key=told["key"], raw=told["raw"]
        )


class ValueForm(GroupForm):
    def __init__(self, *args: Any, rule: FieldRule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["value"] = value_field(rule)


class TranslateForm(ValueForm):
    pass


class DefaultForm(ValueForm):
    pass


class DismissGroupForm(GroupForm):
    number = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    reason = reason_field("Kept with each deal, with your name and the time.")


class EnterForm(forms.Form):
    """A value for one deal."""

    told_apart_by = ("key",)
    key = forms.CharField(max_length=LONGEST_KEY, widget=forms.HiddenInput)

    def __init__(self, *args: Any, rule: FieldRule, prefix: str = "", **kwargs: Any) -> None:
        kwargs["auto_id"] = f"{prefix}-%s" if prefix else "id_%s"
        super().__init__(*args, **kwargs)
        self.fields["value"] = value_field(rule)
        self.fields["reason"] = reason_field("Why here and not in the CRM. Kept with your name and the time.")
