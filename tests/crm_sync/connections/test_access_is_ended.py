"""No Salesforce access stays alive and unknown: it is used, revoked, or named on the pages.

Salesforce here rotates refresh tokens and revokes everything when a replaced one is shown again.
"""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db.models import F
from django.test import Client
from django.urls import reverse

from contracts.models import AuditEntry
from crm_sync.connections import authorising, credentials, revoking
from crm_sync.enums import GrantPurpose
from crm_sync.errors import SyncError
from crm_sync.models import Connection, LooseGrant
from crm_sync.tasks import revoke_grants
from demo.http_server import Server
from demo.salesforce.org import Org
from fincelo import ending
from tests.billing.people import person
from tests.crm_sync.clients.traps.salesforce_seen import calls
from tests.crm_sync.conftest import Run
from tests.crm_sync.connections.killed_calls import NAMED_CALLS, Killed
from tests.crm_sync.connections.test_connecting import finish, start
from tests.crm_sync.connections.test_tokens_kept import alive

TOKEN, REVOKE = "/oauth2/token", "/oauth2/revoke"


def time_passes(by: timedelta = timedelta(days=1, minutes=1)) -> None:
    LooseGrant.objects.update(due_at=F("due_at") - by)


@pytest.fixture
def connect(db: None, org: Org, salesforce_server: Server, tmp_path: Path) -> Any:
    """`connect_crm` for a new connection, with one file; answers with the sentence of a refusal."""
    org.app.rotate = True
    token_file, secret_file = tmp_path / "token", tmp_path / "secret"
    token_file.write_text(org.connect().refresh_token or "")
    secret_file.write_text(org.app.consumer_secret)

    def run_command() -> str:
        try:
            call_command(
                *("connect_crm", "salesforce", "--login-url", salesforce_server.url),
                *("--client-id", org.app.consumer_key, "--client-secret-file", str(secret_file)),
                *("--refresh-token-file", str(token_file), "--name", "Salesforce"),
                *("--import-from", "2026-01-01", "--default-currency", "USD"),
            )
        except CommandError as error:
            return str(error)
        return ""

    return run_command


@pytest.mark.parametrize("call", range(1, NAMED_CALLS + 1))
def test_killed_after_each_call_and_never_tried_again(
    connect: Any, org: Org, dies_after: dict[str, int], call: int
) -> None:
    dies_after["call"] = call
    with suppress(Killed):
        connect()
    dies_after["call"] = 0

    time_passes()
    revoke_grants()

    in_use = {credentials.read(connection=one).refresh_token for one in Connection.objects.exclude(org=None)}
    assert {one.refresh_token for one in alive(org)} <= in_use
    assert LooseGrant.objects.count() == 0


@pytest.mark.parametrize("call", range(1, NAMED_CALLS))
def test_503_at_each_call_and_never_tried_again(
    connect: Any, org: Org, salesforce_server: Server, call: int
) -> None:
    salesforce_server.faults.add("status", code=503, endpoint="/services/(data|oauth2/userinfo)", nth=call)
    refusal = connect()
    salesforce_server.faults.clear()
    is_connected = Connection.objects.exclude(org=None).exists()
    assert ("kept for a day" in refusal) is not is_connected

    time_passes()
    revoke_grants()

    assert (len(alive(org)), LooseGrant.objects.count()) == (int(is_connected), 0)


@pytest.mark.parametrize("call", range(1, NAMED_CALLS - 1))
def test_503_after_an_authorisation_in_the_browser(
    salesforce: Connection, org: Org, salesforce_server: Server, finance: User, call: int
) -> None:
    """Nothing can continue with that grant, so it is revoked at once; the connection keeps its own."""
    url = start(salesforce, user=finance, client_secret=org.app.consumer_secret)
    salesforce_server.faults.add("status", code=503, endpoint="/services/data", nth=call)
    with suppress(SyncError):
        finish(org, url, user=finance)

    stored = credentials.read(connection=salesforce).refresh_token
    assert ([one.refresh_token for one in alive(org)], LooseGrant.objects.count()) == ([stored], 0)


