from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from billing.enums import BillingMode, BillingTrigger, InvoiceState
from billing.issuing.invoicing import invoice_due
from billing.issuing.policy import PeriodLocked
from billing.models import BillingPolicy, Invoice, Payment
from billing.receivables.crediting import request_credit
from billing.receivables.paying import (
    UnableToRecordPayment,
    day_refusal_of,
    equal_payment,
    record_payment,
    take_back_payment,
)
from contracts.models import AuditEntry
from contracts.money import Money
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def finn() -> User:
    return person("finn", group="Finance")


@pytest.fixture
def invoice() -> Invoice:
    """Of USD 100.00."""
    ensure_legal_entity()
    sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    return Invoice.objects.get()


def pay(
    invoice: Invoice, minor: int, actor: User, *, currency: str = "USD", received_date: date = TODAY
) -> Payment:
    return record_payment(
        invoice=invoice,
        amount=Money(minor=minor, currency=currency),
        received_date=received_date,
        reference="Bank 1",
        as_of=TODAY,
        actor=actor,
    )


def stands(invoice: Invoice) -> tuple[str, int]:
    invoice.refresh_from_db()
    return (invoice.state, invoice.balance_minor)


def test_the_state_follows_from_the_balance(invoice: Invoice, finn: User) -> None:
    pay(invoice, 4_000, finn)
    part = stands(invoice)
    pay(invoice, 6_000, finn)

    assert part == (InvoiceState.PART_PAID, 6_000)
    assert stands(invoice) == (InvoiceState.PAID, 0)
    assert AuditEntry.objects.filter(action="Payment recorded").earliest("pk").after == {
        "paid": "USD 40.00",
        "received": "2026-11-22",
        "reference": "Bank 1",
    }


def test_credit_and_payment_together_settle(invoice: Invoice, finn: User) -> None:
    approver = person("ann", group="Approver")
    pay(invoice, 4_000, finn)

    request_credit(invoice=invoice, amount=6_000, reason="x", as_of=TODAY, actor=approver)
    settled = stands(invoice)
    request_credit(invoice=invoice, amount=None, reason="x", as_of=TODAY, actor=approver)

    assert settled == (InvoiceState.PAID, 0)
    assert stands(invoice) == (InvoiceState.CREDITED, -4_000)  # to be given back


@pytest.mark.parametrize("sent", [False, True])
def test_a_payment_taken_back_leaves_the_invoice_as_before(sent: bool, invoice: Invoice, finn: User) -> None:
    if sent:
        Invoice.objects.update(state=InvoiceState.SENT)
    payment = pay(invoice, 10_000, finn)

    take_back_payment(payment=payment, reason="Wrong customer", as_of=TODAY, actor=finn)

    assert stands(invoice) == (InvoiceState.SENT if sent else InvoiceState.ISSUED, 10_000)
    assert list(Payment.objects.order_by("pk").values_list("amount_minor", "reverses")) == [
        (10_000, None),
        (-10_000, payment.pk),
    ]
    with pytest.raises(UnableToRecordPayment, match=r"^This payment was taken back already\.$"):
        take_back_payment(payment=payment, reason="", as_of=TODAY, actor=finn)


def test_a_payment_and_its_reverse_are_stored_with_whoever_recorded_them(
    invoice: Invoice, finn: User
) -> None:
    other = pay(invoice, 1_000, finn)
    payment = pay(invoice, 2_000, finn, received_date=TODAY - timedelta(days=3))

    reverse = take_back_payment(payment=payment, reason="Wrong", as_of=TODAY, actor=person("fay"))

    assert Payment.objects.filter(pk__in=(payment.pk, reverse.pk)).count() == 2
    for row, minor, day, reverses, by in (
        (payment, 2_000, TODAY - timedelta(days=3), None, "finn"),
        (reverse, -2_000, TODAY, payment, "fay"),
    ):
        row.refresh_from_db()
        assert (row.invoice, row.currency, row.amount_minor, row.received_date) == (
            invoice,
            "USD",
            minor,
            day,
        )
        assert (row.reference, row.reverses, row.recorded_by.username) == ("Bank 1", reverses, by)
    entry = AuditEntry.objects.get(action="Payment taken back")
    assert (entry.object_id, entry.before, entry.reason) == (invoice.pk, {"paid": "USD 20.00"}, "Wrong")
    with pytest.raises(UnableToRecordPayment, match="taken back already"):
        take_back_payment(payment=reverse, reason="", as_of=TODAY, actor=finn)
    assert take_back_payment(payment=other, reason="", as_of=TODAY, actor=finn).amount_minor == -1_000


def test_a_payment_is_not_taken_back_on_a_closed_day(invoice: Invoice, finn: User) -> None:
    payment = pay(invoice, 1_000, finn)
    BillingPolicy.objects.create(locked_until=TODAY)

    with pytest.raises(PeriodLocked):
        take_back_payment(payment=payment, reason="", as_of=TODAY, actor=finn)


