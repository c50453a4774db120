"""The workspace's calendar."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection

from contracts.models import Workspace


def time_zone() -> str:
    """UTC until a workspace is set up."""
    return Workspace.objects.values_list("time_zone", flat=True).first() or "UTC"


def default_currency() -> str:
    """Empty where none is set."""
    return Workspace.objects.values_list("default_currency", flat=True).first() or ""


def business_day() -> date:
    """Today where the workspace is, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return business_date(at=cursor.fetchone()[0])


def business_date(*, at: datetime) -> date:
    """The calendar day of a moment where the workspace is."""
    return at.astimezone(ZoneInfo(time_zone())).date()
