"""The workspace's calendar."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from contracts.models import Workspace


def business_date(*, at: datetime) -> date:
    """The calendar day of a moment where the workspace is. UTC until a workspace is set up."""
    zone = Workspace.objects.values_list("time_zone", flat=True).first() or "UTC"
    return at.astimezone(ZoneInfo(zone)).date()
