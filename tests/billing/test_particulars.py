"""No invoice is issued that does not name what an invoice must name, whichever way it would be issued."""

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from billing.enums import BillingTrigger, WaitCode
from billing.issuing.foretelling import bill_in_vain
from billing.issuing.invoicing import invoice_due
from billing.issuing.rendering import document_of
from billing.issuing.writing import issue_invoices
from billing.models import BillingRun, Instalment, Invoice, LegalEntity
from billing.overview.banners import incomplete_legal_entity
from billing.schedules.activation import activate_billing
from billing.schedules.customer_terms import change_billing_terms
from billing.schedules.drafting import withdraw_drafts
from billing.schedules.waiting import reasons_of
from contracts.drafts import CustomerDraft
from contracts.models import AuditEntry, Contract, Customer
from contracts.operations import ContractOrder, refresh_customers, write_contracts, write_customers
from contracts.particulars import differences
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, order_for
from tests.billing.people import person
from tests.billing.test_set_up_pages import browser
from tests.pages import alerts

pytestmark = pytest.mark.django_db

GERMAN = {"street": "Hafenstr. 12", "post_code": "20457", "city": "Hamburg", "country": "DE"}


@pytest.fixture(autouse=True)
def seller() -> LegalEntity:
    return ensure_legal_entity(
        name="Nordlicht GmbH",
        street="Alte Straße 1",
        post_code="10115",
        city="Berlin",
        country="DE",
        vat_currency="EUR",
        vat_id="DE136695976",
        tax_number="",
        default_tax_rate=19_000,
        requires_buyer_address=True,
    )


@pytest.fixture
def finance() -> Client:
    return browser(person("finn", group="Finance"))


def signed(currency: str = "EUR", **customer: Any) -> Contract:
    [customer_id] = write_customers(drafts=[CustomerDraft(name="Acme", **customer)])
    deal = Deal(currency=currency)
    [key] = write_contracts(orders=[ContractOrder(customer_id=customer_id, draft=deal.draft)], as_of=TODAY)
    activate_billing(orders=[order_for(contract_id=key, deal=deal)], as_of=TODAY)
    return Contract.objects.get(pk=key)


def bill(as_of: date = TODAY) -> int:
    return invoice_due(as_of=as_of, trigger=BillingTrigger.SCHEDULE).issued


def codes_of(contract: Contract) -> list[WaitCode]:
    return [reason.code for reason in reasons_of(contract_ids=[contract.pk]).get(contract.pk, [])]


ADDRESS, TAX = WaitCode.BUYER_ADDRESS, WaitCode.TAX_UNDECIDED


@pytest.mark.parametrize(
    ("currency", "customer", "codes"),
    [
        ("EUR", GERMAN, []),
        ("USD", GERMAN, []),
        ("EUR", {}, [ADDRESS]),
        ("USD", {}, [ADDRESS, TAX]),
        ("EUR", {"country": "DE"}, [ADDRESS]),
        ("EUR", {**GERMAN, "country": ""}, [ADDRESS]),
        ("EUR", {"city": "Hamburg", "country": "DE"}, []),
        ("EUR", {"street": " \n ", "country": "DE"}, [ADDRESS]),
        ("EUR", {"address": "Hafenstr. 12\nHamburg"}, []),
        ("USD", {"address": "1 Main Street\nSpringfield"}, [TAX]),
        ("EUR", {**GERMAN, "country": "FR"}, [TAX]),
        ("EUR", {**GERMAN, "country": "FR", "tax_rate": 0}, []),
        ("USD", {"address": "1 Main Street\nSpringfield", "tax_rate": 19_000}, []),
    ],
)
def test_what_waits_and_what_is_issued(
    currency: str, customer: dict[str, Any], codes: list[WaitCode]
) -> None:
    contract = signed(currency, **customer)

    assert codes_of(contract) == codes
    foretold = bill_in_vain(contract_ids=[contract.pk], as_of=TODAY).contracts[contract.pk]
    assert len(foretold.invoices) == (0 if codes else 1)
    withdraw_drafts(contract_ids=[contract.pk])
    assert bill() == (0 if codes else 1)


def test_an_address_may_be_left_out_where_the_law_allows_it() -> None:
    contract = signed()
    LegalEntity.objects.update(requires_buyer_address=False)

    assert (codes_of(contract), bill()) == ([], 1)


def test_tax_needs_the_seller_s_tax_id() -> None:
    contract = signed(**GERMAN)
    exempt = signed(**GERMAN, tax_rate=0)
    LegalEntity.objects.update(vat_id="")

    assert (codes_of(contract), codes_of(exempt)) == ([WaitCode.SELLER_TAX_ID], [])
    assert bill() == 1
    assert [gap["what"] for gap in incomplete_legal_entity()] == [
        "No invoice with tax is issued: your company has neither VAT ID nor tax number."
    ]
    LegalEntity.objects.update(tax_number="37/123/45678")
    assert (bill(), incomplete_legal_entity()) == (1, [])


