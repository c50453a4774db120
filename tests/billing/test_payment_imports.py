from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.enums import BillingTrigger, InvoiceState
from billing.issuing.invoicing import invoice_due
from billing.models import BillingPolicy, Invoice, Payment, PaymentImport
from billing.receivables.paying import UnableToRecordPayment, take_back_payment
from billing.receivables.payment_imports import import_payments, keep_preview, prefixes
from billing.receivables.payment_rows import UnreadableFile
from contracts.models import AuditEntry
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person

pytestmark = pytest.mark.django_db

HEAD = "invoice,amount,currency,date,reference"


@pytest.fixture(autouse=True)
def _two_invoices() -> None:
    ensure_legal_entity()
    sign(Deal(), Deal(currency="JPY", value="120000"))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)


@pytest.fixture
def finn() -> User:
    return person("finn", group="Finance")


def read(actor: User, *lines: str) -> PaymentImport:
    return import_payments(
        file_name="bank.csv", content="\n".join([HEAD, *lines]).encode(), as_of=TODAY, actor=actor
    )


def counts(done: PaymentImport) -> tuple[int, int, int]:
    return (done.recorded, done.known, len(done.unmatched))


def states() -> list[tuple[str | None, str, int]]:
    return [
        (invoice.number, invoice.state, invoice.balance_minor)
        for invoice in Invoice.objects.order_by("sequence")
    ]


def test_rows_are_matched_by_number_currency_and_amount(finn: User) -> None:
    done = read(
        finn,
        "INV-2026-000001,40,USD,2026-11-21,First",
        "INV-2026-000002,10000,JPY,2026-11-22,",
        "INV-2026-000001,60.00,USD,2026-11-22,Rest",
    )

    assert counts(done) == (3, 0, 0)
    assert states() == [
        ("INV-2026-000001", InvoiceState.PAID, 0),
        ("INV-2026-000002", InvoiceState.PAID, 0),
    ]
    assert AuditEntry.objects.filter(action="Payment recorded", reason__startswith="Row").count() == 3


def test_rows_that_match_nothing_are_kept_with_their_reason(finn: User) -> None:
    BillingPolicy.objects.create(locked_until=TODAY - timedelta(days=10))

    done = read(
        finn,
        "INV-2026-000009,1,USD,2026-11-22,",
        ",1,USD,2026-11-22,",
        "INV-2026-000001,100.01,USD,2026-11-22,",
        "INV-2026-000001,100,EUR,2026-11-22,",
        "INV-2026-000001,1,USD,2026-11-23,",
        "INV-2026-000001,1,USD,2026-11-12,",
        "INV-2026-000001,x,USD,2026-11-22,=cmd()",
        "INV-2026-000002,6000,JPY,2026-11-22,",
        "INV-2026-000002,6000,JPY,2026-11-22,",
    )

    assert counts(done) == (1, 0, 8)
    assert [(row["line"], row["reason"]) for row in done.unmatched] == [
        (2, "There is no invoice INV-2026-000009."),
        (3, "The row names no invoice."),
        (4, "INV-2026-000001 has only USD\u00a0100.00 open, and USD\u00a0100.01 is more."),
        (5, "INV-2026-000001 is in USD, not in EUR."),
        (6, "2026-11-23 lies ahead. Record a payment once it is there."),
        (
            7,
            "The books are closed up to 2026-11-12, so nothing can be dated 2026-11-12. "
            "Choose a later day, or have the lock moved under Settings, Billing.",
        ),
        (8, "'x' is no number like 1234.50."),
        (10, "INV-2026-000002 has only JPY\u00a04,000 open, and JPY\u00a06,000 is more."),
    ]
    assert done.unmatched[6] == {
        "line": 8,
        "invoice": "INV-2026-000001",
        "amount": "x",
        "currency": "USD",
        "date": "2026-11-22",
        "reference": "=cmd()",
        "copy": "",
        "reason": "'x' is no number like 1234.50.",
    }


def test_the_same_file_again_is_harmless(finn: User) -> None:
    lines = ("INV-2026-000001,40,USD,2026-11-22,", "INV-2026-000001,40,USD,2026-11-22,")
    first = read(finn, *lines)

    second = read(finn, *lines)
    longer = read(finn, *lines, "INV-2026-000001,20,USD,2026-11-22,")

    assert [counts(done) for done in (first, second, longer)] == [(2, 0, 0), (0, 2, 0), (1, 2, 0)]
    assert states()[0] == ("INV-2026-000001", InvoiceState.PAID, 0)


