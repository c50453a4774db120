"""What must be true of PDFs: made again, they are the bytes that they were at first. A sample each day."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from hashlib import sha256
from typing import TypeVar

from django.db.models import QuerySet
from django.db.models.functions import Now, Random

from billing.documents.painting import render
from billing.issuing.rendering import credit_document_of, document_of
from billing.models import CreditNoteRendering, InvoiceRendering
from fincelo.invariants import Invariant, Row

Rendering = TypeVar("Rendering", InvoiceRendering, CreditNoteRendering)

SAMPLE = 100
NEWEST = 300
"""Of those first made within a day, at most; the sample may meet the others."""


def changed_invoices() -> Sequence[Row]:
    return [
        {"id": one.invoice_id, "number": one.invoice.number, "first": one.created_at.date()}
        for one in _some(InvoiceRendering.objects.select_related("invoice"))
        if sha256(render(document_of(invoice=one.invoice))).hexdigest() != one.sha256
    ]


def changed_credit_notes() -> Sequence[Row]:
    return [
        {"id": one.credit_note_id, "number": one.credit_note.number, "first": one.created_at.date()}
        for one in _some(CreditNoteRendering.objects.select_related("credit_note__invoice"))
        if sha256(render(credit_document_of(note=one.credit_note))).hexdigest() != one.sha256
    ]


def _some(renderings: QuerySet[Rendering]) -> Iterable[Rendering]:
    newest = list(renderings.filter(created_at__gt=Now() - timedelta(days=1)).order_by("-pk")[:NEWEST])
    sample = list(renderings.order_by(Random())[:SAMPLE])
    return sorted({one.pk: one for one in newest + sample}.values(), key=lambda one: one.pk)


INVARIANTS = [
    Invariant(
        number="I27",
        name="invoice_renders_as_at_first",
        find=changed_invoices,
        sentence=(
            "The PDF of invoice {number} made now differs from the one first made on {first}, so it is not "
            "handed out. Go back to the version of Fincelo that made it, and tell its makers."
        ),
    ),
    Invariant(
        number="I27",
        name="credit_note_renders_as_at_first",
        find=changed_credit_notes,
        sentence=(
            "The PDF of credit note {number} made now differs from the one first made on {first}, so it is "
            "not handed out. Go back to the version of Fincelo that made it, and tell its makers."
        ),
    ),
]
