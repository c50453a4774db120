"""Which runs say what is usual, and which instalments count as too many: each condition on its own."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from billing.enums import BillingRunState, BillingTrigger, InstalmentState, ScheduleState, WaitCode
from billing.issuing.bounds import (
    Usual,
    ask_about_contracts,
    contracts_to_ask,
    is_unusual,
    last_billed,
    missed_since,
    park_excess,
    usual_run,
)
from billing.models import BillingRun, BillingSchedule, BillingWait, Instalment
from billing.schedules.due import Total
from contracts.enums import ContractState
from contracts.models import AuditEntry, Contract
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, put, sign

pytestmark = [pytest.mark.django_db, AHEAD]
YESTERDAY = TODAY - timedelta(days=1)


def ran(days_ago: int = 0, **facts: object) -> BillingRun:
    usual = {"trigger": BillingTrigger.SCHEDULE, "state": BillingRunState.DONE}
    return BillingRun.objects.create(as_of=TODAY - timedelta(days=days_ago), **usual | facts)


def test_last_billed_is_the_latest_day_that_a_run_before_it_has_looked_at() -> None:
    ran(9)
    ran(7, state=BillingRunState.PARKED)
    ran(8)
    ran(6, state=BillingRunState.FAILED)
    ran(5, trigger=BillingTrigger.APPROVAL)
    ran(-1)
    run = ran(4)
    ran(4)

    assert last_billed(run=run) == TODAY - timedelta(days=7)
    assert last_billed(run=ran(4)) == TODAY - timedelta(days=4)
    assert last_billed(run=BillingRun.objects.earliest("pk")) is None


@pytest.mark.parametrize(
    ("last", "missed"),
    [(None, None), (TODAY, None), (YESTERDAY, None), (date(2026, 11, 20), YESTERDAY)],
)
def test_day_was_missed_once_a_whole_one_lies_between(last: date | None, missed: date | None) -> None:
    assert missed_since(run=ran(), last=last) == missed


def usual_days(*, runs: int = 20, **facts: object) -> None:
    for _ in range(runs):
        ran(1, **{"issued": 1, "drafted": 1, "totals": {"USD": 100}} | facts)


def test_usual_is_the_largest_of_the_ordinary_runs_that_billed_something() -> None:
    usual_days(runs=1, issued=500)
    usual_days(runs=98)
    ran(1, issued=0, drafted=3, totals={"EUR": 7, "USD": 90})
    ran(1, issued=4, totals={"USD": 50})
    ran(1)
    ran(1, trigger=BillingTrigger.APPROVAL, issued=900, totals={"USD": 9_000})
    ran(1, caught_up_since=YESTERDAY, issued=900, totals={"USD": 9_000})
    run = ran()

    assert usual_run(run=run) == usual_run(run=None) == Usual(invoices=4, minor={"USD": 100, "EUR": 7})
    ran(issued=5, totals={"JPY": 1})
    assert usual_run(run=run) == Usual(invoices=4, minor={"USD": 100, "EUR": 7})
    assert usual_run(run=None) == Usual(invoices=5, minor={"USD": 100, "EUR": 7, "JPY": 1})


@pytest.mark.parametrize(
    ("invoices", "minor", "currency", "unusual"),
    [(6, 300, "USD", False), (7, 300, "USD", True), (6, 301, "USD", True), (1, 10_000, "EUR", False)],
)
def test_unusual_is_more_than_three_times_the_usual(
    invoices: int, minor: int, currency: str, unusual: bool
) -> None:
    totals = [Total(currency=currency, invoices=invoices, minor=minor)]
    usual_days(runs=19)

    assert not is_unusual(totals=totals)
    usual_days(runs=1)
    assert is_unusual(totals=totals) is unusual


def test_every_bound_that_is_exceeded_is_named() -> None:
    totals = [Total(currency="USD", invoices=4, minor=301), Total(currency="EUR", invoices=3, minor=31)]

    assert Usual(invoices=2, minor={"USD": 100, "EUR": 10}).excess_of(totals) == [
        "7 invoices are due at once, more than three times the usual 2.",
        "USD 3.01 are due at once, more than three times the usual USD 1.00.",
        "EUR 0.31 are due at once, more than three times the usual EUR 0.10.",
    ]


def _clear(contract: Contract) -> None:
    _first(contract, is_cleared=True)


def _park(contract: Contract) -> None:
    _first(contract, parked_by=BillingRun.objects.earliest("pk"))


def _bill(contract: Contract) -> None:
    _first(contract, state=InstalmentState.INVOICED)


def _put_off(contract: Contract) -> None:
    _first(contract, billing_date=TODAY + timedelta(days=1))


def _first(contract: Contract, **facts: object) -> None:
    Instalment.objects.filter(schedule__contract=contract, sequence=1).update(**facts)


def _suspend(contract: Contract) -> None:
    put(contract, state=ContractState.SUSPENDED)


def _ask(contract: Contract) -> None:
    BillingSchedule.objects.filter(contract=contract).update(state=ScheduleState.ASKS)


def _wait(contract: Contract) -> None:
    BillingWait.objects.create(contract=contract, code=WaitCode.MANY_DEALS)


NOT_COUNTED = [_clear, _park, _bill, _put_off, _suspend, _ask, _wait]


def due_today(count: int, *, months: int = 4) -> list[Contract]:
    """Contracts that have all their instalments due today."""
    ensure_legal_entity()
    contracts = sign(*[Deal(months=months)] * count)
    Instalment.objects.filter(schedule__contract__in=contracts).update(billing_date=TODAY)
    return contracts


@pytest.mark.parametrize("stop", NOT_COUNTED)
def test_contract_with_less_than_four_that_count_is_not_asked_about(
    stop: Callable[[Contract], None],
) -> None:
    run = ran()
    stopped, other = due_today(2)
    stop(stopped)

    assert contracts_to_ask(run=run, last=None) == [other.pk]
    assert contracts_to_ask(run=run, last=None, among=[other.pk]) == [other.pk]
    assert contracts_to_ask(run=run, last=None, among=[stopped.pk]) == []
    assert contracts_to_ask(run=run, last=None, among=[]) == []


def test_scheduled_contract_is_asked_about_and_once_for_two_days() -> None:
    [contract] = due_today(1, months=8)
    put(contract, state=ContractState.SCHEDULED)
    Instalment.objects.filter(sequence__gt=4).update(billing_date=YESTERDAY)

    found = contracts_to_ask(run=ran(), last=TODAY - timedelta(days=2))

    assert found == [contract.pk]


def test_what_was_due_on_the_last_day_looked_at_belongs_to_today() -> None:
    """It was looked at on its day and not billed, so its contract has been resumed since."""
    [contract] = due_today(1)
    Instalment.objects.filter(sequence__gt=2).update(billing_date=YESTERDAY)

    assert contracts_to_ask(run=ran(), last=YESTERDAY) == [contract.pk]
    assert contracts_to_ask(run=ran(), last=YESTERDAY - timedelta(days=1)) == []


@pytest.mark.parametrize("stop", NOT_COUNTED)
def test_what_does_not_count_is_neither_counted_nor_parked(stop: Callable[[Contract], None]) -> None:
    ran()
    usual_days(totals={"USD": 1_000_000})
    stopped, *others = due_today(7, months=1)
    stop(stopped)
    later = ran()

    assert park_excess(run=later, last=None) == []
    [more] = due_today(1, months=1)

    assert park_excess(run=later, last=None) == [Total(currency="USD", invoices=7, minor=840_000)]
    parked = Instalment.objects.filter(parked_by=later).order_by("pk")
    assert list(parked.values_list("schedule__contract", flat=True)) == [
        *(contract.pk for contract in others),
        more.pk,
    ]


def test_contracts_that_are_asked_about_and_no_others_have_that_in_their_story() -> None:
    first, second, _ = [*due_today(2), *due_today(1, months=1)]

    assert ask_about_contracts(run=ran(), last=None) == 2

    assert list(AuditEntry.objects.order_by("pk").values_list("object_id", flat=True)) == [
        first.pk,
        second.pk,
    ]
    states = BillingSchedule.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [ScheduleState.ASKS, ScheduleState.ASKS, ScheduleState.ACTIVE]


def test_runs_of_one_invoice_are_a_history() -> None:
    usual_days(issued=1, drafted=0)

    assert usual_run(run=None) == Usual(invoices=1, minor={"USD": 100})


def test_what_is_parked_is_told_by_currency() -> None:
    usual_days()
    ensure_legal_entity()
    sign(*[Deal(currency=code, months=1) for code in ("USD", "EUR", "USD", "CHF", "EUR", "USD", "USD")])
    run = ran()

    parked = park_excess(run=run, last=None)

    assert [(total.currency, total.invoices) for total in parked] == [("CHF", 1), ("EUR", 2), ("USD", 4)]
