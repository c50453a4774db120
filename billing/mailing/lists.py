"""What the pages on mails show."""

from collections.abc import Sequence

from django.db.models import QuerySet

from billing.enums import MailState
from billing.models import Invoice, InvoiceMail
from contracts.story import LENGTH, Event

COUNT_TO = 1_000
OF_INTEREST = (MailState.FAILED, MailState.NO_ADDRESS, MailState.BY_HAND, MailState.WAITING)


def mails_matching(*, state: str = "") -> QuerySet[InvoiceMail]:
    """Newest first, with their invoices and customers."""
    mails = InvoiceMail.objects.select_related("invoice__customer").order_by("-id")
    return mails.filter(state=state) if state else mails


def open_counts() -> dict[str, int]:
    """How many of each state that somebody may want to look at, counted up to a thousand."""
    return {state.value: InvoiceMail.objects.filter(state=state)[:COUNT_TO].count() for state in OF_INTEREST}


def mails_of(*, invoice: Invoice) -> list[InvoiceMail]:
    """The newest first."""
    return list(invoice.mails.select_related("requested_by").order_by("-id")[:LENGTH])


def mail_story(mails: Sequence[InvoiceMail]) -> list[Event]:
    return [
        Event(
            at=mail.sent_at,
            what=f"Mailed to {mail.recipient}",
            who=mail.requested_by.get_username() if mail.requested_by else "",
            tone="info",
            icon="sent",
        )
        for mail in mails
        if mail.sent_at
    ]
