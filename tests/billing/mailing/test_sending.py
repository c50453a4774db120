"""Mails are sent from the outbox at least once, and what was not sent says why."""

import io
import logging
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from pypdf import PdfReader

from billing import tasks
from billing.enums import AfterVoid, InvoiceState
from billing.issuing.rendering import invoice_pdf
from billing.mailing import outbox as outbox_module
from billing.mailing import sending
from billing.mailing.outbox import accepted, claim, release_addressed
from billing.mailing.sending import Pass, send_waiting
from billing.models import Invoice, InvoiceMail, InvoiceRendering, Mailing, Payment
from billing.receivables.paying import take_back_payment
from billing.receivables.voiding import UnableToVoid, void_invoice
from contracts.models import Customer
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.mailing.letters import issue, let_time_pass, outbox
from tests.billing.mailing.smtp_server import smtp_server
from tests.billing.moved_on import move_on
from tests.billing.people import person
from tests.queued import queued
from tests.travel import travel_to

pytestmark = pytest.mark.django_db
TO = "billing@example.com"
BACKENDS = "tests.billing.mailing.backends"
ALL_SENT = Pass(sent=1, is_complete=True)
NOTHING = Pass(sent=0, is_complete=True)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)


def test_issued_invoice_is_mailed_with_its_pdf() -> None:
    (invoice,) = issue()

    assert send_waiting() == ALL_SENT

    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == ([TO], "Invoice INV-2026-000001 from Fincelo Inc")
    ((name, pdf, kind),) = sent.attachments
    assert (name, pdf, kind) == ("INV-2026-000001.pdf", invoice_pdf(invoice=invoice), "application/pdf")
    assert "INV-2026-000001" in PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert outbox() == [("INV-2026-000001", "sent", TO, 1, "")]
    invoice.refresh_from_db()
    assert invoice.state == InvoiceState.SENT


def test_nothing_is_sent_twice() -> None:
    issue()
    send_waiting()
    let_time_pass()

    assert send_waiting() == NOTHING
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("state", "becomes"), [("issued", "sent"), ("part_paid", "part_paid"), ("paid", "paid")]
)
def test_only_an_issued_invoice_becomes_sent(state: str, becomes: str) -> None:
    (invoice,) = issue()
    move_on(invoice, to=state)

    assert send_waiting() == ALL_SENT
    assert Invoice.objects.get().state == becomes


def test_paid_invoice_that_was_mailed_is_sent_once_its_payment_is_taken_back() -> None:
    """And so it cannot be void any more: the customer has it."""
    (invoice,) = issue()
    move_on(invoice, to="paid")
    send_waiting()

    clerk = person("clerk", group="Approver")
    take_back_payment(payment=Payment.objects.get(), reason="Wrong", as_of=TODAY, actor=clerk)

    assert Invoice.objects.get().state == "sent"
    with pytest.raises(UnableToVoid):
        void_invoice(invoice=invoice, then=AfterVoid.BILL_AGAIN, reason="Wrong", actor=clerk)


def test_invoice_credited_while_its_mail_is_under_way_stays_credited() -> None:
    (invoice,) = issue()
    under_way = claim()
    assert under_way is not None
    move_on(invoice, to="credited")

    accepted(mail=under_way, recipient=TO)

    invoice.refresh_from_db()
    assert (invoice.state, invoice.sent_at is None) == ("credited", False)


def test_mail_of_an_invoice_made_void_is_withdrawn_with_it() -> None:
    (invoice,) = issue()
    move_on(invoice, to="void")

    assert send_waiting() == NOTHING
    assert mail.outbox == []
    assert outbox() == [("INV-2026-000001", "withdrawn", "", 0, "")]


def test_missing_address_blocks_sending_and_never_issuing() -> None:
    (invoice,) = issue(email="")

    assert send_waiting() == NOTHING
    assert invoice.state == InvoiceState.ISSUED
    assert outbox() == [("INV-2026-000001", "no_address", "", 0, "")]


def test_address_that_comes_mails_nothing_until_somebody_asks() -> None:
    issue("Acme", "Globex", email="")
    Customer.objects.filter(name="Globex").update(billing_email="pay@globex.example")

    send_waiting()
    assert mail.outbox == []
    release_addressed(customer=Customer.objects.get(name="Globex"), actor=person("finn", group="Finance"))
    send_waiting()

    assert [sent.to for sent in mail.outbox] == [["pay@globex.example"]]
    assert outbox() == [
        ("INV-2026-000001", "no_address", "", 0, ""),
        ("INV-2026-000002", "sent", "pay@globex.example", 1, ""),
    ]


