"""Rows that would run a command in whatever unpickles them."""

import base64
import pickle
from pathlib import Path
from subprocess import call

from django.db import connection


class Touch:
    """Leaves a canary when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, ...]:
        return call, (["touch", str(self.canary)],)


def pickled(canary: Path) -> bytes:
    return pickle.dumps(Touch(canary))


def poison(canary: Path) -> str:
    return base64.b64encode(pickled(canary)).decode()


def insert_result(
    *, id: str, name: str, func: str, result: str, success: bool, hook: str | None = None
) -> None:
    """Inserts a row as anybody with the application's rights could, past the product."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_q_task"
            " (id, name, func, hook, args, kwargs, result, started, stopped, success, attempt_count)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, now(), now(), %s, 1)",
            [id, name, func, hook, result, result, result, success],
        )
