"""What a page would become in mode Live. No customer, contract or hold is written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

from contracts.enums import ContractState
from contracts.models import Contract
from crm_sync.enums import ConnectionMode, DealState, LeftDecision, Outcome
from crm_sync.importing.known_deals import KnownDeal, Leaving
from crm_sync.importing.records import Verdict
from crm_sync.importing.suspects import suspect_problem, without_suspects
from crm_sync.importing.writing import (
    instalments,
    known_contract,
    record_id,
    weigh,
    write_deals,
)
from crm_sync.mapping.result import MappedDeal, Problem, contract_of
from crm_sync.models import CrmAccount

STAYS = (DealState.HELD, DealState.DISMISSED)
"""Decided or to be decided by people: a preview leaves both as they are."""


def preview_deals(
    mapped: Sequence[MappedDeal], *, known: Mapping[str, KnownDeal], org_id: int, as_of: date
) -> list[Verdict]:
    """One verdict per deal, by the same rules as in mode Live. Reads only, a fixed number of statements."""
    imported = [one for one in mapped if known_contract(one, known=known)]
    new = [one for one in mapped if not known_contract(one, known=known)]
    ready = [one for one in new if not one.problems]
    customers = customers_foreseen(mapped, org_id=org_id)
    ready, suspects = without_suspects(ready, known=known, customers=customers)
    return [
        *(would_create(one, known=known) for one in ready),
        *would_change(imported, known=known, customers=customers),
        *(would_hold(one, problems=one.problems, known=known) for one in new if one.problems),
        *(would_hold(one, problems=[suspect_problem(one)], known=known) for one in suspects),
    ]


def customers_foreseen(mapped: Sequence[MappedDeal], *, org_id: int) -> dict[str, int]:
    """By account: its customer, or a number below zero that stands for the one that would be created."""
    accounts = {one.deal.account_id for one in mapped if one.customer is not None}
    if not accounts:
        return {}
    linked = CrmAccount.objects.filter(org_id=org_id, external_id__in=accounts)
    stand_ins = {account: -place for place, account in enumerate(sorted(accounts), start=1)}
    return stand_ins | dict(linked.values_list("external_id", "customer_id"))


def would_create(one: MappedDeal, *, known: Mapping[str, KnownDeal]) -> Verdict:
    value, planned = contract_of(one).value, instalments(len(one.plan))
    return previewed(one, known=known, sentence=f"Would create a contract over {value} with {planned}.")


def would_hold(one: MappedDeal, *, problems: Sequence[Problem], known: Mapping[str, KnownDeal]) -> Verdict:
    told = " ".join(problem.sentence for problem in problems)
    return replace(previewed(one, known=known, sentence=f"Would be held: {told}"), code=problems[0].code)


def previewed(one: MappedDeal, *, known: Mapping[str, KnownDeal], sentence: str) -> Verdict:
    record = known.get(one.deal.external_id)
    return Verdict(
        mapped=one,
        outcome=Outcome.PREVIEWED,
        deal_id=record_id(one, known=known),
        sentence=sentence,
        stays=record.state if record and record.state in STAYS else None,
    )


def would_change(
    imported: Sequence[MappedDeal], *, known: Mapping[str, KnownDeal], customers: Mapping[str, int]
) -> list[Verdict]:
    if not imported:
        return []
    keys = [known[one.deal.external_id].contract_id for one in imported]
    contracts = Contract.objects.select_related("customer").in_bulk([key for key in keys if key])
    found = weigh(imported, known=known, customers=customers, contracts=contracts)
    return [
        foreseen(verdict, contract=contracts[verdict.contract_id or 0], resumes=found.resumed)
        for verdict in found.verdicts
    ]


def foreseen(verdict: Verdict, *, contract: Contract, resumes: Mapping[int, str]) -> Verdict:
    """A contract whose deal is won again stays suspended, marked so that another mode resumes it."""
    if verdict.outcome is Outcome.UNCHANGED:
        return verdict
    leaving = verdict.leaving
    if contract.pk in resumes and contract.state == ContractState.SUSPENDED:
        leaving = Leaving(decision=LeftDecision.SUSPENDED)
    words = "Would be refused" if verdict.outcome is Outcome.REFUSED else "Would update the contract"
    return replace(
        verdict, outcome=Outcome.PREVIEWED, sentence=f"{words}: {verdict.sentence}", leaving=leaving
    )


WRITERS: Mapping[ConnectionMode, Callable[..., list[Verdict]]] = {
    ConnectionMode.LIVE: write_deals,
    ConnectionMode.REVIEW: partial(write_deals, needs_approval=True),
    ConnectionMode.PREVIEW: preview_deals,
}
"""What each mode makes of a page's deals. Who left won and what was merged is followed in all of them."""
