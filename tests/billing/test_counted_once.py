"""A payment counts once, whichever way it comes, and one that was taken back can come again."""

import re
from datetime import date

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import BillingPolicy, CreditNote, Invoice, Payment, PaymentImport
from billing.receivables.paying import UnableToRecordPayment, record_payment, take_back_payment
from billing.receivables.payment_imports import decide_asked, import_payments
from contracts.models import AuditEntry
from contracts.money import Money
from fincelo.models import SentForm
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person
from tests.pages import alerts, field_errors

pytestmark = pytest.mark.django_db
HEAD = "invoice,amount,currency,date,reference\n"
LINE = "INV-2026-000001,40,USD,2026-11-22,"


@pytest.fixture(autouse=True)
def _invoice() -> None:
    ensure_legal_entity()
    sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)


@pytest.fixture
def finn() -> User:
    return person("finn", group="Finance")


def read(actor: User, *lines: str, name: str = "bank.csv") -> PaymentImport:
    text = HEAD + "".join(f"{line}\n" for line in lines)
    return import_payments(file_name=name, content=text.encode(), as_of=TODAY, actor=actor)


def by_hand(actor: User, day: date = TODAY) -> Payment:
    return record_payment(
        invoice=Invoice.objects.get(),
        amount=Money(minor=4_000, currency="USD"),
        received_date=day,
        reference="",
        as_of=TODAY,
        actor=actor,
    )


def counts(done: PaymentImport) -> tuple[int, int, int, int]:
    done.refresh_from_db()
    return (done.recorded, done.known, len(done.asked), len(done.unmatched))


def paid() -> int:
    return Invoice.objects.get().paid_minor


def test_a_payment_that_was_taken_back_is_asked_about_and_recorded_again(finn: User) -> None:
    read(finn, LINE + "A")
    take_back_payment(payment=Payment.objects.get(), reason="Wrong", as_of=TODAY, actor=finn)

    again = read(finn, LINE + "A")
    reason = again.asked[0]["reason"]
    decide_asked(done=again, lines=[2], as_of=TODAY, actor=finn)
    third = read(finn, LINE + "A")

    assert reason == "It was recorded and taken back on 2026-11-22. Record it again?"
    assert (counts(again), counts(third), paid()) == ((1, 0, 0, 0), (0, 1, 0, 0), 4_000)


def test_an_equal_payment_of_another_file_is_asked_about(finn: User) -> None:
    read(finn, LINE, name="first.csv")
    second = read(finn, LINE, "INV-2026-000001,1,USD,2026-11-22,B", name="second.csv")
    asked = [row["reason"].partition(" was recorded")[0] for row in second.asked]

    decide_asked(done=second, lines=[2], as_of=TODAY, actor=finn)
    again = read(finn, LINE, "INV-2026-000001,1,USD,2026-11-22,B", name="second.csv")

    assert asked == ["An equal payment without a reference"]
    assert (counts(second), counts(again), paid()) == ((2, 0, 0, 0), (0, 2, 0, 0), 8_100)


def test_a_row_with_a_reference_is_known_in_any_file(finn: User) -> None:
    read(finn, LINE + "E2E-1")

    assert counts(read(finn, LINE + "E2E-1", "INV-2026-000001,1,USD,2026-11-22,B")) == (1, 1, 0, 0)


def test_a_payment_with_another_text_in_another_file_is_asked_about(finn: User) -> None:
    ten = LINE.replace("40", "10")
    read(finn, ten + "E2E-1", name="bank.csv")
    second = read(finn, ten + "E2E-1", ten + "Other", name="overlapping.csv")
    third = read(finn, ten + "e2e 1", name="excel.csv")

    assert counts(second) == (1, 1, 0, 0)
    assert [row["because"] for row in third.asked] == ["alike"]
    assert "with another text was recorded on" in third.asked[0]["reason"]


def test_a_payment_in_the_file_and_by_hand_is_asked_about() -> None:
    finn, invoice = browser("finn", group="Finance"), Invoice.objects.get()
    read(person("frida", group="Finance"), LINE + "E2E-1")
    data = {"paid": "40", "received_date": "2026-11-22", "reference": ""}

    asked = finn.post(f"/invoices/{invoice.pk}/payment/", data)
    once = paid()
    finn.post(f"/invoices/{invoice.pk}/payment/", data | {"another": "on"})

    assert "An equal payment was recorded from bank.csv. Tick this if both were paid." in asked.text
    assert (once, paid()) == (4_000, 8_000)


