"""Sync runs: the claim on a connection, the record of what happened, the cursor."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import OperationalError, transaction
from django.db import connection as database
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from crm_sync.deals import Cursor
from crm_sync.enums import RunState, RunTrigger
from crm_sync.errors import (
    ErrorKind,
    LeaseHeld,
    LeaseLost,
)
from crm_sync.models import Connection, ConnectionLease, SyncRun

LEASE_MINUTES = 10
LOCK_TIMEOUT = "55P03"
INTERRUPTED = "The run was interrupted. What it had stored stands, and the next run went on from there."
LOCKED = (
    "{connection} is not free: a run is writing a page, or another database session has locked its lease."
    " The next poll tries again."
)

CLAIM = """
UPDATE crm_sync_connectionlease AS lease
SET token = lease.token + 1,
    backend_pid = pg_backend_pid(),
    backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()),
    expires_at = now() + make_interval(mins => %s)
WHERE lease.connection_id = %s
  AND (
    lease.expires_at IS NULL
    OR lease.expires_at < now()
    OR NOT EXISTS (
        SELECT 1 FROM pg_stat_activity AS holder
        WHERE holder.pid = lease.backend_pid AND holder.backend_start = lease.backend_start
    )
  )
RETURNING lease.token
"""
IS_HELD = """
SELECT EXISTS (
    SELECT 1
    FROM crm_sync_connectionlease AS lease
    JOIN pg_stat_activity AS holder
      ON holder.pid = lease.backend_pid AND holder.backend_start = lease.backend_start
    WHERE lease.connection_id = %s AND lease.token = %s AND lease.expires_at > now()
)
"""
FENCE = """
UPDATE crm_sync_connectionlease
SET backend_pid = pg_backend_pid(),
    backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()),
    expires_at = now() + make_interval(mins => %s)
WHERE connection_id = %s AND token = %s
"""


class UnableToSync(Exception):
    """The connection is not ready for a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What one page added to its run."""

    seen: int
    api_calls: int
    expected: int | None
    outcomes: Counter[str]
    """By a column of the run, an Outcome or LookedAt. In sum they are the deals seen."""


def claim(*, connection: Connection, trigger: RunTrigger, actor: AbstractBaseUser | None) -> SyncRun:
    """Takes the lease, reads the connection again and opens a run. Raises LeaseHeld or UnableToSync.

    The lease of a process that has died is free at once: its database session is gone. The rising token makes
    even a wrong guess harmless, because a run whose token is no longer current cannot write.
    """
    with transaction.atomic(durable=True):
        token = take_lease(connection)
        if token is None:
            raise LeaseHeld(f"Another run is working on {connection}.")
        connection.refresh_from_db()
        version = connection.mapping_version
        if version is None or not connection.is_live:
            raise UnableToSync(f"{connection} is not connected, or its field mapping is not confirmed.")
        SyncRun.objects.filter(connection=connection, state=RunState.RUNNING).update(
            state=RunState.ERRORED, finished_at=Now(), error=INTERRUPTED, error_kind=ErrorKind.INTERNAL
        )
        return SyncRun.objects.create(
            connection=connection,
            trigger=trigger,
            actor_id=actor.pk if actor else None,
            mapping_version=version,
            lease_token=token,
            started_at=timezone.now(),
            window_from=connection.cursor_modified_at,
        )


def take_lease(connection: Connection) -> int | None:
    """The new token; None while another run has the lease. Raises LeaseHeld when its row stays locked."""
    try:
        ConnectionLease.objects.bulk_create([ConnectionLease(connection=connection)], ignore_conflicts=True)
        with database.cursor() as cursor:
            cursor.execute(CLAIM, [LEASE_MINUTES, connection.pk])
            row = cursor.fetchone()
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == LOCK_TIMEOUT:
            raise LeaseHeld(LOCKED.format(connection=connection)) from error
        raise
    return row[0] if row else None


def fence(*, run: SyncRun) -> None:
    """The first statement of every write transaction: locks the lease, or raises LeaseLost."""
    if not holds_lease(run=run):
        raise LeaseLost("Another run has taken over this connection.")


def holds_lease(*, run: SyncRun) -> bool:
    with database.cursor() as cursor:
        cursor.execute(FENCE, [LEASE_MINUTES, run.connection_id, run.lease_token])
        renewed: bool = cursor.rowcount == 1
        return renewed


def is_held(*, run: SyncRun) -> bool:
    """Whether the run has the lease, and its process the database session of it. Changes nothing."""
    with database.cursor() as cursor:
        cursor.execute(IS_HELD, [run.connection_id, run.lease_token])
        return bool(cursor.fetchone()[0])


def advance(*, run: SyncRun, progress: Progress, cursor: Cursor | None, read_mark: str = "") -> None:
    """The last statements of a page's transaction: the run's counters, then the cursor."""
    counts = {str(name): F(str(name)) + count for name, count in progress.outcomes.items()}
    SyncRun.objects.filter(pk=run.pk).update(
        pages=F("pages") + 1,
        seen=F("seen") + progress.seen,
        api_calls=progress.api_calls,
        **({"expected": progress.expected} if progress.expected is not None else {}),
        **counts,
    )
    if cursor is not None:
        Connection.objects.filter(pk=run.connection_id).update(
            cursor_modified_at=cursor.modified_at,
            cursor_external_id=cursor.external_id,
            cursor_window_end=cursor.window_end,
            cursor_reached_at=cursor.reached_at,
            read_mark=read_mark,
        )


def close(
    *,
    run: SyncRun,
    state: RunState,
    api_calls: int,
    error: str = "",
    kind: ErrorKind | str = "",
    warnings: list[dict[str, Any]] | None = None,
) -> None:
    """Stamps the run's end and gives the lease back."""
    SyncRun.objects.filter(pk=run.pk).update(
        state=state,
        finished_at=timezone.now(),
        api_calls=api_calls,
        error=error,
        error_kind=str(kind),
        warnings=warnings or [],
    )
    ConnectionLease.objects.filter(connection_id=run.connection_id, token=run.lease_token).update(
        expires_at=None, backend_pid=None, backend_start=None
    )
