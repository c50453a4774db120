"""Turns due instalments into issued invoices: one statement, whatever their number."""

from collections.abc import Sequence
from datetime import date, timedelta

from django.db import connection

from billing.due import Total
from billing.letterheads import seller_copy
from billing.mailing.posting import FIRST_STATE
from billing.models import BillingRun, LegalEntity
from billing.numbering import take_numbers
from contracts.bulk import as_json


def issue_invoices(
    *, instalment_ids: Sequence[int], legal_entity: LegalEntity, run: BillingRun, issue_date: date
) -> list[Total]:
    """Issues one invoice for each instalment, numbered in the order given, with a copy of seller and buyer.

    Each gets its place in the outbox in the same statement: a mail that waits, or the reason why none does.
    The caller holds the locks of the contracts and has seen that the instalments are due.
    """
    numbers = take_numbers(legal_entity=legal_entity, issue_date=issue_date, count=len(instalment_ids))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH issued AS (
                INSERT INTO billing_invoice (
                    legal_entity_id, contract_id, customer_id, instalment_id, billing_run_id,
                    state, number, year, sequence, issue_date, due_date,
                    currency, net_minor, total_minor, payment_terms_days, po_number, seller, buyer
                )
                SELECT
                    %(entity)s, contract.id, customer.id, instalment.id, %(run)s,
                    'issued', numbered.text, %(year)s, numbered.sequence, %(issue_date)s, %(due_date)s,
                    contract.currency, instalment.amount_minor, instalment.amount_minor, %(terms)s,
                    contract.po_number, %(seller)s::jsonb,
                    jsonb_build_object(
                        'name', customer.name, 'address', customer.address,
                        'tax_id', customer.tax_id, 'billing_email', customer.billing_email,
                        'language', customer.language
                    )
                FROM unnest(%(ids)s::bigint[], %(sequences)s::integer[], %(texts)s::text[])
                    AS numbered (instalment_id, sequence, text)
                JOIN billing_instalment instalment ON instalment.id = numbered.instalment_id
                JOIN billing_billingschedule schedule ON schedule.id = instalment.schedule_id
                JOIN contracts_contract contract ON contract.id = schedule.contract_id
                JOIN contracts_customer customer ON customer.id = contract.customer_id
                ORDER BY numbered.sequence
                RETURNING id, instalment_id, contract_id, currency, net_minor, buyer
            ), charged AS (
                INSERT INTO billing_invoiceline (
                    invoice_id, position, description, period_start, period_end, amount_minor
                )
                SELECT
                    issued.id, 1, contract.name,
                    instalment.period_start, instalment.period_end, issued.net_minor
                FROM issued
                JOIN billing_instalment instalment ON instalment.id = issued.instalment_id
                JOIN contracts_contract contract ON contract.id = issued.contract_id
            ), billed AS (
                UPDATE billing_instalment instalment SET state = 'invoiced'
                FROM issued WHERE instalment.id = issued.instalment_id
            ), posted AS (
                INSERT INTO billing_invoicemail (invoice_id, state)
                SELECT id, {FIRST_STATE} FROM issued
            )
            SELECT currency, count(*), sum(net_minor) FROM issued GROUP BY currency
            """,  # noqa: S608  a constant
            {
                "entity": legal_entity.pk,
                "run": run.pk,
                "year": issue_date.year,
                "issue_date": issue_date,
                "due_date": issue_date + timedelta(days=legal_entity.payment_terms_days),
                "terms": legal_entity.payment_terms_days,
                "seller": as_json(seller_copy(legal_entity=legal_entity)),
                "ids": list(instalment_ids),
                "sequences": [number.sequence for number in numbers],
                "texts": [number.text for number in numbers],
            },
        )
        return [
            Total(currency=currency, invoices=invoices, minor=int(minor))
            for currency, invoices, minor in cursor.fetchall()
        ]
