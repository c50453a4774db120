import json
import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.management.base import CommandError, CommandParser

from billing.enums import BillingTrigger
from billing.issuing.invoicing import BillingSummary, invoice_due
from billing.issuing.numbering import UnableToIssueInvoice, ahead_refusal
from billing.issuing.previewing import BillingPreview, preview_billing
from billing.schedules.due import Total
from billing.tasks import request_sending
from contracts.clock import business_day
from contracts.money import Money
from fincelo.one_sentence import OneSentenceCommand


class Command(OneSentenceCommand):
    help = "Issues every invoice that is due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--as-of",
            type=_day,
            metavar="YYYY-MM-DD",
            help=(
                "Bill up to this day and date the invoices so. Default: today in the workspace's time zone. "
                "For a day ahead only a preview is made."
            ),
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Say what would be issued, left for approval, parked or asked about, and write nothing.",
        )
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        today = business_day()
        as_of = options["as_of"] or today
        ahead = "" if options["dry_run"] or as_of <= today else ahead_refusal(day=as_of, today=today)
        is_preview = options["dry_run"] or ahead
        told: BillingPreview | BillingSummary
        told = preview_billing(as_of=as_of) if is_preview else self._bill(as_of=as_of)
        if options["json"]:
            result = _result(told)
            self.stdout.write(
                json.dumps(result | {"refusal": ahead or result["refusal"]}, ensure_ascii=False)
            )
        else:
            self.stdout.write(_would_be(told) if isinstance(told, BillingPreview) else _was(told))
        if isinstance(told, BillingSummary) and told.failed:
            if options["json"]:
                sys.exit(1)  # the object above names them
            raise CommandError(
                "\n".join(f"{failure.contract}: {failure.sentence}" for failure in told.failed)
            )
        if ahead and options["json"]:
            sys.exit(1)  # the object above says why
        if ahead:
            raise CommandError(f"Nothing was issued. {ahead}")

    def _bill(self, *, as_of: date) -> BillingSummary:
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


def _was(summary: BillingSummary) -> str:
    sentences = [
        _counted("Issued", summary.totals, f" dated {summary.as_of}")
        if summary.issued
        else f"No invoice was issued as of {summary.as_of}."
    ]
    if summary.caught_up_since:
        sentences.append(f"Nothing had been billed since {summary.caught_up_since}: this run caught that up.")
    if summary.drafted:
        sentences.append(f"Left for approval: {_amounts(summary.drafted)}.")
    if summary.parked:
        sentences.append(f"Parked, because it is far more than usual: {_amounts(summary.parked)}.")
    if summary.asked:
        sentences.append(f"Contracts that ask, because many invoices were due at once: {summary.asked}.")
    return " ".join(sentences)


def _would_be(preview: BillingPreview) -> str:
    sentences = [
        _counted("Would issue", preview.totals, f" dated {preview.as_of}")
        if preview.totals
        else f"No invoice would be issued as of {preview.as_of}."
    ]
    if preview.refusal:
        sentences = [f"Nothing could be billed. {preview.refusal}", *sentences]
    if preview.caught_up_since:
        sentences.append(f"Nothing was billed since {preview.caught_up_since}: a run would catch that up.")
    if preview.drafted:
        sentences.append(_counted("Would leave for approval", preview.drafted))
    if preview.parked:
        sentences += [_counted("Would park", preview.parked), *preview.parked_because]
    if preview.parked_before:
        sentences.append(_counted("Parked by an earlier run and not decided:", preview.parked_before))
    if preview.asked:
        sentences.append(f"Contracts that would ask, because many invoices are due at once: {preview.asked}.")
    if preview.asking:
        sentences.append(f"Contracts that ask already and are not billed: {preview.asking}.")
    return " ".join(sentences)


def _counted(verb: str, totals: Sequence[Total], dated: str = "") -> str:
    count = sum(total.invoices for total in totals)
    return f"{verb} {count} {'invoice' if count == 1 else 'invoices'}{dated}: {_amounts(totals)}."


def _amounts(totals: Sequence[Total]) -> str:
    return ", ".join(str(Money(minor=total.minor, currency=total.currency)) for total in totals)


def _decimals(totals: Sequence[Total]) -> dict[str, str]:
    return {
        total.currency: str(Money(minor=total.minor, currency=total.currency).to_decimal())
        for total in totals
    }


def _result(told: BillingPreview | BillingSummary) -> dict[str, Any]:
    """The same keys whether it was done or would be."""
    preview = told if isinstance(told, BillingPreview) else None
    summary = told if isinstance(told, BillingSummary) else None
    failed = summary.failed if summary else ()
    return {
        "as_of": told.as_of.isoformat(),
        "dry_run": summary is None,
        "run": summary.run_id if summary else None,
        "invoices": sum(total.invoices for total in told.totals),
        "totals": _decimals(told.totals),
        "drafted": _decimals(told.drafted),
        "parked": _decimals(told.parked),
        "parked_because": list(preview.parked_because) if preview else [],
        "parked_before": _decimals(preview.parked_before) if preview else {},
        "contracts_asking": told.asked,
        "contracts_asking_already": preview.asking if preview else 0,
        "caught_up_since": told.caught_up_since.isoformat() if told.caught_up_since else None,
        "refusal": preview.refusal if preview else "",
        "contracts_started": summary.started if summary else 0,
        "contracts_completed": summary.completed if summary else 0,
        "failed": len(failed),
        "problems": [{"contract": failure.contract, "sentence": failure.sentence} for failure in failed],
    }
