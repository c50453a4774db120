"""Travel in time: the database's business day is another one."""

from datetime import date, datetime

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


def travel_to_moment(moment: datetime) -> None:
    """The day that a moment has in the workspace's zone, by the product's own reckoning."""
    _replace(_REAL.replace("clock_timestamp()", f"timestamptz '{moment.isoformat()}'"))


def travel_back() -> None:
    _replace(_REAL)


def _replace(body: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            psycopg.sql.SQL(
                "CREATE OR REPLACE FUNCTION contracts_business_day() RETURNS date LANGUAGE sql STABLE AS {}"
            ).format(psycopg.sql.Literal(body))
        )
