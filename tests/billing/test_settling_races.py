"""Credit notes and payments of one invoice beside each other, in real processes."""

import multiprocessing
from collections.abc import Callable

import pytest
from django.db import connections

from billing.enums import BillingTrigger, CreditNoteState
from billing.issuing.invoicing import invoice_due
from billing.models import CreditNote, Invoice, Payment
from billing.receivables.crediting import UnableToCredit, request_credit
from billing.receivables.payment_imports import import_payments
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

FORK = multiprocessing.get_context("fork")
AT_ONCE = 6


@pytest.fixture
def invoice() -> Invoice:
    ensure_legal_entity()
    sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    return Invoice.objects.get()


def at_once(work: Callable[[], object]) -> None:
    """The work in several processes that start together."""
    start = FORK.Barrier(AT_ONCE)

    def run() -> None:
        start.wait()
        work()

    connections.close_all()
    processes = [FORK.Process(target=run) for _ in range(AT_ONCE)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * AT_ONCE


def test_credit_notes_at_once_never_exceed_the_invoice(invoice: Invoice) -> None:
    actor = person("root")
    actor.is_superuser = True
    actor.save()

    def credit() -> None:
        try:
            request_credit(invoice=invoice, amount=4_000, reason="x", as_of=TODAY, actor=actor)
        except UnableToCredit:
            return

    at_once(credit)

    invoice.refresh_from_db()
    assert invoice.credited_minor == 8_000
    notes = CreditNote.objects.filter(state=CreditNoteState.ISSUED).order_by("sequence")
    assert list(notes.values_list("number", flat=True)) == ["CN-2026-000001", "CN-2026-000002"]


def test_one_file_read_in_many_windows_counts_once(invoice: Invoice) -> None:
    actor = person("finn")
    file = f"invoice,amount,currency,date\n{invoice.number},40,USD,{TODAY}\n{invoice.number},40,USD,{TODAY}\n"

    at_once(lambda: import_payments(file_name="bank.csv", content=file.encode(), as_of=TODAY, actor=actor))

    invoice.refresh_from_db()
    assert (Payment.objects.count(), invoice.paid_minor) == (2, 8_000)
