"""Forgets failed sign-ins, ended sessions, old failures of background tasks and expired cache entries."""

import logging
from datetime import timedelta

from django.contrib.sessions.models import Session
from django_q.models import Task

from access.models import FailedSignIn
from fincelo.background import Lane, task
from fincelo.models import CacheEntry
from fincelo.purging import Retention, purge

RETENTION = (
    Retention(model=FailedSignIn, column="last_at", kept_for=timedelta(days=90)),
    Retention(model=Task, column="stopped", kept_for=timedelta(days=30)),
    Retention(model=Session, column="expire_date", kept_for=timedelta(days=1)),
    Retention(model=CacheEntry, column="expires_at", kept_for=timedelta(days=1)),
)
log = logging.getLogger(__name__)


@task(lane=Lane.LONG, label="Removal of old rows", schedule="purge", minutes=360)
def purge_old_rows() -> None:
    """Every six hours."""
    for rule in RETENTION:
        if gone := purge(rule=rule):
            log.info("%d old rows of %s were removed.", gone, rule.model._meta.db_table)
