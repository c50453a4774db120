"""Mails that came back: listed, and sent again to a corrected address. Nothing is ever issued again."""

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import DatabaseError, transaction

from billing.enums import AfterVoid, InvoiceState
from billing.mailing.bouncing import UnableToMarkBounced, mail_with_id, mark_bounced
from billing.mailing.outbox import accepted, claim, put_back, request_mail
from billing.mailing.sending import Pass, send_waiting
from billing.models import CreditNote, Invoice, InvoiceMail
from billing.receivables.crediting import request_credit
from billing.receivables.voiding import UnableToVoid, may_be_void, void_invoice
from contracts.models import AuditEntry, Customer
from tests.billing.builders import TODAY
from tests.billing.mailing.letters import issue, let_time_pass, outbox
from tests.billing.moved_on import move_on
from tests.billing.people import person

pytestmark = pytest.mark.django_db
TO = "billing@example.com"
GONE = "550 5.1.1 No such user"


def bounce(row: InvoiceMail | None = None, *, actor: User | None = None) -> None:
    mark_bounced(mail=row or InvoiceMail.objects.get(), reason=GONE, actor=actor)


def test_bounced_invoice_is_issued_listed_and_not_issued_again(admin_user: User) -> None:
    """Case 84."""
    (invoice,) = issue()
    send_waiting()
    left_at = InvoiceMail.objects.get().sent_at

    bounce(actor=admin_user)

    assert outbox() == [("INV-2026-000001", "bounced", TO, 1, GONE)]
    assert InvoiceMail.objects.get().sent_at == left_at
    assert Invoice.objects.values_list("number", "state", "sent_at").get() == (invoice.number, "issued", None)
    entry = AuditEntry.objects.get(action="Mail bounced")
    assert (entry.actor, entry.object_name, entry.before, entry.after, entry.reason) == (
        admin_user,
        "INV-2026-000001",
        {"state": "sent", "mailed_to": TO},
        {"state": "issued", "mailed_to": ""},
        GONE,
    )


def test_it_is_sent_again_to_the_corrected_address(admin_user: User) -> None:
    (invoice,) = issue()
    send_waiting()
    bounce()
    Customer.objects.update(billing_email="new@example.com")

    request_mail(document=invoice, actor=admin_user)
    send_waiting()

    assert [message.to for message in mail.outbox] == [[TO], ["new@example.com"]]
    first, second = (message.extra_headers["Message-ID"] for message in mail.outbox)
    assert first != second
    assert outbox() == [
        ("INV-2026-000001", "bounced", TO, 1, GONE),
        ("INV-2026-000001", "sent", "new@example.com", 1, ""),
    ]
    assert list(Invoice.objects.values_list("number", "state")) == [("INV-2026-000001", "sent")]


def test_bounce_that_comes_late_leaves_the_second_mail_alone(admin_user: User) -> None:
    (invoice,) = issue()
    send_waiting()
    first = InvoiceMail.objects.get()
    request_mail(document=invoice, actor=admin_user)
    send_waiting()

    bounce(first)

    assert [state for _, state, _, _, _ in outbox()] == ["bounced", "sent"]
    assert Invoice.objects.get().state == InvoiceState.SENT


def test_bounce_that_is_faster_than_the_note_that_it_was_sent() -> None:
    issue()
    under_way = claim()
    assert under_way is not None

    bounce(under_way)
    accepted(mail=under_way, recipient=TO)
    put_back(mail=under_way, state="waiting", recipient=TO, problem="x")  # type: ignore[arg-type]
    let_time_pass()

    assert send_waiting() == Pass(sent=0, is_complete=True)
    assert [(state, problem) for _, state, _, _, problem in outbox()] == [("bounced", GONE)]
    assert Invoice.objects.values_list("state", "sent_at").get() == ("issued", None)


@pytest.mark.parametrize("state", ["part_paid", "paid", "credited"])
def test_state_of_what_was_paid_or_credited_stays(state: str) -> None:
    (invoice,) = issue()
    send_waiting()
    move_on(invoice, to=state)

    bounce(InvoiceMail.objects.get(credit_note=None))

    assert Invoice.objects.get().state == state


def test_the_same_bounce_again_is_known() -> None:
    issue()
    send_waiting()
    bounce()

    with pytest.raises(UnableToMarkBounced) as refusal:
        bounce()

    assert str(refusal.value) == "That the mail of INV-2026-000001 bounced is known already."
    assert AuditEntry.objects.filter(action="Mail bounced").count() == 1


