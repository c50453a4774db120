import json
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from contracts.currencies import is_known
from contracts.enums import BillingCycle
from crm_sync import connecting, credentials
from crm_sync.clients.salesforce_oauth import renew
from crm_sync.enums import Provider, Target
from crm_sync.errors import SyncError
from crm_sync.mappings import current_rules, lint, save_mapping
from crm_sync.models import Connection

USAGE = 2


class Command(BaseCommand):
    help = "Connects a CRM without a browser. A connection of that name is connected again."

    def add_arguments(self, parser: CommandParser) -> None:
        providers = parser.add_subparsers(dest="provider", required=True, metavar="hubspot|salesforce")
        hubspot = providers.add_parser("hubspot", help="with an access token")
        hubspot.add_argument(
            "--token-file", required=True, help="File with the token; - reads standard input."
        )
        salesforce = providers.add_parser("salesforce", help="with a refresh token of your own app")
        salesforce.add_argument("--login-url", required=True, help="Such as https://acme.my.salesforce.com.")
        salesforce.add_argument("--client-id", required=True, help="Consumer key.")
        salesforce.add_argument("--client-secret-file", required=True)
        salesforce.add_argument("--refresh-token-file", required=True)
        for provider in (hubspot, salesforce):
            provider.add_argument("--name", required=True, help="What to call the connection.")
            provider.add_argument(
                "--import-from", required=True, type=date.fromisoformat, metavar="YYYY-MM-DD"
            )
            provider.add_argument("--accept-proposed-mapping", action="store_true")
            provider.add_argument("--default-term", type=int, metavar="MONTHS")
            provider.add_argument("--default-cycle", choices=BillingCycle.values)
            provider.add_argument("--default-currency", metavar="CUR", default="")
            provider.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *args: Any, **options: Any) -> None:
        currency = options["default_currency"].upper()
        if currency and not is_known(currency=currency):
            raise CommandError(f"{currency} is no ISO 4217 currency code.", returncode=USAGE)
        if not currency and options["provider"] == Provider.SALESFORCE:
            raise CommandError("Name the org's currency with --default-currency.", returncode=USAGE)
        connection, is_new = self.connection(options, currency=currency)
        try:
            self.connect(connection, options)
            confirmed = options["accept_proposed_mapping"] and self.confirm(connection, options)
        except SyncError as error:
            if is_new and connection.org is None:
                connection.delete()
            raise CommandError(str(error)) from None
        self.report(connection, confirmed=bool(confirmed), as_json=options["json"])

    def connection(self, options: dict[str, Any], *, currency: str) -> tuple[Connection, bool]:
        found = Connection.objects.filter(name=options["name"]).first()
        if found is not None and found.provider != options["provider"]:
            raise CommandError(
                f"{found} is a connection to {found.get_provider_display()}. Choose another name.",
                returncode=USAGE,
            )
        connection = found or Connection(provider=options["provider"], name=options["name"])
        if connection.import_from is not None and options["import_from"] < connection.import_from:
            connection.forget_cursor()
        connection.import_from = options["import_from"]
        connection.default_currency = currency or connection.default_currency
        if options["provider"] == Provider.SALESFORCE:
            try:
                connection.login_url = connecting.login_address(
                    choice="my_domain", my_domain=options["login_url"]
                )
            except ValueError as error:
                raise CommandError(str(error), returncode=USAGE) from None
            connection.client_id = options["client_id"].strip()
        connection.save()
        return connection, found is None

    def connect(self, connection: Connection, options: dict[str, Any]) -> None:
        if options["provider"] == Provider.HUBSPOT:
            connecting.connect_hubspot(connection=connection, pasted=read(options["token_file"]), actor=None)
            return
        secret = read(options["client_secret_file"])
        refresh_token = read(options["refresh_token_file"])
        grant = renew(
            transport=credentials.transport_for(connection=connection),
            keys=credentials.app_keys(connection=connection, client_secret=secret),
            refresh_token=refresh_token,
        )
        credentials.store(connection=connection, client_secret=secret)
        kept = grant if grant.refresh_token else replace(grant, refresh_token=refresh_token)
        connecting.accept_grant(connection=connection, grant=kept, actor=None)

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
        blocking = [
            problem.sentence for problem in lint(connection=connection, rules=rules) if problem.blocking
        ]
        if blocking:
            raise CommandError(" ".join([*blocking, "Use --default-term and --default-cycle."]))
        save_mapping(connection=connection, rules=rules, translations=proposed.translations, actor=None)
        return True

    def report(self, connection: Connection, *, confirmed: bool, as_json: bool) -> None:
        if as_json:
            answer = {
                "connection": connection.name,
                "provider": connection.provider,
                "org": str(connection.org),
                "state": connection.state,
                "warnings": connection.warnings,
                "mapping_confirmed": confirmed or connection.mapping_version is not None,
            }
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
            return
        self.stdout.write(f"Connected to {connection.org}.")
        for warning in connection.warnings:
            self.stdout.write(warning)
        if connection.mapping_version is None:
            self.stdout.write(
                "Confirm the field mapping in Settings, Field Mapping; then the first sync starts."
            )


def read(path: str) -> str:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text()
    except OSError as error:
        raise CommandError(f"{path} could not be read: {error.strerror}.", returncode=USAGE) from None
    if not text.strip():
        raise CommandError(f"{path} is empty.", returncode=USAGE)
    return text.strip()
