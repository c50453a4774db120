"""The fields of a change: in which form their values are stored, and how people read them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.enums import BillingCycle
from contracts.money import Money

Stored = Mapping[str, Any]
"""By field a JSON value. Only fields that differ."""
VALUE, CUSTOMER, START, DURATION, CYCLE, TIMING, DEAL = (
    "value",
    "customer",
    "start_date",
    "duration_months",
    "billing_cycle",
    "billing_timing",
    "deal",
)
LABELS = {
    VALUE: "Contract Value",
    CUSTOMER: "Customer",
    START: "Contract Start Date",
    DURATION: "Contract Duration",
    CYCLE: "Billing Cycle",
    TIMING: "Billing Timing",
    DEAL: "Deal",
}
"""In the order in which they are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownField:
    """One field as people read it."""

    label: str
    contract_says: str
    crm_says: str


def stored_money(amount: Money) -> dict[str, Any]:
    return {"minor": amount.minor, "currency": amount.currency}


def money_of(stored: Mapping[str, Any]) -> Money:
    return Money(minor=stored["minor"], currency=stored["currency"])


def shown_fields(*, before: Stored, after: Stored) -> list[ShownField]:
    return [
        ShownField(label=label, contract_says=words(name, before[name]), crm_says=words(name, after[name]))
        for name, label in LABELS.items()
        if name in after
    ]


def words(name: str, value: Any) -> str:
    if name == VALUE:
        return str(money_of(value))
    if name == CUSTOMER:
        return str(value["name"])
    if name == DURATION:
        return f"{value} month{'' if value == 1 else 's'}"
    if name == CYCLE:
        return str(BillingCycle(value).label)
    return str(value)


def difference_of(*, before: Stored, after: Stored) -> Money | None:
    """By how much the value differs; None where it does not, or is in another currency."""
    if VALUE not in after or before[VALUE]["currency"] != after[VALUE]["currency"]:
        return None
    return money_of(after[VALUE]) - money_of(before[VALUE])
