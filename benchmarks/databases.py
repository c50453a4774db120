"""Databases that are made for one measurement: equal copies of one that was filled once."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg.sql import SQL, Identifier

from fincelo import embedded_postgres

PREFIX = "benchmark"


@contextmanager
def migrated(*, name: str) -> Iterator[str]:
    """An empty database with every migration applied, which Django's connection then uses."""
    database = f"{PREFIX}_{os.getpid()}_{name}"
    _on_server(SQL("CREATE DATABASE {}").format(Identifier(database)))
    try:
        _use(database)
        call_command("migrate", verbosity=0)
        yield database
    finally:
        _drop(database)


@contextmanager
def copy_of(database: str) -> Iterator[None]:
    """Django's connection uses an equal copy, statistics included, until the block ends."""
    copy = f"{database}_copy"
    _use(copy)
    _on_server(SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(copy), Identifier(database)))
    _on_server(SQL("CHECKPOINT"))  # so that writing the copy to disk burdens no measurement
    try:
        yield
    finally:
        _drop(copy)


def _use(database: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = database


def _drop(database: str) -> None:
    connection.close()
    _on_server(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(database)))


def _on_server(statement: Any) -> None:
    folder = embedded_postgres.ensure_running(settings.EMBEDDED_POSTGRES)
    with psycopg.connect(host=str(folder), user="postgres", dbname="postgres", autocommit=True) as server:
        server.execute(statement)
