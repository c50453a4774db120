"""Records what was paid for invoices, and takes back what was recorded wrongly."""

from collections.abc import Sequence
from datetime import date

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from billing.enums import InvoiceState
from billing.issuing.policy import ensure_open
from billing.models import Invoice, Payment
from contracts import audit
from contracts.money import Money
from contracts.terms import add_months
from contracts.writing import write_money

PAYABLE = (InvoiceState.ISSUED, InvoiceState.SENT, InvoiceState.PART_PAID)


class UnableToRecordPayment(Exception):
    """It fits no open amount, or its day is refused."""


class DayRefused(UnableToRecordPayment):
    """Money for this invoice cannot have come on that day."""


def lock_invoices(*, ids: Sequence[int]) -> dict[int, Invoice]:
    """Everybody locks in the order of the ids."""
    locked = Invoice.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    return {invoice.pk: invoice for invoice in locked}


def refusal_of(*, invoice: Invoice, amount: Money) -> str:
    """Why the amount cannot be recorded for an invoice; empty where it can."""
    if amount.currency != invoice.currency:
        return f"{invoice} is in {invoice.currency}, not in {amount.currency}."
    if invoice.state not in PAYABLE:
        return f"{invoice} is {invoice.get_state_display().lower()}, so nothing of it is open."
    if not amount.is_positive:
        return "The amount is not above zero."
    if amount.minor > invoice.balance_minor:
        left = Money(minor=invoice.balance_minor, currency=invoice.currency)
        return f"{invoice} has only {write_money(left)} open, and {write_money(amount)} is more."
    return ""


def day_refusal_of(*, invoice: Invoice, received_date: date, as_of: date) -> str:
    """Why money for an invoice cannot have come on that day; empty where it can. Paying ahead is usual."""
    if received_date > as_of:
        return f"{received_date} lies ahead. Record a payment once it is there."
    if invoice.issue_date and received_date < add_months(anchor=invoice.issue_date, months=-12):
        return (
            f"{received_date} is more than a year before {invoice}, which is dated {invoice.issue_date}. "
            "Correct the day."
        )
    return ""


def equal_payment(*, invoice: Invoice, amount: Money, received_date: date) -> Payment | None:
    """A payment of that invoice, amount and day that stands: perhaps the same, come another way."""
    equal = Payment.objects.filter(invoice=invoice, amount_minor=amount.minor, received_date=received_date)
    return equal.filter(reversed_by=None).select_related("payment_import").first()


def record_payment(
    *,
    invoice: Invoice,
    amount: Money,
    received_date: date,
    reference: str,
    as_of: date,
    actor: AbstractBaseUser,
) -> Payment:
    with transaction.atomic():
        locked = lock_invoices(ids=[invoice.pk])[invoice.pk]
        if refusal := refusal_of(invoice=locked, amount=amount):
            raise UnableToRecordPayment(refusal)
        if refusal := day_refusal_of(invoice=locked, received_date=received_date, as_of=as_of):
            raise DayRefused(refusal)
        ensure_open(day=received_date)
        payment = Payment.objects.create(
            invoice=locked,
            currency=amount.currency,
            amount_minor=amount.minor,
            received_date=received_date,
            reference=reference,
            recorded_by_id=actor.pk,
        )
        audit.record(
            actor=actor,
            action="Payment recorded",
            subject=locked,
            after={"paid": str(amount), "received": received_date.isoformat(), "reference": reference},
        )
        return payment


def take_back_payment(*, payment: Payment, reason: str, as_of: date, actor: AbstractBaseUser) -> Payment:
    """Records the reverse of a payment, dated today: the invoice is open again by its amount."""
    with transaction.atomic():
        locked = lock_invoices(ids=[payment.invoice_id])[payment.invoice_id]
        if payment.reverses_id or Payment.objects.filter(reverses=payment).exists():
            raise UnableToRecordPayment("This payment was taken back already.")
        ensure_open(day=as_of)
        reverse = Payment.objects.create(
            invoice=locked,
            currency=payment.currency,
            amount_minor=-payment.amount_minor,
            received_date=as_of,
            reference=payment.reference,
            reverses=payment,
            recorded_by_id=actor.pk,
        )
        audit.record(
            actor=actor,
            action="Payment taken back",
            subject=locked,
            before={"paid": str(Money(minor=payment.amount_minor, currency=payment.currency))},
            reason=reason,
        )
        return reverse
