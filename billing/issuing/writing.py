"""Turns due instalments into issued invoices: one statement, whatever their number."""

from collections.abc import Sequence
from datetime import date

from django.db import connection

from billing.enums import InstalmentState, InvoiceState
from billing.issuing.letterheads import seller_copy, take_effect
from billing.issuing.numbering import take_numbers
from billing.issuing.posting import FIRST_STATE
from billing.models import BillingRun, LegalEntity
from billing.models.particulars import HAS_PARTS
from billing.schedules.due import Total
from billing.tax import TAX_SQL
from contracts.bulk import as_array, as_json
from contracts.custom_fields import printed_fields

_TAX = TAX_SQL.format(amount="facts.amount_minor", rate="facts.rate", included="%(included)s")
_PRINTED = """
    CASE WHEN cardinality(%(labels)s::text[]) = 0 THEN '[]'::jsonb ELSE (
        SELECT coalesce(
            jsonb_agg(jsonb_build_object('label', label, 'type', type, 'value', value) ORDER BY place), '[]'
        )
        FROM (
            SELECT place, label, type, CASE home
                WHEN 'customer' THEN customer.custom_fields ->> label ELSE contract.custom_fields ->> label
            END AS value
            FROM unnest(%(homes)s::text[], %(labels)s::text[], %(types)s::text[])
                WITH ORDINALITY AS printed (home, label, type, place)
        ) told WHERE value <> ''
    ) END
"""
"""The custom fields that are printed, of the contract and its customer, where they have a value."""
_LINES = """(
    SELECT coalesce(jsonb_agg(btrim(line, E' \\t\\r') ORDER BY place), '[]')
    FROM regexp_split_to_table(
        CASE WHEN {has_parts} THEN customer.street ELSE customer.address END, E'\\n'
    ) WITH ORDINALITY AS split (line, place)
    WHERE btrim(line, E' \\t\\r') <> ''
)""".format(has_parts=HAS_PARTS.format("customer"))  # noqa: S608  constants
_BUYER = f"""jsonb_build_object(
    'format', 2, 'name', customer.name, 'printed_name', customer.printed_name,
    'trading_name', customer.trading_name, 'kind', customer.kind,
    'address', jsonb_build_object(
        'lines', {_LINES}, 'post_code', customer.post_code, 'city', customer.city,
        'region', customer.region, 'country', customer.country
    ),
    'vat_id', customer.vat_id, 'tax_number', customer.tax_number,
    'company_id', customer.company_id, 'company_id_scheme', customer.company_id_scheme,
    'buyer_id', customer.buyer_id, 'buyer_reference', customer.buyer_reference,
    'accounting_reference', customer.accounting_reference,
    'electronic_address', jsonb_build_object(
        'scheme', customer.electronic_scheme, 'id', customer.electronic_address
    ),
    'contact', jsonb_build_object(
        'name', customer.contact_name, 'phone', customer.contact_phone, 'email', customer.contact_email
    ),
    'billing_email', customer.billing_email, 'language', customer.language
)"""
_ISSUE = f"""
    WITH priced AS MATERIALIZED (
        SELECT
            nextval((SELECT pg_get_serial_sequence('billing_invoice', 'id')::regclass)) AS id,
            %(first)s::integer + numbered.place - 1 AS sequence, numbered.text, numbered.instalment_id,
            facts.*, computed.tax,
            facts.amount_minor - CASE WHEN %(included)s THEN computed.tax ELSE 0 END AS net
        FROM unnest(%(ids)s::bigint[], string_to_array(%(texts)s, ','))
            WITH ORDINALITY AS numbered (instalment_id, text, place),
        LATERAL (
            SELECT
                instalment.amount_minor, instalment.period_start, instalment.period_end,
                contract.id AS contract_id, contract.name AS description,
                contract.currency, contract.po_number, customer.id AS customer_id,
                coalesce(customer.tax_rate, %(rate)s) AS rate,
                coalesce(customer.payment_terms_days, %(terms)s) AS terms,
                {_BUYER} AS buyer,
                {_PRINTED} AS custom_fields
            FROM billing_instalment instalment
            JOIN billing_billingschedule schedule ON schedule.id = instalment.schedule_id
            JOIN contracts_contract contract ON contract.id = schedule.contract_id
            JOIN contracts_customer customer ON customer.id = contract.customer_id
            WHERE instalment.id = numbered.instalment_id
            OFFSET 0 -- look-ups by key, with or without statistics; in the order of the numbers
        ) facts,
        LATERAL (SELECT {_TAX} AS tax) computed
    ), issued AS (
        INSERT INTO billing_invoice (
            id, legal_entity_id, contract_id, customer_id, instalment_id, billing_run_id,
            state, number, year, sequence, issue_date, due_date,
            currency, net_minor, tax_minor, total_minor, tax_summary, prices_include_tax,
            payment_terms_days, po_number, seller, buyer, custom_fields
        )
        SELECT
            id, %(entity)s, contract_id, customer_id, instalment_id, %(run)s,
            %(state)s, text, %(year)s, sequence, %(issue_date)s, %(issue_date)s::date + terms,
            currency, net, tax, net + tax,
            jsonb_build_array(jsonb_build_object('rate', rate, 'net_minor', net, 'tax_minor', tax)),
            %(included)s, terms, po_number, %(seller)s::jsonb, buyer, custom_fields
        FROM priced
    ), charged AS (
        INSERT INTO billing_invoiceline (
            invoice_id, position, description, period_start, period_end, amount_minor, tax_rate
        )
        SELECT id, 1, description, period_start, period_end, net, rate FROM priced
    ), billed AS (
        UPDATE billing_instalment SET state = %(billed)s
        WHERE id = ANY(ARRAY(SELECT instalment_id FROM priced))
    ), posted AS (
        INSERT INTO billing_invoicemail (invoice_id, state)
        SELECT id, {FIRST_STATE} FROM priced WHERE %(state)s = 'issued'
    )
    SELECT currency, count(*), sum(amount_minor) FROM priced GROUP BY currency
"""  # noqa: S608  constants


