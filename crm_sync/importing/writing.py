"""Writes mapped deals as customers, contracts and schedules. The caller owns the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from billing.changing.noticing import Difference, note_differences
from billing.schedules.activation import ActivationOrder, activate_billing, rebuild_billing
from contracts.approving import ask_for_approval
from contracts.drafts import CustomerDraft
from contracts.enums import ContractState
from contracts.models import Contract
from contracts.operations import ContractOrder, change_contracts, write_contracts
from contracts.reopening import reopen_contracts
from contracts.suspending import resume_contracts
from crm_sync.enums import HoldCode, LeftDecision, Outcome
from crm_sync.importing.accounts import customers_for
from crm_sync.importing.changes import (
    Change,
    changes_between,
    difference_between,
    renamed,
    sentence_of,
    touches_billing,
)
from crm_sync.importing.known_deals import (
    KnownDeal,
    Leaving,
    contracts_of,
    customer_names,
    invoiced_among,
    settle_questions,
)
from crm_sync.importing.records import Verdict
from crm_sync.importing.suspects import suspect_problem, without_suspects
from crm_sync.mapping.result import MappedDeal, Problem, contract_of
from crm_sync.models import NOT_STORED

KEPT = (
    "The contract keeps its values: invoices have been issued for it. The CRM now says otherwise: {changes}."
)
WAITS = "Nothing of it is billed before somebody approves it."
WON_AGAIN = "The deal is won again: its contract continues."
STAYS_SUSPENDED = "The deal is won again, but its contract stays suspended until somebody resumes it."
DECIDED_BY_OTHERS = "Changed by somebody who does not decide what is billed."
REOPENED = "Nothing had been invoiced, and the CRM has changed what is to be billed."
NO_CUSTOMER = 0


def write_deals(
    mapped: Sequence[MappedDeal],
    *,
    known: Mapping[str, KnownDeal],
    org_id: int,
    as_of: date,
    needs_approval: bool = False,
) -> list[Verdict]:
    """One verdict per deal. The number of statements does not depend on how many deals there are.

    `needs_approval`: new contracts wait for a person.
    """
    imported = [one for one in mapped if known_contract(one, known=known)]
    names = customer_names([known_contract(one, known=known) or 0 for one in imported])
    ready = [one for one in mapped if not one.problems and not known_contract(one, known=known)]
    held = [one for one in mapped if one.problems and not known_contract(one, known=known)]
    invoiced = invoiced_among([known_contract(one, known=known) or 0 for one in imported])
    free = [one for one in imported if known_contract(one, known=known) not in invoiced]
    customers = customers_for(
        org_id=org_id,
        drafts=customer_drafts([*imported, *ready]),
        wanted={one.deal.account_id for one in [*free, *ready]},
    )
    ready, suspects = without_suspects(ready, known=known, customers=customers)
    settle_questions([*ready, *imported], known=known)
    return [
        *create(ready, known=known, customers=customers, as_of=as_of, needs_approval=needs_approval),
        *update(imported, known=known, customers=customers, as_of=as_of, names=names),
        *(hold(one, problems=one.problems, known=known) for one in held),
        *(hold(one, problems=[suspect_problem(one)], known=known) for one in suspects),
    ]


def known_contract(one: MappedDeal, *, known: Mapping[str, KnownDeal]) -> int | None:
    record = known.get(one.deal.external_id)
    return record.contract_id if record else None


def customer_drafts(mapped: Sequence[MappedDeal]) -> dict[str, CustomerDraft]:
    """The customer of each account as the latest of its deals describes it."""
    latest = sorted(mapped, key=lambda one: one.deal.modified_at)
    return {one.deal.account_id: one.customer for one in latest if one.customer is not None}


def create(
    ready: Sequence[MappedDeal],
    *,
    known: Mapping[str, KnownDeal],
    customers: Mapping[str, int],
    as_of: date,
    needs_approval: bool,
) -> list[Verdict]:
    waits = [needs_approval or one.needs_yes for one in ready]
    orders = [
        replace(order_of(one, customers=customers), needs_approval=asks)
        for one, asks in zip(ready, waits, strict=True)
    ]
    contract_ids = write_contracts(orders=orders, as_of=as_of)
    activate_billing(
        orders=[
            ActivationOrder(contract_id=key, instalments=one.plan, billed_until=one.billed_until)
            for key, one in zip(contract_ids, ready, strict=True)
        ],
        as_of=as_of,
    )
    return [
        Verdict(
            mapped=one,
            outcome=Outcome.CREATED,
            deal_id=record_id(one, known=known),
            contract_id=key,
            sentence=created_sentence(one, then=f"planned. {WAITS}" if asks else "planned."),
        )
        for key, one, asks in zip(contract_ids, ready, waits, strict=True)
    ]


def update(
    imported: Sequence[MappedDeal],
    *,
    known: Mapping[str, KnownDeal],
    customers: Mapping[str, int],
    as_of: date,
    names: Mapping[int, str],
) -> list[Verdict]:
    """Before the first invoice the CRM owns the mapped fields; after it, what was billed is left alone.

    `names`: of the customers by contract, as they were.
    """
    contracts = contracts_of([known[one.deal.external_id] for one in imported])
    found = weigh(imported, known=known, customers=customers, contracts=contracts, names=names)
    ids = [order.contract_id for order in found.rebuilt]
    if over := [key for key in ids if contracts[key].state == ContractState.COMPLETED]:
        reopen_contracts(contract_ids=over, reason=REOPENED)
    if found.changed:
        change_contracts(orders=found.changed, as_of=as_of)
    if found.rebuilt:
        rebuild_billing(orders=found.rebuilt, as_of=as_of)
    if found.asking:
        ask_for_approval(contract_ids=found.asking, reason=DECIDED_BY_OTHERS)
    if found.resumed:
        resume_contracts(reasons=found.resumed, as_of=as_of, actor=None)
    note_differences(found=found.differences)
    return found.verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What the changes of imported deals come to, before anything of it is written."""

    verdicts: list[Verdict]
    changed: dict[int, ContractOrder]
    rebuilt: list[ActivationOrder]
    resumed: dict[int, str]
    asking: list[int]
    """Contracts that somebody has changed who does not decide what is billed."""
    differences: list[Difference]
    """Of contracts that have been invoiced: what the CRM says otherwise, or nothing."""


