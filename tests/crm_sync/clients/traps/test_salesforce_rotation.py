"""Salesforce reference 1.7 and 1.8: a rotated refresh token survives whatever can be survived."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections

from crm_sync.clients.http import Transport
from crm_sync.connections import credentials
from crm_sync.connections.condition import note_refusal
from crm_sync.errors import ConfigError, TransientError
from crm_sync.models import Connection
from demo.http_server import Request, Response, Server
from demo.salesforce.answers import oauth_error
from demo.salesforce.grants import DEAD_TOKEN
from demo.salesforce.org import Org
from tests.crm_sync.clients.traps.salesforce_seen import (
    RECONNECT,
    TOKEN,
    Seen,
    calls,
    connect_again,
    seen,
)
from tests.crm_sync.clients.wire import MakeTransport, Pauses
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell
from tests.crm_sync.told import NOT_SIGNED, told_by

DEAD = f"Salesforce has revoked or expired this connection. {RECONNECT}"


@pytest.fixture
def rotating(salesforce: Connection, org: Org) -> Connection:
    """Its session has run out, and each renewal changes its refresh token."""
    org.app.rotate = True
    org.expire_access_tokens()
    return salesforce


def tokens(connection: Connection) -> tuple[str | None, str | None]:
    kept = credentials.read(connection=connection)
    return kept.access_token, kept.refresh_token


def renew(connection: Connection, *, transport: Transport) -> tuple[str, str]:
    stale = credentials.read(connection=connection).access_token or ""
    return credentials.renew_token(connection=connection, stale=stale, transport=transport)


def changed_answer(*, server: Server, org: Org, **changes: Any) -> Callable[[Request], Response | None]:
    """The next token is given, and its answer changed on the way."""

    def intercept(request: Request) -> Response | None:
        if not request.path.endswith("/token"):
            return None
        org.intercept = None
        response = server.app(request)
        response.body = json.dumps(json.loads(response.body) | changes).encode()
        return response

    return intercept


def test_rule_of_1_7_wait_while_the_token_is_being_processed(
    rotating: Connection, salesforce_server: Server, transport: Transport, pauses: Pauses
) -> None:
    salesforce_server.faults.add("refusal", name="being_processed", endpoint=TOKEN, times=3)

    token, _ = renew(rotating, transport=transport)

    assert (token, calls(salesforce_server, "/token")) == (tokens(rotating)[0], 4)
    assert (len(pauses), all(1 <= seconds <= 3 for seconds in pauses)) == (3, True)


def test_rule_of_1_7_wait_three_times_at_most(
    rotating: Connection, salesforce_server: Server, transport: Transport, pauses: Pauses
) -> None:
    before = tokens(rotating)
    salesforce_server.faults.add("refusal", name="being_processed", endpoint=TOKEN)

    with pytest.raises(TransientError, match="Another request was renewing this connection"):
        renew(rotating, transport=transport)

    assert (calls(salesforce_server, "/token"), len(pauses), tokens(rotating)) == (4, 3, before)


def test_rule_of_1_7_read_the_row_again_after_waiting(
    rotating: Connection, salesforce_server: Server, make_transport: MakeTransport
) -> None:
    """Whoever was renewing has stored the result meanwhile: it is taken, and nobody asks again."""
    salesforce_server.faults.add("refusal", name="being_processed", endpoint=TOKEN)
    transport = make_transport()
    transport.pause = lambda seconds: credentials.store(
        connection=rotating, access_token="theirs", refresh_token="their next one"
    )

    token, _ = renew(rotating, transport=transport)

    assert (token, calls(salesforce_server, "/token")) == ("theirs", 1)
    assert tokens(rotating) == ("theirs", "their next one")


def test_rule_of_1_7_a_dead_token_is_asked_for_once(
    rotating: Connection, org: Org, salesforce_server: Server, transport: Transport
) -> None:
    org.revoke_tokens()

    with pytest.raises(ConfigError) as refusal:
        renew(rotating, transport=transport)

    assert (str(refusal.value), refusal.value.breaks, calls(salesforce_server, "/token")) == (DEAD, True, 1)


def wait_for_somebody_at_a_lock() -> None:
    deadline = time.monotonic() + 10
    while True:
        with database.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            if cursor.fetchone() != (0,):
                break
        assert time.monotonic() < deadline
        time.sleep(0.05)
    connections.close_all()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_rule_of_1_7_read_the_row_again_before_a_connection_counts_as_dead(
    rotating: Connection, org: Org, salesforce_server: Server, make_transport: MakeTransport
) -> None:
    """A person authorises again while the old token is being refused: the new one is taken."""
    issued = org.connect()

    def authorise_again() -> None:
        credentials.store(
            connection=rotating, access_token=issued.access_token, refresh_token=issued.refresh_token or ""
        )
        connections.close_all()

    person = threading.Thread(target=authorise_again)

    def refuse(request: Request) -> Response | None:
        if not request.path.endswith("/token"):
            return None
        person.start()
        wait_for_somebody_at_a_lock()
        return oauth_error(*DEAD_TOKEN)

    org.intercept = refuse
    transport = make_transport()
    transport.pause = lambda seconds: person.join(10)

    token, _ = renew(rotating, transport=transport)

    assert (token, tokens(rotating)) == (issued.access_token, (issued.access_token, issued.refresh_token))
    assert calls(salesforce_server, "/token") == 1


def test_rule_of_1_7_ask_once_more_when_no_answer_came(
    rotating: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    """The request was lost on its way there."""
    sell(org)
    salesforce_server.faults.add("reset_before_headers", handled=False, endpoint=TOKEN, times=1)

    done = run(rotating)

    assert (done.state, done.created, calls(salesforce_server, "/token")) == ("done", 1, 2)


def test_rule_of_1_7_ask_no_third_time_when_no_answer_came(
    rotating: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    sell(org)
    salesforce_server.faults.add("reset_before_headers", handled=False, endpoint=TOKEN)

    stopped = run(rotating)

    rotating.refresh_from_db()
    assert (stopped.state, stopped.error_kind, rotating.state) == ("failed", "transient", "connected")
    assert calls(salesforce_server, "/token") == 2
    salesforce_server.faults.clear()
    assert run(rotating).state == "done"


def test_rule_of_1_7_a_lost_answer_with_a_rotated_token_asks_to_reconnect(
    rotating: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    """The one loss that nobody can avoid, and it is told."""
    sell(org)
    salesforce_server.faults.add("reset_before_headers", handled=True, endpoint=TOKEN, times=1)

    stopped = run(rotating)

    assert (rotating.refresh_from_db(), rotating.state, calls(salesforce_server, "/token")) == (
        None,
        "broken",
        2,
    )
    assert "was interrupted before its answer was stored" in rotating.state_reason == stopped.error
    connect_again(org=org, connection=rotating)
    assert (run(rotating).created, seen(run(rotating), rotating)) == (
        1,
        Seen(run="done", kind="", connection="connected", text=""),
    )


@pytest.mark.parametrize(
    "changes",
    [{"instance_url": "https://evil.example"}, {"id": "https://login.salesforce.com/id/none"}],
    ids=["a foreign address", "no org"],
)
def test_rule_of_1_7_an_answer_that_cannot_be_used_still_rotated_the_token(
    rotating: Connection, org: Org, salesforce_server: Server, run: Run, changes: dict[str, str]
) -> None:
    """Nothing of it is believed; its refresh token is the only one that lives."""
    before = tokens(rotating)
    sell(org)
    org.intercept = changed_answer(server=salesforce_server, org=org, **changes)

    stopped, done = run(rotating), run(rotating)

    rotating.refresh_from_db()
    assert (stopped.state, stopped.error_kind, done.state, done.created) == ("failed", "config", "done", 1)
    assert (rotating.state, rotating.instance_url) == ("connected", salesforce_server.url)
    assert tokens(rotating)[1] != before[1]


def test_rule_of_1_7_a_rotated_token_is_kept_when_the_run_fails_later(
    rotating: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    sell(org)
    salesforce_server.faults.add("status", code=400, endpoint=r"/query", nth=2)

    stopped = run(rotating)

    assert (stopped.state, calls(salesforce_server, "/token")) == ("failed", 1)
    salesforce_server.faults.clear()
    org.expire_access_tokens()
    assert (run(rotating).state, calls(salesforce_server, "/token")) == ("done", 2)


@contextmanager
def database_lost(*, times: int) -> Iterator[list[str]]:
    """Its session ends at the first statements that store secrets."""
    lost: list[str] = []

    def lose(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if sql.startswith('UPDATE "crm_sync_connectioncredentials"') and len(lost) < times:
            lost.append(sql)
            database.connection.close()
        return execute(sql, *args)

    with database.execute_wrapper(lose):
        yield lost


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("times", [1, 3])
def test_rule_of_1_7_a_rotated_token_outlives_the_loss_of_the_database(
    rotating: Connection, org: Org, transport: Transport, pauses: Pauses, times: int
) -> None:
    """Between Salesforce's answer and our commit, as when the database is started again."""
    before = tokens(rotating)

    with database_lost(times=times) as lost:
        token, _ = renew(rotating, transport=transport)

    assert (len(lost), len(pauses)) == (times, times - 1)
    assert tokens(rotating)[0] == token != before[0]
    org.expire_access_tokens()
    assert renew(rotating, transport=transport)[0] != token


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_rule_of_1_7_tokens_of_a_new_authorisation_are_not_overwritten(
    rotating: Connection, make_transport: MakeTransport
) -> None:
    """A person has authorised again while the database was away."""
    transport = make_transport()
    transport.pause = lambda seconds: credentials.store(
        connection=rotating, access_token="theirs", refresh_token="their next one"
    )

    with database_lost(times=2):
        renew(rotating, transport=transport)

    assert tokens(rotating) == ("theirs", "their next one")


