import importlib
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django_q.models import OrmQ

import billing.migrations
from billing.mailing.sending import send_waiting
from billing.models import CreditNote, Invoice, InvoiceMail, Mailing
from billing.receivables.crediting import request_credit
from contracts.models import AuditEntry, Customer
from tests.billing.builders import TODAY, Deal, sign
from tests.billing.mailing.letters import issue, outbox
from tests.billing.people import person
from tests.pages import alerts, field_errors, rows, signed_in, words

pytestmark = pytest.mark.django_db
TO = "billing@example.com"
MIGRATIONS = Path(billing.migrations.__file__ or "").parent
VIEW = (
    "billing.view_invoicemail",
    "billing.view_invoice",
    "billing.view_creditnote",
    "contracts.view_customer",
)


@pytest.fixture
def viewer() -> Client:
    return signed_in(*VIEW)


@pytest.fixture
def finance() -> Client:
    return signed_in(*VIEW, "billing.change_invoicemail", "contracts.change_customer")


def test_mails_are_listed_newest_first_with_what_happened(viewer: Client) -> None:
    issue("Acme", "Globex", "Initech", "Umbrella")
    Customer.objects.filter(name="Globex").update(billing_email="nobody")
    Customer.objects.filter(name="Initech").update(billing_email="")
    InvoiceMail.objects.filter(invoice__sequence=4).update(state="by_hand")
    send_waiting()

    page = viewer.get("/invoices/mail/")

    assert [row[:4] for row in rows(page)] == [
        ["INV-2026-000004", f"Umbrella {TO}", "Not sent yet", ""],
        ["INV-2026-000003", "Initech", "No address", "Enter the billing e-mail"],
        [
            "INV-2026-000002",
            "Globex nobody",
            "Failed",
            "'nobody' is no e-mail address. Correct it, then send again. Try again",
        ],
        ["INV-2026-000001", f"Acme {TO}", "Sent", ""],
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [({"state": "no_address"}, ["INV-2026-000002"]), ({"state": "sent"}, []), ({"state": "???"}, 2)],
)
def test_mails_are_filtered(viewer: Client, query: dict[str, str], found: Any) -> None:
    issue("Acme", "Globex")
    InvoiceMail.objects.filter(invoice__sequence=2).update(state="no_address")

    shown = [row[0] for row in rows(viewer.get("/invoices/mail/", query))]

    assert found in (shown, len(shown))


@pytest.mark.parametrize("count", [1, 3])
def test_mail_list_asks_the_same_number_of_queries(
    viewer: Client, count: int, django_assert_num_queries
) -> None:
    issue(*[f"Customer {number}" for number in range(count)])

    # session, user, time zone, his and his groups' rights, keys and rows, five counts, the switch,
    # who waits for an address, the work
    with django_assert_num_queries(16):
        page = viewer.get("/invoices/mail/")

    assert len(rows(page)) == count


def test_empty_list_says_where_the_switch_is(viewer: Client) -> None:
    assert "set under Settings, Invoices and Mail" in words(viewer.get("/invoices/mail/").text)


def test_person_sends_one(finance: Client) -> None:
    (invoice,) = issue(automatic=False)

    page = finance.post(f"/invoices/{invoice.pk}/send/", follow=True)

    assert alerts(page) == [f"INV-2026-000001 goes to {TO} within minutes."]
    assert outbox() == [("INV-2026-000001", "waiting", "", 0, "")]
    assert OrmQ.objects.count() == 1


def test_refusal_is_a_sentence(finance: Client) -> None:
    (invoice,) = issue(email="")

    page = finance.post(f"/invoices/{invoice.pk}/send/", follow=True)

    assert alerts(page) == ["Acme has no billing e-mail. Enter it on the customer's page."]


def test_person_sends_all_that_wait(finance: Client) -> None:
    issue("Acme", "Globex", automatic=False)
    assert alerts(finance.get("/invoices/mail/")) == ["Mails wait to be sent by hand."]

    page = finance.post("/invoices/mail/send/", follow=True)

    assert alerts(page) == ["2 mails are being sent."]
    assert {state for _, state, _, _, _ in outbox()} == {"waiting"}


@pytest.mark.parametrize(
    ("state", "facts", "sentence"),
    [
        ("waiting", {}, "It goes to billing@example.com within minutes."),
        (
            "waiting",
            {"tries": 1, "problem": "No server."},
            "It goes to billing@example.com within minutes. The last try: No server. Try again",
        ),
        (
            "failed",
            {"recipient": "x@y.z", "problem": "Refused."},
            "It did not reach x@y.z . Refused. Billing contact Try again",
        ),
        ("by_hand", {}, "Nobody has sent it yet. It goes to billing@example.com. Send"),
        ("withdrawn", {"problem": "The invoice is void."}, "It is not mailed. The invoice is void."),
    ],
)
def test_invoice_says_how_far_its_mail_is(
    finance: Client, state: str, facts: dict[str, Any], sentence: str
) -> None:
    (invoice,) = issue()
    InvoiceMail.objects.update(state=state, **facts)

    card = finance.get(f"/invoices/{invoice.pk}/").text.split('id="mail"')[1].split("</section>")[0]

    assert sentence in words(card)