def weigh(
    imported: Sequence[MappedDeal],
    *,
    known: Mapping[str, KnownDeal],
    customers: Mapping[str, int],
    contracts: Mapping[int, Contract],
    names: Mapping[int, str] = MappingProxyType({}),
) -> Weighed:
    invoiced = invoiced_among(list(contracts))
    verdicts: list[Verdict] = []
    changed: dict[int, ContractOrder] = {}
    rebuilt: list[ActivationOrder] = []
    resumed: dict[int, str] = {}
    asking: list[int] = []
    differences: list[Difference] = []
    for one in imported:
        contract = contracts[known_contract(one, known=known) or 0]
        paused = is_paused_by_us(one, contract=contract, known=known)
        if one.contract is None:
            verdict = kept_back(one, contract=contract, known=known)
            verdicts.append(still_paused(verdict) if paused else verdict)
            continue
        order = filled_up(order_of(one, customers=customers), contract=contract)
        if contract.pk in invoiced and not one.says_timing:
            order = timed_as_billed(order, contract=contract)
        named = one.customer.name if one.customer else ""
        changes = changes_between(
            contract=contract, draft=order.draft, customer_id=order.customer_id, customer_name=named
        )
        refused = touches_billing(changes) and contract.pk in invoiced
        if contract.pk in invoiced and contract.state != ContractState.TERMINATED:
            differences.append(
                difference_between(
                    contract=contract, draft=order.draft, customer_id=order.customer_id, customer_name=named
                )
            )
        if touches_billing(changes) and not refused:
            if one.needs_yes:
                asking.append(contract.pk)
            rebuilt.append(
                ActivationOrder(contract_id=contract.pk, instalments=one.plan, billed_until=one.billed_until)
            )
        elif changes:
            order = harmless(order, contract=contract)
        if changes:
            changed[contract.pk] = order
        told = changes if refused else [*changes, *renamed(contract, before=names.get(contract.pk))]
        verdict = judged(one, contract=contract, known=known, changes=told, refused=refused)
        if paused and not refused:
            resumed[contract.pk] = WON_AGAIN
        verdicts.append(settled(verdict, paused=paused))
    return Weighed(
        verdicts=verdicts,
        changed=changed,
        rebuilt=rebuilt,
        resumed=resumed,
        asking=asking,
        differences=differences,
    )


def is_paused_by_us(one: MappedDeal, *, contract: Contract, known: Mapping[str, KnownDeal]) -> bool:
    """Suspended because its deal had left won, and by nobody else."""
    decision = known[one.deal.external_id].leaving.decision
    return contract.state == ContractState.SUSPENDED and decision == LeftDecision.SUSPENDED


def settled(verdict: Verdict, *, paused: bool) -> Verdict:
    """A paused contract continues with the comparison's result, unless that was refused."""
    if not paused:
        return verdict
    if verdict.outcome is Outcome.REFUSED:
        return still_paused(verdict)
    return replace(verdict, outcome=Outcome.UPDATED, sentence=f"{WON_AGAIN} {verdict.sentence}".strip())


def still_paused(verdict: Verdict) -> Verdict:
    """Won again, and yet not resumed: a correction in the CRM or a person can do that."""
    return replace(
        verdict,
        sentence=f"{verdict.sentence} {STAYS_SUSPENDED}",
        leaving=Leaving(decision=LeftDecision.SUSPENDED),
    )


