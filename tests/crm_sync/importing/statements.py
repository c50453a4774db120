"""Counts what is sent to the database, COPY included."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection

FIRST_OF_A_PAGE = "SET backend_pid = pg_backend_pid()"
LAST_OF_A_PAGE = 'UPDATE "crm_sync_connection" SET "cursor_modified_at"'


@contextmanager
def noted() -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    statements: list[str] = []
    copy = psycopg.Cursor.copy

    def note(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        statements.append(sql)
        return execute(sql, *args)

    def noted_copy(cursor: Any, sql: Any, *args: Any, **kwargs: Any) -> Any:
        statements.append(str(sql))
        return copy(cursor, sql, *args, **kwargs)

    with connection.execute_wrapper(note), pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "copy", noted_copy)
        yield statements


def pages_of(statements: list[str]) -> list[list[str]]:
    """Each page's transaction, from the fence to the cursor."""
    pages: list[list[str]] = []
    page: list[str] = []
    for statement in statements:
        if FIRST_OF_A_PAGE in statement:
            page = []
        page.append(statement)
        if LAST_OF_A_PAGE in statement:
            pages.append(page)
            page = []
    return pages
