"""An invoice, and what is taken back of it."""

from datetime import date

from django.contrib.auth.models import User

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import CreditNote, Invoice
from billing.receivables.crediting import request_credit
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign

NEXT_YEAR = date(2027, 1, 2)


def issued(*, included: bool = False, **facts: str) -> Invoice:
    """An invoice of USD 100.00 at 19 %, unless the deal says otherwise."""
    ensure_legal_entity(default_tax_rate=19_000, prices_include_tax=included)
    sign(Deal(**facts))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    return Invoice.objects.latest("pk")


def credit(invoice: Invoice, amount: int | None, actor: User, *, as_of: date = TODAY) -> CreditNote:
    return request_credit(invoice=invoice, amount=amount, reason="Agreed", as_of=as_of, actor=actor)


def sums(note: CreditNote) -> tuple[int, int, int]:
    return (note.net_minor, note.tax_minor, note.total_minor)