def test_address_that_was_removed_blocks_again() -> None:
    issue()
    Customer.objects.update(billing_email="")

    assert send_waiting() == NOTHING
    assert outbox() == [("INV-2026-000001", "no_address", "", 1, "")]


def test_address_of_today_counts_not_the_one_of_the_invoice() -> None:
    issue()
    Customer.objects.update(billing_email="new@example.com")

    send_waiting()

    assert mail.outbox[0].to == ["new@example.com"]


def test_address_that_is_none_fails_at_once() -> None:
    issue(email="Acme <a@example.com>")

    assert send_waiting() == NOTHING
    assert outbox() == [
        (
            "INV-2026-000001",
            "failed",
            "Acme <a@example.com>",
            1,
            "'Acme <a@example.com>' is no e-mail address. Correct it, then send again.",
        )
    ]


def test_switched_off_nothing_is_mailed_by_itself() -> None:
    issue(automatic=False)

    assert send_waiting() == NOTHING
    assert mail.outbox == []
    assert outbox() == [("INV-2026-000001", "by_hand", "", 0, "")]


def test_sender_of_the_settings_page() -> None:
    issue()
    Mailing.objects.update(sender="bills@fincelo.example")

    send_waiting()

    assert mail.outbox[0].from_email == "bills@fincelo.example"


def test_pdf_that_may_not_be_handed_out_is_not_mailed() -> None:
    (invoice,) = issue()
    InvoiceRendering.objects.create(invoice=invoice, sha256="0" * 64)

    send_waiting()

    ((_, state, _, tries, problem),) = outbox()
    assert (state, tries) == ("failed", 1)
    assert problem.startswith("The PDF of INV-2026-000001 made now differs from the one first made on ")


@pytest.mark.parametrize(
    ("backend", "problem"),
    [
        ("Unreachable", "The mail server could not be used: no mail server"),
        ("TakesNone", "The mail backend took the mail and sent none."),
    ],
)
def test_fault_that_hits_every_mail_ends_the_pass(settings: Any, backend: str, problem: str) -> None:
    """The others keep their tries, and all are sent once the fault is gone."""
    issue("Acme", "Globex")
    settings.EMAIL_BACKEND = f"{BACKENDS}.{backend}"

    assert send_waiting() == NOTHING
    assert outbox() == [
        ("INV-2026-000001", "waiting", TO, 1, problem),
        ("INV-2026-000002", "waiting", "", 0, ""),
    ]

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    let_time_pass()
    assert send_waiting() == Pass(sent=2, is_complete=True)
    assert {state for _, state, _, _, _ in outbox()} == {"sent"}


def test_server_that_cannot_write_to_the_address(settings: Any) -> None:
    issue()
    settings.EMAIL_BACKEND = f"{BACKENDS}.OldServer"

    send_waiting()

    assert outbox() == [
        (
            "INV-2026-000001",
            "failed",
            TO,
            1,
            "The mail server cannot send to that address: SMTPUTF8 not supported by server",
        )
    ]


def test_fault_of_a_backend_is_tried_again_and_hides_nothing(settings: Any) -> None:
    issue()
    settings.EMAIL_BACKEND = f"{BACKENDS}.Broken"

    with pytest.raises(RuntimeError, match="a fault of the backend"):
        send_waiting()
    let_time_pass()
    with pytest.raises(RuntimeError, match="a fault of the backend"):
        send_waiting()
    assert outbox() == [("INV-2026-000001", "sending", "", 2, "An earlier attempt did not finish.")]

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert send_waiting() == NOTHING
    let_time_pass()
    assert send_waiting() == ALL_SENT


def test_tries_grow_apart_and_come_to_an_end(settings: Any) -> None:
    issue()
    settings.EMAIL_BACKEND = f"{BACKENDS}.Unreachable"
    pauses = []
    for _ in range(outbox_module.MOST_TRIES):
        let_time_pass()
        before = timezone.now()
        send_waiting()
        pauses.append(round((InvoiceMail.objects.get().next_try_at - before) / timedelta(minutes=5)))
    let_time_pass()

    send_waiting()

    assert pauses == [1, 2, 4, 8, 16, 32, 64, 72, 72, 72, 72, 72]
    assert outbox() == [
        ("INV-2026-000001", "failed", TO, 12, "The mail server could not be used: no mail server")
    ]
    assert Invoice.objects.get().state == InvoiceState.ISSUED


