"""A connection is broken only by an answer that says so for good, wherever in the product the CRM is asked."""

import json
import secrets
from dataclasses import dataclass, replace

import pytest
from django.db import connections

from crm_sync.connections import key_canary
from crm_sync.models import Alert, Connection, ConnectionCredentials, KeyCanary, SyncRun
from demo.http_server import Server
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell
from tests.pages import signed_in
from tests.processes import Manage


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Without a body a page of HTML, as of something on the way."""

    status: int
    body: object = None

    def play(self, server: Server, *, at: str) -> None:
        if self.body is None:
            server.faults.add("status", code=self.status, endpoint=at)
        else:
            server.faults.add("body", code=self.status, text=json.dumps(self.body), endpoint=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What judges tokens answers (None: as it should), what all data calls answer, and what comes of it."""

    judge: Answer | None
    data: Answer
    state: str

    def play(self, server: Server, *, judge: str, data: str) -> None:
        if self.judge:
            self.judge.play(server, at=judge)
        self.data.play(server, at=data)


SESSION_OVER = Answer(
    status=401, body=[{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
)
NO_API = Answer(
    status=403, body=[{"message": "API is disabled for this User", "errorCode": "API_CURRENTLY_DISABLED"}]
)
DEAD_GRANT = {"error": "invalid_grant", "error_description": "expired access/refresh token"}
HTML_401 = Answer(status=401)
SALESFORCE = {
    "401 beside a token that was just renewed": Case(judge=None, data=SESSION_OVER, state="connected"),
    "page of a proxy beside such a token": Case(judge=None, data=Answer(status=403), state="degraded"),
    "401 of a proxy for all": Case(judge=HTML_401, data=HTML_401, state="connected"),
    "sign-in refused by a proxy": Case(
        judge=Answer(status=403, body=DEAD_GRANT), data=SESSION_OVER, state="connected"
    ),
    "sign-in answered with HTML": Case(judge=Answer(status=400), data=SESSION_OVER, state="connected"),
    "API switched off for the user": Case(judge=None, data=NO_API, state="degraded"),
    "revoked": Case(judge=Answer(status=400, body=DEAD_GRANT), data=SESSION_OVER, state="broken"),
    "app refused": Case(
        judge=Answer(status=400, body={"error": "invalid_client_id"}), data=SESSION_OVER, state="broken"
    ),
}
IN_SALESFORCE = {"judge": "/oauth2/token", "data": "/services/data/"}

DEAD_TOKEN = Answer(
    status=401,
    body={"status": "error", "message": "Credentials not found.", "category": "INVALID_AUTHENTICATION"},
)
TOO_FAST = Answer(status=429, body={"status": "error", "category": "RATE_LIMITS", "message": "Too fast."})
HUBSPOT = {
    "401 beside a token that HubSpot knows": Case(judge=None, data=DEAD_TOKEN, state="connected"),
    "401 of a proxy": Case(judge=None, data=HTML_401, state="connected"),
    "401 of a proxy for all": Case(judge=HTML_401, data=HTML_401, state="connected"),
    "no word on the token": Case(judge=Answer(status=503), data=DEAD_TOKEN, state="connected"),
    "limited when asked for the word": Case(judge=TOO_FAST, data=DEAD_TOKEN, state="connected"),
    "530 for all": Case(judge=Answer(status=530), data=Answer(status=530), state="degraded"),
    "revoked": Case(judge=DEAD_TOKEN, data=DEAD_TOKEN, state="broken"),
}
IN_HUBSPOT = {"judge": "access-token-info", "data": "/crm/"}


def told(connection: Connection) -> tuple[str, int]:
    connection.refresh_from_db()
    return connection.state, Alert.objects.filter(connection=connection).count()


def press(connection: Connection, page: str) -> None:
    """As a person does on the connection's page."""
    rights = ("crm_sync.view_connection", "crm_sync.change_connection", "crm_sync.view_fieldmapping")
    signed_in(*rights).post(f"/settings/crm/{connection.pk}/{page}/")


@pytest.mark.parametrize("row", SALESFORCE)
def test_poll_of_salesforce(salesforce: Connection, salesforce_server: Server, run: Run, row: str) -> None:
    case = SALESFORCE[row]
    case.play(salesforce_server, **IN_SALESFORCE)

    stopped = run(salesforce)

    assert (stopped.state, told(salesforce)) == ("failed", (case.state, int(case.state == "broken")))
    salesforce_server.faults.clear()
    if case.state != "broken":
        assert (run(salesforce).state, told(salesforce)) == ("done", ("connected", 0))


@pytest.mark.parametrize("row", HUBSPOT)
def test_poll_of_hubspot(hubspot: Connection, hubspot_server: Server, run: Run, row: str) -> None:
    case = HUBSPOT[row]
    case.play(hubspot_server, **IN_HUBSPOT)

    stopped = run(hubspot)

    assert (stopped.state, told(hubspot)) == ("failed", (case.state, int(case.state == "broken")))
    hubspot_server.faults.clear()
    if case.state != "broken":
        Connection.objects.update(not_before=None)
        assert (run(hubspot).state, told(hubspot)) == ("done", ("connected", 0))


@pytest.mark.parametrize("page", ["preflight", "schema"])
@pytest.mark.parametrize(
    ("row", "state"), [("401 beside a token that was just renewed", "connected"), ("revoked", "broken")]
)
def test_pages_of_salesforce(
    salesforce: Connection, salesforce_server: Server, row: str, state: str, page: str
) -> None:
    SALESFORCE[row].play(salesforce_server, **IN_SALESFORCE)

    press(salesforce, page)

    assert told(salesforce)[0] == state


@pytest.mark.parametrize("page", ["preflight", "schema"])
@pytest.mark.parametrize(
    ("row", "state"), [("401 beside a token that HubSpot knows", "connected"), ("revoked", "broken")]
)
def test_pages_of_hubspot(
    hubspot: Connection, hubspot_server: Server, row: str, state: str, page: str
) -> None:
    HUBSPOT[row].play(hubspot_server, **IN_HUBSPOT)

    press(hubspot, page)

    assert told(hubspot)[0] == state


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_wrong_keys_are_a_fault_of_the_process_alone(
    salesforce: Connection, org: Org, manage: Manage
) -> None:
    wrong = replace(manage, environment=manage.environment | {"FERNET_KEYS": secrets.token_urlsafe(32)})
    sell(org)

    failed, check = wrong("sync_crm", "--connection", "Salesforce"), wrong("check")

    assert (failed.code != 0, SyncRun.objects.get().state, told(salesforce)) == (
        True,
        "failed",
        ("connected", 0),
    )
    assert (check.code, "fincelo.E019" in check.errors) == (1, True)
    done, check = manage("sync_crm", "--connection", "Salesforce"), manage("check")
    assert (done.code, check.code, told(salesforce)) == (0, 0, ("connected", 0))


def test_canary_is_made_where_the_keys_fit_and_only_there(salesforce: Connection) -> None:
    KeyCanary.objects.all().delete()
    with connections["default"].cursor() as cursor:
        cursor.execute("UPDATE crm_sync_connectioncredentials SET access_token = 'gAAAAA of another key'")

    key_canary.ensure(using="default")

    assert KeyCanary.objects.count() == 0
    assert [problem.id for problem in key_canary.check(databases=["default"])] == ["fincelo.E019"]
    ConnectionCredentials.objects.all().delete()
    key_canary.ensure(using="default")
    assert (KeyCanary.objects.get().text, key_canary.check(databases=["default"])) == (KeyCanary.TEXT, [])