def test_one_of_equal_rows_that_was_left_over_is_not_taken_for_the_other(finn: User) -> None:
    """The rows of the download alone, after a payment that was in the way is gone."""
    line = "INV-2026-000001,60,USD,2026-11-22,"
    done = read(finn, line, line)
    take_back_payment(payment=Payment.objects.get(), reason="Bounced", as_of=TODAY, actor=finn)
    browser = Client()
    browser.force_login(finn)
    download = browser.get(f"/payments/imports/{done.pk}/unmatched.csv").content

    cured = import_payments(file_name="rest.csv", content=download, as_of=TODAY, actor=finn)

    assert (counts(done), counts(cured)) == ((1, 0, 1), (1, 0, 0))
    assert counts(read(finn, line, line)) == (0, 1, 1)


def test_an_unmatched_row_is_recorded_once_it_is_cured(finn: User) -> None:
    line = "INV-2026-000003,100,USD,2026-11-22,"
    before = read(finn, line)
    sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)

    after = read(finn, line)

    assert [counts(before), counts(after)] == [(0, 0, 1), (1, 0, 0)]


def test_a_file_of_many_rows_takes_the_same_statements(
    finn: User, django_assert_max_num_queries: Any
) -> None:
    lines = [f"INV-2026-000001,0.01,USD,2026-11-22,{number}" for number in range(900)]

    with django_assert_max_num_queries(12):
        done = read(finn, *lines)

    assert counts(done) == (900, 0, 0)
    assert Payment.objects.count() == 900


def test_a_preview_becomes_one_import(finn: User) -> None:
    content = f"{HEAD}\nINV-2026-000001,40,USD,2026-11-22,x\n".encode()
    preview, other = (keep_preview(file_name=name * 250, content=content, actor=finn) for name in ("a", "b"))

    with CaptureQueriesContext(connection) as statements:
        done = import_payments(file_name="ignored", content=content, as_of=TODAY, actor=finn, into=preview)

    assert (done.pk, done.file_name, counts(done)) == (preview.pk, "a" * 200, (1, 0, 0))
    preview.refresh_from_db()
    other.refresh_from_db()
    assert (preview.is_preview, preview.content, preview.imported_by) == (False, None, finn)
    assert (other.is_preview, bytes(other.content)) == (True, content)
    assert Payment.objects.get().payment_import == preview
    locked = [one["sql"] for one in statements if " FOR UPDATE" in one["sql"]]
    assert [sql for sql in locked if "billing_paymentimport" in sql]
    paid = Invoice.objects.get(number="INV-2026-000001")
    [of_invoices] = [one["sql"] for one in statements if "FOR NO KEY UPDATE" in one["sql"]]
    assert f"IN ({paid.pk})" in of_invoices
    with pytest.raises(UnableToRecordPayment, match=r"^This file was recorded or discarded already\."):
        import_payments(file_name="ignored", content=content, as_of=TODAY, actor=finn, into=preview)


def test_what_has_to_be_asked_about_a_file_is_said(finn: User) -> None:
    with pytest.raises(UnreadableFile, match=r"^'03/04/2026' can be 2026-04-03 or 2026-03-04\."):
        read(finn, "INV-2026-000001,1,USD,03/04/2026,x")


def test_long_names_and_references_are_cut(finn: User) -> None:
    done = import_payments(
        file_name="n" * 250,
        content=f"{HEAD}\nINV-2026-000001,1,USD,2026-11-22,{'r' * 250}\n".encode(),
        as_of=TODAY,
        actor=finn,
    )

    assert (done.file_name, Payment.objects.get().reference) == ("n" * 200, "r" * 200)
    assert (done.imported_by, Payment.objects.get().recorded_by) == (finn, finn)


def test_numbers_begin_with_the_prefixes_in_use(finn: User) -> None:
    assert prefixes() == ["INV"]
    ensure_legal_entity(invoice_prefix="RE")

    assert prefixes() == ["RE"]


def test_equal_rows_of_one_file_without_reference_are_known_the_second_time(finn: User) -> None:
    """Each row of a file is one payment; in another file they are asked about, also where they fit."""
    line = "INV-2026-000001,10,USD,2026-11-22,"
    read(finn, line, line)

    longer = read(finn, line, line, line)

    assert (longer.recorded, len(longer.asked), counts(read(finn, line, line))) == (1, 2, (0, 2, 0))
    assert [row["because"] for row in longer.asked] == ["equal", "equal"]
    assert {row["minor"] for row in longer.asked} == {1_000}
