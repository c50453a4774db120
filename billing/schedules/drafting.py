"""Drafts: what would be issued, until a person has approved it. A draft has no number and no date."""

from collections.abc import Collection

from django.db import connection

from billing.locks import lock_contracts
from billing.models import WAITS


def withdraw_drafts(*, contract_ids: Collection[int]) -> int:
    """Drops the drafts of contracts; their periods are planned again. The caller has locked the contracts."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH withdrawn AS (
                SELECT id, instalment_id FROM billing_invoice
                WHERE state = 'draft' AND contract_id = ANY(%s::bigint[])
            ), lines AS (
                DELETE FROM billing_invoiceline line USING withdrawn WHERE line.invoice_id = withdrawn.id
            ), gone AS (
                DELETE FROM billing_invoice invoice USING withdrawn WHERE invoice.id = withdrawn.id
            )
            UPDATE billing_instalment instalment SET state = 'planned'
            FROM withdrawn WHERE instalment.id = withdrawn.instalment_id
            """,
            [list(contract_ids)],
        )
        withdrawn: int = cursor.rowcount
        return withdrawn


def withdraw_drafts_of_stopped() -> int:
    """Drafts of contracts that are not billed now, as after their deal left won."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT contract.id
            FROM billing_invoice invoice
            JOIN contracts_contract contract ON contract.id = invoice.contract_id
            JOIN billing_billingschedule schedule ON schedule.contract_id = contract.id
            WHERE invoice.state = 'draft'
              AND (contract.state NOT IN ('scheduled', 'active') OR schedule.state <> 'active' OR {WAITS})
            """  # noqa: S608  constants
        )
        stopped = [id_ for (id_,) in cursor.fetchall()]
    if not stopped:
        return 0
    # Not asked again: a contract that was resumed since gets its drafts again from the next run.
    lock_contracts(contract_ids=stopped)
    return withdraw_drafts(contract_ids=stopped)
