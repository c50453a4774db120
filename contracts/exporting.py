"""Lists of customers and contracts as tables with every column. A portion at a time, so memory stays flat."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet

from contracts.custom_fields import definitions
from contracts.enums import BillingCycle, BillingTiming, ContractState, CustomFieldHome, Language
from contracts.models import Contract, Customer, CustomField
from contracts.money import Money

PORTION = 2_000
ONE_DAY = timedelta(days=1)
Cells = Sequence[object]

STATES = dict(ContractState.choices)
CYCLES = dict(BillingCycle.choices)
TIMINGS = dict(BillingTiming.choices)

CUSTOMER_COLUMNS = (
    "name",
    "billing_email",
    "street",
    "post_code",
    "city",
    "region",
    "country",
    "address",
    "vat_id",
    "tax_number",
    "language",
    "payment_terms_days",
    "created_at",
    "custom_fields",
)
CONTRACT_COLUMNS = (
    "name",
    "customer__name",
    "state",
    "currency",
    "value_minor",
    "start_date",
    "end_date",
    "duration_months",
    "billing_cycle",
    "billing_timing",
    "lead_days",
    "account_manager_email",
    "po_number",
    "custom_fields",
    "customer__custom_fields",
)
CUSTOMER_HEADER = (
    "Customer",
    "Billing E-mail",
    "Street",
    "Post code",
    "City",
    "Region",
    "Country",
    "Address as one text",
    "VAT ID",
    "Tax number",
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


def portions(rows: QuerySet[Any], *, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The columns of each row, newest first by keys. What changes meanwhile is as it was or as it is."""
    last: int | None = None
    while True:
        wanted = rows.order_by("-pk").values_list("pk", *columns)
        part = list(wanted[:PORTION] if last is None else wanted.filter(pk__lt=last)[:PORTION])
        yield from (row[1:] for row in part)
        if len(part) < PORTION:
            return
        last = part[-1][0]


def customer_table(customers: QuerySet[Customer]) -> Iterator[Cells]:
    """The header, then a row for each."""
    fields = definitions(home=CustomFieldHome.CUSTOMER)
    yield [*CUSTOMER_HEADER, *headings(fields, beside=CUSTOMER_HEADER)]
    labels = [field.label for field in fields]
    languages = dict(Language.choices)
    for *told, language, days, created_at, custom in portions(customers, columns=CUSTOMER_COLUMNS):
        since = created_at.date().isoformat()
        yield [*told, languages[language], days, since, *(custom.get(label) for label in labels)]


def contract_table(contracts: QuerySet[Contract]) -> Iterator[Cells]:
    """The header, then a row for each, with the custom fields of its customer last."""
    own = definitions(home=CustomFieldHome.CONTRACT)
    theirs = definitions(home=CustomFieldHome.CUSTOMER)
    named = [*CONTRACT_HEADER, *headings(own, beside=CONTRACT_HEADER)]
    yield [*named, *(f"Customer: {field.label}" for field in theirs)]
    labels, customer_labels = [field.label for field in own], [field.label for field in theirs]
    for *columns, custom, customer_custom in portions(contracts, columns=CONTRACT_COLUMNS):
        yield [
            *contract_cells(*columns),
            *(custom.get(label) for label in labels),
            *(customer_custom.get(label) for label in customer_labels),
        ]


def headings(fields: Sequence[CustomField], *, beside: Sequence[str]) -> list[str]:
    return [f"{field.label} (custom field)" if field.label in beside else field.label for field in fields]


def contract_cells(
    name: str, customer: str, state: str, currency: str, minor: int, start: date, end: date, *terms: Any
) -> Cells:
    months, cycle, timing, *rest = terms
    return [
        name,
        customer,
        STATES[state],
        currency,
        Money(minor=minor, currency=currency).to_decimal(),
        start.isoformat(),
        (end - ONE_DAY).isoformat(),
        months,
        CYCLES[cycle],
        TIMINGS[timing],
        *rest,
    ]
