"""What an invoice names of a customer, by groups: a group comes from the CRM or is kept here, as a whole.

What a person entered wins over the CRM until it is taken back. The CRM's values are noted beside it, so that
the difference can be shown. An address is never mixed from two sources.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from contracts import audit
from contracts.drafts import CustomerDraft
from contracts.models import Customer

ADDRESS = ("address", "street", "post_code", "city", "region", "country")
GROUPS: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "billing_email": ("billing_email",),
    "address": ADDRESS,
    "tax_ids": ("vat_id", "tax_number"),
    "tax_rate": ("tax_rate",),
}
LABELS = {
    "name": "Name",
    "billing_email": "Billing e-mail",
    "address": "Address",
    "tax_ids": "VAT ID and tax number",
    "tax_rate": "Tax rate",
}
FED = tuple(column for columns in GROUPS.values() for column in columns)
"""The columns that a source may fill."""
KEPT_HERE = ("printed_name", "kind", "company_id", "buyer_reference", "po_required")
"""What only people enter."""


class NothingToTakeBack(Exception):
    """The group comes from the CRM already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A group that is kept here although its source says otherwise. Values as one text each."""

    group: str
    label: str
    here: str
    source: str


def said_by(draft: CustomerDraft) -> dict[str, dict[str, Any]]:
    """By group: what a source says. A group of which it says nothing is left out."""
    said: dict[str, dict[str, Any]] = {}
    for group, columns in GROUPS.items():
        values = {column: getattr(draft, column) for column in columns}
        if any(value not in ("", None) for value in values.values()):
            said[group] = values
    return said


def followed(customer: Customer, draft: CustomerDraft) -> dict[str, Any]:
    """The columns that a source may fill and its notes, as they are once the customer has followed it."""
    wanted = {column: getattr(customer, column) for column in FED}
    notes: dict[str, Any] = dict(customer.source_values)
    for group, values in said_by(draft).items():
        if group in customer.entered:
            notes |= values
        else:
            wanted |= values
    return {**wanted, "source_values": notes}


def change_particulars(
    *,
    customer: Customer,
    values: Mapping[str, Any],
    actor: AbstractBaseUser,
    action: str = "Customer details changed",
) -> bool:
    """Takes what a person entered; groups that it changes are kept here from now on. Whether any changed."""
    with transaction.atomic():
        locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        before = {column: getattr(locked, column) for column in values}
        after = {column: value for column, value in values.items() if value != before[column]}
        if not after:
            return False
        for group, columns in GROUPS.items():
            if group not in locked.entered and any(column in after for column in columns):
                locked.source_values |= {column: getattr(locked, column) for column in columns}
                locked.entered = [*locked.entered, group]
        _save(locked, after)
        audit.record(
            actor=actor,
            action=action,
            subject=locked,
            before={column: before[column] for column in after},
            after=after,
        )
        return True


def take_back(*, customer: Customer, group: str, actor: AbstractBaseUser) -> None:
    """The CRM's values count again, and every later one."""
    with transaction.atomic():
        locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        if group not in locked.entered:
            raise NothingToTakeBack(f"{LABELS.get(group, group)} comes from the CRM already.")
        columns = GROUPS[group]
        before = {column: getattr(locked, column) for column in columns}
        after = {column: locked.source_values.get(column, before[column]) for column in columns}
        if group == "name" and not after["name"]:
            after = before
        locked.entered = [one for one in locked.entered if one != group]
        locked.source_values = {
            column: value for column, value in locked.source_values.items() if column not in columns
        }
        _save(locked, after)
        audit.record(
            actor=actor, action="Customer details follow the CRM", subject=locked, before=before, after=after
        )


def differences(customer: Customer) -> Sequence[Difference]:
    """Of the groups that are kept here, those of which the source says something else."""
    found = []
    for group, columns in GROUPS.items():
        here = {column: getattr(customer, column) for column in columns}
        source = {column: customer.source_values.get(column) for column in columns}
        if group in customer.entered and here != source:
            found.append(
                Difference(
                    group=group,
                    label=LABELS[group],
                    here=_as_text(customer, here),
                    source=_as_text(customer, source),
                )
            )
    return found


def _save(locked: Customer, values: Mapping[str, Any]) -> None:
    for column, value in values.items():
        setattr(locked, column, value)
    locked.updated_at = Now()
    locked.save(update_fields=[*values, "entered", "source_values", "updated_at"])


def _as_text(customer: Customer, values: Mapping[str, Any]) -> str:
    if "street" in values:
        filled = {column: value or "" for column, value in values.items()}
        return "\n".join(Customer(name=customer.name, **filled).address_lines())
    if "tax_rate" in values:
        rate = values["tax_rate"]
        return "" if rate is None else f"{rate / 1000:g} %"
    return "\n".join(str(value) for value in values.values() if value)
