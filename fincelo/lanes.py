"""How the lanes of the worker do: what waits in each, since when, and whether a lane is busy or frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django_q.models import OrmQ

from fincelo.background import Lane, queue_of
from fincelo.models import Heartbeat

PATIENCE_SECONDS = {Lane.CORE: 120, Lane.CRM: 300, Lane.LONG: 1800}
"""For how long a task may wait in a lane before somebody is told."""
WAITED_SECONDS = 60
"""A task that has waited for less says nothing about its lane."""
GRACE_SECONDS = 60
"""Added to the time limit of a task: within both, a task begins or ends in every lane that works."""
LOOK = """
SELECT lane.queue,
    count(task.id) FILTER (WHERE task.lock <= now()),
    min(task.lock) FILTER (WHERE task.lock <= now()),
    sign.beat_at,
    coalesce(min(task.lock) FILTER (WHERE task.lock <= now()) < now() - lane.patience, false),
    coalesce(
        min(CASE WHEN task.lock > now() THEN task.lock - lane.locked ELSE task.lock END)
            < now() - %(waited)s::interval,
        false
    ),
    coalesce(sign.beat_at > now() - lane.longest, false)
FROM unnest(%(queues)s::text[], %(patience)s::interval[], %(locked)s::interval[], %(longest)s::interval[])
    AS lane (queue, patience, locked, longest)
LEFT JOIN django_q_ormq AS task ON task.key = lane.queue
LEFT JOIN fincelo_heartbeat AS sign ON sign.process = 'lane:' || lane.queue
GROUP BY lane.queue, lane.patience, lane.locked, lane.longest, sign.beat_at
"""
"""The lock of a task is when it was queued, or, once a process has taken it, that moment plus `retry`."""


class LaneState(StrEnum):
    OK = "ok"
    BUSY = "busy"
    """Tasks wait for long, and others begin or end meanwhile: there is more work than workers."""
    FROZEN = "frozen"
    """Tasks wait, and none has begun or ended for longer than the longest may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneReport:
    """One lane at the moment of the look."""

    lane: Lane
    state: LaneState
    waiting: int
    """Tasks that no process has taken yet."""
    oldest_at: datetime | None
    """Since when the oldest of them waits."""
    sign_at: datetime | None
    """When a task of the lane last began or ended, or the lane started."""
    is_at_work: bool
    """Whether that was within the time that the longest task may take."""


def look() -> list[LaneReport]:
    """All lanes, judged by the clock of the database."""
    lanes = {queue_of(lane): lane for lane in Lane}
    parameters: dict[str, str | list[str]] = {
        "queues": list(lanes),
        "patience": [f"{PATIENCE_SECONDS[lane]} seconds" for lane in lanes.values()],
        "locked": [f"{setting(queue, 'retry')} seconds" for queue in lanes],
        "longest": [f"{setting(queue, 'timeout') + GRACE_SECONDS} seconds" for queue in lanes],
        "waited": f"{WAITED_SECONDS} seconds",
    }
    with connection.cursor() as cursor:
        cursor.execute(LOOK, parameters)
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    return [report(lane, rows[queue]) for queue, lane in lanes.items()]


def report(lane: Lane, row: Sequence[object]) -> LaneReport:
    waiting, oldest_at, sign_at, is_late, has_waited, is_at_work = row
    is_frozen = has_waited and not is_at_work
    return LaneReport(
        lane=lane,
        state=LaneState.FROZEN if is_frozen else LaneState.BUSY if is_late else LaneState.OK,
        is_at_work=bool(is_at_work),
        waiting=waiting,  # type: ignore[arg-type]
        oldest_at=oldest_at,  # type: ignore[arg-type]
        sign_at=sign_at,  # type: ignore[arg-type]
    )


def frozen() -> set[Lane]:
    """Lanes that have to be killed and started again."""
    return {one.lane for one in look() if one.state is LaneState.FROZEN}


def waiting(lane: Lane) -> int:
    """How many tasks of the lane no process has taken yet."""
    waiting: int = OrmQ.objects.filter(key=queue_of(lane), lock__lte=Now()).count()
    return waiting


def note_sign(queue: str) -> None:
    """Writes that a task of the lane begins or ends now, or that the lane starts."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(process=f"lane:{queue}", beat_at=Now())],
        update_conflicts=True,
        unique_fields=["process"],
        update_fields=["beat_at"],
    )


def setting(queue: str, name: str) -> int:
    """A number of Q_CLUSTER, as it holds in the lane."""
    cluster = settings.Q_CLUSTER
    return int(cluster["ALT_CLUSTERS"].get(queue, {}).get(name, cluster[name]))
