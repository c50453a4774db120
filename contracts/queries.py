"""What the lists of customers and contracts show."""

from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Upper

from contracts.enums import ContractState
from contracts.models import Contract, ContractQuerySet, Customer, CustomerQuerySet

LIVE = (
    ContractState.AWAITING_APPROVAL,
    ContractState.SCHEDULED,
    ContractState.ACTIVE,
    ContractState.SUSPENDED,
)


def customers_matching(*, text: str) -> CustomerQuerySet:
    """By name. Contracts and live ones are counted for the rows of a page only."""
    found = customers_named(Customer.objects.current().order_by(Upper("name"), "id"), text=text)
    return found.annotate(
        contract_count=_count(Contract.objects.all()),
        live_count=_count(Contract.objects.filter(state__in=LIVE)),
    )


def customers_named(customers: CustomerQuerySet, *, text: str) -> CustomerQuerySet:
    if not text:
        return customers
    return customers.filter(Q(name__icontains=text) | Q(billing_email__icontains=text))


def contracts_matching(
    *, text: str = "", state: str = "", currency: str = "", customer_id: int | None = None
) -> ContractQuerySet:
    """Newest first, with their customers."""
    found = Contract.objects.select_related("customer").order_by("-start_date", "-id")
    if text:
        named = Customer.objects.filter(name__icontains=text)
        found = found.filter(Q(name__icontains=text) | Q(customer__in=named.values("pk")))
    if state:
        found = found.filter(state=state)
    if currency:
        found = found.filter(currency=currency)
    if customer_id:
        found = found.filter(customer=customer_id)
    return found


def currencies_in_use() -> list[str]:
    return list(Contract.objects.order_by("currency").values_list("currency", flat=True).distinct())


def _count(contracts: ContractQuerySet) -> Coalesce:
    counted = (
        contracts.filter(customer=OuterRef("pk"))
        .order_by()
        .values("customer")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)
