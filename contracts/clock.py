"""The database's clock, by which every document is dated.

The database counts the business day itself, in the SQL function `contracts_business_day`: the calendar day
of its clock in the workspace's time zone. Triggers ask the same function, so no document is dated after it.
Tests and demonstrations replace the function to travel in time.
"""

from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.utils import timezone

MOST_APART = timedelta(seconds=120)


class ClocksDiffer(Exception):
    """This machine's clock and the database's are too far apart to date anything."""


def business_day() -> date:
    """Today where the workspace is, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT contracts_business_day()")
        day: date = cursor.fetchone()[0]
        return day


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now


def ensure_clocks_agree(*, database: datetime) -> None:
    """Raises ClocksDiffer where the moment that the database has just told is not this process's."""
    process = timezone.now()
    if abs(process - database) > MOST_APART:
        raise ClocksDiffer(
            f"This machine's clock says {_shown(process)} and the database's says {_shown(database)}. "
            f"They differ by more than {MOST_APART.seconds // 60} minutes, so nothing was done. "
            "Set the wrong clock right, then try again."
        )


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