def test_what_was_not_sent_cannot_bounce() -> None:
    issue()

    with pytest.raises(UnableToMarkBounced) as refusal:
        bounce()

    assert str(refusal.value) == (
        "The mail of INV-2026-000001 was not sent, so it cannot have bounced. Mail shows why."
    )


def test_bounced_credit_note_leaves_its_invoice_alone(admin_user: User) -> None:
    (invoice,) = issue()
    request_credit(invoice=invoice, amount=1, reason="x", as_of=TODAY, actor=person("ann", group="Approver"))
    send_waiting()

    bounce(InvoiceMail.objects.get(credit_note__isnull=False))

    assert Invoice.objects.get().state == InvoiceState.SENT
    assert AuditEntry.objects.get(action="Mail bounced").object_type == "billing.creditnote"
    request_mail(document=CreditNote.objects.get(), actor=admin_user)
    assert send_waiting() == Pass(sent=1, is_complete=True)


def test_credit_note_that_got_through_does_not_stand_for_its_invoice() -> None:
    (invoice,) = issue()
    request_credit(invoice=invoice, amount=1, reason="x", as_of=TODAY, actor=person("ann", group="Approver"))
    send_waiting()

    bounce(InvoiceMail.objects.get(credit_note=None))

    assert Invoice.objects.get().state == InvoiceState.ISSUED


def test_bounced_credit_note_says_nothing_of_an_invoice_that_went_out_otherwise(admin_user: User) -> None:
    """As by post: it is sent, and no mail of ours brought it."""
    (invoice,) = issue(automatic=False)
    Invoice.objects.update(state="sent")
    note = request_credit(
        invoice=invoice, amount=1, reason="x", as_of=TODAY, actor=person("ann", group="Approver")
    )
    request_mail(document=note, actor=admin_user)
    send_waiting()

    bounce(InvoiceMail.objects.get(credit_note=note))

    assert Invoice.objects.get().state == InvoiceState.SENT


def test_credit_note_waits_for_an_invoice_that_came_back(admin_user: User) -> None:
    (invoice,) = issue()
    send_waiting()
    bounce()
    request_credit(invoice=invoice, amount=1, reason="x", as_of=TODAY, actor=person("ann", group="Approver"))

    assert send_waiting() == Pass(sent=0, is_complete=True)
    request_mail(document=invoice, actor=admin_user)
    assert send_waiting() == Pass(sent=2, is_complete=True)


def test_credit_note_that_was_under_way_when_its_invoice_came_back() -> None:
    """It is sent, and the invoice is not for that."""
    (invoice,) = issue()
    send_waiting()
    request_credit(invoice=invoice, amount=1, reason="x", as_of=TODAY, actor=person("ann", group="Approver"))
    under_way = claim()
    assert under_way is not None
    bounce(InvoiceMail.objects.get(credit_note=None))

    accepted(mail=under_way, recipient=TO)

    assert InvoiceMail.objects.get(credit_note__isnull=False).state == "sent"
    assert Invoice.objects.values_list("state", "sent_at").get() == ("issued", None)


def test_invoice_whose_mail_bounced_is_never_void() -> None:
    """It left the house. By SQL neither."""
    (invoice,) = issue()
    send_waiting()
    bounce()

    assert not may_be_void(invoice=Invoice.objects.get())
    with pytest.raises(UnableToVoid) as refusal:
        void_invoice(
            invoice=invoice, then=AfterVoid.BILL_AGAIN, reason="x", actor=person("ann", group="Approver")
        )
    assert str(refusal.value) == (
        "A mail of INV-2026-000001 bounced, so it may have been seen outside and cannot be void. "
        "Write a credit note instead."
    )
    with pytest.raises(DatabaseError, match="so it cannot be void"), transaction.atomic():
        Invoice.objects.update(state="void")


def test_mail_is_found_by_its_message_id() -> None:
    issue()
    row = InvoiceMail.objects.get()

    assert mail_with_id(message_id=row.message_id) == row
    for wrong in (
        f"<invoice-{row.pk}-20200101000000000000@fincelo>",
        f"<invoice-{row.pk + 1}-20200101000000000000@fincelo>",
        row.message_id.replace("invoice", "credit-note"),
        f"<invoice-{'9' * 18}-20200101000000000000@fincelo>",
    ):
        with pytest.raises(UnableToMarkBounced):
            mail_with_id(message_id=wrong)
