"""Takes back invoices, whole or in part, by credit notes.

Whoever may issue credit notes issues one at once, up to the limit of its currency. Above it, and for anybody
else, the credit note waits as a draft for a second person. The amount is what the invoice's prices are:
without tax, or with it where they include it. The tax follows by the rule of the invoice.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from billing.enums import CreditNoteState, InvoiceState, LimitKind, SeriesKind
from billing.issuing.controls import ensure_settled, is_settled, lock_sums, taken_alone
from billing.issuing.numbering import take_numbers
from billing.issuing.policy import ensure_open, in_force
from billing.issuing.posting import post_credit_note
from billing.locks import lock_contracts
from billing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from billing.tax import NoSuchPart, RateTotal, next_part, percent_of
from contracts import audit
from contracts.money import Money

ISSUE = "billing.issue_creditnote"
CREDITABLE = (InvoiceState.ISSUED, InvoiceState.SENT, InvoiceState.PART_PAID, InvoiceState.PAID)


class UnableToCredit(Exception):
    """Nothing is left to take back, or this person may not decide it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What is taken back of one line of the invoice."""

    line: InvoiceLine
    net: int


def left_to_credit(*, invoice: Invoice) -> int:
    """In minor units of what the invoice's prices are."""
    taken = _taken(invoice)
    return sum(_charged(total, invoice) - _charged(taken[total.rate], invoice) for total in _totals(invoice))


def request_credit(
    *,
    invoice: Invoice,
    amount: int | None,
    reason: str,
    as_of: date,
    actor: AbstractBaseUser,
) -> CreditNote:
    """Takes back an amount, or with None all that is left. Issued at once, or a draft for a second person."""
    with transaction.atomic():
        lock_sums(customer_id=invoice.customer_id, actor=actor)
        locked = _locked(invoice)
        left = left_to_credit(invoice=locked)
        note = CreditNote(
            legal_entity=locked.legal_entity,
            invoice=locked,
            customer_id=locked.customer_id,
            currency=locked.currency,
            asked_minor=left if amount is None else amount,
            reason=reason,
            seller=locked.seller,
            buyer=locked.buyer,
            requested_by_id=actor.pk,
        )
        _write_draft(note)
        if needs_approval(note=note, as_of=as_of, actor=actor):
            audit.record(
                actor=actor,
                action="Credit note asked for",
                subject=locked,
                after={"amount": str(_money(note))},
                reason=reason,
            )
        else:
            note.alone_limit_minor = in_force(kind=LimitKind.CREDIT_NOTE, currency=note.currency)
            _issue(note, as_of=as_of, actor=actor)
        return note


def needs_approval(*, note: CreditNote, as_of: date, actor: AbstractBaseUser) -> bool:
    """Whether it is, with all that was taken back alone in thirty days, more than one person may decide."""
    limit = in_force(kind=LimitKind.CREDIT_NOTE, currency=note.currency)
    taken = taken_alone(customer_id=note.customer_id, actor=actor, currency=note.currency, as_of=as_of)
    over = limit is not None and taken + note.total_minor > limit
    return over or not is_settled(actor=actor, right=ISSUE)


def approve_credit(*, note: CreditNote, as_of: date, actor: AbstractBaseUser) -> CreditNote:
    """A second person issues what the first one has asked for."""
    with transaction.atomic():
        _locked(note.invoice)
        draft = _draft(note)
        if draft.requested_by_id == actor.pk:
            raise UnableToCredit("You asked for this credit note yourself, so somebody else approves it.")
        if not actor.has_perm(ISSUE):  # type: ignore[attr-defined]
            raise UnableToCredit("Only an approver may issue credit notes.")
        ensure_settled(actor=actor, right=ISSUE)
        draft.lines.all().delete()
        _write_draft(draft)
        _issue(draft, as_of=as_of, actor=actor)
        return draft


def may_discard(*, note: CreditNote, actor: AbstractBaseUser) -> bool:
    return note.requested_by_id == actor.pk or bool(actor.has_perm(ISSUE))  # type: ignore[attr-defined]


def discard_credit(*, note: CreditNote, actor: AbstractBaseUser) -> None:
    """Drops a draft. The invoice is as if nobody had asked."""
    with transaction.atomic():
        _locked(note.invoice, whatever_state=True)
        draft = _draft(note)
        if not may_discard(note=draft, actor=actor):
            raise UnableToCredit(
                "Only the person who requested this credit note or an approver can discard it."
            )
        audit.record(
            actor=actor,
            action="Credit note discarded",
            subject=draft.invoice,
            before={"amount": str(_money(draft))},
            reason=draft.reason,
        )
        draft.lines.all().delete()
        draft.delete()


def _locked(invoice: Invoice, *, whatever_state: bool = False) -> Invoice:
    lock_contracts(contract_ids=[invoice.contract_id])
    locked = Invoice.objects.select_for_update(no_key=True).get(pk=invoice.pk)
    if not whatever_state and locked.state not in CREDITABLE:
        state = locked.get_state_display().lower()
        raise UnableToCredit(f"{locked} is {state}, so there is nothing to credit.")
    return locked


def _draft(note: CreditNote) -> CreditNote:
    draft = CreditNote.objects.select_for_update(no_key=True).filter(pk=note.pk).first()
    if draft is None or draft.state != CreditNoteState.DRAFT:
        raise UnableToCredit("This credit note has since been decided.")
    return draft


