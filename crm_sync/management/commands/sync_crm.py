import json
import sys
from argparse import ArgumentTypeError
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from tqdm import tqdm

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.issuing.numbering import UnableToIssueInvoice
from contracts.clock import business_day
from crm_sync.clients.registry import facts_of
from crm_sync.enums import ConnectionState, LookedAt, Outcome, RunState, RunTrigger
from crm_sync.errors import LeaseHeld, SyncError
from crm_sync.importing.fetching import Order
from crm_sync.importing.rereading import UnableToReread, read_everything, read_since, refuse_future
from crm_sync.importing.starting import question_of
from crm_sync.models import Connection, CrmDeal, SyncRun
from crm_sync.oversight.causes import Cause
from crm_sync.oversight.diagnosis import diagnose
from crm_sync.previews.dry_run import preview
from crm_sync.runs import UnableToSync
from crm_sync.sync import sync
from crm_sync.views.connections.facts import next_poll_at, poll_scheduled_at
from fincelo.one_sentence import OneSentenceCommand

FAILED, USAGE, LEASE_HELD, DEALS_HELD = 1, 2, 3, 4
DRY_RUN = "dry run"
"""The state of what was only tried, beside those of runs."""


class Command(OneSentenceCommand):
    help = (
        "Reads won deals from the CRMs and makes them contracts. Exit codes: 0 done, 1 failed, "
        "2 wrong usage, 3 another run is at work, 4 done but deals are held (with --fail-on-held), "
        "5 the database stopped it, 6 bad configuration."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--connection", metavar="NAME", help="Only this connection.")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--deal", nargs="+", metavar="ID", help="Only these deals, changed or not.")
        which.add_argument(
            "--since",
            type=moment,
            metavar="TIME",
            help="Read again from this moment, such as 2026-11-01T00:00Z.",
        )
        which.add_argument("--full", action="store_true", help="Read every won deal again.")
        which.add_argument("--replay-held", action="store_true", help="Read all held deals again.")
        which.add_argument(
            "--sweep", action="store_true", help="Compare all won deals and all imported ones with the CRM."
        )
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen and write nothing.")
        parser.add_argument("--fail-on-held", action="store_true", help="Exit with 4 while deals are held.")
        parser.add_argument(
            "--why", metavar="DEAL", help="Say why this deal (id, link or name) has no contract; no sync."
        )
        self.add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["why"] is not None:
            self.why(options["why"], name=options["connection"], as_json=options["json"])
            return
        if options["sweep"] and any(options[name] for name in NOT_WITH_SWEEP):
            usage("--sweep stands alone: it reads what is missing, whenever that has changed.")
        results = [self.one(connection, options) for connection in self.connections(options)]
        invoices = 0 if options["dry_run"] else self.bill(results)
        code = exit_code(results, fail_on_held=options["fail_on_held"])
        if options["json"]:
            self.stdout.write(
                json.dumps({"runs": results, "invoices": invoices, "exit_code": code}, ensure_ascii=False)
            )
        else:
            for result in results:
                for line in (sentence(result), *result["warnings"]):
                    self.stdout.write(line)
            if not results:
                self.stdout.write("No connection is ready: connect a CRM and confirm its field mapping.")
            if invoices:
                self.stdout.write(f"{invoices} {'invoice' if invoices == 1 else 'invoices'} issued.")
        if code:
            sys.exit(code)

    def why(self, typed: str, *, name: str | None, as_json: bool) -> None:
        """One sentence and its cure. Exit code 0 when there is a contract, or one on its way."""
        planned = partial(next_poll_at, scheduled_at=poll_scheduled_at())
        only = self.named(name) if name else None
        answer = diagnose(typed=typed, now=timezone.now(), next_poll_at=planned, only=only)
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

    def named(self, name: str) -> Connection:
        found = Connection.objects.filter(name=name).first()
        if found is None:
            names = ", ".join(Connection.objects.order_by("name").values_list("name", flat=True))
            usage(f"There is no connection {name}. There are: {names or 'none'}.")
        return found

    def connections(self, options: dict[str, Any]) -> list[Connection]:
        found = Connection.objects.order_by("name")
        if options["connection"]:
            found = found.filter(pk=self.named(options["connection"]).pk)
            if not found[0].is_live or found[0].mapping_version is None:
                usage(f"{found[0]} is not ready: {not_ready(found[0]).rstrip('.')}.")
        wanted = [one for one in found if one.mapping_version is not None and (one.is_live or is_broken(one))]
        if options["deal"] and len(wanted) != 1:
            usage("Name the connection that the deals are in, with --connection.")
        return wanted

    def one(self, connection: Connection, options: dict[str, Any]) -> dict[str, Any]:
        """One connection's run as a JSON-ready mapping. A broken connection has failed without a call."""
        ids = self.deal_ids(connection, options)
        if is_broken(connection):
            return blank(connection, state="failed", error=connection.state_reason)
        if ids is not None and not ids:
            return blank(connection, state="done")
        now = timezone.now()
        trigger = RunTrigger.REPLAY if ids else RunTrigger.COMMAND
        order = Order(
            trigger=RunTrigger.SWEEP if options["sweep"] else trigger,
            as_of=business_day(),
            external_ids=ids or (),
        )
        try:
            if options["since"]:
                refuse_future(since=options["since"], now=now)
            if options["dry_run"]:
                start_at(connection, options)
                return dry_run(connection, order, at=now)
            if options["full"]:
                read_everything(connection=connection, actor=None)
            elif options["since"]:
                read_since(connection=connection, since=options["since"], actor=None)
            with Bar(shown=sys.stderr.isatty() and not options["json"], title=connection.name) as bar:
                run = sync(connection=connection, order=bar.following(order))
        except LeaseHeld as held:
            return blank(connection, state="busy", error=str(held))
        except UnableToSync as unready:
            return blank(connection, state="failed", error=str(unready))
        except UnableToReread as refusal:
            usage(str(refusal))
        return told(connection, run, asked=set(order.external_ids))

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
            return invoice_due(as_of=business_day(), trigger=BillingTrigger.SYNC).issued
        except UnableToIssueInvoice as refusal:
            self.stderr.write(str(refusal))
            return 0


