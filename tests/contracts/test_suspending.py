"""Contracts that are suspended and continue."""

from datetime import date

import pytest
from django.contrib.auth.models import User

from contracts.enums import ContractState
from contracts.models import AuditEntry, Contract
from contracts.suspending import UnableToResume, resume, resume_contracts, suspend_contracts
from tests.billing.builders import Deal, put, sign

pytestmark = pytest.mark.django_db
START = date(2099, 1, 1)


def states() -> list[str]:
    return list(Contract.objects.order_by("pk").values_list("state", flat=True))


def test_only_running_contracts_are_suspended() -> None:
    contracts = sign(*(Deal(start=START, customer=state.label) for state in ContractState))
    for contract, state in zip(contracts, ContractState, strict=True):
        put(contract, state=state)

    suspended = suspend_contracts(reasons={contract.pk: "lost" for contract in contracts}, actor=None)

    assert [contract.state for contract in suspended] == ["awaiting_approval", "scheduled", "active"]
    assert states() == ["suspended", "suspended", "suspended", "suspended", "completed", "terminated"]
    entries = AuditEntry.objects.filter(action="Contract suspended").order_by("pk")
    assert [(entry.before, entry.after, entry.reason) for entry in entries] == [
        ({"state": "awaiting_approval"}, {"state": "suspended"}, "lost"),
        ({"state": "scheduled"}, {"state": "suspended"}, "lost"),
        ({"state": "active"}, {"state": "suspended"}, "lost"),
    ]


def test_what_nobody_has_approved_waits_for_approval_again() -> None:
    (contract,) = sign(Deal(start=START))
    put(contract, state=ContractState.AWAITING_APPROVAL)
    suspend_contracts(reasons={contract.pk: "lost"}, actor=None)

    resume_contracts(reasons={contract.pk: "won again"}, as_of=date(2199, 1, 1), actor=None)

    assert states() == ["awaiting_approval"]
    assert AuditEntry.objects.get(action="Contract resumed").after == {"state": "awaiting_approval"}


@pytest.mark.parametrize(
    ("as_of", "state"),
    [(date(2098, 12, 31), "scheduled"), (START, "active"), (date(2199, 1, 1), "active")],
)
def test_resumed_by_date(as_of: date, state: str) -> None:
    (contract,) = sign(Deal(start=START))
    Contract.objects.update(state=ContractState.SUSPENDED)

    resume_contracts(reasons={contract.pk: "won again"}, as_of=as_of, actor=None)

    assert states() == [state]
    assert AuditEntry.objects.get(action="Contract resumed").after == {"state": state}


def test_a_person_resumes_what_is_suspended_only() -> None:
    (contract,) = sign(Deal(start=START))
    fiona = User.objects.create_user("fiona")

    with pytest.raises(UnableToResume, match="is not suspended"):
        resume(contract=contract, as_of=START, actor=fiona)

    assert states() == ["scheduled"]


def test_nothing_to_do_asks_nothing(django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        resume_contracts(reasons={}, as_of=START, actor=None)
