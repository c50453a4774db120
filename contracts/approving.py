"""Contracts that wait for a person: approved they are billed, rejected they end."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import date

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.functions import Now

from contracts import audit
from contracts.enums import ContractState
from contracts.models import Contract, ContractQuerySet
from contracts.money import Money


class UnableToDecideContracts(Exception):
    """The contracts do not wait for approval any more, or are not what the person has seen."""


def state_by(*, start: date, needs_approval: bool, as_of: date) -> ContractState:
    """The state of a contract that is neither suspended nor ended."""
    if needs_approval:
        return ContractState.AWAITING_APPROVAL
    return ContractState.SCHEDULED if start > as_of else ContractState.ACTIVE


def stamp(contract: Contract) -> str:
    """What a person approves. The CRM may change it until then, and then it is to be looked at again."""
    terms = (
        contract.pk,
        contract.customer_id,
        contract.currency,
        contract.value_minor,
        contract.start_date,
        contract.duration_months,
        contract.billing_cycle,
        contract.billing_timing,
        contract.lead_days,
    )
    return hashlib.sha256(repr(terms).encode()).hexdigest()[:16]


def stamp_of_all(contracts: Iterable[Contract]) -> str:
    stamps = sorted(stamp(contract) for contract in contracts)
    return hashlib.sha256("".join(stamps).encode()).hexdigest()[:16]


def totals_of(contracts: ContractQuerySet) -> list[tuple[int, Money]]:
    """How many in each currency, and what they are worth."""
    rows = contracts.order_by("currency").values_list("currency")
    return [
        (count, Money(minor=int(minor), currency=currency))
        for currency, count, minor in rows.annotate(count=Count("pk"), minor=Sum("value_minor"))
    ]


def ask_for_approval(*, contract_ids: Collection[int], reason: str) -> None:
    """Makes contracts wait for approval, as new ones of a connection in mode Review do.

    The caller owns the transaction and has locked them. A suspended one waits once it continues.
    """
    agreed = Contract.objects.filter(pk__in=contract_ids, needs_approval=False)
    for state, asked in (
        (ContractState.AWAITING_APPROVAL, agreed.suspendable()),
        (ContractState.SUSPENDED, agreed.filter(state=ContractState.SUSPENDED)),
    ):
        found = list(asked.order_by("pk"))
        Contract.objects.filter(pk__in=[contract.pk for contract in found]).update(
            state=state, needs_approval=True, updated_at=Now()
        )
        audit.record_all(
            audit.entry(
                actor=None,
                action="Contract waits for approval",
                subject=contract,
                before={"state": contract.state},
                after={"state": state.value},
                reason=reason,
            )
            for contract in found
        )


def approve_contracts(*, seen: Mapping[int, str], as_of: date, actor: AbstractBaseUser) -> int:
    """Those of the contracts that wait and are still as they were seen; answers how many they are."""
    with transaction.atomic():
        waiting = _locked(Contract.objects.filter(pk__in=seen))
        as_seen = [contract for contract in waiting if stamp(contract) == seen[contract.pk]]
        if seen and not as_seen:
            raise UnableToDecideContracts(
                "Nothing was approved: these contracts have changed or been decided since you opened the "
                "page. Look at them again."
            )
        _approve(as_seen, as_of=as_of, actor=actor)
    return len(as_seen)


def approve_all(*, seen: str, as_of: date, actor: AbstractBaseUser) -> int:
    """All that wait, provided that they are exactly those that the person has seen the totals of."""
    with transaction.atomic():
        waiting = _locked(Contract.objects.all())
        if stamp_of_all(waiting) != seen:
            raise UnableToDecideContracts(
                "Nothing was approved: contracts have come, changed or been decided since you opened the "
                "page. Look at the totals again."
            )
        _approve(waiting, as_of=as_of, actor=actor)
    return len(waiting)


def reject(*, contract: Contract, reason: str, actor: AbstractBaseUser) -> None:
    """It ends and is never billed. Its deal stays linked to it, so that it is not imported again."""
    if not reason.strip():
        raise UnableToDecideContracts("Say why this contract is rejected.")
    with transaction.atomic():
        locked = _locked(Contract.objects.filter(pk=contract.pk))
        if not locked:
            raise UnableToDecideContracts(f"{contract} does not wait for approval any more.")
        _move(locked, state=ContractState.TERMINATED)
        audit.record(
            actor=actor,
            action="Contract rejected",
            subject=contract,
            before={"state": ContractState.AWAITING_APPROVAL.value},
            after={"state": ContractState.TERMINATED.value},
            reason=reason.strip(),
        )


def _locked(contracts: ContractQuerySet) -> list[Contract]:
    """Those that wait, locked in the order in which everybody locks contracts."""
    return list(contracts.awaiting().select_for_update(no_key=True).order_by("customer_id", "pk"))


def _approve(contracts: list[Contract], *, as_of: date, actor: AbstractBaseUser) -> None:
    states = {
        contract.pk: state_by(start=contract.start_date, needs_approval=False, as_of=as_of)
        for contract in contracts
    }
    for state in set(states.values()):
        _move([contract for contract in contracts if states[contract.pk] is state], state=state)
    audit.record_all(
        audit.entry(
            actor=actor,
            action="Contract approved",
            subject=contract,
            before={"state": ContractState.AWAITING_APPROVAL.value},
            after={
                "state": states[contract.pk].value,
                "value": str(Money(minor=contract.value_minor, currency=contract.currency)),
            },
        )
        for contract in contracts
    )


def _move(contracts: list[Contract], *, state: ContractState) -> None:
    Contract.objects.filter(pk__in=[contract.pk for contract in contracts]).update(
        state=state, needs_approval=False, updated_at=Now()
    )
