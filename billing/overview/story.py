"""What billing tells of a contract."""

from django.urls import reverse

from billing.enums import InvoiceState
from billing.models import BillingSchedule, Invoice
from contracts.models import Contract
from contracts.money import Money
from contracts.story import LENGTH, Event
from contracts.writing import write_money

AGENT = "Smart Billing Agent"


def billing_story(*, contract: Contract) -> list[Event]:
    invoices = (
        Invoice.objects.filter(contract=contract)
        .exclude(state=InvoiceState.DRAFT)
        .select_related("billing_run__actor")
        .order_by("-issue_date", "-id")[:LENGTH]
    )
    events = [issued(invoice=invoice) for invoice in invoices]
    schedule: BillingSchedule | None = getattr(contract, "billing_schedule", None)
    if schedule:
        events.append(
            Event(
                at=schedule.activated_at,
                what="Billing schedule activated",
                who=AGENT,
                tone="info",
                icon="clock",
            )
        )
    return events


def issued(*, invoice: Invoice) -> Event:
    run = invoice.billing_run
    return Event(
        at=invoice.created_at,
        what=f"Invoice {invoice.number} issued",
        who=run.actor.get_username() if run and run.actor else AGENT,
        detail=write_money(Money(minor=invoice.total_minor, currency=invoice.currency)),
        url=reverse("invoice", args=[invoice.pk]),
        tone="ok",
        icon="invoice",
    )
