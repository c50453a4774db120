"""Stored secrets, and the renewal of Salesforce's access tokens."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import InternalError, connections
from django.db import connection as database

from crm_sync.connections import credentials
from crm_sync.errors import ConfigError
from crm_sync.models import Connection, ConnectionCredentials, CrmOrg
from demo.http_server import Request, Response, Server
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell


def stored_token(connection: Connection) -> str:
    return credentials.read(connection=connection).access_token or ""


def renew(connection: Connection, *, stale: str) -> tuple[str, str]:
    transport = credentials.transport_for(connection=connection)
    return credentials.renew_token(connection=connection, stale=stale, transport=transport)


def renewals(server: Server) -> int:
    return server.requests.count(("POST", "/services/oauth2/token"))


def test_store_replaces_what_is_named_and_keeps_the_rest(salesforce: Connection, org: Org) -> None:
    credentials.store(connection=salesforce, access_token="another")

    kept = credentials.read(connection=salesforce)
    assert (kept.access_token, kept.client_secret) == ("another", org.app.consumer_secret)


def test_wiped_credentials_read_as_empty(salesforce: Connection) -> None:
    credentials.wipe(connection=salesforce)

    kept = credentials.read(connection=salesforce)
    assert (kept.access_token, kept.refresh_token, kept.client_secret) == (None, None, None)


def test_connection_without_lasting_access_breaks(salesforce: Connection, org: Org, run: Run) -> None:
    credentials.store(connection=salesforce, access_token="stale", refresh_token="")

    stopped = run(salesforce)

    salesforce.refresh_from_db()
    assert (stopped.state, salesforce.state) == ("failed", "broken")
    assert stopped.error == (
        "Salesforce has no lasting access. Authorise Salesforce again in Settings, CRM Integration."
    )


def test_case_f38_credentials_that_cannot_be_read_break_their_connection_alone(
    salesforce: Connection, hubspot: Connection, run: Run
) -> None:
    """Written for another row: lists of connections and the other polls continue."""
    ConnectionCredentials.objects.filter(pk=salesforce.pk).delete()
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO crm_sync_connectioncredentials (connection_id, access_token, changed_at)"
            " SELECT %s, access_token, now() FROM crm_sync_connectioncredentials WHERE connection_id = %s",
            [salesforce.pk, hubspot.pk],
        )

    stopped, done = run(salesforce), run(hubspot)

    salesforce.refresh_from_db()
    assert (stopped.state, salesforce.state, done.state) == ("failed", "broken", "done")
    assert stopped.error == (
        "The stored credentials of Salesforce were written for another connection. Connect again."
    )
    assert [one.name for one in Connection.objects.order_by("name")] == ["HubSpot", "Salesforce"]


def test_stale_token_is_renewed(salesforce: Connection, salesforce_server: Server) -> None:
    stale = stored_token(salesforce)

    token, address = renew(salesforce, stale=stale)

    assert token == stored_token(salesforce) != stale
    assert (address, renewals(salesforce_server)) == (salesforce_server.url, 1)


def test_token_that_somebody_else_renewed_is_taken_as_it_is(
    salesforce: Connection, salesforce_server: Server
) -> None:
    token, _ = renew(salesforce, stale="an older one")

    assert (token, renewals(salesforce_server)) == (stored_token(salesforce), 0)


def test_rotated_refresh_token_is_kept_before_it_is_needed(
    salesforce: Connection, org: Org, run: Run
) -> None:
    org.app.rotate = True
    first = credentials.read(connection=salesforce).refresh_token
    sell(org)
    org.expire_access_tokens()

    done = run(salesforce)

    kept = credentials.read(connection=salesforce).refresh_token
    assert (done.state, kept != first) == ("done", True)
    org.expire_access_tokens()
    assert run(salesforce).state == "done"


@pytest.mark.django_db(transaction=True)
def test_rotated_refresh_token_outlives_a_database_that_is_read_only_for_a_moment(
    salesforce: Connection, org: Org
) -> None:
    """Such a refusal is an InternalError to Django, not an OperationalError (F21)."""
    org.app.rotate = True
    org.expire_access_tokens()
    before = credentials.read(connection=salesforce)
    refused = []

    def refuse_once(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if sql.startswith('UPDATE "crm_sync_connectioncredentials"') and not refused:
            refused.append(sql)
            raise InternalError("read-only") from psycopg.errors.ReadOnlySqlTransaction("read-only")
        return execute(sql, *args)

    with database.execute_wrapper(refuse_once):
        renew(salesforce, stale=before.access_token or "")

    assert (len(refused), credentials.read(connection=salesforce).refresh_token != before.refresh_token) == (
        1,
        True,
    )


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_f15_four_at_once_renew_once(salesforce: Connection, org: Org, salesforce_server: Server) -> None:
    """Each would otherwise use up the other's refresh token."""
    org.app.rotate = True
    org.expire_access_tokens()
    stale = stored_token(salesforce)
    start = threading.Barrier(4)

    def work(_: int) -> str:
        start.wait()
        try:
            return renew(salesforce, stale=stale)[0]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        tokens = set(pool.map(work, range(4)))

    assert (tokens, renewals(salesforce_server)) == ({stored_token(salesforce)}, 1)


@pytest.mark.django_db(transaction=True)
def test_renewal_waits_for_salesforce_longer_than_for_other_locks(salesforce: Connection, org: Org) -> None:
    """A session that the database cuts off in between would lose the rotated token."""
    org.app.rotate = True
    stale = stored_token(salesforce)
    with connections["default"].cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = 100")
    slow = threading.Event()

    def answer_late(request: Request) -> Response | None:
        if request.path.endswith("/token"):
            slow.wait(0.4)
        return None

    org.intercept = answer_late
    token, _ = renew(salesforce, stale=stale)
    connections["default"].close()

    assert token == stored_token(salesforce)


def test_renewal_that_opens_another_org_breaks_the_connection(
    salesforce: Connection, org: Org, run: Run
) -> None:
    CrmOrg.objects.update(external_id="00D000000000001AAA")
    org.expire_access_tokens()
    before = stored_token(salesforce)

    stopped = run(salesforce)

    salesforce.refresh_from_db()
    assert (stopped.state, salesforce.state, stored_token(salesforce)) == ("failed", "broken", before)


def test_refused_renewal_keeps_the_tokens_for_a_look_by_people(salesforce: Connection, org: Org) -> None:
    org.revoke_tokens()
    before = stored_token(salesforce)

    with pytest.raises(ConfigError) as refused:
        renew(salesforce, stale=before)

    assert (refused.value.breaks, stored_token(salesforce)) == (True, before)


def test_no_secret_in_texts_of_rows_clients_and_dumps(salesforce: Connection, hubspot: Connection) -> None:
    secrets = [
        secret
        for row in ConnectionCredentials.objects.all()
        for secret in (row.client_secret, row.access_token, row.refresh_token)
        if secret
    ]
    dump = StringIO()
    call_command("dumpdata", "crm_sync", stdout=dump)
    texts = [
        dump.getvalue(),
        *(repr(row) + str(row) for row in ConnectionCredentials.objects.all()),
        *(repr(credentials.open_client(connection=one)) for one in (salesforce, hubspot)),
        repr(credentials.app_keys(connection=salesforce, client_secret=secrets[0])),
    ]

    assert len(secrets) == 4
    assert [secret for secret in secrets if any(secret in text for text in texts)] == []
