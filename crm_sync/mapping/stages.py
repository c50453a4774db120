"""The CRM's stages as last read, the near misses among them, and how many deals those leave behind."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models.functions import Now

from crm_sync.clients.protocol import CrmClient
from crm_sync.clients.registry import questions_for
from crm_sync.deals import Deal, NearMiss, Stage
from crm_sync.enums import SourceObject
from crm_sync.errors import ConfigError, SyncError
from crm_sync.findings.values import Finding
from crm_sync.mapping import lint
from crm_sync.mapping.field_gaps import gap_finding, missing_fields
from crm_sync.mapping.near_misses import (
    gone_finding,
    gone_stages,
    near_misses,
    warnings,
    with_counts,
)
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import confirmed_rules, field_from_json, settings_of
from crm_sync.models import Connection, CrmDeal, CrmSchema

CHECK_EVERY = timedelta(days=1)
CHECK_AGAIN = timedelta(hours=1)
MOST_UNLISTED = 100
LONGEST_NAME = 255
GAPS_HOLD_FOR = timedelta(hours=1)
SCHEMA_COLUMNS = [
    "fields",
    "stages",
    "fetched_at",
    "hidden_fields",
    "gaps_since",
    "unlisted_stages",
    "stage_counts",
    "stages_checked_at",
]
Gap = tuple[SourceObject, str]
log = logging.getLogger(__name__)


@dataclass(slots=True)
class SeenStages:
    """The stages of a run's deals that are not selected: the latest change of a deal in each."""

    connection: Connection
    latest: dict[str, datetime] = field(default_factory=dict)
    selected: set[str] = field(default_factory=set)
    """Selected stages in which a deal was seen."""

    def note(self, deals: Iterable[Deal]) -> None:
        self.selected |= {deal.stage for deal in deals}.intersection(self.connection.stage_names)
        for deal in deals:
            counts = deal.close_date is None or self.connection.imports_from(day=deal.close_date)
            if counts and deal.stage and deal.stage not in self.connection.stage_names:
                before = self.latest.get(deal.stage, deal.modified_at)
                self.latest[deal.stage] = max(before, deal.modified_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageNotes:
    """`gone` degrades the connection: stages and mapped fields that the CRM lacks. `missed` only warns."""

    gone: Sequence[Finding] = ()
    missed: Sequence[Finding] = ()


def stages_of(schema: CrmSchema | None) -> list[Stage]:
    return [Stage(**entry) for entry in schema.stages] if schema else []


def selected_stages(connection: Connection) -> list[Stage]:
    """Those of the stages as last read that are imported."""
    schema = CrmSchema.objects.filter(pk=connection.pk).only("stages").first()
    return [stage for stage in stages_of(schema) if stage.name in connection.stage_names]


def selectable_stages(schema: CrmSchema | None) -> list[Stage]:
    """The stages to choose from: those that the CRM lists, and names that only its deals hold."""
    unlisted = schema.unlisted_stages if schema else []
    return [*stages_of(schema), *(Stage(id=name, name=name, pipeline="on deals only") for name in unlisted)]


def misses_of(*, connection: Connection, schema: CrmSchema | None) -> list[NearMiss]:
    """The near misses as last counted, seen from the stages that are selected now."""
    if schema is None:
        return []
    found = near_misses(
        stages=stages_of(schema), unlisted=schema.unlisted_stages, selected=connection.stage_names
    )
    return with_counts(found, schema.stage_counts)


def notes_of(*, connection: Connection, schema: CrmSchema | None, hidden: Collection[Gap] = ()) -> StageNotes:
    """`hidden`: fields that a run found missing, whatever the schema says of them."""
    if schema is None:
        return StageNotes()
    selected = connection.stage_names
    gone = gone_stages(stages=stages_of(schema), selected=selected)
    provider = connection.get_provider_display()
    rules = confirmed_rules(connection=connection).rules
    missing = {*gaps_of(schema, rules=rules), *hidden}
    gaps = [rule for rule in rules if (rule.source_object, rule.source_field) in missing]
    return StageNotes(
        gone=[
            *([gone_finding(provider=provider, gone=gone, selected=selected)] if gone else []),
            *(gap_finding(rule, provider=provider) for rule in gaps),
            *new_type_problems(connection=connection, schema=schema),
        ],
        missed=warnings(misses_of(connection=connection, schema=schema)),
    )


def new_type_problems(*, connection: Connection, schema: CrmSchema) -> list[Finding]:
    """Mapped fields whose type in the CRM has changed since the mapping was saved, and does not fit now."""
    version = connection.mapping_version
    known = set(version.known_problems) if version else set()
    problems = lint.lint(
        rules=confirmed_rules(connection=connection),
        fields=[field_from_json(entry) for entry in schema.fields],
        settings=settings_of(connection),
    )
    told = [*lint.type_problems(problems), *lint.unit_problems(problems)]
    return [lint.unfit_finding(one) for one in told if one.fact not in known]


def after_run(
    *, connection: Connection, client: CrmClient, seen: SeenStages, since: datetime | None
) -> StageNotes:
    """What a run has to say on stages. It asks the CRM once a day, and when a deal has newly come near.

    `since` is the cursor that the run began with: deals changed after it are new to us.
    """
    schema = CrmSchema.objects.filter(pk=connection.pk).first()
    hidden = frozenset(client.hidden_fields)
    if schema is not None and hidden and schema.gaps_since is None:
        schema.gaps_since = connection.last_success_at or connection.created_at
        schema.save(update_fields=["gaps_since"])
    if schema is not None and (
        (stale := is_old(schema) or has_other_gaps(schema, hidden=hidden))
        or has_news(schema, seen=seen, since=since)
        or has_returned(schema, client=client, seen=seen)
    ):
        try:
            if stale:
                keep_schema(read_schema(connection=connection, client=client), hidden=hidden)
            else:
                check(connection=connection, client=client, schema=schema, values=seen.latest)
        except SyncError as error:
            if isinstance(error, ConfigError) and error.breaks:
                raise
            log.warning("The stages of %s could not be checked: %s", connection, error)
            CrmSchema.objects.filter(pk=schema.pk).update(stages_checked_at=Now() - CHECK_EVERY + CHECK_AGAIN)
        schema.refresh_from_db()
    return notes_of(connection=connection, schema=schema, hidden=hidden)


def gaps_of(schema: CrmSchema, *, rules: Sequence[FieldRule]) -> set[Gap]:
    """Mapped fields that the schema lacks, and what runs found hidden beyond that."""
    fields = [field_from_json(entry) for entry in schema.fields]
    found = {(SourceObject(source_object), name) for source_object, name in schema.hidden_fields}
    return found | {
        (rule.source_object, rule.source_field) for rule in missing_fields(rules=rules, fields=fields)
    }


def known_gaps(*, connection: Connection) -> set[Gap]:
    """Mapped fields that were missing a short while ago, so that no run stumbles over them again.

    After an hour, and with another mapping, a run finds out automatically.
    """
    version = connection.mapping_version
    fresh = CrmSchema.objects.filter(
        pk=connection.pk, gaps_since__isnull=False, fetched_at__gt=Now() - GAPS_HOLD_FOR
    )
    schema = fresh.filter(fetched_at__gt=version.created_at).first() if version else None
    return gaps_of(schema, rules=confirmed_rules(connection=connection).rules) if schema else set()


def has_other_gaps(schema: CrmSchema, *, hidden: Collection[Gap]) -> bool:
    """Whether a run found other gaps than are stored, or such as the next run would have to find again."""
    if hidden != gaps_of(schema, rules=confirmed_rules(connection=schema.connection).rules):
        return True
    return bool(hidden) and not known_gaps(connection=schema.connection)


def is_old(schema: CrmSchema) -> bool:
    fresh = CrmSchema.objects.filter(pk=schema.pk, stages_checked_at__gt=Now() - CHECK_EVERY)
    return not fresh.exists()


def has_news(schema: CrmSchema, *, seen: SeenStages, since: datetime | None) -> bool:
    """An unknown stage, or a deal that has newly come to a near miss."""
    known = {stage.name for stage in stages_of(schema)} | set(schema.unlisted_stages)
    if any(name[:LONGEST_NAME] not in known for name in seen.latest):
        return True
    was_counted = CrmSchema.objects.filter(pk=schema.pk, stages_checked_at__gt=Now() - CHECK_AGAIN).exists()
    return any(
        miss.name in seen.latest
        and (not miss.count or (not was_counted and (since is None or seen.latest[miss.name] > since)))
        for miss in misses_of(connection=seen.connection, schema=schema)
    )


def has_returned(schema: CrmSchema, *, client: CrmClient, seen: SeenStages) -> bool:
    """Whether this run has seen a selected stage that was missing: what is said of it is untrue now."""
    gone = gone_stages(stages=stages_of(schema), selected=seen.connection.stage_names)
    return bool(seen.selected.union(stage.name for stage in client.listed_stages).intersection(gone))


def check(
    *, connection: Connection, client: CrmClient, schema: CrmSchema, values: Mapping[str, datetime]
) -> None:
    """Reads the stages again and counts the deals in near misses. `values` are what deals hold as stage."""
    schema.stages = [asdict(stage) for stage in client.stages()]
    listed = {entry["name"] for entry in schema.stages}
    seen = [name[:LONGEST_NAME] for name in values]
    schema.unlisted_stages = unlisted(listed, connection.stage_names, seen, schema.unlisted_stages)
    count(connection=connection, client=client, schema=schema)
    schema.stages_checked_at = Now()
    schema.save(update_fields=["stages", "unlisted_stages", "stage_counts", "stages_checked_at"])


def read_schema(*, connection: Connection, client: CrmClient) -> CrmSchema:
    """Fields, stages and counts as the CRM has them now; not stored yet."""
    before = CrmSchema.objects.filter(pk=connection.pk).first()
    samples = {(one["source_object"], one["name"]): one.get("samples", []) for one in known_fields(before)}
    schema = CrmSchema(
        connection=connection,
        fields=[
            asdict(one) | {"samples": samples.get((one.source_object, one.name), [])}
            for one in client.schema()
        ],
        stages=[asdict(one) for one in client.stages()],
        unlisted_stages=before.unlisted_stages if before else [],
    )
    try:
        count(connection=connection, client=client, schema=schema)
    except SyncError as error:
        if isinstance(error, ConfigError) and error.breaks:
            raise
        log.warning("The near misses of %s could not be counted: %s", connection, error)
    return schema


def known_fields(schema: CrmSchema | None) -> list[dict[str, Any]]:
    return schema.fields if schema else []


def keep_schema(schema: CrmSchema, *, hidden: Collection[Gap] = ()) -> None:
    """Stores it. Deals that could not be read for a field that is there again are read again."""
    before = CrmSchema.objects.filter(pk=schema.pk).first()
    schema.hidden_fields = sorted(hidden)
    schema.gaps_since = None
    if schema.connection.mapping_version is not None and before is not None:
        rules = confirmed_rules(connection=schema.connection).rules
        gaps = gaps_of(schema, rules=rules)
        if gaps:
            schema.gaps_since = before.gaps_since or Now()
        if before.gaps_since and gaps_of(before, rules=rules) - gaps:
            CrmDeal.objects.filter(connection=schema.connection).ask_again_since(before.gaps_since)
    schema.fetched_at = schema.stages_checked_at = Now()
    CrmSchema.objects.bulk_create(
        [schema], update_conflicts=True, unique_fields=["connection"], update_fields=SCHEMA_COLUMNS
    )


def count(*, connection: Connection, client: CrmClient, schema: CrmSchema) -> None:
    """Fills in how many deals stand in each near miss. An answer may bring up names that nobody knew."""
    misses = misses_of(connection=connection, schema=schema)
    counts = questions_for(client, provider=connection.provider).deals_per_stage(
        misses=misses, selected=connection.stage_names, since=connection.import_from
    )
    listed = {entry["name"] for entry in schema.stages}
    schema.unlisted_stages = unlisted(listed, connection.stage_names, list(counts), schema.unlisted_stages)
    schema.stage_counts = {
        miss.name: counts.get(miss.name, 0) for miss in misses_of(connection=connection, schema=schema)
    }


def unlisted(
    listed: Iterable[str], selected: Iterable[str], newest: Sequence[str], before: Sequence[str]
) -> list[str]:
    """Values of deals that are no stage, the latest first, and not without end."""
    known = {*listed, *selected}
    return [name for name in dict.fromkeys([*newest, *before]) if name not in known][:MOST_UNLISTED]
