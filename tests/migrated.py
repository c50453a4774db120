"""A database with all migrations, made once and then copied: to migrate takes a quarter of a minute each time.

Copies are made for the processes of a test run, which share a server, and for products that tests start. How a
product comes up from nothing is shown by `tests/demo/test_run.py`.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.conf import settings
from psycopg import sql

from fincelo import embedded_postgres, postgres_programs
from fincelo.embedded_postgres import Place

PREFIX = "migrated_"
OF_TESTS = (
    "DJANGO_SETTINGS_MODULE",
    "EMBEDDED_POSTGRES_DURABLE",
    "DATABASE_URL",
    "SECRET_KEY",
    "FERNET_KEYS",
)
"""Variables of a test run that the product itself does not have."""
CODE = ("access", "billing", "contracts", "crm_sync", "fincelo")


def product_environment(var: Path) -> dict[str, str]:
    """The environment of a product of its own whose data are in this folder."""
    return {name: value for name, value in os.environ.items() if name not in OF_TESTS} | {"VAR_DIR": str(var)}


def template_database() -> str:
    """The name of the database on the server of the tests that theirs are copied from."""
    name = f"{PREFIX}{_digest()}"
    with _alone():
        host = embedded_postgres.ensure_running(settings.EMBEDDED_POSTGRES)
        with psycopg.connect(host=str(host), user="postgres", dbname="postgres", autocommit=True) as server:
            older = [row[0] for row in server.execute("SELECT datname FROM pg_database")]
            if name in older:
                return name
            for other in older:
                if other.startswith(PREFIX):
                    server.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(other)))
            draft = f"{PREFIX}draft"
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(draft)))
            _manage(os.environ | {"DATABASE_URL": f"postgresql://postgres@/{draft}?host={host}"}, "migrate")
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            server.execute(rename.format(sql.Identifier(draft), sql.Identifier(name)))
    return name


def copy_migrated(var: Path) -> None:
    """Puts into this folder what `manage.py migrate` leaves in an empty one: the keys and the database."""
    home = settings.VAR_DIR / f"{PREFIX}{_digest()}"
    with _alone():
        if not home.exists():
            _make_product(home)
        shutil.copytree(home, var, ignore=shutil.ignore_patterns("postgres*"))
        source, copy = Place(folder=home / "postgres"), Place(folder=var / "postgres")
        embedded_postgres.make_home(copy)
        shutil.copytree(source.data, copy.data)
    if postgres_programs.is_root():
        user = postgres_programs.system_user()
        for path in (copy.data, *copy.data.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)


def _make_product(home: Path) -> None:
    for older in home.parent.glob(f"{PREFIX}*"):
        shutil.rmtree((older / "postgres").resolve(), ignore_errors=True)
        shutil.rmtree(older)
    draft = home.with_name(f"{PREFIX}draft")
    environment = product_environment(draft) | {"FINCELO_DEV": "true"}
    for command in ("migrate", "stop_postgres"):
        _manage(environment, command)
    draft.rename(home)


def _manage(environment: dict[str, str], command: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", command],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _digest() -> str:
    """Of everything that a migration, or what follows it, may run."""
    files = [path for app in CODE for path in sorted((settings.BASE_DIR / app).rglob("*.py"))]
    content = hashlib.sha256()
    for path in [*files, settings.BASE_DIR / "requirements.txt"]:
        content.update(path.read_bytes())
    return content.hexdigest()[:12]


@contextmanager
def _alone() -> Iterator[None]:
    settings.VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (settings.VAR_DIR / "migrated.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
