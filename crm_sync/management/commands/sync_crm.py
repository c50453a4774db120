import json
import sys
from argparse import ArgumentTypeError
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from billing.enums import BillingTrigger
from billing.invoicing import invoice_due
from billing.numbering import UnableToIssueInvoice
from contracts.workspace import business_date
from crm_sync.clients.salesforce_values import to_18
from crm_sync.diagnosis import Cause, diagnose
from crm_sync.enums import Outcome, Provider, RunState, RunTrigger
from crm_sync.errors import LeaseHeld, SyncError
from crm_sync.models import Connection, CrmDeal, SyncRun
from crm_sync.preview import preview
from crm_sync.rereading import UnableToReread, read_everything, read_since
from crm_sync.sync import Order, sync
from crm_sync.views.connection_facts import next_poll_at, poll_scheduled_at

FAILED, USAGE, LEASE_HELD, DEALS_HELD = 1, 2, 3, 4


class Command(BaseCommand):
    help = (
        "Reads won deals from the CRMs and makes them contracts. Exit codes: 0 done, 1 failed, "
        "2 wrong usage, 3 another run is at work, 4 done but deals are held (with --fail-on-held)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--connection", metavar="NAME", help="Only this connection.")
        parser.add_argument("--deal", nargs="+", metavar="ID", help="Only these deals, changed or not.")
        parser.add_argument(
            "--since",
            type=moment,
            metavar="TIME",
            help="Read again from this moment, such as 2026-11-01T00:00Z.",
        )
        parser.add_argument("--full", action="store_true", help="Read every won deal again.")
        parser.add_argument("--replay-held", action="store_true", help="Read all held deals again.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen and write nothing.")
        parser.add_argument("--fail-on-held", action="store_true", help="Exit with 4 while deals are held.")
        parser.add_argument(
            "--why", metavar="DEAL", help="Say why this deal (id, link or name) has no contract; no sync."
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["why"] is not None:
            self.why(options["why"], as_json=options["json"])
            return
        connections = self.connections(options)
        results = [self.one(connection, options) for connection in connections]
        invoices = 0 if options["dry_run"] else self.bill(results)
        code = exit_code(results, fail_on_held=options["fail_on_held"])
        if options["json"]:
            self.stdout.write(
                json.dumps({"runs": results, "invoices": invoices, "exit_code": code}, ensure_ascii=False)
            )
        else:
            for result in results:
                self.stdout.write(sentence(result))
            if invoices:
                self.stdout.write(f"{invoices} {'invoice' if invoices == 1 else 'invoices'} issued.")
        if code:
            sys.exit(code)

    def why(self, typed: str, *, as_json: bool) -> None:
        """One sentence and its cure. Exit code 0 when there is a contract, or one on its way."""
        planned = partial(next_poll_at, scheduled_at=poll_scheduled_at())
        answer = diagnose(typed=typed, now=timezone.now(), next_poll_at=planned)
        if as_json:
            told = {
                "cause": answer.cause.value,
                "sentence": answer.sentence,
                "cure": answer.cure,
                "connection": str(answer.connection or ""),
                "contract": answer.contract_id,
                "deals": [asdict(one) for one in answer.namesakes],
            }
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        else:
            self.stdout.write(f"{answer.sentence} {answer.cure}")
            for one in answer.namesakes:
                self.stdout.write(f"{one.external_id}  {one.connection}  {one.stage}  {one.close_date}")
        if answer.cause not in (Cause.IMPORTED, Cause.NOT_YET_READ):
            sys.exit(USAGE if answer.cause is Cause.NOT_UNDERSTOOD else FAILED)

    def connections(self, options: dict[str, Any]) -> list[Connection]:
        found = Connection.objects.order_by("name")
        if options["connection"]:
            found = found.filter(name=options["connection"])
            if not found:
                names = ", ".join(Connection.objects.order_by("name").values_list("name", flat=True))
                usage(f"There is no connection {options['connection']}. There are: {names or 'none'}.")
            if not found[0].is_live or found[0].mapping_version is None:
                usage(f"{found[0]} is not ready: {not_ready(found[0])}.")
        live = list(found.live())
        if options["deal"] and len(live) != 1:
            usage("Name the connection that the deals are in, with --connection.")
        return live

    def one(self, connection: Connection, options: dict[str, Any]) -> dict[str, Any]:
        """One connection's run as a JSON-ready mapping."""
        ids = self.deal_ids(connection, options)
        if ids is not None and not ids:
            return {**head(connection), "state": "done", "error": "", **dict.fromkeys(COUNTS, 0)}
        now = timezone.now()
        order = Order(
            trigger=RunTrigger.REPLAY if ids else RunTrigger.COMMAND,
            as_of=business_date(at=now),
            external_ids=ids or (),
        )
        try:
            if options["dry_run"]:
                return dry_run(connection, order)
            if options["full"]:
                read_everything(connection=connection, actor=None)
            elif options["since"]:
                read_since(connection=connection, since=options["since"], now=now, actor=None)
            with Bar(shown=sys.stderr.isatty() and not options["json"], title=connection.name) as bar:
                run = sync(connection=connection, order=bar.following(order))
        except LeaseHeld as held:
            return {**head(connection), "state": "busy", "error": str(held), **dict.fromkeys(COUNTS, 0)}
        except UnableToReread as refusal:
            usage(str(refusal))
        return told(connection, run)

    def deal_ids(self, connection: Connection, options: dict[str, Any]) -> list[str] | None:
        if options["replay_held"]:
            held = CrmDeal.objects.held().filter(connection=connection)
            return list(held.values_list("external_id", flat=True))
        if not options["deal"]:
            return None
        try:
            return [external_id(connection, text) for text in options["deal"]]
        except ValueError as error:
            usage(str(error))

    def bill(self, results: list[dict[str, Any]]) -> int:
        if not any(result["created"] or result["updated"] for result in results):
            return 0
        try:
            return invoice_due(as_of=business_date(at=timezone.now()), trigger=BillingTrigger.SYNC).issued
        except UnableToIssueInvoice as refusal:
            self.stderr.write(str(refusal))
            return 0


COUNTS = ("seen", *(outcome.value for outcome in Outcome), "api_calls", "pages")


class Bar:
    """A progress bar that follows a run, on a terminal."""

    def __init__(self, *, shown: bool, title: str) -> None:
        self.bar = tqdm(desc=title, unit=" deals", disable=not shown)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *exception: object) -> None:
        self.bar.close()

    def following(self, order: Order) -> Order:
        return Order(
            trigger=order.trigger, as_of=order.as_of, external_ids=order.external_ids, on_page=self.move
        )

    def move(self, run: SyncRun) -> None:
        if self.bar.disable:
            return
        run.refresh_from_db(fields=["seen", "expected"])
        self.bar.total = run.expected
        self.bar.update(run.seen - self.bar.n)


