"""Makes invoices void that nobody outside has seen: issued, never sent, nothing paid or credited.

The number stays in its series. Once nothing of the last day of a series counts any more, the days before it
are free again. The period of the invoice is to be billed again: with the next run, or, where the whole
contract is in doubt, once somebody resumes the contract.
"""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from billing.enums import (
    AfterVoid,
    ControlKind,
    InstalmentState,
    InvoiceState,
    LimitKind,
    ScheduleState,
)
from billing.issuing.controls import ask, is_settled, lock_sums, note_alone, taken_alone
from billing.issuing.numbering import free_days_before
from billing.issuing.policy import ensure_open, in_force
from billing.locks import lock_contracts
from billing.mailing.outbox import withdraw
from billing.models import BillingSchedule, Instalment, Invoice, InvoiceMail
from contracts import audit
from contracts.clock import business_day
from contracts.enums import ContractState
from contracts.models import Contract
from contracts.suspending import suspend_contracts


class UnableToVoid(Exception):
    """The invoice has left the house, or money has moved on it."""


def may_be_void(*, invoice: Invoice) -> bool:
    """Issued and never out of the house, not even by a mail that bounced."""
    if invoice.state != InvoiceState.ISSUED or invoice.sent_at or invoice.credited_minor:
        return False
    return not InvoiceMail.objects.filter(invoice=invoice, sent_at__isnull=False).exists()


def void_invoice(*, invoice: Invoice, then: AfterVoid, reason: str, actor: AbstractBaseUser) -> bool:
    """Makes it void, or asks a second person where it is above what one person may: then False."""
    with transaction.atomic():
        lock_sums(customer_id=invoice.customer_id, actor=actor)
        limit = in_force(kind=LimitKind.CREDIT_NOTE, currency=invoice.currency)
        taken = taken_alone(
            customer_id=invoice.customer_id,
            actor=actor,
            currency=invoice.currency,
            as_of=business_day(),
        )
        is_within = limit is None or taken + invoice.total_minor <= limit
        if is_within and is_settled(actor=actor, right="billing.void_invoice"):
            make_void(invoice=invoice, then=then, reason=reason, actor=actor)
            note_alone(invoice=invoice, actor=actor)
            return True
        locked = _voidable(invoice)
        ask(
            kind=ControlKind.VOID,
            subject=f"invoice {locked.pk}",
            sentence=f"Make {locked} void: {reason}",
            payload={"invoice": locked.pk, "then": then.value, "reason": reason},
            actor=actor,
            customer=locked.customer,
            currency=locked.currency,
            minor=locked.total_minor,
        )
        return False


def _voidable(invoice: Invoice) -> Invoice:
    """The invoice, locked, if it may be made void."""
    lock_contracts(contract_ids=[invoice.contract_id])
    locked = Invoice.objects.select_for_update(no_key=True).get(pk=invoice.pk)
    if locked.state != InvoiceState.ISSUED or locked.sent_at or locked.credited_minor:
        state = locked.get_state_display().lower()
        raise UnableToVoid(
            f"{locked} is {state}: only an invoice that was never sent, paid or credited can be void. "
            "Write a credit note instead."
        )
    if not may_be_void(invoice=locked):
        raise UnableToVoid(
            f"A mail of {locked} bounced, so it may have been seen outside and cannot be void. "
            "Write a credit note instead."
        )
    return locked


def make_void(*, invoice: Invoice, then: AfterVoid, reason: str, actor: AbstractBaseUser) -> None:
    """What was decided by one person within the limit, or by two."""
    with transaction.atomic():
        locked = _voidable(invoice)
        assert locked.issue_date is not None  # it is issued
        ensure_open(day=locked.issue_date)
        withdraw(invoice=locked)
        locked.state = InvoiceState.VOID
        locked.save(update_fields=["state"])
        free_days_before(legal_entity_id=locked.legal_entity_id, day=locked.issue_date)
        Instalment.objects.filter(pk=locked.instalment_id).update(state=InstalmentState.PLANNED)
        audit.record(
            actor=actor,
            action="Invoice voided",
            subject=locked,
            before={"state": InvoiceState.ISSUED.value},
            after={"state": InvoiceState.VOID.value, "then": then.label},
            reason=reason,
        )
        _reopen(locked.contract, actor=actor, reason=f"{locked} was voided: a period is to be billed again.")
        if then == AfterVoid.SUSPEND:
            suspend_contracts(reasons={locked.contract_id: f"{locked} was voided. {reason}"}, actor=actor)


def _reopen(contract: Contract, *, actor: AbstractBaseUser, reason: str) -> None:
    """A completed contract has something to be billed again."""
    if contract.state != ContractState.COMPLETED:
        return
    contract.state = ContractState.ACTIVE
    contract.save(update_fields=["state"])
    BillingSchedule.objects.filter(contract=contract).update(state=ScheduleState.ACTIVE)
    audit.record(
        actor=actor,
        action="Contract reopened",
        subject=contract,
        before={"state": ContractState.COMPLETED.value},
        after={"state": ContractState.ACTIVE.value},
        reason=reason,
    )
