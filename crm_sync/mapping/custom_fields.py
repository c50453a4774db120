"""Custom fields as field mappings feed them."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.custom_fields import type_problem
from contracts.custom_values import FieldDefinition
from contracts.enums import CustomFieldType
from crm_sync.enums import Target
from crm_sync.mapping.rules import FieldRule, rule_key
from crm_sync.models import Connection, FieldMapping


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeConflict:
    """A custom field that a mapping cannot feed. `what` continues from its label."""

    label: str
    what: str

    @property
    def key(self) -> str:
        return rule_key(target=Target.CUSTOM, custom_label=self.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeder:
    """One mapping that feeds a field."""

    connection: Connection
    source: str


def wanted_fields(rules: Sequence[FieldRule]) -> list[FieldDefinition]:
    return [
        FieldDefinition(home=rule.custom_home, label=rule.custom_label, type=rule.custom_type)
        for rule in rules
        if rule.target is Target.CUSTOM
    ]


def type_conflicts(*, connection: Connection, rules: Sequence[FieldRule]) -> list[TypeConflict]:
    """Fields of another type in another mapping, or with values that are none of the wanted type."""
    wanted = wanted_fields(rules)
    if not wanted:
        return []
    others = FieldMapping.objects.filter(target=Target.CUSTOM).exclude(connection=connection)
    others = others.filter(custom_label__in=[one.label for one in wanted]).select_related("connection")
    elsewhere = {(row.custom_home, row.custom_label): row for row in others.order_by("-pk")}
    found = []
    for one in wanted:
        other = elsewhere.get((one.home, one.label))
        if other is not None and other.custom_type != one.type:
            said = CustomFieldType(other.custom_type).label.lower()
            what = f"holds {said} in the mapping of {other.connection}; choose that type or another name"
        else:
            what = type_problem(wanted=one)
        if what:
            found.append(TypeConflict(label=one.label, what=what))
    return found


def feeders() -> dict[tuple[str, str], list[Feeder]]:
    """By home and label of the field, the mappings that feed it."""
    rows = FieldMapping.objects.filter(target=Target.CUSTOM).select_related("connection")
    found: dict[tuple[str, str], list[Feeder]] = {}
    for row in rows.order_by("connection__name", "pk"):
        source = f"{row.get_source_object_display()}: {row.source_field}" if row.source_field else "Constant"
        feeder = Feeder(connection=row.connection, source=source)
        found.setdefault((row.custom_home, row.custom_label), []).append(feeder)
    return found
