"""An address from the CRM's wire to the frozen copy of the issued invoice, and into the PDF."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from billing.enums import BillingTrigger, WaitCode
from billing.issuing.invoicing import invoice_due
from billing.issuing.rendering import invoice_pdf
from billing.models import Invoice
from billing.schedules.waiting import reasons_of
from contracts.models import Contract, Customer
from crm_sync.models import Connection
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.billing.documents.papers import pages
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import TODAY, sell, sell_in_hubspot

pytestmark = pytest.mark.django_db

ADDRESS = {
    "lines": ["Hafenstraße 12", "Hinterhaus"],
    "post_code": "20457",
    "city": "Hamburg",
    "region": "",
    "country": "DE",
}
PRINTED = ["Nordsee Handel GmbH", "Hafenstraße 12", "Hinterhaus", "20457 Hamburg", "Germany"]


def from_salesforce(request: pytest.FixtureRequest) -> tuple[Connection, Callable[[bool], None]]:
    connection, org = request.getfixturevalue("salesforce"), request.getfixturevalue("org")
    assert isinstance(org, Org)

    def win(has_address: bool) -> None:
        street = {"BillingStreet": "Hafenstraße 12\r\nHinterhaus", "BillingPostalCode": "20457"}
        place = {"BillingCity": "Hamburg", "BillingCountry": "Germany"}
        account = org.add_account("Nordsee Handel GmbH", **(street | place if has_address else {}))
        sell(org, account=account)

    return connection, win


def from_hubspot(request: pytest.FixtureRequest) -> tuple[Connection, Callable[[bool], None]]:
    portal = request.getfixturevalue("portal")
    assert isinstance(portal, Portal)
    street = portal.properties["companies"]["address"]
    portal.add_property("companies", replace(street, name="address2", label="Street Address 2"))
    connection = request.getfixturevalue("hubspot")

    def win(has_address: bool) -> None:
        street = {"address": "Hafenstraße 12", "address2": "Hinterhaus", "zip": "20457"}
        place = {"city": "Hamburg", "country": "Germany"}
        company = portal.add_company(name="Nordsee Handel GmbH", **(street | place if has_address else {}))
        sell_in_hubspot(portal, company_id=company)

    return connection, win


CRMS = [from_salesforce, from_hubspot]


def bill() -> int:
    ensure_legal_entity(requires_buyer_address=True)
    Customer.objects.update(tax_rate=19_000)
    return invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND).issued


@pytest.mark.parametrize("crm", CRMS)
def test_address_of_the_crm_is_frozen_and_printed(
    request: pytest.FixtureRequest, run: Run, crm: Callable[..., Any]
) -> None:
    connection, win = crm(request)
    win(True)
    run(connection)

    assert bill() == 1

    invoice = Invoice.objects.get()
    assert (invoice.buyer["name"], invoice.buyer["address"]) == ("Nordsee Handel GmbH", ADDRESS)
    [page] = pages(invoice_pdf(invoice=invoice))
    begin = page.index(PRINTED[0])
    assert page[begin : begin + len(PRINTED)] == PRINTED


@pytest.mark.parametrize("crm", CRMS)
def test_deal_of_a_customer_without_an_address_waits(
    request: pytest.FixtureRequest, run: Run, crm: Callable[..., Any]
) -> None:
    connection, win = crm(request)
    win(False)
    run(connection)
    [contract] = Contract.objects.all()

    assert bill() == 0

    [reason] = reasons_of(contract_ids=[contract.pk])[contract.pk]
    assert reason.code is WaitCode.BUYER_ADDRESS
