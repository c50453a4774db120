"""Contracts with instalments that are due, made by the database itself."""

from datetime import date

from django.db import connection

from billing.models import BillingSchedule, Instalment, LegalEntity
from contracts.bulk import analyse
from contracts.models import Contract, Customer

AS_OF = date(2026, 11, 22)

_FILL = """
    INSERT INTO contracts_customer (
        name, billing_email, street, city, country, tax_number, tax_rate
    )
    SELECT 'Customer ' || n, 'billing' || n || '@example.com',
           n || ' Main Street', 'Springfield', 'US', 'US-' || n,
           CASE WHEN %(mixed)s THEN (ARRAY[NULL, 19000, 7000, 8875, 0])[1 + n %% 5] END
    FROM generate_series(1, %(contracts)s) n;

    INSERT INTO contracts_contract (
        customer_id, name, currency, value_minor, start_date, end_date, duration_months, billing_cycle, state
    )
    SELECT id, name || ' subscription',
           CASE WHEN %(mixed)s AND n %% 3 = 0 THEN 'EUR' ELSE 'USD' END,
           (120000 + id %% 1000) * 12, start_date, start_date + interval '12 months', 12, 'monthly', 'active'
    FROM (
        SELECT *, (
            %(as_of)s::date
            - make_interval(months => CASE WHEN %(mixed)s THEN (ARRAY[0, 2, 1, 1])[1 + n %% 4] ELSE 0 END)
        )::date AS start_date
        FROM (SELECT *, row_number() OVER (ORDER BY id) AS n FROM contracts_customer) customer
        WHERE NOT EXISTS (SELECT 1 FROM contracts_contract WHERE customer_id = customer.id)
    ) customer;

    INSERT INTO billing_billingschedule (contract_id, state)
    SELECT id, 'active' FROM contracts_contract contract
    WHERE NOT EXISTS (SELECT 1 FROM billing_billingschedule WHERE contract_id = contract.id)
    ORDER BY id;

    INSERT INTO billing_instalment (
        schedule_id, sequence, period_start, period_end, amount_minor, billing_date, state, is_cleared
    )
    SELECT schedule.id, month + 1,
           contract.start_date + make_interval(months => month),
           contract.start_date + make_interval(months => month + 1),
           contract.value_minor / 12, contract.start_date + make_interval(months => month),
           'planned', %(mixed)s
    FROM billing_billingschedule schedule
    JOIN contracts_contract contract ON contract.id = schedule.contract_id, generate_series(0, 11) month
    WHERE NOT EXISTS (SELECT 1 FROM billing_instalment WHERE schedule_id = schedule.id)
    ORDER BY schedule.id, month;
"""


def fill(*, due: int, mixed: bool) -> None:
    """As many more monthly contracts over a year, each with its first instalment due.

    Mixed: half as many, with one, two or three instalments due, in two currencies and at four tax rates.
    """
    LegalEntity.objects.update(
        name="Fincelo Inc",
        street="2 Side Street",
        city="Springfield",
        country="US",
        tax_number="US-2",
        default_tax_rate=0,
    )
    with connection.cursor() as cursor:
        cursor.execute(_FILL, {"contracts": due // 2 if mixed else due, "mixed": mixed, "as_of": AS_OF})
    analyse(models=[Customer, Contract, BillingSchedule, Instalment])