def dry_run(connection: Connection, order: Order) -> dict[str, Any]:
    try:
        found = asdict(preview(connection=connection, order=order))
    except SyncError as error:
        return {**head(connection), "state": "failed", "error": str(error), **dict.fromkeys(COUNTS, 0)}
    reasons = {code.value: count for code, count in found.pop("reasons").items()}
    counts = {
        **dict.fromkeys(COUNTS, 0),
        "seen": found["seen"],
        "created": found["would_create"],
        "updated": found["would_change"],
        "held": found["would_hold"],
        "unchanged": found["unchanged"],
        "api_calls": found["api_calls"],
    }
    return {**head(connection), "state": "dry run", "error": "", **counts, "reasons": reasons}


def head(connection: Connection) -> dict[str, Any]:
    return {"connection": connection.name, "provider": connection.provider}


def told(connection: Connection, run: SyncRun) -> dict[str, Any]:
    return {
        **head(connection),
        "state": run.state,
        "error": run.error,
        **{name: getattr(run, name) for name in COUNTS},
        "warnings": run.warnings,
        "open_holds": CrmDeal.objects.held().filter(connection=connection).count(),
    }


def sentence(result: dict[str, Any]) -> str:
    if result["state"] not in (RunState.DONE, "dry run"):
        return f"{result['connection']}: {result['error']}"
    verb = "would be " if result["state"] == "dry run" else ""
    counts = ", ".join(
        f"{result[outcome.value]} {verb if outcome is not Outcome.UNCHANGED else ''}{outcome.label.lower()}"
        for outcome in Outcome
        if result[outcome.value]
    )
    return f"{result['connection']}: {result['seen']} deals read, {counts or 'nothing new'}."


def exit_code(results: list[dict[str, Any]], *, fail_on_held: bool) -> int:
    states = {result["state"] for result in results}
    if states - {"done", "dry run", "busy"}:
        return FAILED
    if "busy" in states:
        return LEASE_HELD
    if fail_on_held and any(result.get("open_holds") or result["held"] for result in results):
        return DEALS_HELD
    return 0


def not_ready(connection: Connection) -> str:
    if not connection.is_live:
        return connection.state_reason or connection.get_state_display().lower()
    return "its field mapping has not been confirmed"


def external_id(connection: Connection, text: str) -> str:
    if connection.provider == Provider.SALESFORCE:
        return to_18(text)
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is no HubSpot deal id: it has digits only")
    return text


def moment(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no time such as 2026-11-01T00:00Z") from None
    if parsed.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} names no time zone; add Z or an offset such as +01:00")
    return parsed


def usage(text: str) -> NoReturn:
    raise CommandError(text, returncode=USAGE)
