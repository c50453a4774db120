"""The calendars of three workspaces, written without a time zone database."""

from datetime import UTC, date, datetime, timedelta

NEW_YORK, KATHMANDU, KIRITIMATI = "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"
ZONES = [NEW_YORK, KATHMANDU, KIRITIMATI]

SUMMER_ENDS = datetime(2027, 11, 7, 6, tzinfo=UTC)
SUMMER_BEGINS = datetime(2028, 3, 12, 7, tzinfo=UTC)
"""In New York, at two o'clock in the morning there."""


def day_in(zone: str, moment: datetime) -> date:
    """The calendar day, between July 2027 and October 2028."""
    ahead = {
        NEW_YORK: timedelta(hours=-5 if SUMMER_ENDS <= moment < SUMMER_BEGINS else -4),
        KATHMANDU: timedelta(hours=5, minutes=45),
        KIRITIMATI: timedelta(hours=14),
    }
    return (moment.replace(tzinfo=None) + ahead[zone]).date()
