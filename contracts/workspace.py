"""The workspace's calendar."""

from contracts.models import Workspace


def time_zone() -> str:
    """UTC until a workspace is set up."""
    return Workspace.objects.values_list("time_zone", flat=True).first() or "UTC"


def default_currency() -> str:
    """Empty where none is set."""
    return Workspace.objects.values_list("default_currency", flat=True).first() or ""
