"""Eight processes issue at once around midnight. One issuing transaction in five is rolled back just before its
commit, and one process is killed. Real processes; twenty times, each from a seed that is the test's name.
"""

import multiprocessing
import os
import random
import signal
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from typing import Any

import pytest
from django.db import connection, connections

import billing.schedules.due
from billing.enums import BillingRunState, BillingTrigger, InstalmentState
from billing.issuing.invoicing import invoice_due
from billing.issuing.numbering import UnableToIssueInvoice
from billing.models import BillingRun, Instalment, Invoice, InvoiceLine, InvoiceMail, NumberSeries
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, sign
from tests.invariants import WITHOUT_CRM, assert_no_violations

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, AHEAD]

FORK = multiprocessing.get_context("fork")
TOMORROW = TODAY + timedelta(days=1)
PROCESSES = 8
CONTRACTS = 90
DUE = 2 * CONTRACTS
LAST_STATEMENT = "UPDATE billing_billingrun\n            SET issued = issued +"
COLLISION = "DO $$ BEGIN RAISE EXCEPTION 'Rolled back by the test.' USING ERRCODE = '40001'; END $$"
Wrapped = Callable[..., Any]


class RolledBackByTheTest(Exception):
    """Breaks off a run in the middle, as a fault of our own would."""


def with_rollbacks(dice: random.Random, rolled_back: "Synchronized[int]") -> Wrapped:
    """A fifth of the issuing transactions end after their last statement: one half as a collision, which is
    tried again, the other half as a fault that ends the run.
    """

    def execute(inner: Wrapped, sql: str, *args: Any) -> Any:
        result = inner(sql, *args)
        if LAST_STATEMENT in sql and connection.in_atomic_block and dice.random() < 0.2:
            with rolled_back.get_lock():
                rolled_back.value += 1
            if dice.random() < 0.5:
                raise RolledBackByTheTest
            inner(COLLISION, *args)
        return result

    return execute


def with_death(step: int) -> Wrapped:
    """Killed at that step: the moment before or after a statement."""
    steps = 0

    def execute(inner: Wrapped, *args: Any) -> Any:
        nonlocal steps
        for act in (lambda: None, lambda: inner(*args)):
            steps += 1
            if steps == step:
                os.kill(os.getpid(), signal.SIGKILL)
            result = act()
        return result

    return execute


def bill(as_of: date) -> None:
    """One run. It may be broken off, or come after one of the next day."""
    try:
        invoice_due(as_of=as_of, trigger=BillingTrigger.SCHEDULE)
    except (RolledBackByTheTest, UnableToIssueInvoice):
        return


def start(work: Callable[[], None]) -> BaseProcess:
    process = FORK.Process(target=work)
    process.start()
    return process


def race(dice: random.Random) -> tuple[list[int | None], int]:
    """Exit codes, those of the killed one last, and how many transactions were rolled back."""
    together = FORK.Barrier(PROCESSES)
    rolled_back = FORK.Value("i", 0)

    def worker(seed: int) -> None:
        own = random.Random(seed)
        together.wait(30)
        with connection.execute_wrapper(with_rollbacks(own, rolled_back)):
            bill(own.choice([TODAY, TODAY, TODAY, TOMORROW]))

    def victim(step: int) -> None:
        together.wait(30)
        with connection.execute_wrapper(with_death(step)):
            while True:
                bill(TODAY)

    connections.close_all()
    processes = [start(partial(worker, dice.randrange(2**32))) for _ in range(PROCESSES - 1)]
    processes.append(start(partial(victim, dice.randrange(1, 250))))
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes], rolled_back.value


def assert_sound(*, invoices: int) -> None:
    """One invoice with its line and mail for each instalment; numbers without gap, dates that never fall."""
    issued = list(
        Invoice.objects.order_by("sequence").values_list("sequence", "number", "issue_date", "instalment")
    )
    assert [row[0] for row in issued] == list(range(1, invoices + 1))
    assert [row[1] for row in issued] == [f"INV-2026-{place:06d}" for place in range(1, invoices + 1)]
    assert all(earlier[2] <= later[2] for earlier, later in pairwise(issued))
    assert len({row[3] for row in issued}) == invoices
    assert InvoiceLine.objects.values("invoice").distinct().count() == InvoiceLine.objects.count() == invoices
    assert InvoiceMail.objects.values("invoice").distinct().count() == InvoiceMail.objects.count() == invoices
    assert Instalment.objects.filter(state=InstalmentState.INVOICED).count() == invoices
    assert sum(NumberSeries.objects.values_list("next_number", flat=True)) in (0, invoices + 1)
    assert sum(BillingRun.objects.values_list("issued", flat=True)) == invoices
    assert not BillingRun.objects.filter(failed__gt=0).exists()  # nobody was in another's way
    assert_no_violations(but={WITHOUT_CRM})


@pytest.mark.parametrize("seed", range(20))
def test_eight_processes_one_in_five_rolled_back_and_one_killed(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(billing.schedules.due, "CHUNK", 10)
    ensure_legal_entity()
    sign(*[Deal(start=date(2026, 10, 22)) for _ in range(CONTRACTS)])

    codes, rolled_back = race(random.Random(seed))
    left = DUE - Invoice.objects.count()
    print(f"seed {seed}: {rolled_back} rolled back, {left} left for the last run")

    assert codes == [0] * (PROCESSES - 1) + [-signal.SIGKILL]
    assert rolled_back > 0
    assert_sound(invoices=DUE - left)
    invoice_due(as_of=TOMORROW, trigger=BillingTrigger.SCHEDULE)
    assert_sound(invoices=DUE)
    assert BillingRun.objects.order_by("pk").values_list("state", flat=True).last() == BillingRunState.DONE
