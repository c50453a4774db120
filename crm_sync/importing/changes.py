"""What a changed deal would change on its contract. Pure but for reading the row it is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from billing.changing import fields
from billing.changing.noticing import Difference
from contracts.drafts import ContractDraft
from contracts.enums import BillingTiming
from contracts.models import Contract
from contracts.money import Money
from crm_sync.enums import Target
from crm_sync.mapping.rhythms import Timing

BILLING_FIELDS = frozenset(
    {
        Target.CONTRACT_VALUE,
        Target.START_DATE,
        Target.DURATION,
        Target.BILLING_CYCLE,
        Target.BILLING_TIMING,
        Target.CUSTOMER_NAME,
    }
)
"""Once something is issued these are not changed behind anyone's back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field's old and new value, in words."""

    target: Target
    label: str
    old: str
    new: str


def changes_between(
    *, contract: Contract, draft: ContractDraft, customer_id: int, customer_name: str
) -> list[Change]:
    """Field by field. A change of the deal's account shows as a change of the customer."""
    stated = Money(minor=contract.value_minor, currency=contract.currency)
    pairs = (
        (Target.CONTRACT_VALUE, str(Target.CONTRACT_VALUE.label), str(stated), str(draft.value)),
        (Target.START_DATE, str(Target.START_DATE.label), str(contract.start_date), str(draft.start_date)),
        (
            Target.DURATION,
            str(Target.DURATION.label),
            f"{contract.duration_months} months",
            f"{draft.duration_months} months",
        ),
        (
            Target.BILLING_CYCLE,
            str(Target.BILLING_CYCLE.label),
            contract.get_billing_cycle_display(),
            draft.billing_cycle.label,
        ),
        (
            Target.BILLING_TIMING,
            str(Target.BILLING_TIMING.label),
            timing_words(BillingTiming(contract.billing_timing), contract.lead_days),
            timing_words(draft.billing_timing, draft.lead_days),
        ),
        (
            Target.ACCOUNT_MANAGER,
            str(Target.ACCOUNT_MANAGER.label),
            contract.account_manager_email,
            draft.account_manager_email,
        ),
        (Target.PO_NUMBER, str(Target.PO_NUMBER.label), contract.po_number, draft.po_number),
        (Target.CUSTOM, "Name", contract.name, draft.name),
    )
    found = [
        Change(target=target, label=label, old=old, new=new)
        for target, label, old, new in pairs
        if old != new
    ]
    if contract.customer_id != customer_id:
        found.append(
            Change(
                target=Target.CUSTOMER_NAME, label="Customer", old=contract.customer.name, new=customer_name
            )
        )
    for label, new in draft.custom_fields.items():
        old = str(contract.custom_fields.get(label, ""))
        if old != new:
            found.append(Change(target=Target.CUSTOM, label=label, old=old, new=new))
    return found


def timing_words(timing: BillingTiming, lead_days: int) -> str:
    return Timing(timing=timing, lead_days=lead_days or None).label


def renamed(contract: Contract, *, before: str | None) -> list[Change]:
    """That this page has changed the name of the contract's customer."""
    if before is None or before == contract.customer.name:
        return []
    label = str(Target.CUSTOMER_NAME.label)
    return [Change(target=Target.CUSTOMER_NAME, label=label, old=before, new=contract.customer.name)]


def difference_between(
    *, contract: Contract, draft: ContractDraft, customer_id: int, customer_name: str
) -> Difference:
    """What the CRM says otherwise of what is billed, as values."""
    stated = Money(minor=contract.value_minor, currency=contract.currency)
    pairs: dict[str, tuple[Any, Any]] = {
        fields.VALUE: (fields.stored_money(stated), fields.stored_money(draft.value)),
        fields.START: (contract.start_date.isoformat(), draft.start_date.isoformat()),
        fields.DURATION: (contract.duration_months, draft.duration_months),
        fields.CYCLE: (contract.billing_cycle, draft.billing_cycle.value),
        fields.TIMING: (
            timing_words(BillingTiming(contract.billing_timing), contract.lead_days),
            timing_words(draft.billing_timing, draft.lead_days),
        ),
    }
    if contract.customer_id != customer_id:
        pairs[fields.CUSTOMER] = (
            {"id": contract.customer_id, "name": contract.customer.name},
            {"id": customer_id, "name": customer_name},
        )
    differing = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    return Difference(
        contract_id=contract.pk,
        before={name: old for name, (old, _) in differing.items()},
        after={name: new for name, (_, new) in differing.items()},
    )


def touches_billing(changes: Sequence[Change]) -> bool:
    return any(change.target in BILLING_FIELDS for change in changes)


def sentence_of(changes: Sequence[Change]) -> str:
    return ", ".join(
        f"{change.label}: {change.old or 'empty'} to {change.new or 'empty'}" for change in changes
    )
