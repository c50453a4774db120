"""The registry of background tasks, and the only way to enqueue one.

A task is declared once, above its function. The worker's allow-list, the schedules and the lanes follow from
the declarations, so that what a page enqueues is what the worker runs.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django_q.tasks import async_task

from fincelo import awaited
from fincelo.models import BackgroundWork

Function = TypeVar("Function", bound=Callable[..., None])


class Lane(StrEnum):
    """Each lane has worker processes of its own, so that none waits for another."""

    CORE = "core"
    """Heartbeat, alarms, billing, mail and checks: what must never wait for a CRM."""
    CRM = "crm"
    """Polls and what a person has asked to be read."""
    LONG = "long"
    """Previews, sweeps and other work of minutes."""


class UnregisteredTask(Exception):
    """The function is declared as no task, so the worker would refuse it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One declaration."""

    name: str
    """The function's dotted path, by which the queue names it."""
    lane: Lane
    label: str
    """What a person sees while it waits: "Preview of the import"."""
    next_step: str
    """What a person does when it failed."""
    right: str
    """The permission that starting it again needs; empty for what nobody waits for."""
    schedule: str
    """The name of its schedule; empty for a task that runs on demand only."""
    minutes: int
    """How often its schedule starts it."""
    given_up: Callable[..., None] | None
    """What is done, with the task's arguments, when nobody wants it any more."""


_tasks: dict[str, Task] = {}


def task(
    *,
    lane: Lane,
    label: str,
    next_step: str = "The operators find the cause in the worker's log.",
    right: str = "",
    schedule: str = "",
    minutes: int = 0,
    given_up: Callable[..., None] | None = None,
) -> Callable[[Function], Function]:
    """Declares a function of a module as a background task."""

    def register(function: Function) -> Function:
        name = name_of(function)
        _tasks[name] = Task(
            name=name,
            lane=lane,
            label=label,
            next_step=next_step,
            right=right,
            schedule=schedule,
            minutes=minutes,
            given_up=given_up,
        )
        return function

    return register


def registered() -> Mapping[str, Task]:
    """Every declared task by its dotted path."""
    return MappingProxyType(_tasks)


def name_of(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def enqueue(
    function: Callable[..., None],
    *args: Any,
    subject: str = "",
    actor_id: int | None = None,
    goes_on: bool = False,
) -> BackgroundWork | None:
    """Puts a registered task into the queue of its lane, in the caller's transaction.

    With a `subject` somebody waits for it: the answer is the row that tells how it goes, one for each task
    and subject. `goes_on`: the task continues with what it has begun; who asked for it, and when, is kept.
    Raises UnregisteredTask, and TypeError when an argument is no JSON value.
    """
    declared = _tasks.get(name_of(function))
    if declared is None:
        raise UnregisteredTask(f"{name_of(function)} is not declared as a background task.")
    if json.loads(json.dumps(args)) != list(args):
        raise TypeError(f"The arguments of {declared.name} are not plain JSON values.")
    with transaction.atomic():
        queue_id = async_task(declared.name, *args, **_options(declared.lane))
        if not subject:
            return None
        return awaited.note_request(
            task=declared.name,
            subject=subject,
            args=args,
            queue_id=queue_id,
            actor_id=actor_id,
            goes_on=goes_on,
        )


def again(work: BackgroundWork, *, actor_id: int | None) -> BackgroundWork | None:
    """Enqueues what a person waits for once more. Raises UnregisteredTask for a task of an older release."""
    declared = _tasks.get(work.task)
    if declared is None:
        raise UnregisteredTask(f"{work.task} is not declared as a background task.")
    with transaction.atomic():
        queue_id = async_task(declared.name, *work.args, **_options(declared.lane))
        return awaited.note_request(
            task=declared.name,
            subject=work.subject,
            args=work.args,
            queue_id=queue_id,
            actor_id=actor_id,
            goes_on=False,
        )


def give_up(work: BackgroundWork) -> None:
    """Nobody waits for it any more. What is in the queue may still run; a task does only what is due."""
    declared = _tasks.get(work.task)
    with transaction.atomic():
        awaited.note_given_up(work)
        if declared is not None and declared.given_up is not None:
            declared.given_up(*work.args)


def waiting_for(function: Callable[..., None], *, subject: str) -> awaited.Waiting | None:
    """How the work for a subject goes; None when nobody has asked for it."""
    return waiting_for_name(name_of(function), subject=subject)


def waiting_for_name(name: str, *, subject: str) -> awaited.Waiting | None:
    """The same, for a template that names the task by its dotted path. Raises KeyError for others."""
    declared = _tasks[name]
    work = BackgroundWork.objects.select_related("actor").filter(task=declared.name, subject=subject).first()
    return judged(work) if work else None


def judged(work: BackgroundWork) -> awaited.Waiting:
    """How awaited work goes, with the words of its declaration."""
    declared = _tasks.get(work.task)
    return awaited.judge(
        work=work,
        queue=queue_of(declared.lane if declared else Lane.CORE),
        label=declared.label if declared else "A task of an earlier release",
        next_step=declared.next_step if declared else "Ask for it again on its page.",
        right=declared.right if declared else "",
    )


def queue_of(lane: Lane) -> str:
    """The name under which the queue keeps the tasks of a lane. The core lane is the default one."""
    cluster: Mapping[str, Any] = settings.Q_CLUSTER
    return str(lane) if str(lane) in cluster.get("ALT_CLUSTERS", {}) else str(cluster["name"])


def _options(lane: Lane) -> dict[str, Any]:
    """Names the queue always: without a name a task goes to the lane of the process that enqueues it."""
    return {"cluster": queue_of(lane)}