def issue_invoices(
    *, instalment_ids: Sequence[int], legal_entity: LegalEntity, run: BillingRun, issue_date: date
) -> list[Total]:
    """Issues one invoice for each instalment, numbered in the order given, with a copy of seller and buyer.

    Each gets its place in the outbox in the same statement: a mail that waits, or the reason why none does.
    The caller holds the locks of the contracts and has seen that the instalments are due.
    """
    numbers = take_numbers(legal_entity=legal_entity, issue_date=issue_date, count=len(instalment_ids))
    return _write(
        instalment_ids=instalment_ids,
        legal_entity=legal_entity,
        run=run,
        issue_date=issue_date,
        state=InvoiceState.ISSUED,
        first=numbers[0].sequence,
        texts=[number.text for number in numbers],
    )


def draft_invoices(
    *, instalment_ids: Sequence[int], legal_entity: LegalEntity, run: BillingRun
) -> list[Total]:
    """Writes what would be issued, without number and date. The caller holds the locks of the contracts."""
    return _write(
        instalment_ids=instalment_ids,
        legal_entity=legal_entity,
        run=run,
        issue_date=None,
        state=InvoiceState.DRAFT,
        first=None,
        texts=[],
    )


def _write(
    *,
    instalment_ids: Sequence[int],
    legal_entity: LegalEntity,
    run: BillingRun,
    issue_date: date | None,
    state: InvoiceState,
    first: int | None,
    texts: Sequence[str],
) -> list[Total]:
    if issue_date is not None:
        take_effect(legal_entity=legal_entity, day=issue_date)
    printed = printed_fields()
    with connection.cursor() as cursor:
        cursor.execute(
            _ISSUE,
            {
                "homes": [field.home for field in printed],
                "labels": [field.label for field in printed],
                "types": [field.type for field in printed],
                "entity": legal_entity.pk,
                "run": run.pk,
                "year": issue_date.year if issue_date else None,
                "issue_date": issue_date,
                "terms": legal_entity.payment_terms_days,
                "rate": legal_entity.default_tax_rate,
                "included": legal_entity.prices_include_tax,
                "seller": as_json(seller_copy(legal_entity=legal_entity)),
                "ids": as_array(instalment_ids),
                "first": first,
                "texts": ",".join(texts),
                "state": state.value,
                "billed": (
                    InstalmentState.DRAFTED if state == InvoiceState.DRAFT else InstalmentState.INVOICED
                ).value,
            },
        )
        return [
            Total(currency=currency, invoices=invoices, minor=int(minor))
            for currency, invoices, minor in cursor.fetchall()
        ]
