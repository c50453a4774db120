"""Deals that look like a contract that exists already: the same customer, value, currency and start."""

from collections.abc import Mapping, Sequence

from crm_sync.enums import HoldCode, Target
from crm_sync.importing.known_deals import KnownDeal, SuspectKey, suspects_among
from crm_sync.mapping.result import MappedDeal, Problem, contract_of


def without_suspects(
    ready: Sequence[MappedDeal], *, known: Mapping[str, KnownDeal], customers: Mapping[str, int]
) -> tuple[list[MappedDeal], list[MappedDeal]]:
    """(to be created, possible duplicates): the same customer, value, currency and start exist already."""
    keys = {one.deal.external_id: suspect_key(one, customers=customers) for one in ready}
    taken = suspects_among(list(keys.values()))
    fine, suspects = [], []
    for one in ready:
        record = known.get(one.deal.external_id)
        key = keys[one.deal.external_id]
        if key in taken and not (record and record.duplicate_accepted):
            suspects.append(one)
        else:
            taken.add(key)
            fine.append(one)
    return fine, suspects


def suspect_key(one: MappedDeal, *, customers: Mapping[str, int]) -> SuspectKey:
    contract = contract_of(one)
    return (
        customers[one.deal.account_id],
        contract.value.currency,
        contract.value.minor,
        contract.start_date,
    )


def suspect_problem(one: MappedDeal) -> Problem:
    contract = contract_of(one)
    return Problem(
        code=HoldCode.DUPLICATE_SUSPECT,
        field=str(Target.CONTRACT_VALUE.label),
        raw=str(contract.value),
        sentence=f"The customer has a contract over {contract.value} from {contract.start_date} already.",
        cure="If this is another sale, import it anyway.",
    )
