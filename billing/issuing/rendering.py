"""PDFs of invoices and credit notes: made again from the frozen copy each time, checked against the first."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from billing.documents.content import CustomFact, Document, Line, Party, Reference
from billing.documents.fonts import shows_boxes
from billing.documents.painting import render, render_with_boxes
from billing.documents.parties import country_of_copy, party_of
from billing.documents.text import paragraphs
from billing.enums import CreditNoteState, InvoiceState, SeriesKind
from billing.issuing.letterheads import seller_copy
from billing.issuing.restoring import ensure_witnessed
from billing.models import (
    CreditNote,
    CreditNoteLine,
    CreditNoteRendering,
    Invoice,
    InvoiceLine,
    InvoiceRendering,
    LegalEntity,
    Logo,
)
from billing.tax import Charge, RateTotal, tax_summary
from billing.values import SeriesKey
from contracts.enums import Language
from contracts.terms import Span, add_months

ONE_DAY = timedelta(days=1)
SAMPLE_MINOR = 120_000


class UnableToRender(Exception):
    """The document cannot be handed out."""


class UnableToWitness(UnableToRender):
    """The number of the document could not be written beside the database, so the document stays in."""


def invoice_pdf(*, invoice: Invoice) -> bytes:
    """The same bytes as ever, of which the first leave their hash. Nothing is kept of a draft."""
    document = document_of(invoice=invoice)
    pdf = render(document)
    if invoice.state == InvoiceState.DRAFT:
        return pdf
    _witness(invoice, kind=SeriesKind.INVOICE)
    digest = sha256(pdf).hexdigest()
    first, _ = InvoiceRendering.objects.get_or_create(invoice=invoice, defaults={"sha256": digest})
    return _verified(invoice, pdf, document=document, first=first)


def shown_invoice_pdf(*, invoice: Invoice) -> bytes:
    """For a page, which writes nothing into the database: the hash is kept by the worker."""
    document = document_of(invoice=invoice)
    pdf = render(document)
    if invoice.state == InvoiceState.DRAFT:
        return pdf
    _witness(invoice, kind=SeriesKind.INVOICE)
    first = InvoiceRendering.objects.filter(invoice=invoice).first()
    return _verified(invoice, pdf, document=document, first=first) if first else pdf


def shown_credit_note_pdf(*, note: CreditNote) -> bytes:
    """For a page, as of an invoice."""
    document = credit_document_of(note=note)
    pdf = render(document)
    if note.state == CreditNoteState.DRAFT:
        return pdf
    _witness(note, kind=SeriesKind.CREDIT_NOTE)
    first = CreditNoteRendering.objects.filter(credit_note=note).first()
    return _verified(note, pdf, document=document, first=first) if first else pdf


def credit_note_pdf(*, note: CreditNote) -> bytes:
    """The same bytes as ever, of which the first leave their hash. Nothing is kept of a draft."""
    document = credit_document_of(note=note)
    pdf = render(document)
    if note.state == CreditNoteState.DRAFT:
        return pdf
    _witness(note, kind=SeriesKind.CREDIT_NOTE)
    digest = sha256(pdf).hexdigest()
    first, _ = CreditNoteRendering.objects.get_or_create(credit_note=note, defaults={"sha256": digest})
    return _verified(note, pdf, document=document, first=first)


def _witness(document: Invoice | CreditNote, *, kind: SeriesKind) -> None:
    assert document.year is not None  # it is issued
    assert document.sequence is not None
    key = SeriesKey(legal_entity_id=document.legal_entity_id, kind=kind.value, year=document.year)
    try:
        ensure_witnessed(key=key, number=document.sequence)
    except OSError as error:
        raise UnableToWitness(
            f"{document} is not handed out: its number could not be written to the file that WITNESS_PATH "
            f"names ({error.strerror}). Ask the operator to make it writable."
        ) from error


def sample_pdf(*, legal_entity: LegalEntity, as_of: date, look: Mapping[str, str] | None = None) -> bytes:
    """What an invoice would look like today: a draft with an invented customer.

    `look`: footer, logo and legal info that are asked for, instead of those that documents have.
    """
    months = Span(start=as_of, end=add_months(anchor=as_of, months=3))
    seller = {**seller_copy(legal_entity=legal_entity), **(look or {})}
    included = legal_entity.prices_include_tax
    [taxed] = tax_summary(
        charges=[Charge(amount=SAMPLE_MINOR, rate=legal_entity.default_tax_rate or 0)], included=included
    )
    document = Document(
        language=Language.ENGLISH,
        number=None,
        issue_date=None,
        due_date=None,
        payment_terms_days=legal_entity.payment_terms_days,
        po_number="4711",
        currency="EUR",
        seller=party_of(seller, language=Language.ENGLISH, from_country=legal_entity.country),
        buyer=Party(name="Sample Customer", address="1 Main Street\nSpringfield", vat_id="DE136695976"),
        lines=[
            Line(
                description="Sample subscription",
                first_day=months.start,
                last_day=months.last_day,
                amount_minor=taxed.net,
            )
        ],
        net_minor=taxed.net,
        tax_minor=taxed.tax,
        total_minor=taxed.total,
        taxes=[taxed],
        prices_include_tax=included,
        credits=None,
        reason="",
        footer=seller["footer"],
        logo=_logo(seller["logo"]),
    )
    return render(document)


def document_of(*, invoice: Invoice) -> Document:
    """Nothing but what the invoice and its lines say themselves."""
    seller, buyer = _parties(invoice.seller, invoice.buyer)
    return Document(
        language=invoice.buyer.get("language", ""),
        number=invoice.number,
        issue_date=invoice.issue_date,
        due_date=invoice.due_date,
        payment_terms_days=invoice.payment_terms_days,
        po_number=invoice.po_number,
        currency=invoice.currency,
        seller=seller,
        buyer=buyer,
        lines=_lines(invoice.lines.order_by("position")),
        net_minor=invoice.net_minor,
        tax_minor=invoice.tax_minor,
        total_minor=invoice.total_minor,
        taxes=_taxes(invoice.tax_summary),
        prices_include_tax=invoice.prices_include_tax,
        credits=None,
        reason="",
        footer=invoice.seller.get("footer", ""),
        logo=_logo(invoice.seller.get("logo", "")),
        custom_fields=tuple(CustomFact(**entry) for entry in invoice.custom_fields),
    )


def credit_document_of(*, note: CreditNote) -> Document:
    """Nothing but what the credit note, its lines and the invoice that it refers to say themselves."""
    invoice = note.invoice
    assert invoice.number is not None  # only what is issued is credited
    assert invoice.issue_date is not None
    seller, buyer = _parties(note.seller, note.buyer)
    return Document(
        language=note.buyer.get("language", ""),
        number=note.number,
        issue_date=note.issue_date,
        due_date=None,
        payment_terms_days=None,
        po_number=invoice.po_number,
        currency=note.currency,
        seller=seller,
        buyer=buyer,
        lines=_lines(note.lines.order_by("position")),
        net_minor=note.net_minor,
        tax_minor=note.tax_minor,
        total_minor=note.total_minor,
        taxes=_taxes(note.tax_summary),
        prices_include_tax=invoice.prices_include_tax,
        credits=Reference(number=invoice.number, issue_date=invoice.issue_date),
        reason=note.reason if note.prints_reason else "",
        footer=note.seller.get("footer", ""),
        logo=_logo(note.seller.get("logo", "")),
    )


def boxed_texts(*, document: Document) -> list[str]:
    """What a reader of the PDF sees as boxes, because the font lacks its letters; the text is in it whole."""
    written = [
        *(text for party in (document.seller, document.buyer) for text in (party.name, party.address)),
        *(line.description for line in document.lines),
        document.po_number,
        document.reason,
        document.footer,
    ]
    return [line for text in dict.fromkeys(written) for line in paragraphs(text) if shows_boxes(line)]


def _lines(rows: Iterable[InvoiceLine] | Iterable[CreditNoteLine]) -> list[Line]:
    return [
        Line(
            description=row.description,
            first_day=row.period_start,
            last_day=row.period_end - ONE_DAY,
            amount_minor=row.amount_minor,
        )
        for row in rows
    ]


def _taxes(summary: Sequence[dict[str, int]]) -> list[RateTotal]:
    return [
        RateTotal(rate=entry["rate"], net=entry["net_minor"], tax=entry["tax_minor"]) for entry in summary
    ]


def _parties(seller: dict[str, Any], buyer: dict[str, Any]) -> tuple[Party, Party]:
    """(seller, buyer) as they are printed in the buyer's language."""
    language, home = buyer.get("language", ""), country_of_copy(seller)
    return (
        party_of(seller, language=language, from_country=home),
        party_of(buyer, language=language, from_country=home),
    )


def _logo(digest: str) -> bytes | None:
    return bytes(Logo.objects.values_list("jpeg", flat=True).get(sha256=digest)) if digest else None


def _verified(
    issued: Invoice | CreditNote,
    pdf: bytes,
    *,
    document: Document,
    first: InvoiceRendering | CreditNoteRendering,
) -> bytes:
    """The bytes that were first made. Those with boxes are made again with them."""
    if sha256(pdf).hexdigest() == first.sha256:
        return pdf
    older = render_with_boxes(document)
    if sha256(older).hexdigest() == first.sha256:
        return older
    what = "The invoice" if isinstance(issued, Invoice) else "The credit note"
    raise UnableToRender(
        f"The PDF of {issued} made now differs from the one first made on "
        f"{first.created_at:%Y-%m-%d}, so it is not handed out. {what} itself is as it was; "
        "ask the operator which version of Fincelo made that PDF."
    )
