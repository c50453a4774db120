"""A field mapping as values: what feeds each of our fields, and how it is read."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from contracts.enums import BillingCycle, BillingTiming
from crm_sync.enums import AmountMeans, CustomFieldHome, SourceObject, Target, TermUnit

NEEDED = (
    Target.CUSTOMER_NAME,
    Target.CONTRACT_VALUE,
    Target.START_DATE,
    Target.DURATION,
    Target.BILLING_CYCLE,
)
"""Fields without which there is no contract: each has a CRM field or a default value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    target: Target
    custom_label: str = ""
    custom_home: CustomFieldHome = CustomFieldHome.CONTRACT
    source_object: SourceObject = SourceObject.DEAL
    source_field: str = ""
    default_value: str = ""

    @property
    def label(self) -> str:
        return self.custom_label or str(self.target.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingRules:
    """One version of a connection's field mapping. `translations` are keyed by their folded words."""

    version: int
    rules: Sequence[FieldRule]
    translations: Mapping[str, BillingCycle] = field(default_factory=dict)

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


def to_snapshot(rules: MappingRules) -> dict[str, Any]:
    """The form in which a version is stored."""
    return {
        "rules": [asdict(rule) for rule in rules.rules],
        "translations": {words: str(cycle) for words, cycle in rules.translations.items()},
    }


def from_snapshot(*, version: int, snapshot: Mapping[str, Any]) -> MappingRules:
    return MappingRules(
        version=version,
        rules=tuple(
            FieldRule(
                target=Target(entry["target"]),
                custom_label=entry["custom_label"],
                custom_home=CustomFieldHome(entry["custom_home"]),
                source_object=SourceObject(entry["source_object"]),
                source_field=entry["source_field"],
                default_value=entry["default_value"],
            )
            for entry in snapshot["rules"]
        ),
        translations={words: BillingCycle(cycle) for words, cycle in snapshot["translations"].items()},
    )
