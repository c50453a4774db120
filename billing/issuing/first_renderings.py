"""Keeps the hash of each document's first PDF, soon after it was issued: later ones must equal it."""

import logging
from collections.abc import Callable, Iterator
from functools import partial

from billing.enums import CreditNoteState, InvoiceState
from billing.issuing.rendering import UnableToRender, credit_note_pdf, invoice_pdf
from billing.models import CreditNote, Invoice

log = logging.getLogger(__name__)


def keep_first_renderings(*, may_continue: Callable[[], bool]) -> bool:
    """Whether all are kept that can be. One that cannot be rendered is named in the log and left out."""
    for render in left():
        try:
            render()
        except UnableToRender as refusal:
            log.warning("The PDF is not made: %s", refusal)
        if not may_continue():
            return False
    return True


def left() -> Iterator[Callable[[], bytes]]:
    """How to render each issued document of which nothing is kept, oldest first."""
    invoices = Invoice.objects.filter(rendering=None).exclude(state=InvoiceState.DRAFT)
    for invoice in invoices.order_by("pk").iterator(chunk_size=100):
        yield partial(invoice_pdf, invoice=invoice)
    notes = CreditNote.objects.filter(rendering=None).exclude(state=CreditNoteState.DRAFT)
    for note in notes.select_related("invoice").order_by("pk").iterator(chunk_size=100):
        yield partial(credit_note_pdf, note=note)
