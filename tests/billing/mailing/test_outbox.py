"""Sending by hand, withdrawing, and what the database keeps of the outbox."""

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.enums import BillingMode, BillingTrigger, MailState
from billing.issuing.approving import approve_drafts
from billing.issuing.invoicing import invoice_due
from billing.mailing.outbox import UnableToSend, claim, release_all, request_mail, withdraw
from billing.mailing.sending import send_waiting
from billing.models import BillingPolicy, Invoice, InvoiceMail, Mailing
from contracts.models import AuditEntry, Customer
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.billing.mailing.letters import issue, let_time_pass, outbox
from tests.billing.moved_on import move_on
from tests.billing.people import person

pytestmark = pytest.mark.django_db
TO = "billing@example.com"


def states() -> list[str]:
    return [state for _, state, _, _, _ in outbox()]


@pytest.mark.parametrize("state", [MailState.BY_HAND, MailState.FAILED, MailState.WAITING])
def test_person_sends_what_was_not_sent(admin_user: User, state: MailState) -> None:
    (invoice,) = issue(automatic=False)
    InvoiceMail.objects.update(state=state, tries=12, problem="It was refused.")
    before = InvoiceMail.objects.get().message_id

    request_mail(document=invoice, actor=admin_user)
    send_waiting()

    assert outbox() == [("INV-2026-000001", "sent", TO, 1, "")]
    assert mail.outbox[0].extra_headers["Message-ID"] == before
    assert InvoiceMail.objects.get().requested_by == admin_user
    assert list(
        AuditEntry.objects.order_by("id").values_list(
            "actor_name", "action", "object_name", "before", "after"
        )
    ) == [
        ("admin", "Mail requested", "INV-2026-000001", {}, {"recipient": TO}),
        (
            "admin",
            "Mailed",
            "INV-2026-000001",
            {"state": "issued"},
            {"state": "sent", "mailed_to": TO},
        ),
    ]


def test_person_sends_again_what_was_sent(admin_user: User) -> None:
    (invoice,) = issue()
    send_waiting()
    invoice.refresh_from_db()

    request_mail(document=invoice, actor=admin_user)
    send_waiting()

    assert states() == ["sent", "sent"]
    first, second = (sent.extra_headers["Message-ID"] for sent in mail.outbox)
    assert first != second
    assert Invoice.objects.count() == 1


def test_person_sends_an_invoice_of_the_time_before_there_were_mails(admin_user: User) -> None:
    (invoice,) = issue()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE billing_invoicemail")

    request_mail(document=invoice, actor=admin_user)
    send_waiting()

    assert states() == ["sent"]


def test_mail_under_way_is_not_requested_twice(admin_user: User) -> None:
    (invoice,) = issue()
    claim()

    with pytest.raises(UnableToSend) as refusal:
        request_mail(document=invoice, actor=admin_user)

    assert str(refusal.value) == "INV-2026-000001 is being mailed already."
    assert states() == ["sending"]
    assert AuditEntry.objects.count() == 0


def test_double_click_is_one_mail(admin_user: User) -> None:
    (invoice,) = issue()
    send_waiting()
    invoice.refresh_from_db()

    request_mail(document=invoice, actor=admin_user)
    request_mail(document=invoice, actor=admin_user)
    send_waiting()

    assert states() == ["sent", "sent"]


def test_void_invoice_is_not_requested(admin_user: User) -> None:
    """Whatever the page showed that asked for it."""
    (invoice,) = issue()
    shown = Invoice.objects.get()
    move_on(invoice, to="void")

    with pytest.raises(UnableToSend) as refusal:
        request_mail(document=shown, actor=admin_user)

    assert str(refusal.value) == "INV-2026-000001 is void and is not mailed."


def test_nothing_is_requested_without_an_address(admin_user: User) -> None:
    (invoice,) = issue(email="")

    with pytest.raises(UnableToSend) as refusal:
        request_mail(document=invoice, actor=admin_user)

    assert str(refusal.value) == "Acme has no billing e-mail. Enter it on the customer's page."
    assert states() == ["no_address"]


