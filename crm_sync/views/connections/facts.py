"""What the pages of connections show beyond the row itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery
from django_q.models import Schedule

from crm_sync.deals import Stage
from crm_sync.enums import RunState
from crm_sync.importing.leaving import leaving_from
from crm_sync.mapping.near_misses import reason, sentence
from crm_sync.mapping.stages import misses_of
from crm_sync.models import Connection, CrmDeal, CrmSchema, SyncRun

LEAVERS_SHOWN = 10
POLL = "poll"
"""The schedule that starts polls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """A stage name as it is offered: the CRM may have it in several pipelines, or no longer at all."""

    name: str
    pipelines: str
    is_selected: bool
    is_known: bool
    is_won: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMiss:
    """A stage that might be meant, in three lines."""

    name: str
    what: str
    why: str
    pipelines: str
    leaves_deals: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Leavers:
    """Deals that left won at once: how many, and the first of them."""

    count: int
    first: Sequence[CrmDeal]
    what: str


def shown_connections() -> QuerySet[Connection]:
    """With their org and how their latest run ended."""
    latest = SyncRun.objects.filter(connection=OuterRef("pk")).order_by("-started_at")
    return (
        Connection.objects.select_related("org", "mapping_version", "crm_schema")
        .annotate(
            latest_run_id=Subquery(latest.values("pk")[:1]),
            latest_run_state=Subquery(latest.values("state")[:1]),
            latest_run_at=Subquery(latest.values("started_at")[:1]),
        )
        .order_by("name")
    )


def next_poll_at(connection: Connection, *, scheduled_at: datetime | None) -> datetime | None:
    """When the worker looks at this connection automatically; None while it does not."""
    if not connection.is_live or connection.mapping_version_id is None or scheduled_at is None:
        return None
    return max(scheduled_at, connection.not_before or scheduled_at)


def poll_scheduled_at() -> datetime | None:
    next_run: datetime | None = Schedule.objects.filter(name=POLL).values_list("next_run", flat=True).first()
    return next_run


def stage_rows(*, stages: list[Stage], selected: list[str]) -> list[StageRow]:
    """One row per name, in the CRM's order; selected names that the CRM no longer has come last."""
    by_name: dict[str, list[Stage]] = {}
    for stage in stages:
        by_name.setdefault(stage.name, []).append(stage)
    return [
        StageRow(
            name=name,
            pipelines=", ".join(dict.fromkeys(one.pipeline for one in by_name.get(name, ()) if one.pipeline)),
            is_selected=name in selected,
            is_known=name in by_name,
            is_won=any(one.is_won for one in by_name.get(name, ())),
        )
        for name in dict.fromkeys([*by_name, *selected])
    ]


def leavers_asked_about(connection: Connection) -> Leavers | None:
    """The deals that left won at once; None while nothing is asked."""
    if connection.leavers_asked_at is None:
        return None
    found = leaving_from(connection).select_related("contract__customer").order_by("pk")
    count = found.count()
    deals, verb = ("deal", "is") if count == 1 else ("deals", "are")
    what = f"{count:,} imported {deals} {verb} no longer won in {connection.get_provider_display()}."
    return Leavers(count=count, first=list(found[:LEAVERS_SHOWN]), what=what)


def shown_misses(*, connection: Connection, schema: CrmSchema | None) -> list[ShownMiss]:
    """Near misses with deals in them first."""
    provider = connection.get_provider_display()
    found = misses_of(connection=connection, schema=schema)
    return [
        ShownMiss(
            name=miss.name,
            what=sentence(miss),
            why=reason(miss, provider=provider),
            pipelines=miss.pipelines,
            leaves_deals=bool(miss.count),
        )
        for miss in sorted(found, key=lambda one: not one.count)
    ]


def is_running(connection: Connection) -> bool:
    return SyncRun.objects.filter(connection=connection, state=RunState.RUNNING).exists()
