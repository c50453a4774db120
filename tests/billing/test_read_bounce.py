import io
import sys
from email.message import EmailMessage
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from billing.mailing.sending import send_waiting
from billing.models import Invoice, InvoiceMail
from contracts.models import AuditEntry
from tests.billing.mailing.letters import issue, outbox
from tests.billing.mailing.test_reports import OURS, report

pytestmark = pytest.mark.django_db
REASON = "550 5.1.1 <gone@example.com>: No such user"


def read_bounce(source: bytes, monkeypatch: pytest.MonkeyPatch) -> str:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(source)))
    call_command("read_bounce", stdout=out)
    return out.getvalue().strip()


def bounce_of(mail: InvoiceMail) -> bytes:
    return report().replace(OURS.encode(), mail.message_id.encode())


def test_it_marks_the_mail_that_came_back(monkeypatch: pytest.MonkeyPatch) -> None:
    issue()
    send_waiting()

    said = read_bounce(bounce_of(InvoiceMail.objects.get()), monkeypatch)

    assert said == f"The mail of INV-2026-000001 bounced: {REASON}"
    assert outbox() == [("INV-2026-000001", "bounced", "billing@example.com", 1, REASON)]
    assert Invoice.objects.get().state == "issued"
    entry = AuditEntry.objects.get(action="Mail bounced")
    assert (entry.actor, entry.actor_name, entry.reason) == (None, "Fincelo", REASON)


def test_the_same_message_twice_changes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    issue()
    send_waiting()
    source = bounce_of(InvoiceMail.objects.get())
    read_bounce(source, monkeypatch)

    with pytest.raises(CommandError, match="is known already"):
        read_bounce(source, monkeypatch)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (EmailMessage().as_bytes(), "The message is no delivery report."),
        (report(), f"There is no mail {OURS} here."),
    ],
)
def test_anything_else_is_refused_and_changes_nothing(
    source: bytes, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue()
    send_waiting()

    with pytest.raises(CommandError) as refusal:
        read_bounce(source, monkeypatch)

    assert str(refusal.value) == sentence
    assert Invoice.objects.get().state == "sent"


def test_a_message_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the mail server's pipe does not break."""
    issue()
    send_waiting()
    stream = io.BytesIO(bounce_of(InvoiceMail.objects.get()) + b"x" * 3_000_000)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stream))

    call_command("read_bounce", stdout=io.StringIO())

    assert stream.read() == b""
