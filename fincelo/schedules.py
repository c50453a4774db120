"""Stores the schedules that the registry of background tasks declares, after each migrate."""

from typing import Any

from django.db import connections, router, transaction
from django_q.models import Schedule

from fincelo.background import Task, queue_of, registered

LOCK = 4_611_950_274  # any number, as long as nothing else in this database locks it


def scheduled() -> list[Task]:
    """The tasks that the worker starts automatically."""
    return [task for task in registered().values() if task.schedule]


def ensure_schedules(*, using: str, **kwargs: Any) -> None:
    """After migrate: one row per schedule, as declared. A run already planned keeps its time."""
    if using != router.db_for_write(Schedule):
        return
    connection = connections[using]
    if Schedule._meta.db_table not in connection.introspection.table_names():  # migrated app by app
        return
    declared = scheduled()
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        Schedule.objects.using(using).exclude(name__in=[task.schedule for task in declared]).delete()
        for task in declared:
            _ensure(task, using=using)


def _ensure(task: Task, *, using: str) -> None:
    declared = {
        "func": task.name,
        "minutes": task.minutes,
        "schedule_type": Schedule.MINUTES,
        "repeats": -1,
        "args": None,
        "kwargs": None,
        "hook": None,
        "cluster": queue_of(task.lane),
    }
    rows = Schedule.objects.using(using).filter(name=task.schedule).order_by("pk")
    kept = rows.first()
    if kept is None:
        Schedule.objects.using(using).create(name=task.schedule, **declared)
        return
    rows.exclude(pk=kept.pk).delete()
    rows.filter(pk=kept.pk).update(**declared)
