"""The tie-out of a month: what the won deals of the CRMs have become, and what their contracts have.

A month's deals are those that closed in it; its contracts are those of these deals. Every figure is a sum
over entries of one statement, and the rows behind a figure are those entries: both always agree. A month is a
small part of the tables: OFFSET 0 holds the planner to look-ups by key, contract by contract.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection as database
from django.db import transaction

from contracts.money import Money
from crm_sync.enums import TieOutLine as Line

RED = (Line.MISSING, Line.DIFFERENT, Line.UNKNOWN, Line.OPEN)
"""Lines that are empty when the month ties out."""
DEALS = (
    Line.CONTRACTS,
    Line.HELD,
    Line.DISMISSED,
    Line.PREVIEWED,
    Line.KEPT,
    Line.PENDING,
    Line.MISSING,
    Line.DIFFERENT,
)
"""Together the won deals."""
CONTRACTS = (Line.CONTRACTS, Line.LEFT, Line.UNKNOWN)
"""Together all contracts."""
BILLING = (Line.INVOICED, Line.CREDITED, Line.PLANNED, Line.PAUSED, Line.ELSEWHERE, Line.OPEN)
"""Together what all contracts are worth."""

ENTRIES = """
WITH told AS (
    SELECT won.name, won.url, won.currency, coalesce(won.value_minor, 0) AS value, won.gone_at, deal.id AS deal_id,
        contract.id AS contract_id, contract.currency AS agreed_in, contract.value_minor AS agreed,
        CASE
            WHEN won.gone_at IS NULL AND deal.state = 'imported' AND deal.left_reason = '' THEN 'contracts'
            WHEN won.gone_at IS NULL AND deal.state IN ('held', 'dismissed', 'previewed') THEN deal.state
            WHEN won.gone_at IS NULL THEN 'missing'
            WHEN deal.left_reason <> '' THEN 'left'
            ELSE 'unknown'
        END::text AS became
    FROM crm_sync_wondeal won
    LEFT JOIN LATERAL (
        SELECT * FROM crm_sync_crmdeal deal WHERE deal.org_id = won.org_id AND deal.external_id = won.external_id OFFSET 0
    ) deal ON true
    LEFT JOIN contracts_contract contract ON contract.id = deal.contract_id
    WHERE won.day >= %(first)s AND won.day < %(next)s
), otherwise AS (
    SELECT told.*, CASE (
        SELECT outcome FROM crm_sync_syncrecord WHERE crm_deal_id = told.deal_id ORDER BY id DESC LIMIT 1
    ) WHEN 'refused' THEN 'kept' WHEN 'previewed' THEN 'pending' ELSE 'different' END AS line
    FROM told WHERE became = 'contracts' AND (currency, value) IS DISTINCT FROM (agreed_in, agreed)
), agreed AS (
    SELECT CASE became WHEN 'missing' THEN 'unknown' ELSE became END AS line, contract_id, name, agreed_in, agreed
    FROM told WHERE contract_id IS NOT NULL
    UNION ALL
    SELECT 'unknown', contract.id, contract.name, contract.currency, contract.value_minor
    FROM contracts_contract contract
    WHERE contract.start_date >= %(first)s AND contract.start_date < %(next)s
        AND contract.id NOT IN (SELECT contract_id FROM told WHERE contract_id IS NOT NULL) AND NOT EXISTS (
        SELECT FROM crm_sync_crmdeal deal JOIN crm_sync_wondeal won USING (org_id, external_id)
        WHERE deal.contract_id = contract.id
    )
), issued AS (
    SELECT agreed.contract_id, invoice.*
    FROM agreed, LATERAL (
        SELECT id, number, currency, CASE WHEN prices_include_tax THEN total_minor ELSE net_minor END AS asked
        FROM billing_invoice WHERE contract_id = agreed.contract_id AND state NOT IN ('draft', 'void') OFFSET 0
    ) invoice
), credited AS (
    SELECT issued.contract_id, issued.id AS invoice_id, note.id, note.number, note.currency, note.asked_minor
    FROM issued JOIN billing_creditnote note ON note.invoice_id = issued.id AND note.state = 'issued'
), instalments AS (
    SELECT agreed.contract_id, agreed.agreed_in, instalment.*
    FROM agreed, LATERAL (
        SELECT contract.name, instalment.sequence, instalment.amount_minor,
            CASE
                WHEN instalment.state = 'billed_elsewhere' THEN 'elsewhere'
                WHEN contract.state IN ('scheduled', 'active') THEN 'planned'
                ELSE 'paused'
            END AS line
        FROM contracts_contract contract
        JOIN billing_billingschedule schedule ON schedule.contract_id = contract.id
        JOIN billing_instalment instalment ON instalment.schedule_id = schedule.id
        WHERE contract.id = agreed.contract_id AND instalment.state <> 'invoiced' OFFSET 0
    ) instalment
), balances AS (
    SELECT contract_id, currency, sum(amount) AS amount FROM (
        SELECT contract_id, agreed_in AS currency, agreed AS amount FROM agreed
        UNION ALL SELECT contract_id, currency, -asked FROM issued
        UNION ALL SELECT contract_id, agreed_in, -amount_minor FROM instalments
    ) parts GROUP BY contract_id, currency HAVING sum(amount) <> 0
), entries AS (
    SELECT 'won' AS line, currency, value AS amount, 1 AS number, 'deal' AS kind, NULL::bigint AS key, name AS label, url
    FROM told WHERE gone_at IS NULL
    UNION ALL
    SELECT became, currency, value, 1, CASE became WHEN 'held' THEN 'hold' ELSE 'deal' END, deal_id, name, url
    FROM told WHERE became IN ('held', 'dismissed', 'previewed', 'missing')
    UNION ALL
    SELECT 'contracts', agreed_in, agreed, 1, 'contract', contract_id, name, url FROM told WHERE became = 'contracts'
    UNION ALL
    SELECT line, currency, value - CASE WHEN currency = agreed_in THEN agreed ELSE 0 END,
        CASE WHEN currency = agreed_in THEN 0 ELSE 1 END, 'contract', contract_id, name, url
    FROM otherwise
    UNION ALL
    SELECT line, agreed_in, -agreed, -1, 'contract', contract_id, name, url FROM otherwise WHERE currency <> agreed_in
    UNION ALL
    SELECT line, agreed_in, agreed, 1, 'contract', contract_id, name, '' FROM agreed WHERE line <> 'contracts'
    UNION ALL
    SELECT 'agreed', agreed_in, agreed, 1, 'contract', contract_id, name, '' FROM agreed
    UNION ALL
    SELECT 'invoiced', issued.currency, issued.asked - coalesce(less.asked, 0), 1, 'invoice', issued.id, issued.number, ''
    FROM issued LEFT JOIN (
        SELECT invoice_id, sum(asked_minor) AS asked FROM credited GROUP BY invoice_id
    ) less ON less.invoice_id = issued.id
    UNION ALL
    SELECT 'credited', currency, asked_minor, 1, 'credit_note', id, number, '' FROM credited
    UNION ALL
    SELECT line, agreed_in, amount_minor, 1, 'contract', contract_id, name || ', period ' || sequence, ''
    FROM instalments
    UNION ALL
    SELECT 'open', balances.currency, balances.amount, 1, 'contract', contract_id, contract.name, ''
    FROM balances JOIN contracts_contract contract ON contract.id = contract_id
)
"""  # noqa: E501  one entry, one line
IN_ORDER = list(Line)
FIGURES = (
    ENTRIES
    + """
