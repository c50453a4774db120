"""What the pages on mails show."""

from django.db.models import Count, Q, QuerySet

from billing.enums import MailState
from billing.models import CreditNote, Invoice, InvoiceMail
from contracts.models import Customer
from contracts.story import LENGTH

COUNT_TO = 1_000
SHOWN = 50
OF_INTEREST = (
    MailState.BOUNCED,
    MailState.FAILED,
    MailState.NO_ADDRESS,
    MailState.BY_HAND,
    MailState.WAITING,
)


def mails_matching(*, state: str = "") -> QuerySet[InvoiceMail]:
    """Newest first, with their documents and customers."""
    mails = InvoiceMail.objects.select_related("invoice__customer", "credit_note").order_by("-id")
    return mails.filter(state=state) if state else mails


def open_counts() -> dict[str, int]:
    """How many of each state that somebody may want to look at, counted up to a thousand."""
    return {state.value: InvoiceMail.objects.filter(state=state)[:COUNT_TO].count() for state in OF_INTEREST}


def addressed_since() -> list[tuple[Customer, int]]:
    """Customers that have an address by now, each with how many mails had waited for one; at most fifty."""
    waiting = Count("invoices__mails", filter=Q(invoices__mails__state=MailState.NO_ADDRESS))
    found = Customer.objects.exclude(billing_email="").filter(
        pk__in=InvoiceMail.objects.filter(state=MailState.NO_ADDRESS).values("invoice__customer")
    )
    counts = dict(found.annotate(waiting=waiting).order_by("name", "pk").values_list("pk", "waiting")[:SHOWN])
    customers = Customer.objects.in_bulk(list(counts))
    return [(customers[key], number) for key, number in counts.items()]


def mails_of(*, document: Invoice | CreditNote) -> list[InvoiceMail]:
    """The newest first."""
    mails = InvoiceMail.objects.filter(
        Q(credit_note=document) if isinstance(document, CreditNote) else Q(invoice=document, credit_note=None)
    )
    return list(mails.select_related("requested_by").order_by("-id")[:LENGTH])
