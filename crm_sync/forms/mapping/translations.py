"""The translation tables of a field mapping as forms: one row for each value of the CRM."""

from collections.abc import Mapping
from typing import Any

from django import forms

from contracts.currencies import EXPONENTS
from crm_sync.enums import Target
from crm_sync.forms.mapping.source import Studio
from crm_sync.mapping.readers import Unreadable
from crm_sync.mapping.rhythms import rhythm_choices, timing_choices
from crm_sync.mapping.rules import FieldRule, parse_key
from crm_sync.mapping.transforms import stored_form
from crm_sync.mapping.words import same_words

KEY_LENGTH = 110


class TranslationForm(forms.Form):
    """A row whose meaning is left empty is no translation."""

    key = forms.CharField(max_length=KEY_LENGTH, widget=forms.HiddenInput)
    raw_value = forms.CharField(label="Value in the CRM", required=False, max_length=200)
    value = forms.CharField(label="Means", required=False, max_length=200)

    @property
    def target(self) -> Target | None:
        try:
            target, custom_label = parse_key(str(self["key"].value() or ""))
        except ValueError:
            return None
        return target if (target is Target.CUSTOM) == bool(custom_label) else None

    def choices(self) -> list[tuple[str, str]]:
        """Where the meaning is one of a few. A stored one that is none of them stays, to be mended."""
        if self.target is Target.BILLING_CYCLE:
            offered = [("", "Not translated"), *rhythm_choices()]
        elif self.target is Target.BILLING_TIMING:
            offered = [("", "Not translated"), *timing_choices()]
        elif self.target is Target.CURRENCY:
            offered = [("", "Not translated"), *((code, code) for code in sorted(EXPONENTS))]
        else:
            return []
        chosen = str(self["value"].value() or "")
        return offered if chosen in dict(offered) else [*offered, (chosen, chosen)]

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if self.target is None:
            raise forms.ValidationError("Fincelo has no such field.")
        return key

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("value") and not cleaned.get("raw_value"):
            self.add_error("raw_value", "Enter the value as the CRM has it.")
        return cleaned

    @property
    def says_something(self) -> bool:
        return bool(self.cleaned_data.get("raw_value") and self.cleaned_data.get("value"))

    def read(self, rule: FieldRule, *, studio: Studio) -> None:
        """Refuses what the field's own reader cannot read; keeps the rest as it is stored."""
        text = self.cleaned_data["value"]
        try:
            self.cleaned_data["value"] = stored_form(rule, text=text, settings=studio.settings)
        except Unreadable as problem:
            self.add_error("value", f"\u201c{text}\u201d {problem.sentence}.")


class BaseTranslations(forms.BaseFormSet):
    def clean(self) -> None:
        if any(self.errors):
            return
        seen: set[tuple[str, str]] = set()
        for form in self.forms:
            words = same_words(form.cleaned_data.get("raw_value", ""))
            entry = (form.cleaned_data.get("key", ""), words)
            if form.says_something and entry in seen:
                form.add_error("raw_value", "This value is translated above already.")
            if form.says_something:
                seen.add(entry)

    def read(self, rules: Mapping[str, FieldRule], *, studio: Studio) -> None:
        """`rules` by the key that their translations are sent with."""
        for form in self.forms:
            if form.is_valid() and form.says_something:
                key = form.cleaned_data["key"]
                form.read(rules.get(key) or bare_rule(key), studio=studio)

    def tables(self) -> dict[str, dict[str, str]]:
        tables: dict[str, dict[str, str]] = {}
        for form in self.forms:
            if form.says_something:
                row = form.cleaned_data
                tables.setdefault(row["key"], {})[row["raw_value"]] = row["value"]
        return tables


def bare_rule(key: str) -> FieldRule:
    target, custom_label = parse_key(key)
    return FieldRule(target=target, custom_label=custom_label)


TranslationFormSet = forms.formset_factory(
    TranslationForm, formset=BaseTranslations, extra=0, max_num=600, absolute_max=700
)
