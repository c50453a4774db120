"""Runs of a HubSpot connection whose portal misbehaves, and what a person sees of them afterwards."""

from crm_sync.models import Connection, SyncRun
from demo.http_server import Server
from demo.hubspot.faults import ENDPOINTS
from tests.crm_sync.told import told_by

RECONNECT = "Paste a working access token in Settings, CRM Integration."
SEARCH = ENDPOINTS["Deal search"]
EVERYTHING = ENDPOINTS["Every call of the API"]
OWNERS = ENDPOINTS["Owners"]
LINKS = ENDPOINTS["Companies of deals"]


def refuse(server: Server, name: str, *, endpoint: str = SEARCH, times: int | None = None) -> None:
    server.faults.add("refusal", name=name, endpoint=endpoint, times=times)


def answer_status(server: Server, code: int, *, endpoint: str = SEARCH, times: int | None = None) -> None:
    server.faults.add("status", code=code, endpoint=endpoint, times=times)


def seen(run: SyncRun, connection: Connection) -> tuple[str, str, str]:
    """How the run ended, how the connection stands, and the reason a person reads."""
    connection.refresh_from_db()
    return run.state, connection.state, run.error or " ".join(told_by(run))


def last_run(connection: Connection) -> SyncRun:
    return SyncRun.objects.filter(connection=connection).latest("pk")


def paths(server: Server, part: str) -> list[str]:
    return [path for _, path in server.requests if part in path]
