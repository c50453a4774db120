"""What the worker does by itself."""

from django.utils import timezone
from django_q.tasks import async_task

from billing.enums import BillingTrigger
from billing.invoicing import invoice_due
from contracts.workspace import business_date


def bill_due() -> None:
    invoice_due(as_of=business_date(at=timezone.now()), trigger=BillingTrigger.SCHEDULE)


def request_billing() -> None:
    """Rings the worker. A bell that is not heard is made good within the hour."""
    async_task("billing.tasks.bill_due")
