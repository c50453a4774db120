"""What the list of holds shows."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from crm_sync.models import Hold
from crm_sync.models.deals import HoldQuerySet


def holds_matching(*, filters: Mapping[str, Any]) -> HoldQuerySet:
    """Open ones, newest first."""
    found = Hold.objects.open().select_related("crm_deal__connection")
    if "code" in filters:
        found = found.filter(code=filters["code"])
    return narrowed(found, filters=filters).order_by("-opened_at", "-id")


def counts_by_code(*, filters: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The causes of the holds that the other filters leave, the most frequent first."""
    return narrowed(Hold.objects.open(), filters=filters).counts_by_code()


def narrowed(found: HoldQuerySet, *, filters: Mapping[str, Any]) -> HoldQuerySet:
    if "connection" in filters:
        found = found.filter(crm_deal__connection=filters["connection"])
    if "q" in filters:
        found = found.filter(
            Q(crm_deal__name__icontains=filters["q"]) | Q(crm_deal__external_id=filters["q"])
        )
    return found
