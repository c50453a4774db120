"""What a preview of an import and the import itself come to, as their page shows it."""

from collections.abc import Mapping
from typing import Any

from billing.enums import LimitKind, WaitCode
from billing.issuing.policy import limits
from billing.schedules.waiting import REASONS
from contracts.money import Money
from crm_sync.mapping.lint import unit_problems
from crm_sync.mapping.store import current_rules, lint
from crm_sync.models import Backfill
from crm_sync.previews.first_import.progress import progress_of
from fincelo.states import mark


def proposals_of(current: Backfill) -> list[Money]:
    """Of the currencies that have no limit yet."""
    there = limits(kind=LimitKind.INVOICE)
    proposed = [
        Money(minor=one["minor"], currency=one["currency"]) for one in current.totals.get("limits", ())
    ]
    return [one for one in proposed if one.currency not in there]


def limits_set(current: Backfill) -> list[Money]:
    """The limits that are in force already, in the currencies of the preview."""
    there = limits(kind=LimitKind.INVOICE)
    currencies = [one["currency"] for one in current.totals.get("limits", ())]
    return [Money(minor=there[one], currency=one) for one in currencies if one in there]


def done_sentence(current: Backfill) -> str:
    progress = progress_of(current)
    parts = [
        f"{number:,} {mark(state=name).word.lower()}" for name, number in progress.counts.items() if number
    ]
    deals = "1 deal read" if progress.seen == 1 else f"{progress.seen:,} deals read"
    return f"{': '.join(filter(None, [deals, ', '.join(parts)]))}."


def doubts_of(current: Backfill) -> list[str]:
    """What speaks against the unit in which durations are read, for the whole preview."""
    rules = current_rules(connection=current.connection).rules
    return [one.sentence for one in unit_problems(lint(connection=current.connection, rules=rules))]


def numbers_of(current: Backfill) -> dict[str, int]:
    """How many of the deals that were read are listed, and how many are not imported."""
    listed = sum(current.totals.get("outcomes", {}).values())
    return {"listed": listed, "left_out": max(current.seen - current.unchanged - listed, 0)}


def waits_shown(totals: Mapping[str, Any]) -> list[tuple[str, int, str]]:
    """(label, contracts, next step) of each reason for which contracts would wait before they are billed."""
    return [
        (WaitCode(one["code"]).label, one["number"], REASONS[WaitCode(one["code"])].next_step)
        for one in totals.get("waits", ())
    ]


def sums_of(totals: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Contracts and invoices of each currency beside each other."""
    nothing = {"number": 0, "minor": 0}
    contracts = {one["currency"]: one for one in totals.get("contracts", ())}
    invoices = {one["currency"]: one for one in totals.get("invoices", ())}
    return [
        {
            "currency": currency,
            "contracts": contracts.get(currency, nothing)["number"],
            "value": contracts.get(currency, nothing)["minor"],
            "invoices": invoices.get(currency, nothing)["number"],
            "invoiced": invoices.get(currency, nothing)["minor"],
        }
        for currency in sorted({*contracts, *invoices})
    ]


def asks_sentence(number: int) -> str:
    if not number:
        return ""
    subject = "1 contract would ask before it bills" if number == 1 else f"{number:,} contracts would ask"
    verb = "" if number == 1 else " before they bill"
    return (
        f"{subject}{verb}: periods were missed more than 31 days ago, or many invoices would be due at once."
    )
