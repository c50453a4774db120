"""A field mapping as values: what feeds each of our fields, and how it is read."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from contracts.enums import BillingTiming, CustomFieldHome, CustomFieldType
from crm_sync.enums import AmountMeans, NumberFormat, SourceObject, Target, TermUnit, Transform
from crm_sync.mapping.rhythms import Timing
from crm_sync.mapping.words import same_words

NEEDED = (
    Target.CUSTOMER_NAME,
    Target.CONTRACT_VALUE,
    Target.START_DATE,
    Target.DURATION,
    Target.BILLING_CYCLE,
)
"""Fields without which there is no contract: each has a CRM field or a default value."""
TRANSFORMS = {
    Target.CONTRACT_VALUE: (Transform.NUMBER, Transform.CONSTANT),
    Target.START_DATE: (Transform.DATE, Transform.CONSTANT),
    Target.DURATION: (Transform.MONTHS, Transform.TABLE_ONLY, Transform.CONSTANT),
    Target.BILLING_CYCLE: (Transform.WORDS, Transform.TABLE_ONLY, Transform.CONSTANT),
    Target.BILLING_TIMING: (Transform.WORDS, Transform.TABLE_ONLY, Transform.CONSTANT),
}
"""What each field offers, the usual one first. All others are texts."""
TEXT_TRANSFORMS = (Transform.AS_IS, Transform.TABLE_ONLY, Transform.CONSTANT)
CUSTOM_TRANSFORMS = {
    CustomFieldType.NUMBER: (Transform.NUMBER, Transform.TABLE_ONLY, Transform.CONSTANT),
    CustomFieldType.DATE: (Transform.DATE, Transform.TABLE_ONLY, Transform.CONSTANT),
}


def transforms_of(*, target: Target, custom_type: CustomFieldType) -> Sequence[Transform]:
    """What a field can be read by, the usual one first."""
    if target is Target.CUSTOM:
        return CUSTOM_TRANSFORMS.get(custom_type, TEXT_TRANSFORMS)
    return TRANSFORMS.get(target, TEXT_TRANSFORMS)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """What feeds one of our fields. With a constant, `default_value` is the value."""

    target: Target
    custom_label: str = ""
    custom_home: CustomFieldHome = CustomFieldHome.CONTRACT
    custom_type: CustomFieldType = CustomFieldType.TEXT
    source_object: SourceObject = SourceObject.DEAL
    source_field: str = ""
    transform: Transform | None = None
    """None: as is usual for the field."""
    number_format: NumberFormat = NumberFormat.PLAIN
    term_unit: TermUnit | None = None
    """What plain numbers are; None: the connection's setting."""
    is_required: bool = False
    default_value: str = ""

    @property
    def label(self) -> str:
        return self.custom_label or str(self.target.label)

    @property
    def key(self) -> str:
        """Names the field within its mapping; translations, overrides and problems refer to it."""
        return rule_key(target=self.target, custom_label=self.custom_label)

    @property
    def applied(self) -> Transform:
        return self.transform or transforms_of(target=self.target, custom_type=self.custom_type)[0]


def rule_key(*, target: Target, custom_label: str = "") -> str:
    return f"{target.value}:{custom_label}" if custom_label else target.value


def parse_key(key: str) -> tuple[Target, str]:
    """(target, label of the custom field). Raises ValueError for what is no key."""
    target, _, custom_label = key.partition(":")
    return Target(target), custom_label


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingRules:
    """One version of a connection's field mapping.

    `translations`: by the key of their field, from folded words to the value as it would be entered here.
    """

    version: int
    rules: Sequence[FieldRule]
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def rule(self, target: Target) -> FieldRule:
        return next((rule for rule in self.rules if rule.target is target), FieldRule(target=target))

    def wanted(self) -> dict[SourceObject, list[str]]:
        """The CRM fields to ask for, per object, in a fixed order."""
        names: dict[SourceObject, list[str]] = {source_object: [] for source_object in SourceObject}
        for rule in self.rules:
            if rule.source_field and rule.source_field not in names[rule.source_object]:
                names[rule.source_object].append(rule.source_field)
        return names


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingSettings:
    """What the connection adds to the mapping."""

    provider_name: str
    time_zone: str
    currency_field: str
    default_currency: str
    amount_means: AmountMeans
    term_unit: TermUnit
    billing_timing: BillingTiming
    lead_days: int

    def billed(self, said: Timing | None) -> tuple[BillingTiming, int]:
        """Timing and days ahead, the connection's where a deal says nothing. Arrears have no days ahead."""
        timing = said.timing if said else self.billing_timing
        if timing is BillingTiming.IN_ARREARS:
            return timing, 0
        if said and said.lead_days is not None:
            return timing, said.lead_days
        return timing, self.lead_days if self.billing_timing is timing else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What people decided about one deal. `overrides`: by field key, the value as it was entered."""

    overrides: Mapping[str, str] = field(default_factory=dict)
    free_accepted: bool = False


NOTHING_DECIDED = Decisions()


def to_snapshot(rules: MappingRules) -> dict[str, Any]:
    """The form in which a version is stored. What is as usual is left out."""
    return {
        "rules": [said_by(rule) for rule in rules.rules],
        "translations": {key: dict(table) for key, table in rules.translations.items() if table},
    }


def said_by(rule: FieldRule) -> dict[str, Any]:
    usual = asdict(FieldRule(target=rule.target))
    return {
        name: value
        for name, value in asdict(rule).items()
        if name not in LATER_FIELDS or value != usual[name]
    }


LATER_FIELDS = frozenset({"custom_type", "transform", "number_format", "term_unit", "is_required"})
"""Versions from before these are as usual in all of them."""


def from_snapshot(*, version: int, snapshot: Mapping[str, Any]) -> MappingRules:
    return MappingRules(
        version=version,
        rules=tuple(rule_from(entry) for entry in snapshot["rules"]),
        translations=tables_from(snapshot["translations"]),
    )


def rule_from(entry: Mapping[str, Any]) -> FieldRule:
    transform, term_unit = entry.get("transform"), entry.get("term_unit")
    return FieldRule(
        target=Target(entry["target"]),
        custom_label=entry["custom_label"],
        custom_home=CustomFieldHome(entry["custom_home"]),
        custom_type=CustomFieldType(entry.get("custom_type", CustomFieldType.TEXT)),
        source_object=SourceObject(entry["source_object"]),
        source_field=entry["source_field"],
        transform=Transform(transform) if transform else None,
        number_format=NumberFormat(entry.get("number_format", NumberFormat.PLAIN)),
        term_unit=TermUnit(term_unit) if term_unit else None,
        is_required=entry.get("is_required", False),
        default_value=entry["default_value"],
    )


def tables_from(stored: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """In the first versions there was one table alone, that of billing cycles."""
    if any(isinstance(entry, str) for entry in stored.values()):
        return {rule_key(target=Target.BILLING_CYCLE): folded_table(stored)}
    return {key: folded_table(table) for key, table in stored.items()}


def folded_table(table: Mapping[str, Any]) -> dict[str, str]:
    """By folded words. Spellings of one value that were given two meanings have none: nothing is guessed."""
    meanings: dict[str, set[str]] = {}
    for raw, value in table.items():
        meanings.setdefault(same_words(raw), set()).add(str(value))
    return {words: meant.pop() for words, meant in meanings.items() if len(meant) == 1}
