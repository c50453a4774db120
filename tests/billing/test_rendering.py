"""The PDF of an invoice comes from its frozen copy alone, and stays the same."""

from datetime import date
from hashlib import sha256

import pytest

from billing.documents.content import Document, Line, Party
from billing.documents.logos import as_jpeg
from billing.enums import BillingTrigger, InvoiceState
from billing.issuing.invoicing import invoice_due
from billing.issuing.letterheads import change_letterhead
from billing.issuing.rendering import UnableToRender, document_of, invoice_pdf, sample_pdf
from billing.models import Invoice, InvoiceRendering, LegalEntity, Letterhead, Logo
from billing.tax import RateTotal
from contracts.models import Contract, Customer
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.documents.papers import pages, picture
from tests.billing.moved_on import move_on

pytestmark = pytest.mark.django_db
LOGO = as_jpeg(picture())


@pytest.fixture
def entity() -> LegalEntity:
    return ensure_legal_entity(default_tax_rate=19_000)


@pytest.fixture
def invoice(entity: LegalEntity, admin_user) -> Invoice:
    change_letterhead(legal_entity=entity, footer="Bank", logo=LOGO, removes_logo=False, actor=admin_user)
    sign(Deal(po_number="PO 7"))
    Customer.objects.update(language="de")
    return issued()


def issued() -> Invoice:
    invoice_due(as_of=TODAY, trigger=BillingTrigger.SCHEDULE)
    return Invoice.objects.get()


def change_everything(entity: LegalEntity, user) -> None:
    """Whatever the invoice was made from, and its state."""
    change_letterhead(
        legal_entity=entity,
        footer="Other bank",
        logo=as_jpeg(picture(width=9)),
        removes_logo=False,
        actor=user,
    )
    LegalEntity.objects.update(name="Renamed", street="Moved", tax_number="US-9", payment_terms_days=1)
    Customer.objects.update(name="Renamed", street="Moved", vat_id="DE-9", language="en", billing_email="")
    Contract.objects.update(name="Renamed", po_number="PO 9")
    move_on(Invoice.objects.get(), to="paid")


def test_document_is_the_frozen_copy(invoice: Invoice) -> None:
    assert document_of(invoice=invoice) == Document(
        language="de",
        number="INV-2026-000001",
        issue_date=date(2026, 11, 22),
        due_date=date(2026, 12, 22),
        payment_terms_days=30,
        po_number="PO 7",
        currency="USD",
        seller=Party(name="Fincelo Inc", address="2 Side Street\nSpringfield", tax_number="US-2"),
        buyer=Party(name="Acme", address="1 Main Street\nSpringfield", tax_number="US-1"),
        lines=[
            Line(
                description="Acme subscription",
                first_day=date(2026, 11, 22),
                last_day=date(2026, 12, 21),
                amount_minor=10_000,
            )
        ],
        net_minor=10_000,
        tax_minor=1_900,
        total_minor=11_900,
        taxes=[RateTotal(rate=19_000, net=10_000, tax=1_900)],
        prices_include_tax=False,
        credits=None,
        reason="",
        footer="Bank",
        logo=LOGO,
    )


def test_nothing_that_changes_later_changes_the_pdf(
    invoice: Invoice, entity: LegalEntity, admin_user
) -> None:
    first = invoice_pdf(invoice=invoice)

    change_everything(entity, admin_user)

    assert invoice_pdf(invoice=Invoice.objects.get()) == first


def test_invoice_of_an_earlier_release_has_its_pdf(entity: LegalEntity) -> None:
    """Before there were letterheads and languages, the copy named neither."""
    sign(Deal())
    older = Invoice(
        number="INV-2020-000001",
        issue_date=TODAY,
        due_date=TODAY,
        seller={"name": "Fincelo Inc", "address": "", "tax_id": ""},
        buyer={"name": "Acme", "address": "", "tax_id": "", "billing_email": ""},
        currency="USD",
        net_minor=1,
        tax_minor=0,
        total_minor=1,
        payment_terms_days=30,
        po_number="",
        pk=0,
    )

    document = document_of(invoice=older)

    assert (document.language, document.footer, document.logo) == ("", "", None)


def test_hash_of_the_first_pdf_is_kept(invoice: Invoice) -> None:
    pdf = invoice_pdf(invoice=invoice)
    invoice_pdf(invoice=invoice)

    assert InvoiceRendering.objects.get(invoice=invoice).sha256 == sha256(pdf).hexdigest()


def test_pdf_that_differs_from_the_first_is_not_handed_out(invoice: Invoice) -> None:
    InvoiceRendering.objects.create(invoice=invoice, sha256="0" * 64)
    made = InvoiceRendering.objects.get().created_at

    with pytest.raises(UnableToRender) as refusal:
        invoice_pdf(invoice=invoice)

    assert str(refusal.value) == (
        f"The PDF of INV-2026-000001 made now differs from the one first made on {made:%Y-%m-%d}, so it is not "
        "handed out. The invoice itself is as it was; ask the operator which version of Fincelo made that PDF."
    )


def test_draft_is_a_preview_of_which_nothing_is_kept(invoice: Invoice) -> None:
    invoice.state, invoice.number, invoice.issue_date, invoice.due_date = InvoiceState.DRAFT, None, None, None

    pdf = invoice_pdf(invoice=invoice)

    assert pages(pdf)[0][0] == "ENTWURF"
    assert InvoiceRendering.objects.count() == 0


def test_sample_shows_the_letterhead_of_today(invoice: Invoice, entity: LegalEntity) -> None:
    (page,) = pages(sample_pdf(legal_entity=entity, as_of=TODAY))

    assert (page[0], page[-2:]) == ("DRAFT", ["Bank", "1 of 1"])
    assert InvoiceRendering.objects.count() == 0


def test_same_logo_is_kept_once(invoice: Invoice, entity: LegalEntity, admin_user) -> None:
    change_letterhead(legal_entity=entity, footer="", logo=None, removes_logo=True, actor=admin_user)
    change_letterhead(legal_entity=entity, footer="", logo=LOGO, removes_logo=False, actor=admin_user)
    change_letterhead(legal_entity=entity, footer="Bank 2", logo=None, removes_logo=False, actor=admin_user)

    assert Logo.objects.count() == 1
    assert Letterhead.objects.get().logo == Logo.objects.get()
