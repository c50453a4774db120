import json
import sys
from argparse import ArgumentTypeError
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from contracts.currencies import is_known
from contracts.enums import BillingCycle
from crm_sync.clients.facts import ProviderFacts
from crm_sync.clients.registry import PROVIDERS, facts_of
from crm_sync.connections import authorising
from crm_sync.connections.loose_grants import is_waiting
from crm_sync.connections.settings import save_settings
from crm_sync.enums import ConnectionMode, Target, TermUnit
from crm_sync.errors import SyncError, TransientError
from crm_sync.management.first_import import lines_of, previewed, start
from crm_sync.mapping.readers import Unreadable, read_months
from crm_sync.mapping.store import current_rules, lint, save_mapping
from crm_sync.models import Backfill, Connection
from fincelo.one_sentence import OneSentenceCommand
from fincelo.validators import one_line

USAGE = 2


class Command(OneSentenceCommand):
    help = "Connects a CRM without a browser. A connection of that name is connected again."

    def add_arguments(self, parser: CommandParser) -> None:
        providers = parser.add_subparsers(dest="provider", required=True, metavar="|".join(sorted(PROVIDERS)))
        for provider in [ways_in(crm, providers) for crm in PROVIDERS.values()]:
            provider.add_argument("--name", required=True, help="What to call the connection.")
            provider.add_argument("--import-from", required=True, type=day, metavar="YYYY-MM-DD")
            provider.add_argument("--accept-proposed-mapping", action="store_true")
            provider.add_argument("--default-term", type=months, metavar="MONTHS")
            provider.add_argument("--default-cycle", choices=BillingCycle.values)
            provider.add_argument(
                "--term-unit", choices=TermUnit.values, help="What plain numbers of the contract term are."
            )
            provider.add_argument("--default-currency", metavar="CUR", default="")
            provider.add_argument(
                "--time-zone",
                metavar="ZONE",
                default="",
                help="For a CRM that does not tell its own, such as America/New_York.",
            )
            provider.add_argument("--mode", choices=ConnectionMode.values, help="Live where none is named.")
            provider.add_argument(
                "--yes",
                action="store_true",
                help="Start billing deals that closed before today at once, as without a terminal.",
            )
            self.add_json(provider)

    def handle(self, *args: Any, **options: Any) -> None:
        currency = options["default_currency"].upper()
        if currency and not is_known(currency=currency):
            raise CommandError(f"{currency} is no ISO 4217 currency code.", returncode=USAGE)
        if not currency and not facts_of(options["provider"]).tells_currency:
            raise CommandError("Name the org's currency with --default-currency.", returncode=USAGE)
        zone = options["time_zone"]
        if zone and zone not in available_timezones():
            raise CommandError(f"{zone} is no time zone such as Europe/Berlin.", returncode=USAGE)
        secrets = {name: read(options[name]) for name in secret_files(options["provider"])}
        connection = self.connection(options, currency=currency)
        is_new = connection.pk is None
        try:
            if is_new:
                connection.save()
            self.connect(connection, secrets)
        except SyncError as error:
            if is_new:
                connection.delete()
            crm = connection.get_provider_display()
            raise CommandError(with_what_is_kept(error, secrets, crm=crm)) from None
        if not is_new:
            changes = {"import_from": options["import_from"]} | (
                {"default_currency": currency} if currency else {}
            )
            changes |= {"mode": options["mode"]} if options["mode"] else {}
            save_settings(connection=connection, changes=changes, actor=None)
        if zone and not connection.time_zone:
            save_settings(connection=connection, changes={"time_zone": zone}, actor=None)
        confirmed = options["accept_proposed_mapping"] and self.confirm(connection, options)
        preview = previewed(connection) if connection.asks_for_start else None
        if options["json"]:
            self.report_json(connection, confirmed=bool(confirmed), preview=preview)
        else:
            self.report(connection)
            self.first_import(connection, preview, asks=self.is_terminal and not options["yes"])

    def connection(self, options: dict[str, Any], *, currency: str) -> Connection:
        """The connection of that name or a new one, with the address to connect to. Nothing is stored yet."""
        connection = Connection.objects.filter(name=options["name"]).first() or Connection(
            provider=options["provider"],
            name=options["name"],
            import_from=options["import_from"],
            default_currency=currency,
            mode=options["mode"] or ConnectionMode.LIVE,
        )
        try:
            one_line(connection.name)
        except ValidationError as error:
            raise CommandError(error.message, returncode=USAGE) from None
        if connection.provider != options["provider"]:
            raise CommandError(
                f"{connection} is a connection to {connection.get_provider_display()}. Choose another name.",
                returncode=USAGE,
            )
        grants = facts_of(connection.provider).grants
        if grants is not None:
            try:
                connection.login_url = authorising.login_address(
                    provider=connection.provider,
                    choice=grants.places[-1].key,
                    own_address=options["login_url"],
                )
            except ValueError as error:
                raise CommandError(str(error), returncode=USAGE) from None
            connection.client_id = options["client_id"].strip()
        return connection

    def connect(self, connection: Connection, secrets: dict[str, str]) -> None:
        if facts_of(connection.provider).token is not None:
            authorising.connect_with_pasted(connection=connection, pasted=secrets["token_file"], actor=None)
            return
        authorising.connect_with_token(
            connection=connection,
            client_secret=secrets["client_secret_file"],
            refresh_token=secrets["refresh_token_file"],
            actor=None,
        )

    def confirm(self, connection: Connection, options: dict[str, Any]) -> bool:
        defaults = {
            Target.DURATION: str(options["default_term"] or ""),
            Target.BILLING_CYCLE: options["default_cycle"] or "",
        }
        proposed = current_rules(connection=connection)
        rules = [
            replace(rule, default_value=defaults.get(rule.target) or rule.default_value)
            for rule in proposed.rules
        ]
        if options["term_unit"]:
            unit = TermUnit(options["term_unit"])
            rules = [
                replace(rule, term_unit=unit) if rule.target is Target.DURATION else rule for rule in rules
            ]
        blocking = [
            problem.sentence for problem in lint(connection=connection, rules=rules) if problem.blocking
        ]
        if blocking:
            raise CommandError(" ".join([*blocking, "Use --default-term, --default-cycle and --term-unit."]))
        save_mapping(connection=connection, rules=rules, translations=proposed.translations, actor=None)
        return True

    @property
    def is_terminal(self) -> bool:
        return sys.stdin.isatty() and self.stdout.isatty()

    def first_import(self, connection: Connection, preview: Backfill | None, *, asks: bool) -> None:
        """Says what the earlier deals come to, and starts their import at once or when it was answered."""
        if preview is None:
            return
        for line in lines_of(preview):
            self.stdout.write(line)
        start(preview, ask=self.ask if asks else None, write=self.stdout.write)

    def ask(self, question: str) -> bool:
        self.stdout.write(f"{question} [y/N] ", ending="")
        self.stdout.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def report_json(self, connection: Connection, *, confirmed: bool, preview: Backfill | None) -> None:
        answer = {
            "connection": connection.name,
            "provider": connection.provider,
            "org": str(connection.org),
            "state": connection.state,
            "mode": connection.mode,
            "warnings": connection.sentences,
            "mapping_confirmed": confirmed or connection.mapping_version is not None,
        }
        if preview is not None:
            start(preview, ask=None, write=lambda line: None)
            answer["first_import"] = {"deals": preview.seen, **preview.totals}
        self.stdout.write(json.dumps(answer, ensure_ascii=False))

    def report(self, connection: Connection) -> None:
        self.stdout.write(f"Connected to {connection.org}.")
        for sentence in connection.sentences:
            self.stdout.write(sentence)
        if connection.mapping_version is None:
            self.stdout.write(
                "Confirm the field mapping in Settings, Field Mapping; then the first sync starts."
            )