def _write_draft(note: CreditNote) -> None:
    """The sums and lines of what is asked for, as the invoice stands now."""
    invoice = note.invoice
    left = left_to_credit(invoice=invoice)
    if not 0 < note.asked_minor <= left:
        allowed = Money(minor=left, currency=invoice.currency)
        raise UnableToCredit(f"A credit note on {invoice} takes back an amount above 0, up to {allowed}.")
    totals = _split_by_rate(note)
    note.net_minor = sum(total.net for total in totals)
    note.tax_minor = sum(total.tax for total in totals)
    note.total_minor = note.net_minor + note.tax_minor
    note.prints_reason = True
    note.tax_summary = [
        {"rate": total.rate, "net_minor": total.net, "tax_minor": total.tax} for total in totals
    ]
    note.save()
    CreditNoteLine.objects.bulk_create(
        CreditNoteLine(
            credit_note=note,
            position=position,
            invoice_line=part.line,
            description=part.line.description,
            period_start=part.line.period_start,
            period_end=part.line.period_end,
            amount_minor=part.net,
            tax_rate=part.line.tax_rate,
        )
        for position, part in enumerate(_split_by_line(invoice, totals), start=1)
    )


def _split_by_rate(note: CreditNote) -> list[RateTotal]:
    """The rates of the invoice in their order, each taken back wholly before the next."""
    invoice, taken, asked = note.invoice, _taken(note.invoice), note.asked_minor
    parts = []
    for total in _totals(invoice):
        before = taken[total.rate]
        amount = min(asked, _charged(total, invoice) - _charged(before, invoice))
        if not amount:
            continue
        try:
            parts.append(
                next_part(whole=total, taken=before, amount=amount, included=invoice.prices_include_tax)
            )
        except NoSuchPart as refusal:
            raise UnableToCredit(_ask_for_another(invoice, total=total, before=before)) from refusal
        asked -= amount
    return parts


def _ask_for_another(invoice: Invoice, *, total: RateTotal, before: RateTotal) -> str:
    rest = Money(minor=_charged(total, invoice) - _charged(before, invoice), currency=invoice.currency)
    rate = f"{percent_of(rate=total.rate):f} %"
    return (
        f"The amount would leave tax without a charge on {invoice}. Credit all {rest} that is left at "
        f"{rate}, or an amount that leaves more."
    )


def _split_by_line(invoice: Invoice, totals: Sequence[RateTotal]) -> list[_Part]:
    """The lines of the invoice in their order, each taken back wholly before the next."""
    credited: Counter[int] = Counter()
    issued = CreditNoteLine.objects.filter(
        credit_note__invoice=invoice, credit_note__state=CreditNoteState.ISSUED
    )
    for line_id, amount in issued.values_list("invoice_line_id", "amount_minor"):
        credited[line_id] += amount
    lines = list(invoice.lines.order_by("position"))
    parts = []
    for total in totals:
        net = total.net
        for line in lines:
            amount = min(net, line.amount_minor - credited[line.pk])
            if line.tax_rate == total.rate and amount > 0:
                parts.append(_Part(line=line, net=amount))
                net -= amount
    return parts


def _issue(note: CreditNote, *, as_of: date, actor: AbstractBaseUser) -> None:
    _ensure_after_invoice(note.invoice, day=as_of)
    ensure_open(day=as_of)
    [number] = take_numbers(
        legal_entity=note.legal_entity, issue_date=as_of, count=1, kind=SeriesKind.CREDIT_NOTE
    )
    note.state = CreditNoteState.ISSUED
    note.number, note.sequence = number.text, number.sequence
    note.year, note.issue_date = as_of.year, as_of
    note.approved_by_id = actor.pk
    note.save()
    post_credit_note(note=note)
    audit.record(
        actor=actor,
        action=f"Credit note {note.number} issued",
        subject=note.invoice,
        after={"credited": str(_money(note))},
        reason=note.reason,
    )


def _ensure_after_invoice(invoice: Invoice, *, day: date) -> None:
    if invoice.issue_date and day < invoice.issue_date:
        raise UnableToCredit(
            f"{invoice} is dated {invoice.issue_date}, and a credit note cannot be dated before its invoice, "
            f"on {day}. Credit it from {invoice.issue_date} on, or void it now if it has not been sent."
        )


def _totals(invoice: Invoice) -> list[RateTotal]:
    """Per rate. Invoices from before there were rates have one, without tax."""
    if not invoice.tax_summary:
        return [RateTotal(rate=0, net=invoice.net_minor, tax=invoice.tax_minor)]
    return _entries(invoice.tax_summary)


def _taken(invoice: Invoice) -> dict[int, RateTotal]:
    """By each rate of the invoice: what issued credit notes have taken back already."""
    net: Counter[int] = Counter()
    tax: Counter[int] = Counter()
    for note in CreditNote.objects.filter(invoice=invoice, state=CreditNoteState.ISSUED):
        for total in _entries(note.tax_summary):
            net[total.rate] += total.net
            tax[total.rate] += total.tax
    return {
        total.rate: RateTotal(rate=total.rate, net=net[total.rate], tax=tax[total.rate])
        for total in _totals(invoice)
    }


def _entries(summary: Sequence[dict[str, int]]) -> list[RateTotal]:
    return [
        RateTotal(rate=entry["rate"], net=entry["net_minor"], tax=entry["tax_minor"]) for entry in summary
    ]


def _charged(total: RateTotal, invoice: Invoice) -> int:
    return total.total if invoice.prices_include_tax else total.net


def _money(note: CreditNote) -> Money:
    return Money(minor=note.total_minor, currency=note.currency)
