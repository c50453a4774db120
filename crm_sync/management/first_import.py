"""The first import on a terminal: what it would bill, and the question whether to start."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from contracts.clock import business_day
from contracts.money import Money
from crm_sync.enums import BackfillState, HoldCode
from crm_sync.models import Backfill, Connection
from crm_sync.previews.first_import.task import UnableToBackfill, begin_import, begin_preview, go_on

NOTHING_STARTED = (
    "Nothing that closed before {day} was imported. Start it on the page of the connection, or run this "
    "command again with --yes."
)


def previewed(connection: Connection) -> Backfill:
    """Reads every deal that waits, as the page does. CommandError with the CRM's sentence when it cannot."""
    try:
        begun = begin_preview(
            connection=connection,
            import_from=connection.import_from,
            billed_until=connection.billed_until,
            as_of=business_day(),
            actor=None,
        )
        reached = go_on(backfill_id=begun.pk, at=timezone.now(), may_continue=lambda: True)
    except UnableToBackfill as refusal:
        raise CommandError(str(refusal)) from None
    if reached.state != BackfillState.READY:
        raise CommandError(f"{reached.error} {NOTHING_STARTED.format(day=connection.imports_by_itself_from)}")
    return reached


def lines_of(preview: Backfill) -> list[str]:
    """What the import comes to, for people."""
    totals = preview.totals
    lines = [f"{preview.seen:,} won deals closed from {preview.import_from} on."]
    lines += [f"{number(one, 'contract')} of {money(one)} in all." for one in totals["contracts"]]
    lines += [
        f"{number(one, 'invoice')} of {money(one)} with tax, dated {preview.as_of}."
        for one in totals["invoices"]
    ]
    lines += [f"Held: {number(one, 'deal')} ({HoldCode(one['code']).label})." for one in totals["holds"]]
    lines += [
        f"Large: {one['name']}, {one['customer_name']}, "
        f"{Money(minor=one['value_minor'], currency=one['currency'])}."
        for one in totals["largest"]
    ]
    if preview.refusal:
        lines.append(preview.refusal)
    return lines


def start(preview: Backfill, *, ask: Callable[[str], bool] | None, write: Callable[[str], Any]) -> bool:
    """Begins the import, once it was answered where somebody can answer. Whether it was begun.

    `ask` puts a question that is answered with yes or no; None starts at once and sets no limit.
    """
    proposed = limits_of(preview)
    if ask is None:
        begin_import(backfill=preview, at=timezone.now(), actor=None)
        write("Billing starts with the next sync.")
        return True
    if not ask("Start billing?"):
        write(NOTHING_STARTED.format(day=preview.connection.imports_by_itself_from))
        return False
    above = ", ".join(str(limit) for limit in proposed)
    wants_limits = bool(proposed) and ask(f"Let invoices above {above} wait for approval?")
    begin_import(
        backfill=preview, at=timezone.now(), actor=None, invoice_limits=proposed if wants_limits else ()
    )
    write("Billing starts with the next sync.")
    return True


def limits_of(preview: Backfill) -> list[Money]:
    return [Money(minor=one["minor"], currency=one["currency"]) for one in preview.totals["limits"]]


def number(one: dict[str, Any], noun: str) -> str:
    return f"{one['number']:,} {noun}{'' if one['number'] == 1 else 's'}"


def money(one: dict[str, Any]) -> str:
    return str(Money(minor=one["minor"], currency=one["currency"]))
