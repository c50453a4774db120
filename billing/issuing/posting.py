"""The place of issued documents in the outbox: written in the transaction that issues them."""

from django.db import connection

from billing.models import CreditNote

FIRST_STATE = """
    CASE
        WHEN NOT coalesce((SELECT automatic FROM billing_mailing), false) THEN 'by_hand'
        WHEN buyer ->> 'billing_email' = '' THEN 'no_address'
        ELSE 'waiting'
    END
"""
"""Of a mail whose invoice has this frozen `buyer`, in SQL."""

_POST_CREDIT_NOTE = """
    INSERT INTO billing_invoicemail (invoice_id, credit_note_id, state)
    SELECT invoice.id, %(note)s, CASE
        WHEN NOT coalesce((SELECT automatic FROM billing_mailing), false) OR NOT (
            invoice.sent_at IS NOT NULL OR EXISTS (
                SELECT 1 FROM billing_invoicemail mail
                WHERE mail.invoice_id = invoice.id AND mail.credit_note_id IS NULL
                  AND mail.state IN ('no_address', 'waiting', 'sending', 'bounced', 'failed')
            )
        ) THEN 'by_hand'
        WHEN customer.billing_email = '' THEN 'no_address'
        ELSE 'waiting'
    END
    FROM billing_invoice invoice
    JOIN contracts_customer customer ON customer.id = invoice.customer_id
    WHERE invoice.id = %(invoice)s
"""


def post_credit_note(*, note: CreditNote) -> None:
    """As its invoice: one that waits for somebody to send it has credit notes that wait as well."""
    with connection.cursor() as cursor:
        cursor.execute(_POST_CREDIT_NOTE, {"note": note.pk, "invoice": note.invoice_id})
