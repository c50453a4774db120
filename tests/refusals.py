"""A database that refuses rows with any SQLSTATE, by a trigger on the table they go into."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

DEAL, INSTALLATION, PASSING = "this deal", "the installation", "passing"
with (Path(__file__).parent / "fincelo" / "database_errors.csv").open() as file:
    WHOSE_FAULT = {row["sqlstate"]: row["whose fault"] for row in csv.DictReader(file)}


@contextmanager
def refusing(table: str, *, sqlstate: str, when: str) -> Iterator[None]:
    """While it lasts, rows for which `when` is true are refused. `when` is SQL over NEW."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            CREATE FUNCTION refuse_by_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF {when} THEN
                    RAISE EXCEPTION 'A secret value.' USING ERRCODE = '{sqlstate}', TABLE = TG_TABLE_NAME;
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER refuse_by_test BEFORE INSERT ON {table}
                FOR EACH ROW EXECUTE FUNCTION refuse_by_test()
            """
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION refuse_by_test CASCADE")
