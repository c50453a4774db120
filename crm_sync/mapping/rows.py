"""The rows of a field mapping, and the rules that they say."""

from contracts.enums import CustomFieldHome, CustomFieldType
from crm_sync.enums import NumberFormat, SourceObject, Target, TermUnit, Transform
from crm_sync.mapping.rules import FieldRule, parse_key
from crm_sync.models import Connection, FieldMapping, Translation


def rule_of(row: FieldMapping) -> FieldRule:
    return FieldRule(
        target=Target(row.target),
        custom_label=row.custom_label,
        custom_home=CustomFieldHome(row.custom_home),
        custom_type=CustomFieldType(row.custom_type),
        source_object=SourceObject(row.source_object),
        source_field=row.source_field,
        transform=Transform(row.transform) if row.transform else None,
        number_format=NumberFormat(row.number_format),
        term_unit=TermUnit(row.term_unit) if row.term_unit else None,
        is_required=row.is_required,
        default_value=row.default_value,
    )


def row_of(rule: FieldRule, *, connection: Connection) -> FieldMapping:
    return FieldMapping(
        connection=connection,
        target=rule.target,
        custom_label=rule.custom_label,
        custom_home=rule.custom_home,
        custom_type=rule.custom_type,
        source_object=rule.source_object,
        source_field=rule.source_field,
        transform=rule.transform or "",
        number_format=rule.number_format,
        term_unit=rule.term_unit or "",
        is_required=rule.is_required,
        default_value=rule.default_value,
    )


def translation_row(*, connection: Connection, key: str, raw: str, value: str) -> Translation:
    target, custom_label = parse_key(key)
    return Translation(
        connection=connection,
        target=target,
        custom_label=custom_label,
        raw_value=raw.strip(),
        value=str(value),
    )
