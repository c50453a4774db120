import contextlib
import fcntl
import gc
import ipaddress
import os
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections
from django.http import HttpResponse

from fincelo import embedded_postgres
from tests.chromium import HOW_TO_GET_IT, find_chromium
from tests.emptying import empty_quickly
from tests.migrated import template_database
from tests.pages import squeezed
from tests.travel import travel_back, travel_to

TEST_DATABASE = "test_fincelo"
LONGEST = (
    "whole/test_whole.py",
    "crm_sync/importing/test_kill.py",
    "crm_sync/counted/test_lossless_hubspot.py",
    "test_migrations.py",
    "billing/test_invoicing_races.py",
    "browser/test_accessible.py",
    "crm_sync/importing/test_statements.py",
    "whole/test_sabotage.py",
    "test_worker.py",
)
"""Files that take minutes. Those that start the whole product do not all begin together."""


gc.disable()  # until all tests are collected: what is made on the way stays


class NetworkBlocked(Exception):
    """A test reached for an address outside this machine."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files begin first, so that at the end no process is left alone with one of them."""
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """The collector has half a gigabyte of modules and tests to walk through each time, unless it is told not to."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def _only_this_machine() -> Iterator[None]:
    """Refuse connections and look-ups that would leave this machine."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _refuse_unless_loopback(self, address)
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_unless_loopback(self, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        _refuse_unless_named_loopback(host)
        return getaddrinfo(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


@pytest.fixture(autouse=True, scope="session")
def _pages_are_read_without_their_indentation() -> Iterator[None]:
    def text(response: HttpResponse) -> str:
        written = response.content.decode(response.charset or "utf-8")
        return squeezed(written) if response.headers["Content-Type"].startswith("text/html") else written

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpResponse, "text", property(text))
        yield


@pytest.fixture(autouse=True, scope="session")
def _people_of_tests() -> None:
    """Tests make their people and roles themselves; that is no change which the audit has to tell of."""
    from access import role_changes

    role_changes.disconnect()


def _refuse_unless_loopback(sock: socket.socket, address: Any) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        _refuse_unless_named_loopback(address[0])


def _refuse_unless_named_loopback(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(name).is_loopback:
            return
    raise NetworkBlocked(f"A test tried to reach {name}.")


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> Iterator[None]:
    """Test runs may overlap: each has its own database on one embedded server, which the last run stops."""
    if settings.DATABASES["default"]["ENGINE"] != "fincelo.embedded_backend":
        yield
        return
    connection.settings_dict["TEST"]["NAME"] = f"{TEST_DATABASE}_{os.getpid()}"
    settings.VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (settings.VAR_DIR / "runs.lock").open("w") as runs:
        if _alone(runs):
            _drop_leftovers()
        fcntl.flock(runs, fcntl.LOCK_SH)
        connection.settings_dict["TEST"]["TEMPLATE"] = template_database()
        yield
        if _alone(runs):
            connections.close_all()
            embedded_postgres.stop(settings.EMBEDDED_POSTGRES)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests may empty tables, which the product refuses. Tables are not vacuumed: one that is, while a test has
    filled it and not committed, counts as empty, and is read row by row as often as there are rows.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        empty_quickly()
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                psycopg.sql.SQL("ALTER TABLE {} SET (autovacuum_enabled = false)").format(
                    psycopg.sql.Identifier(table)
                )
            )
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger"
            " WHERE NOT tgisinternal AND (tgtype & 32) <> 0"  # 32: on TRUNCATE
        )
        for table, trigger in cursor.fetchall():
            cursor.execute(
                psycopg.sql.SQL("ALTER TABLE {} DISABLE TRIGGER {}").format(
                    psycopg.sql.Identifier(table), psycopg.sql.Identifier(trigger)
                )
            )


def _alone(runs: Any) -> bool:
    try:
        fcntl.flock(runs, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _drop_leftovers() -> None:
    """Databases of runs that were killed."""
    host = embedded_postgres.ensure_running(settings.EMBEDDED_POSTGRES)
    with psycopg.connect(host=str(host), user="postgres", dbname="postgres", autocommit=True) as server:
        rows = server.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [TEST_DATABASE]
        )
        for (name,) in rows.fetchall():
            server.execute(
                psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(psycopg.sql.Identifier(name))
            )


@pytest.fixture(autouse=True)
def _day(request: pytest.FixtureRequest) -> Iterator[None]:
    """`@pytest.mark.day("2027-03-01")`: the database's business day during the test."""
    mark = request.node.get_closest_marker("day")
    if mark is None:
        yield
        return
    request.getfixturevalue("db")
    travel_to(date.fromisoformat(mark.args[0]))
    yield
    if not connection.needs_rollback:
        travel_back()


@pytest.fixture(autouse=True)
def _own_witness(settings: Any, tmp_path: Path) -> None:
    """Numbers that other tests gave are none of this one's business."""
    settings.WITNESS_PATH = tmp_path / "witness.jsonl"


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """The test database's address, for a test that starts processes of its own."""
    params = connection.get_connection_params()
    return f"postgresql://{params['user']}@/{params['dbname']}?host={params['host']}"


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser. Without one, browser tests are skipped, or fail when CI=true."""
    if path := find_chromium():
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(HOW_TO_GET_IT)
    pytest.skip(HOW_TO_GET_IT)
