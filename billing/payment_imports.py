"""Records the payments of a file: each row that fits an open invoice by number, currency and amount."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from billing.models import Invoice, Payment, PaymentImport
from billing.paying import lock_invoices, refusal_of
from billing.payment_rows import PaymentRow, ReadPayment, read_payments
from billing.policy import closed_sentence, closed_until
from contracts import audit
from contracts.models import AuditEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    row: PaymentRow
    payment: ReadPayment
    invoice: Invoice


def import_payments(*, file_name: str, content: bytes, as_of: date, actor: AbstractBaseUser) -> PaymentImport:
    """A row that an earlier import had recorded is counted and not recorded again.

    A row for less than what is open is a part payment. One for more, or for no open invoice, is kept with its
    reason, to be cured and imported again.
    """
    rows = read_payments(content=content)
    with transaction.atomic():
        invoices = _locked_by_number(rows)
        known = _known(rows)
        closed = closed_until()
        matches, unmatched = [], []
        for row in rows:
            if row.fingerprint in known:
                continue
            match = _match(row, invoices.get(row.number), as_of=as_of, closed=closed)
            if isinstance(match, str):
                unmatched.append({"line": row.line, **row.values, "copy": row.copy_mark, "reason": match})
                continue
            matches.append(match)
            match.invoice.paid_minor += match.payment.amount.minor  # what the rows so far have used up
        done = PaymentImport.objects.create(
            file_name=file_name[:200],
            imported_by_id=actor.pk,
            recorded=len(matches),
            known=len(known),
            unmatched=unmatched,
        )
        Payment.objects.bulk_create(_payments(matches, done, actor), batch_size=1_000)
        audit.record_all(_entries(matches, actor, file_name))
        return done


def _locked_by_number(rows: Sequence[PaymentRow]) -> dict[str, Invoice]:
    numbers = {row.number for row in rows if row.number}
    ids = Invoice.objects.filter(number__in=numbers).values_list("pk", flat=True)
    return {str(invoice.number): invoice for invoice in lock_invoices(ids=list(ids)).values()}


def _known(rows: Sequence[PaymentRow]) -> set[str | None]:
    """Read after the invoices are locked, so that the same file in two windows counts once."""
    found = Payment.objects.filter(fingerprint__in=[row.fingerprint for row in rows])
    return set(found.values_list("fingerprint", flat=True))


def _match(row: PaymentRow, invoice: Invoice | None, *, as_of: date, closed: date | None) -> _Match | str:
    """What to record for a row, or the reason why nothing is."""
    payment = row.payment
    if payment is None:
        return row.problem
    if invoice is None:
        return f"There is no invoice {row.number}." if row.number else "The row names no invoice."
    if payment.received_date > as_of:
        return f"{payment.received_date} lies ahead."
    if closed and payment.received_date <= closed:
        return closed_sentence(day=payment.received_date, closed=closed)
    refusal = refusal_of(invoice=invoice, amount=payment.amount)
    return refusal or _Match(row=row, payment=payment, invoice=invoice)


def _payments(matches: Sequence[_Match], done: PaymentImport, actor: AbstractBaseUser) -> Iterator[Payment]:
    for match in matches:
        yield Payment(
            invoice=match.invoice,
            currency=match.payment.amount.currency,
            amount_minor=match.payment.amount.minor,
            received_date=match.payment.received_date,
            reference=match.row.values.get("reference", "")[:200],
            payment_import=done,
            fingerprint=match.row.fingerprint,
            recorded_by_id=actor.pk,
        )


def _entries(matches: Sequence[_Match], actor: AbstractBaseUser, file_name: str) -> Iterator[AuditEntry]:
    for match in matches:
        yield audit.entry(
            actor=actor,
            action="Payment recorded",
            subject=match.invoice,
            after={"paid": str(match.payment.amount), "received": str(match.payment.received_date)},
            reason=f"Row {match.row.line} of {file_name}",
        )
