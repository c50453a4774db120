"""Moves contracts along by date: Scheduled, Active, Completed. One that is locked moves next time."""

from datetime import date

from django.db import connection, transaction

CHUNK = 5_000


def start_contracts(*, as_of: date) -> int:
    """Scheduled contracts whose term has begun become Active."""
    return _move(
        """
        WITH moving AS (
            SELECT contract.id FROM contracts_contract contract
            WHERE contract.state = 'scheduled' AND contract.start_date <= %(as_of)s
            LIMIT %(chunk)s FOR NO KEY UPDATE OF contract SKIP LOCKED
        ), moved AS (
            UPDATE contracts_contract contract SET state = 'active', updated_at = now()
            FROM moving WHERE contract.id = moving.id
            RETURNING contract.id, contract.name
        )
        INSERT INTO contracts_auditentry (
            actor_name, action, object_type, object_id, object_name, before, after, reason
        )
        SELECT 'Fincelo', 'Contract started', 'contracts.contract', id, name,
               '{"state": "scheduled"}', '{"state": "active"}', ''
        FROM moved
        """,
        as_of=as_of,
    )


def complete_contracts(*, as_of: date) -> int:
    """Active contracts whose term is over become Completed once nothing of them is left to bill."""
    return _move(
        """
        WITH moving AS (
            SELECT contract.id FROM contracts_contract contract
            WHERE contract.state = 'active' AND contract.end_date <= %(as_of)s
              AND NOT EXISTS (
                SELECT 1 FROM billing_billingschedule schedule
                JOIN billing_instalment instalment
                  ON instalment.schedule_id = schedule.id AND instalment.state IN ('planned', 'drafted')
                WHERE schedule.contract_id = contract.id
                OFFSET 0 -- look-ups by key, with or without statistics
              )
            LIMIT %(chunk)s FOR NO KEY UPDATE OF contract SKIP LOCKED
        ), moved AS (
            UPDATE contracts_contract contract SET state = 'completed', updated_at = now()
            FROM moving WHERE contract.id = moving.id
            RETURNING contract.id, contract.name
        ), ended AS (
            UPDATE billing_billingschedule schedule SET state = 'ended'
            FROM moved WHERE schedule.contract_id = moved.id
        )
        INSERT INTO contracts_auditentry (
            actor_name, action, object_type, object_id, object_name, before, after, reason
        )
        SELECT 'Fincelo', 'Contract completed', 'contracts.contract', id, name,
               '{"state": "active"}', '{"state": "completed"}', ''
        FROM moved
        """,
        as_of=as_of,
    )


def _move(statement: str, *, as_of: date) -> int:
    moved: int = 0
    while True:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(statement, {"as_of": as_of, "chunk": CHUNK})
            moved += cursor.rowcount
            if cursor.rowcount < CHUNK:
                return moved
