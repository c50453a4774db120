"""What the database refuses once an invoice is issued, also for raw SQL, and with which sentence."""

import pytest
from django.db import IntegrityError, connection, transaction

from billing.enums import BillingTrigger, InstalmentState, InvoiceState
from billing.issuing.invoicing import invoice_due
from billing.models import Instalment, Invoice, InvoiceLine
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign

pytestmark = pytest.mark.django_db

FROZEN = "Invoice INV-2026-000001 is issued and stays as it is. Correct it with a credit note."
LINE = "A line is never changed. Correct it with a credit note."
NO_MORE_LINES = (
    "Invoice INV-2026-000001 is issued: its lines are its net, and no line can be added. "
    "Correct it with a credit note."
)
SUMS = "What is credited or paid of invoice INV-2026-000001 follows from its credit notes and payments."
TOO_LATE = (
    "Invoice INV-2026-000001 was sent, paid or credited, so it cannot be void. Correct it with a credit note."
)


@pytest.fixture(autouse=True)
def invoice() -> Invoice:
    ensure_legal_entity()
    sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.SCHEDULE)
    return Invoice.objects.get()


def execute(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def refusal_of(statement: str) -> str:
    with pytest.raises(IntegrityError) as refusal:
        execute(statement)
    return str(refusal.value).splitlines()[0]


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE billing_invoice SET total_minor = total_minor + 1, net_minor = net_minor + 1", FROZEN),
        ("UPDATE billing_invoice SET buyer = '{}'", FROZEN),
        ('UPDATE billing_invoice SET seller = seller || \'{"name": "Other"}\'', FROZEN),
        ("UPDATE billing_invoice SET number = 'INV-2026-000009'", FROZEN),
        ("UPDATE billing_invoice SET issue_date = issue_date - 1", FROZEN),
        ("UPDATE billing_invoice SET due_date = due_date + 1", FROZEN),
        ("UPDATE billing_invoice SET payment_terms_days = 0", FROZEN),
        ("UPDATE billing_invoice SET currency = 'EUR'", FROZEN),
        ("UPDATE billing_invoice SET tax_summary = '[]'", FROZEN),
        ("UPDATE billing_invoice SET prices_include_tax = true", FROZEN),
        ("UPDATE billing_invoice SET customer_id = customer_id + 1", FROZEN),
        ("UPDATE billing_invoice SET state = 'sent', buyer = '{}'", FROZEN),
        ("UPDATE billing_invoice SET paid_minor = total_minor, state = 'paid'", SUMS),
        ("UPDATE billing_invoice SET credited_minor = 1", SUMS),
        (
            "UPDATE billing_invoice SET state = 'paid'",
            "The state of invoice INV-2026-000001 follows from what is sent, credited and paid of it.",
        ),
        (
            "UPDATE billing_invoice SET state = 'draft'",
            "Invoice INV-2026-000001 is issued and no draft again. Correct it with a credit note.",
        ),
        (
            "DELETE FROM billing_invoice",
            "Invoice INV-2026-000001 is issued and stays. It can only be corrected.",
        ),
        ("UPDATE billing_invoiceline SET amount_minor = 1", LINE),
        ("UPDATE billing_invoiceline SET description = 'Other'", LINE),
        (
            "DELETE FROM billing_invoiceline",
            "Invoice INV-2026-000001 is issued and its lines stay. Correct it with a credit note.",
        ),
        (
            "INSERT INTO billing_invoiceline"
            " (invoice_id, position, description, period_start, period_end, amount_minor)"
            " SELECT id, 2, 'More', '2026-01-01', '2026-02-01', 1 FROM billing_invoice",
            NO_MORE_LINES,
        ),
    ],
)
def test_an_issued_invoice_stays_as_it_is(statement: str, sentence: str) -> None:
    assert refusal_of(statement) == sentence


def test_a_line_of_nothing_is_refused() -> None:
    sentence = refusal_of(
        "INSERT INTO billing_invoiceline"
        " (invoice_id, position, description, period_start, period_end, amount_minor)"
        " SELECT id, 2, 'Nothing', '2026-01-01', '2026-02-01', 0 FROM billing_invoice"
    )

    assert "invoice_line_amount_is_positive" in sentence


def test_the_orm_is_refused_as_well(invoice: Invoice) -> None:
    invoice.total_minor = invoice.net_minor = 1
    with pytest.raises(IntegrityError, match=FROZEN), transaction.atomic():
        invoice.save()
    with pytest.raises(IntegrityError, match=NO_MORE_LINES), transaction.atomic():
        InvoiceLine.objects.create(
            invoice=invoice, position=2, description="x", period_start=TODAY, period_end=TODAY, amount_minor=1
        )
    with pytest.raises(IntegrityError, match="its lines stay"), transaction.atomic():
        InvoiceLine.objects.all().delete()
    assert list(Invoice.objects.values_list("state", "total_minor")) == [(InvoiceState.ISSUED, 10_000)]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("billing_invoice", "Issued invoices are kept for ever: this table cannot be emptied."),
        ("billing_invoiceline", "Lines of issued invoices are kept for ever: this table cannot be emptied."),
    ],
)
def test_tables_of_issued_documents_are_not_emptied(table: str, sentence: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")  # tests may empty them; see conftest

    assert refusal_of(f"TRUNCATE {table} CASCADE") == sentence


def test_sent_is_stamped(invoice: Invoice) -> None:
    execute("UPDATE billing_invoice SET state = 'sent'")

    invoice.refresh_from_db()
    assert (invoice.state, invoice.sent_at is not None) == (InvoiceState.SENT, True)


def test_an_invoice_that_was_never_sent_can_be_void_and_stays_so(invoice: Invoice) -> None:
    execute("UPDATE billing_invoice SET state = 'void'")

    invoice.refresh_from_db()
    assert invoice.state == InvoiceState.VOID
    assert refusal_of("UPDATE billing_invoice SET state = 'issued'") == (
        "Invoice INV-2026-000001 is void and stays void."
    )


def test_a_sent_invoice_is_never_void() -> None:
    execute("UPDATE billing_invoice SET state = 'sent'")

    assert refusal_of("UPDATE billing_invoice SET state = 'void'") == TOO_LATE


def test_a_number_without_an_issue_is_refused(invoice: Invoice) -> None:
    """A draft is numbered by being approved, never by hand."""
    Instalment.objects.filter(sequence=2).update(state=InstalmentState.PLANNED)
    Invoice.objects.create(
        legal_entity=invoice.legal_entity,
        contract=invoice.contract,
        customer=invoice.customer,
        instalment=Instalment.objects.get(sequence=2),
        state=InvoiceState.DRAFT,
        currency="USD",
        net_minor=10_000,
        total_minor=10_000,
        payment_terms_days=30,
        seller={},
        buyer={},
    )

    assert refusal_of(
        "UPDATE billing_invoice SET state = 'issued', number = 'INV-2026-000002', year = 2026, sequence = 2,"
        " issue_date = '2026-11-22', due_date = '2026-12-22' WHERE state = 'draft'"
    ) == ("A draft becomes an invoice by being approved: that gives it the next number.")
