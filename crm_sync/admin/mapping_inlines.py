"""The field mapping of a connection in the admin: the rows and the rules of its own page."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.forms.models import BaseInlineFormSet

from crm_sync.enums import Target
from crm_sync.forms.mapping.source import FIELD_NAME
from crm_sync.mapping import store
from crm_sync.mapping.rows import rule_of
from crm_sync.mapping.rules import rule_key
from crm_sync.mapping.words import same_words
from crm_sync.models import Connection, FieldMapping, Translation

TRANSLATIONS = "translations"


class SeenVersionForm(forms.ModelForm):
    """Refuses what was drawn before somebody else saved a version."""

    seen_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Connection
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version = self.instance.mapping_version if self.instance.pk else None
        if "seen_version" in self.fields:
            self.fields["seen_version"].initial = version.number if version else 0

    def clean_seen_version(self) -> int | None:
        seen: int | None = self.cleaned_data["seen_version"]
        if seen is not None:
            try:
                store.refuse_another(store.lock(self.instance), seen=seen)
            except store.UnableToChangeMapping as refusal:
                self.add_error(None, str(refusal))
        return seen


class FieldMappingForm(forms.ModelForm):
    class Meta:
        model = FieldMapping
        fields = [
            "target",
            "custom_label",
            "custom_home",
            "custom_type",
            "source_object",
            "source_field",
            "transform",
            "number_format",
            "term_unit",
            "is_required",
            "default_value",
        ]

    def clean_source_field(self) -> str:
        name: str = self.cleaned_data["source_field"]
        if name and not FIELD_NAME.fullmatch(name):
            raise forms.ValidationError(f"\u201c{name}\u201d is no API name of a field.")
        return name


class FieldMappingFormSet(BaseInlineFormSet):
    def clean(self) -> None:
        """What keeps a mapping from being confirmed on its page keeps it from being saved here."""
        super().clean()
        if any(self.errors):
            return
        rules = [
            rule_of(form.instance)
            for form in self.forms
            if form.cleaned_data.get("target") and form not in self.deleted_forms
        ]
        sent = sent_translations(self.data)
        problems = store.lint(connection=self.instance, rules=rules, translations=sent)
        stopping = [problem.sentence for problem in problems if problem.blocking]
        if stopping:
            raise forms.ValidationError(stopping)


def sent_translations(data: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The tables as they are in the form beside this one, which says itself what is wrong with a row."""
    tables: dict[str, dict[str, str]] = {}
    for number in range(sent_rows(data)):
        row = {
            name: str(data.get(f"{TRANSLATIONS}-{number}-{name}") or "")
            for name in ("target", "custom_label", "raw_value", "value", "DELETE")
        }
        if row["target"] in Target.values and row["raw_value"] and row["value"] and not row["DELETE"]:
            key = rule_key(target=Target(row["target"]), custom_label=row["custom_label"].strip())
            tables.setdefault(key, {})[row["raw_value"]] = row["value"]
    return tables


def sent_rows(data: Mapping[str, Any]) -> int:
    told = str(data.get(f"{TRANSLATIONS}-TOTAL_FORMS") or "")
    return min(int(told), forms.formsets.DEFAULT_MAX_NUM) if told.isdecimal() else 0


class TranslationFormSet(BaseInlineFormSet):
    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        seen: set[tuple[str, str, str]] = set()
        for form in self.forms:
            row = form.cleaned_data
            if not row.get("target") or form in self.deleted_forms:
                continue
            words = same_words(row["raw_value"])
            entry = (row["target"], row["custom_label"], words)
            if not words:
                form.add_error("raw_value", "Enter the value as the CRM has it.")
            if entry in seen:
                form.add_error("raw_value", "This value is translated above already.")
            if (row["target"] == Target.CUSTOM) != bool(row["custom_label"]):
                form.add_error("custom_label", "Name the custom field, and no other.")
            seen.add(entry)


class FieldMappingInline(admin.StackedInline):
    model = FieldMapping
    form = FieldMappingForm
    formset = FieldMappingFormSet
    extra = 0
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("target", "custom_label", "custom_home", "custom_type"),
                    ("source_object", "source_field", "default_value"),
                    ("transform", "number_format", "term_unit", "is_required"),
                )
            },
        ),
    )


class TranslationInline(admin.TabularInline):
    model = Translation
    formset = TranslationFormSet
    extra = 0
