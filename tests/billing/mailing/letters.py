"""Issued invoices and their mails, as the tests of sending need them."""

from typing import Any

from django.db.models.functions import Now

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import Invoice, InvoiceMail, Mailing
from contracts.models import Customer
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign


def issue(*customers: str, email: str | None = None, automatic: bool = True) -> list[Invoice]:
    """One invoice for each customer, numbered in this order."""
    ensure_legal_entity()
    Mailing.objects.update_or_create(defaults={"automatic": automatic})
    sign(*[Deal(customer=customer, months=1) for customer in customers or ("Acme",)])
    if email is not None:
        Customer.objects.update(billing_email=email)
    invoice_due(as_of=TODAY, trigger=BillingTrigger.SCHEDULE)
    return list(Invoice.objects.order_by("sequence"))


def outbox() -> list[tuple[Any, ...]]:
    """Of each mail, in the order of the invoices: number, state, recipient, tries, problem."""
    return list(
        InvoiceMail.objects.order_by("invoice__sequence", "id").values_list(
            "invoice__number", "state", "recipient", "tries", "problem"
        )
    )


def let_time_pass() -> None:
    """Until every mail may be tried again."""
    InvoiceMail.objects.update(next_try_at=Now())
