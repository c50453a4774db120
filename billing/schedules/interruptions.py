"""Billing runs that were killed, and could not say so themselves."""

from django.db import connection

from billing.models import BillingRun
from contracts.bulk import as_json

INTERRUPTED = "The run was interrupted. What it had issued stands, and later runs billed the rest."
AT_WORK = """
UPDATE billing_billingrun
SET backend_pid = pg_backend_pid(),
    backend_start = (SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid())
WHERE id = %s
"""
CLOSE = """
UPDATE billing_billingrun AS run
SET state = 'failed', finished_at = now(), problems = problems || %s::jsonb
WHERE run.state = 'running'
  AND CASE
    WHEN run.backend_pid IS NULL THEN run.started_at < now() - interval '1 hour'
    ELSE NOT EXISTS (
        SELECT 1 FROM pg_stat_activity AS holder
        WHERE holder.pid = run.backend_pid AND holder.backend_start = run.backend_start
    )
  END
"""
"""A run is at work while the database session that it wrote with last is there."""


def note_session(run: BillingRun) -> None:
    """Writes which database session is at it. Called again with each chunk: a lost session is replaced."""
    with connection.cursor() as cursor:
        cursor.execute(AT_WORK, [run.pk])


def close_interrupted() -> int:
    """Closes what was killed as failed. Returns how many runs that were."""
    with connection.cursor() as cursor:
        cursor.execute(CLOSE, [as_json([{"sentence": INTERRUPTED}])])
        return int(cursor.rowcount)
