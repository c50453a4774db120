"""The workspace's calendar."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from contracts.models import Workspace


def time_zone() -> str:
    """UTC until a workspace is set up."""
    return Workspace.objects.values_list("time_zone", flat=True).first() or "UTC"


def default_currency() -> str:
    """Empty where none is set."""
    return Workspace.objects.values_list("default_currency", flat=True).first() or ""


def business_date(*, at: datetime) -> date:
    """The calendar day of a moment where the workspace is."""
    return at.astimezone(ZoneInfo(time_zone())).date()
