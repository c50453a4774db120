"""What is due: planned, its billing date reached, its schedule active, its contract billable and not waiting.

The states are spelled out, so that the partial index of planned instalments serves. OFFSET 0 holds the
planner to look-ups by key: right after a large import it has no statistics, and other plans take minutes.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db import connection

from billing.models import WAITS
from contracts.bulk import as_array
from contracts.money import sums_by_currency

CHUNK = 5_000

BILLABLE = f"""
    LATERAL (
        SELECT contract.id, contract.currency
        FROM billing_billingschedule schedule
        JOIN contracts_contract contract ON contract.id = schedule.contract_id
        WHERE schedule.id = instalment.schedule_id
          AND schedule.state = 'active' AND contract.state IN ('scheduled', 'active')
          AND NOT ({WAITS})
        OFFSET 0
    ) contract ON true
"""  # noqa: S608  constants


class DueInstalment(NamedTuple):
    """A row as the database gives it: there are many."""

    id: int
    contract_id: int
    minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The invoices in one currency, at what the contracts say: without tax where that is added."""

    currency: str
    invoices: int
    minor: int


def added_up(totals: Iterable[Total]) -> list[Total]:
    """One for each currency."""
    read = list(totals)
    minor = sums_by_currency((one.currency, one.minor) for one in read)
    invoices = sums_by_currency((one.currency, one.invoices) for one in read)
    return [
        Total(currency=currency, invoices=count, minor=minor[currency])
        for currency, count in invoices.items()
    ]


def due_chunks(*, as_of: date) -> Iterator[list[DueInstalment]]:
    """Everything due, oldest first. What becomes due or is billed meanwhile may or may not be in it."""
    day, last = date.min, 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                WITH instalment AS MATERIALIZED (
                    SELECT id, billing_date, schedule_id, amount_minor
                    FROM billing_instalment
                    WHERE state = 'planned' AND billing_date <= %(as_of)s AND parked_by_id IS NULL
                      AND (billing_date, id) > (%(date)s, %(id)s)
                    ORDER BY billing_date, id
                    LIMIT %(chunk)s
                )
                SELECT
                    instalment.billing_date, instalment.id, contract.id,
                    instalment.amount_minor, contract.currency
                FROM instalment LEFT JOIN {BILLABLE}
                ORDER BY instalment.billing_date, instalment.id
                """,  # noqa: S608  constants
                {"as_of": as_of, "date": day, "id": last, "chunk": CHUNK},
            )
            rows = cursor.fetchall()
        due = [
            DueInstalment(id_, contract_id, minor, currency)
            for _, id_, contract_id, minor, currency in rows
            if contract_id
        ]
        if due:
            yield due
        if len(rows) < CHUNK:
            return
        day, last = rows[-1][:2]


def still_due(*, as_of: date, ids: Collection[int]) -> set[int]:
    """Which of them are due yet, read after their contracts were locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT instalment.id
            FROM billing_instalment instalment JOIN {BILLABLE}
            WHERE instalment.id = ANY(%(ids)s::bigint[])
              AND instalment.state = 'planned' AND instalment.billing_date <= %(as_of)s
              AND instalment.parked_by_id IS NULL
            """,  # noqa: S608  constants
            {"as_of": as_of, "ids": as_array(ids)},
        )
        return {id_ for (id_,) in cursor.fetchall()}


def due_of(*, contract_ids: Collection[int], as_of: date) -> list[DueInstalment]:
    """What is due of these contracts, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT instalment.id, contract.id, instalment.amount_minor, contract.currency
            FROM billing_billingschedule planned
            JOIN billing_instalment instalment ON instalment.schedule_id = planned.id
            JOIN {BILLABLE}
            WHERE planned.contract_id = ANY(%(contracts)s::bigint[])
              AND instalment.state = 'planned' AND instalment.billing_date <= %(as_of)s
              AND instalment.parked_by_id IS NULL
            ORDER BY instalment.billing_date, instalment.id
            """,  # noqa: S608  constants
            {"as_of": as_of, "contracts": as_array(contract_ids)},
        )
        return [DueInstalment(*row) for row in cursor.fetchall()]
