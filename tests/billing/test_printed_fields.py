"""Custom fields that invoices take along: frozen at issue, printed from the copy."""

import io
from datetime import date

import pytest
from django.db import DatabaseError, transaction
from pypdf import PdfReader

from billing.enums import BillingMode, BillingTrigger
from billing.issuing.approving import approve_drafts
from billing.issuing.invoicing import invoice_due
from billing.issuing.rendering import invoice_pdf
from billing.models import BillingPolicy, Invoice
from contracts.custom_fields import print_on_invoices
from contracts.enums import CustomFieldHome, CustomFieldType
from contracts.models import Contract, Customer, CustomField
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person
from tests.pages import signed_in, words

pytestmark = [pytest.mark.django_db, AHEAD]
NEXT = date(2026, 12, 22)


@pytest.fixture(autouse=True)
def _sender() -> None:
    ensure_legal_entity()


def bill(as_of: date = TODAY) -> None:
    invoice_due(as_of=as_of, trigger=BillingTrigger.COMMAND)


def define(
    label: str, *, home: CustomFieldHome = CustomFieldHome.CONTRACT, printed: bool = True
) -> CustomField:
    return CustomField.objects.create(home=home, label=label, type=CustomFieldType.TEXT, on_invoice=printed)


def printed() -> list[list[tuple[str, str]]]:
    return [
        [(kept["label"], kept["value"]) for kept in invoice.custom_fields]
        for invoice in Invoice.objects.order_by("pk")
    ]


def text_of(invoice: Invoice) -> str:
    pdf = invoice_pdf(invoice=invoice)
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_invoice_takes_along_what_is_printed_and_has_a_value() -> None:
    sign(Deal(customer="Acme"), Deal(customer="Globex"))
    for label, on in (("Region", True), ("Secret", False), ("Empty", True), ("Missing", True)):
        define(label, printed=on)
    define("Region", home=CustomFieldHome.CUSTOMER)
    Contract.objects.filter(name__startswith="Acme").update(
        custom_fields={"Region": "North", "Secret": "kept", "Empty": "", "Unknown": "x"}
    )
    Customer.objects.filter(name="Acme").update(custom_fields={"Region": "Earth"})

    bill()

    assert printed() == [[("Region", "North"), ("Region", "Earth")], []]
    first, _ = Invoice.objects.order_by("pk")
    assert first.custom_fields[0] == {"label": "Region", "type": "text", "value": "North"}
    assert "Region North Region Earth" in " ".join(text_of(first).split())
    assert "kept" not in text_of(first)


def test_issued_invoices_keep_what_they_were_issued_with() -> None:
    sign(Deal())
    Contract.objects.update(custom_fields={"Region": "North"})
    bill()
    before = invoice_pdf(invoice=Invoice.objects.get())

    field = define("Region", printed=False)
    print_on_invoices(field=field, printed=True, actor=person("fiona"))
    bill(NEXT)
    Contract.objects.update(custom_fields={"Region": "South"})

    assert printed() == [[], [("Region", "North")]]
    first, second = Invoice.objects.order_by("pk")
    assert invoice_pdf(invoice=first) == before
    assert "North" in text_of(second)
    for invoice in (first, second):
        with pytest.raises(DatabaseError, match="is issued and stays as it is"), transaction.atomic():
            Invoice.objects.filter(pk=invoice.pk).update(custom_fields=[{"label": "x"}])


def test_a_draft_is_issued_with_the_values_of_its_approval() -> None:
    BillingPolicy.objects.update_or_create(pk=1, defaults={"mode": BillingMode.APPROVE})
    sign(Deal())
    define("Region")
    Contract.objects.update(custom_fields={"Region": "North"})
    bill()
    assert printed() == [[("Region", "North")]]
    Contract.objects.update(custom_fields={"Region": "South"})

    approve_drafts(ids=[Invoice.objects.get().pk], as_of=TODAY, actor=person("ada"))

    assert printed() == [[("Region", "South")]]


def test_the_invoice_s_page_shows_its_copy() -> None:
    sign(Deal())
    CustomField.objects.create(home="contract", label="Renewal", type="date", on_invoice=True)
    Contract.objects.update(custom_fields={"Renewal": "2027-01-31"})
    bill()

    page = signed_in("billing.view_invoice").get(f"/invoices/{Invoice.objects.get().pk}/")

    assert "Renewal 31 Jan 2027" in words(page.text)
