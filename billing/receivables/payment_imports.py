"""Records the payments of a file: each row that fits an open invoice by number, currency and amount.

A payment counts once, whichever way it comes. A row that may be recorded already is neither recorded nor
dropped: a person is asked. What nobody has to be asked about is recorded at once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from billing.enums import AskedBecause
from billing.issuing.policy import closed_sentence, closed_until
from billing.models import Invoice, LegalEntity, Payment, PaymentImport
from billing.receivables.paying import UnableToRecordPayment, day_refusal_of, lock_invoices, refusal_of
from billing.receivables.payment_rows import PaymentRow, ReadFile, ReadPayment, UnreadableFile, read_file
from contracts import audit
from contracts.models import AuditEntry
from contracts.money import Money

MOST_AGAIN = 20
"""As often as one row can be recorded again after a person has said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    line: int
    payment: ReadPayment
    invoice: Invoice
    reference: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A payment that is recorded for one of the invoices of the file."""

    amount_minor: int
    received_date: date
    fingerprint: str | None
    file_name: str | None
    created: date
    taken_back: date | None


@dataclass(slots=True, kw_only=True)
class _Sorted:
    """What becomes of the rows."""

    matches: list[_Match] = field(default_factory=list)
    unmatched: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    known: int = 0


def prefixes() -> Sequence[str]:
    """With which numbers of our invoices begin."""
    return list(LegalEntity.objects.values_list("invoice_prefix", flat=True)) or ["INV"]


def import_payments(
    *,
    file_name: str,
    content: bytes,
    as_of: date,
    actor: AbstractBaseUser,
    read: ReadFile | None = None,
    into: PaymentImport | None = None,
) -> PaymentImport:
    """Records what fits. UnreadableFile where something has to be asked about how the file is written.

    A row for less than what is open is a part payment. One for more, or for no open invoice, is kept with its
    reason, to be cured and imported again. `into`: the preview that becomes the import.
    """
    read = read or read_file(content=content, prefixes=prefixes())
    if read.questions:
        raise UnreadableFile(" ".join(question.sentence for question in read.questions))
    digest = sha256(content).hexdigest()
    with transaction.atomic():
        if (
            into
            and not PaymentImport.objects.select_for_update().filter(pk=into.pk, is_preview=True).exists()
        ):
            raise UnableToRecordPayment("This file was recorded or discarded already.")
        was_read = PaymentImport.objects.filter(content_sha256=digest).exists()  # no preview has one
        rows = _sort(read.rows, as_of=as_of, was_read=was_read)
        done = into or PaymentImport(file_name=file_name[:200], imported_by_id=actor.pk)
        done.is_preview, done.content, done.content_sha256 = False, None, digest
        done.recorded, done.known, done.skipped = len(rows.matches), rows.known, read.skipped
        done.unmatched, done.asked = rows.unmatched, rows.asked
        done.save()
        _record(rows.matches, done, actor)
        return done


def keep_preview(*, file_name: str, content: bytes, actor: AbstractBaseUser) -> PaymentImport:
    """A file whose reading a person has to choose first. Nothing of it is recorded."""
    return PaymentImport.objects.create(
        file_name=file_name[:200], content=content, is_preview=True, imported_by_id=actor.pk
    )


def decide_asked(*, done: PaymentImport, lines: Collection[int], as_of: date, actor: AbstractBaseUser) -> int:
    """Records the rows of these lines, and lets the others be the payments that are recorded already.

    How many are recorded. UnableToRecordPayment where one does not fit any more, or all were decided.
    """
    with transaction.atomic():
        locked = PaymentImport.objects.select_for_update().get(pk=done.pk)
        if not locked.asked:
            raise UnableToRecordPayment("These rows were decided already.")
        chosen = [row for row in locked.asked if row["line"] in lines]
        invoices = lock_invoices(ids=[row["invoice_id"] for row in chosen])
        closed = closed_until()
        matches = [_again(row, invoices[row["invoice_id"]], as_of=as_of, closed=closed) for row in chosen]
        left_out = [row for row in locked.asked if row["line"] not in lines]
        locked.asked = []
        locked.recorded += len(matches)
        locked.known += len(left_out)
        locked.save(update_fields=["asked", "recorded", "known"])
        _record(matches, locked, actor)
        if left_out:
            audit.record(
                actor=actor,
                action="Rows left out as recorded before",
                subject=locked,
                after={str(row["line"]): f"{row['invoice']} {row['amount']}" for row in left_out},
            )
        return len(matches)


def _sort(rows: Sequence[PaymentRow], *, as_of: date, was_read: bool) -> _Sorted:
    invoices = _locked_by_number(rows)
    known = _known(list(invoices.values()))
    closed = closed_until()
    of_this_file = {row.fingerprint for row in rows}
    found = _Sorted()
    for row in rows:
        invoice = invoices.get(row.number)
        refused = _refusal(row, invoice, as_of=as_of, closed=closed)
        if row.payment is None or invoice is None:
            found.unmatched.append(_told(row, refused))
            continue
        because, sentence = _doubt(row, row.payment, known[invoice.pk], of_this_file)
        if (because == AskedBecause.EQUAL and (was_read or row.values.get("reference") or refused)) or (
            because in (AskedBecause.BY_HAND, AskedBecause.ALIKE) and refused
        ):
            found.known += 1
        elif refused:
            found.unmatched.append(_told(row, refused))
        elif because:
            found.asked.append(_told(row, sentence) | _as_json(row, row.payment, invoice, because))
        else:
            found.matches.append(
                _Match(
                    line=row.line,
                    payment=row.payment,
                    invoice=invoice,
                    reference=row.values.get("reference", ""),
                    fingerprint=row.fingerprint,
                )
            )
            invoice.paid_minor += row.payment.amount.minor  # what the rows so far have used up
    return found


def _locked_by_number(rows: Sequence[PaymentRow]) -> dict[str, Invoice]:
    numbers = {row.number for row in rows}
    ids = Invoice.objects.filter(number__in=numbers).values_list("pk", flat=True)
    return {str(invoice.number): invoice for invoice in lock_invoices(ids=list(ids)).values()}


def _known(invoices: Sequence[Invoice]) -> dict[int, list[_Known]]:
    """Read after the invoices are locked, so that the same file in two windows counts once."""
    found: dict[int, list[_Known]] = defaultdict(list)
    payments = Payment.objects.filter(invoice__in=[invoice.pk for invoice in invoices], reverses=None)
    for invoice_id, minor, received, fingerprint, file_name, created, taken_back in payments.values_list(
        "invoice_id",
        "amount_minor",
        "received_date",
        "fingerprint",
        "payment_import__file_name",
        "created_at",
        "reversed_by__received_date",
    ):
        found[invoice_id].append(
            _Known(
                amount_minor=minor,
                received_date=received,
                fingerprint=fingerprint,
                file_name=file_name,
                created=created.date(),
                taken_back=taken_back,
            )
        )
    return found


def _refusal(row: PaymentRow, invoice: Invoice | None, *, as_of: date, closed: date | None) -> str:
    """Why nothing can be recorded for a row; empty where it can."""
    payment = row.payment
    if payment is None:
        return row.problem
    if invoice is None:
        return f"There is no invoice {row.number}." if row.number else "The row names no invoice."
    return _misfit(payment, invoice, as_of=as_of, closed=closed)


def _misfit(payment: ReadPayment, invoice: Invoice, *, as_of: date, closed: date | None) -> str:
    """Why a payment cannot be recorded for its invoice; empty where it can."""
    if refusal := day_refusal_of(invoice=invoice, received_date=payment.received_date, as_of=as_of):
        return refusal
    if closed and payment.received_date <= closed:
        return closed_sentence(day=payment.received_date, closed=closed)
    return refusal_of(invoice=invoice, amount=payment.amount)


def _doubt(
    row: PaymentRow, payment: ReadPayment, known: list[_Known], of_this_file: Collection[str]
) -> tuple[AskedBecause | None, str]:
    """Why the row may be one of the payments that are recorded, and the sentence that asks."""
    family = set(_family(row.fingerprint))
    same = [one for one in known if one.fingerprint in family]
    if live := [one for one in same if one.taken_back is None]:
        return AskedBecause.EQUAL, (
            f"An equal payment without a reference was recorded on {live[0].created} from "
            f"{live[0].file_name}. Is this another one?"
        )
    if same:
        return (
            AskedBecause.TAKEN_BACK,
            f"It was recorded and taken back on {same[-1].taken_back}. Record it again?",
        )
    paid = (payment.amount.minor, payment.received_date)
    for place, one in enumerate(known):
        is_equal = one.taken_back is None and paid == (one.amount_minor, one.received_date)
        if not is_equal or one.fingerprint in of_this_file:
            continue
        del known[place]  # two such rows are two payments
        if one.fingerprint is None:
            return AskedBecause.BY_HAND, (
                f"An equal payment was recorded by hand on {one.created}. Is this another one?"
            )
        return AskedBecause.ALIKE, (
            f"An equal payment with another text was recorded on {one.created} from {one.file_name}. "
            "Is this another one?"
        )
    return None, ""


def _family(fingerprint: str) -> Iterator[str]:
    """Of a row, and of the same row that a person has had recorded again."""
    yield fingerprint
    for number in range(1, MOST_AGAIN):
        yield sha256(f"{fingerprint}|again|{number}".encode()).hexdigest()


def _told(row: PaymentRow, reason: str) -> dict[str, Any]:
    return {"line": row.line, **row.values} | {"copy": row.copy_mark, "reason": reason}


def _as_json(
    row: PaymentRow, payment: ReadPayment, invoice: Invoice, because: AskedBecause
) -> dict[str, Any]:
    return {
        "because": because.value,
        "invoice_id": invoice.pk,
        "minor": payment.amount.minor,
        "received": payment.received_date.isoformat(),
        "fingerprint": row.fingerprint,
    }


def _again(row: dict[str, Any], invoice: Invoice, *, as_of: date, closed: date | None) -> _Match:
    """The asked row as a payment of its own. UnableToRecordPayment where it does not fit any more."""
    payment = ReadPayment(
        amount=Money(minor=row["minor"], currency=invoice.currency),
        received_date=date.fromisoformat(row["received"]),
    )
    if refusal := _misfit(payment, invoice, as_of=as_of, closed=closed):
        raise UnableToRecordPayment(f"Line {row['line']}: {refusal}")
    invoice.paid_minor += payment.amount.minor
    taken = set(Payment.objects.filter(invoice=invoice).values_list("fingerprint", flat=True))
    free = next((one for one in _family(row["fingerprint"]) if one not in taken), None)
    if free is None:
        raise UnableToRecordPayment(
            f"Line {row['line']} was recorded too often. Record it on the invoice by hand."
        )
    return _Match(
        line=row["line"],
        payment=payment,
        invoice=invoice,
        reference=row.get("reference", ""),
        fingerprint=free,
    )


def _record(matches: Sequence[_Match], done: PaymentImport, actor: AbstractBaseUser) -> None:
    Payment.objects.bulk_create(_payments(matches, done, actor), batch_size=1_000)
    audit.record_all(_entries(matches, actor, done.file_name))


def _payments(matches: Sequence[_Match], done: PaymentImport, actor: AbstractBaseUser) -> Iterator[Payment]:
    for match in matches:
        yield Payment(
            invoice=match.invoice,
            currency=match.payment.amount.currency,
            amount_minor=match.payment.amount.minor,
            received_date=match.payment.received_date,
            reference=match.reference[:200],
            payment_import=done,
            fingerprint=match.fingerprint,
            recorded_by_id=actor.pk,
        )


def _entries(matches: Sequence[_Match], actor: AbstractBaseUser, file_name: str) -> Iterator[AuditEntry]:
    for match in matches:
        yield audit.entry(
            actor=actor,
            action="Payment recorded",
            subject=match.invoice,
            after={"paid": str(match.payment.amount), "received": str(match.payment.received_date)},
            reason=f"Row {match.line} of {file_name}",
        )
