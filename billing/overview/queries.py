"""What the pages of contracts and invoices show."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Case, CharField, F, Prefetch, Q, QuerySet, Sum, Value, When

from billing.enums import CreditNoteState, InstalmentState, InvoiceState, ScheduleState
from billing.models import CreditNote, Instalment, Invoice
from billing.schedules.waiting import reasons_of, waiting_contracts
from contracts.enums import ContractState
from contracts.models import Contract, ContractQuerySet, Customer

OVERDUE = "overdue"
UNPAID = (InvoiceState.ISSUED, InvoiceState.SENT, InvoiceState.PART_PAID)
BILLABLE = (ContractState.SCHEDULED, ContractState.ACTIVE)
PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyTotal:
    """What one customer has agreed to and been billed in one currency."""

    currency: str
    contracts: int
    billed: int
    """Without tax."""
    open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleTotals:
    """A contract's value by what became of it, in minor units."""

    billed: int
    """What is credited included."""
    credited: int
    planned: int
    paused: int
    elsewhere: int


def asking(contracts: ContractQuerySet) -> ContractQuerySet:
    """Those whose schedule waits for a person's decision."""
    return contracts.filter(billing_schedule__state=ScheduleState.ASKS)


def waiting(contracts: ContractQuerySet) -> ContractQuerySet:
    """Those that are not billed because a reason to wait holds."""
    return contracts.filter(pk__in=waiting_contracts().values("pk"))


def with_reasons(contracts: Iterable[Contract]) -> None:
    """Notes on each contract of a list why its billing waits, as `waits_for`."""
    listed = list(contracts)
    reasons = reasons_of(contract_ids=[contract.pk for contract in listed])
    for contract in listed:
        contract.waits_for = reasons.get(contract.pk, [])  # type: ignore[attr-defined]


def invoices_matching(
    *,
    as_of: date,
    text: str = "",
    state: str = "",
    currency: str = "",
    customer_id: int | None = None,
    contract_id: int | None = None,
) -> QuerySet[Invoice]:
    """Drafts, then the newest first; `shown_state` tells the overdue ones."""
    found = Invoice.objects.annotate(shown_state=_shown_state(as_of)).order_by("-issue_date", "-id")
    if text:
        named = Customer.objects.filter(name__icontains=text)
        found = found.filter(Q(number__icontains=text) | Q(customer__in=named.values("pk")))
    if state == OVERDUE:
        found = found.filter(_overdue(as_of))
    elif state:
        found = found.filter(state=state)
    if currency:
        found = found.filter(currency=currency)
    if customer_id:
        found = found.filter(customer=customer_id)
    if contract_id:
        found = found.filter(contract=contract_id)
    return found


def planned_schedule(*, contract: Contract, as_of: date) -> list[Instalment]:
    """The instalments in order, each with `live_invoices`: one or none."""
    live = Invoice.objects.exclude(state=InvoiceState.VOID).annotate(shown_state=_shown_state(as_of))
    return list(
        Instalment.objects.filter(schedule__contract=contract)
        .order_by("sequence")
        .prefetch_related(Prefetch("invoices", queryset=live, to_attr="live_invoices"))
    )


def shown_instalment_state(*, instalment: Instalment, contract: Contract) -> str:
    """A planned instalment of a contract that is not billed at present is paused."""
    if instalment.state == InstalmentState.PLANNED and contract.state not in BILLABLE:
        return PAUSED
    return instalment.state


def schedule_totals(*, contract: Contract, instalments: Sequence[Instalment]) -> ScheduleTotals:
    sums: Counter[str] = Counter()
    for instalment in instalments:
        sums[shown_instalment_state(instalment=instalment, contract=contract)] += instalment.amount_minor
    return ScheduleTotals(
        billed=sums[InstalmentState.INVOICED],
        credited=_credited(contract),
        planned=sums[InstalmentState.PLANNED] + sums[InstalmentState.DRAFTED],
        paused=sums[PAUSED],
        elsewhere=sums[InstalmentState.BILLED_ELSEWHERE],
    )


def _credited(contract: Contract) -> int:
    """What issued credit notes take back of the contract's value."""
    issued = CreditNote.objects.filter(invoice__contract=contract, state=CreditNoteState.ISSUED)
    return int(issued.aggregate(total=Sum("asked_minor"))["total"] or 0)


def totals_by_currency(*, customer: Customer) -> list[CurrencyTotal]:
    contracts = _sums(Contract.objects.filter(customer=customer), "value_minor")
    live = Invoice.objects.filter(customer=customer).exclude(
        state__in=[InvoiceState.DRAFT, InvoiceState.VOID]
    )
    billed = Counter(_sums(live, "net_minor"))
    billed.subtract(
        _sums(CreditNote.objects.filter(invoice__in=live, state=CreditNoteState.ISSUED), "net_minor")
    )
    open_ = _sums(live.annotate(left=F("total_minor") - F("credited_minor") - F("paid_minor")), "left")
    return [
        CurrencyTotal(
            currency=currency,
            contracts=contracts.get(currency, 0),
            billed=billed.get(currency, 0),
            open=open_.get(currency, 0),
        )
        for currency in sorted({*contracts, *billed})
    ]


def _sums(rows: QuerySet[Contract] | QuerySet[Invoice] | QuerySet[CreditNote], field: str) -> dict[str, int]:
    return {
        currency: int(total)
        for currency, total in rows.order_by().values_list("currency").annotate(total=Sum(field))
    }


def _overdue(as_of: date) -> Q:
    return Q(state__in=UNPAID, due_date__lt=as_of)


def _shown_state(as_of: date) -> Case:
    return Case(
        When(_overdue(as_of), then=Value(OVERDUE)), default=F("state"), output_field=CharField(max_length=10)
    )


def incomplete_documents() -> int:
    """Issued invoices that name no buyer's address or, with tax, no tax id of the seller; void ones left out.

    All are of the first format: later ones are refused. Counted up to a thousand.
    """
    first = Invoice.objects.filter(buyer__format=None).exclude(
        state__in=[InvoiceState.DRAFT, InvoiceState.VOID]
    )
    lacking = first.filter(Q(buyer__address="") | (~Q(tax_minor=0) & Q(seller__tax_id="")))
    return lacking[:1_000].count()
