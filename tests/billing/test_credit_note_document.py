"""The PDF of a credit note, and tax as documents show it."""

from hashlib import sha256

import pytest
from django.db import DatabaseError, connection, transaction

from billing.documents.content import Reference
from billing.documents.painting import render
from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.issuing.rendering import UnableToRender, credit_document_of, credit_note_pdf, invoice_pdf
from billing.models import CreditNote, CreditNoteRendering, Invoice, LegalEntity
from billing.receivables.crediting import approve_credit, request_credit
from contracts.models import Customer
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.documents.papers import pages, paper
from tests.billing.people import person
from tests.pages import alerts, signed_in

pytestmark = pytest.mark.django_db
VIEW = "billing.view_creditnote"


def credited(*, group: str = "Approver", included: bool = False) -> CreditNote:
    """USD 25.00 of an invoice of USD 100.00 at 8.875 %."""
    ensure_legal_entity(default_tax_rate=8_875, prices_include_tax=included)
    sign(Deal(po_number="PO 7"))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    return request_credit(
        invoice=Invoice.objects.get(),
        amount=2_500,
        reason="Agreed",
        as_of=TODAY,
        actor=person("clerk", group=group),
    )


def test_credit_note_names_itself_and_its_invoice() -> None:
    (page,) = pages(credit_note_pdf(note=credited()))

    assert page[0] == "Credit note"
    assert page[page.index("Credit note number") : page.index("Billed to")] == [
        "Credit note number",
        "CN-2026-000001",
        "Credit note date",
        "22 Nov 2026",
        "Invoice number",
        "INV-2026-000001",
        "Invoice date",
        "22 Nov 2026",
        "PO number",
        "PO 7",
    ]
    assert page[page.index("Tax number US-1") : page.index("Description")] == [
        "Tax number US-1",
        "Reason",
        "Agreed",
    ]
    assert page[page.index("Net") : -1] == [
        "Net",
        "25.00",
        "Tax 8.875 % on 25.00",
        "2.22",
        "Total",
        "USD 27.22",
    ]


def test_reason_is_printed_whole_in_the_language_of_the_customer() -> None:
    reason = "Storniert: " + "Leistung nicht erbracht, " * 18

    (page,) = pages(
        render(paper(language="de", credits=Reference(number="INV-1", issue_date=TODAY), reason=reason))
    )

    printed = page[page.index("Grund") + 1 : page.index("Beschreibung")]
    assert " ".join(printed) == reason.strip()


def test_credit_note_of_an_earlier_release_keeps_its_bytes() -> None:
    """When reasons were not printed. The note itself says so and cannot be changed."""
    note = credited()

    note.prints_reason = False

    (page,) = pages(render(credit_document_of(note=note)))
    assert "Reason" not in page
    with pytest.raises(DatabaseError, match="stays as it is"), transaction.atomic():
        CreditNote.objects.update(prints_reason=False)


def test_draft_from_an_earlier_release_prints_its_reason_once_it_is_approved() -> None:
    draft = credited(group="Finance")
    CreditNote.objects.update(prints_reason=False)

    note = approve_credit(note=draft, as_of=TODAY, actor=person("ann", group="Approver"))

    assert CreditNote.objects.get(pk=note.pk).prints_reason


def test_prices_that_include_tax_say_so() -> None:
    note = credited(included=True)

    (page,) = pages(invoice_pdf(invoice=note.invoice))
    (credit,) = pages(credit_note_pdf(note=note))

    assert page[page.index("Net") : -1] == [
        "Net",
        "91.85",
        "Tax 8.875 % on 91.85",
        "8.15",
        "Total",
        "USD 100.00",
        "Agreed prices include tax. The lines above are without it.",
    ]
    assert credit[-2] == "Agreed prices include tax. The lines above are without it."


def test_nothing_that_changes_later_changes_the_credit_note() -> None:
    note = credited()
    first = credit_note_pdf(note=note)

    LegalEntity.objects.update(name="Renamed", address="Moved", default_tax_rate=0)
    Customer.objects.update(name="Renamed", language="de")

    assert credit_note_pdf(note=CreditNote.objects.get()) == first
    assert CreditNoteRendering.objects.get().sha256 == sha256(first).hexdigest()


def test_credit_note_whose_pdf_differs_is_not_handed_out() -> None:
    note = credited()
    CreditNoteRendering.objects.create(credit_note=note, sha256="0" * 64)

    with pytest.raises(UnableToRender) as refusal:
        credit_note_pdf(note=note)

    assert str(refusal.value).startswith("The PDF of CN-2026-000001 made now differs from the one first made")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_creditnoterendering SET sha256 = 'x'",
        "DELETE FROM billing_creditnoterendering",
    ],
)
def test_hash_of_a_credit_note_stays(statement: str) -> None:
    credit_note_pdf(note=credited())

    with (
        pytest.raises(DatabaseError) as refusal,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert str(refusal.value).splitlines()[0] == (
        "The hash of a first PDF stays as it is. Issued documents are made again from it and checked by it."
    )


def test_credit_note_is_downloaded() -> None:
    note = credited()

    answer = signed_in(VIEW).get(f"/credit-notes/{note.pk}/credit-note.pdf")

    assert answer.content == credit_note_pdf(note=note)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="CN-2026-000001.pdf"'


def test_draft_of_a_credit_note_is_previewed() -> None:
    note = credited(group="Finance")

    answer = signed_in(VIEW).get(f"/credit-notes/{note.pk}/credit-note.pdf")

    assert answer.headers["Content-Disposition"] == 'attachment; filename="draft.pdf"'
    assert pages(answer.content)[0][0] == "DRAFT"
    assert CreditNoteRendering.objects.count() == 0


def test_credit_note_needs_its_right() -> None:
    note = credited()

    path = f"/credit-notes/{note.pk}/credit-note.pdf"

    assert signed_in("billing.view_invoice").get(path).status_code == 403


def test_credit_note_that_differs_is_refused_in_a_sentence() -> None:
    note = credited()
    CreditNoteRendering.objects.create(credit_note=note, sha256="0" * 64)

    page = signed_in(VIEW).get(f"/credit-notes/{note.pk}/credit-note.pdf", follow=True)

    (sentence,) = alerts(page)
    assert "The credit note itself is as it was" in sentence
