"""The approval queue: what waits for a person before it is issued."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from billing.enums import (
    AskReason,
    BillingRunState,
    BillingTrigger,
    InstalmentState,
    InvoiceState,
    LimitKind,
    ScheduleState,
)
from billing.issuing.controls import ensure_settled, is_settled
from billing.issuing.policy import ensure_open, limits
from billing.issuing.writing import issue_invoices
from billing.locks import lock_contracts
from billing.models import BillingRun, BillingSchedule, Instalment, Invoice
from billing.schedules.drafting import withdraw_drafts
from billing.schedules.due import Total
from billing.schedules.printability import note_unprintable
from billing.schedules.waiting import waiting_contracts
from contracts import audit
from contracts.models import Contract
from contracts.suspending import suspend_contracts
from contracts.transactions import run_durably

AT_ONCE = 1_000
OVER_LIMIT = "billing.approve_over_limit"
BILLABLE_STATES = ("scheduled", "active")


class UnableToApprove(Exception):
    """Nothing of it waits any longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    issued: int
    over_limit: int
    """Left in the queue, because this person may not issue above the limits."""


def waiting_drafts() -> QuerySet[Invoice]:
    """Oldest first. Those of contracts that stopped are withdrawn by the next run and never approved."""
    drafts = Invoice.objects.filter(
        state=InvoiceState.DRAFT,
        contract__state__in=BILLABLE_STATES,
        contract__billing_schedule__state=ScheduleState.ACTIVE,
    )
    return drafts.exclude(contract__in=waiting_contracts()).order_by("pk")


def totals_of(drafts: QuerySet[Invoice]) -> list[Total]:
    """With tax: what the customers would owe."""
    from_rows: dict[str, list[int]] = {}
    for currency, minor in drafts.values_list("currency", "total_minor"):
        from_rows.setdefault(currency, []).append(minor)
    return [
        Total(currency=currency, invoices=len(amounts), minor=sum(amounts))
        for currency, amounts in sorted(from_rows.items())
    ]


def approve_drafts(*, ids: Sequence[int], as_of: date, actor: AbstractBaseUser) -> Approval:
    """Issues drafts, dated that day, with names, rates and terms as they are now."""
    if not ids:
        raise UnableToApprove("Choose at least one draft.")
    ensure_settled(actor=actor, right="billing.approve_invoice")
    run = BillingRun.objects.create(trigger=BillingTrigger.APPROVAL, actor_id=actor.pk, as_of=as_of)
    issued = over = 0
    ended = BillingRunState.FAILED
    try:
        for start in range(0, len(ids), AT_ONCE):
            chunk = ids[start : start + AT_ONCE]
            done = run_durably(partial(_approve, chunk, run=run, actor=actor))
            issued, over = issued + done.issued, over + done.over_limit
        ended = BillingRunState.DONE
    finally:
        BillingRun.objects.filter(pk=run.pk).update(state=ended, issued=issued, finished_at=Now())
    if not issued and not over:
        raise UnableToApprove("These drafts were issued or withdrawn since you opened the page.")
    return Approval(issued=issued, over_limit=over)


def _approve(ids: Sequence[int], *, run: BillingRun, actor: AbstractBaseUser) -> Approval:
    contract_ids = list(Invoice.objects.filter(pk__in=ids).values_list("contract_id", flat=True))
    lock_contracts(contract_ids=contract_ids)
    note_unprintable(contract_ids=contract_ids)
    # Asked again: the first look only named the contracts to lock; a draft may be gone by now.
    drafts = list(waiting_drafts().filter(pk__in=ids).select_related("legal_entity"))
    most = limits(kind=LimitKind.INVOICE)
    may_exceed = is_settled(actor=actor, right=OVER_LIMIT)
    allowed = [draft for draft in drafts if may_exceed or _is_within(most, draft)]
    if not allowed:
        return Approval(issued=0, over_limit=len(drafts))
    ensure_open(day=run.as_of)
    instalment_ids = [draft.instalment_id for draft in allowed]
    _drop(allowed)
    issue_invoices(
        instalment_ids=instalment_ids,
        legal_entity=allowed[0].legal_entity,
        run=run,
        issue_date=run.as_of,
    )
    audit.record_all(
        audit.entry(
            actor=actor,
            action="Invoice approved",
            subject=invoice,
            before={"state": InvoiceState.DRAFT.value},
            after={"state": InvoiceState.ISSUED.value},
        )
        for invoice in Invoice.objects.filter(billing_run=run, instalment__in=instalment_ids)
    )
    return Approval(issued=len(allowed), over_limit=len(drafts) - len(allowed))


