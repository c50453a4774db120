"""When one contract is billed, as a person decides it until something is issued."""

from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from billing.locks import lock_contracts
from billing.schedules.activation import ActivationOrder, rebuild_billing
from billing.schedules.periods import PlannedInstalment, plan_instalments
from contracts import audit
from contracts.enums import BillingCycle, BillingTiming, ContractState
from contracts.models import Contract
from contracts.money import Money
from crm_sync.enums import Target
from crm_sync.holds.entered_values import LONGEST_REASON
from crm_sync.holds.entered_values import store as store_overrides
from crm_sync.importing.known_deals import invoiced_among
from crm_sync.mapping.rhythm_words import timing_of
from crm_sync.mapping.rhythms import Timing
from crm_sync.models import CrmDeal

OVER = (ContractState.COMPLETED, ContractState.TERMINATED)


class UnableToChangeTiming(Exception):
    """Nothing was changed. The text is a sentence with what to do."""


def timing_in_force(contract: Contract) -> Timing:
    return Timing(timing=BillingTiming(contract.billing_timing), lead_days=contract.lead_days)


def refusal_for(contract: Contract) -> str:
    """Why the timing of a contract stays as it is; empty where it may be changed."""
    if contract.state in OVER:
        return f"{contract} is {contract.get_state_display().lower()}: nothing of it is billed any more."
    if invoiced_among([contract.pk]):
        return f"{contract} has an invoice already, so its billing dates stay as they are."
    return ""


def change_timing(
    *, contract: Contract, code: str, reason: str, actor: AbstractBaseUser, at: datetime, as_of: date
) -> Timing:
    """For this contract alone, whatever its deal or its connection says. Its instalments are planned again.

    `code`: a timing as it is stored. Raises UnableToChangeTiming.
    """
    timing = timing_of(code)
    if timing is None:
        raise UnableToChangeTiming("Choose in advance or in arrears.")
    if not reason.strip():
        raise UnableToChangeTiming("Say why this contract is billed otherwise than its deal says.")
    with transaction.atomic():
        deal = CrmDeal.objects.select_for_update().filter(contract=contract).first()
        lock_contracts(contract_ids=[contract.pk])
        locked = Contract.objects.get(pk=contract.pk)
        if refusal := refusal_for(locked):
            raise UnableToChangeTiming(refusal)
        before = timing_in_force(locked)
        if deal is not None:
            remember(deal, timing=timing, reason=reason, actor=actor, at=at)
        locked.billing_timing, locked.lead_days = timing.timing, timing.lead_days or 0
        Contract.objects.filter(pk=locked.pk).update(
            billing_timing=locked.billing_timing, lead_days=locked.lead_days, updated_at=Now()
        )
        if locked.value_minor:
            order = ActivationOrder(contract_id=locked.pk, instalments=plan_of(locked))
            rebuild_billing(orders=[order], as_of=as_of)
        audit.record(
            actor=actor,
            action="Billing timing changed",
            subject=locked,
            before={"timing": before.label},
            after={"timing": timing.label},
            reason=reason.strip(),
        )
    return timing


def remember(deal: CrmDeal, *, timing: Timing, reason: str, actor: AbstractBaseUser, at: datetime) -> None:
    """As a value that was entered for the deal, so that no sync takes it back."""
    entry: dict[str, Any] = {
        "value": timing.code,
        "reason": reason.strip()[:LONGEST_REASON],
        "by": actor.get_username(),
        "at": at.isoformat(timespec="seconds"),
    }
    overrides = {**deal.overrides, Target.BILLING_TIMING.value: entry}
    store_overrides(deal, overrides=overrides, actor=actor)


def plan_of(contract: Contract) -> list[PlannedInstalment]:
    return plan_instalments(
        value=Money(minor=contract.value_minor, currency=contract.currency),
        start=contract.start_date,
        months=contract.duration_months,
        cycle=BillingCycle(contract.billing_cycle),
        timing=BillingTiming(contract.billing_timing),
        lead_days=contract.lead_days,
    )
