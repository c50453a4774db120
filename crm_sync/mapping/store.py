"""Field mappings as they are stored: current rows, versions, lint."""

from collections.abc import Mapping, Sequence

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from billing.models import LegalEntity
from contracts import audit
from contracts.clock import business_day
from contracts.custom_fields import ensure_custom_fields
from contracts.enums import BillingTiming
from crm_sync.clients.registry import facts_of
from crm_sync.deals import CrmField
from crm_sync.deciding_billing import decides_billing
from crm_sync.enums import (
    AmountMeans,
    SourceObject,
    Target,
    TermUnit,
)
from crm_sync.findings.codes import LintCode
from crm_sync.mapping import lint as mapping_lint
from crm_sync.mapping.custom_fields import type_conflicts, wanted_fields
from crm_sync.mapping.lint import MappingProblem
from crm_sync.mapping.readers import Unreadable
from crm_sync.mapping.rows import row_of, rule_of, translation_row
from crm_sync.mapping.rules import (
    FieldRule,
    MappingRules,
    MappingSettings,
    folded_table,
    from_snapshot,
    parse_key,
    rule_key,
    to_snapshot,
)
from crm_sync.mapping.suggestions import propose
from crm_sync.mapping.transforms import beside, entered_reader, has_table, stored_form
from crm_sync.mapping.words import same_words
from crm_sync.models import (
    Connection,
    ConnectionLease,
    CrmDeal,
    CrmSchema,
    FieldMapping,
    MappingVersion,
    Translation,
)

LONGEST_ENTRY = 200


class UnableToChangeMapping(Exception):
    """The change was not made. The text is a sentence with what to do."""


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
        tables.setdefault(key, {})[row.raw_value] = row.value
    return folded(tables)


def confirmed_rules(*, connection: Connection) -> MappingRules:
    """The version that runs use."""
    version = connection.mapping_version
    if version is None:
        raise MappingVersion.DoesNotExist(f"The field mapping of {connection} has not been confirmed.")
    return from_snapshot(version=version.number, snapshot=version.snapshot)


def rules_to_compare(*, connection: Connection) -> MappingRules | None:
    """What somebody who decides what is billed agreed to last, while another version is in force."""
    version = connection.mapping_version
    if version is None or version.is_agreed:
        return None
    versions = connection.mapping_versions.filter(is_agreed=True, number__lt=version.number)
    agreed = versions.order_by("-number").first()
    if agreed is None:
        return MappingRules(version=0, rules=())
    return from_snapshot(version=agreed.number, snapshot=agreed.snapshot)


def settings_of(connection: Connection) -> MappingSettings:
    provider = facts_of(connection.provider)
    return MappingSettings(
        provider_name=provider.name,
        time_zone=connection.time_zone,
        currency_field=provider.currency_field,
        default_currency=connection.default_currency,
        amount_means=AmountMeans(connection.amount_means),
        term_unit=TermUnit(connection.term_unit),
        billing_timing=BillingTiming(connection.billing_timing),
        lead_days=connection.lead_days,
    )


def ensure_proposal(*, connection: Connection, fields: Sequence[CrmField]) -> None:
    """Fills an empty mapping with the likely fields. A person confirms it later."""
    if not connection.field_mappings.exists():
        rules = propose(provider=connection.provider, fields=fields)
        FieldMapping.objects.bulk_create([row_of(rule, connection=connection) for rule in rules])


def save_mapping(
    *,
    connection: Connection,
    rules: Sequence[FieldRule],
    translations: Mapping[str, Mapping[str, str]],
    actor: AbstractBaseUser | None,
    seen: int | None = None,
) -> MappingVersion | None:
    """Replaces the mapping and confirms it. None when it was confirmed like this already.

    `translations`: by field key, from the CRM's value to what it means. `seen`: the number of the version
    that the person changed, 0 for none; raises UnableToChangeMapping when another one is in force by now.
    """
    with transaction.atomic():
        if seen is not None:
            refuse_another(lock(connection), seen=seen)
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


def refuse_another(connection: Connection, *, seen: int) -> None:
    version = connection.mapping_version
    number = version.number if version else 0
    if number == seen:
        return
    raise UnableToChangeMapping(
        f"Somebody else saved version {number} while you edited version {seen}. "
        "Nothing was saved: open Field Mapping again and make your change there."
    )


