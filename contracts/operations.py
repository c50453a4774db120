"""Writes customers and contracts, many at a time. The caller owns the transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Case, Value, When
from django.db.models.functions import Now

from contracts.approving import state_by
from contracts.bulk import copy_rows, next_ids, update_rows
from contracts.drafts import ContractDraft, CustomerDraft
from contracts.enums import ContractState
from contracts.models import Contract, Customer
from contracts.particulars import FED, followed
from contracts.terms import term

CUSTOMER_COLUMNS = (*FED, "source_values", "custom_fields")
DECIDED_COLUMNS = ("state", "needs_approval")
CONTRACT_COLUMNS = (
    "customer_id",
    "name",
    "currency",
    "value_minor",
    "start_date",
    "end_date",
    "duration_months",
    "billing_cycle",
    "billing_timing",
    "lead_days",
    "state",
    "needs_approval",
    "account_manager_email",
    "po_number",
    "custom_fields",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractOrder:
    """A contract to be written for a customer that exists."""

    customer_id: int
    draft: ContractDraft
    needs_approval: bool = False
    """Written as Awaiting approval; where a contract is changed it stays as it is."""


def write_customers(*, drafts: Sequence[CustomerDraft]) -> list[int]:
    """Adds customers; their ids in the order of the drafts."""
    if not drafts:
        return []
    ids = next_ids(counts={Customer: len(drafts)})[Customer]
    rows = [
        (key, *(getattr(draft, column) for column in FED), dict(draft.custom_fields))
        for key, draft in zip(ids, drafts, strict=True)
    ]
    copy_rows(model=Customer, columns=("id", *FED, "custom_fields"), rows=rows)
    return ids


def refresh_customers(*, drafts: Mapping[int, CustomerDraft]) -> int:
    """Brings customers up to date; returns how many differed.

    What people keep here stays, and an empty text never replaces a filled one.
    """
    current = Customer.objects.in_bulk(list(drafts))
    rows: list[tuple[Any, ...]] = []
    for key, draft in drafts.items():
        customer = current[key]
        follow = followed(customer, draft)
        custom = {**customer.custom_fields, **draft.custom_fields}
        wanted = (*follow.values(), custom)
        if wanted != tuple(getattr(customer, column) for column in CUSTOMER_COLUMNS):
            rows.append((key, *wanted))
    update_rows(model=Customer, columns=CUSTOMER_COLUMNS, rows=rows)
    if rows:
        Customer.objects.filter(pk__in=[row[0] for row in rows]).update(updated_at=Now())
    return len(rows)


def write_contracts(*, orders: Sequence[ContractOrder], as_of: date) -> list[int]:
    """Adds contracts; their ids in the order given. One that starts after `as_of` is Scheduled."""
    if not orders:
        return []
    ids = next_ids(counts={Contract: len(orders)})[Contract]
    rows = [(key, *contract_row(order, as_of=as_of)) for key, order in zip(ids, orders, strict=True)]
    copy_rows(model=Contract, columns=("id", *CONTRACT_COLUMNS), rows=rows)
    return ids


def change_contracts(*, orders: Mapping[int, ContractOrder], as_of: date) -> None:
    """Replaces what contracts say: only where nothing is issued, or for what no invoice shows."""
    places = [place for place, column in enumerate(CONTRACT_COLUMNS) if column not in DECIDED_COLUMNS]
    rows = []
    for key, order in orders.items():
        row = contract_row(order, as_of=as_of)
        rows.append((key, *(row[place] for place in places)))
    update_rows(model=Contract, columns=[CONTRACT_COLUMNS[place] for place in places], rows=rows)
    Contract.objects.suspendable().filter(pk__in=list(orders)).update(
        state=Case(
            When(needs_approval=True, then=Value(ContractState.AWAITING_APPROVAL.value)),
            When(start_date__gt=as_of, then=Value(ContractState.SCHEDULED.value)),
            default=Value(ContractState.ACTIVE.value),
        ),
        updated_at=Now(),
    )


def contract_row(order: ContractOrder, *, as_of: date) -> tuple[Any, ...]:
    draft = order.draft
    state = state_by(start=draft.start_date, needs_approval=order.needs_approval, as_of=as_of)
    return (
        order.customer_id,
        draft.name,
        draft.value.currency,
        draft.value.minor,
        draft.start_date,
        term(start=draft.start_date, months=draft.duration_months).end,
        draft.duration_months,
        draft.billing_cycle.value,
        draft.billing_timing.value,
        draft.lead_days,
        state.value,
        order.needs_approval,
        draft.account_manager_email,
        draft.po_number,
        dict(draft.custom_fields),
    )
