"""How the background tasks fare: one row a function, so that the history is as short as the list of tasks."""

from collections.abc import Callable
from types import TracebackType
from typing import Any

from django.db import Error
from django.db.models import F
from django.db.models.functions import Now
from django_q.conf import Conf

from fincelo.database_errors import sqlstate, tell
from fincelo.lanes import note_sign
from fincelo.models import TaskHistory


def carry_out(func: str, task: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Runs a task and records it. Returns and raises what the task does."""
    with Recorded(func):
        return task(*args, **kwargs)


class Recorded:
    """Writes when the function began and how it ended. If the database refuses that, the task continues."""

    def __init__(self, func: str) -> None:
        self.func = func

    def __enter__(self) -> None:
        note_start(self.func)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        note_end(self.func, code=code_of(error) if error else "")


def note_start(func: str) -> None:
    """Writes that it began. A task that is killed shows by a start without an end."""
    try:
        TaskHistory.objects.bulk_create([TaskHistory(func=func)], ignore_conflicts=True)
        TaskHistory.objects.filter(func=func).update(
            last_started_at=Now(), starts=F("starts") + 1, lane=Conf.CLUSTER_NAME
        )
        note_sign(Conf.CLUSTER_NAME)
    except Error as error:
        tell(error, doing=f"Noting the start of {func}")


def note_end(func: str, *, code: str) -> None:
    """Writes how it ended. `code`: what `code_of` says of its failure; empty when it went through."""
    ended = (
        {"last_failed_at": Now(), "failures": F("failures") + 1, "last_error": code}
        if code
        else {"last_ok_at": Now(), "successes": F("successes") + 1}
    )
    try:
        TaskHistory.objects.filter(func=func).update(**ended)
        note_sign(Conf.CLUSTER_NAME)
    except Error as error:
        tell(error, doing=f"Noting the end of {func}")


def code_of(error: BaseException) -> str:
    """The error's class, with the SQLSTATE if the database refused. No message: that may hold a value."""
    return f"{type(error).__name__} {sqlstate(error)}".strip()[: TaskHistory.LONGEST_CODE]
