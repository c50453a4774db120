"""One simulated Salesforce org: records, schema, tokens, and the switches that tests and the demo turn."""

import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from demo.http_server import Request, Response
from demo.salesforce import defaults
from demo.salesforce.columns import Row
from demo.salesforce.grants import App, Grants, Issued
from demo.salesforce.ids import DIGITS, numbered_id
from demo.salesforce.query import Result, run
from demo.salesforce.records import Records, utc_now
from demo.salesforce.schema import MULTI_CURRENCY, PERSON_ACCOUNTS, Field, PicklistValue
from demo.salesforce.usage import DailyCalls, Running
from demo.salesforce.values import Value

CURSOR_LIFE = timedelta(days=2)
BULK_TERMS = (12, 24, 36, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A result of which more pages can be asked for."""

    locator: str
    result: Result
    page_size: int
    opened_at: datetime


class Org(Records):
    """Starts with its custom fields, stages, one user and one app, and without deals.

    These attributes may be set at any moment: `currency`, `instance_url`, `identity_host`,
    `oldest_version` and `newest_version` (older ones are retired), `max_page_size`,
    `limit_info_form` (plain, bursts, per_app, None), `intercept`, `replication_id_limit`;
    `api_limit` and `api_used`, the calls of the last 24 hours;
    `query_seconds`, how long a query takes, and `query_timeout_rows`, beyond which it runs too long;
    `long_request_limit`, how many requests may run for `long_request_seconds` and more at once;
    `bulk_polls`, how often a bulk job is asked for before it is complete;
    `refuse_data_with`, the name of a refusal that every data call meets (such as not_for_rest);
    `login_hosts`, hosts (with port) that serve no data; `moved_hosts`, old hosts that redirect data calls to
    `instance_url` with the status `moved_status`.
    """

    def __init__(self, *, seed: int = 1, clock: Callable[[], datetime] = utc_now) -> None:
        super().__init__(seed=seed, clock=clock)
        self.seed = seed
        self.instance_url = ""
        self.identity_host = "https://login.salesforce.com"
        self.newest_version = 68
        self.oldest_version = 31
        self.max_page_size = 2000
        self.limit_info_form: str | None = "plain"
        self.api_limit = 15_000
        self.query_seconds = 0.0
        self.query_timeout_rows: int | None = None
        self.long_request_limit = 5
        self.long_request_seconds = 20.0
        self.replication_id_limit = 600_000
        self.bulk_polls = 0
        self.refuse_data_with = ""
        self.login_hosts: set[str] = set()
        self.moved_hosts: set[str] = set()
        self.moved_status = 302
        self.running = Running()
        self._calls = DailyCalls(now=self.now)
        self.intercept: Callable[[Request], Response | None] | None = None
        self.passwords: dict[str, str] = {}
        self._cursors: dict[str, Cursor] = {}
        self.org_id = self.add("Organization", Name=defaults.ORGANIZATION_NAME)
        self.admin_id = self.add_user(name=defaults.ADMIN_NAME, email=defaults.ADMIN_EMAIL)
        for custom in defaults.CUSTOM_FIELDS:
            self.add_field("Opportunity", custom)
        self.set_stages(defaults.STAGES)
        self.grants = Grants(
            org_id=self.org_id, now=lambda: self.clock(), lock=self.lock, is_active=self._is_active
        )
        self.app = self.add_app(name="Billing importer", rng=random.Random(seed))

    def add_account(self, name: str, **fields: Any) -> str:
        return self.add("Account", Name=name, **fields)

    def add_user(self, *, name: str, email: str, password: str = defaults.DEMO_PASSWORD) -> str:
        """A person who owns deals and may sign in with the e-mail address as user name."""
        first, last = name.rsplit(" ", 1)
        self.passwords[email] = password
        return self.add(
            "User",
            Username=email,
            Name=name,
            FirstName=first,
            LastName=last,
            Email=email,
            Alias=email.partition("@")[0][:8],
        )

    def add_app(self, *, name: str, rng: random.Random) -> App:
        app = App(
            name=name,
            consumer_key="3MVG9" + "".join(rng.choices(DIGITS, k=80)),
            consumer_secret="".join(rng.choices("0123456789ABCDEF", k=64)),
            scopes=list(defaults.APP_SCOPES),
        )
        self.grants.apps[app.consumer_key] = app
        return app

    def add_won_deals(self, count: int, *, modified_at: datetime | None = None) -> list[str]:
        """Complete won deals, four to an account and 200 to a second, the newest at `modified_at`."""
        newest = modified_at or self.now()
        with self.lock:
            first = len(self.tables["Opportunity"])
            accounts = [
                self.add_account(f"Bulk Customer {first + n:06}", BillingCountry="Ireland")
                for n in range(0, count, 4)
            ]
            return [
                self.add(
                    "Opportunity",
                    modified_at=newest - timedelta(seconds=(count - 1 - n) // 200),
                    Name=f"Bulk deal {first + n:06}",
                    StageName="Closed Won",
                    Amount=1200 + 12.5 * (n % 5000),
                    CloseDate=newest.date(),
                    AccountId=accounts[n // 4],
                    Contract_Term__c=BULK_TERMS[n % len(BULK_TERMS)],
                    Billing_Frequency__c=defaults.FREQUENCIES[n % len(defaults.FREQUENCIES)],
                    PO_Number__c=f"PO-{first + n:06}",
                )
                for n in range(count)
            ]

    @property
    def api_used(self) -> int:
        return self._calls.total

    @api_used.setter
    def api_used(self, calls: int) -> None:
        self._calls.total = calls

    def count_calls(self, calls: int) -> None:
        self._calls.count(calls)

    @property
    def multi_currency(self) -> bool:
        return MULTI_CURRENCY in self.schema.features

    @multi_currency.setter
    def multi_currency(self, switched_on: bool) -> None:
        self._switch(MULTI_CURRENCY, switched_on=switched_on)

    @property
    def person_accounts(self) -> bool:
        return PERSON_ACCOUNTS in self.schema.features

    @person_accounts.setter
    def person_accounts(self, switched_on: bool) -> None:
        self._switch(PERSON_ACCOUNTS, switched_on=switched_on)

    def add_field(self, object_name: str, added: Field) -> None:
        with self.lock:
            self.schema.add(object_name, added)
            self._schema_changed()

    def remove_field(self, object_name: str, name: str) -> None:
        with self.lock:
            self.schema.remove(object_name, name)
            self._schema_changed()

    def hide_object(self, object_name: str) -> None:
        """No permission to read an object: to the user it is not there, nor are the ways to it."""
        with self.lock:
            self.schema.hidden_objects.add(object_name)
            self.changes += 1

    def show_object(self, object_name: str) -> None:
        with self.lock:
            self.schema.hidden_objects.discard(object_name)
            self.changes += 1

    def hide_field(self, object_name: str, name: str) -> None:
        """Field-level security. Unlike other changes it leaves describe's Last-Modified where it was."""
        with self.lock:
            self.schema.hide(object_name, name)
            self.changes += 1

    def show_field(self, object_name: str, name: str) -> None:
        with self.lock:
            self.schema.show(object_name, name)
            self.changes += 1

    def set_stages(self, stages: Sequence[dict[str, Value]]) -> None:
        """Replaces the stages. Each needs ApiName; IsClosed, IsWon, MasterLabel, IsActive as they apply."""
        with self.lock:
            self.tables["OpportunityStage"] = {}
            for order, stage in enumerate(stages, start=1):
                fields: dict[str, Any] = {"MasterLabel": stage["ApiName"], "SortOrder": order, **stage}
                self.add("OpportunityStage", **fields)
            self.refresh_stage_list()

    def rename_stage(self, api_name: str, *, label: str) -> None:
        """Another label; deals keep the API name, yet their system stamps move."""
        with self.lock:
            self._stage(api_name)["MasterLabel"] = label
            self._stage_changed(api_name)

    def replace_stage(self, api_name: str, *, new_name: str) -> None:
        """Another API name, which every deal in the stage takes on. Only their system stamps move."""
        with self.lock:
            self._stage(api_name).update(ApiName=new_name, MasterLabel=new_name)
            for row in self.records("Opportunity"):
                if row["StageName"] == api_name:
                    row["StageName"] = new_name
            self._stage_changed(new_name)

    def set_stage_active(self, api_name: str, *, active: bool) -> None:
        with self.lock:
            self._stage(api_name)["IsActive"] = active
            self.refresh_stage_list()

    def _stage(self, api_name: str) -> Row:
        return next(row for row in self.records("OpportunityStage") if row["ApiName"] == api_name)

    def _stage_changed(self, api_name: str) -> None:
        for row in self.records("Opportunity"):
            if row["StageName"] == api_name:
                self.touch(str(row["Id"]))
        self.refresh_stage_list()

    def refresh_stage_list(self) -> None:
        """Brings the picklist of StageName in line with the stages."""
        rows = self.records("OpportunityStage")
        values = [
            PicklistValue(
                value=str(row["ApiName"]), label=str(row["MasterLabel"]), active=bool(row["IsActive"])
            )
            for row in rows
        ]
        self.schema.set_picklist("Opportunity", "StageName", values)
        self._schema_changed()

    def query(self, text: str, *, data_url: str, with_deleted: bool) -> Result:
        with self.lock:
            return run(
                text,
                schema=self.schema,
                tables=self.visible_tables(),
                data_url=data_url,
                with_deleted=with_deleted,
                user_now=self.now().astimezone(ZoneInfo(str(self.record(self.admin_id)["TimeZoneSidKey"]))),
            )

    def open_cursor(self, result: Result, *, page_size: int) -> Cursor:
        """Keeps a result, so that its next pages can be asked for during two days."""
        locator = numbered_id(prefix="0r8", number=self.next_number("locator"))
        cursor = Cursor(locator=locator, result=result, page_size=page_size, opened_at=self.now())
        if result.size > page_size:
            with self.lock:
                self._cursors = {key: each for key, each in self._cursors.items() if self._is_open(each)}
                self._cursors[locator] = cursor
        return cursor

    def find_cursor(self, locator: str) -> Cursor | None:
        with self.lock:
            cursor = self._cursors.get(locator)
            return cursor if cursor and self._is_open(cursor) else None

    def expire_cursors(self) -> None:
        with self.lock:
            self._cursors.clear()

    def write_rows(self, result: Result, *, start: int, end: int) -> list[str]:
        """Part of a result with the rows as they are now; it may come out short."""
        with self.lock:
            if result.written is not None:
                return result.written[start:end]
            table = self.visible_tables()[result.object_name]
            return [result.write(table[each]) for each in result.ids[start:end] if each in table]

    def connect(self) -> Issued:
        """Tokens as if the first user had just allowed the app everything it may ask for."""
        return self.grants.approve(app=self.app, user_id=self.admin_id, scopes=list(self.app.scopes))

    def expire_access_tokens(self) -> None:
        self.grants.expire_access_tokens()

    def revoke_tokens(self) -> None:
        self.grants.revoke_all()

    def rotate_secret(self) -> str:
        """A new consumer secret, applied: all tokens of the app end. Returns the secret."""
        with self.lock:
            self.app.consumer_secret = secrets.token_hex(32).upper()
            self.grants.revoke_app(self.app)
            return self.app.consumer_secret

    def _is_open(self, cursor: Cursor) -> bool:
        return self.now() - cursor.opened_at < CURSOR_LIFE

    def _is_active(self, user_id: str) -> bool:
        return bool(self.tables["User"][user_id]["IsActive"])

    def _switch(self, feature: str, *, switched_on: bool) -> None:
        with self.lock:
            (self.schema.features.add if switched_on else self.schema.features.discard)(feature)
            self._schema_changed()

    def _schema_changed(self) -> None:
        self.schema_changed_at = self.now()
        self.changes += 1