def ways_in(crm: ProviderFacts, providers: Any) -> CommandParser:
    """The words of one CRM, with the files that its secrets are in."""
    if crm.grants is None:
        parser: CommandParser = providers.add_parser(crm.key, help="with an access token")
        parser.add_argument(
            "--token-file", required=True, help="File with the token; - reads standard input."
        )
        return parser
    parser = providers.add_parser(crm.key, help="with a refresh token of your own app")
    parser.add_argument("--login-url", required=True, help=f"Such as {crm.grants.example}.")
    parser.add_argument("--client-id", required=True, help="Consumer key.")
    parser.add_argument("--client-secret-file", required=True)
    parser.add_argument("--refresh-token-file", required=True)
    return parser


def secret_files(provider: str) -> tuple[str, ...]:
    return ("token_file",) if facts_of(provider).token else ("client_secret_file", "refresh_token_file")


def with_what_is_kept(error: SyncError, secrets: dict[str, str], *, crm: str) -> str:
    """Why the connect failed, and what becomes of the refresh token that came in a file."""
    token = secrets.get("refresh_token_file")
    if not token or not is_waiting(token=token):
        return str(error)
    told = error.sentence if isinstance(error, TransientError) else str(error)  # no poll tries this again
    return (
        f"{told} The access of this refresh token is kept for a day: run the command again with the same "
        f"file. After that Fincelo revokes it at {crm}."
    )


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no day such as 2026-11-01") from None


def months(text: str) -> int:
    """Reads a term as the mapping will."""
    try:
        return read_months(text, unit=TermUnit.MONTHS)
    except Unreadable as problem:
        raise ArgumentTypeError(f"{text!r} {problem.sentence}") from None


def read(path: str) -> str:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CommandError(f"{path} could not be read: {reason}.", returncode=USAGE) from None
    if not text.strip():
        raise CommandError(f"{path} is empty.", returncode=USAGE)
    return text.strip()
