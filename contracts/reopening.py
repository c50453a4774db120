"""Completed contracts of which there is something to bill after all."""

from collections.abc import Collection

from django.db.models.functions import Now

from contracts import audit
from contracts.enums import ContractState
from contracts.models import Contract


def reopen_contracts(*, contract_ids: Collection[int], reason: str) -> None:
    """Those that are completed are Active. The caller has locked them and gives them a new plan."""
    completed = list(Contract.objects.filter(pk__in=contract_ids, state=ContractState.COMPLETED))
    Contract.objects.filter(pk__in=[contract.pk for contract in completed]).update(
        state=ContractState.ACTIVE, updated_at=Now()
    )
    audit.record_all(
        audit.entry(
            actor=None,
            action="Contract reopened",
            subject=contract,
            before={"state": ContractState.COMPLETED.value},
            after={"state": ContractState.ACTIVE.value},
            reason=reason,
        )
        for contract in completed
    )