def test_late_refusal_of_an_old_access_breaks_no_connection_made_anew(
    rotating: Connection, org: Org, transport: Transport
) -> None:
    """A page began to read with the old access, a person reconnected, then the page was refused."""
    old = Connection.objects.get(pk=rotating.pk)
    org.revoke_tokens()
    with pytest.raises(ConfigError) as refusal:
        renew(old, transport=transport)
    connect_again(org=org, connection=rotating)

    note_refusal(connection=old, error=refusal.value)

    rotating.refresh_from_db()
    assert (rotating.state, rotating.state_reason, rotating.trouble) == ("connected", "", "")


def test_rule_of_1_8_a_wrong_signature_warns_and_does_not_block(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    org.intercept = changed_answer(server=salesforce_server, org=org, signature="AAAA")

    connect_again(org=org, connection=salesforce)

    salesforce.refresh_from_db()
    assert (salesforce.state, told_by(salesforce)) == ("degraded", [NOT_SIGNED])
    assert run(salesforce).state == "done"


@pytest.mark.parametrize("changes", [{}, {"signature": None}], ids=["right", "none"])
def test_rule_of_1_8_a_right_signature_or_none_is_no_news(
    salesforce: Connection, org: Org, salesforce_server: Server, changes: dict[str, Any]
) -> None:
    org.intercept = changed_answer(server=salesforce_server, org=org, **changes)

    connect_again(org=org, connection=salesforce)

    salesforce.refresh_from_db()
    assert (salesforce.state, told_by(salesforce)) == ("connected", [])


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_renewal_that_cannot_get_the_lock_leaves_it_to_the_next_poll(
    rotating: Connection, org: Org, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "PATIENCE", "SET LOCAL lock_timeout = '100ms'")
    locked, let_go = threading.Event(), threading.Event()

    def hold_the_lock() -> None:
        with credentials.transaction.atomic():
            credentials.read(connection=rotating, lock=True)
            locked.set()
            let_go.wait(10)
        connections.close_all()

    other = threading.Thread(target=hold_the_lock)
    other.start()
    locked.wait(10)
    stopped = run(rotating)
    let_go.set()
    other.join(10)

    assert (stopped.state, stopped.error_kind, stopped.error) == (
        "failed",
        "transient",
        "Another process has been renewing this connection for minutes. The next poll tries again.",
    )
    assert run(rotating).state == "done"
