"""Gives issued invoices their place in the outbox. Called in the transaction that issues them."""

from collections.abc import Sequence

from django.db import connection

FIRST_STATE = """
    CASE
        WHEN NOT coalesce((SELECT automatic FROM billing_mailing), false) THEN 'by_hand'
        WHEN buyer ->> 'billing_email' = '' THEN 'no_address'
        ELSE 'waiting'
    END
"""
"""Of a mail whose invoice has this frozen `buyer`, in SQL."""


def post_mails(*, invoice_ids: Sequence[int]) -> None:
    """One statement, whatever their number, for invoices that were drafts before."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO billing_invoicemail (invoice_id, state)
            SELECT id, {FIRST_STATE} FROM billing_invoice WHERE id = ANY(%s::bigint[])
            """,  # noqa: S608  a constant
            [list(invoice_ids)],
        )
