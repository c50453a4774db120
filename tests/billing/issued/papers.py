"""An invoice with all that hangs on it, each once: the rows that never change."""

from django.db import IntegrityError, connection, transaction
from django.db.models import Model

from billing.documents.logos import as_jpeg
from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.issuing.letterheads import change_letterhead
from billing.issuing.rendering import credit_note_pdf, invoice_pdf
from billing.models import (
    CreditNote,
    CreditNoteLine,
    CreditNoteRendering,
    Invoice,
    InvoiceLine,
    InvoiceRendering,
    Logo,
    Payment,
)
from billing.receivables.crediting import request_credit
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.documents.papers import picture
from tests.billing.moved_on import move_on
from tests.billing.people import person

NUMBER = "INV-2026-000001"
WAY_ON = "Correct it with a credit note."
SENTENCES: dict[type[Model], str] = {
    Invoice: f"Invoice {NUMBER} is issued and stays as it is. {WAY_ON}",
    InvoiceLine: f"A line is never changed. {WAY_ON}",
    CreditNote: "Credit note CN-2026-000001 is issued and stays as it is.",
    CreditNoteLine: "A line of a credit note is never changed.",
    Payment: "A payment stays as it was recorded. Take it back instead.",
    InvoiceRendering: (
        "The hash of a first PDF stays as it is. Issued documents are made again from it and checked by it."
    ),
    CreditNoteRendering: (
        "The hash of a first PDF stays as it is. Issued documents are made again from it and checked by it."
    ),
    Logo: "A logo stays as it is. Issued documents are made again from it and checked by it.",
}
"""What the database says to a change of a row that stays."""

DELETIONS: dict[type[Model], str] = SENTENCES | {
    Invoice: f"Invoice {NUMBER} is issued and stays. It can only be corrected.",
    InvoiceLine: f"Invoice {NUMBER} is issued and its lines stay. {WAY_ON}",
    CreditNote: "Credit note CN-2026-000001 is issued and stays. It can only be corrected.",
    CreditNoteLine: "Credit note CN-2026-000001 is issued and its lines stay as they are.",
}

EMPTIED: dict[type[Model], str] = {
    model: f"{words} are kept for ever: this table cannot be emptied."
    for model, words in {
        Invoice: "Issued invoices",
        InvoiceLine: "Lines of issued invoices",
        CreditNote: "Issued credit notes",
        CreditNoteLine: "Lines of issued credit notes",
        Payment: "Payments",
        InvoiceRendering: "The hashes of the first PDFs",
        CreditNoteRendering: "The hashes of the first PDFs",
        Logo: "Logos of issued documents",
    }.items()
}


def everything_issued() -> Invoice:
    """Part paid, credited in part, with a logo, and both documents made once."""
    clerk = person("clerk", group="Approver")
    entity = ensure_legal_entity(default_tax_rate=19_000)
    change_letterhead(
        legal_entity=entity, footer="Bank", logo=as_jpeg(picture()), removes_logo=False, actor=clerk
    )
    sign(Deal(po_number="PO 7"))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.SCHEDULE)
    invoice = Invoice.objects.get()
    request_credit(invoice=invoice, amount=1_000, reason="Agreed", as_of=TODAY, actor=clerk)
    move_on(invoice, to="part_paid")
    invoice_pdf(invoice=invoice)
    credit_note_pdf(note=CreditNote.objects.get())
    return invoice


def attempt(statement: str) -> str:
    """How the database answers: the sentence of its refusal."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except IntegrityError as refusal:
        return str(refusal).splitlines()[0]
    return f"{statement} went through."


def refuse_emptying() -> None:
    """As in production; the tests run with these refusals switched off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for model in EMPTIED:
            cursor.execute(f"ALTER TABLE {model._meta.db_table} ENABLE TRIGGER ALL")
