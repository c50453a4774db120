"""What the worker does by itself."""

from django.utils import timezone

from billing.enums import BillingTrigger
from billing.invoicing import invoice_due
from contracts.workspace import business_date


def bill_due() -> None:
    invoice_due(as_of=business_date(at=timezone.now()), trigger=BillingTrigger.SCHEDULE)
