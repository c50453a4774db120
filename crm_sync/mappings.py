"""Field mappings as they are stored: current rows, versions, lint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from contracts import audit
from contracts.enums import BillingTiming, CustomFieldHome, CustomFieldType
from crm_sync.deals import CrmField
from crm_sync.enums import (
    AmountMeans,
    NumberFormat,
    Provider,
    SourceObject,
    Target,
    TermUnit,
    Transform,
)
from crm_sync.known_deals import ask_again
from crm_sync.mapping_rules import (
    NEEDED,
    FieldRule,
    MappingRules,
    MappingSettings,
    from_snapshot,
    parse_key,
    rule_key,
    to_snapshot,
)
from crm_sync.models import (
    Connection,
    ConnectionLease,
    CrmDeal,
    CrmSchema,
    FieldMapping,
    MappingVersion,
    Translation,
)
from crm_sync.proposals import CURRENCY_FIELDS, propose
from crm_sync.synonyms import same_words

TEXT_TYPES = frozenset({"string", "textarea", "text", "phone", "url", "email"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingProblem:
    """Something about one row of a field mapping. A blocking one keeps the mapping from being confirmed."""

    target_label: str
    sentence: str
    blocking: bool


def current_rules(*, connection: Connection) -> MappingRules:
    """The mapping as its rows stand, confirmed or not."""
    rows = connection.field_mappings.order_by("id")
    return MappingRules(
        version=connection.mapping_version.number if connection.mapping_version else 0,
        rules=tuple(rule_of(row) for row in rows),
        translations=stored_tables(connection=connection),
    )


def stored_tables(*, connection: Connection) -> dict[str, dict[str, str]]:
    """By field key: from folded words to what they mean."""
    tables: dict[str, dict[str, str]] = {}
    for row in connection.translations.order_by("id"):
        key = rule_key(target=Target(row.target), custom_label=row.custom_label)
        tables.setdefault(key, {})[same_words(row.raw_value)] = row.value
    return tables


def confirmed_rules(*, connection: Connection) -> MappingRules:
    """The version that runs use."""
    version = connection.mapping_version
    if version is None:
        raise MappingVersion.DoesNotExist(f"The field mapping of {connection} has not been confirmed.")
    return from_snapshot(version=version.number, snapshot=version.snapshot)


def settings_of(connection: Connection) -> MappingSettings:
    provider = Provider(connection.provider)
    return MappingSettings(
        provider_name=str(provider.label),
        time_zone=connection.time_zone,
        currency_field=CURRENCY_FIELDS[provider],
        default_currency=connection.default_currency,
        amount_means=AmountMeans(connection.amount_means),
        term_unit=TermUnit(connection.term_unit),
        billing_timing=BillingTiming(connection.billing_timing),
        lead_days=connection.lead_days,
    )


def ensure_proposal(*, connection: Connection, fields: Sequence[CrmField]) -> None:
    """Fills an empty mapping with the likely fields. A person confirms it later."""
    if not connection.field_mappings.exists():
        rules = propose(provider=Provider(connection.provider), fields=fields)
        FieldMapping.objects.bulk_create([row_of(rule, connection=connection) for rule in rules])


def save_mapping(
    *,
    connection: Connection,
    rules: Sequence[FieldRule],
    translations: Mapping[str, Mapping[str, str]],
    actor: AbstractBaseUser | None,
) -> MappingVersion | None:
    """Replaces the mapping and confirms it. None when it was confirmed like this already.

    `translations`: by field key, from the CRM's value to what it means.
    """
    with transaction.atomic():
        put_rows(connection=connection, rules=rules, translations=translations)
        return ensure_version(connection=connection, actor=actor)


def put_rows(
    *,
    connection: Connection,
    rules: Sequence[FieldRule],
    translations: Mapping[str, Mapping[str, str]],
) -> None:
    """Replaces the rows of the mapping. Runs keep to the version that is confirmed."""
    with transaction.atomic():
        lock(connection)
        connection.field_mappings.all().delete()
        connection.translations.all().delete()
        FieldMapping.objects.bulk_create([row_of(rule, connection=connection) for rule in rules])
        Translation.objects.bulk_create(
            [
                translation_row(connection=connection, key=key, raw=raw, value=value)
                for key, table in translations.items()
                for raw, value in table.items()
            ]
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


def ensure_version(*, connection: Connection, actor: AbstractBaseUser | None) -> MappingVersion | None:
    """Makes the rows as they stand the confirmed version. None when they are it already."""
    with transaction.atomic():
        locked = lock(connection)
        snapshot = to_snapshot(current_rules(connection=locked))
        confirmed = locked.mapping_version
        if confirmed is not None and confirmed.snapshot == snapshot:
            return None
        latest = locked.mapping_versions.order_by("-number").first()
        version = MappingVersion.objects.create(
            connection=locked,
            number=latest.number + 1 if latest else 1,
            author_id=actor.pk if actor else None,
            snapshot=snapshot,
        )
        locked.mapping_version = version
        if confirmed is None:
            locked.live_since = Now()
        locked.save(update_fields=["mapping_version", "live_since"])
        ask_again(held=CrmDeal.objects.filter(connection=locked))
        audit.record(
            actor=actor,
            action="field mapping confirmed",
            subject=locked,
            before=confirmed.snapshot if confirmed else {},
            after=snapshot,
        )
    connection.mapping_version = version
    return version


def lock(connection: Connection) -> Connection:
    """The connection, locked after its lease: in the order in which a run locks them."""
    ConnectionLease.objects.select_for_update().filter(pk=connection.pk).first()
    return Connection.objects.select_for_update().get(pk=connection.pk)


def source_choices(*, connection: Connection) -> list[CrmField]:
    """The CRM's fields as last read."""
    schema = CrmSchema.objects.filter(connection=connection).first()
    return [field_from_json(entry) for entry in schema.fields] if schema else []


