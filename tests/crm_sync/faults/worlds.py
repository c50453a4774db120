"""A connected CRM with a first import behind it and changes ahead, which can be played again and again."""

import copy
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.test import override_settings

from crm_sync.clients.http import Transport
from crm_sync.connections import authorising, credentials
from crm_sync.enums import ConnectionState, RunTrigger
from crm_sync.importing.fetching import Order
from crm_sync.models import Connection, SyncRun
from crm_sync.sync import sync
from demo.http_server import Server
from demo.hubspot.app import build_app as build_hubspot
from demo.hubspot.portal import Portal
from demo.messages import Application, Request, Response
from demo.salesforce.app import build_app as build_salesforce
from demo.salesforce.org import Org
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.clients.wire import Pauses
from tests.crm_sync.conftest import IMPORT_FROM, authorise, confirm, keys_of
from tests.crm_sync.faults.canaries import EveryWord
from tests.crm_sync.sales import TODAY, sell, sell_in_hubspot
from tests.crm_sync.stored import Rows, stored

RECORDS_A_PAGE = 2
DEALS_A_PAGE = 5
STEP = timedelta(minutes=70)
"""Longer than both overlaps: what a poll passes by is not read again by chance."""
Dump = Mapping[str, Rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a fault strikes: the nth request of a kind and every one after it."""

    endpoint: str
    nth: int = 1
    is_renewal: bool = False
    may_lack_rows: bool = False
    """Where what is absent counts as not there: no answer of a batch tells the two apart."""


@dataclass(slots=True, kw_only=True)
class Watch:
    """What is noted while faults are played."""

    words: EveryWord
    pauses: Pauses = field(default_factory=Pauses)
    reached: list[Any] = field(default_factory=list)


class World:
    """One provider. `keep` and `rewind` stand for the state of the CRM's tokens."""

    connection: Connection
    server: Server
    watch: Watch

    def run(self) -> SyncRun:
        self.connection.refresh_from_db()
        order = Order(trigger=RunTrigger.COMMAND, as_of=TODAY)
        return sync(connection=self.connection, order=order)

    def sweep(self) -> SyncRun:
        self.connection.refresh_from_db()
        return sync(connection=self.connection, order=Order(trigger=RunTrigger.SWEEP, as_of=TODAY))

    def heal(self) -> SyncRun:
        """What time and people do when the trouble is over. The run after it."""
        self.server.faults.clear()
        Connection.objects.filter(pk=self.connection.pk).update(not_before=None)
        if not self.is_broken():
            run = self.run()
            if not self.is_broken():
                return run
        self.reconnect()
        return self.run()

    def is_broken(self) -> bool:
        """At once, or as the next run finds out: another fault may have hidden it so far."""
        self.connection.refresh_from_db()
        return self.connection.state == ConnectionState.BROKEN

    def secrets(self) -> list[str]:
        raise NotImplementedError

    def reconnect(self) -> None:
        raise NotImplementedError

    def expire(self) -> None:
        """Ends the session, where a CRM has such a thing."""

    def tokens(self) -> Any:
        raise NotImplementedError

    def take_back(self, tokens: Any) -> None:
        raise NotImplementedError

    def sell(self, *, amount: int | None) -> str:
        raise NotImplementedError

    def edit(self, deal: str, *, kind: str, amount: int) -> None:
        raise NotImplementedError

    def later(self) -> datetime:
        raise NotImplementedError

    def forget(self) -> None:
        """Which calls were noted so far."""
        self.watch.reached.clear()
        self.server.reset_requests()


class SalesforceWorld(World):
    positions = {
        "token": Position(endpoint=r"^POST /services/oauth2/token", is_renewal=True),
        "first page": Position(endpoint=r"FROM Opportunity\b|/query(All)?/0r8"),
        "middle page": Position(endpoint=r"/query(All)?/0r8"),
        "last page": Position(endpoint=rf"/query(?:All)?/0r8\w+-{2 * DEALS_A_PAGE}$"),
    }

    def __init__(self, *, watch: Watch) -> None:
        self.watch = watch
        self.clock = StandingClock()
        self.org = Org(clock=self.clock)
        self.org.max_page_size = DEALS_A_PAGE
        self.org.grants.refresh_seconds = 0
        self.org.grants.session_seconds = 10**9
        self.org.add_user(name="Ada Admin", email="ada@acme.example")
        self.server = Server(build_salesforce(self.org))

    def connect(self) -> None:
        app = next(iter(self.org.grants.apps.values()))
        self.connection = Connection.objects.create(
            provider="salesforce",
            name="Salesforce",
            login_url=self.server.url,
            client_id=app.consumer_key,
            import_from=IMPORT_FROM,
            default_currency="USD",
        )
        credentials.store(connection=self.connection, client_secret=app.consumer_secret)
        self.reconnect()
        confirm(self.connection)

    def reconnect(self) -> None:
        grant = authorise(org=self.org, connection=self.connection)
        keys = keys_of(connection=self.connection, org=self.org)
        authorising.accept_grant(connection=self.connection, grant=grant, keys=keys, actor=None)

    def expire(self) -> None:
        self.org.expire_access_tokens()

    def tokens(self) -> Any:
        grants = self.org.grants
        return copy.deepcopy((grants.approvals, grants.access))

    def take_back(self, tokens: Any) -> None:
        grants = self.org.grants
        grants.approvals, grants.access = copy.deepcopy(tokens)

    def secrets(self) -> list[str]:
        grants = self.org.grants
        refresh_tokens = [token for approval in grants.approvals for token in approval.refresh_tokens]
        app_secrets = [app.consumer_secret for app in grants.apps.values()]
        return [*grants.access, *grants.codes, *refresh_tokens, *app_secrets]

    def begin(self) -> list[str]:
        """Four won deals, one of them held."""
        return [
            sell(self.org, Name=name, modified_at=self.later(), **fields)
            for name, fields in (
                ("stays", {}),
                ("changes", {}),
                ("leaves", {}),
                ("is mended", {"Amount": None}),
            )
        ]

    def change(self, deals: list[str]) -> None:
        """Thirteen changed deals, each of an hour of its own."""
        _, changes, leaves, is_mended = deals
        shared = self.org.add_account("Bolt")
        self.org.edit(changes, Amount=4800, modified_at=self.later())
        self.org.edit(leaves, StageName="Closed Lost", modified_at=self.later())
        self.org.edit(is_mended, Amount=900, modified_at=self.later())
        for number in range(8):
            account = {"account": shared} if number % 3 else {}
            sell(self.org, Name=f"new {number}", Amount=1000 + number, modified_at=self.later(), **account)
        sell(self.org, Name="held", Amount=None, modified_at=self.later())
        sell(self.org, Name="open", StageName="Prospecting", modified_at=self.later())
        self.later()

    def later(self) -> datetime:
        self.clock.move(STEP)
        return self.clock.now

    def sell(self, *, amount: int | None) -> str:
        return sell(self.org, Amount=amount, modified_at=self.later())

    def edit(self, deal: str, *, kind: str, amount: int) -> None:
        fields = {
            "price": {"Amount": amount},
            "leave": {"StageName": "Closed Lost"},
            "win": {"StageName": "Closed Won"},
            "rename": {"Name": f"Deal of {amount}"},
        }
        self.org.edit(deal, modified_at=self.later(), **fields[kind])


class HubSpotWorld(World):
    positions = {
        "pipelines": Position(endpoint=r"^GET /crm/.*pipelines"),
        "first search": Position(endpoint=r"^POST /crm/.*deals/search"),
        "middle search": Position(endpoint=r"^POST /crm/.*deals/search", nth=3),
        "last search": Position(endpoint=r"^POST /crm/.*deals/search", nth=7),
        "batch read": Position(endpoint=r"^POST /crm/.*deals/batch/read", may_lack_rows=True),
        "associations": Position(endpoint=r"^POST /crm/.*associations.*/batch/read", may_lack_rows=True),
        "companies": Position(endpoint=r"^POST /crm/.*objects.*companies/batch/read", may_lack_rows=True),
    }

    def __init__(self, *, watch: Watch) -> None:
        self.watch = watch
        self.clock = StandingClock()
        self.portal = Portal(clock=self.clock)
        self.server = Server(build_hubspot(self.portal, intercept=in_small_pages))

    def connect(self) -> None:
        self.connection = Connection.objects.create(
            provider="hubspot", name="HubSpot", import_from=IMPORT_FROM, default_currency="USD"
        )
        self.reconnect()
        confirm(self.connection)

    def reconnect(self) -> None:
        token = self.portal.issue_token()
        authorising.connect_with_pasted(connection=self.connection, pasted=token, actor=None)

    def tokens(self) -> Any:
        return copy.deepcopy(self.portal.tokens)

    def take_back(self, tokens: Any) -> None:
        self.portal.tokens = copy.deepcopy(tokens)

    def secrets(self) -> list[str]:
        return list(self.portal.tokens)

    def begin(self) -> list[str]:
        deals = [
            sell_in_hubspot(self.portal, dealname=name, **fields)
            for name, fields in (
                ("stays", {}),
                ("changes", {}),
                ("leaves", {}),
                ("is mended", {"amount": None}),
            )
        ]
        self.later()
        return deals

    def change(self, deals: list[str]) -> None:
        _, changes, leaves, is_mended = deals
        shared = self.portal.add_company(name="Bolt", domain="bolt.example")
        for deal, properties in (
            (changes, {"amount": "4800"}),
            (leaves, {"dealstage": "closedlost"}),
            (is_mended, {"amount": "900"}),
        ):
            self.later()
            self.portal.update_deal(deal, **properties)
        for number in range(8):
            self.later()
            company = {"company_id": shared} if number % 3 else {}
            sell_in_hubspot(self.portal, dealname=f"new {number}", amount=str(1000 + number), **company)
        self.later()
        sell_in_hubspot(self.portal, dealname="held", amount=None)
        sell_in_hubspot(self.portal, dealname="open", dealstage="appointmentscheduled")
        self.later()

    def later(self) -> datetime:
        self.clock.move(STEP)
        return self.clock.now

    def sell(self, *, amount: int | None) -> str:
        self.later()
        return sell_in_hubspot(self.portal, amount=None if amount is None else str(amount))

    def edit(self, deal: str, *, kind: str, amount: int) -> None:
        properties = {
            "price": {"amount": str(amount)},
            "leave": {"dealstage": "closedlost"},
            "win": {"dealstage": "closedwon"},
            "rename": {"dealname": f"Deal of {amount}"},
        }
        self.later()
        self.portal.update_deal(deal, **properties[kind])


@contextmanager
def prepared(world: World) -> Iterator[None]:
    """Connected, with its first import done and changes waiting. Waits and limits are short from here on."""
    with ExitStack() as stack:
        stack.enter_context(world.server)
        origins = [world.server.url]
        stack.enter_context(override_settings(CRM_TRUSTED_ORIGINS=origins, HUBSPOT_API_URL=world.server.url))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setitem(Transport.__init__.__kwdefaults__, "pause", world.watch.pauses)
        note_connections(world.watch, patch=patch)
        stack.enter_context(as_in_a_test())
        world.connect()
        world.change(begun(world))
        yield


def begun(world: World) -> list[str]:
    deals = world.begin()
    assert world.run().state == "done"
    return deals


@contextmanager
def as_in_a_test() -> Iterator[None]:
    """A transaction around everything, in which durable ones are savepoints. Nothing of it stays."""
    around = transaction.atomic()
    around._from_testcase = True
    around.__enter__()
    try:
        yield
    finally:
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


@contextmanager
def rewound(world: World) -> Iterator[None]:
    """Whatever is done inside, the database and the CRM's tokens are as before afterwards."""
    tokens, point = world.tokens(), transaction.savepoint()
    world.forget()
    try:
        yield
    finally:
        world.server.faults.clear()
        transaction.savepoint_rollback(point)
        world.take_back(tokens)


def dump() -> Dump:
    """The business rows, checked against the constraints that wait for a commit."""
    with database.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return stored(but=["records", "cursors"])


def note_connections(watch: Watch, *, patch: pytest.MonkeyPatch) -> None:
    """Every address outside this process that a socket is connected to."""
    connect = socket.socket.connect

    def noting(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            watch.reached.append(address)
        return connect(self, address)

    patch.setattr(socket.socket, "connect", noting)


def in_small_pages(request: Request, answer: Application) -> Response:
    """A portal that shows two records to a search, however many it is asked for."""
    if request.path.endswith("/search"):
        asked = request.json()
        asked["limit"] = min(asked.get("limit", 10), RECORDS_A_PAGE)
        request = replace(request, body=json.dumps(asked).encode())
    return answer(request)
