"""The versions of a field mapping: what each changed, and the way back to one."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser

from crm_sync.mapping.differences import differences
from crm_sync.mapping.rules import MappingRules, from_snapshot
from crm_sync.mapping.store import UnableToChangeMapping, lint, save_mapping
from crm_sync.mapping.words import same_words
from crm_sync.models import Connection, MappingVersion

NOTHING = MappingRules(version=0, rules=())


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionStory:
    """A version and what it changed against the one before."""

    version: MappingVersion
    changes: Sequence[str]


def rules_in(version: MappingVersion | None) -> MappingRules:
    if version is None:
        return NOTHING
    return from_snapshot(version=version.number, snapshot=version.snapshot)


def latest_versions(*, connection: Connection, most: int) -> list[VersionStory]:
    """Newest first."""
    found = MappingVersion.objects.filter(connection=connection).select_related("author")
    versions = list(found.order_by("-number")[: most + 1])
    provider = connection.provider
    return [
        VersionStory(
            version=version,
            changes=differences(
                rules_in(versions[place + 1] if place + 1 < len(versions) else None),
                rules_in(version),
                provider=provider,
            ),
        )
        for place, version in enumerate(versions[:most])
    ]


def story_of(version: MappingVersion) -> VersionStory:
    before = (
        MappingVersion.objects.filter(connection=version.connection_id, number__lt=version.number)
        .order_by("-number")
        .first()
    )
    provider = version.connection.provider
    return VersionStory(
        version=version, changes=differences(rules_in(before), rules_in(version), provider=provider)
    )


def go_back(
    *, connection: Connection, version: MappingVersion, actor: AbstractBaseUser | None, seen: int
) -> MappingVersion | None:
    """A new version with the content of an earlier one. None when that is in force already."""
    rules = rules_in(version)
    problems = lint(connection=connection, rules=rules.rules, translations=rules.translations)
    stopping = [one.sentence for one in problems if one.blocking]
    if stopping:
        raise UnableToChangeMapping(
            f"Version {version.number} can no longer be used. {stopping[0]} "
            "Change the mapping by hand instead."
        )
    return save_mapping(
        connection=connection,
        rules=rules.rules,
        translations=as_written(rules, connection=connection),
        actor=actor,
        seen=seen,
    )


def as_written(rules: MappingRules, *, connection: Connection) -> dict[str, dict[str, str]]:
    """Versions keep folded words. Where the CRM's own spelling is still known, it is kept."""
    spelled = {same_words(row.raw_value): row.raw_value for row in connection.translations.order_by("id")}
    return {
        key: {spelled.get(words, words): value for words, value in table.items()}
        for key, table in rules.translations.items()
    }
