"""No document is dated after the database's day, and nothing closes a series for the days before."""

from datetime import date

import pytest
from django.db import DatabaseError, transaction

from billing.enums import AfterVoid, BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.issuing.numbering import UnableToIssueInvoice
from billing.issuing.writing import issue_invoices
from billing.models import BillingRun, Instalment, Invoice, LegalEntity
from billing.receivables.crediting import UnableToCredit, request_credit
from billing.receivables.voiding import void_invoice
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person
from tests.invariants import WITHOUT_CRM, plant, violations
from tests.travel import travel_to

pytestmark = [pytest.mark.django_db, pytest.mark.day(TODAY.isoformat())]

WRONG_DAY = date(2026, 12, 20)


def bill(day: date) -> None:
    invoice_due(as_of=day, trigger=BillingTrigger.COMMAND)


def dated() -> list[tuple[str | None, date | None]]:
    return list(Invoice.objects.order_by("sequence").values_list("number", "issue_date"))


@pytest.fixture
def wrong() -> Invoice:
    """Dated ahead, as earlier versions did; its day is undone afterwards."""
    ensure_legal_entity()
    sign(Deal(months=1))
    travel_to(WRONG_DAY)
    bill(WRONG_DAY)
    travel_to(TODAY)
    plant(f"UPDATE billing_invoice SET created_at = '{TODAY} 10:00Z'")
    return Invoice.objects.get()


def test_a_run_of_a_day_ahead_is_refused() -> None:
    ensure_legal_entity()
    sign(Deal())

    with pytest.raises(UnableToIssueInvoice, match="2026-11-23 lies after today, 2026-11-22"):
        bill(date(2026, 11, 23))

    assert dated() == []


@transaction.atomic
def issue_past_the_rules(day: date) -> None:
    issue_invoices(
        instalment_ids=[Instalment.objects.earliest("pk").pk],
        legal_entity=LegalEntity.objects.get(),
        run=BillingRun.objects.create(trigger=BillingTrigger.COMMAND, as_of=day),
        issue_date=day,
    )


def test_the_database_refuses_a_day_ahead() -> None:
    ensure_legal_entity()
    sign(Deal())

    with pytest.raises(DatabaseError, match="2026-12-20 lies after the database's day, 2026-11-22"):
        issue_past_the_rules(WRONG_DAY)


def test_an_invoice_dated_ahead_closes_no_day_before(wrong: Invoice) -> None:
    sign(Deal())

    bill(TODAY)

    assert dated() == [("INV-2026-000001", WRONG_DAY), ("INV-2026-000002", TODAY)]
    assert list(violations(but={WITHOUT_CRM})) == ["no_issue_date_after_the_databases_day"]


def test_once_it_is_void_its_days_are_free(wrong: Invoice) -> None:
    ann = person("ann", group="Approver")
    void_invoice(invoice=wrong, then=AfterVoid.BILL_AGAIN, reason="Wrong day", actor=ann)

    bill(date(2026, 11, 20))
    bill(TODAY)

    assert dated() == [("INV-2026-000001", WRONG_DAY), ("INV-2026-000002", TODAY)]
    assert violations(but={WITHOUT_CRM}) == {}


def test_a_day_is_free_again_once_all_after_it_is_void() -> None:
    ensure_legal_entity()
    sign(Deal(start=date(2026, 11, 10)), Deal(start=TODAY))
    bill(TODAY)
    ann = person("ann", group="Approver")
    first, second = Invoice.objects.order_by("sequence")

    void_invoice(invoice=first, then=AfterVoid.BILL_AGAIN, reason="Wrong day", actor=ann)
    with pytest.raises(UnableToIssueInvoice, match="or void what is dated 2026-11-22"):
        bill(date(2026, 11, 10))
    void_invoice(invoice=second, then=AfterVoid.BILL_AGAIN, reason="Wrong day", actor=ann)
    bill(date(2026, 11, 10))

    assert dated()[2:] == [("INV-2026-000003", date(2026, 11, 10))]
    assert violations(but={WITHOUT_CRM}) == {}


def test_no_credit_note_is_dated_before_its_invoice(wrong: Invoice) -> None:
    ann = person("ann", group="Approver")

    with pytest.raises(UnableToCredit) as refusal:
        request_credit(invoice=wrong, amount=100, reason="x", as_of=TODAY, actor=ann)

    assert str(refusal.value) == (
        "INV-2026-000001 is dated 2026-12-20, and a credit note cannot be dated before its invoice, on "
        "2026-11-22. Credit it from 2026-12-20 on, or void it now if it has not been sent."
    )


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        (date(2026, 11, 21), "before its invoice"),
        (date(2026, 11, 23), "lies after the database's day"),
    ],
)
def test_the_database_refuses_the_day_of_a_credit_note(day: date, sentence: str) -> None:
    ensure_legal_entity()
    sign(Deal())
    bill(TODAY)
    finn = person("finn", group="Finance")
    note = request_credit(invoice=Invoice.objects.get(), amount=100, reason="x", as_of=TODAY, actor=finn)

    note.state, note.number, note.sequence, note.year, note.issue_date = "issued", "X", 1, 2026, day

    with pytest.raises(DatabaseError, match=sentence):
        note.save()
