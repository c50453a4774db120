"""What is due: planned, its billing date reached, its schedule active and its contract billable."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from django.db import connection

CHUNK = 5_000

# The states are spelled out, so that the partial index of planned instalments is used.
_DUE = """
    FROM billing_instalment instalment
    JOIN billing_billingschedule schedule
      ON schedule.id = instalment.schedule_id AND schedule.state = 'active'
    JOIN contracts_contract contract
      ON contract.id = schedule.contract_id AND contract.state IN ('scheduled', 'active')
    WHERE instalment.state = 'planned' AND instalment.billing_date <= %(as_of)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueInstalment:
    id: int
    contract_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The invoices in one currency."""

    currency: str
    invoices: int
    minor: int


def due_chunks(*, as_of: date) -> Iterator[list[DueInstalment]]:
    """Everything due, oldest first. What becomes due or is billed meanwhile may or may not be in it."""
    after: tuple[date, int] = (date.min, 0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT instalment.id, contract.id, instalment.billing_date {_DUE}
                  AND (instalment.billing_date, instalment.id) > (%(date)s, %(id)s)
                ORDER BY instalment.billing_date, instalment.id
                LIMIT %(chunk)s
                """,
                {"as_of": as_of, "date": after[0], "id": after[1], "chunk": CHUNK},
            )
            rows = cursor.fetchall()
        if rows:
            yield [DueInstalment(id=id_, contract_id=contract_id) for id_, contract_id, _ in rows]
        if len(rows) < CHUNK:
            return
        after = (rows[-1][2], rows[-1][0])


def still_due(*, as_of: date, ids: Collection[int]) -> set[int]:
    """Which of them are due yet, read after their contracts were locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT instalment.id {_DUE} AND instalment.id = ANY(%(ids)s::bigint[])",
            {"as_of": as_of, "ids": list(ids)},
        )
        return {id_ for (id_,) in cursor.fetchall()}


def preview_due(*, as_of: date) -> list[Total]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT contract.currency, count(*), sum(instalment.amount_minor) {_DUE}
            GROUP BY contract.currency
            ORDER BY contract.currency
            """,
            {"as_of": as_of},
        )
        return [
            Total(currency=currency, invoices=invoices, minor=int(minor))
            for currency, invoices, minor in cursor.fetchall()
        ]
