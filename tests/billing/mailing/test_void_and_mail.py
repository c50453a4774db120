"""Void is for what nobody outside has seen: a mail under way, or one that may have left, stands against it."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing.enums import AfterVoid
from billing.mailing import outbox as outbox_module
from billing.mailing.outbox import UnableToSend, claim
from billing.mailing.sending import send_waiting
from billing.models import Invoice, InvoiceMail
from billing.receivables.voiding import void_invoice
from contracts.models import Customer
from tests.billing.mailing.letters import issue, let_time_pass, outbox
from tests.billing.mailing.smtp_server import smtp_server
from tests.billing.people import person
from tests.invariants import WITHOUT_CRM, assert_no_violations
from tests.pages import alerts

pytestmark = pytest.mark.django_db

BACKENDS = "tests.billing.mailing.backends"
UNDER_WAY = "INV-2026-000001 is being mailed just now. Look again in some minutes."
BROKE_OFF = (
    "A try to mail INV-2026-000001 broke off, so the customer may have it. Write a credit note instead."
)
BY_SQL = (
    "Invoice INV-2026-000001 is being mailed or may have been, so it cannot be void. "
    "Correct it with a credit note."
)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)


def void() -> None:
    invoice = Invoice.objects.get()
    actor = person("ann", group="Approver")
    void_invoice(invoice=invoice, then=AfterVoid.BILL_AGAIN, reason="Wrong address", actor=actor)


def refusal() -> str:
    """The sentence for a person; the database says its own to raw SQL."""
    with pytest.raises(IntegrityError) as by_sql, transaction.atomic():
        Invoice.objects.update(state="void")
    assert str(by_sql.value).splitlines()[0] == BY_SQL
    with pytest.raises(UnableToSend) as refused:
        void()
    assert Invoice.objects.get().state == "issued"
    return str(refused.value)


def under_way() -> None:
    assert claim() is not None


def killed_on_its_way() -> None:
    """And taken up again by another process."""
    claim()
    let_time_pass()
    claim()


def killed_too_often() -> None:
    for _ in range(outbox_module.MOST_TRIES + 1):
        claim()
        let_time_pass()
    assert [state for _, state, *_ in outbox()] == ["failed"]


def test_a_mail_under_way() -> None:
    issue()
    under_way()

    assert refusal() == UNDER_WAY


@pytest.mark.parametrize("happened", [killed_on_its_way, killed_too_often])
def test_a_try_that_came_to_no_end(happened: Callable[[], None]) -> None:
    issue()
    happened()

    assert refusal() == BROKE_OFF


def test_a_connection_that_broke_off(settings: Any) -> None:
    """It is remembered when later tries do not even reach the server, and when somebody starts again."""
    issue()
    settings.EMAIL_BACKEND = f"{BACKENDS}.BreaksOff"
    send_waiting()
    settings.EMAIL_BACKEND = f"{BACKENDS}.Unreachable"
    let_time_pass()
    send_waiting()

    assert [(state, problem) for _, state, _, _, problem in outbox()] == [
        ("waiting", "The mail server could not be used: no mail server")
    ]
    assert refusal() == BROKE_OFF


@pytest.mark.parametrize("backend", ["Unreachable", "TakesNone", "OldServer", "SenderRefused"])
def test_a_mail_that_surely_did_not_leave(settings: Any, backend: str) -> None:
    issue()
    settings.EMAIL_BACKEND = f"{BACKENDS}.{backend}"
    send_waiting()

    void()

    assert Invoice.objects.get().state == "void"
    assert not InvoiceMail.objects.get().may_have_left


def test_a_mail_that_the_server_refused(settings: Any) -> None:
    issue()
    Customer.objects.update(billing_email="gone@example.com")
    with smtp_server(settings):
        send_waiting()

    void()

    assert [(state, number) for number, state, *_ in outbox()] == [("failed", "INV-2026-000001")]
    assert Invoice.objects.get().state == "void"


def test_a_mail_that_broke_off_and_was_sent_later(settings: Any) -> None:
    issue()
    settings.EMAIL_BACKEND = f"{BACKENDS}.BreaksOff"
    send_waiting()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    let_time_pass()
    send_waiting()

    assert Invoice.objects.get().state == "sent"
    assert_no_violations(but={WITHOUT_CRM})


def test_the_page_says_so(client: Any) -> None:
    (invoice,) = issue()
    killed_on_its_way()
    client.force_login(person("ann", group="Approver"))

    page = client.post(
        f"/invoices/{invoice.pk}/void/", {"then": AfterVoid.BILL_AGAIN, "void_reason": "Wrong"}, follow=True
    )

    assert alerts(page)[0] == BROKE_OFF
