"""The PDF of an invoice: made anew from the frozen copy each time, and checked against the first one."""

from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from billing.document_models import InvoiceRendering, Logo
from billing.documents.content import Document, Line, Party
from billing.documents.painting import render
from billing.enums import InvoiceState
from billing.letterheads import seller_copy
from billing.models import Invoice, LegalEntity
from contracts.enums import Language
from contracts.terms import Span, add_months

ONE_DAY = timedelta(days=1)


class UnableToRender(Exception):
    """The document cannot be handed out."""


def invoice_pdf(*, invoice: Invoice) -> bytes:
    """The same bytes as ever. A draft is a preview, of which nothing is kept."""
    pdf = render(document_of(invoice=invoice))
    if invoice.state != InvoiceState.DRAFT:
        _verify(invoice, sha256(pdf).hexdigest())
    return pdf


def sample_pdf(*, legal_entity: LegalEntity, as_of: date) -> bytes:
    """What an invoice would look like today: a draft with an invented customer."""
    months = Span(start=as_of, end=add_months(anchor=as_of, months=3))
    seller = seller_copy(legal_entity=legal_entity)
    document = Document(
        language=Language.ENGLISH,
        number=None,
        issue_date=None,
        due_date=None,
        payment_terms_days=legal_entity.payment_terms_days,
        po_number="4711",
        currency="EUR",
        seller=_party(seller),
        buyer=Party(name="Sample Customer", address="1 Main Street\nSpringfield", tax_id="DE000000000"),
        lines=[
            Line(
                description="Sample subscription",
                first_day=months.start,
                last_day=months.last_day,
                amount_minor=120_000,
            )
        ],
        net_minor=120_000,
        tax_minor=0,
        total_minor=120_000,
        footer=seller["footer"],
        logo=_logo(seller["logo"]),
    )
    return render(document)


def document_of(*, invoice: Invoice) -> Document:
    """Nothing but what the invoice and its lines say themselves."""
    return Document(
        language=invoice.buyer.get("language", ""),
        number=invoice.number,
        issue_date=invoice.issue_date,
        due_date=invoice.due_date,
        payment_terms_days=invoice.payment_terms_days,
        po_number=invoice.po_number,
        currency=invoice.currency,
        seller=_party(invoice.seller),
        buyer=_party(invoice.buyer),
        lines=[
            Line(
                description=line.description,
                first_day=line.period_start,
                last_day=line.period_end - ONE_DAY,
                amount_minor=line.amount_minor,
            )
            for line in invoice.lines.order_by("position")
        ],
        net_minor=invoice.net_minor,
        tax_minor=invoice.tax_minor,
        total_minor=invoice.total_minor,
        footer=invoice.seller.get("footer", ""),
        logo=_logo(invoice.seller.get("logo", "")),
    )


def _party(copy: dict[str, Any]) -> Party:
    return Party(name=copy["name"], address=copy["address"], tax_id=copy["tax_id"])


def _logo(digest: str) -> bytes | None:
    return bytes(Logo.objects.values_list("jpeg", flat=True).get(sha256=digest)) if digest else None


def _verify(invoice: Invoice, digest: str) -> None:
    rendering, _ = InvoiceRendering.objects.get_or_create(invoice=invoice, defaults={"sha256": digest})
    if rendering.sha256 != digest:
        raise UnableToRender(
            f"The PDF of {invoice} made now differs from the one first made on "
            f"{rendering.created_at:%d %B %Y}, so it is not handed out. The invoice itself is as it was; "
            "ask the operator which version of Fincelo made that PDF."
        )
