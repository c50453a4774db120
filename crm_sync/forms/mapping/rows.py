"""The Field Mapping table as forms: one row for each of our fields."""

from collections.abc import Sequence
from typing import Any

from django import forms

from contracts.currencies import EXPONENTS
from contracts.enums import CustomFieldHome, CustomFieldType
from crm_sync.enums import NumberFormat, SourceObject, Target, TermUnit, Transform
from crm_sync.forms.mapping.source import NoSuchField, Studio
from crm_sync.mapping import readers
from crm_sync.mapping.readers import Unreadable
from crm_sync.mapping.rhythms import rhythm_choices, timing_choices
from crm_sync.mapping.rules import NEEDED, FieldRule, transforms_of
from crm_sync.mapping.transforms import stored_form

HAS_NUMBERS = (Target.CONTRACT_VALUE, Target.CUSTOM)
ALWAYS_NEEDED = (*NEEDED, Target.CURRENCY)
"""A deal without one of these is held anyway."""


class RuleForm(forms.Form):
    """What feeds one field, and how it is read. Emptied, nothing feeds it any more."""

    target = forms.ChoiceField(choices=Target.choices, widget=forms.HiddenInput)
    was_label = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)
    custom_label = forms.CharField(label="Name", required=False, max_length=80)
    custom_home = forms.ChoiceField(label="Kept with the", choices=CustomFieldHome.choices, required=False)
    custom_type = forms.ChoiceField(label="Type", choices=CustomFieldType.choices, required=False)
    source = forms.CharField(required=False, max_length=400)
    typed_object = forms.ChoiceField(label="Object", choices=SourceObject.choices, required=False)
    typed_name = forms.CharField(label="API name", required=False, max_length=200)
    transform = forms.ChoiceField(label="Read as", choices=[("", "")], required=False)
    number_format = forms.ChoiceField(label="Numbers", choices=NumberFormat.choices, required=False)
    term_unit = forms.ChoiceField(label="Plain numbers are", choices=[("", "")], required=False)
    is_required = forms.BooleanField(label="Required: a deal without it is held", required=False)
    default_value = forms.CharField(label="Default value", required=False, max_length=200)

    def __init__(self, *args: Any, studio: Studio, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.studio = studio
        self.shown_target = self.target_of()
        self.fields["transform"].choices = self.transform_choices()  # type: ignore[attr-defined]
        self.fields["term_unit"].choices = self.unit_choices()  # type: ignore[attr-defined]
        self.fields["default_value"].widget = default_widget(self.shown_target)
        self.fields["default_value"].widget.attrs["aria-label"] = f"Default value of {self.row_label}"

    def target_of(self) -> Target:
        named = self.data.get(self.add_prefix("target")) if self.is_bound else self.initial.get("target")
        return Target(named) if named in Target.values else Target.CUSTOM

    @property
    def row_label(self) -> str:
        return str(self["custom_label"].value() or self.shown_target.label)

    @property
    def has_numbers(self) -> bool:
        return self.shown_target in HAS_NUMBERS

    @property
    def has_unit(self) -> bool:
        return self.shown_target is Target.DURATION

    @property
    def may_be_required(self) -> bool:
        return self.shown_target not in ALWAYS_NEEDED

    def transform_choices(self) -> list[tuple[str, str]]:
        """The usual way has no name of its own; where it was stored by its name, it keeps it."""
        kind = self["custom_type"].value()
        custom_type = CustomFieldType(kind) if kind in CustomFieldType.values else CustomFieldType.TEXT
        usual, *others = transforms_of(target=self.shown_target, custom_type=custom_type)
        named = self["transform"].value()
        label = "By its type" if self.shown_target is Target.CUSTOM else str(usual.label)
        kept = [(usual.value, str(usual.label))] if named == usual.value else []
        return [("", label), *kept, *((one.value, str(one.label)) for one in others)]

    def unit_choices(self) -> list[tuple[str, str]]:
        usual = self.studio.settings.term_unit.label.lower()
        return [("", f"as below: {usual}"), *((one.value, one.label.lower()) for one in TermUnit)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("typed_name"):
            cleaned["source"] = f"{cleaned.get('typed_object') or SourceObject.DEAL}:{cleaned['typed_name']}"
        try:
            cleaned["chosen"] = self.studio.named(cleaned.get("source", ""))
        except NoSuchField as refusal:
            self.add_error("source", str(refusal))
        cleaned["custom_label"] = cleaned.get("custom_label", "").strip()
        if self.shown_target is Target.CUSTOM and self.says_something() and not cleaned["custom_label"]:
            self.add_error("custom_label", "Name the custom field.")
        if not self.errors:
            self.read_default(cleaned)
        return cleaned

    def read_default(self, cleaned: dict[str, Any]) -> None:
        text = cleaned.get("default_value", "")
        try:
            cleaned["default_value"] = stored_form(self.made(), text=text, settings=self.studio.settings)
        except Unreadable as problem:
            self.add_error("default_value", f"\u201c{text}\u201d {problem.sentence}.")

    def says_something(self) -> bool:
        return bool(self.cleaned_data.get("source") or self.cleaned_data.get("default_value"))

    def rule(self) -> FieldRule | None:
        """None for a row that was left empty, or emptied in order to remove it."""
        return self.made() if self.says_something() else None

    def made(self) -> FieldRule:
        cleaned, is_custom = self.cleaned_data, self.shown_target is Target.CUSTOM
        place, name = cleaned.get("chosen") or (SourceObject.DEAL, "")
        unit, transform = cleaned.get("term_unit"), cleaned.get("transform")
        return FieldRule(
            target=self.shown_target,
            custom_label=cleaned["custom_label"] if is_custom else "",
            custom_home=CustomFieldHome(
                (is_custom and cleaned.get("custom_home")) or CustomFieldHome.CONTRACT
            ),
            custom_type=CustomFieldType((is_custom and cleaned.get("custom_type")) or CustomFieldType.TEXT),
            source_object=place,
            source_field=name,
            transform=Transform(transform) if transform else None,
            number_format=NumberFormat(cleaned.get("number_format", "") if self.has_numbers else ""),
            term_unit=TermUnit(unit) if unit and self.has_unit else None,
            is_required=bool(cleaned.get("is_required")) and self.may_be_required,
            default_value=cleaned.get("default_value", ""),
        )


RuleFormSet = forms.formset_factory(RuleForm, extra=0, max_num=100, absolute_max=150)


def default_widget(target: Target) -> forms.Widget:
    if target is Target.BILLING_CYCLE:
        return forms.Select(choices=[("", "No default"), *rhythm_choices()])
    if target is Target.BILLING_TIMING:
        return forms.Select(choices=[("", "The connection's own"), *timing_choices()])
    if target is Target.CURRENCY:
        codes = [(code, code) for code in sorted(EXPONENTS)]
        return forms.Select(choices=[("", "The connection's own"), *codes])
    if target is Target.DURATION:
        longest = readers.LONGEST_TERM_MONTHS
        return forms.NumberInput(attrs={"min": 1, "max": longest, "placeholder": "months"})
    if target is Target.START_DATE:
        return forms.DateInput(attrs={"type": "date"})
    return forms.TextInput()


def initial_rows(rules: Sequence[FieldRule], *, studio: Studio) -> list[dict[str, Any]]:
    """Our own fields in their fixed order, then the custom ones, then one empty custom row."""
    fixed = {rule.target: rule for rule in rules if rule.target is not Target.CUSTOM}
    listed = [fixed.get(target, FieldRule(target=target)) for target in Target if target is not Target.CUSTOM]
    custom = [rule for rule in rules if rule.target is Target.CUSTOM]
    return [row_of(rule, studio=studio) for rule in (*listed, *custom, FieldRule(target=Target.CUSTOM))]


def row_of(rule: FieldRule, *, studio: Studio) -> dict[str, Any]:
    return {
        "target": rule.target.value,
        "was_label": rule.custom_label,
        "custom_label": rule.custom_label,
        "custom_home": rule.custom_home.value,
        "custom_type": rule.custom_type.value,
        "source": studio.shown((rule.source_object, rule.source_field)),
        "typed_object": rule.source_object.value,
        "transform": rule.transform.value if rule.transform else "",
        "number_format": rule.number_format.value,
        "term_unit": rule.term_unit.value if rule.term_unit else "",
        "is_required": rule.is_required,
        "default_value": shown_default(rule, studio=studio),
    }


def shown_default(rule: FieldRule, *, studio: Studio) -> str:
    """As the widget offers it. One that cannot be read is shown as it stands, and refused when saved."""
    try:
        stored = stored_form(rule, text=rule.default_value, settings=studio.settings)
    except Unreadable:
        return rule.default_value
    return stored.removesuffix(" months") if rule.target is Target.DURATION else stored
