import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, ProgrammingError, connection
from django.db.models.functions import Now
from django.test import Client

from fincelo import health
from fincelo.models import Heartbeat

TOLD = ("database", "worker", "polls", "invariants")


def ask(client: Client) -> tuple[int, dict[str, str]]:
    """Status, and the parts that this file is about."""
    response = client.get("/healthz")
    told = json.loads(response.content)
    return response.status_code, {name: told[name] for name in TOLD}


@pytest.mark.django_db
def test_healthz_after_a_beat(client: Client) -> None:
    health.beat()

    assert ask(client) == (200, {"database": "ok", "worker": "ok", "polls": "ok", "invariants": "unchecked"})


@pytest.mark.django_db
def test_healthz_before_any_beat(client: Client) -> None:
    assert ask(client) == (
        503,
        {"database": "ok", "worker": "stale", "polls": "ok", "invariants": "unchecked"},
    )


@pytest.mark.django_db
def test_healthz_with_an_old_beat(client: Client) -> None:
    Heartbeat.objects.create(process=health.WORKER, beat_at=Now() - timedelta(minutes=5, seconds=1))

    assert ask(client) == (
        503,
        {"database": "ok", "worker": "stale", "polls": "ok", "invariants": "unchecked"},
    )


@pytest.mark.django_db
def test_healthz_without_a_database(client: Client) -> None:
    def refuse(*args: object) -> None:
        raise DatabaseError("gone")

    with connection.execute_wrapper(refuse):
        assert ask(client) == (
            503,
            {"database": "unreachable", "worker": "unknown", "polls": "unknown", "invariants": "unknown"},
        )


@pytest.mark.django_db
def test_beat_again_moves_the_one_row() -> None:
    Heartbeat.objects.create(process=health.WORKER, beat_at=Now() - timedelta(hours=1))

    health.beat()

    assert Heartbeat.objects.filter(beat_at__gt=Now() - timedelta(minutes=1)).count() == 1
    assert Heartbeat.objects.count() == 1


@pytest.mark.django_db
def test_healthz_of_a_database_that_cannot_write(client: Client) -> None:
    """A full disk is told as such, not as a worker that is away (F21)."""

    def refuse_writes(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE")):
            raise OperationalError("no space") from psycopg.errors.DiskFull("no space")
        return execute(sql, *args)

    with connection.execute_wrapper(refuse_writes):
        response = client.get("/healthz")

    answer = json.loads(response.content)
    assert (response.status_code, answer["storage"], answer["database"]) == (503, "full", "ok")


@pytest.mark.django_db
def test_healthz_of_a_database_that_does_not_fit(client: Client) -> None:
    def refuse(*args: object) -> None:
        raise ProgrammingError("column missing") from psycopg.errors.UndefinedColumn("column missing")

    with connection.execute_wrapper(refuse):
        response = client.get("/healthz")

    assert (response.status_code, json.loads(response.content)["database"]) == (503, "failing")
