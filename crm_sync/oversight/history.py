"""What Sync History shows: runs, and the deals of one run with the problems first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from django.db.models import (
    Case,
    Count,
    Exists,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Value,
    When,
)

from crm_sync.enums import Outcome, RunState
from crm_sync.models import Connection, CrmDeal, Hold, SyncRecord, SyncRun
from crm_sync.runs import is_held

PROBLEMS_FIRST = (
    Outcome.FAILED,
    Outcome.REFUSED,
    Outcome.HELD,
    Outcome.SUSPENDED,
    Outcome.CREATED,
    Outcome.UPDATED,
    Outcome.PREVIEWED,
    Outcome.UNCHANGED,
)
REQUEST_IS_SHOWN_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Deals of a run that came to the same end for the same reason."""

    outcome: str
    code: str
    number: int


def runs_matching(*, filters: Mapping[str, Any], zone: tzinfo) -> QuerySet[SyncRun]:
    """Newest first. Days are those of the workspace."""
    found = SyncRun.objects.select_related("connection", "actor").order_by("-started_at", "-id")
    for name in ("connection", "state", "trigger"):
        if name in filters:
            found = found.filter(**{name: filters[name]})
    if "since" in filters:
        found = found.filter(started_at__gte=midnight(filters["since"], zone=zone))
    if "until" in filters:
        found = found.filter(started_at__lt=midnight(filters["until"] + timedelta(days=1), zone=zone))
    if filters.get("result") == "changed":
        found = found.filter(Q(created__gt=0) | Q(updated__gt=0) | Q(suspended__gt=0))
    if filters.get("result") == "troubled":
        found = found.filter(Q(held__gt=0) | Q(refused__gt=0) | Q(failed__gt=0))
    return found


def midnight(day: date, *, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone)


def records_of(*, run: SyncRun, filters: Mapping[str, Any]) -> QuerySet[SyncRecord]:
    """The deals of a run, problems first, each with its contract and its open hold."""
    deals = CrmDeal.objects.select_related("contract").prefetch_related(
        Prefetch("holds", queryset=Hold.objects.open(), to_attr="open_holds")
    )
    found = SyncRecord.objects.filter(run=run).prefetch_related(Prefetch("crm_deal", queryset=deals))
    for name in ("outcome", "code"):
        if name in filters:
            found = found.filter(**{name: filters[name]})
    if "q" in filters:
        found = found.filter(
            Q(crm_deal__name__icontains=filters["q"]) | Q(crm_deal__external_id=filters["q"])
        )
    return found.order_by(problems_first(), "id")


def problems_first() -> Case:
    """The place of an outcome in a list of deals."""
    return Case(
        *(When(outcome=outcome, then=Value(place)) for place, outcome in enumerate(PROBLEMS_FIRST)),
        output_field=IntegerField(),
    )


def causes_of(*, run: SyncRun) -> list[Cause]:
    """How the deals of a run ended, problems first, the largest group first among equals."""
    rows = (
        SyncRecord.objects.filter(run=run).order_by().values("outcome", "code").annotate(number=Count("pk"))
    )
    causes = [Cause(**row) for row in rows]
    return sorted(causes, key=lambda one: (PROBLEMS_FIRST.index(Outcome(one.outcome)), -one.number, one.code))


def requested_syncs(*, now: datetime) -> list[Connection]:
    """Connections whose "Sync now" was pressed lately and has not begun."""
    begun = SyncRun.objects.filter(connection=OuterRef("pk"), started_at__gte=OuterRef("sync_requested_at"))
    asked = Connection.objects.filter(sync_requested_at__gt=now - REQUEST_IS_SHOWN_FOR)
    return list(asked.exclude(Exists(begun)).order_by("name"))


def is_at_work(run: SyncRun) -> bool:
    """Whether the process that began a run is still there: one that was killed leaves its run open."""
    return run.state == RunState.RUNNING and is_held(run=run)


def seconds_left(run: SyncRun, *, now: datetime) -> float | None:
    """By the pace so far; None while it cannot be told."""
    if not run.expected or not run.seen:
        return None
    spent = (now - run.started_at).total_seconds()
    return max(run.expected - run.seen, 0) * spent / run.seen
