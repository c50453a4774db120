"""Background work that a person waits for: who asked, who is at it, since when, and how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.db import connection, transaction
from django.db.models import Max
from django.db.models.functions import Now
from django_q.models import OrmQ

from fincelo.enums import WorkState
from fincelo.models import BackgroundWork, Heartbeat

SILENT_AFTER = timedelta(minutes=2)
"""The worker beats every minute."""
PATIENCE = timedelta(seconds=8)
HOLDS_ITS_SESSION = """
SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = %s AND backend_start = %s)
"""
BEGIN = """
UPDATE fincelo_backgroundwork
SET state = %s, started_at = now(), backend_pid = pg_backend_pid(),
    backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())
WHERE queue_id = %s AND state = %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How one piece of awaited work goes."""

    work: BackgroundWork
    label: str
    next_step: str
    right: str
    state: WorkState
    """What is so now, which the row alone does not tell: a process that was killed says nothing."""
    ahead: int
    """How many tasks of the lane are before it, while it waits."""
    silent_since: datetime | None
    """The worker's last sign of life, or the request when there was none; None while it beats."""

    def may_be_started_by(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        """Whether that person may start it again or cancel it."""
        return bool(self.right) and isinstance(user, PermissionsMixin) and user.has_perm(self.right)

    def may_be_seen_by(self, user: AbstractBaseUser | AnonymousUser) -> bool:
        is_actor = self.work.actor_id is not None and self.work.actor_id == user.pk
        return is_actor or self.may_be_started_by(user)

    @property
    def is_stuck(self) -> bool:
        """It waits, and no worker gives a sign of life."""
        return self.state == WorkState.WAITING and self.silent_since is not None

    @property
    def over_at(self) -> datetime:
        """When it ended without being done, as far as that is known."""
        return self.work.ended_at or self.work.started_at or self.work.requested_at

    @property
    def is_open(self) -> bool:
        return self.state in (WorkState.WAITING, WorkState.RUNNING)

    @property
    def is_over(self) -> bool:
        """It ended without being done, and a person decides how to continue."""
        return self.state in (WorkState.FAILED, WorkState.REFUSED, WorkState.BROKE_OFF, WorkState.LOST)


def note_request(
    *,
    task: str,
    subject: str,
    args: Sequence[Any],
    queue_id: str,
    actor_id: int | None,
    goes_on: bool,
) -> BackgroundWork:
    """Takes the place of what was asked before for the same subject."""
    fresh: dict[str, Any] = {
        "queue_id": queue_id,
        "args": list(args),
        "state": WorkState.WAITING,
        "problem": "",
        "started_at": None,
        "ended_at": None,
    }
    asked = {"actor_id": actor_id, "requested_at": Now()}
    with transaction.atomic():
        work, is_new = BackgroundWork.objects.select_for_update().get_or_create(
            task=task, subject=subject, defaults={**fresh, "actor_id": actor_id}
        )
        if not is_new:
            BackgroundWork.objects.filter(pk=work.pk).update(**fresh, **({} if goes_on else asked))
            work.refresh_from_db()
    return work


def note_start(*, queue_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(BEGIN, [WorkState.RUNNING, queue_id, WorkState.WAITING])


def note_end(*, queue_id: str, state: WorkState, problem: str = "") -> None:
    """Leaves alone what was asked for again or continues in another task: it has another id by now."""
    BackgroundWork.objects.filter(queue_id=queue_id, state__in=(WorkState.WAITING, WorkState.RUNNING)).update(
        state=state, problem=problem, ended_at=Now()
    )


def note_done_later(*, task: str, args: Sequence[Any]) -> None:
    """The same work was done by another start of it, so that nothing is left to decide."""
    BackgroundWork.objects.filter(task=task, state__in=(WorkState.FAILED, WorkState.REFUSED)).filter(
        args=list(args)
    ).update(state=WorkState.DONE, problem="", ended_at=Now())


def note_given_up(work: BackgroundWork) -> None:
    BackgroundWork.objects.filter(pk=work.pk).update(state=WorkState.GIVEN_UP, ended_at=Now())


def judge(*, work: BackgroundWork, queue: str, label: str, next_step: str, right: str) -> Waiting:
    state = WorkState(work.state)
    ahead = 0
    if state == WorkState.WAITING:
        tasks = OrmQ.objects.filter(key=queue).count()
        if not tasks and not _changed(work):
            state = WorkState.LOST
        ahead = max(tasks - 1, 0)
    elif state == WorkState.RUNNING and not _is_alive(work) and not _changed(work):
        state = WorkState.BROKE_OFF
    return Waiting(
        work=work,
        label=label,
        next_step=next_step,
        right=right,
        state=state,
        ahead=ahead,
        silent_since=_silent_since(work) if state == WorkState.WAITING else None,
    )


def _is_alive(work: BackgroundWork) -> bool:
    """Whether the database session of the process that began it is there."""
    with connection.cursor() as cursor:
        cursor.execute(HOLDS_ITS_SESSION, [work.backend_pid, work.backend_start])
        return bool(cursor.fetchone()[0])


def _changed(work: BackgroundWork) -> bool:
    """Whether it went on between the two looks, which makes the first one worth nothing."""
    return not BackgroundWork.objects.filter(pk=work.pk, queue_id=work.queue_id, state=work.state).exists()


def _silent_since(work: BackgroundWork) -> datetime | None:
    beats = Heartbeat.objects.filter(process=Heartbeat.WORKER)
    if beats.filter(beat_at__gt=Now() - SILENT_AFTER).exists():
        return None
    if not BackgroundWork.objects.filter(pk=work.pk, requested_at__lt=Now() - PATIENCE).exists():
        return None  # a worker that has just been started beats within seconds
    last: datetime | None = beats.aggregate(at=Max("beat_at"))["at"]
    return last or work.requested_at
