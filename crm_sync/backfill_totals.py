"""What the deals of a preview come to in all. Totals never mix currencies."""

from collections import defaultdict
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from billing.bounds import is_unusual
from billing.due import Total
from crm_sync.enums import CustomerMatch, Outcome
from crm_sync.models import Backfill, BackfillDeal


def totals_of(backfill: Backfill) -> dict[str, Any]:
    """As it is stored: plain numbers and texts."""
    deals = BackfillDeal.objects.filter(backfill=backfill).order_by()
    counts = deals.aggregate(
        customers=Count("pk", filter=Q(customer_match=CustomerMatch.NEW)),
        asks=Count("pk", filter=Q(asks=True)),
        elsewhere=Sum("elsewhere", default=0),
        warned=Count("pk", filter=~Q(warnings=[])),
    )
    invoiced = deals.filter(invoices__gt=0)
    due = [
        Total(currency=row["currency"], invoices=row["number"], minor=row["minor"])
        for row in by_currency(invoiced, number=Sum("invoices"), minor=Sum("due_minor"))
    ]
    return {
        **counts,
        "outcomes": dict(deals.values_list("outcome").annotate(Count("pk")).order_by("outcome")),
        "contracts": by_currency(
            deals.filter(outcome=Outcome.CREATED), number=Count("pk"), minor=Sum("value_minor")
        ),
        "is_unusual": is_unusual(totals=due),
        "invoices": by_currency(invoiced, number=Sum("invoices"), minor=Sum("invoiced_minor")),
        "holds": holds_of(deals),
    }


def by_currency(deals: QuerySet[BackfillDeal], *, number: Any, minor: Any) -> list[dict[str, Any]]:
    rows = deals.values("currency").annotate(number=number, minor=minor).order_by("currency")
    return [
        {"currency": row["currency"], "number": row["number"], "minor": int(row["minor"])} for row in rows
    ]


def holds_of(deals: QuerySet[BackfillDeal]) -> list[dict[str, Any]]:
    """By cause, the most frequent first, each with the value at stake as far as it can be told."""
    rows = deals.exclude(code="").values("code", "currency")
    numbers: dict[str, int] = defaultdict(int)
    stakes: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.annotate(number=Count("pk"), minor=Sum("value_minor")).order_by("currency"):
        numbers[row["code"]] += row["number"]
        if row["minor"] is not None:
            stakes[row["code"]].append({"currency": row["currency"], "minor": int(row["minor"])})
    ranked = sorted(numbers, key=lambda code: (-numbers[code], code))
    return [{"code": code, "number": numbers[code], "stakes": stakes[code]} for code in ranked]
