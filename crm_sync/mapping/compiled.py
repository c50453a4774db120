"""The readers of a mapping, worked out once for all deals of a run. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from crm_sync.enums import SourceObject, Target, Transform
from crm_sync.mapping.rules import FieldRule, MappingRules, MappingSettings
from crm_sync.mapping.transforms import Reader, entered_reader, reader_of

NO_TRANSLATIONS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldReader:
    """One field's rule with what reads it. `key`, `label` and `applied` are those of the rule."""

    rule: FieldRule
    key: str
    label: str
    applied: Transform
    source: str
    """The CRM's field in words; empty where there is none."""
    from_crm: Reader
    entered: Reader
    """Reads what a person entered here: a default, a constant, an override."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldReaders:
    """All fields of a mapping. A target that no rule feeds has a reader that finds nothing."""

    by_target: Mapping[Target, FieldReader]
    custom: Sequence[FieldReader]


def compiled(*, rules: MappingRules, settings: MappingSettings) -> FieldReaders:
    """Every look-up in the rules is made here. What amounts mean is not part of it: it reads no field."""

    def reader(rule: FieldRule) -> FieldReader:
        key = rule.key
        return FieldReader(
            rule=rule,
            key=key,
            label=rule.label,
            applied=rule.applied,
            source=f"{rule.source_object.label}: {rule.source_field}" if rule.source_field else "",
            from_crm=reader_of(rule, settings=settings, table=rules.translations.get(key, NO_TRANSLATIONS)),
            entered=entered_reader(rule, settings=settings),
        )

    of_targets = {target: rules.rule(target) for target in Target if target is not Target.CUSTOM}
    of_targets[Target.CURRENCY] = currency_rule(of_targets[Target.CURRENCY], settings=settings)
    return FieldReaders(
        by_target={target: reader(rule) for target, rule in of_targets.items()},
        custom=tuple(reader(rule) for rule in rules.rules if rule.target is Target.CUSTOM),
    )


def currency_rule(rule: FieldRule, *, settings: MappingSettings) -> FieldRule:
    """The mapped field, else the CRM's own; its default, else the connection's."""
    if not rule.source_field:
        rule = replace(rule, source_object=SourceObject.DEAL, source_field=settings.currency_field)
    return replace(rule, default_value=rule.default_value or settings.default_currency)