def test_a_payment_by_hand_and_in_the_file_is_asked_about_once(finn: User) -> None:
    by_hand(finn)
    done = read(finn, LINE + "Bank", LINE + "Other")

    assert counts(done) == (1, 0, 1, 0)
    assert [row["because"] for row in done.asked] == ["by_hand"]
    assert decide_asked(done=done, lines=[], as_of=TODAY, actor=finn) == 0
    assert (counts(done), paid()) == ((1, 1, 0, 0), 8_000)


def test_a_payment_by_hand_that_left_too_little_open_is_the_one_of_the_file(finn: User) -> None:
    by_hand(finn)
    read(finn, LINE.replace(",40,", ",59,") + "Other")

    assert (counts(read(finn, LINE + "Bank")), paid()) == ((0, 1, 0, 0), 9_900)


def test_a_payment_by_hand_that_was_taken_back_is_no_doubt(finn: User) -> None:
    take_back_payment(payment=by_hand(finn), reason="Wrong", as_of=TODAY, actor=finn)

    assert (counts(read(finn, LINE + "Bank")), paid()) == ((1, 0, 0, 0), 4_000)


def test_what_is_decided_late_still_has_to_fit(finn: User) -> None:
    read(finn, LINE, name="first.csv")
    second = read(finn, LINE, "INV-2026-000001,0.01,USD,2026-11-22,x", name="second.csv")
    read(finn, "INV-2026-000001,59,USD,2026-11-22,C", name="third.csv")

    with pytest.raises(UnableToRecordPayment, match=r"has only USD\u00a00\.99 open"):
        decide_asked(done=second, lines=[2], as_of=TODAY, actor=finn)


def test_what_is_decided_late_is_not_dated_in_closed_books_or_ahead(finn: User) -> None:
    read(finn, LINE, name="first.csv")
    second = read(finn, LINE, "INV-2026-000001,1,USD,2026-11-21,", name="second.csv")
    BillingPolicy.objects.create(locked_until=TODAY)

    with pytest.raises(UnableToRecordPayment, match=r"^Line 2: The books are closed up to 2026-11-22"):
        decide_asked(done=second, lines=[2], as_of=TODAY, actor=finn)
    BillingPolicy.objects.update(locked_until=None)
    with pytest.raises(UnableToRecordPayment, match=r"^Line 2: 2026-11-22 lies ahead"):
        decide_asked(done=second, lines=[2], as_of=date(2026, 11, 21), actor=finn)

    assert (counts(second), paid()) == ((1, 0, 1, 0), 4_100)


def test_rows_that_are_decided_together_have_to_fit_together(finn: User) -> None:
    forty = LINE.replace(",40,", ",30,")
    read(finn, forty, forty, name="first.csv")
    second = read(finn, forty, forty, "INV-2026-000001,1,USD,2026-11-22,x", name="second.csv")

    with pytest.raises(UnableToRecordPayment, match=r"^Line 3: .* has only USD\u00a09\.00 open"):
        decide_asked(done=second, lines=[2, 3], as_of=TODAY, actor=finn)
    with CaptureQueriesContext(connection) as statements:
        assert decide_asked(done=second, lines=[2], as_of=TODAY, actor=finn) == 1

    assert (counts(second), paid()) == ((2, 1, 0, 0), 9_100)
    assert [
        one
        for one in statements
        if '"billing_paymentimport"."id" = ' in one["sql"] and " FOR UPDATE" in one["sql"]
    ]
    left_out = AuditEntry.objects.get(action="Rows left out as recorded before")
    assert (left_out.object_id, left_out.after) == (second.pk, {"3": "INV-2026-000001 30"})
    with pytest.raises(UnableToRecordPayment, match=r"^These rows were decided already\."):
        decide_asked(done=second, lines=[3], as_of=TODAY, actor=finn)


