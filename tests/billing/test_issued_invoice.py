"""What the database refuses once an invoice is issued, also for raw SQL."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from billing.enums import BillingTrigger, InvoiceState
from billing.invoicing import invoice_due
from billing.models import Invoice
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def invoice() -> Invoice:
    ensure_legal_entity()
    sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.SCHEDULE)
    return Invoice.objects.get()


def execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_invoice SET total_minor = total_minor + 1, net_minor = net_minor + 1",
        "UPDATE billing_invoice SET buyer = '{}'",
        "UPDATE billing_invoice SET number = 'INV-2026-000009'",
        "UPDATE billing_invoice SET issue_date = issue_date - 1",
        "UPDATE billing_invoice SET customer_id = customer_id + 1",
        "DELETE FROM billing_invoice",
        "UPDATE billing_invoiceline SET amount_minor = 1",
        "DELETE FROM billing_invoiceline",
    ],
)
def test_an_issued_invoice_stays_as_it_is(statement: str) -> None:
    with pytest.raises(DatabaseError, match=r"^pgtrigger: Cannot (update|delete)"):
        execute(statement)


def test_an_issued_invoice_is_no_draft_again() -> None:
    with pytest.raises(IntegrityError, match="invoice_is_numbered_at_issue"):
        execute("UPDATE billing_invoice SET state = 'draft'")


def test_its_state_goes_on(invoice: Invoice) -> None:
    execute("UPDATE billing_invoice SET state = 'paid'")

    invoice.refresh_from_db()
    assert invoice.state == InvoiceState.PAID
