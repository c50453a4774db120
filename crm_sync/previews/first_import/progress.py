"""How far the import has come that was begun after its preview. The sync runs do it; this only looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Now

from crm_sync.enums import BackfillState, Outcome, RunState, RunTrigger
from crm_sync.models import Backfill, Connection, SyncRun
from crm_sync.models.runs import COUNTS

READS_NAMED_DEALS = (RunTrigger.REPLAY, RunTrigger.REAPPLY, RunTrigger.SWEEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the runs since the import was begun have come to.

    `counts`: deals by a column of the run, as there. In sum they are the deals seen.
    """

    seen: int
    counts: Mapping[str, int]
    error: str
    """Why the last of them stopped, if it did not end well."""

    @property
    def created(self) -> int:
        return self.counts[Outcome.CREATED]

    @property
    def held(self) -> int:
        return self.counts[Outcome.HELD]


def progress_of(backfill: Backfill) -> Progress:
    runs = runs_of(backfill)
    sums = runs.aggregate(**{name: Sum(name, default=0) for name in ("seen", *COUNTS)})
    latest = runs.order_by("-started_at", "-id").first()
    stopped = latest is not None and latest.state in (RunState.FAILED, RunState.ERRORED)
    return Progress(
        seen=sums.pop("seen"), counts=sums, error=latest.error if latest is not None and stopped else ""
    )


def seconds_left(*, done: int, expected: int | None, since: datetime | None, now: datetime) -> float | None:
    """By the pace so far; None while it cannot be told."""
    if not done or not expected or since is None:
        return None
    return max(expected - done, 0) * (now - since).total_seconds() / done


def is_read_to_the_end(backfill: Backfill) -> bool:
    """A run has ended well since, and the first window is not half read."""
    here = Connection.objects.get(pk=backfill.connection_id)
    return here.cursor_window_end is None and runs_of(backfill).filter(state=RunState.DONE).exists()


def settle(*, connection: Connection) -> bool:
    """After each run: ends the import when all was read. True while a further run is to continue at once."""
    backfill = Backfill.objects.filter(connection=connection, state=BackfillState.IMPORTING).first()
    if backfill is None:
        return False
    if is_read_to_the_end(backfill):
        Backfill.objects.filter(pk=backfill.pk, state=BackfillState.IMPORTING).update(
            state=BackfillState.IMPORTED, import_finished_at=Now()
        )
        return False
    may_be_called = Connection.objects.live().filter(Q(not_before=None) | Q(not_before__lt=Now()))
    latest = runs_of(backfill).order_by("-started_at", "-id").first()
    ended_well = latest is not None and latest.state == RunState.DONE
    return ended_well and may_be_called.filter(pk=connection.pk).exists()


def runs_of(backfill: Backfill) -> QuerySet[SyncRun]:
    begun = SyncRun.objects.filter(
        connection=backfill.connection_id, started_at__gte=backfill.import_started_at
    )
    if backfill.import_finished_at is not None:  # what later polls read is no part of the import
        begun = begun.filter(started_at__lte=backfill.import_finished_at)
    return begun.exclude(trigger__in=READS_NAMED_DEALS)
