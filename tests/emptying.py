"""How a test with real transactions leaves the database: as it was when all migrations had run.

Only tables that have rows cost anything. Django's own way, TRUNCATE of all tables and everything that follows a
migrate, takes more than half a second.
"""

from collections.abc import Sequence
from typing import Any

from django.core.management.commands import flush
from django.db import connection
from psycopg import sql

LARGE = 256 * 1024
"""Bytes from which a table is made again instead of its rows being deleted, which leaves its pages behind."""
KEEP = """
CREATE SCHEMA first;
DO $$
DECLARE
    name text;
    is_filled boolean;
BEGIN
    FOREACH name IN ARRAY {tables}::text[] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO is_filled;
        IF is_filled THEN
            EXECUTE format('CREATE TABLE first.%I AS TABLE %I', name, name);
        END IF;
    END LOOP;
END $$
"""
EMPTY = """
DO $$
DECLARE
    name text;
    is_filled boolean;
    guarded text[] := ARRAY(
        SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgenabled = 'A' AND (tgtype & 8) <> 0
    );
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);  -- foreign keys hold again at the end
    FOREACH name IN ARRAY {tables}::text[] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO is_filled;
        IF is_filled AND (name = ANY (guarded) OR pg_relation_size(name::regclass) > {large}) THEN
            EXECUTE format('TRUNCATE %I CASCADE', name);
        ELSIF is_filled THEN
            EXECUTE format('DELETE FROM %I', name);
        END IF;
    END LOOP;
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'first'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('INSERT INTO %I OVERRIDING SYSTEM VALUE TABLE first.%I', name, name);
    END LOOP;
END $$
"""
"""Rows that the product keeps for ever cannot be deleted: the trigger fires always. 8: on DELETE."""


def empty_quickly() -> None:
    """From now on, in this process. What the tables hold at this moment is what they go back to."""
    tables = [name for name in connection.introspection.table_names() if name != "django_migrations"]
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(KEEP).format(tables=sql.Literal(tables)))
    connection.ops.sql_flush = statements  # type: ignore[method-assign]
    flush.emit_post_migrate_signal = lambda *_args, **_more: None  # type: ignore[assignment]  its rows are back


def statements(_style: Any, tables: Sequence[str], **_options: bool) -> list[str]:
    """In place of `DatabaseOperations.sql_flush()`."""
    names, large = sql.Literal(list(tables)), sql.Literal(LARGE)
    return [sql.SQL(EMPTY).format(tables=names, large=large).as_string()]
