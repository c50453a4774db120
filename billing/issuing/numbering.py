"""Numbers of invoices and credit notes: one gapless series for each kind, legal entity and year."""

from datetime import date, datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Max

from billing.enums import InvoiceState, SeriesKind
from billing.issuing.restoring import (
    DatabaseRestored,
    begin_witness,
    ensure_not_restored,
    witness_when_committed,
)
from billing.models import NUMBER_LENGTH, Invoice, LegalEntity, NumberSeries
from billing.values import SeriesKey
from contracts.clock import ClocksDiffer, business_day, database_now, ensure_clocks_agree


class UnableToIssueInvoice(Exception):
    """No invoice can be issued on that day, for any contract."""


class DocumentNumber(NamedTuple):
    sequence: int
    text: str


def take_numbers(
    *, legal_entity: LegalEntity, issue_date: date, count: int, kind: SeriesKind = SeriesKind.INVOICE
) -> list[DocumentNumber]:
    """The next numbers of the issue date's year.

    The last lock a transaction takes, because every other issue waits for it; a rollback puts the numbers
    back. Issue dates never fall as numbers rise, so a day before the last issue is refused. A document that
    an earlier version dated after the database's day closes no day up to today.
    """
    lineage = _lineage()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO billing_numberseries AS series (
                legal_entity_id, kind, year, next_number, last_issue_date
            )
            VALUES (%(entity)s, %(kind)s, %(year)s, 1 + %(count)s, %(issue_date)s)
            ON CONFLICT (legal_entity_id, year, kind) DO UPDATE
            SET next_number = series.next_number + %(count)s, last_issue_date = excluded.last_issue_date
            WHERE series.last_issue_date IS NULL OR series.last_issue_date <= excluded.last_issue_date
               OR excluded.last_issue_date >= contracts_business_day()
            RETURNING next_number - %(count)s, clock_timestamp()
            """,
            {
                "entity": legal_entity.pk,
                "kind": kind.value,
                "year": issue_date.year,
                "count": count,
                "issue_date": issue_date,
            },
        )
        row = cursor.fetchone()
    if row is None:
        series = NumberSeries.objects.get(legal_entity=legal_entity, year=issue_date.year, kind=kind)
        raise UnableToIssueInvoice(day_refusal(kind=kind, last=series.last_issue_date, day=issue_date))
    _ensure_clocks_agree(database=row[1])
    witness_when_committed(
        lineage=lineage,
        key=SeriesKey(legal_entity_id=legal_entity.pk, kind=kind.value, year=issue_date.year),
        number=row[0] + count - 1,
    )
    prefix = legal_entity.invoice_prefix if kind == SeriesKind.INVOICE else legal_entity.credit_note_prefix
    begin = f"{prefix}-{issue_date.year}-"
    numbers = [
        DocumentNumber(sequence, f"{begin}{sequence:06d}") for sequence in range(row[0], row[0] + count)
    ]
    last = numbers[-1].text
    if len(last) > NUMBER_LENGTH:
        raise UnableToIssueInvoice(
            f"Number {last} has more than {NUMBER_LENGTH} characters. Shorten the prefix."
        )
    return numbers


def ensure_may_issue(*, day: date) -> None:
    """Raises UnableToIssueInvoice for a day after the database's, and where this machine's clock is wrong."""
    _lineage()
    try:
        begin_witness()
    except OSError as error:
        raise UnableToIssueInvoice(
            "Nothing is issued: the numbers given are also kept in the file that WITNESS_PATH names, and it "
            f"cannot be written ({error.strerror}). Make it writable for this process."
        ) from None
    _ensure_clocks_agree(database=database_now())
    today = business_day()
    if day > today:
        raise UnableToIssueInvoice(ahead_refusal(day=day, today=today))


def _lineage() -> str:
    """Of the database that issues. UnableToIssueInvoice where it was restored and nobody confirmed that."""
    try:
        return ensure_not_restored()
    except DatabaseRestored as restored:
        raise UnableToIssueInvoice(str(restored)) from None


def _ensure_clocks_agree(*, database: datetime) -> None:
    try:
        ensure_clocks_agree(database=database)
    except ClocksDiffer as wrong:
        raise UnableToIssueInvoice(str(wrong)) from None


def ahead_refusal(*, day: date, today: date) -> str:
    return (
        f"{day} lies after today, {today}, and no invoice gets a date ahead: the day can only be previewed. "
        "Bill without a day to issue what is due today, or come back on that day."
    )


def free_days_before(*, legal_entity_id: int, day: date) -> None:
    """Lets invoices continue from the last one that still counts, once the last ones of a day are void."""
    invoices = Invoice.objects.filter(legal_entity=legal_entity_id, year=day.year)
    last = invoices.exclude(state=InvoiceState.VOID).aggregate(last=Max("issue_date"))["last"]
    NumberSeries.objects.filter(
        legal_entity=legal_entity_id, year=day.year, kind=SeriesKind.INVOICE, last_issue_date=day
    ).update(last_issue_date=last)


def day_refusal(*, kind: SeriesKind, last: date | None, day: date) -> str:
    return (
        f"{kind.label} dated {last} are issued already, so none can be dated {day}. "
        f"Bill as of {last} or later, or void what is dated {last} if it has not been sent: that frees the "
        "days before."
    )
