import json
import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing.due import Total, preview_due
from billing.enums import BillingTrigger
from billing.invoicing import BillingSummary, invoice_due
from billing.numbering import UnableToIssueInvoice
from billing.tasks import request_sending
from contracts.money import Money
from contracts.workspace import business_date


class Command(BaseCommand):
    help = "Issues every invoice that is due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--as-of",
            type=_day,
            metavar="YYYY-MM-DD",
            help="Bill up to this day and date the invoices so. Default: today in the workspace's time zone.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Say what is due and write nothing.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        today = business_date(at=timezone.now())
        as_of = options["as_of"] or today
        summary = None
        if options["dry_run"]:
            totals: Sequence[Total] = preview_due(as_of=as_of)
        else:
            summary = self._bill(as_of=as_of, today=today)
            totals = summary.totals
        if options["json"]:
            self.stdout.write(json.dumps(_result(as_of, totals, summary), ensure_ascii=False))
        else:
            self.stdout.write(_sentence(as_of, totals, summary))
        if summary and summary.failed:
            raise CommandError(
                "\n".join(f"{failure.contract}: {failure.sentence}" for failure in summary.failed)
            )

    def _bill(self, *, as_of: date, today: date) -> BillingSummary:
        if as_of > today and sys.stdin.isatty():
            self.stderr.write(
                f"{as_of} lies ahead. Invoices get that date, and none can be dated earlier afterwards."
            )
            if input("Bill as of that day? [y/N] ").strip().lower() != "y":
                raise CommandError("Nothing was billed.")
        try:
            summary = invoice_due(as_of=as_of, trigger=BillingTrigger.COMMAND)
        except UnableToIssueInvoice as refusal:
            raise CommandError(str(refusal)) from None
        if summary.issued:
            request_sending()
        return summary


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a day like 2026-11-30.") from None


def _sentence(as_of: date, totals: Sequence[Total], summary: BillingSummary | None) -> str:
    sentences = [_what_was_issued(as_of, totals, summary)]
    if summary and summary.caught_up_since:
        sentences.append(f"Nothing had been billed since {summary.caught_up_since}: this run caught that up.")
    if summary and summary.drafted:
        sentences.append(f"Left for approval: {_amounts(summary.drafted)}.")
    if summary and summary.parked:
        sentences.append(f"Parked, because it is far more than usual: {_amounts(summary.parked)}.")
    if summary and summary.asked:
        sentences.append(f"Contracts that ask, because many invoices were due at once: {summary.asked}.")
    return " ".join(sentences)


def _what_was_issued(as_of: date, totals: Sequence[Total], summary: BillingSummary | None) -> str:
    count = sum(total.invoices for total in totals)
    if not count:
        return f"No invoice was issued as of {as_of}." if summary else f"No invoice is due as of {as_of}."
    verb = "Issued" if summary else "Would issue"
    return f"{verb} {count} {'invoice' if count == 1 else 'invoices'} dated {as_of}: {_amounts(totals)}."


def _amounts(totals: Sequence[Total]) -> str:
    return ", ".join(str(Money(minor=total.minor, currency=total.currency)) for total in totals)


def _decimals(totals: Sequence[Total]) -> dict[str, str]:
    return {
        total.currency: str(Money(minor=total.minor, currency=total.currency).to_decimal())
        for total in totals
    }


def _result(as_of: date, totals: Sequence[Total], summary: BillingSummary | None) -> dict[str, Any]:
    failed = summary.failed if summary else ()
    return {
        "as_of": as_of.isoformat(),
        "dry_run": summary is None,
        "run": summary.run_id if summary else None,
        "invoices": sum(total.invoices for total in totals),
        "totals": _decimals(totals),
        "drafted": _decimals(summary.drafted) if summary else {},
        "parked": _decimals(summary.parked) if summary else {},
        "contracts_asking": summary.asked if summary else 0,
        "caught_up_since": summary.caught_up_since.isoformat()
        if summary and summary.caught_up_since
        else None,
        "contracts_started": summary.started if summary else 0,
        "contracts_completed": summary.completed if summary else 0,
        "failed": len(failed),
        "problems": [{"contract": failure.contract, "sentence": failure.sentence} for failure in failed],
    }
