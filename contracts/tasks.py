"""What the worker does at night, which is the night of the workspace."""

from datetime import datetime, timedelta

from django.utils import timezone

from contracts import check_mails, sealing
from contracts.workspace import time_zone, zone_of
from fincelo import checking
from fincelo.background import Lane, enqueue, task

NIGHT = 2
"""The hour there after which a night's check is due."""


@task(lane=Lane.LONG, label="Nightly check", schedule="invariants", minutes=60)
def check_at_night() -> None:
    """Every hour: what is left of this night's round, and the mail on what was found and not told yet."""
    if not checking.check_since(since=last_night(at=timezone.now())):
        enqueue(check_at_night)
        return
    check_mails.tell()


@task(lane=Lane.CORE, label="Seal of the audit", schedule="audit seal", minutes=5)
def seal_audit() -> None:
    sealing.seal()


def last_night(*, at: datetime) -> datetime:
    """When the present night began, or the last one. In UTC while the workspace's zone is none."""
    there = at.astimezone(zone_of(time_zone()))
    night = there.replace(hour=NIGHT, minute=0, second=0, microsecond=0)
    return night if night <= there else night - timedelta(days=1)
