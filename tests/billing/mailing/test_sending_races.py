"""Sending beside itself, and killed. Real processes and real transactions."""

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction

from billing.mailing.outbox import claim
from billing.mailing.sending import Pass, send_waiting
from billing.models import Invoice, InvoiceMail
from tests.billing.mailing.letters import issue, let_time_pass, outbox
from tests.invariants import plant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
FORK = multiprocessing.get_context("fork")
BACKENDS = "tests.billing.mailing.backends"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    """Where the mail server of these tests keeps what it has got."""
    folder = tmp_path / "mails"  # beside the witness of the numbers
    folder.mkdir()
    monkeypatch.setenv("KEPT_MAILS", str(folder))
    settings.EMAIL_BACKEND = f"{BACKENDS}.Keeps"
    return folder


def message_ids(kept: Path) -> Counter[str]:
    return Counter(str(message_from_bytes(file.read_bytes())["Message-ID"]) for file in kept.iterdir())


def in_process(work: Callable[[], object]) -> BaseProcess:
    connections.close_all()
    process = FORK.Process(target=work)
    process.start()
    return process


def test_killed_between_sending_and_marking_it_is_sent_again_as_the_same_mail(
    kept: Path, settings: Any
) -> None:
    issue()
    settings.EMAIL_BACKEND = f"{BACKENDS}.Dies"
    killed = in_process(send_waiting)
    killed.join(60)
    assert killed.exitcode == -signal.SIGKILL
    assert [(state, tries) for _, state, _, tries, _ in outbox()] == [("sending", 1)]

    settings.EMAIL_BACKEND = f"{BACKENDS}.Keeps"
    send_waiting()
    assert len(message_ids(kept)) == 1
    let_time_pass()
    send_waiting()

    assert message_ids(kept) == Counter({InvoiceMail.objects.get().message_id: 2})
    assert outbox() == [("INV-2026-000001", "sent", "billing@example.com", 2, "")]
    assert list(Invoice.objects.values_list("number", "state")) == [("INV-2026-000001", "sent")]


def test_four_processes_send_each_mail_once(kept: Path) -> None:
    issue(*[f"Customer {number}" for number in range(40)])
    start = FORK.Barrier(4)

    def work() -> None:
        start.wait()
        send_waiting()

    processes = [in_process(work) for _ in range(4)]
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0] * 4
    assert message_ids(kept) == Counter(mail.message_id for mail in InvoiceMail.objects.all())
    assert [(state, tries) for _, state, _, tries, _ in outbox()] == [("sent", 1)] * 40
    assert len({file.name.split("-")[1] for file in kept.iterdir()}) > 1, "one process did it all"


def test_mail_that_another_process_looks_at_is_passed_over() -> None:
    issue("Acme", "Globex")
    first = InvoiceMail.objects.order_by("id").first()
    assert first is not None
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            InvoiceMail.objects.select_for_update().get(pk=first.pk)
            held.set()
            done.wait(30)
        connections.close_all()

    holding = threading.Thread(target=hold)
    holding.start()
    held.wait(30)
    try:
        claimed = claim()
    finally:
        done.set()
        holding.join()

    assert claimed is not None
    assert claimed.pk != first.pk


def test_mail_is_noted_as_sent_although_its_invoice_is_held_for_longer_than_anybody_waits(kept: Path) -> None:
    (invoice,) = issue()
    held = threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Invoice.objects.select_for_update(no_key=True).get(pk=invoice.pk)
            held.set()
            threading.Event().wait(0.8)
        connections.close_all()

    with connections["default"].cursor() as cursor:
        cursor.execute("SET lock_timeout = '500ms'")
    holding = threading.Thread(target=hold)
    holding.start()
    held.wait(30)

    assert send_waiting() == Pass(sent=1, is_complete=True)
    holding.join()
    assert [(state, tries) for _, state, _, tries, _ in outbox()] == [("sent", 1)]
    connections.close_all()


def test_killed_at_any_step_every_mail_is_sent_at_least_once(kept: Path) -> None:
    """Each step is the moment before or after a statement or a commit."""
    issue("Acme", "Globex")
    for point in range(1, 200):
        killed = in_process(lambda point=point: send_and_die(point))
        killed.join(60)
        if killed.exitcode == 0:
            break
        assert killed.exitcode == -signal.SIGKILL

        let_time_pass()
        send_waiting()

        assert {state for _, state, _, _, _ in outbox()} == {"sent"}
        assert set(message_ids(kept)) == {mail.message_id for mail in InvoiceMail.objects.all()}
        start_over(kept)
    assert 20 < point < 199


def send_and_die(point: int) -> None:
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def stepped(execute: Callable[..., Any], *args: Any) -> Any:
        step()
        result = execute(*args)
        step()
        return result

    connection = connections["default"]
    commit = connection._commit  # type: ignore[attr-defined]
    connection._commit = lambda: stepped(commit)  # type: ignore[attr-defined]
    with connection.execute_wrapper(lambda execute, *args: stepped(execute, *args)):
        send_waiting()


def start_over(kept: Path) -> None:
    """As before anything was sent, which the database refuses to go back to."""
    InvoiceMail.objects.update(state="waiting", sent_at=None, tries=0, problem="")
    with transaction.atomic():
        plant("UPDATE billing_invoice SET state = 'issued', sent_at = NULL")
    let_time_pass()
    for file in kept.iterdir():
        file.unlink()
