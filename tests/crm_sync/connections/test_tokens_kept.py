"""A new refresh token is stored before anything else is tried, and the one it replaces is ended.

Salesforce here rotates refresh tokens and revokes everything when a replaced one is shown again.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from crm_sync.clients.registry import PROVIDERS, facts_of
from crm_sync.connections import authorising, credentials
from crm_sync.errors import SyncError
from crm_sync.models import Alert, Connection, ConnectionLease, LooseGrant, TokenRenewal
from demo.http_server import Server
from demo.salesforce.grants import Approval
from demo.salesforce.org import Org
from tests.crm_sync.clients.traps.salesforce_seen import calls, connect_again
from tests.crm_sync.conftest import Run
from tests.crm_sync.connections.killed_calls import NAMED_CALLS, Killed

TOKEN = "/oauth2/token"
Connect = Callable[..., str]


@pytest.fixture
def connect(db: None, org: Org, salesforce_server: Server, tmp_path: Path) -> Connect:
    """`connect_crm` with one file that is never written again; answers with the sentence of a refusal."""
    org.app.rotate = True
    issued = org.connect()
    token_file, secret_file = tmp_path / "token", tmp_path / "secret"
    token_file.write_text(issued.refresh_token or "")
    secret_file.write_text(org.app.consumer_secret)

    def run_command(*more: str, name: str = "Salesforce") -> str:
        try:
            call_command(
                *("connect_crm", "salesforce", "--login-url", salesforce_server.url),
                *("--client-id", org.app.consumer_key, "--client-secret-file", str(secret_file)),
                *("--refresh-token-file", str(token_file), "--name", name, "--import-from", "2026-01-01"),
                *("--default-currency", "USD", "--accept-proposed-mapping"),
                *("--default-term", "12", "--default-cycle", "monthly", *more),
            )
        except CommandError as error:
            return str(error)
        return ""

    return run_command


def alive(org: Org) -> list[Approval]:
    return [one for one in org.grants.approvals if not one.revoked]


def stored_token() -> str | None:
    return credentials.read(connection=Connection.objects.get()).refresh_token


def test_twice_with_one_file(connect: Connect, org: Org, run: Run) -> None:
    assert connect() == ""
    org.expire_access_tokens()
    run(Connection.objects.get())  # rotates
    assert connect() == ""
    org.expire_access_tokens()

    done = run(Connection.objects.get())

    assert (done.state, Connection.objects.get().state, Alert.objects.count()) == ("done", "connected", 0)
    assert [one.refresh_token for one in alive(org)] == [stored_token()]


def test_one_file_for_a_second_connection_is_refused_unshown(
    connect: Connect, org: Org, salesforce_server: Server, run: Run
) -> None:
    assert connect() == ""
    salesforce_server.reset_requests()

    refusal = connect(name="Another")

    assert refusal.startswith("Salesforce was connected with this refresh token")
    assert (calls(salesforce_server, TOKEN), Connection.objects.count()) == (0, 1)
    org.expire_access_tokens()
    assert run(Connection.objects.get()).state == "done"


@pytest.mark.parametrize("call", range(2, NAMED_CALLS + 1))
def test_killed_after_each_call(
    connect: Connect, org: Org, run: Run, dies_after: dict[str, int], call: int
) -> None:
    """The first call is the renewal: what follows it finds the new token stored."""
    dies_after["call"] = call
    with suppress(Killed):
        connect()
    dies_after["call"] = 0

    assert connect() == ""

    org.expire_access_tokens()
    assert (run(Connection.objects.get()).state, Connection.objects.get().state) == ("done", "connected")
    assert [one.refresh_token for one in alive(org)] == [stored_token()]
    assert LooseGrant.objects.count() == 0


def test_killed_in_the_renewal_itself(
    connect: Connect, salesforce_server: Server, dies_after: dict[str, int]
) -> None:
    """Nobody can save that token. It is shown once more, never twice, and the cause is told."""
    dies_after["call"] = 1
    with pytest.raises(Killed):
        connect()
    dies_after["call"] = 0
    salesforce_server.reset_requests()

    told = [connect(), connect()]

    assert ["was interrupted before its answer was stored" in one for one in told] == [True, True]
    assert calls(salesforce_server, TOKEN) == 1


@pytest.mark.parametrize("call", range(1, NAMED_CALLS))
def test_503_at_each_data_call(
    connect: Connect, org: Org, salesforce_server: Server, run: Run, call: int
) -> None:
    salesforce_server.faults.add("status", code=503, endpoint="/services/(data|oauth2/userinfo)", nth=call)
    connect()
    salesforce_server.faults.clear()

    assert connect() == ""

    org.expire_access_tokens()
    assert (run(Connection.objects.get()).state, Connection.objects.get().state) == ("done", "connected")
    assert [one.refresh_token for one in alive(org)] == [stored_token()]


@pytest.mark.parametrize("call", range(1, NAMED_CALLS - 1))
def test_503_while_a_live_connection_is_authorised_again(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, call: int
) -> None:
    """It continues with what it had; the grant of the failed try is revoked by the next one."""
    org.app.rotate = True
    salesforce_server.faults.add("status", code=503, endpoint="/services/data", nth=call)
    with suppress(SyncError):
        connect_again(org=org, connection=salesforce)
    salesforce_server.faults.clear()
    assert run(salesforce).state == "done"

    connect_again(org=org, connection=Connection.objects.get())

    assert [one.refresh_token for one in alive(org)] == [stored_token()]


def test_each_replaced_grant_is_revoked(salesforce: Connection, org: Org, finance: Any) -> None:
    for _ in range(3):
        connect_again(org=org, connection=salesforce)
        assert [one.refresh_token for one in alive(org)] == [stored_token()]

    authorising.disconnect(connection=salesforce, actor=finance)

    assert alive(org) == []


@pytest.mark.parametrize(
    ("is_answered", "ends"),
    [(True, ("failed", "broken")), (False, ("done", "connected"))],
    ids=["after the answer", "before the call"],
)
def test_renewal_of_a_connection_that_is_killed(
    salesforce: Connection,
    org: Org,
    salesforce_server: Server,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    is_answered: bool,
    ends: tuple[str, str],
) -> None:
    """The table of the review: an intention alone costs nothing, an answer that was not stored costs the token."""
    org.app.rotate = True
    org.expire_access_tokens()
    crm = facts_of("salesforce")
    grants = credentials.grants_of("salesforce")

    def dies(**asked: Any) -> Any:
        if is_answered:
            grants.renew(**asked)
        raise Killed

    monkeypatch.setitem(PROVIDERS, crm.key, replace(crm, grants=replace(grants, renew=dies)))
    with pytest.raises(Killed):
        run(salesforce)
    assert TokenRenewal.objects.count() == 1
    ConnectionLease.objects.update(expires_at=None)  # as with the session of a process that is gone
    monkeypatch.setitem(PROVIDERS, crm.key, crm)
    salesforce_server.reset_requests()

    after = run(salesforce)

    salesforce.refresh_from_db()
    assert ((after.state, salesforce.state), calls(salesforce_server, TOKEN)) == (ends, 1)
    if is_answered:
        assert "was interrupted before its answer was stored" in salesforce.state_reason
        assert "was interrupted" in Alert.objects.get().body
        with pytest.raises(Exception, match="was interrupted"):
            credentials.open_client(connection=salesforce).stages()
        assert calls(salesforce_server, TOKEN) == 1
        connect_again(org=org, connection=salesforce)
        org.expire_access_tokens()
        assert run(salesforce).state == "done"
    assert TokenRenewal.objects.count() == 0
