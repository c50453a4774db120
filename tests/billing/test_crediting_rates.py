"""Credit notes on an invoice of several lines at two rates, and who may drop their drafts."""

import pytest
from django.db import connection

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import CreditNote, Instalment, Invoice, InvoiceLine
from billing.receivables.crediting import UnableToCredit, discard_credit, left_to_credit, request_credit
from contracts.models import AuditEntry
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person
from tests.invariants import plant

pytestmark = pytest.mark.django_db

LINES = [("Seats", 600, 19_000), ("Setup", 400, 19_000), ("Books", 500, 7_000)]
"""By line: what it charges without tax and at which rate."""
SUMMARY = [
    {"rate": 19_000, "net_minor": 1_000, "tax_minor": 190},
    {"rate": 7_000, "net_minor": 500, "tax_minor": 35},
]


@pytest.fixture
def invoice() -> Invoice:
    """A second invoice beside one that was billed, over 15.00 and 2.25 of tax."""
    ensure_legal_entity()
    sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # lines follow the invoice
    copy = Invoice.objects.get()
    copy.pk, copy.number, copy.sequence = None, "INV-2026-000002", 2
    copy.seller = copy.seller | {"vat_id": "DE1"}
    copy.instalment = Instalment.objects.latest("pk")
    copy.net_minor, copy.tax_minor, copy.total_minor, copy.tax_summary = 1_500, 225, 1_725, SUMMARY
    copy.save(force_insert=True)
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=copy,
            position=position,
            description=description,
            period_start=copy.instalment.period_start,
            period_end=copy.instalment.period_end,
            amount_minor=amount,
            tax_rate=rate,
        )
        for position, (description, amount, rate) in enumerate(LINES, start=1)
    )
    return copy


def credit(invoice: Invoice, amount: int | None, *, by: str = "Approver") -> CreditNote:
    actor = person(by.lower(), group=by)
    return request_credit(invoice=invoice, amount=amount, reason="Agreed", as_of=TODAY, actor=actor)


def lines(note: CreditNote) -> list[tuple[int, str, int, int]]:
    return list(
        note.lines.order_by("position").values_list("position", "description", "amount_minor", "tax_rate")
    )


def test_lines_and_rates_are_taken_back_one_after_the_other(invoice: Invoice) -> None:
    notes = [credit(invoice, amount) for amount in (700, 500, None)]

    assert [lines(note) for note in notes] == [
        [(1, "Seats", 600, 19_000), (2, "Setup", 100, 19_000)],
        [(1, "Setup", 300, 19_000), (2, "Books", 200, 7_000)],
        [(1, "Books", 300, 7_000)],
    ]
    assert [(note.net_minor, note.tax_minor, note.total_minor) for note in notes] == [
        (700, 133, 833),
        (500, 57 + 14, 571),
        (300, 21, 321),
    ]
    assert left_to_credit(invoice=invoice) == 0


def test_what_is_left_is_said_where_an_amount_would_leave_tax_alone() -> None:
    ensure_legal_entity(default_tax_rate=99_999, prices_include_tax=True, vat_id="DE1")
    sign(Deal(value="0.10", months=1))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    invoice = Invoice.objects.get()
    credit(invoice, 8)

    with pytest.raises(UnableToCredit) as refusal:
        credit(invoice, 1)

    assert "Credit all USD 0.02 that is left at 99.999 %" in str(refusal.value)


def test_a_draft_is_dropped_by_who_asked_or_an_approver(invoice: Invoice) -> None:
    note = credit(invoice, 700, by="Finance")

    with pytest.raises(UnableToCredit) as refusal:
        discard_credit(note=note, actor=person("other", group="Finance"))
    assert (
        str(refusal.value) == "Only the person who requested this credit note or an approver can discard it."
    )
    assert lines(note) == [(1, "Seats", 600, 19_000), (2, "Setup", 100, 19_000)]

    discard_credit(note=note, actor=person("approver", group="Approver"))
    assert not CreditNote.objects.exists()
    assert AuditEntry.objects.latest("pk").action.startswith("Credit note discarded")


def test_an_invoice_from_before_there_were_rates_is_taken_back_without_tax() -> None:
    ensure_legal_entity()
    sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    plant("UPDATE billing_invoice SET tax_summary = '[]'")
    invoice = Invoice.objects.get()
    net = invoice.net_minor

    notes = [credit(invoice, 100), credit(invoice, None)]

    assert [note.tax_summary for note in notes] == [
        [{"rate": 0, "net_minor": amount, "tax_minor": 0}] for amount in (100, net - 100)
    ]
    assert [lines(note)[0][2:] for note in notes] == [(100, 0), (net - 100, 0)]
