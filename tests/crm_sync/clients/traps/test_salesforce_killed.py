"""Case 76 and Salesforce reference 1.7: a process that is killed while it renews a rotating connection."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections

from crm_sync.connections import credentials
from crm_sync.models import Connection
from demo.salesforce.org import Org
from tests.crm_sync.clients.traps.salesforce_seen import broken, connect_again, seen
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def rotating(salesforce: Connection, org: Org) -> Connection:
    """Its session has run out, and each renewal changes its refresh token."""
    org.app.rotate = True
    org.expire_access_tokens()
    return salesforce


def die_at(text: str, connection: Connection) -> None:
    """Renews in this process, which is killed at the first statement with this text."""

    def execute(inner: Callable[..., Any], sql: str, *args: Any) -> Any:
        if text in sql:
            os.kill(os.getpid(), signal.SIGKILL)
        return inner(sql, *args)

    with database.execute_wrapper(execute):
        credentials.renew_token(
            connection=connection,
            stale=credentials.read(connection=connection).access_token or "",
            transport=credentials.transport_for(connection=connection),
        )


@pytest.fixture
def killed_at(rotating: Connection) -> Callable[[str], None]:
    def kill(text: str) -> None:
        connections.close_all()
        process = FORK.Process(target=die_at, args=(text, rotating))
        process.start()
        process.join(120)
        assert process.exitcode == -signal.SIGKILL

    return kill


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SET LOCAL lock_timeout", "done"),
        ("FOR UPDATE", "done"),
        ('UPDATE "crm_sync_connectioncredentials"', "failed"),
    ],
    ids=["before the lock", "at the lock", "between the answer and the commit"],
)
def test_case_76_killed_while_renewing(
    rotating: Connection, org: Org, run: Run, killed_at: Callable[[str], None], statement: str, expected: str
) -> None:
    """Only a death after Salesforce's answer and before our commit costs the access, and it is told."""
    sold = sell(org)

    killed_at(statement)
    first = run(rotating)

    rotating.refresh_from_db()
    assert (first.state, rotating.state_reason) == (expected, first.error)
    if expected == "failed":
        assert seen(first, rotating) == broken(first.error)
        assert "was interrupted before its answer was stored" in first.error
        connect_again(org=org, connection=rotating)
        assert run(rotating).created == 1
    assert org.record(sold)["StageName"] == "Closed Won"