def test_all_that_wait_are_sent_with_one_statement(admin_user: User) -> None:
    issue("Acme", "Globex", "Initech", automatic=False)
    Customer.objects.filter(name="Globex").update(billing_email="")
    with CaptureQueriesContext(connection) as queries:
        count = release_all(actor=admin_user)

    assert count == 3
    assert states() == ["waiting", "no_address", "waiting"]
    assert sum("UPDATE billing_invoicemail" in query["sql"] for query in queries) == 1
    assert AuditEntry.objects.values_list("action", "after").get() == ("Waiting mails sent", {"mails": 3})


def test_withdrawn_mail_is_never_sent() -> None:
    (invoice,) = issue()

    withdraw(invoice=invoice)

    assert states() == ["withdrawn"]
    assert claim() is None


def test_mail_under_way_is_not_withdrawn() -> None:
    (invoice,) = issue()
    claim()

    with pytest.raises(UnableToSend) as refusal:
        withdraw(invoice=invoice)

    assert str(refusal.value) == "INV-2026-000001 is being mailed just now. Look again in some minutes."


def test_claimed_mail_is_claimed_by_nobody_else_for_a_while() -> None:
    issue()

    first, second = claim(), claim()
    let_time_pass()
    third = claim()

    assert (first is not None, second, third) == (True, None, first)


def test_longest_waiting_goes_first() -> None:
    issue("Acme", "Globex")
    InvoiceMail.objects.filter(invoice__sequence=2).update(next_try_at="2020-01-01T00:00Z")

    found = claim()

    assert found is not None
    assert found.invoice.number == "INV-2026-000002"


def test_one_open_mail_for_an_invoice() -> None:
    (invoice,) = issue()

    with pytest.raises(IntegrityError, match="one_open_mail_per_invoice"), transaction.atomic():
        InvoiceMail.objects.create(invoice=invoice, state=MailState.WAITING)


def test_sent_mail_has_its_moment() -> None:
    issue()

    with pytest.raises(IntegrityError, match="sent_mail_has_its_moment"), transaction.atomic():
        InvoiceMail.objects.update(state=MailState.SENT)


def test_log_of_mails_is_kept() -> None:
    issue()

    with pytest.raises(DatabaseError, match=r"^pgtrigger: Cannot delete"), transaction.atomic():
        InvoiceMail.objects.all().delete()


@pytest.mark.parametrize(
    ("automatic", "email", "state"),
    [(True, TO, "waiting"), (True, "", "no_address"), (False, TO, "by_hand"), (False, "", "by_hand")],
)
def test_issued_invoice_has_its_place_in_the_outbox(automatic: bool, email: str, state: str) -> None:
    (invoice,) = issue(automatic=automatic, email=email)

    assert (invoice.state, states()) == ("issued", [state])


@pytest.mark.parametrize(
    ("automatic", "email", "state"),
    [(True, TO, "waiting"), (True, "", "no_address"), (False, TO, "by_hand"), (False, "", "by_hand")],
)
def test_draft_has_its_place_in_the_outbox_once_it_is_approved(
    automatic: bool, email: str, state: str
) -> None:
    BillingPolicy.objects.create(mode=BillingMode.APPROVE)
    (draft,) = issue(automatic=automatic, email=email)
    before = states()

    approve_drafts(ids=[draft.pk], as_of=TODAY, actor=person("ann", group="Approver"))

    assert (draft.state, before, states()) == ("draft", [], [state])


def test_without_a_setting_nothing_is_mailed_by_itself() -> None:
    ensure_legal_entity()
    Mailing.objects.all().delete()
    sign(Deal(months=1))

    invoice_due(as_of=TODAY, trigger=BillingTrigger.SCHEDULE)

    assert states() == ["by_hand"]


def test_invoice_is_not_void_while_its_mail_is_under_way() -> None:
    (invoice,) = issue()
    claim()

    with pytest.raises(UnableToSend) as refusal:
        move_on(invoice, to="void")

    assert str(refusal.value) == "INV-2026-000001 is being mailed just now. Look again in some minutes."
    assert (Invoice.objects.get().state, states()) == ("issued", ["sending"])
