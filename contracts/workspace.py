"""The workspace's calendar."""

from contracts.models import Workspace


def time_zone() -> str:
    """UTC until a workspace is set up."""
    return Workspace.objects.values_list("time_zone", flat=True).first() or "UTC"


def calendar_and_format() -> tuple[str, str]:
    """Time zone, and how days and numbers are written; as in England until a workspace is set up."""
    return Workspace.objects.values_list("time_zone", "page_format").first() or ("UTC", "en-gb")


def default_currency() -> str:
    """Empty where none is set."""
    return Workspace.objects.values_list("default_currency", flat=True).first() or ""
