"""Billing beside itself, beside people, and killed. Real transactions and real processes."""

import itertools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import date
from multiprocessing.process import BaseProcess
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction

import billing.schedules.due
from billing.enums import BillingRunState, BillingTrigger, InstalmentState
from billing.issuing.invoicing import BillingSummary, invoice_due
from billing.issuing.numbering import take_numbers
from billing.models import BillingRun, Instalment, Invoice, InvoiceLine, InvoiceMail
from contracts.enums import ContractState
from contracts.models import Contract
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, forget_numbers, sign
from tests.invariants import WITHOUT_CRM, assert_no_violations

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, AHEAD]

FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks small enough for many of them, and the sender that emptied tables have lost."""
    monkeypatch.setattr(billing.schedules.due, "CHUNK", 10)
    ensure_legal_entity()


def bill(as_of: date = TODAY) -> BillingSummary:
    return invoice_due(as_of=as_of, trigger=BillingTrigger.SCHEDULE)


def in_process(work: Callable[[], object]) -> BaseProcess:
    """A process of its own, with connections of its own."""
    connections.close_all()
    process = FORK.Process(target=work)
    process.start()
    return process


def assert_billed_once(*, invoices: int) -> None:
    """One invoice with one line for each instalment that was due, and numbers without a gap."""
    sequences = Invoice.objects.order_by("sequence").values_list("sequence", flat=True)
    assert list(sequences) == list(range(1, invoices + 1))
    assert Invoice.objects.values("instalment").distinct().count() == invoices
    assert InvoiceLine.objects.count() == invoices
    assert InvoiceMail.objects.values("invoice").distinct().count() == InvoiceMail.objects.count() == invoices
    assert Instalment.objects.filter(state=InstalmentState.INVOICED).count() == invoices
    assert_no_violations(but={WITHOUT_CRM})


def test_case_36_four_processes_at_once() -> None:
    sign(*[Deal(start=date(2026, 10, 22)) for _ in range(100)])
    start = FORK.Barrier(4)

    def work() -> None:
        start.wait()
        bill()

    processes = [in_process(work) for _ in range(4)]
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert_billed_once(invoices=200)
    assert sum(BillingRun.objects.values_list("issued", flat=True)) == 200


def kill_at(point: int) -> Callable[[], None]:
    """Billing that dies at its nth step; a step is the moment before or after a statement or a commit."""

    def work() -> None:
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

        commit = connection._commit  # type: ignore[attr-defined]
        connection._commit = lambda: stepped(commit)  # type: ignore[attr-defined]
        with connection.execute_wrapper(lambda execute, *args: stepped(execute, *args)):
            bill()

    return work


def test_case_36_killed_at_any_step() -> None:
    sign(*[Deal(months=1) for _ in range(15)])
    for point in range(1, 200):
        killed = in_process(kill_at(point))
        killed.join(60)
        if killed.exitcode == 0:
            break
        assert killed.exitcode == -signal.SIGKILL
        billed = Invoice.objects.count()
        assert billed in (0, 10, 15)  # whole chunks
        assert_billed_once(invoices=billed)
        assert BillingRun.objects.values_list("issued", flat=True).last() in (None, billed)

        bill()
        assert_billed_once(invoices=15)
        forget_billing()
    else:
        pytest.fail("Billing took more steps than were tried.")
    assert point > 30


def forget_billing() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE billing_invoicemail, billing_invoicerendering, billing_creditnoterendering, "
            "billing_invoiceline, billing_invoice, billing_numberseries CASCADE"
        )
        cursor.execute("DELETE FROM billing_billingrun")
        cursor.execute("UPDATE billing_instalment SET state = 'planned'")
    forget_numbers()


def in_thread(work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_until_somebody_waits_for_a_lock() -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            [waiting] = cursor.fetchone()
        if waiting:
            return
        time.sleep(0.01)
    pytest.fail("Nobody waits for a lock.")


def test_a_contract_suspended_meanwhile_is_not_billed() -> None:
    suspended, other = sign(Deal(customer="Suspended"), Deal(customer="Other"))

    with transaction.atomic():
        Contract.objects.filter(pk=suspended.pk).update(state=ContractState.SUSPENDED)
        billing_run = in_thread(bill)
        wait_until_somebody_waits_for_a_lock()
    billing_run.join(10)

    assert list(Invoice.objects.values_list("contract", flat=True)) == [other.pk]


def test_numbers_wait_for_a_run_that_rolls_back() -> None:
    [contract] = sign(Deal())
    connection.ensure_connection()

    with transaction.atomic():
        # Another issue holds the series, then gives its numbers back.
        take_numbers(legal_entity=ensure_legal_entity(), issue_date=TODAY, count=9)
        billing_run = in_thread(bill)
        wait_until_somebody_waits_for_a_lock()
        transaction.set_rollback(True)
    billing_run.join(10)

    assert list(Invoice.objects.values_list("contract", "number")) == [(contract.pk, "INV-2026-000001")]
    assert_no_violations(but={WITHOUT_CRM})


def losing(lost_at: str, *, times: range) -> Callable[..., Any]:
    """The connection is gone when a statement with these words comes for the nth time."""
    counted = itertools.count(1)

    def disconnect(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if lost_at in sql and next(counted) in times:
            connection.connection.close()
        return execute(sql, *args)

    return disconnect


def test_a_connection_that_is_lost_once_is_opened_again() -> None:
    sign(*[Deal() for _ in range(15)])

    with connection.execute_wrapper(losing("INSERT INTO billing_invoice ", times=range(2, 3))):
        bill()

    assert_billed_once(invoices=15)
    run = BillingRun.objects.get()
    assert (run.state, run.issued) == (BillingRunState.DONE, 15)


@pytest.mark.parametrize(
    ("lost_at", "times"),
    [
        ("INSERT INTO billing_invoice ", range(2, 99)),
        (
            "WITH instalment AS MATERIALIZED",
            range(2, 3),
        ),  # between two transactions, where nothing is repeated
    ],
)
def test_a_connection_that_is_lost_for_good_leaves_a_failed_run(lost_at: str, times: range) -> None:
    sign(*[Deal() for _ in range(15)])

    with (
        connection.execute_wrapper(losing(lost_at, times=times)),
        pytest.raises(OperationalError),
    ):
        bill()

    run = BillingRun.objects.get()
    assert (run.state, run.issued) == (BillingRunState.FAILED, 10)
    assert_billed_once(invoices=10)
