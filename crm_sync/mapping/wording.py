"""A field mapping in words: where a value comes from, and what becomes of it on its way. Pure."""

import re
from collections.abc import Mapping

from contracts.enums import CustomFieldType
from crm_sync.clients.registry import facts_of
from crm_sync.enums import NumberFormat, SourceObject, Target, Transform
from crm_sync.mapping.rhythms import rhythm_choices, timing_choices
from crm_sync.mapping.rules import NEEDED, FieldRule, MappingSettings

NUMBERS = {
    NumberFormat.PLAIN: "plain number",
    NumberFormat.COMMA_GROUPS: "number such as 1,234.56",
    NumberFormat.POINT_GROUPS: "number such as 1.234,56",
}
TYPE_WORDS = {
    **dict.fromkeys(("string", "textarea", "text", "phone_number"), "text"),
    **dict.fromkeys(("double", "int", "long", "number"), "number"),
    **dict.fromkeys(("boolean", "bool"), "yes or no"),
    **dict.fromkeys(("picklist", "enumeration"), "list"),
    "multipicklist": "list, several choices",
    "currency": "amount",
    "percent": "percentage",
    "datetime": "date and time",
    "url": "link",
    "reference": "reference to another record",
    "id": "record id",
}
"""What the CRMs call their types, as people say it; the others are words already."""
SEVERAL_LINES = (Target.ADDRESS, Target.STREET, Target.STREET_2)
LABELS = {
    Target.BILLING_CYCLE: dict(rhythm_choices()),
    Target.BILLING_TIMING: dict(timing_choices()),
}
NO_ANCHOR = re.compile(r"[^a-z0-9]+")
STEP = " \u2192 "


def anchor_of(key: str) -> str:
    """Where the row of a field stands on its page."""
    return NO_ANCHOR.sub("-", key.lower()).strip("-")


def object_words(provider: str) -> Mapping[SourceObject, str]:
    """What the CRM calls its deals, accounts and owners."""
    return facts_of(provider).object_words


def source_words(rule: FieldRule, *, provider: str) -> str:
    if not rule.source_field:
        return ""
    return f"{object_words(provider)[rule.source_object]}: {rule.source_field}"


def entered_words(rule: FieldRule, text: str) -> str:
    """A default, constant or translation as people say it."""
    return LABELS.get(rule.target, {}).get(text, text)


def chain_of(rule: FieldRule, *, provider: str, table: Mapping[str, str], settings: MappingSettings) -> str:
    """From the CRM's field to our value: each step is taken only when those before gave nothing."""
    default = entered_words(rule, rule.default_value)
    if rule.applied is Transform.CONSTANT:
        return f"always {default}" if default else "a constant that is still to be entered"
    source = source_words(rule, provider=provider)
    if rule.target is Target.CURRENCY:
        source = source or f"{object_words(provider)[SourceObject.DEAL]}: {settings.currency_field}"
        default = default or settings.default_currency
    if not source:
        return f"always {default}" if default else "not filled"
    steps = [source]
    if table or rule.applied is Transform.TABLE_ONLY:
        steps.append("translation table")
    if rule.applied is not Transform.TABLE_ONLY:
        steps.append(read_words(rule, settings=settings))
    return STEP.join([*steps, last_words(rule, default=default)])


def last_words(rule: FieldRule, *, default: str) -> str:
    """What an empty value becomes. One that cannot be read is held, whatever the default."""
    if default:
        return f"default {default}"
    if rule.target in NEEDED or rule.target is Target.CURRENCY or rule.is_required:
        return "held if empty"
    return "blank if empty"


def read_words(rule: FieldRule, *, settings: MappingSettings) -> str:
    applied = rule.applied
    if applied is Transform.NUMBER:
        return NUMBERS[rule.number_format]
    if applied is Transform.MONTHS:
        unit = rule.term_unit or settings.term_unit
        return f"months (plain numbers are {unit.label.lower()})"
    if applied is Transform.DATE:
        return f"day in {settings.time_zone}"
    if applied is Transform.WORDS:
        return "built-in words"
    if rule.target is Target.CURRENCY:
        return "ISO code"
    if rule.custom_type is CustomFieldType.YES_NO:
        return "yes or no"
    if rule.target is Target.COUNTRY:
        return "country, by name or ISO code"
    if rule.target is Target.TAX_RATE:
        return "percentage"
    return "text of several lines" if rule.target in SEVERAL_LINES else "text as it is"