@pytest.mark.parametrize(("day", "refused"), [("2025-11-22", False), ("2025-11-21", True)])
def test_money_came_at_most_a_year_before_its_invoice(
    day: str, refused: bool, invoice: Invoice, finn: User
) -> None:
    if not refused:
        assert pay(invoice, 1_000, finn, received_date=date.fromisoformat(day)).amount_minor == 1_000
        return
    with pytest.raises(UnableToRecordPayment) as refusal:
        pay(invoice, 1_000, finn, received_date=date.fromisoformat(day))

    assert str(refusal.value) == (
        "2025-11-21 is more than a year before INV-2026-000001, which is dated 2026-11-22. Correct the day."
    )


@pytest.mark.parametrize(
    ("minor", "currency", "sentence"),
    [
        (10_001, "USD", "INV-2026-000001 has only USD\u00a0100.00 open, and USD\u00a0100.01 is more."),
        (100, "EUR", "INV-2026-000001 is in USD, not in EUR."),
        (0, "USD", "The amount is not above zero."),
        (-5, "USD", "The amount is not above zero."),
    ],
)
def test_what_fits_no_open_amount_is_refused(
    minor: int, currency: str, sentence: str, invoice: Invoice, finn: User
) -> None:
    with pytest.raises(UnableToRecordPayment) as refusal:
        pay(invoice, minor, finn, currency=currency)

    assert str(refusal.value) == sentence
    assert stands(invoice) == (InvoiceState.ISSUED, 10_000)


def test_a_void_invoice_takes_no_payment(invoice: Invoice, finn: User) -> None:
    Invoice.objects.update(state=InvoiceState.VOID)

    with pytest.raises(UnableToRecordPayment) as refusal:
        pay(invoice, 1, finn)

    assert str(refusal.value) == "INV-2026-000001 is void, so nothing of it is open."


def test_days_ahead_and_closed_days_are_refused(invoice: Invoice, finn: User) -> None:
    BillingPolicy.objects.create(locked_until=TODAY - timedelta(days=1))

    with pytest.raises(UnableToRecordPayment) as ahead:
        pay(invoice, 1, finn, received_date=TODAY + timedelta(days=1))
    with pytest.raises(PeriodLocked):
        pay(invoice, 1, finn, received_date=TODAY - timedelta(days=1))

    assert str(ahead.value) == "2026-11-23 lies ahead. Record a payment once it is there."
    assert pay(invoice, 1, finn).amount_minor == 1


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "UPDATE billing_payment SET amount_minor = 1",
            "A payment stays as it was recorded. Take it back instead.",
        ),
        ("DELETE FROM billing_payment", "A payment stays as it was recorded. Take it back instead."),
        (
            "INSERT INTO billing_payment (invoice_id, currency, amount_minor, received_date, reference,"
            " recorded_by_id) SELECT invoice_id, currency, 6001, received_date, '', recorded_by_id"
            " FROM billing_payment",
            "Payments are never above their invoice: INV-2026-000001 has less open.",
        ),
        (
            "INSERT INTO billing_payment (invoice_id, currency, amount_minor, received_date, reference,"
            " recorded_by_id) SELECT invoice_id, 'EUR', 1, received_date, '', recorded_by_id"
            " FROM billing_payment",
            "Invoice INV-2026-000001 is in USD, not in EUR.",
        ),
        (
            "INSERT INTO billing_payment (invoice_id, currency, amount_minor, received_date, reference,"
            " recorded_by_id, reverses_id) SELECT invoice_id, currency, -3999, received_date, '',"
            " recorded_by_id, id FROM billing_payment",
            "A payment is taken back whole, from the invoice that it was recorded for.",
        ),
    ],
)
def test_what_the_database_refuses(statement: str, sentence: str, invoice: Invoice, finn: User) -> None:
    pay(invoice, 4_000, finn)

    with pytest.raises(IntegrityError) as refusal, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert str(refusal.value).splitlines()[0] == sentence
    assert stands(invoice) == (InvoiceState.PART_PAID, 6_000)


def test_draft_has_no_day_that_a_payment_is_measured_by() -> None:
    ensure_legal_entity()
    BillingPolicy.objects.create(mode=BillingMode.APPROVE)
    sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)

    refusal = day_refusal_of(invoice=Invoice.objects.get(), received_date=date(2020, 1, 1), as_of=TODAY)

    assert refusal == ""


def test_equal_payment_is_of_the_invoice_the_day_and_the_amount_and_still_stands(finn: User) -> None:
    ensure_legal_entity()
    sign(Deal(), Deal(customer="Other"))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    invoice, other = Invoice.objects.order_by("sequence")

    def equal() -> Payment | None:
        return equal_payment(invoice=invoice, amount=Money(minor=100, currency="USD"), received_date=TODAY)

    pay(other, 100, finn)
    pay(invoice, 101, finn)
    pay(invoice, 100, finn, received_date=TODAY - timedelta(days=1))
    take_back_payment(payment=pay(invoice, 100, finn), reason="Wrong", as_of=TODAY, actor=finn)
    assert equal() is None

    first = pay(invoice, 100, finn)
    pay(invoice, 100, finn)
    assert equal() == first