def _is_within(most: Mapping[str, int], draft: Invoice) -> bool:
    amount = draft.total_minor if draft.prices_include_tax else draft.net_minor
    return amount <= most.get(draft.currency, amount)


def _drop(drafts: Sequence[Invoice]) -> None:
    """The invoices take their place, written again as of today."""
    with connection.cursor() as cursor:
        ids = [draft.pk for draft in drafts]
        cursor.execute("DELETE FROM billing_invoiceline WHERE invoice_id = ANY(%s::bigint[])", [ids])
        cursor.execute("DELETE FROM billing_invoice WHERE id = ANY(%s::bigint[])", [ids])


def hold_back_draft(*, draft: Invoice, reason: str, actor: AbstractBaseUser) -> None:
    """Suspends the contract of a draft: the draft goes, and nothing is billed until somebody resumes it."""
    with transaction.atomic():
        lock_contracts(contract_ids=[draft.contract_id])
        if not waiting_drafts().filter(pk=draft.pk).exists():
            raise UnableToApprove(
                "This draft does not wait any longer: it was issued or withdrawn since you opened the page."
            )
        suspend_contracts(reasons={draft.contract_id: reason}, actor=actor)
        withdraw_drafts(contract_ids=[draft.contract_id])


def release_parked(*, run: BillingRun, actor: AbstractBaseUser) -> None:
    """What a run had parked is billed by the next one."""
    ensure_settled(actor=actor, right=OVER_LIMIT)
    with transaction.atomic():
        _decide(run)
        Instalment.objects.filter(parked_by=run).update(parked_by=None, is_cleared=True)
        audit.record(actor=actor, action="Parked billing released", subject=run, after={"parked": run.parked})


def ask_about_parked(*, run: BillingRun, actor: AbstractBaseUser) -> int:
    """Each contract of what was parked asks on its own page instead; how many they are."""
    ensure_settled(actor=actor, right=OVER_LIMIT)
    with transaction.atomic():
        _decide(run)
        parked = Instalment.objects.filter(parked_by=run, state=InstalmentState.PLANNED)
        found = list(parked.values_list("schedule__contract_id", flat=True))
        lock_contracts(contract_ids=found)
        # What was parked names the contracts to lock; whether they are billed at all is asked with the lock.
        active = BillingSchedule.objects.filter(contract__in=found, state=ScheduleState.ACTIVE)
        ids = list(active.values_list("contract_id", flat=True))
        active.update(state=ScheduleState.ASKS, asks_because=AskReason.MANY)
        Instalment.objects.filter(parked_by=run).update(parked_by=None)
        audit.record(
            actor=actor,
            action="Parked billing decided contract by contract",
            subject=run,
            after={"parked": run.parked},
        )
        audit.record_all(
            audit.entry(
                actor=actor,
                action="Billing asks",
                subject=contract,
                before={"schedule": ScheduleState.ACTIVE.label},
                after={"schedule": ScheduleState.ASKS.label},
                reason="It was due in a run that was larger than usual.",
            )
            for contract in Contract.objects.filter(pk__in=ids).order_by("pk")
        )
        return len(ids)


def _decide(run: BillingRun) -> None:
    decided = BillingRun.objects.filter(pk=run.pk, state=BillingRunState.PARKED).update(
        state=BillingRunState.DONE
    )
    if not decided:
        raise UnableToApprove("What this run had parked is decided already.")
