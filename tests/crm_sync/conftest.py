"""Connections to the simulated CRMs, over real HTTP and by way of the product's own functions."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial

import pytest
from django.contrib.auth.models import Permission, User

from contracts.enums import BillingCycle
from crm_sync.clients.http import Transport
from crm_sync.clients.salesforce import oauth
from crm_sync.connections import authorising, credentials
from crm_sync.enums import RunTrigger, Target
from crm_sync.importing.fetching import Order
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import current_rules, save_mapping
from crm_sync.models import Connection, SyncRun
from crm_sync.sync import sync
from demo.http_server import Server
from demo.hubspot.app import build_app as build_hubspot
from demo.hubspot.portal import Portal
from demo.salesforce.app import build_app as build_salesforce
from demo.salesforce.org import Org
from tests.crm_sync.clients.wire import Pauses
from tests.crm_sync.connections.killed_calls import dies_after  # noqa: F401  a fixture for all
from tests.processes import Manage, environment_for

IMPORT_FROM = date(2026, 1, 1)
Run = Callable[..., SyncRun]


@pytest.fixture(autouse=True)
def sleepless(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    """Runs sleep on paper only: the seconds they were asked to sleep."""
    pauses = Pauses()
    monkeypatch.setattr(credentials, "Transport", partial(Transport, pause=pauses))
    return pauses


@pytest.fixture
def finance(db: None) -> User:
    """Decides what is billed, and has no right to any page."""
    fiona = User.objects.create_user("fiona")
    fiona.user_permissions.add(Permission.objects.get(codename="approve_contract"))
    return User.objects.get(pk=fiona.pk)


@pytest.fixture
def org() -> Org:
    org = Org()
    org.add_user(name="Ada Admin", email="ada@acme.example")
    return org


@pytest.fixture
def salesforce_server(org: Org, settings) -> Iterator[Server]:
    server = Server(build_salesforce(org)).start()
    settings.CRM_TRUSTED_ORIGINS = [*settings.CRM_TRUSTED_ORIGINS, server.url]
    yield server
    server.stop()


@pytest.fixture
def portal() -> Portal:
    return Portal()


@pytest.fixture
def hubspot_server(portal: Portal, settings) -> Iterator[Server]:
    server = Server(build_hubspot(portal)).start()
    settings.CRM_TRUSTED_ORIGINS = [*settings.CRM_TRUSTED_ORIGINS, server.url]
    settings.HUBSPOT_API_URL = server.url
    yield server
    server.stop()


@pytest.fixture
def salesforce(db: None, org: Org, salesforce_server: Server) -> Connection:
    """A connected Salesforce with its proposed mapping confirmed."""
    app = next(iter(org.grants.apps.values()))
    connection = Connection.objects.create(
        provider="salesforce",
        name="Salesforce",
        login_url=salesforce_server.url,
        client_id=app.consumer_key,
        import_from=IMPORT_FROM,
        default_currency="USD",
    )
    credentials.store(connection=connection, client_secret=app.consumer_secret)
    grant = authorise(org=org, connection=connection)
    keys = keys_of(connection=connection, org=org)
    authorising.accept_grant(connection=connection, grant=grant, keys=keys, actor=None)
    confirm(connection)
    salesforce_server.reset_requests()
    return connection


def keys_of(*, connection: Connection, org: Org) -> oauth.AppKeys:
    secret = org.grants.apps[connection.client_id].consumer_secret
    return credentials.app_keys(connection=connection, client_secret=secret)


def authorise(*, org: Org, connection: Connection) -> oauth.Grant:
    """What the browser's round trip ends with: a code, exchanged by the product."""
    app = org.grants.apps[connection.client_id]
    redirect_uri = "http://127.0.0.1/api/crm/salesforce/callback"
    url, verifier = oauth.authorise_url(
        login_url=connection.login_url,
        client_id=connection.client_id,
        redirect_uri=redirect_uri,
        scopes="full refresh_token",
        state="a-state",
    )
    code = org.grants.issue_code(
        app=app,
        user_id=next(iter(org.tables["User"])),
        redirect_uri=redirect_uri,
        scopes=["full", "refresh_token"],
        challenge=url.partition("code_challenge=")[2].partition("&")[0],
    )
    return oauth.exchange_code(
        transport=credentials.transport_for(connection=connection),
        keys=credentials.app_keys(connection=connection, client_secret=app.consumer_secret),
        code=code,
        verifier=verifier,
        redirect_uri=redirect_uri,
    )


@pytest.fixture
def hubspot(db: None, portal: Portal, hubspot_server: Server) -> Connection:
    """A connected HubSpot with its proposed mapping confirmed."""
    connection = Connection.objects.create(
        provider="hubspot", name="HubSpot", import_from=IMPORT_FROM, default_currency="USD"
    )
    authorising.connect_with_pasted(connection=connection, pasted=portal.issue_token(), actor=None)
    confirm(connection)
    hubspot_server.reset_requests()
    return connection


def confirm(
    connection: Connection,
    *,
    defaults: dict[Target, str] | None = None,
    translations: dict[str, BillingCycle] | None = None,
) -> None:
    """Confirms the mapping as proposed, with default values for some fields. No earlier deal waits."""
    wanted = defaults or {}
    rules = [
        FieldRule(
            target=rule.target,
            source_object=rule.source_object,
            source_field=rule.source_field,
            default_value=wanted.get(rule.target, rule.default_value),
        )
        for rule in current_rules(connection=connection).rules
    ]
    tables = {Target.BILLING_CYCLE.value: translations or {}}
    save_mapping(connection=connection, rules=rules, translations=tables, actor=None)
    let_in(connection)


def let_in(connection: Connection) -> None:
    """As after somebody has started billing: no earlier deal waits to be looked at."""
    Connection.objects.filter(pk=connection.pk).update(automatic_from=None)
    connection.refresh_from_db(fields=["automatic_from"])


@pytest.fixture
def run() -> Run:
    """Runs a sync by hand, as of a fixed day."""

    def run_once(connection: Connection, *, as_of: date = date(2026, 11, 22), **order) -> SyncRun:
        connection.refresh_from_db()
        return sync(connection=connection, order=Order(trigger=RunTrigger.COMMAND, as_of=as_of, **order))

    return run_once


@pytest.fixture
def manage(database_url: str, salesforce_server: Server, hubspot_server: Server) -> Manage:
    """`manage.py` in processes of its own, on the database and the CRMs of this test."""
    return Manage(environment=environment_for(database_url=database_url))
