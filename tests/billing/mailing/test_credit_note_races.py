"""Credit notes and their invoices, sent by several processes at once and by one that is killed."""

import multiprocessing
from collections import Counter
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.models import F

from billing.mailing.sending import send_waiting
from billing.models import Invoice, InvoiceMail
from billing.receivables.crediting import request_credit
from fincelo.roles import ensure_roles
from tests.billing.builders import TODAY
from tests.billing.mailing.letters import issue, let_time_pass
from tests.billing.people import person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
FORK = multiprocessing.get_context("fork")
BACKENDS = "tests.billing.mailing.backends"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    folder = tmp_path / "mails"  # beside the witness of the numbers
    folder.mkdir()
    monkeypatch.setenv("KEPT_MAILS", str(folder))
    settings.EMAIL_BACKEND = f"{BACKENDS}.Keeps"
    return folder


def credit_all() -> None:
    ensure_roles()
    ann = person("ann", group="Approver")
    for invoice in Invoice.objects.order_by("sequence"):
        request_credit(invoice=invoice, amount=None, reason="x", as_of=TODAY, actor=ann)


def message_ids(kept: Path) -> Counter[str]:
    return Counter(str(message_from_bytes(file.read_bytes())["Message-ID"]) for file in kept.iterdir())


def test_four_processes_send_each_once_and_the_invoice_first(kept: Path) -> None:
    issue(*[f"Customer {number}" for number in range(20)])
    credit_all()
    start = FORK.Barrier(4)

    def work() -> None:
        start.wait()
        send_waiting()

    connections.close_all()
    processes = [FORK.Process(target=work) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0] * 4
    assert message_ids(kept) == Counter(mail.message_id for mail in InvoiceMail.objects.all())
    notes = InvoiceMail.objects.filter(credit_note__isnull=False)
    assert notes.filter(state="sent", sent_at__gt=F("invoice__sent_at")).count() == 20


def test_killed_before_the_invoice_is_noted_as_sent_the_credit_note_waits(kept: Path, settings: Any) -> None:
    issue()
    credit_all()
    settings.EMAIL_BACKEND = f"{BACKENDS}.Dies"
    connections.close_all()
    killed = FORK.Process(target=send_waiting)
    killed.start()
    killed.join(60)
    settings.EMAIL_BACKEND = f"{BACKENDS}.Keeps"

    send_waiting()
    before = sum(message_ids(kept).values())
    let_time_pass()
    send_waiting()

    invoice, note = InvoiceMail.objects.order_by("id")
    assert killed.exitcode == -9
    assert before == 1
    assert message_ids(kept) == Counter({invoice.message_id: 2, note.message_id: 1})
