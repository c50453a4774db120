"""The Field Mapping table as forms: one row for each of our fields, one for each translation."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from contracts.currencies import EXPONENTS
from contracts.enums import BillingCycle, CustomFieldHome
from crm_sync import readers
from crm_sync.enums import AmountMeans, SourceObject, Target, TermUnit
from crm_sync.mapping_rules import FieldRule, rule_key
from crm_sync.readers import Unreadable
from crm_sync.synonyms import same_words

FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,4}")
MONTHS = "{} months"
READERS: Mapping[Target, Callable[[str], object]] = {
    Target.CONTRACT_VALUE: readers.read_amount,
    Target.START_DATE: lambda text: readers.read_date(text, time_zone="UTC"),
    Target.DURATION: lambda text: readers.read_months(text, unit=TermUnit.MONTHS),
    Target.BILLING_CYCLE: readers.read_cycle,
    Target.CURRENCY: readers.read_currency,
}


def default_widget(target: Target) -> forms.Widget:
    if target is Target.BILLING_CYCLE:
        return forms.Select(choices=[("", "No default"), *BillingCycle.choices])
    if target is Target.CURRENCY:
        codes = [(code, code) for code in sorted(EXPONENTS)]
        return forms.Select(choices=[("", "The connection's own"), *codes])
    if target is Target.DURATION:
        longest = readers.LONGEST_TERM_MONTHS
        return forms.NumberInput(attrs={"min": 1, "max": longest, "placeholder": "months"})
    if target is Target.START_DATE:
        return forms.DateInput(attrs={"type": "date"})
    return forms.TextInput()


class RuleForm(forms.Form):
    """What feeds one field: a CRM field chosen or typed, a default value, or nothing."""

    target = forms.ChoiceField(choices=Target.choices, widget=forms.HiddenInput)
    custom_label = forms.CharField(label="Name", required=False, max_length=80)
    custom_home = forms.ChoiceField(label="Kept with the", choices=CustomFieldHome.choices, required=False)
    source = forms.CharField(required=False, max_length=210)
    typed_object = forms.ChoiceField(label="Object", choices=SourceObject.choices, required=False)
    typed_name = forms.CharField(label="API name", required=False, max_length=200)
    default_value = forms.CharField(label="Default value", required=False, max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shown_target = self.target_of()
        self.fields["default_value"].widget = default_widget(self.shown_target)
        self.fields["default_value"].widget.attrs["aria-label"] = f"Default value of {self.row_label}"

    def target_of(self) -> Target:
        named = self.data.get(self.add_prefix("target")) if self.is_bound else self.initial.get("target")
        return Target(named) if named in Target.values else Target.CUSTOM

    @property
    def row_label(self) -> str:
        return str(self["custom_label"].value() or self.shown_target.label)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        target = Target(cleaned.get("target", Target.CUSTOM))
        typed = cleaned.get("typed_name", "")
        if typed:
            cleaned["source"] = f"{cleaned.get('typed_object') or SourceObject.DEAL}:{typed}"
        place, _, name = cleaned.get("source", "").partition(":")
        if cleaned.get("source") and not (place in SourceObject.values and FIELD_NAME.fullmatch(name)):
            self.add_error("source", f"\u201c{name or place}\u201d is no API name of a field.")
        if target is Target.CUSTOM and self.says_something() and not cleaned.get("custom_label"):
            self.add_error("custom_label", "Name the custom field.")
        default = cleaned.get("default_value", "")
        if default and target in READERS:
            try:
                READERS[target](default)
            except Unreadable as problem:
                self.add_error("default_value", f"\u201c{default}\u201d {problem.sentence}.")
        return cleaned

    def says_something(self) -> bool:
        return bool(self.cleaned_data.get("source") or self.cleaned_data.get("default_value"))

    def rule(self) -> FieldRule | None:
        """None for a row that was left empty, or emptied in order to remove it."""
        cleaned = self.cleaned_data
        if not self.says_something():
            return None
        target = Target(cleaned["target"])
        is_custom = target is Target.CUSTOM
        place, _, name = cleaned["source"].partition(":")
        default = cleaned["default_value"]
        if default and target is Target.DURATION:
            default = MONTHS.format(readers.read_months(default, unit=TermUnit.MONTHS))
        return FieldRule(
            target=target,
            custom_label=cleaned["custom_label"] if is_custom else "",
            custom_home=CustomFieldHome(cleaned["custom_home"] or "contract")
            if is_custom
            else CustomFieldHome.CONTRACT,
            source_object=SourceObject(place) if name else SourceObject.DEAL,
            source_field=name,
            default_value=default,
        )


class TranslationForm(forms.Form):
    """A row without a cycle, or without a value, is no translation."""

    raw_value = forms.CharField(label="Value in the CRM", required=False, max_length=200)
    billing_cycle = forms.ChoiceField(
        label="Means", required=False, choices=[("", "Not translated"), *BillingCycle.choices]
    )


class BaseTranslations(forms.BaseFormSet):
    def clean(self) -> None:
        if any(self.errors):
            return
        seen: set[str] = set()
        for form in self.forms:
            words = same_words(form.cleaned_data.get("raw_value", ""))
            if words and words in seen:
                form.add_error("raw_value", "This value is translated above already.")
            seen.add(words)

    def translations(self) -> dict[str, dict[str, str]]:
        table = {
            row["raw_value"]: row["billing_cycle"]
            for row in (form.cleaned_data for form in self.forms)
            if row.get("raw_value") and row.get("billing_cycle")
        }
        return {rule_key(target=Target.BILLING_CYCLE): table}


RuleFormSet = forms.formset_factory(RuleForm, extra=0, max_num=100, absolute_max=150)
TranslationFormSet = forms.formset_factory(
    TranslationForm, formset=BaseTranslations, extra=2, max_num=500, absolute_max=600
)


class ReadingForm(forms.Form):
    """How amounts and durations are read; kept on the connection, not in the versions."""

    amount_means = forms.ChoiceField(
        label="Amount means", choices=AmountMeans.choices, help_text="What the amount on a deal stands for."
    )
    term_unit = forms.ChoiceField(
        label="Plain numbers in Contract Duration are",
        choices=TermUnit.choices,
        help_text="\u201c3\u201d is 3 months or 3 years. \u201c3 years\u201d is understood either way.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingForms:
    """The three parts of the page, filled from what is stored or from what was sent."""

    rules: Any
    translations: Any
    reading: ReadingForm

    def is_valid(self) -> bool:
        """Asks all three, so that every part shows what is wrong with it."""
        answers = [part.is_valid() for part in (self.rules, self.translations, self.reading)]
        return all(answers)

    def chosen_rules(self) -> list[FieldRule]:
        return [rule for rule in (form.rule() for form in self.rules.forms) if rule is not None]


def initial_rows(rules: Sequence[FieldRule], *, unit: TermUnit) -> list[dict[str, str]]:
    """Our own fields in their fixed order, then the custom ones, then one empty custom row."""
    fixed = {rule.target: rule for rule in rules if rule.target is not Target.CUSTOM}
    listed = [fixed.get(target, FieldRule(target=target)) for target in Target if target is not Target.CUSTOM]
    custom = [rule for rule in rules if rule.target is Target.CUSTOM]
    return [row_of(rule, unit=unit) for rule in (*listed, *custom, FieldRule(target=Target.CUSTOM))]


def row_of(rule: FieldRule, *, unit: TermUnit) -> dict[str, str]:
    is_term = rule.target is Target.DURATION
    return {
        "target": rule.target.value,
        "custom_label": rule.custom_label,
        "custom_home": rule.custom_home.value,
        "source": f"{rule.source_object.value}:{rule.source_field}" if rule.source_field else "",
        "typed_object": rule.source_object.value,
        "default_value": shown_months(rule.default_value, unit=unit) if is_term else rule.default_value,
    }


def shown_months(default: str, *, unit: TermUnit) -> str:
    """The number alone. A default that cannot be read is shown as it stands, and refused when it is saved."""
    if not default:
        return ""
    try:
        return str(readers.read_months(default, unit=unit))
    except Unreadable:
        return default