def field_from_json(entry: Mapping[str, object]) -> CrmField:
    options = entry.get("options")
    return CrmField(
        source_object=SourceObject(str(entry["source_object"])),
        name=str(entry["name"]),
        label=str(entry["label"]),
        type=str(entry["type"]),
        options=tuple((str(value), str(label)) for value, label in options)
        if isinstance(options, list)
        else (),
    )


def lint(*, connection: Connection, rules: Sequence[FieldRule]) -> list[MappingProblem]:
    """What is wrong with a mapping before any deal is read with it."""
    known = {(one.source_object, one.name): one for one in source_choices(connection=connection)}
    problems = []
    for target in NEEDED:
        rule = next((one for one in rules if one.target is target), None)
        if rule is None or not (rule.source_field or rule.default_value):
            problems.append(problem(str(target.label), "needs a CRM field or a default value", blocking=True))
    seen: set[tuple[Target, str]] = set()
    for rule in rules:
        if (rule.target, rule.custom_label) in seen:
            problems.append(problem(rule.label, "is filled from two CRM fields; keep one", blocking=True))
        seen.add((rule.target, rule.custom_label))
        field = known.get((rule.source_object, rule.source_field))
        if rule.source_field and known and field is None and "." not in rule.source_field:
            problems.append(
                problem(rule.label, f"uses {rule.source_field}, which the CRM does not offer", blocking=False)
            )
        if field is not None and rule.target is Target.CONTRACT_VALUE and field.type in TEXT_TYPES:
            problems.append(
                problem(
                    rule.label,
                    f"is fed by {field.label}, a text field; choose a number field",
                    blocking=False,
                )
            )
    return problems


def problem(label: str, what: str, *, blocking: bool) -> MappingProblem:
    return MappingProblem(target_label=label, sentence=f"{label} {what}.", blocking=blocking)


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
