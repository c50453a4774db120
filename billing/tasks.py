"""What the worker does automatically."""

import time

from billing.enums import BillingTrigger
from billing.issuing.control_mails import tell_approvers
from billing.issuing.first_renderings import keep_first_renderings
from billing.issuing.invoicing import invoice_due
from billing.mailing.sending import send_waiting
from billing.schedules.interruptions import close_interrupted
from contracts.clock import business_day
from fincelo.background import Lane, enqueue, task

RENDERING_SECONDS = 120
BILLING = "billing"
MAIL = "mail"
"""The subjects of what a person waits for: there is one billing and one outbox."""


@task(
    lane=Lane.CORE,
    label="Billing of what is due",
    next_step="What is due is tried again within the hour. The operators find the cause in the log.",
    right="billing.change_billingschedule",
    schedule="billing",
    minutes=60,
)
def bill_due() -> None:
    summary = invoice_due(as_of=business_day(), trigger=BillingTrigger.SCHEDULE)
    if summary.issued:
        request_sending()
        enqueue(keep_documents)


@task(
    lane=Lane.CORE,
    label="Sending of mails",
    next_step="What waits is tried again within five minutes. Mail tells what could not be sent.",
    right="billing.change_invoicemail",
    schedule="mail",
    minutes=5,
)
def send_mails() -> None:
    """What is left when the time is over continues at once, in another task.

    A billing run that was killed is closed here as well, and what it left is billed at once.
    """
    if close_interrupted():
        request_billing()
    if not send_waiting().is_complete:
        request_sending()


@task(lane=Lane.LONG, label="Rendering of documents", schedule="documents", minutes=10)
def keep_documents() -> None:
    """Renders what was issued, for the first time. Another task continues where the time was over."""
    ends_at = time.monotonic() + RENDERING_SECONDS
    if not keep_first_renderings(may_continue=lambda: time.monotonic() < ends_at):
        enqueue(keep_documents)


@task(lane=Lane.CORE, label="Mails on bank details", schedule="bank-details", minutes=5)
def tell_of_bank_details() -> None:
    """Every five minutes: each approver is told of bank details that are asked for, confirmed or changed."""
    tell_approvers()


def request_telling() -> None:
    """Rings the worker, which otherwise looks every five minutes."""
    enqueue(tell_of_bank_details)


def request_billing(*, actor_id: int | None = None) -> None:
    """Rings the worker. A bell that is not heard is made good within the hour."""
    enqueue(bill_due, subject=BILLING, actor_id=actor_id)


def request_sending(*, actor_id: int | None = None) -> None:
    """Rings the worker, which otherwise looks every five minutes."""
    enqueue(send_mails, subject=MAIL, actor_id=actor_id)
