"""Every address of the product, filled with the keys of rows that exist."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from django.urls import URLPattern, URLResolver, get_resolver

from billing.enums import LimitKind
from billing.models import (
    ApprovalLimit,
    BillingRun,
    ControlChange,
    CreditNote,
    Invoice,
    Payment,
    PaymentImport,
)
from contracts.models import Contract, Customer, CustomField
from tests.billing.mailing.letters import issue
from tests.billing.people import person
from tests.crm_sync.page_rows import connect, deal, hold, ran, recorded

TODAY = date(2026, 11, 20)


def full_workspace() -> dict[str, int]:
    """A row of every kind, by the beginning of the addresses that name it; the longest beginning counts."""
    [invoice] = issue("Acme", email="pay@acme.example")
    clerk = person("clerk", group="Finance")
    note = CreditNote.objects.create(
        legal_entity=invoice.legal_entity,
        invoice=invoice,
        customer=invoice.customer,
        currency=invoice.currency,
        asked_minor=100,
        net_minor=100,
        tax_minor=0,
        total_minor=100,
        seller=invoice.seller,
        buyer=invoice.buyer,
        reason="Wrong price",
        requested_by=clerk,
    )
    payment = Payment.objects.create(
        invoice=invoice, amount_minor=100, currency=invoice.currency, received_date=TODAY, recorded_by=clerk
    )
    file = PaymentImport.objects.create(file_name="bank.csv", imported_by=clerk)
    connection = connect()
    held = deal(connection)
    run = ran(connection, held=1)
    recorded(run, held)
    limit, _ = ApprovalLimit.objects.get_or_create(
        kind=LimitKind.CREDIT_NOTE, currency="USD", defaults={"amount_minor": 100_000}
    )
    change = ControlChange.objects.create(
        kind="limit",
        subject="limit",
        sentence="x",
        requested_by=clerk,
        payload={"kind": "invoice", "currency": "USD", "minor": None, "drops": True},
    )
    field = CustomField.objects.create(home="customer", label="Region")
    return {
        "settings/crm/": connection.pk,
        "settings/mapping/": connection.pk,
        "settings/custom-fields/": field.pk,
        "settings/billing/limits/": limit.pk,
        "history/": run.pk,
        "holds/replaying/": run.pk,
        "holds/": hold(held).pk,
        "deals/": held.pk,
        "contracts/": Contract.objects.earliest("pk").pk,
        "customers/": Customer.objects.earliest("pk").pk,
        "invoices/mail/": invoice.mails.earliest("pk").pk,
        "invoices/": invoice.pk,
        "credit-notes/": note.pk,
        "payments/imports/": file.pk,
        "payments/": payment.pk,
        "approvals/parked/": BillingRun.objects.earliest("pk").pk,
        "approvals/changes/": change.pk,
        "approvals/": Invoice.objects.earliest("pk").pk,
    }


def addresses(rows: dict[str, int], *, admin: bool = False) -> Iterator[tuple[str, str]]:
    """Name and address of every page, those of the admin only when they are asked for."""
    for route, name in _routes(get_resolver().url_patterns):
        if route.startswith("admin/") is not admin:
            continue
        beginnings = [one for one in rows if route.startswith(one)]
        key = rows[max(beginnings, key=len)] if beginnings else 1
        values = {
            "pk": key,
            "provider": "salesforce",
            "number": 1,
            "row": 1,
            "object_id": key,
            "group": "address",
        }
        yield name, "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route).format_map(defaultdict(str, values))


def _routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        elif "^" not in route and "(" not in route:
            yield route, pattern.name or route
