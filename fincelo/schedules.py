"""What the worker does by itself, and how often. The only place that makes schedules."""

from typing import Any

from django.db import connections, router, transaction
from django_q.models import Schedule

SCHEDULES = {
    "poll": ("crm_sync.tasks.poll_due", 5),
    "sweep": (
        "crm_sync.tasks.sweep_due",
        7,
    ),  # seldom rings together with the poll, which would take its lease
    "billing": ("billing.tasks.bill_due", 60),
    "mail": ("billing.tasks.send_mails", 5),
    "tie-out": ("crm_sync.tasks.check_tie_out", 30),
    "reminders": ("crm_sync.tasks.remind_of_holds", 30),
    "alarms": ("crm_sync.tasks.look_after_alarms", 1),
    "heartbeat": ("fincelo.health.beat", 1),
    "invariants": ("contracts.tasks.check_at_night", 60),
}
LOCK = 4_611_950_274  # any number, as long as nothing else in this database locks it


def ensure_schedules(*, using: str, **kwargs: Any) -> None:
    """After migrate: one row per schedule, as declared above. A run already planned keeps its time."""
    if using != router.db_for_write(Schedule):
        return
    connection = connections[using]
    if Schedule._meta.db_table not in connection.introspection.table_names():  # migrated app by app
        return
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        Schedule.objects.using(using).exclude(name__in=SCHEDULES).delete()
        for name, (func, minutes) in SCHEDULES.items():
            _ensure(using=using, name=name, func=func, minutes=minutes)


def _ensure(*, using: str, name: str, func: str, minutes: int) -> None:
    declared = {
        "func": func,
        "minutes": minutes,
        "schedule_type": Schedule.MINUTES,
        "repeats": -1,
        "args": None,
        "kwargs": None,
        "hook": None,
        "cluster": None,
    }
    rows = Schedule.objects.using(using).filter(name=name).order_by("pk")
    kept = rows.first()
    if kept is None:
        Schedule.objects.using(using).create(name=name, **declared)
        return
    rows.exclude(pk=kept.pk).delete()
    rows.filter(pk=kept.pk).update(**declared)