def test_authorisation_that_is_killed_before_its_answer_is_stored_is_named(
    salesforce: Connection, org: Org, finance: User, dies_after: dict[str, int], client: Client
) -> None:
    url = start(salesforce, user=finance, client_secret=org.app.consumer_secret)
    dies_after.update(call=1, made=0)
    with pytest.raises(Killed):
        finish(org, url, user=finance)
    time_passes()
    revoke_grants()
    client.force_login(person("olga", group="Operator"))

    page = client.get(salesforce.get_absolute_url()).text

    assert "may still be open at Salesforce, and Fincelo cannot end it." in page
    [left] = LooseGrant.objects.all()
    client.post(reverse("grant-settle", args=[left.pk]))
    assert (LooseGrant.objects.count(), AuditEntry.objects.latest("pk").action) == (
        0,
        "Access revoked by hand",
    )


def test_disconnect_goes_on_until_salesforce_has_answered(
    salesforce: Connection, org: Org, salesforce_server: Server, client: Client
) -> None:
    salesforce_server.faults.add("status", code=503, endpoint=REVOKE)
    client.force_login(person("olga", group="Operator"))

    page = client.post(reverse("connection-disconnect", args=[salesforce.pk]), follow=True).text

    assert "is not ended yet: Salesforce has not confirmed it." in page
    assert credentials.read(connection=salesforce).refresh_token is None
    salesforce_server.faults.clear()
    revoke_grants()  # not due yet
    assert len(alive(org)) == 1
    time_passes()
    revoke_grants()
    assert (alive(org), LooseGrant.objects.count()) == ([], 0)
    assert AuditEntry.objects.latest("pk").action == "Access revoked at Salesforce"
    assert "not ended yet" not in client.get(salesforce.get_absolute_url()).text


def test_revoking_has_an_end(
    salesforce: Connection, salesforce_server: Server, finance: User, client: Client
) -> None:
    salesforce_server.faults.add("status", code=404, endpoint=REVOKE)
    authorising.disconnect(connection=salesforce, actor=finance)
    for _ in range(revoking.LAST_TRY - 1):
        time_passes()
        revoke_grants()

    asked = calls(salesforce_server, REVOKE)
    time_passes()
    revoke_grants()

    assert (LooseGrant.objects.get().purpose, calls(salesforce_server, REVOKE)) == (GrantPurpose.LEFT, asked)
    client.force_login(person("olga", group="Operator"))
    page = client.get(reverse("connections")).text
    assert "Connected Apps OAuth Usage" in page


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 502])
def test_only_salesforces_own_word_ends_a_grant(
    salesforce: Connection, salesforce_server: Server, status: int
) -> None:
    salesforce_server.faults.add("status", code=status, endpoint=REVOKE)

    authorising.disconnect(connection=salesforce, actor=None)

    assert LooseGrant.objects.count() == 1


def test_disconnect_after_an_interrupted_renewal_ends_the_token_nobody_knows(
    salesforce: Connection, org: Org, run: Run, dies_after: dict[str, int]
) -> None:
    """The stored token is shown once: Salesforce then ends what came after it."""
    org.app.rotate = True
    org.expire_access_tokens()
    dies_after.update(call=2, made=0)  # the refused call, then the renewal
    with pytest.raises(Killed):
        run(salesforce)
    assert [one.refresh_token for one in alive(org)] != [
        credentials.read(connection=salesforce).refresh_token
    ]

    authorising.disconnect(connection=salesforce, actor=None)

    assert (alive(org), LooseGrant.objects.count()) == ([], 0)


@pytest.mark.parametrize("why", ["little time", "draining"])
def test_renewal_waits_for_a_run_with_time(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, why: str
) -> None:
    org.app.rotate = True
    org.expire_access_tokens()
    salesforce_server.reset_requests()
    try:
        if why == "draining":
            ending.begin_draining()
        with ending.limited_to(59 if why == "little time" else 180):
            done = run(salesforce)
    finally:
        ending.stop_draining()

    salesforce.refresh_from_db()
    assert (done.state, salesforce.state, calls(salesforce_server, TOKEN)) == ("failed", "connected", 0)
    with ending.limited_to(61):
        assert (run(salesforce).state, calls(salesforce_server, TOKEN)) == ("done", 1)
