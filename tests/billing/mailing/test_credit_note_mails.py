"""Credit notes go the way of invoices: written to the outbox when issued, and mailed after their invoice."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import IntegrityError, connection, transaction

from billing.issuing.rendering import credit_note_pdf
from billing.mailing.composing import compose
from billing.mailing.outbox import UnableToSend, claim, release_addressed, release_all, request_mail
from billing.mailing.sending import Pass, send_waiting
from billing.models import CreditNote, CreditNoteRendering, Invoice, InvoiceMail
from billing.receivables.crediting import approve_credit, request_credit
from contracts.models import AuditEntry, Customer
from tests.billing.builders import TODAY
from tests.billing.mailing.letters import issue, let_time_pass, outbox
from tests.billing.moved_on import move_on
from tests.billing.people import person

pytestmark = pytest.mark.django_db
TO = "billing@example.com"
NOTHING = Pass(sent=0, is_complete=True)


def credit(invoice: Invoice, *, amount: int | None = 100, group: str = "Approver") -> CreditNote:
    return request_credit(
        invoice=invoice, amount=amount, reason="Agreed", as_of=TODAY, actor=person("ann", group=group)
    )


def mails() -> list[tuple[str, str]]:
    """Document and state of each mail, in the order of writing."""
    return [(str(row.document), row.state) for row in InvoiceMail.objects.order_by("id")]


def sent() -> list[str]:
    return [message.attachments[0][0] for message in mail.outbox]


def test_issued_credit_note_is_mailed_with_its_pdf() -> None:
    (invoice,) = issue()
    send_waiting()

    note = credit(invoice)
    send_waiting()

    message = mail.outbox[1]
    assert (message.to, message.subject) == (
        [TO],
        "Credit note CN-2026-000001 on invoice INV-2026-000001 from Fincelo Inc",
    )
    assert message.attachments == [("CN-2026-000001.pdf", credit_note_pdf(note=note), "application/pdf")]
    row = InvoiceMail.objects.get(credit_note=note)
    assert (row.state, row.recipient, row.tries) == ("sent", TO, 1)
    assert message.extra_headers == {"Message-ID": row.message_id}
    assert row.message_id.startswith(f"<credit-note-{row.pk}-")


def test_nothing_is_mailed_twice() -> None:
    (invoice,) = issue()
    credit(invoice)
    send_waiting()
    let_time_pass()

    assert send_waiting() == NOTHING
    assert sent() == ["INV-2026-000001.pdf", "CN-2026-000001.pdf"]


@pytest.mark.parametrize("amount", [100, None])
def test_invoice_that_was_never_mailed_goes_first(amount: int | None) -> None:
    """In whole or in part: the customer's books need the pair."""
    (invoice,) = issue()
    credit(invoice, amount=amount)
    InvoiceMail.objects.filter(credit_note__isnull=False).update(next_try_at="2020-01-01T00:00Z")

    assert send_waiting() == Pass(sent=2, is_complete=True)
    assert sent() == ["INV-2026-000001.pdf", "CN-2026-000001.pdf"]
    invoice.refresh_from_db()
    assert invoice.state == ("credited" if amount is None else "sent")


def test_credit_note_waits_for_an_invoice_that_cannot_be_mailed() -> None:
    (invoice,) = issue()
    Customer.objects.update(billing_email="nobody")
    credit(invoice)

    assert send_waiting() == NOTHING
    assert mails() == [("INV-2026-000001", "failed"), ("CN-2026-000001", "waiting")]
    Customer.objects.update(billing_email=TO)
    request_mail(document=invoice, actor=person("ann"))
    send_waiting()
    assert sent() == ["INV-2026-000001.pdf", "CN-2026-000001.pdf"]


@pytest.mark.parametrize(
    ("automatic", "email", "state"),
    [(True, TO, "waiting"), (True, "", "no_address"), (False, TO, "by_hand"), (False, "", "by_hand")],
)
def test_credit_note_has_its_place_in_the_outbox(automatic: bool, email: str, state: str) -> None:
    (invoice,) = issue(automatic=automatic, email=email)

    note = credit(invoice)

    assert (note.state, mails()[1]) == ("issued", ("CN-2026-000001", state))