def add_translation(
    *, connection: Connection, key: str, raw: str, value: str, actor: AbstractBaseUser | None
) -> MappingVersion | None:
    """One more translation, as a version of its own. None when it was translated like this already."""
    with transaction.atomic():
        locked = locked_and_confirmed(connection)
        rule = mapped_rule(connection=locked, key=key)
        if not has_table(rule):
            raise UnableToChangeMapping(f"{rule.label} has no translations. Correct the value in the CRM.")
        if not same_words(raw):
            raise UnableToChangeMapping("An empty value has no translation. Set a default value instead.")
        entered = readable(rule, value=value, connection=locked, words=raw)
        known = stored_tables(connection=locked).get(key, {}).get(same_words(raw))
        if known is None:
            translation_row(connection=locked, key=key, raw=raw, value=entered).save(force_insert=True)
        elif known != entered:
            raise UnableToChangeMapping(
                f"\u201c{raw.strip()}\u201d has since been translated as \u201c{known}\u201d. "
                "Change that in Field Mapping if it is not what you mean."
            )
        version = ensure_version(connection=locked, actor=actor)
    connection.mapping_version = locked.mapping_version
    return version


def set_default(
    *, connection: Connection, key: str, value: str, actor: AbstractBaseUser | None
) -> MappingVersion | None:
    """A default where there is none, as a version of its own. None when it was the default already."""
    with transaction.atomic():
        locked = locked_and_confirmed(connection)
        rule = mapped_rule(connection=locked, key=key)
        entered = readable(rule, value=value, connection=locked)
        if not entered:
            raise UnableToChangeMapping(f"Enter the default value of {rule.label}.")
        current = as_stored(rule, text=rule.default_value, settings=settings_of(locked))
        if current and current != entered:
            raise UnableToChangeMapping(
                f"{rule.label} has since been given a default: \u201c{rule.default_value}\u201d. "
                "Change that in Field Mapping if it is not what you mean."
            )
        if not current:
            FieldMapping.objects.update_or_create(
                connection=locked,
                target=rule.target,
                custom_label=rule.custom_label,
                defaults={"default_value": entered},
            )
        version = ensure_version(connection=locked, actor=actor)
    connection.mapping_version = locked.mapping_version
    return version


def locked_and_confirmed(connection: Connection) -> Connection:
    locked = lock(connection)
    if locked.mapping_version_id is None:
        raise UnableToChangeMapping(
            f"The field mapping of {connection} has not been confirmed. Open Field Mapping and confirm it."
        )
    return locked


def mapped_rule(*, connection: Connection, key: str) -> FieldRule:
    """The rule of that key; a field of ours that nothing feeds has one that is empty."""
    try:
        target, custom_label = parse_key(key)
    except ValueError:
        raise UnableToChangeMapping("Fincelo has no such field. Open Field Mapping and choose one.") from None
    found = (rule for rule in current_rules(connection=connection).rules if rule.key == key)
    rule = next(found, None if target is Target.CUSTOM else FieldRule(target=target))
    if rule is None:
        raise UnableToChangeMapping(f"{custom_label} is not in the field mapping any more. Add it there.")
    return rule


def readable(rule: FieldRule, *, value: str, connection: Connection, words: str = "") -> str:
    """What was entered, in the form in which it is stored. `words`: what of the CRM's it stands for."""
    settings = settings_of(connection)
    try:
        entered = stored_form(rule, text=value, settings=settings)
        if entered:
            beside(words, reader=entered_reader(rule, settings=settings))(entered)
    except Unreadable as problem:
        raise UnableToChangeMapping(f"{rule.label} \u201c{value.strip()}\u201d {problem.sentence}.") from None
    if len(entered) > LONGEST_ENTRY:
        raise UnableToChangeMapping(f"A value may have {LONGEST_ENTRY} characters at most. Shorten it.")
    return entered


def as_stored(rule: FieldRule, *, text: str, settings: MappingSettings) -> str:
    """An entry as a new one would be written; one that cannot be read stays as it is."""
    try:
        return stored_form(rule, text=text, settings=settings)
    except Unreadable:
        return text


