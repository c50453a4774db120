"""Lists of customers and contracts as tables with every column. A portion at a time, so memory stays flat."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TypeVar

from django.db.models import Model, QuerySet

from contracts.custom_fields import definitions
from contracts.enums import CustomFieldHome
from contracts.models import Contract, Customer, CustomField
from contracts.money import Money

PORTION = 2_000
ONE_DAY = timedelta(days=1)
M = TypeVar("M", bound=Model)
Cells = Sequence[object]

CUSTOMER_HEADER = (
    "Customer",
    "Billing E-mail",
    "Billing Address",
    "Tax ID",
    "Language",
    "Payment terms (days)",
    "Customer since",
)
CONTRACT_HEADER = (
    "Contract",
    "Customer",
    "State",
    "Currency",
    "Contract Value",
    "Contract Start Date",
    "Last day",
    "Contract Duration (months)",
    "Billing Cycle",
    "Billing timing",
    "Lead days",
    "Account Manager",
    "PO Number",
)


def portions(rows: QuerySet[M]) -> Iterator[M]:
    """Newest first, by their keys. What changes meanwhile may be in it as it was or as it is."""
    last: int | None = None
    while True:
        wanted = rows.order_by("-pk")
        part = list(wanted[:PORTION] if last is None else wanted.filter(pk__lt=last)[:PORTION])
        yield from part
        if len(part) < PORTION:
            return
        last = part[-1].pk


def customer_table(customers: QuerySet[Customer]) -> Iterator[Cells]:
    """The header, then a row for each."""
    fields = definitions(home=CustomFieldHome.CUSTOMER)
    yield [*CUSTOMER_HEADER, *headings(fields, beside=CUSTOMER_HEADER)]
    for customer in portions(customers):
        yield [*customer_cells(customer), *custom_cells(customer, fields)]


def contract_table(contracts: QuerySet[Contract]) -> Iterator[Cells]:
    """The header, then a row for each, with the custom fields of its customer last."""
    own = definitions(home=CustomFieldHome.CONTRACT)
    theirs = definitions(home=CustomFieldHome.CUSTOMER)
    named = [*CONTRACT_HEADER, *headings(own, beside=CONTRACT_HEADER)]
    yield [*named, *(f"Customer: {field.label}" for field in theirs)]
    for contract in portions(contracts.select_related("customer")):
        yield [
            *contract_cells(contract),
            *custom_cells(contract, own),
            *custom_cells(contract.customer, theirs),
        ]


def headings(fields: Sequence[CustomField], *, beside: Sequence[str]) -> list[str]:
    return [f"{field.label} (custom field)" if field.label in beside else field.label for field in fields]


def custom_cells(row: Customer | Contract, fields: Sequence[CustomField]) -> list[object]:
    return [row.custom_fields.get(field.label) for field in fields]


def customer_cells(customer: Customer) -> list[object]:
    return [
        customer.name,
        customer.billing_email,
        customer.address,
        customer.tax_id,
        customer.get_language_display(),
        customer.payment_terms_days,
        customer.created_at.date().isoformat(),
    ]


def contract_cells(contract: Contract) -> list[object]:
    return [
        contract.name,
        contract.customer.name,
        contract.get_state_display(),
        contract.currency,
        Money(minor=contract.value_minor, currency=contract.currency).to_decimal(),
        contract.start_date.isoformat(),
        (contract.end_date - ONE_DAY).isoformat(),
        contract.duration_months,
        contract.get_billing_cycle_display(),
        contract.get_billing_timing_display(),
        contract.lead_days,
        contract.account_manager_email,
        contract.po_number,
    ]