def test_what_a_mail_server_says_of_a_recipient(settings: Any) -> None:
    """Gone for good, later, a refused text; the others go out over the same connection."""
    issue("Gone", "Later", "Virus", "Acme")
    for name in ("Gone", "Later"):
        Customer.objects.filter(name=name).update(billing_email=f"{name.lower()}@example.com")

    with smtp_server(settings) as server:
        assert send_waiting() == ALL_SENT

    assert server.sessions == 1
    assert outbox() == [
        (
            "INV-2026-000001",
            "failed",
            "gone@example.com",
            1,
            "The mail server refused the mail: 550 5.1.1 No such user",
        ),
        (
            "INV-2026-000002",
            "waiting",
            "later@example.com",
            1,
            "The mail server refused the mail: 451 4.7.1 Try again later",
        ),
        ("INV-2026-000003", "failed", TO, 1, "The mail server refused the mail: 554 5.7.1 Message refused"),
        ("INV-2026-000004", "sent", TO, 1, ""),
    ]
    (text,) = server.texts
    received = message_from_bytes(text)
    assert received["Message-ID"] == InvoiceMail.objects.get(invoice__sequence=4).message_id
    assert [part.get_content_type() for part in received.walk()] == [
        "multipart/mixed",
        "text/plain",
        "application/pdf",
    ]


def test_server_that_closes_the_connection_costs_no_other_mail(settings: Any) -> None:
    """421 at a recipient: that mail waits, and the next one goes out over a new connection."""
    issue("Busy", "Acme")
    Customer.objects.filter(name="Busy").update(billing_email="busy@example.com")

    with smtp_server(settings) as server:
        assert send_waiting() == ALL_SENT

    refused = "The mail server refused the mail: 421 4.3.2 Too busy"
    assert server.sessions == 2
    assert outbox() == [
        ("INV-2026-000001", "waiting", "busy@example.com", 1, refused),
        ("INV-2026-000002", "sent", TO, 1, ""),
    ]
    assert not InvoiceMail.objects.filter(may_have_left=True).exists()


def test_server_that_closes_between_two_mails_is_asked_again(settings: Any) -> None:
    issue("Acme", "Globex")

    with smtp_server(settings) as server:
        server.short_of_breath = True
        assert send_waiting() == Pass(sent=2, is_complete=True)

    assert server.sessions == 2
    assert [state for _, state, *_ in outbox()] == ["sent", "sent"]
    assert not InvoiceMail.objects.filter(may_have_left=True).exists()


def test_no_mail_server_at_all(settings: Any) -> None:
    issue()
    with smtp_server(settings):
        pass

    assert send_waiting() == NOTHING
    ((_, state, _, _, problem),) = outbox()
    assert (state, problem) == (
        "waiting",
        "The mail server could not be used: [Errno 111] Connection refused",
    )


def test_pass_that_runs_out_of_time_goes_on_in_another_task(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    issue("Acme", "Globex")
    monkeypatch.setattr(sending, "SECONDS", 0)

    tasks.send_mails()
    monkeypatch.setattr(sending, "SECONDS", 150)
    tasks.send_mails()

    assert ("billing.tasks.send_mails",) in queued()
    assert len(mail.outbox) == 2


def test_billing_rings_for_the_mails_of_what_it_issued() -> None:
    ensure_legal_entity()
    sign(Deal(months=1))
    travel_to(TODAY)

    tasks.bill_due()
    tasks.bill_due()

    assert ("billing.tasks.send_mails",) in queued()


def test_secret_in_a_refusal_is_not_kept(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    issue()
    monkeypatch.setattr(f"{BACKENDS}.Unreachable.open", _refuse_with_a_secret)
    settings.EMAIL_BACKEND = f"{BACKENDS}.Unreachable"

    send_waiting()

    assert "pat-na1-" not in InvoiceMail.objects.get().problem


def _refuse_with_a_secret(self: object) -> bool:
    raise OSError("token pat-na1-12345678-1234-1234-1234-123456789012")
