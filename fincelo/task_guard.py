"""Only registered tasks run, and who waits for one is told how it went.

A row of the queue can name any function, so each name is checked before its function is called.
"""

import logging
import pydoc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NoReturn

from django.db import Error
from django_q.signals import post_execute_in_worker, pre_execute

from fincelo import awaited
from fincelo.background import registered
from fincelo.enums import WorkProblem, WorkState
from fincelo.redaction import redact
from fincelo.task_history import carry_out

log = logging.getLogger(__name__)


class TaskRefused(Exception):
    """The function is none of the tasks this product runs."""


class RefusedArguments:
    """Stands in for a refused task's arguments: unpacking them for the call raises instead.

    An exception raised by the signal handler itself would end the worker process and leave the task in the
    queue to do it again; raised here, inside the call, it is recorded as the task's failure.
    """

    def __init__(self, func: str) -> None:
        self.func = func

    def __iter__(self) -> Iterator[NoReturn]:
        raise TaskRefused(f"{self.func} is not a task of this product; it was not run.")


def locate(name: str) -> Callable[..., Any] | None:
    """Finds a task of this product by its name. No other is imported: that alone would run its module."""
    if name not in registered():
        return not_run
    found: Callable[..., Any] | None = pydoc.locate(name)  # type: ignore[assignment]
    return partial(carry_out, name, found) if found else None


def not_run() -> None:
    """Stands in for a function that may not run; its arguments refuse the call."""


def refuse_unknown(*, func: Callable[..., Any] | None, task: dict[str, Any], **kwargs: Any) -> None:
    task.pop("hook", None)  # a hook is one more function by name, called with the result; none is used here
    if not is_registered(task):
        task["args"] = RefusedArguments(str(task["func"]))


def is_registered(task: dict[str, Any]) -> bool:
    return isinstance(task["func"], str) and task["func"] in registered()


def tell_start(*, task: dict[str, Any], **kwargs: Any) -> None:
    """Notes that a worker is at it now, for the page that waits."""
    try:
        awaited.note_start(queue_id=str(task["id"]))
    except Error:  # the task itself will meet it, and tells of it
        log.warning("The start of %s could not be noted.", task["func"])


def tell_end(*, func: Callable[..., Any] | None, task: dict[str, Any], **kwargs: Any) -> None:
    """Notes how it ended, for the page that waits."""
    state, problem = WorkState.DONE, ""
    if not task.get("success"):
        state, problem = how_it_failed(func, task)
    try:
        awaited.note_end(queue_id=str(task["id"]), state=state, problem=problem)
        if state == WorkState.DONE:
            awaited.note_done_later(task=str(task["func"]), args=task.get("args", ()))
    except Error:  # the page finds out automatically that nobody is at it any more
        log.warning("The end of %s could not be noted.", task["func"])


def how_it_failed(func: Callable[..., Any] | None, task: dict[str, Any]) -> tuple[WorkState, WorkProblem]:
    if not is_registered(task):
        return WorkState.REFUSED, WorkProblem.UNREGISTERED
    if func is None:
        return WorkState.REFUSED, WorkProblem.UNDEFINED
    return WorkState.FAILED, WorkProblem.FAULT


def redact_result(*, task: dict[str, Any], **kwargs: Any) -> None:
    """What is stored of a failure is its message and traceback; secrets are taken out."""
    if isinstance(result := task.get("result"), str):
        task["result"] = redact(result)


def connect() -> None:
    pre_execute.connect(refuse_unknown)
    pre_execute.connect(tell_start)
    post_execute_in_worker.connect(redact_result)
    post_execute_in_worker.connect(tell_end)
