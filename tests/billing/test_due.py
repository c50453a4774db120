"""What is due: each condition on its own, the same in all three questions, and chunk by chunk."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

import billing.schedules.due
from billing.enums import BillingTrigger, InstalmentState, ScheduleState, WaitCode
from billing.issuing.invoicing import invoice_due
from billing.models import BillingRun, BillingSchedule, BillingWait, Instalment
from billing.schedules.due import due_chunks, due_of, still_due
from contracts.enums import ContractState
from contracts.models import Contract
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, put, sign

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _legal_entity() -> None:
    ensure_legal_entity()


def _park(contract: Contract) -> None:
    run = BillingRun.objects.create(trigger=BillingTrigger.SCHEDULE, as_of=TODAY)
    Instalment.objects.filter(schedule__contract=contract).update(parked_by=run)


def _move(contract: Contract) -> None:
    Instalment.objects.filter(schedule__contract=contract).update(billing_date=TODAY + timedelta(days=1))


def _bill(contract: Contract) -> None:
    Instalment.objects.filter(schedule__contract=contract).update(state=InstalmentState.INVOICED)


def _ask(contract: Contract) -> None:
    BillingSchedule.objects.filter(contract=contract).update(state=ScheduleState.ASKS)


def _wait(contract: Contract) -> None:
    BillingWait.objects.create(contract=contract, code=WaitCode.MANY_DEALS)


def _suspend(contract: Contract) -> None:
    put(contract, state=ContractState.SUSPENDED)


def _await_approval(contract: Contract) -> None:
    put(contract, state=ContractState.AWAITING_APPROVAL)


def _end(contract: Contract) -> None:
    put(contract, state=ContractState.COMPLETED)


@pytest.mark.parametrize("stop", [_park, _move, _bill, _ask, _wait, _suspend, _await_approval, _end])
def test_what_is_stopped_is_due_by_no_question(stop: Callable[[Contract], None]) -> None:
    stopped, other = sign(Deal(months=1), Deal(months=1))
    ids = list(Instalment.objects.values_list("pk", flat=True))
    due = Instalment.objects.get(schedule__contract=other).pk
    stop(stopped)

    assert still_due(as_of=TODAY, ids=ids) == {due}
    assert [one.id for chunk in due_chunks(as_of=TODAY) for one in chunk] == [due]
    assert [one.id for one in due_of(contract_ids=[stopped.pk, other.pk], as_of=TODAY)] == [due]


@pytest.mark.parametrize("state", [ContractState.SCHEDULED, ContractState.ACTIVE])
def test_from_its_day_on_it_is_due_by_every_question(state: ContractState) -> None:
    [contract] = sign(Deal(months=1, value="12.00"))
    put(contract, state=state)
    [instalment] = Instalment.objects.all()
    row = (instalment.pk, contract.pk, 1_200, "USD")

    for day in (TODAY, TODAY + timedelta(days=1)):
        assert still_due(as_of=day, ids=[instalment.pk]) == {instalment.pk}
        assert list(due_chunks(as_of=day)) == [[row]]
        assert due_of(contract_ids=[contract.pk], as_of=day) == [row]
    assert still_due(as_of=TODAY, ids=[]) == set()
    assert due_of(contract_ids=[], as_of=TODAY) == []


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_chunk_that_is_not_all_due_is_not_the_last(monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    monkeypatch.setattr(billing.schedules.due, "CHUNK", 2)
    put(sign(*[Deal(months=1)] * 3)[place], state=ContractState.SUSPENDED)

    assert sum(len(chunk) for chunk in due_chunks(as_of=TODAY)) == 2
    assert invoice_due(as_of=TODAY, trigger=BillingTrigger.SCHEDULE).issued == 2


def test_a_chunk_of_which_nothing_is_due_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(billing.schedules.due, "CHUNK", 2)
    contracts = sign(*[Deal(months=1)] * 5)
    for contract in contracts[:2]:
        put(contract, state=ContractState.SUSPENDED)

    chunks = list(due_chunks(as_of=TODAY))

    assert [[one.contract_id for one in chunk] for chunk in chunks] == [
        [contracts[2].pk, contracts[3].pk],
        [contracts[4].pk],
    ]


@pytest.mark.parametrize("has_index", [True, False])
def test_the_oldest_come_first_whatever_was_stored_first(
    monkeypatch: pytest.MonkeyPatch, has_index: bool
) -> None:
    """Also where the planner takes no index, which is in that order automatically."""
    if not has_index:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
    monkeypatch.setattr(billing.schedules.due, "CHUNK", 3)
    days = [TODAY - timedelta(days=back) for back in (0, 2, 1, 2)]
    contracts = sign(*[Deal(months=1, start=day) for day in days], as_of=days[1])

    in_turn = [contracts[place].pk for place in (1, 3, 2, 0)]
    assert [one.contract_id for chunk in due_chunks(as_of=TODAY) for one in chunk] == in_turn
    asked = due_of(contract_ids=[contract.pk for contract in contracts], as_of=TODAY)
    assert [one.contract_id for one in asked] == in_turn
