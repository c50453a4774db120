"""The workspace's calendar, and how it writes days and numbers."""

from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone

from contracts.models import Workspace
from contracts.writing import written_as


def time_zone() -> str:
    """UTC until a workspace is set up."""
    return Workspace.objects.values_list("time_zone", flat=True).first() or "UTC"


@contextmanager
def as_workspace_writes() -> Iterator[None]:
    """Within it moments are those of the workspace, and days and numbers are written as it has chosen.

    As in England, in UTC, until a workspace is set up; in UTC while its zone is none.
    """
    zone, page_format = Workspace.objects.values_list("time_zone", "page_format").first() or ("UTC", "en-gb")
    with timezone.override(zone_of(zone)), written_as(page_format):
        yield


def zone_of(name: str) -> ZoneInfo:
    """UTC where the name is that of no zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def default_currency() -> str:
    """Empty where none is set."""
    return Workspace.objects.values_list("default_currency", flat=True).first() or ""