def test_sent_mail_is_in_the_story_of_the_invoice(finance: Client) -> None:
    (invoice,) = issue()
    send_waiting()

    page = words(finance.get(f"/invoices/{invoice.pk}/").text)

    assert f"Mailed State: issued → sent Mailed to: empty → {TO}" in page.split("Timeline")[1]
    assert "Send again" in page


def test_person_marks_a_mail_that_came_back(finance: Client) -> None:
    (invoice,) = issue()
    send_waiting()
    path = f"/invoices/mail/{InvoiceMail.objects.get().pk}/bounced/"
    assert path in finance.get(f"/invoices/{invoice.pk}/").text

    page = finance.post(path, {"bounce_reason": "550 No such user"}, follow=True)

    assert alerts(page) == [f"INV-2026-000001 did not reach {TO}. Correct the address, then send again."]
    assert outbox() == [("INV-2026-000001", "bounced", TO, 1, "550 No such user")]
    assert [row[:4] for row in rows(finance.get("/invoices/mail/", {"state": "bounced"}))] == [
        ["INV-2026-000001", f"Acme {TO}", "Bounced", "550 No such user Send again"]
    ]
    card = finance.get(f"/invoices/{invoice.pk}/").text.split('id="mail"')[1].split("</section>")[0]
    assert words(card).endswith(
        f"It came back from {TO} : 550 No such user The invoice is issued, but the customer has not "
        f"received it. Correct the billing e-mail , then send it again. Send again to {TO}"
    )


def test_bounce_without_a_reason_is_refused(finance: Client) -> None:
    issue()
    send_waiting()

    page = finance.post(f"/invoices/mail/{InvoiceMail.objects.get().pk}/bounced/", follow=True)

    assert field_errors(page) == {"id_bounce_reason": "This field is required."}
    assert outbox() == [("INV-2026-000001", "sent", TO, 1, "")]


def test_credit_note_says_how_far_its_mail_is(finance: Client) -> None:
    (invoice,) = issue(automatic=False)
    note = credited(invoice)
    path = f"/credit-notes/{note.pk}/"

    assert card_of(finance, path).endswith(
        "Nobody has sent it yet. It goes to billing@example.com, after INV-2026-000001 . Send both"
    )
    page = finance.post(f"{path}send/", follow=True)
    assert alerts(page) == [f"CN-2026-000001 goes to {TO} within minutes."]
    assert card_of(finance, path).endswith(
        "It goes to billing@example.com once INV-2026-000001 was mailed. Send both"
    )
    listed = [row[:4] for row in rows(finance.get("/invoices/mail/"))]
    assert listed[0] == [
        "CN-2026-000001",
        f"Acme {TO}",
        "Waiting",
        "Goes out once INV-2026-000001 was mailed",
    ]
    send_waiting()
    assert f"Mailed to {TO} on" in card_of(finance, path)
    assert f"Mailed Mailed to: empty → {TO}" in words(finance.get(path).text.split("Timeline")[1])


def test_issued_credit_note_rings_for_its_mail(finance: Client) -> None:
    (invoice,) = issue()
    client = signed_in_as(person("ann", group="Approver"))

    client.post(f"/invoices/{invoice.pk}/credit/", {"amount": "1", "reason": "x"})
    at_once = OrmQ.objects.count()
    draft = credited(invoice, group="Finance", name="finn")
    client.post(f"/credit-notes/{draft.pk}/approve/")

    assert (at_once, OrmQ.objects.count()) == (1, 2)


def test_draft_of_a_credit_note_has_no_mail(finance: Client) -> None:
    (invoice,) = issue()
    note = credited(invoice, group="Finance")

    assert 'id="mail"' not in finance.get(f"/credit-notes/{note.pk}/").text


def credited(invoice: Invoice, *, group: str = "Approver", name: str = "ann") -> CreditNote:
    return request_credit(
        invoice=invoice, amount=100, reason="Agreed", as_of=TODAY, actor=person(name, group=group)
    )


def card_of(client: Client, path: str) -> str:
    return words(client.get(path).text.split('id="mail"')[1].split("</section>")[0])