LABELS = {one.value: str(one.label) for one in (*Outcome, *LookedAt)}
COUNTS = ("seen", *LABELS, "missed", "api_calls", "pages")
CHANGES = {outcome.value for outcome in Outcome if outcome is not Outcome.UNCHANGED}
NOT_WITH_SWEEP = ("deal", "since", "full", "replay_held", "dry_run")


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


def start_at(connection: Connection, options: dict[str, Any]) -> None:
    """Where a run would start that is only tried: the row itself stays as it is."""
    start = options["since"]
    if options["full"]:
        connection.forget_cursor()
    elif start and connection.cursor_modified_at and start < connection.cursor_modified_at:
        connection.forget_cursor()
        connection.cursor_modified_at = start


def dry_run(connection: Connection, order: Order, *, at: datetime) -> dict[str, Any]:
    try:
        found = preview(connection=connection, order=order, at=at)
    except SyncError as error:
        return blank(connection, state="failed", error=str(error))
    return blank(connection, state=DRY_RUN) | {
        "seen": found.seen,
        **{outcome.value: count for outcome, count in found.outcomes.items()},
        **found.looked_at,
        "api_calls": found.api_calls,
        "asking": found.asks,
        "would_invoice": {
            currency: {"count": count, "total_minor": found.invoiced[currency]}
            for currency, count in sorted(found.invoices.items())
        },
        "warnings": sorted(found.refusals),
        "reasons": {code.value: count for code, count in found.reasons.items()},
    }


def blank(connection: Connection, *, state: str, error: str = "") -> dict[str, Any]:
    """Every key of a result; what has not happened counts 0. A dry run alone asks and would invoice."""
    return {
        "connection": connection.name,
        "provider": connection.provider,
        "state": state,
        "error": error,
        **dict.fromkeys(COUNTS, 0),
        "reasons": {},
        "asking": 0,
        "would_invoice": {},
        "warnings": [],
        "open_holds": CrmDeal.objects.held().filter(connection=connection).count(),
    }


def told(connection: Connection, run: SyncRun, *, asked: set[str]) -> dict[str, Any]:
    warnings = run.sentences
    missing = len(asked) - run.seen
    if asked and missing > 0 and run.state == RunState.DONE:
        of_all = f"{missing} of {len(asked)} deals"
        warnings.append(f"{of_all} could not be found in {connection}: deleted, or hidden from its user.")
    warnings += unanswered(connection)
    codes = run.records.exclude(code="").values_list("code").annotate(deals=Count("id")).order_by("code")
    return blank(connection, state=run.state, error=run.error) | {
        **{name: getattr(run, name) for name in COUNTS},
        "reasons": dict(codes),
        "warnings": warnings,
    }


def unanswered(connection: Connection) -> list[str]:
    """What waits for a person, with the page that asks."""
    connection.refresh_from_db()
    sentences = []
    if connection.asks_for_start:
        sentences.append(
            f"Deals that closed before {connection.imports_by_itself_from} are imported once somebody starts "
            f"billing: {settings.PUBLIC_URL}{reverse('backfill', args=[connection.pk])}"
        )
    if question := question_of(connection, most=0):
        sentences.append(
            f"{question.sentence} Nothing of it is billed before somebody starts billing: "
            f"{settings.PUBLIC_URL}{connection.get_absolute_url()}#start-billing"
        )
    return sentences


def sentence(result: dict[str, Any]) -> str:
    if result["state"] not in (RunState.DONE, DRY_RUN):
        return f"{result['connection']}: {result['error']}"
    verb = "would be " if result["state"] == DRY_RUN else ""
    counts = ", ".join(
        f"{result[name]} {verb if name in CHANGES else ''}{label[0].lower()}{label[1:]}"
        for name, label in LABELS.items()
        if result[name]
    )
    deals = "deal" if result["seen"] == 1 else "deals"
    missed = f" {result['missed']} of them had been missed." if result["missed"] else ""
    return f"{result['connection']}: {result['seen']} {deals} read, {counts or 'nothing new'}.{missed}"


def exit_code(results: list[dict[str, Any]], *, fail_on_held: bool) -> int:
    states = {result["state"] for result in results}
    if states - {"done", DRY_RUN, "busy"}:
        return FAILED
    if "busy" in states:
        return LEASE_HELD
    if fail_on_held and any(result["open_holds"] or result["held"] for result in results):
        return DEALS_HELD
    return 0


def is_broken(connection: Connection) -> bool:
    return connection.state == ConnectionState.BROKEN


def not_ready(connection: Connection) -> str:
    if not connection.is_live:
        return connection.state_reason or connection.get_state_display().lower()
    return "its field mapping has not been confirmed"


def external_id(connection: Connection, text: str) -> str:
    return facts_of(connection.provider).external_id(text)


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
