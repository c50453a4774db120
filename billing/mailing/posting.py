"""The place of issued invoices in the outbox: written by the statement that issues them."""

FIRST_STATE = """
    CASE
        WHEN NOT coalesce((SELECT automatic FROM billing_mailing), false) THEN 'by_hand'
        WHEN buyer ->> 'billing_email' = '' THEN 'no_address'
        ELSE 'waiting'
    END
"""
"""Of a mail whose invoice has this frozen `buyer`, in SQL."""
