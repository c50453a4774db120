"""Travel in time: the database's business day is another one."""

from datetime import date

import psycopg
from django.db import connection

_REAL = """
    SELECT (clock_timestamp() AT TIME ZONE coalesce(
        (SELECT time_zone FROM contracts_workspace LIMIT 1), 'UTC'
    ))::date
"""


def travel_to(day: date) -> None:
    """Documents may be dated up to this day, and pages and commands take it for today."""
    _replace(f"SELECT date '{day}'")


def travel_back() -> None:
    _replace(_REAL)


def _replace(body: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            psycopg.sql.SQL(
                "CREATE OR REPLACE FUNCTION contracts_business_day() RETURNS date LANGUAGE sql STABLE AS {}"
            ).format(psycopg.sql.Literal(body))
        )