SELECT line, currency, count(*), sum(number), sum(amount) FROM entries GROUP BY line, currency
"""
)
FIGURE = (
    ENTRIES
    + """
SELECT count(*), coalesce(sum(number), 0), coalesce(sum(amount), 0) FROM entries
WHERE line = %(line)s AND currency = %(currency)s
"""
)
ROWS = (
    ENTRIES
    + """
SELECT kind, key, label, url, currency, amount FROM entries
WHERE line = %(line)s AND currency = %(currency)s ORDER BY label, key, amount
LIMIT %(limit)s OFFSET %(offset)s
"""
)
MONTHS = """
SELECT date_trunc('month', day)::date FROM crm_sync_wondeal
UNION SELECT date_trunc('month', start_date)::date FROM contracts_contract contract
WHERE NOT EXISTS (
    SELECT FROM crm_sync_crmdeal deal JOIN crm_sync_wondeal won USING (org_id, external_id)
    WHERE deal.contract_id = contract.id
)
UNION SELECT month FROM crm_sync_tieout
ORDER BY 1
"""
UNDECIDED = """
SELECT count(DISTINCT change.id) FROM billing_contractchange change
JOIN crm_sync_crmdeal deal ON deal.contract_id = change.contract_id
JOIN crm_sync_wondeal won USING (org_id, external_id)
WHERE change.state = 'open' AND won.day >= %(first)s AND won.day < %(next)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of a month in one currency, in minor units. No currency: deals whose value cannot be read."""

    line: Line
    currency: str
    rows: int
    """How many rows stand behind it."""
    number: int = 0
    """What it adds to the number of its side: a mere difference in value adds none."""
    amount: int = 0

    @property
    def is_red(self) -> bool:
        return self.line in RED and self.rows > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What stands behind a figure: a deal, a hold, a contract, an invoice or a credit note."""

    kind: str
    key: int | None
    label: str
    url: str
    currency: str
    amount: int

    @property
    def money(self) -> Money | None:
        return Money(minor=self.amount, currency=self.currency) if self.currency else None


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def previous_month(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def figures(*, month: date) -> list[Figure]:
    """The lines that have rows, by currency and in their order. `month` is its first day.

    Checks compare them with what was stored: another order would count as another result.
    """
    found = [
        Figure(line=Line(line), currency=currency, rows=rows, number=int(number), amount=int(amount))
        for line, currency, rows, number, amount in _all(FIGURES, **_span(month))
    ]
    return sorted(found, key=lambda one: (one.currency, IN_ORDER.index(one.line)))


def figure(*, month: date, line: Line, currency: str) -> Figure:
    """One of the lines, with or without rows. Costs what lies behind it, not the whole month."""
    (found,) = _all(FIGURE, **_span(month), line=line.value, currency=currency)
    rows, number, amount = (int(one) for one in found)
    return Figure(line=line, currency=currency, rows=rows, number=number, amount=amount)


def rows(*, month: date, line: Line, currency: str, limit: int | None = None, offset: int = 0) -> list[Row]:
    """What stands behind a figure."""
    params = {"line": line.value, "currency": currency, "limit": limit, "offset": offset}
    return [
        Row(kind=kind, key=key, label=label, url=url, currency=currency, amount=int(amount))
        for kind, key, label, url, currency, amount in _all(ROWS, **_span(month), **params)
    ]


def undecided(*, month: date) -> int:
    """How many CRM changes are open about the deals that closed in it, lost ones included."""
    ((number,),) = _all(UNDECIDED, **_span(month))
    return int(number)


def months() -> list[date]:
    """Those that have anything to tie out, and those that were checked before."""
    return [month for (month,) in _all(MONTHS)]


def _span(month: date) -> dict[str, date]:
    return {"first": month, "next": next_month(month)}


def _all(sql: str, **params: Any) -> Sequence[tuple[Any, ...]]:
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")  # a month's instalments fit
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
