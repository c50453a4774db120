"""How a test with real transactions leaves the database empty: only tables that have rows cost anything."""

from collections.abc import Sequence
from typing import Any

from psycopg import sql

LARGE = 256 * 1024
"""Bytes from which a table is made anew instead of its rows being deleted, which leaves its pages behind."""
EMPTY = """
DO $$
DECLARE
    name text;
    is_filled boolean;
    guarded text[] := ARRAY(
        SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgenabled = 'A' AND (tgtype & 8) <> 0
    );
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);  -- foreign keys hold again when all is gone
    FOREACH name IN ARRAY {tables}::text[] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO is_filled;
        IF is_filled AND (name = ANY (guarded) OR pg_relation_size(name::regclass) > {large}) THEN
            EXECUTE format('TRUNCATE %I CASCADE', name);
        ELSIF is_filled THEN
            EXECUTE format('DELETE FROM %I', name);
        END IF;
    END LOOP;
END $$
"""
"""Rows that the product keeps for ever cannot be deleted: the trigger fires always. 8: on DELETE."""


def empty(_style: Any, tables: Sequence[str], **_options: bool) -> list[str]:
    """The statements for `DatabaseOperations.sql_flush()`: TRUNCATE of all tables takes half a second."""
    names, large = sql.Literal(list(tables)), sql.Literal(LARGE)
    return [sql.SQL(EMPTY).format(tables=names, large=large).as_string()] if tables else []
