from datetime import date, timedelta

import pytest

from billing.enums import InstalmentState, ScheduleState
from billing.models import BillingSchedule, Instalment
from billing.schedules.lifecycle import complete_contracts, start_contracts
from contracts.enums import ContractState
from contracts.models import AuditEntry, Contract
from tests.billing.builders import TODAY, Deal, put, sign

pytestmark = pytest.mark.django_db


def state_of(contract: Contract) -> str:
    return Contract.objects.values_list("state", flat=True).get(pk=contract.pk)


def history() -> list[tuple[str, str, int, str, dict[str, str], dict[str, str]]]:
    return list(
        AuditEntry.objects.values_list("actor_name", "action", "object_id", "object_name", "before", "after")
    )


def test_a_contract_starts_on_its_first_day() -> None:
    [contract] = sign(Deal(start=TODAY + timedelta(days=1)))

    assert start_contracts(as_of=TODAY) == 0
    assert start_contracts(as_of=TODAY + timedelta(days=1)) == 1
    assert start_contracts(as_of=TODAY + timedelta(days=1)) == 0

    assert state_of(contract) == ContractState.ACTIVE
    before, after = {"state": "scheduled"}, {"state": "active"}
    assert history() == [("Fincelo", "Contract started", contract.pk, "Acme subscription", before, after)]


@pytest.mark.parametrize(
    "state", [ContractState.AWAITING_APPROVAL, ContractState.SUSPENDED, ContractState.TERMINATED]
)
def test_other_states_do_not_move_by_date(state: ContractState) -> None:
    [contract] = sign(Deal(start=TODAY))
    Instalment.objects.update(state=InstalmentState.INVOICED)
    put(contract, state=state)

    assert start_contracts(as_of=date(2030, 1, 1)) + complete_contracts(as_of=date(2030, 1, 1)) == 0
    assert state_of(contract) == state


def test_a_contract_completes_on_the_day_after_its_last_when_all_is_billed() -> None:
    [contract] = sign(Deal(start=TODAY, months=1))
    end = date(2026, 12, 22)

    assert complete_contracts(as_of=end) == 0  # one instalment is still planned
    Instalment.objects.update(state=InstalmentState.INVOICED)
    assert complete_contracts(as_of=end - timedelta(days=1)) == 0
    assert complete_contracts(as_of=end) == 1

    assert state_of(contract) == ContractState.COMPLETED
    assert BillingSchedule.objects.get().state == ScheduleState.ENDED
    before, after = {"state": "active"}, {"state": "completed"}
    assert history() == [("Fincelo", "Contract completed", contract.pk, "Acme subscription", before, after)]


def test_of_several_contracts_each_moves_by_its_own_dates_and_plan() -> None:
    starts, later, over, open_ = sign(
        Deal(start=TODAY + timedelta(days=1)),
        Deal(customer="Later", start=TODAY + timedelta(days=2)),
        Deal(customer="Over", months=1),
        Deal(customer="Open", months=2),
    )
    Instalment.objects.filter(schedule__contract=over).update(state=InstalmentState.INVOICED)

    assert start_contracts(as_of=TODAY + timedelta(days=1)) == 1
    assert complete_contracts(as_of=date(2027, 1, 22)) == 1

    assert [state_of(contract) for contract in (starts, later, over, open_)] == [
        ContractState.ACTIVE,
        ContractState.SCHEDULED,
        ContractState.COMPLETED,
        ContractState.ACTIVE,
    ]
    assert BillingSchedule.objects.get(state=ScheduleState.ENDED).contract == over


def test_contracts_move_chunk_by_chunk_until_none_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.schedules.lifecycle.CHUNK", 2)
    sign(*[Deal(customer=name, start=TODAY + timedelta(days=1)) for name in "ABC"])

    assert start_contracts(as_of=TODAY + timedelta(days=1)) == 3
