"""How a run ends, and what its end says of the connection. Both are written in one transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from crm_sync.connections import condition
from crm_sync.connections.pacing import MOST_DOUBLINGS, backed_off
from crm_sync.enums import ConnectionState, RunState, RunTrigger
from crm_sync.errors import ConfigError, ErrorKind, InstallationError, SyncError, TransientError
from crm_sync.findings.values import Finding, Standing, stored
from crm_sync.models import Connection, SyncRun
from crm_sync.runs import close, fence, holds_lease

LONGEST_PAUSE = timedelta(hours=24)
OURS = "Fincelo failed on this run. The operators find the cause in the log; the next poll tries again."


def finish(
    *,
    run: SyncRun,
    api_calls: int,
    warnings: Sequence[Finding],
    notes: Sequence[Finding] = (),
    pause: timedelta | None = None,
    standing: Standing | None = None,
) -> None:
    """Closes a run that read everything it set out to read. Warnings degrade the connection, notes do not.

    `pause`: for so long the connection is left alone. `standing`: the warnings that later runs keep.
    """
    with transaction.atomic(durable=True):
        fence(run=run)
        close(run=run, state=RunState.DONE, api_calls=api_calls, warnings=stored([*warnings, *notes]))
        if run.trigger == RunTrigger.CHECK:  # it reads a few deals, and is no proof that polls work
            return
        connection = Connection.objects.select_for_update().get(pk=run.connection_id)
        if connection.is_live:
            connection.state = ConnectionState.DEGRADED if warnings else ConnectionState.CONNECTED
            connection.state_reason = ""
            condition.tell_recovery(connection=connection)
        connection.warnings = stored(warnings)
        connection.standing = connection.standing if standing is None else dict(standing)
        connection.not_before = timezone.now() + pause if pause else None
        connection.last_success_at = timezone.now()
        connection.save(
            update_fields=[
                *("state", "state_reason", "warnings", "standing", "not_before", "last_success_at", "trouble")
            ]
        )


def fail(*, run: SyncRun, error: SyncError, api_calls: int) -> None:
    """Closes a run that the CRM or the set-up stopped. What was stored stands, and the cursor covers it."""
    with transaction.atomic(durable=True):
        if not holds_lease(run=run):
            return
        close(run=run, state=RunState.FAILED, api_calls=api_calls, error=str(error), kind=error.kind)
        connection = Connection.objects.select_for_update().get(pk=run.connection_id)
        if connection.is_live and not was_reconnected(connection, since=run.started_at):
            note_failure(connection=connection, error=error)


def was_reconnected(connection: Connection, *, since: datetime) -> bool:
    """A refusal of the access that a person has replaced meanwhile says nothing of the new one."""
    return connection.live_since is not None and connection.live_since > since


def note_failure(*, connection: Connection, error: SyncError) -> None:
    """Broken: no more calls until a person reconnects. Degraded: Fincelo continues automatically."""
    if isinstance(error, ConfigError) and error.breaks:
        condition.break_off(connection=connection, reason=str(error))
    elif isinstance(error, ConfigError):
        connection.state = ConnectionState.DEGRADED
        connection.state_reason = str(error)
        if isinstance(error, InstallationError):
            condition.tell_of_database(connection=connection)
    elif isinstance(error, TransientError) and error.retry_after:
        connection.not_before = timezone.now() + pause_after(connection=connection, error=error)
        connection.state = ConnectionState.DEGRADED
        connection.state_reason = str(error)
    connection.save(update_fields=["state", "state_reason", "not_before", "trouble"])


def pause_after(*, connection: Connection, error: TransientError) -> timedelta:
    asked = error.retry_after or 0.0
    if not error.grows:
        return min(timedelta(seconds=asked), LONGEST_PAUSE)
    failed = SyncRun.objects.filter(connection=connection, state=RunState.FAILED)
    if connection.last_success_at:
        failed = failed.filter(started_at__gt=connection.last_success_at)
    return backed_off(asked, failures=failed.values("pk")[: MOST_DOUBLINGS + 1].count() - 1)


def crash(*, run: SyncRun, api_calls: int) -> None:
    """Closes a run that our own fault stopped; the traceback is in the log."""
    with transaction.atomic(durable=True):
        if not holds_lease(run=run):
            return
        close(run=run, state=RunState.ERRORED, api_calls=api_calls, error=OURS, kind=ErrorKind.INTERNAL)