def test_one_row_is_recorded_again_twenty_times_at_most(finn: User) -> None:
    cent = LINE.replace(",40,", ",0.01,")
    read(finn, cent)
    for number in range(19):
        done = read(finn, cent, *[" "] * number, "INV-2026-000009,1,USD,2026-11-22,x")
        decide_asked(done=done, lines=[2], as_of=TODAY, actor=finn)
    done = read(finn, cent, "INV-2026-000008,1,USD,2026-11-22,x")

    with pytest.raises(UnableToRecordPayment, match=r"^Line 2 was recorded too often\."):
        decide_asked(done=done, lines=[2], as_of=TODAY, actor=finn)
    assert paid() == 20
    assert AuditEntry.objects.filter(action="Rows left out as recorded before").count() == 0


def test_money_that_went_back_is_not_taken_for_the_reverse_of_a_payment(finn: User) -> None:
    take_back_payment(payment=by_hand(finn), reason="Wrong", as_of=TODAY, actor=finn)

    done = read(finn, LINE.replace(",40,", ",-40,"))

    assert [row["reason"] for row in done.unmatched] == ["The amount is not above zero."]
    assert counts(done) == (0, 0, 0, 1)


@pytest.mark.parametrize("day", [date(1900, 1, 1), date(2025, 11, 21)])
def test_a_day_long_before_the_invoice_is_refused(finn: User, day: date) -> None:
    with pytest.raises(UnableToRecordPayment, match="is more than a year before INV-2026-000001"):
        by_hand(finn, day)
    done = read(finn, f"INV-2026-000001,1,USD,{day},x")

    assert "is more than a year before" in done.unmatched[0]["reason"]
    assert by_hand(finn, date(2025, 11, 22)).pk


def browser(name: str, *, group: str) -> Client:
    client = Client()
    client.force_login(person(name, group=group))
    return client


def sent_twice(client: Client, path: str, data: dict[str, str]) -> tuple[object, object]:
    first = client.post(path, data, follow=True)
    return first, client.post(path, data, follow=True)


@pytest.mark.parametrize("token", [{"once": "abc"}, {}])
def test_a_payment_form_sent_twice_records_once(token: dict[str, str]) -> None:
    finn, invoice = browser("finn", group="Finance"), Invoice.objects.get()
    data = {"paid": "10", "received_date": "2026-11-22", "reference": ""} | token

    _, second = sent_twice(finn, f"/invoices/{invoice.pk}/payment/", data)

    assert Payment.objects.count() == 1
    assert alerts(second)[-1] == "This form was sent twice. It was carried out once."


def test_every_form_on_the_invoice_page_has_its_own_token() -> None:
    page = browser("ann", group="Approver").get(f"/invoices/{Invoice.objects.get().pk}/").text

    tokens = re.findall(r'name="once" value="([^"]+)"', page)
    assert len(tokens) >= 3
    assert len(set(tokens)) == len(tokens)


def test_other_forms_sent_twice_are_carried_out_once() -> None:
    ann, invoice = browser("ann", group="Approver"), Invoice.objects.get()
    sent_twice(ann, f"/invoices/{invoice.pk}/credit/", {"amount": "10", "reason": "x", "once": "credit"})
    sent_twice(
        ann, f"/invoices/{invoice.pk}/payment/", {"paid": "5", "received_date": "2026-11-22", "once": "pay"}
    )
    payment = Payment.objects.get()
    _, again = sent_twice(ann, f"/payments/{payment.pk}/take-back/", {"reason": "x", "once": "back"})

    assert (CreditNote.objects.count(), Payment.objects.count()) == (1, 2)
    assert alerts(again)[-1] == "This form was sent twice. It was carried out once."


def test_what_was_refused_may_be_sent_again() -> None:
    finn, invoice = browser("finn", group="Finance"), Invoice.objects.get()
    path = f"/invoices/{invoice.pk}/payment/"
    data = {"paid": "1000", "received_date": "2026-11-22", "once": "abc"}

    first = finn.post(path, data, follow=True)
    finn.post(path, data | {"paid": "10"})

    assert "has only USD 100.00 open" in field_errors(first)["id_paid"]
    assert paid() == 1_000
    assert SentForm.objects.count() == 1
