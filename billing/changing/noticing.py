"""Keeps the open change of each invoiced contract in step with what the CRM says.

The caller owns the transaction and has locked the contracts. What a CRM says is handed over as values.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models.functions import Now

from billing.changing.fields import DEAL, Stored
from billing.enums import ChangeKind, ChangeOrigin, ChangeState
from billing.models import ContractChange
from contracts.bulk import update_rows

WENT_BACK = "The CRM says again what the contract says."


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the CRM says otherwise than one contract. Empty: it says the same."""

    contract_id: int
    before: Stored
    after: Stored


def note_differences(*, found: Sequence[Difference]) -> None:
    """Each contract's deal is won and was read: opens, updates or withdraws its change."""
    store(found, there=open_changes([one.contract_id for one in found]), reason=WENT_BACK)


def note_left(*, found: Sequence[Difference], keeps_terms: bool) -> None:
    """Each contract's deal is no longer won. `keeps_terms`: what differed before still does."""
    there = open_changes([one.contract_id for one in found])
    store([joined(one, there.get(one.contract_id), keeps_terms=keeps_terms) for one in found], there=there)


def joined(one: Difference, there: ContractChange | None, *, keeps_terms: bool) -> Difference:
    if there is None or not keeps_terms:
        return one
    return Difference(
        contract_id=one.contract_id,
        before={**there.before, **one.before},
        after={**there.after, **one.after},
    )


def settle_left(*, contract_ids: Collection[int], reason: str) -> None:
    """A person has decided what becomes of contracts whose deal is no longer won."""
    there = open_changes(contract_ids)
    store(
        [
            Difference(contract_id=key, before=without(change.before), after=without(change.after))
            for key, change in there.items()
        ],
        there=there,
        reason=reason,
    )


def without(stored: Stored) -> Stored:
    return {name: value for name, value in stored.items() if name != DEAL}


def open_changes(contract_ids: Collection[int]) -> dict[int, ContractChange]:
    rows = ContractChange.objects.open().filter(origin=ChangeOrigin.CRM, contract__in=list(contract_ids))
    return {change.contract_id: change for change in rows.select_for_update().order_by("pk")}


def store(found: Sequence[Difference], *, there: Mapping[int, ContractChange], reason: str = "") -> None:
    """A fixed number of statements, however many differences there are."""
    new = [one for one in found if one.after and one.contract_id not in there]
    ContractChange.objects.bulk_create(
        ContractChange(
            contract_id=one.contract_id, kind=kind_of(one), before=dict(one.before), after=dict(one.after)
        )
        for one in new
    )
    other = [one for one in found if one.after and is_other(one, there.get(one.contract_id))]
    update_rows(
        model=ContractChange,
        columns=("kind", "revision", "before", "after"),
        rows=[
            (change.pk, kind_of(one).value, change.revision + 1, dict(one.before), dict(one.after))
            for one in other
            for change in [there[one.contract_id]]
        ],
    )
    changed = [there[one.contract_id].pk for one in other]
    ContractChange.objects.filter(pk__in=changed).update(changed_at=Now())
    gone = [there[one.contract_id].pk for one in found if not one.after and one.contract_id in there]
    ContractChange.objects.filter(pk__in=gone).update(
        state=ChangeState.WITHDRAWN, reason=reason, decided_at=Now()
    )


def is_other(one: Difference, there: ContractChange | None) -> bool:
    return there is not None and (there.before, there.after) != (dict(one.before), dict(one.after))


def kind_of(one: Difference) -> ChangeKind:
    return ChangeKind.DEAL_LEFT if DEAL in one.after else ChangeKind.CRM_CHANGE
