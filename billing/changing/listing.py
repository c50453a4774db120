"""Open changes as the pages show them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet, Sum

from billing.changing.fields import ShownField, difference_of, shown_fields
from billing.enums import CreditNoteState, InvoiceState
from billing.models import ContractChange, CreditNote, Invoice
from contracts.models import Contract
from contracts.money import Money
from fincelo.pagination import COUNT_CAP


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownChange:
    """One open change, with what it is about in money."""

    id: int
    contract: Contract
    fields: Sequence[ShownField]
    billed: Money
    """What invoices charge for the contract, without what is credited, at what the contract says."""
    difference: Money | None
    first_seen_at: datetime
    changed_at: datetime
    revision: int
    is_lost: bool


def open_changes() -> QuerySet[ContractChange]:
    """Newest first."""
    return (
        ContractChange.objects.open().select_related("contract__customer").order_by("-first_seen_at", "-pk")
    )


def open_change_count() -> int:
    """At most `COUNT_CAP`."""
    return ContractChange.objects.open().values("pk")[:COUNT_CAP].count()


def change_of(*, contract: Contract) -> ShownChange | None:
    found = open_changes().filter(contract=contract).first()
    return shown([found])[0] if found else None


def shown(changes: Sequence[ContractChange]) -> list[ShownChange]:
    """A page of changes; the same number of queries for one and many."""
    billed = billed_minor([change.contract_id for change in changes])
    return [
        ShownChange(
            id=change.pk,
            contract=change.contract,
            fields=shown_fields(before=change.before, after=change.after),
            billed=Money(minor=billed.get(change.contract_id, 0), currency=change.contract.currency),
            difference=difference_of(before=change.before, after=change.after),
            first_seen_at=change.first_seen_at,
            changed_at=change.changed_at,
            revision=change.revision,
            is_lost=change.kind == "deal_left",
        )
        for change in changes
    ]


def billed_minor(contract_ids: Sequence[int]) -> Mapping[int, int]:
    """By contract, in what the contract says: with tax where prices include it."""
    live = Invoice.objects.filter(contract__in=contract_ids).exclude(
        state__in=[InvoiceState.DRAFT, InvoiceState.VOID]
    )
    sums: Counter[int] = Counter()
    for included, column in ((False, "net_minor"), (True, "total_minor")):
        rows = live.filter(prices_include_tax=included).values_list("contract")
        for key, minor in rows.annotate(minor=Sum(F(column))):
            sums[key] += int(minor)
    notes = CreditNote.objects.filter(invoice__contract__in=contract_ids, state=CreditNoteState.ISSUED)
    for key, minor in notes.values_list("invoice__contract").annotate(minor=Sum("asked_minor")):
        sums[key] -= int(minor)
    return sums
