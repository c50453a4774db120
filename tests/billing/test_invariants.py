"""Each rule of contracts and billing, broken by SQL past what the database would refuse."""

from datetime import date

import pytest
from django.db import connection

from billing.crediting import request_credit
from billing.enums import AfterVoid, BillingTrigger
from billing.invoicing import invoice_due
from billing.models import Invoice
from billing.paying import record_payment
from billing.voiding import void_invoice
from contracts.enums import BillingCycle
from contracts.models import Contract, Workspace
from contracts.money import Money
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person
from tests.invariants import TESTS_EMPTY_TABLES, WITHOUT_CRM, assert_no_violations, plant, violations

pytestmark = pytest.mark.django_db


def bill(as_of: date = TODAY) -> None:
    invoice_due(as_of=as_of, trigger=BillingTrigger.COMMAND)


def invoice_of(name: str) -> Invoice:
    return Invoice.objects.filter(contract__name__startswith=name).latest("pk")


@pytest.fixture
def workspace() -> dict[str, int]:
    """Seven contracts, seven invoices, one credit note, one payment. The ids of the contracts by name."""
    ensure_legal_entity(default_tax_rate=19_000)
    ann = person("ann", group="Approver")
    sign(
        Deal(customer="First", value="50.00", months=1, start=date(2026, 10, 22)),
        Deal(customer="Second", value="50.00", months=1, start=date(2026, 10, 23)),
        Deal(customer="Acme"),
        Deal(customer="Short", value="1000.00", months=14, cycle=BillingCycle.ANNUAL),
        Deal(customer="Void", currency="JPY", value="1200"),
        Deal(customer="Paid"),
        Deal(customer="Future", start=date(2027, 1, 1)),
    )
    bill()
    void_invoice(invoice=invoice_of("Void"), then=AfterVoid.BILL_AGAIN, reason="Wrong address", actor=ann)
    bill()
    paid = invoice_of("Paid")
    request_credit(invoice=paid, amount=4_000, reason="Agreed", as_of=TODAY, actor=ann)
    record_payment(
        invoice=paid,
        amount=Money(minor=2_000, currency="USD"),
        received_date=TODAY,
        reference="",
        as_of=TODAY,
        actor=ann,
    )
    return {name.split()[0]: pk for name, pk in Contract.objects.values_list("name", "pk")}


def test_a_workspace_at_work_has_no_violation(workspace: dict[str, int]) -> None:
    assert violations(but={WITHOUT_CRM}) == {}


ACME = "contract_id = {Acme}"
PLAN = "schedule_id = (SELECT id FROM billing_billingschedule WHERE contract_id = {%s})"
AUDIT = """
    INSERT INTO contracts_auditentry (at, actor_name, action, object_type, object_id, object_name, before, after, reason)
    VALUES (now() - interval '1 hour', 'x', 'x', 'contracts.contract', {%s}, 'x', '{{}}', '{{"state": "%s"}}', '')
"""
PLANTED = {
}