def test_credit_note_on_an_invoice_that_was_mailed_by_nobody_waits_for_a_person() -> None:
    (invoice,) = issue()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE billing_invoicemail")

    credit(invoice)

    assert mails() == [("CN-2026-000001", "by_hand")]


def test_draft_has_its_place_once_it_is_approved() -> None:
    (invoice,) = issue()
    draft = credit(invoice, group="Finance")
    before = len(mails())

    approve_credit(note=draft, as_of=TODAY, actor=person("bob", group="Approver"))

    assert (before, mails()[1:]) == (1, [("CN-2026-000001", "waiting")])


def test_issuing_that_fails_leaves_no_mail() -> None:
    (invoice,) = issue()

    with transaction.atomic():
        credit(invoice)
        transaction.set_rollback(True)

    assert mails() == [("INV-2026-000001", "waiting")]


def test_missing_address_blocks_sending_until_there_is_one() -> None:
    (invoice,) = issue(email="")
    credit(invoice)

    assert send_waiting() == NOTHING
    Customer.objects.update(billing_email=TO)
    assert send_waiting() == NOTHING
    release_addressed(customer=invoice.customer, actor=person("sue", group="Finance"))
    send_waiting()

    assert sent() == ["INV-2026-000001.pdf", "CN-2026-000001.pdf"]


def test_person_sends_both_where_the_invoice_was_never_mailed(admin_user: User) -> None:
    (invoice,) = issue(automatic=False)
    note = credit(invoice)

    request_mail(document=note, actor=admin_user)
    send_waiting()

    assert sent() == ["INV-2026-000001.pdf", "CN-2026-000001.pdf"]
    told = AuditEntry.objects.filter(action="Mail requested").order_by("id")
    assert list(told.values_list("object_type", "object_name")) == [
        ("billing.invoice", "INV-2026-000001"),
        ("billing.creditnote", "CN-2026-000001"),
    ]


def test_invoice_that_is_under_way_is_not_requested_along(admin_user: User) -> None:
    (invoice,) = issue()
    note = credit(invoice)
    claim()

    request_mail(document=note, actor=admin_user)

    assert mails() == [("INV-2026-000001", "sending"), ("CN-2026-000001", "waiting")]


def test_credit_note_that_waits_is_no_invoice_that_goes_out(admin_user: User) -> None:
    (invoice,) = issue(automatic=False)
    first, second = credit(invoice), credit(invoice)
    InvoiceMail.objects.filter(credit_note=first).update(state="waiting")

    request_mail(document=second, actor=admin_user)

    assert mails() == [
        ("INV-2026-000001", "waiting"),
        ("CN-2026-000001", "waiting"),
        ("CN-2026-000002", "waiting"),
    ]


def test_person_sends_again_the_credit_note_alone(admin_user: User) -> None:
    (invoice,) = issue()
    note = credit(invoice)
    send_waiting()

    request_mail(document=note, actor=admin_user)
    send_waiting()

    assert sent() == ["INV-2026-000001.pdf", "CN-2026-000001.pdf", "CN-2026-000001.pdf"]
    first, second = (message.extra_headers["Message-ID"] for message in mail.outbox[1:])
    assert first != second


def test_sending_an_invoice_again_leaves_its_credit_note_alone(admin_user: User) -> None:
    (invoice,) = issue(automatic=False)
    credit(invoice)

    request_mail(document=invoice, actor=admin_user)
    send_waiting()

    assert mails() == [("INV-2026-000001", "sent"), ("CN-2026-000001", "by_hand")]


def test_draft_is_not_requested(admin_user: User) -> None:
    (invoice,) = issue()

    with pytest.raises(UnableToSend) as refusal:
        request_mail(document=credit(invoice, group="Finance"), actor=admin_user)

    assert str(refusal.value) == "Draft is draft and is not mailed."