def ensure_version(*, connection: Connection, actor: AbstractBaseUser | None) -> MappingVersion | None:
    """Makes the rows as they stand the confirmed version. None when they are it already."""
    with transaction.atomic():
        locked = lock(connection)
        rules = current_rules(connection=locked)
        snapshot = to_snapshot(rules)
        confirmed = locked.mapping_version
        if confirmed is not None and confirmed.snapshot == snapshot:
            agree(confirmed, actor=actor)
            return None
        latest = locked.mapping_versions.order_by("-number").first()
        version = MappingVersion.objects.create(
            connection=locked,
            number=latest.number + 1 if latest else 1,
            author_id=actor.pk if actor else None,
            snapshot=snapshot,
            is_agreed=decides_billing(actor),
            known_problems=[one.fact for one in lint(connection=locked, rules=rules.rules)],
        )
        locked.mapping_version = version
        columns = ["mapping_version", "live_since"]
        if confirmed is None:
            locked.live_since = Now()
            columns += locked.ask_for_start(since=business_day())
        locked.save(update_fields=columns)
        ensure_custom_fields(wanted=wanted_fields(current_rules(connection=locked).rules), actor=actor)
        CrmDeal.objects.filter(connection=locked).ask_again()
        audit.record(
            actor=actor,
            action="field mapping confirmed",
            subject=locked,
            before=confirmed.snapshot if confirmed else {},
            after=snapshot,
        )
    connection.mapping_version, connection.automatic_from = version, locked.automatic_from
    return version


def agree(version: MappingVersion, *, actor: AbstractBaseUser | None) -> None:
    """Whoever decides what is billed saves a mapping of somebody who does not: it counts as theirs."""
    if version.is_agreed or not decides_billing(actor):
        return
    MappingVersion.objects.filter(pk=version.pk).update(is_agreed=True)
    audit.record(
        actor=actor,
        action="field mapping agreed to",
        subject=version.connection,
        after={"version": version.number},
    )


def write_as_stored(*, connection: Connection) -> None:
    """Rows that were typed elsewhere, in the form in which the page keeps them. Unreadable ones stay."""
    settings, rules = settings_of(connection), {}
    for row in connection.field_mappings.order_by("id"):
        rule = rules[rule_of(row).key] = rule_of(row)
        meant = as_stored(rule, text=rule.default_value, settings=settings)
        if meant != row.default_value:
            FieldMapping.objects.filter(pk=row.pk).update(default_value=meant)
    for translation in connection.translations.order_by("id"):
        target, label = Target(translation.target), translation.custom_label
        bare = FieldRule(target=target, custom_label=label)
        meant = as_stored(rules.get(bare.key, bare), text=translation.value, settings=settings)
        if meant != translation.value:
            Translation.objects.filter(pk=translation.pk).update(value=meant)


def lock(connection: Connection) -> Connection:
    """The connection, locked after its lease: in the order in which a run locks them."""
    ConnectionLease.objects.select_for_update().filter(pk=connection.pk).first()
    return Connection.objects.select_for_update().get(pk=connection.pk)


def source_choices(*, connection: Connection) -> list[CrmField]:
    """The CRM's fields as last read."""
    schema = CrmSchema.objects.filter(connection=connection).first()
    return [field_from_json(entry) for entry in schema.fields] if schema else []


def field_from_json(entry: Mapping[str, object]) -> CrmField:
    options, samples = entry.get("options"), entry.get("samples")
    return CrmField(
        source_object=SourceObject(str(entry["source_object"])),
        name=str(entry["name"]),
        label=str(entry["label"]),
        type=str(entry["type"]),
        options=tuple((str(value), str(label)) for value, label in options)
        if isinstance(options, list)
        else (),
        samples=tuple(str(sample) for sample in samples) if isinstance(samples, list) else (),
    )


def lint(
    *,
    connection: Connection,
    rules: Sequence[FieldRule],
    translations: Mapping[str, Mapping[str, str]] | None = None,
) -> list[MappingProblem]:
    """What is wrong with a mapping before any deal is read with it. The stored translations, or others."""
    tables = stored_tables(connection=connection) if translations is None else folded(translations)
    found = mapping_lint.lint(
        rules=MappingRules(version=0, rules=tuple(rules), translations=tables),
        fields=source_choices(connection=connection),
        settings=settings_of(connection),
    )
    conflicts = type_conflicts(connection=connection, rules=rules)
    return [
        *found,
        *(
            MappingProblem(
                label=one.label,
                blocking=True,
                code=LintCode.OTHER_TYPE,
                facts={"conflict": one.what},
                key=one.key,
            )
            for one in conflicts
        ),
    ]


def address_notes(rules: Sequence[FieldRule]) -> list[MappingProblem]:
    """That invoices will wait for addresses, where they have to name them and the mapping brings none."""
    is_needed = LegalEntity.objects.filter(requires_buyer_address=True).exists()
    return list(mapping_lint.unaddressed(rules)) if is_needed else []


def folded(translations: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    return {key: folded_table(table) for key, table in translations.items()}