def judged(
    one: MappedDeal,
    *,
    contract: Contract,
    known: Mapping[str, KnownDeal],
    changes: Sequence[Change],
    refused: bool,
) -> Verdict:
    """The verdict on an imported deal that was read with its changes."""
    if refused:
        outcome, sentence = Outcome.REFUSED, KEPT.format(changes=sentence_of(changes))
    elif changes:
        outcome, sentence = Outcome.UPDATED, f"Changed: {sentence_of(changes)}."
    else:
        outcome, sentence = Outcome.UNCHANGED, ""
    return Verdict(
        mapped=one,
        outcome=outcome,
        deal_id=record_id(one, known=known),
        contract_id=contract.pk,
        sentence=sentence,
        changes=changes,
    )


def kept_back(one: MappedDeal, *, contract: Contract, known: Mapping[str, KnownDeal]) -> Verdict:
    """An imported deal that can no longer be read: good values are never replaced by bad ones."""
    return Verdict(
        mapped=one,
        outcome=Outcome.REFUSED,
        deal_id=record_id(one, known=known),
        contract_id=contract.pk,
        code=one.problems[0].code,
        sentence=f"The contract keeps its values. {one.problems[0].sentence} {one.problems[0].cure}",
    )


def not_stored(one: MappedDeal, *, problem: Problem, known: Mapping[str, KnownDeal]) -> Verdict:
    """The database refused this deal: it becomes a hold, or keeps the contract that it has."""
    record = known.get(one.deal.external_id)
    if record is None or record.contract_id is None:
        return hold(replace(one, fingerprint=NOT_STORED), problems=[problem], known=known)
    return Verdict(
        mapped=replace(one, fingerprint=NOT_STORED),
        outcome=Outcome.FAILED,
        deal_id=record.id,
        contract_id=record.contract_id,
        leaving=record.leaving,
        code=problem.code,
        sentence=f"The contract keeps its values. {problem.sentence} {problem.cure}",
    )


def harmless(order: ContractOrder, *, contract: Contract) -> ContractOrder:
    """The order without what would change the billing."""
    kept = replace(
        order.draft,
        value=replace(order.draft.value, minor=contract.value_minor, currency=contract.currency),
        start_date=contract.start_date,
        duration_months=contract.duration_months,
        billing_cycle=type(order.draft.billing_cycle)(contract.billing_cycle),
        billing_timing=type(order.draft.billing_timing)(contract.billing_timing),
        lead_days=contract.lead_days,
    )
    return ContractOrder(customer_id=contract.customer_id, draft=kept)


def timed_as_billed(order: ContractOrder, *, contract: Contract) -> ContractOrder:
    """The connection's default is for contracts of which nothing is billed yet."""
    timing = type(order.draft.billing_timing)(contract.billing_timing)
    return replace(order, draft=replace(order.draft, billing_timing=timing, lead_days=contract.lead_days))


def filled_up(order: ContractOrder, *, contract: Contract) -> ContractOrder:
    """What the CRM no longer says stays as it is: an empty text never replaces a filled one."""
    draft = order.draft
    kept = replace(
        draft,
        account_manager_email=draft.account_manager_email or contract.account_manager_email,
        po_number=draft.po_number or contract.po_number,
        custom_fields={**contract.custom_fields, **draft.custom_fields},
    )
    return ContractOrder(customer_id=order.customer_id, draft=kept)


def hold(one: MappedDeal, *, problems: Sequence[Problem], known: Mapping[str, KnownDeal]) -> Verdict:
    return Verdict(
        mapped=one,
        outcome=Outcome.REFUSED if problems[0].code is HoldCode.MERGED_DEALS else Outcome.HELD,
        deal_id=record_id(one, known=known),
        code=problems[0].code,
        sentence=" ".join(problem.sentence for problem in problems),
        problems=problems,
    )


def order_of(one: MappedDeal, *, customers: Mapping[str, int]) -> ContractOrder:
    """An account that nothing may be billed to yet has no customer."""
    customer_id = customers.get(one.deal.account_id, NO_CUSTOMER)
    return ContractOrder(customer_id=customer_id, draft=contract_of(one))


def record_id(one: MappedDeal, *, known: Mapping[str, KnownDeal]) -> int | None:
    record = known.get(one.deal.external_id)
    return record.id if record else None


def created_sentence(one: MappedDeal, *, then: str) -> str:
    if not one.plan:
        return "Free contract created: nothing is billed."
    return f"Contract over {contract_of(one).value} created, {instalments(len(one.plan))} {then}"


def instalments(count: int) -> str:
    return "1 instalment" if count == 1 else f"{count} instalments"
