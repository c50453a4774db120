"""Only tasks of this product run: a row of the queue can name any function, so each name is checked first."""

import pydoc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NoReturn

from django_q.signals import post_execute_in_worker, pre_execute

from fincelo.redaction import redact
from fincelo.schedules import SCHEDULES
from fincelo.task_history import carry_out

ON_DEMAND = (
    "crm_sync.tasks.poll",
    "crm_sync.tasks.sweep",
    "crm_sync.tasks.sync_requested",
    "crm_sync.tasks.replay",
)
ALLOWED = frozenset([*(func for func, _ in SCHEDULES.values()), *ON_DEMAND])


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
    if name not in ALLOWED:
        return not_run
    found: Callable[..., Any] | None = pydoc.locate(name)  # type: ignore[assignment]
    return partial(carry_out, name, found) if found else None


def not_run() -> None:
    """Stands in for a function that may not run; its arguments refuse the call."""


def refuse_unknown(*, func: Callable[..., Any] | None, task: dict[str, Any], **kwargs: Any) -> None:
    task.pop("hook", None)  # a hook is one more function by name, called with the result; none is used here
    if task["func"] not in ALLOWED:
        task["args"] = RefusedArguments(str(task["func"]))


def redact_result(*, task: dict[str, Any], **kwargs: Any) -> None:
    """What is stored of a failure is its message and traceback; secrets are taken out."""
    if isinstance(result := task.get("result"), str):
        task["result"] = redact(result)


def connect() -> None:
    pre_execute.connect(refuse_unknown)
    post_execute_in_worker.connect(redact_result)
