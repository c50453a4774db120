"""Invoices after what people do with them, done as people do it."""

from billing.enums import AfterVoid
from billing.models import Invoice
from billing.receivables.crediting import request_credit
from billing.receivables.paying import record_payment
from billing.receivables.voiding import void_invoice
from contracts.money import Money
from tests.billing.builders import TODAY
from tests.billing.people import person


def pay(invoice: Invoice, *, minor: int) -> None:
    record_payment(
        invoice=invoice,
        amount=Money(minor=minor, currency=invoice.currency),
        received_date=TODAY,
        reference="",
        as_of=TODAY,
        actor=person("clerk", group="Approver"),
    )


def move_on(invoice: Invoice, *, to: str) -> None:
    """Until it is `part_paid`, `paid`, `credited` or `void`; `issued` is where it starts."""
    clerk = person("clerk", group="Approver")
    match to:
        case "part_paid":
            pay(invoice, minor=1)
        case "paid":
            pay(invoice, minor=invoice.total_minor)
        case "credited":
            request_credit(invoice=invoice, amount=None, reason="Wrong", as_of=TODAY, actor=clerk)
        case "void":
            void_invoice(invoice=invoice, then=AfterVoid.BILL_AGAIN, reason="Wrong", actor=clerk)
    invoice.refresh_from_db()
    assert invoice.state == to