def test_credited_invoice_is_requested_like_any_other(admin_user: User) -> None:
    (invoice,) = issue(automatic=False)
    move_on(invoice, to="credited")

    request_mail(document=invoice, actor=admin_user)
    send_waiting()

    assert sent() == ["INV-2026-000001.pdf"]


def test_all_that_wait_go_out_in_order(admin_user: User) -> None:
    for invoice in issue("Acme", "Globex", automatic=False):
        credit(invoice)

    assert release_all(actor=admin_user) == 4
    send_waiting()

    assert sent().index("INV-2026-000001.pdf") < sent().index("CN-2026-000001.pdf")
    assert sent().index("INV-2026-000002.pdf") < sent().index("CN-2026-000002.pdf")


def test_pdf_that_may_not_be_handed_out_is_not_mailed() -> None:
    (invoice,) = issue()
    note = credit(invoice)
    CreditNoteRendering.objects.create(credit_note=note, sha256="0" * 64)

    send_waiting()

    row = InvoiceMail.objects.get(credit_note=note)
    assert row.state == "failed"
    assert row.problem.startswith("The PDF of CN-2026-000001 made now differs from the one first made on ")


def test_mail_of_a_credit_note_leaves_the_state_of_its_invoice_alone() -> None:
    (invoice,) = issue()
    send_waiting()
    before = Invoice.objects.get().sent_at
    credit(invoice)

    send_waiting()

    assert Invoice.objects.values_list("state", "sent_at").get() == ("sent", before)


def test_one_open_mail_for_a_credit_note() -> None:
    (invoice,) = issue()
    note = credit(invoice)

    with pytest.raises(IntegrityError, match="one_open_mail_per_credit_note"), transaction.atomic():
        InvoiceMail.objects.create(invoice=invoice, credit_note=note, state="waiting")


@pytest.mark.parametrize(
    ("language", "subject", "body"),
    [
        (
            "en",
            "Credit note CN-2026-000001 on invoice INV-2026-000001 from Fincelo Inc",
            "Hello,\n\n"
            "attached is credit note CN-2026-000001 of 22 Nov 2026. It takes back EUR 1,234.50 of invoice "
            "INV-2026-000001.\n\n"
            "Reason: {seller} as agreed\n\n"
            "You owe that much less. If you have paid it already, or if something is not right, answer this "
            "mail.\n\n"
            "Fincelo Inc\n",
        ),
        (
            "de",
            "Rechnungskorrektur CN-2026-000001 zur Rechnung INV-2026-000001 von Fincelo Inc",
            "Guten Tag,\n\n"
            "anbei erhalten Sie die Rechnungskorrektur CN-2026-000001 vom 22.11.2026. Sie nimmt EUR 1.234,50 der "
            "Rechnung INV-2026-000001 zurück.\n\n"
            "Grund: {seller} as agreed\n\n"
            "Um diesen Betrag schulden Sie weniger. Falls Sie ihn schon bezahlt haben oder etwas nicht stimmt, "
            "antworten Sie auf diese Mail.\n\n"
            "Fincelo Inc\n",
        ),
    ],
)
def test_mail_is_in_the_language_of_the_customer(language: str, subject: str, body: str) -> None:
    facts: dict[str, Any] = {"currency": "EUR", "seller": {"name": "Fincelo Inc"}}
    note = CreditNote(
        number="CN-2026-000001",
        issue_date=date(2026, 11, 22),
        total_minor=123_450,
        buyer={"name": "Acme", "language": language},
        reason="{seller} as\r\nagreed",
        invoice=Invoice(number="INV-2026-000001"),
        **facts,
    )
    row = InvoiceMail(pk=7, created_at=datetime(2026, 11, 22, tzinfo=UTC), credit_note=note)

    message = compose(mail=row, recipient=TO, sender="", pdf=b"%PDF")

    assert (message.subject, message.body) == (subject, body)


def test_outbox_tells_invoices_in_the_order_of_their_numbers() -> None:
    (invoice,) = issue()
    credit(invoice)
    send_waiting()

    assert outbox() == [("INV-2026-000001", "sent", TO, 1, "")] * 2
