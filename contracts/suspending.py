"""Suspends contracts and lets them continue. While one is suspended nothing of it is billed."""

from collections.abc import Mapping
from datetime import date

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from contracts import audit
from contracts.approving import state_by
from contracts.enums import ContractState
from contracts.models import Contract


class UnableToResume(Exception):
    """The contract is not suspended."""


def suspend_contracts(*, reasons: Mapping[int, str], actor: AbstractBaseUser | None) -> list[Contract]:
    """Those of the contracts that were running. The caller owns the transaction and has locked them."""
    running = list(Contract.objects.suspendable().filter(pk__in=reasons).order_by("pk"))
    _move(contracts=running, state=ContractState.SUSPENDED)
    audit.record_all(
        audit.entry(
            actor=actor,
            action="Contract suspended",
            subject=contract,
            before={"state": contract.state},
            after={"state": ContractState.SUSPENDED.value},
            reason=reasons[contract.pk],
        )
        for contract in running
    )
    return running


def resume_contracts(*, reasons: Mapping[int, str], as_of: date, actor: AbstractBaseUser | None) -> None:
    """Suspended contracts continue: Scheduled before their start, Active after it. Opens no transaction.

    One that nobody had approved waits for approval again.
    """
    suspended = list(
        Contract.objects.filter(pk__in=reasons, state=ContractState.SUSPENDED).order_by("pk")
        if reasons
        else ()
    )
    for state in (ContractState.AWAITING_APPROVAL, ContractState.SCHEDULED, ContractState.ACTIVE):
        _move(
            contracts=[contract for contract in suspended if _state_by(contract, as_of=as_of) is state],
            state=state,
        )
    audit.record_all(
        audit.entry(
            actor=actor,
            action="Contract resumed",
            subject=contract,
            before={"state": ContractState.SUSPENDED.value},
            after={"state": _state_by(contract, as_of=as_of).value},
            reason=reasons[contract.pk],
        )
        for contract in suspended
    )


def resume(*, contract: Contract, as_of: date, actor: AbstractBaseUser) -> None:
    """A person lets one contract continue."""
    with transaction.atomic():
        locked = Contract.objects.select_for_update(no_key=True).get(pk=contract.pk)
        if locked.state != ContractState.SUSPENDED:
            raise UnableToResume(f"{locked} is not suspended.")
        resume_contracts(reasons={locked.pk: ""}, as_of=as_of, actor=actor)


def _state_by(contract: Contract, *, as_of: date) -> ContractState:
    return state_by(start=contract.start_date, needs_approval=contract.needs_approval, as_of=as_of)


def _move(*, contracts: list[Contract], state: ContractState) -> None:
    if contracts:
        keys = [contract.pk for contract in contracts]
        Contract.objects.filter(pk__in=keys).update(state=state, updated_at=Now())
