"""What the Smart Billing Agent would bill of contracts, by its own code, in a transaction that is undone.

Everything is drafted and nothing issued: a draft has the same amounts and tax, and takes no number.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from billing.enums import AskReason, BillingTrigger, InstalmentState, ScheduleState, WaitCode
from billing.issuing.bounds import ask_about_contracts, last_billed
from billing.issuing.invoicing import BillingRules, Sums, ensure_billable, rules_in_force, write_in_halves
from billing.issuing.numbering import UnableToIssueInvoice
from billing.issuing.writing import draft_invoices
from billing.models import BillingRun, BillingSchedule, Instalment, Invoice
from billing.schedules.due import due_of
from billing.schedules.waiting import reasons_of
from contracts.money import Money
from contracts.terms import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ForetoldInstalment:
    sequence: int
    span: Span
    amount: Money
    billing_date: date
    is_elsewhere: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForetoldInvoice:
    """An invoice that would be dated the day foretold for."""

    sequence: int
    span: Span
    net: Money
    tax: Money
    total: Money
    due_date: date
    needs_approval: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForetoldBilling:
    """One contract's plan and what would be invoiced of it at once."""

    asks: AskReason | None
    has_short_period: bool
    instalments: Sequence[ForetoldInstalment]
    invoices: Sequence[ForetoldInvoice] = ()
    waits: Sequence[WaitCode] = ()
    """Why its billing would wait, whatever is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    contracts: Mapping[int, ForetoldBilling]
    refusal: str = ""
    """Why nothing at all would be billed that day."""


def bill_in_vain(*, contract_ids: Collection[int], as_of: date) -> Billed:
    """In the caller's transaction, which must be rolled back."""
    if not contract_ids:
        return Billed(contracts={})
    run = BillingRun.objects.create(trigger=BillingTrigger.SYNC, as_of=as_of)
    ask_about_contracts(run=run, last=last_billed(run=run), among=contract_ids)
    plans = plans_of(contract_ids)
    try:
        invoices = drafted(contract_ids=contract_ids, run=run)
    except UnableToIssueInvoice as refusal:
        return Billed(contracts=described(contract_ids, plans=plans, invoices={}), refusal=str(refusal))
    return Billed(contracts=described(contract_ids, plans=plans, invoices=invoices))


def drafted(*, contract_ids: Collection[int], run: BillingRun) -> dict[int, list[ForetoldInvoice]]:
    rules = rules_in_force()
    due = due_of(contract_ids=contract_ids, as_of=run.as_of)
    if not due:
        return {}
    entity = ensure_billable(rules=rules, day=run.as_of)
    write_in_halves(due, partial(draft_invoices, legal_entity=entity, run=run), Sums())
    found: dict[int, list[ForetoldInvoice]] = defaultdict(list)
    rows = Invoice.objects.filter(billing_run=run).select_related("instalment")
    for invoice in rows.order_by("contract_id", "instalment__sequence"):
        found[invoice.contract_id].append(foretold(invoice, rules=rules, as_of=run.as_of))
    return found


def foretold(invoice: Invoice, *, rules: BillingRules, as_of: date) -> ForetoldInvoice:
    instalment = invoice.instalment
    net, tax, total = (
        Money(minor=minor, currency=invoice.currency)
        for minor in (invoice.net_minor, invoice.tax_minor, invoice.total_minor)
    )
    return ForetoldInvoice(
        sequence=instalment.sequence,
        span=Span(start=instalment.period_start, end=instalment.period_end),
        net=net,
        tax=tax,
        total=total,
        due_date=as_of + timedelta(days=invoice.payment_terms_days),
        needs_approval=rules.needs_approval(minor=instalment.amount_minor, currency=invoice.currency),
    )


def plans_of(contract_ids: Collection[int]) -> dict[int, list[ForetoldInstalment]]:
    rows = Instalment.objects.filter(schedule__contract__in=contract_ids).order_by("schedule_id", "sequence")
    plans: dict[int, list[ForetoldInstalment]] = defaultdict(list)
    for row in rows.values_list(
        "schedule__contract_id",
        "schedule__contract__currency",
        "sequence",
        "period_start",
        "period_end",
        "amount_minor",
        "billing_date",
        "state",
    ):
        contract_id, currency, sequence, start, end, minor, day, state = row
        plans[contract_id].append(
            ForetoldInstalment(
                sequence=sequence,
                span=Span(start=start, end=end),
                amount=Money(minor=minor, currency=currency),
                billing_date=day,
                is_elsewhere=state == InstalmentState.BILLED_ELSEWHERE,
            )
        )
    return plans


def described(
    contract_ids: Iterable[int],
    *,
    plans: Mapping[int, Sequence[ForetoldInstalment]],
    invoices: Mapping[int, Sequence[ForetoldInvoice]],
) -> dict[int, ForetoldBilling]:
    rows = BillingSchedule.objects.filter(contract__in=contract_ids)
    waits = reasons_of(contract_ids=list(contract_ids))
    return {
        schedule.contract_id: ForetoldBilling(
            asks=AskReason(schedule.asks_because) if schedule.state == ScheduleState.ASKS else None,
            has_short_period=schedule.has_short_period,
            instalments=plans.get(schedule.contract_id, ()),
            invoices=invoices.get(schedule.contract_id, ()),
            waits=[reason.code for reason in waits.get(schedule.contract_id, ())],
        )
        for schedule in rows
    }
