"""Mapped fields that the CRM does not have, or not for us. Pure."""

from collections.abc import Sequence

from crm_sync.deals import Check, CrmField
from crm_sync.findings.catalogue import GAP_CURE
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import Finding, finding
from crm_sync.mapping.rules import FieldRule


def missing_fields(*, rules: Sequence[FieldRule], fields: Sequence[CrmField]) -> list[FieldRule]:
    """Rules whose field the schema lacks. Nothing is said of objects that the schema does not know at all.

    A path through several objects cannot be looked up there; the CRM says itself when it is wrong.
    """
    known = {(one.source_object, one.name.lower()) for one in fields}
    objects = {one.source_object for one in fields}
    return [
        rule
        for rule in rules
        if rule.source_field
        and "." not in rule.source_field
        and rule.source_object in objects
        and (rule.source_object, rule.source_field.lower()) not in known
    ]


def gap_finding(rule: FieldRule, *, provider: str) -> Finding:
    return finding(
        FindingCode.FIELD_HIDDEN, key=rule.key, label=rule.label, field=rule.source_field, crm=provider
    )


def field_checks(*, rules: Sequence[FieldRule], fields: Sequence[CrmField], provider: str) -> list[Check]:
    """One line for all fields that are there, one for each that is not."""
    gaps = missing_fields(rules=rules, fields=fields)
    mapped = sum(1 for rule in rules if rule.source_field)
    if mapped and not gaps:
        return [Check(label="Mapped fields", ok=True, sentence=f"All {mapped} mapped fields are there.")]
    return [
        Check(
            label=f"{rule.label}: {rule.source_object.label} field {rule.source_field}",
            ok=False,
            sentence=f"It is not in {provider}, or not to be seen by us. {GAP_CURE.format(crm=provider)}",
            blocking=False,
        )
        for rule in gaps
    ]
