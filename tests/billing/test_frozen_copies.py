"""What an invoice keeps from the moment it is issued."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User

from billing.enums import BillingTrigger, InstalmentState
from billing.issuing.invoicing import BillingSummary, invoice_due
from billing.models import Instalment, Invoice, InvoiceLine, LegalEntity, Letterhead
from billing.schedules.due import Total
from contracts.enums import BillingCycle
from contracts.models import Customer
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, sign

pytestmark = [pytest.mark.django_db, AHEAD]


ADDRESS = {"lines": [], "post_code": "", "city": "Springfield", "region": "", "country": "US"}
PARTY = {
    "format": 2,
    "trading_name": "",
    "vat_id": "",
    "company_id": "",
    "company_id_scheme": "",
    "electronic_address": {"scheme": "", "id": ""},
    "contact": {"name": "", "phone": "", "email": ""},
}
SELLER = {
    **PARTY,
    "name": "Fincelo Inc",
    "address": {**ADDRESS, "lines": ["2 Side Street"]},
    "tax_number": "US-2",
    "legal_info": "",
    "footer": "",
    "logo": "",
}
BUYER = {
    **PARTY,
    "name": "Müller & Söhne",
    "address": {**ADDRESS, "lines": ["1 Main Street"]},
    "tax_number": "US-1",
    "printed_name": "",
    "kind": "business",
    "buyer_id": "",
    "buyer_reference": "",
    "accounting_reference": "",
    "billing_email": "billing@example.com",
    "language": "en",
}


@pytest.fixture(autouse=True)
def _legal_entity() -> None:
    ensure_legal_entity()


def bill(*, as_of: date = TODAY) -> BillingSummary:
    return invoice_due(as_of=as_of, trigger=BillingTrigger.SCHEDULE)


def test_an_invoice_is_a_frozen_copy(admin_user: User) -> None:
    [contract] = sign(Deal(customer="Müller & Söhne", value="100.00", months=3, po_number="PO 7"))
    instalment = Instalment.objects.get(schedule__contract=contract, sequence=1)

    summary = invoice_due(as_of=TODAY, trigger=BillingTrigger.PERSON, actor=admin_user)

    row = Invoice.objects.values().get()
    assert row.pop("created_at") is not None
    assert row == {
        "id": row["id"],
        "legal_entity_id": LegalEntity.objects.get().pk,
        "contract_id": contract.pk,
        "customer_id": contract.customer_id,
        "instalment_id": instalment.pk,
        "billing_run_id": summary.run_id,
        "state": "issued",
        "number": "INV-2026-000001",
        "year": 2026,
        "sequence": 1,
        "issue_date": date(2026, 11, 22),
        "due_date": date(2026, 12, 22),
        "currency": "USD",
        "net_minor": 3334,
        "tax_minor": 0,
        "total_minor": 3334,
        "tax_summary": [{"rate": 0, "net_minor": 3334, "tax_minor": 0}],
        "prices_include_tax": False,
        "credited_minor": 0,
        "paid_minor": 0,
        "sent_at": None,
        "payment_terms_days": 30,
        "po_number": "PO 7",
        "custom_fields": [],
        "seller": SELLER,
        "buyer": BUYER,
    }
    assert list(InvoiceLine.objects.values_list()) == [
        (
            InvoiceLine.objects.get().pk,
            row["id"],
            1,
            "Müller & Söhne subscription",
            date(2026, 11, 22),
            date(2026, 12, 22),
            3334,
            0,
        )
    ]
    instalment.refresh_from_db()
    assert instalment.state == InstalmentState.INVOICED


@pytest.mark.parametrize(
    ("currency", "value", "included", "net", "tax", "total"),
    [
        ("USD", "100.00", False, 10_000, 1_900, 11_900),
        ("USD", "119.00", True, 10_000, 1_900, 11_900),
        ("JPY", "8334", False, 8_334, 1_583, 9_917),
        ("BHD", "33.334", False, 33_334, 6_333, 39_667),
        ("CLF", "77.7777", True, 653_594, 124_183, 777_777),
    ],
)
def test_tax_is_added_or_taken_out_and_frozen(
    currency: str, value: str, included: bool, net: int, tax: int, total: int
) -> None:
    ensure_legal_entity(default_tax_rate=19_000, prices_include_tax=included)
    sign(Deal(currency=currency, value=value, cycle=BillingCycle.ONE_TIME))

    summary = bill()

    invoice = Invoice.objects.get()
    assert (invoice.net_minor, invoice.tax_minor, invoice.total_minor) == (net, tax, total)
    assert invoice.tax_summary == [{"rate": 19_000, "net_minor": net, "tax_minor": tax}]
    assert list(invoice.lines.values_list("amount_minor", "tax_rate")) == [(net, 19_000)]
    assert summary.totals == [Total(currency=currency, invoices=1, minor=total if included else net)]


def test_a_customer_has_its_own_rate_and_terms() -> None:
    ensure_legal_entity(default_tax_rate=19_000)
    own, _ = sign(Deal(customer="Own"), Deal(customer="Default"))
    own.customer.tax_rate, own.customer.payment_terms_days = 0, 14
    own.customer.save()

    bill()

    assert list(
        Invoice.objects.order_by("sequence").values_list(
            "buyer__name", "tax_minor", "payment_terms_days", "due_date"
        )
    ) == [("Own", 0, 14, date(2026, 12, 6)), ("Default", 1_900, 30, date(2026, 12, 22))]


def test_a_later_change_of_names_leaves_the_invoice_alone() -> None:
    [contract] = sign(Deal())
    bill()

    contract.customer.name = "Acme Renamed"
    contract.customer.save()
    ensure_legal_entity(name="Fincelo Renamed")
    bill(as_of=date(2026, 12, 22))

    assert [
        (invoice.buyer["name"], invoice.seller["name"]) for invoice in Invoice.objects.order_by("sequence")
    ] == [
        ("Acme", "Fincelo Inc"),
        ("Acme Renamed", "Fincelo Renamed"),
    ]


@pytest.mark.parametrize(
    ("facts", "lines"),
    [
        (
            {"street": "\n 1 Main Street \n\n\tFloor 2\r\n", "address": "9 Old Road"},
            ["1 Main Street", "Floor 2"],
        ),
        (
            {"street": "", "city": "", "post_code": "", "address": "9 Old Road\n\nB\nA"},
            ["9 Old Road", "B", "A"],
        ),
    ],
    ids=["parts", "a text that nobody could split"],
)
def test_address_lines_are_those_that_are_written(facts: dict[str, str], lines: list[str]) -> None:
    sign(Deal())
    Customer.objects.update(**facts)

    bill()

    assert Invoice.objects.get().buyer["address"]["lines"] == lines


def test_what_is_confirmed_for_a_day_is_printed_from_that_day_on() -> None:
    Letterhead.objects.get_or_create(legal_entity=LegalEntity.objects.get())
    Letterhead.objects.update(
        next_look={"footer": "IBAN 1", "logo": "", "legal_info": ""}, next_from=TODAY + timedelta(days=1)
    )
    sign(Deal())

    bill()
    bill(as_of=TODAY + timedelta(days=40))

    footers = [invoice.seller["footer"] for invoice in Invoice.objects.order_by("sequence")]
    assert footers == ["", "IBAN 1"]
