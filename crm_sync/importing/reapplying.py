"""A new field mapping, applied to what was read with an earlier one: what it affects, what is left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from billing.enums import InvoiceState
from billing.models import Invoice
from contracts.enums import ContractState
from crm_sync.enums import DealState
from crm_sync.models import Connection, CrmDeal, CrmDealQuerySet
from fincelo.pagination import COUNT_CAP

OVER = (ContractState.COMPLETED, ContractState.TERMINATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What a new version concerns. Each number is at most `COUNT_CAP`."""

    contracts: int
    holds: int

    def __bool__(self) -> bool:
        return bool(self.contracts or self.holds)

    def __str__(self) -> str:
        parts = ((self.contracts, "unbilled contract"), (self.holds, "hold"))
        return " and ".join(counted(number, noun) for number, noun in parts if number)


def counted(number: int, noun: str) -> str:
    many = f"{COUNT_CAP - 1:,}+" if number >= COUNT_CAP else f"{number:,}"
    return f"{many} {noun}{'' if number == 1 else 's'}"


def impact_of(connection: Connection) -> Impact:
    return Impact(contracts=capped(unbilled_deals(connection)), holds=capped(held_deals(connection)))


def capped(deals: QuerySet[CrmDeal]) -> int:
    return deals.order_by().values("pk")[:COUNT_CAP].count()


def unbilled_deals(connection: Connection) -> QuerySet[CrmDeal]:
    """Imported deals whose contracts the CRM still owns: nothing has been invoiced for them."""
    issued = Invoice.objects.filter(contract=OuterRef("contract")).exclude(state=InvoiceState.DRAFT)
    return CrmDeal.objects.filter(
        ~Exists(issued),
        connection=connection,
        org=connection.org_id,
        state=DealState.IMPORTED,
        left_reason="",
    ).exclude(contract__state__in=OVER)


def held_deals(connection: Connection) -> CrmDealQuerySet:
    return CrmDeal.objects.held().filter(connection=connection, org=connection.org_id)


def mark(connection: Connection) -> Impact:
    """All of them are to be read again, by whichever run comes to it. Returns what was marked."""
    impact = impact_of(connection)
    unbilled_deals(connection).update(fingerprint="")
    held_deals(connection).ask_again()
    return impact


def marked_deals(connection: Connection) -> QuerySet[CrmDeal]:
    states = (DealState.IMPORTED, DealState.HELD)
    return CrmDeal.objects.filter(
        connection=connection, org=connection.org_id, fingerprint="", left_reason="", state__in=states
    )


def left_to_read(connection: Connection) -> int:
    return capped(marked_deals(connection))


def contracts_to_read(connection: Connection) -> int:
    """The contracts among them."""
    return capped(CrmDeal.objects.to_read_again().filter(connection=connection, org=connection.org_id))


def marked_ids(connection: Connection, *, at_once: int) -> Iterator[Sequence[str]]:
    """Each of the marked deals once, in portions. Those that the CRM no longer shows stay marked."""
    last = 0
    while True:
        rows = list(
            marked_deals(connection)
            .filter(pk__gt=last)
            .order_by("pk")
            .values_list("pk", "external_id")[:at_once]
        )
        if not rows:
            return
        last = rows[-1][0]
        yield [external_id for _, external_id in rows]