def signed_in_as(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_viewer_is_offered_no_sending(viewer: Client) -> None:
    (invoice,) = issue(automatic=False)

    assert f"/invoices/{invoice.pk}/send/" not in viewer.get(f"/invoices/{invoice.pk}/").text
    assert "/invoices/mail/send/" not in viewer.get("/invoices/mail/").text


def test_billing_contact_is_entered_and_mails_what_somebody_asks_for(finance: Client) -> None:
    (invoice,) = issue(email="")

    page = finance.post(
        f"/customers/{invoice.customer_id}/contact/",
        {"billing_email": "pay@acme.example", "language": "de"},
        follow=True,
    )
    send_waiting()

    assert "Saved. 1 mail waits for an address of Acme: send them below, or later." in alerts(page)
    assert outbox() == [("INV-2026-000001", "no_address", "", 0, "")]
    assert "Send it to pay@acme.example now" in page.text
    asked = finance.post(f"/customers/{invoice.customer_id}/send/", follow=True)
    send_waiting()
    assert "They go to pay@acme.example within minutes." in alerts(asked)
    assert outbox() == [("INV-2026-000001", "sent", "pay@acme.example", 1, "")]
    customer = Customer.objects.get()
    assert (customer.billing_email, customer.language) == ("pay@acme.example", "de")
    entries = AuditEntry.objects.filter(object_type="contracts.customer").order_by("pk")
    assert list(entries.values_list("before", "after")) == [
        (
            {"billing_email": "", "language": "en"},
            {"billing_email": "pay@acme.example", "language": "de"},
        ),
        ({}, {"mails": 1, "recipient": "pay@acme.example"}),
    ]


@pytest.mark.parametrize(
    "sent",
    [
        {"billing_email": "nobody", "language": "en"},
        {"billing_email": "a@example.com\nBcc: b@example.com", "language": "en"},
        {"billing_email": "a@example.com", "language": "xx"},
        {"billing_email": "a@example.com"},
    ],
)
def test_contact_that_makes_no_sense_changes_nothing(finance: Client, sent: dict[str, str]) -> None:
    (invoice,) = issue()

    page = finance.post(f"/customers/{invoice.customer_id}/contact/", sent, follow=True)

    assert len(field_errors(page)) == 1
    assert Customer.objects.values_list("billing_email", "language").get() == (TO, "en")


def test_contact_form_is_shown_to_those_who_may_change_it(viewer: Client, admin_client: Client) -> None:
    (contract,) = sign(Deal())
    path = f"/customers/{contract.customer_id}/"

    assert ['id="contact"' in client.get(path).text for client in (viewer, admin_client)] == [False, True]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/invoices/mail/"),
        ("get", "/invoices/mail/folder/"),
        ("post", "/invoices/mail/send/"),
        ("post", "/invoices/{}/send/"),
        ("post", "/invoices/mail/{}/bounced/"),
        ("post", "/credit-notes/{}/send/"),
        ("post", "/customers/{}/contact/"),
    ],
)
def test_page_needs_its_right(method: str, path: str) -> None:
    rights = VIEW if method == "post" else ("billing.view_invoice", "billing.view_letterhead")

    assert getattr(signed_in(*rights), method)(path.format(1)).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/invoices/mail/send/",
        "/invoices/1/send/",
        "/customers/1/contact/",
        "/invoices/mail/1/bounced/",
        "/credit-notes/1/send/",
    ],
)
def test_sending_is_never_a_get(finance: Client, path: str) -> None:
    assert finance.get(path).status_code == 405


def test_mail_folder_of_a_demo(viewer: Client, settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    issue("<script>alert(1)</script>")
    send_waiting()

    page = viewer.get("/invoices/mail/folder/")

    assert "Invoice INV-2026-000001 from Fincelo Inc" in words(page.text)
    assert "INV-2026-000001.pdf" in page.text
    assert "<script>alert" not in page.text
    assert "/invoices/mail/folder/" in viewer.get("/invoices/mail/").text


def test_there_is_no_mail_folder_where_mail_is_sent(viewer: Client) -> None:
    assert viewer.get("/invoices/mail/folder/").status_code == 404
    assert "/invoices/mail/folder/" not in viewer.get("/invoices/mail/").text


@pytest.mark.parametrize(("bills_already", "automatic"), [(False, True), (True, False)])
def test_upgrade_mails_nothing_by_surprise(bills_already: bool, automatic: bool) -> None:
    """A workspace with contracts begins with mailing by hand, a new one mails what it issues."""
    if bills_already:
        sign(Deal())
    Mailing.objects.all().delete()
    (name,) = (path.stem for path in MIGRATIONS.glob("*_documents_and_mail.py"))
    migration = importlib.import_module(f"billing.migrations.{name}")

    with connection.schema_editor() as editor:
        migration.choose_how_to_mail(apps, editor)

    assert Mailing.objects.get().automatic is automatic