def test_without_a_default_rate_every_customer_needs_one() -> None:
    contract = signed(**GERMAN)
    LegalEntity.objects.update(default_tax_rate=None)

    assert codes_of(contract) == [TAX]


def test_a_po_number_that_the_customer_wants() -> None:
    contract = signed(**GERMAN)
    Customer.objects.update(po_required=True)

    assert codes_of(contract) == [WaitCode.PO_MISSING]
    Contract.objects.update(po_number="4711")
    assert (codes_of(contract), bill()) == ([], 1)


def test_terms_of_one_customer_are_kept_and_in_the_audit() -> None:
    customer = signed(**GERMAN).customer
    finn = person("finn", group="Finance")

    change_billing_terms(customer=customer, tax_rate=7_000, payment_terms_days=14, actor=finn)

    customer.refresh_from_db()
    assert (customer.tax_rate, customer.payment_terms_days) == (7_000, 14)
    assert AuditEntry.objects.get(action="Billing terms changed").actor_name == "finn"


def test_the_database_refuses_what_waits(seller: LegalEntity) -> None:
    contract = signed()
    run = BillingRun.objects.create(trigger=BillingTrigger.COMMAND, as_of=TODAY)
    instalment = Instalment.objects.filter(schedule__contract=contract).earliest("sequence")

    with pytest.raises(IntegrityError), transaction.atomic():
        issue_invoices(instalment_ids=[instalment.pk], legal_entity=seller, run=run, issue_date=TODAY)

    assert Invoice.objects.count() == 0


def test_the_copy_has_the_parts_and_the_pdf_their_right_names() -> None:
    signed(**GERMAN, vat_id="DE129273398")
    Customer.objects.update(language="de")
    bill()

    invoice = Invoice.objects.get()
    assert invoice.buyer["address"] == {
        "lines": ["Hafenstr. 12"],
        "post_code": "20457",
        "city": "Hamburg",
        "region": "",
        "country": "DE",
    }
    document = document_of(invoice=invoice)
    assert document.buyer.address == "Hafenstr. 12\n20457 Hamburg"
    assert (document.seller.vat_id, document.buyer.vat_id) == ("DE136695976", "DE129273398")


def test_finance_enters_what_is_missing_and_billing_goes_on(finance: Client) -> None:
    contract = signed("USD", billing_email="ap@acme.example")
    page = finance.get(f"/customers/{contract.customer_id}/")
    assert len([line for line in alerts(page) if "so its billing waits" in line]) == 2

    entered = {**GERMAN, "name": "Acme GmbH", "kind": "business", "vat_id": "DE 129 273 398"}
    wrong = finance.post(f"/customers/{contract.customer_id}/details/", {**entered, "vat_id": "DE129273399"})
    saved = finance.post(f"/customers/{contract.customer_id}/details/", entered, follow=True)

    assert "its length or its check digit does not fit" in wrong.text
    assert "Saved. New mails to Acme GmbH use it." in alerts(saved)
    customer = Customer.objects.get()
    assert (customer.name, customer.vat_id, customer.city) == ("Acme GmbH", "DE129273398", "Hamburg")
    assert bill() == 1


def test_what_is_entered_wins_over_the_crm_until_it_is_taken_back(finance: Client) -> None:
    contract = signed(**GERMAN)
    entered = {**GERMAN, "name": "Acme", "kind": "business", "city": "Bremen"}
    finance.post(f"/customers/{contract.customer_id}/details/", entered)

    told = CustomerDraft(name="Acme Europe", street="Neue Str. 2", city="Kiel", country="DE")
    refresh_customers(drafts={contract.customer_id: told})

    customer = Customer.objects.get()
    assert (customer.name, customer.city, customer.street) == ("Acme Europe", "Bremen", "Hafenstr. 12")
    [difference] = differences(customer)
    assert (difference.label, difference.source) == ("Address", "Neue Str. 2\nKiel\nGermany")
    assert "Kiel" in finance.get(f"/customers/{customer.pk}/").text
    finance.post(f"/customers/{customer.pk}/follow-crm/", {"group": "address"})
    customer.refresh_from_db()
    assert (customer.street, customer.city, customer.post_code) == ("Neue Str. 2", "Kiel", "")
    assert (customer.entered, list(differences(customer))) == ([], [])


def test_an_address_that_the_crm_has_lost_stays() -> None:
    contract = signed(**GERMAN)

    refresh_customers(drafts={contract.customer_id: CustomerDraft(name="Acme", city="Kiel", country="DE")})
    refresh_customers(drafts={contract.customer_id: CustomerDraft(name="Acme")})

    customer = Customer.objects.get()
    assert (customer.street, customer.city, customer.post_code) == ("", "Kiel", "")
