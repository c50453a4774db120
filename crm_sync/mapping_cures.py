"""One decision on a field mapping that cures every deal of its kind."""

from dataclasses import replace

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from crm_sync.mapping_rules import FieldRule, parse_key
from crm_sync.mappings import current_rules, ensure_version, lock, row_of, settings_of, translation_row
from crm_sync.models import Connection, MappingVersion, Translation
from crm_sync.readers import Unreadable, is_missing
from crm_sync.synonyms import same_words
from crm_sync.transforms import entered_reader

LONGEST = 200


class UnableToChangeMapping(Exception):
    """The value does not fit the field, or there is no such field."""


def add_translation(
    *, connection: Connection, key: str, raw: str, value: str, actor: AbstractBaseUser
) -> MappingVersion | None:
    """From now on `raw` of the CRM means `value`. None when it meant that already."""
    if is_missing(raw):
        raise UnableToChangeMapping("An empty value has no translation. Set a default value instead.")
    with transaction.atomic():
        locked = lock(connection)
        meant = checked(value, rule=mapped_rule(locked, key=key), connection=locked)
        target, custom_label = parse_key(key)
        rows = locked.translations.filter(target=target, custom_label=custom_label)
        same = [row.pk for row in rows if same_words(row.raw_value) == same_words(raw)]
        if same:
            Translation.objects.filter(pk__in=same).update(value=meant)
        else:
            translation_row(connection=locked, key=key, raw=raw, value=meant).save()
        version = ensure_version(connection=locked, actor=actor)
    connection.mapping_version = locked.mapping_version
    return version


def set_default(
    *, connection: Connection, key: str, value: str, actor: AbstractBaseUser
) -> MappingVersion | None:
    """From now on deals without a value have this one. None when it was the default already."""
    with transaction.atomic():
        locked = lock(connection)
        rule = mapped_rule(locked, key=key)
        meant = checked(value, rule=rule, connection=locked)
        target, custom_label = parse_key(key)
        rows = locked.field_mappings.filter(target=target, custom_label=custom_label)
        if not rows.update(default_value=meant):
            row_of(replace(rule, default_value=meant), connection=locked).save()
        version = ensure_version(connection=locked, actor=actor)
    connection.mapping_version = locked.mapping_version
    return version


def mapped_rule(connection: Connection, *, key: str) -> FieldRule:
    """The rule of a key; a field of ours that is not mapped yet has an empty one."""
    if connection.mapping_version_id is None:
        raise UnableToChangeMapping(f"Confirm the field mapping of {connection} first.")
    try:
        target, custom_label = parse_key(key)
    except ValueError:
        raise UnableToChangeMapping("This is no field of Fincelo.") from None
    known = current_rules(connection=connection).rules
    found = next((rule for rule in known if rule.key == key), None)
    if found is None and custom_label:
        raise UnableToChangeMapping(f"{custom_label} is not in the field mapping any more.")
    return found or FieldRule(target=target)


def checked(value: str, *, rule: FieldRule, connection: Connection, longest: int = LONGEST) -> str:
    """The value as it is kept, if it is one of that field."""
    entered = value.strip()
    if is_missing(entered):
        raise UnableToChangeMapping(f"Enter a value for {rule.label}.")
    if len(entered) > longest:
        raise UnableToChangeMapping(f"{rule.label} is longer than {longest:,} characters. Shorten it.")
    try:
        entered_reader(rule, settings=settings_of(connection))(entered)
    except Unreadable as problem:
        raise UnableToChangeMapping(f"{rule.label} \u201c{entered}\u201d {problem.sentence}.") from None
    return entered
