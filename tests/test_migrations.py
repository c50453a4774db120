import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from psycopg import sql

import billing.migrations
from tests.migrated import template_database

TARGETS = [
    f"billing.{path.stem}"
    for path in sorted(Path(billing.migrations.__file__ or "").parent.glob("[0-9]*.py"), reverse=True)
] + ["crm_sync.0001", "contracts.0001"]


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run")


@pytest.fixture
def migrated_database(database_url: str) -> Iterator[str]:
    """The address of a database beside the one of the tests."""
    name = f"test_fincelo_back_and_forth_{os.getpid()}"
    with psycopg.connect(database_url, autocommit=True) as server:
        server.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template_database())
            )
        )
        yield database_url.replace(server.info.dbname, name)
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.mark.slow
def test_migrations_go_back_and_forth_with_documents_of_every_state(migrated_database: str) -> None:
    """Both series of numbers, payments, mails: an operator may go back, and no invoice changes or is lost."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.back_and_forth", *TARGETS],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": migrated_database, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert len(seen["at first"]) == 7
    assert seen == dict.fromkeys(
        ("at first", *(f"back at {target}" for target in TARGETS), "forth"), seen["at first"]
    )
