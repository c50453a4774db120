"""What the deals of a preview come to in all. Totals never mix currencies."""

from collections import Counter, defaultdict
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from billing.enums import WaitCode
from billing.issuing.bounds import is_unusual
from billing.issuing.limit_proposals import proposed_limit
from billing.schedules.due import Total
from crm_sync.enums import CustomerMatch, Outcome
from crm_sync.models import Backfill, BackfillDeal

LARGEST = 5
"""So many of the greatest contracts are named in each currency."""


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
        "waits": waits_of(deals),
        "largest": largest_of(deals),
        "limits": proposals_of(deals),
    }


def waits_of(deals: QuerySet[BackfillDeal]) -> list[dict[str, Any]]:
    """How many contracts would wait before they are billed, by reason."""
    codes = Counter(
        code for found in deals.exclude(waits=[]).values_list("waits", flat=True) for code in found
    )
    return [{"code": code, "number": codes[code]} for code in WaitCode.values if codes[code]]


def largest_of(deals: QuerySet[BackfillDeal]) -> list[dict[str, Any]]:
    """The contracts of the greatest value in each currency, with what is invoiced of them at once."""
    found = deals.filter(outcome=Outcome.CREATED)
    currencies = sorted(found.values_list("currency", flat=True).distinct())
    return [
        dict(row)
        for currency in currencies
        for row in found.filter(currency=currency)
        .order_by("-value_minor", "id")
        .values("id", "name", "customer_name", "currency", "value_minor", "invoices", "invoiced_minor")[
            :LARGEST
        ]
    ]


def proposals_of(deals: QuerySet[BackfillDeal]) -> list[dict[str, Any]]:
    """By currency, above which amount an invoice would wait for approval, by what one instalment costs."""
    amounts: dict[str, list[int]] = defaultdict(list)
    planned = deals.filter(outcome=Outcome.CREATED, instalments__gt=0, value_minor__gt=0)
    for currency, minor, instalments in planned.values_list("currency", "value_minor", "instalments"):
        amounts[currency].append(-(-(minor or 0) // instalments))
    return [
        {"currency": currency, "minor": proposed_limit(amounts=amounts[currency])}
        for currency in sorted(amounts)
    ]


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
