"""What a page of deals would become: the code of the real run, in a transaction that is always undone.

What earlier pages would have made is gone by then, so it is handed in and stands there again meanwhile.
No network in here.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import TypeVar

from django.db import Error, transaction
from django.db import connection as database

from billing.issuing.foretelling import Billed, ForetoldBilling, bill_in_vain
from contracts.drafts import ContractDraft, CustomerDraft
from contracts.enums import BillingCycle, BillingTiming, ContractState
from contracts.models import Contract
from contracts.money import Money
from contracts.operations import ContractOrder, write_contracts
from contracts.terms import Span
from crm_sync.deals import Deal
from crm_sync.enums import CustomerMatch, HoldCode, Outcome
from crm_sync.findings.values import Finding
from crm_sync.importing.accounts import customers_for
from crm_sync.importing.changes import Change
from crm_sync.importing.known_deals import KnownDeal
from crm_sync.importing.mapped_page import MappedPage, Sight
from crm_sync.importing.page import retried, write_each, write_ready
from crm_sync.importing.records import Verdict
from crm_sync.mapping.lint import unfit_finding, unit_problems
from crm_sync.mapping.result import MappedDeal, Problem
from crm_sync.mapping.rules import NOTHING_DECIDED
from crm_sync.mapping.store import lint
from crm_sync.models import CrmAccount
from crm_sync.previews.warnings import both_readings, of_billing, of_mapping, of_unit
from fincelo.database_errors import Fault, fault_of, tell

T = TypeVar("T")
BILLS = (Outcome.CREATED, Outcome.UPDATED)
"""Outcomes after which a run bills."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A contract that an earlier page would have made."""

    external_id: str
    account_id: str
    customer: str
    value: Money
    start_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ForetoldContract:
    name: str
    customer: str
    value: Money
    span: Span
    duration_months: int
    billing_cycle: BillingCycle
    billing_timing: BillingTiming
    lead_days: int
    state: ContractState
    account_manager_email: str
    po_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """What one deal would become."""

    mapped: MappedDeal
    outcome: Outcome
    code: HoldCode | None
    sentence: str
    changes: Sequence[Change]
    customer: CustomerMatch | None
    """None where nothing would be billed to anybody."""
    customer_id: int | None
    """Of one that is there already."""
    contract: ForetoldContract | None
    billing: ForetoldBilling | None
    warnings: Sequence[Finding]
    problems: Sequence[Problem] = ()
    contract_id: int | None = None
    """Of one that is there already."""

    @property
    def deal(self) -> Deal:
        return self.mapped.deal

    @property
    def first_billing_date(self) -> date | None:
        """Of what is billed here; None where nothing is."""
        plan = self.billing.instalments if self.billing else ()
        return next((one.billing_date for one in plan if not one.is_elsewhere), None)

    @property
    def earlier(self) -> Earlier | None:
        """What later pages have to know of it."""
        if self.outcome is not Outcome.CREATED or self.contract is None:
            return None
        return Earlier(
            external_id=self.deal.external_id,
            account_id=self.deal.account_id,
            customer=self.contract.customer,
            value=self.contract.value,
            start_date=self.contract.span.start,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ForetoldPage:
    deals: Sequence[Foretold]
    notes: Sequence[Finding]
    refusal: str
    """Why nothing would be invoiced that day, whatever is due."""


def foretell(
    *, ready: MappedPage, deals: Sequence[Deal], sight: Sight, at: datetime, earlier: Sequence[Earlier] = ()
) -> ForetoldPage:
    """The deals of a mapped page. `earlier` may hold more than concerns it. Writes nothing."""
    return retried(
        partial(undone, partial(play, ready=ready, deals=deals, sight=sight, at=at, earlier=earlier))
    )


def undone(work: Callable[[], T]) -> T:
    with transaction.atomic(durable=True):
        result = work()
        transaction.set_rollback(True)
    return result


def play(
    *, ready: MappedPage, deals: Sequence[Deal], sight: Sight, at: datetime, earlier: Sequence[Earlier]
) -> ForetoldPage:
    there = customers_there(deals, sight=sight)
    here = {deal.external_id for deal in deals}
    stand_in([one for one in earlier if one.external_id not in here], sight=sight, there=there)
    notes, verdicts = written(ready, deals=deals, sight=sight, at=at)
    before = {one.account_id for one in earlier}
    ids = [verdict.contract_id for verdict in verdicts if verdict.contract_id]
    contracts = Contract.objects.select_related("customer").in_bulk(ids)
    billed = bill_in_vain(
        contract_ids=[one.contract_id for one in verdicts if one.contract_id and one.outcome in BILLS],
        as_of=sight.as_of,
    )
    matches = matched(verdicts, there=there, before=before)
    doubts = [
        unfit_finding(one)
        for one in unit_problems(lint(connection=sight.connection, rules=sight.rules.rules))
    ]
    return ForetoldPage(
        deals=[
            told(
                verdict,
                contract=contracts.get(verdict.contract_id or 0),
                billed=billed,
                match=match,
                there=there,
                known=ready.known,
                sight=sight,
                doubts=doubts,
            )
            for verdict, match in zip(verdicts, matches, strict=True)
        ],
        notes=notes,
        refusal=billed.refusal,
    )


def accounts_of(deals: Iterable[Deal]) -> set[str]:
    return {key for deal in deals for key in (deal.account_id, *deal.account_merged_ids)}


def customers_there(deals: Sequence[Deal], *, sight: Sight) -> dict[str, int]:
    """The customers of accounts that are known before anything is played."""
    rows = CrmAccount.objects.filter(org_id=sight.org_id, external_id__in=accounts_of(deals))
    return dict(rows.values_list("external_id", "customer_id"))


def stand_in(earlier: Sequence[Earlier], *, sight: Sight, there: Mapping[str, int]) -> None:
    """Customers and contracts as far as the next deals are compared with them."""
    new = {one.account_id: CustomerDraft(name=one.customer) for one in earlier if one.account_id not in there}
    customers = {**there, **customers_for(org_id=sight.org_id, drafts=new, wanted=new)}
    write_contracts(
        orders=[
            ContractOrder(customer_id=customers[one.account_id], draft=stand_in_draft(one)) for one in earlier
        ],
        as_of=sight.as_of,
    )


def stand_in_draft(one: Earlier) -> ContractDraft:
    return ContractDraft(
        name=one.external_id,
        value=one.value,
        start_date=one.start_date,
        duration_months=1,
        billing_cycle=BillingCycle.ONE_TIME,
        billing_timing=BillingTiming.IN_ADVANCE,
        lead_days=0,
    )


def written(
    ready: MappedPage, *, deals: Sequence[Deal], sight: Sight, at: datetime
) -> tuple[list[Finding], list[Verdict]]:
    """As a page is written: at once, or deal by deal where the database refuses that."""
    write = partial(write_ready, ready, deals=deals, sight=sight, at=at)
    try:
        with transaction.atomic():  # savepoint: what is refused is written again, deal by deal
            result = write()
            with database.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            return result
    except Error as error:
        if fault_of(error) is not Fault.RECORD:
            raise
        tell(error, doing=f"Foretelling a page of {sight.connection}, now deal by deal")
        return write(writer=partial(write_each, writer=sight.writer))


def matched(
    verdicts: Iterable[Verdict], *, there: Mapping[str, int], before: set[str]
) -> list[CustomerMatch | None]:
    """Whether each deal's customer is there, or new, or made by another deal of the same import."""
    made = set(before)
    matches: list[CustomerMatch | None] = []
    for verdict in verdicts:
        account_id = verdict.mapped.deal.account_id
        if not verdict.contract_id:
            matches.append(None)
        elif account_id in there:
            matches.append(CustomerMatch.EXISTING)
        elif account_id in made:
            matches.append(CustomerMatch.WITH_ANOTHER)
        else:
            made.add(account_id)
            matches.append(CustomerMatch.NEW)
    return matches


def told(
    verdict: Verdict,
    *,
    contract: Contract | None,
    billed: Billed,
    match: CustomerMatch | None,
    there: Mapping[str, int],
    known: Mapping[str, KnownDeal],
    sight: Sight,
    doubts: Sequence[Finding],
) -> Foretold:
    billing = billed.contracts.get(verdict.contract_id or 0)
    facts = facts_of(contract) if contract else None
    record = known.get(verdict.mapped.deal.external_id)
    decisions = record.decisions if record else NOTHING_DECIDED
    warnings = [
        *of_mapping(verdict.mapped),
        *of_unit(verdict.mapped, doubts=doubts),
        *both_readings(verdict.mapped, fields=sight.fields, settings=sight.settings, decisions=decisions),
    ]
    if facts and billing and verdict.outcome in BILLS:
        warnings += of_billing(
            billing,
            cycle=facts.billing_cycle,
            months=facts.duration_months,
            billed_until=verdict.mapped.billed_until,
        )
    return Foretold(
        mapped=verdict.mapped,
        outcome=verdict.outcome,
        code=verdict.code,
        sentence=verdict.sentence,
        changes=verdict.changes,
        customer=match,
        customer_id=there.get(verdict.mapped.deal.account_id) if match is CustomerMatch.EXISTING else None,
        contract=facts,
        billing=billing,
        warnings=warnings,
        problems=verdict.problems or verdict.mapped.problems,
        contract_id=verdict.contract_id if verdict.outcome is not Outcome.CREATED else None,
    )


def facts_of(contract: Contract) -> ForetoldContract:
    return ForetoldContract(
        name=contract.name,
        customer=contract.customer.name,
        value=Money(minor=contract.value_minor, currency=contract.currency),
        span=Span(start=contract.start_date, end=contract.end_date),
        duration_months=contract.duration_months,
        billing_cycle=BillingCycle(contract.billing_cycle),
        billing_timing=BillingTiming(contract.billing_timing),
        lead_days=contract.lead_days,
        state=ContractState(contract.state),
        account_manager_email=contract.account_manager_email,
        po_number=contract.po_number,
    )
