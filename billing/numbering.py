"""Invoice numbers: one gapless series for each legal entity and year."""

from dataclasses import dataclass
from datetime import date

from django.db import connection

from billing.models import Invoice, LegalEntity, NumberSeries


class UnableToIssueInvoice(Exception):
    """No invoice can be issued on that day, for any contract."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceNumber:
    sequence: int
    text: str


def take_numbers(*, legal_entity: LegalEntity, issue_date: date, count: int) -> list[InvoiceNumber]:
    """The next numbers of the issue date's year.

    The last lock a transaction takes, because every other issue waits for it; a rollback puts the numbers
    back. Issue dates never fall as numbers rise, so a day before the last issue is refused.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO billing_numberseries AS series (legal_entity_id, year, next_number, last_issue_date)
            VALUES (%(entity)s, %(year)s, 1 + %(count)s, %(issue_date)s)
            ON CONFLICT (legal_entity_id, year) DO UPDATE
            SET next_number = series.next_number + %(count)s, last_issue_date = excluded.last_issue_date
            WHERE series.last_issue_date IS NULL OR series.last_issue_date <= excluded.last_issue_date
            RETURNING next_number - %(count)s
            """,
            {"entity": legal_entity.pk, "year": issue_date.year, "count": count, "issue_date": issue_date},
        )
        row = cursor.fetchone()
    if row is None:
        last = NumberSeries.objects.get(legal_entity=legal_entity, year=issue_date.year).last_issue_date
        raise UnableToIssueInvoice(
            f"Invoices dated {last} are issued already, so none can be dated {issue_date}. "
            f"Bill as of {last} or later."
        )
    return [
        InvoiceNumber(sequence=sequence, text=_text(legal_entity, issue_date.year, sequence))
        for sequence in range(row[0], row[0] + count)
    ]


def _text(legal_entity: LegalEntity, year: int, sequence: int) -> str:
    text = f"{legal_entity.invoice_prefix}-{year}-{sequence:06d}"
    longest = Invoice._meta.get_field("number").max_length
    if longest is not None and len(text) > longest:
        raise UnableToIssueInvoice(
            f"Invoice number {text} has more than {longest} characters. Shorten the prefix."
        )
    return text
