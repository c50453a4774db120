"""What a person sees of a Salesforce connection, and how it is struck and mended."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from contracts.models import Contract
from crm_sync.connections import authorising
from crm_sync.models import Connection, SyncRun
from demo.http_server import Server
from demo.salesforce.faults import ENDPOINTS
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run, authorise, keys_of
from tests.crm_sync.sales import sell

TOKEN = ENDPOINTS["Token"]
DEALS = ENDPOINTS["Deals, first page"]
RECONNECT = "Authorise Salesforce again in Settings, CRM Integration."
LATER = "The next poll tries again."
OPERATORS = "Tell Fincelo's operators: the run's details hold the code."


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`wait`: for how many minutes nobody calls Salesforce."""

    run: str = "failed"
    kind: str = "config"
    connection: str = "degraded"
    wait: int = 0
    text: str


def broken(text: str) -> Seen:
    return Seen(connection="broken", text=text)


def degraded(text: str) -> Seen:
    return Seen(text=text)


def waiting(text: str, *, minutes: int) -> Seen:
    return Seen(kind="transient", wait=minutes, text=text)


def passing(text: str) -> Seen:
    return Seen(kind="transient", connection="connected", text=text)


def seen(run: SyncRun, connection: Connection) -> Seen:
    connection.refresh_from_db()
    if connection.state != "connected":
        assert connection.state_reason == run.error
    return Seen(
        run=run.state,
        kind=run.error_kind,
        connection=connection.state,
        wait=minutes_until(connection.not_before),
        text=run.error,
    )


def minutes_until(moment: datetime | None) -> int:
    return round((moment - timezone.now()).total_seconds() / 60) if moment else 0


def sold_twice(*, org: Org, connection: Connection, run: Run) -> datetime | None:
    """One deal is imported, another has been won since. The cursor between them."""
    sell(org)
    run(connection)
    sell(org, Name="Acme support")
    return Connection.objects.get(pk=connection.pk).cursor_modified_at


def calls(server: Server, path: str) -> int:
    return sum(path in asked for _, asked in server.requests)


def assert_nothing_lost(
    *, org: Org, connection: Connection, run: Run, server: Server, cursor: datetime | None
) -> None:
    """The cursor stayed where it was; without the fault, and connected again where that is asked, all comes in."""
    connection.refresh_from_db()
    assert (connection.cursor_modified_at, Contract.objects.count()) == (cursor, 1)
    server.faults.clear()
    org.intercept = None
    org.refuse_data_with = ""
    if connection.state == "broken":
        connect_again(org=org, connection=connection)
    done = run(connection)
    connection.refresh_from_db()
    assert (done.state, done.created, Contract.objects.count()) == ("done", 1, 2)
    assert (connection.state, connection.state_reason, connection.not_before) == ("connected", "", None)


def connect_again(*, org: Org, connection: Connection) -> None:
    grant = authorise(org=org, connection=connection)
    keys = keys_of(connection=connection, org=org)
    authorising.accept_grant(connection=connection, grant=grant, keys=keys, actor=None)
