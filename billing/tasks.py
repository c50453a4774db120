"""What the worker does by itself."""

from django_q.tasks import async_task

from billing.enums import BillingTrigger
from billing.invoicing import invoice_due
from billing.mailing.sending import send_waiting
from contracts.clock import business_day


def bill_due() -> None:
    summary = invoice_due(as_of=business_day(), trigger=BillingTrigger.SCHEDULE)
    if summary.issued:
        request_sending()


def send_mails() -> None:
    """What is left when the time is over goes on at once, in another task."""
    if not send_waiting().is_complete:
        request_sending()


def request_billing() -> None:
    """Rings the worker. A bell that is not heard is made good within the hour."""
    async_task("billing.tasks.bill_due")


def request_sending() -> None:
    """Rings the worker, which otherwise looks every five minutes."""
    async_task("billing.tasks.send_mails")
