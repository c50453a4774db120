"""What every page tells of the connections and holds. Asked only where a page shows it."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpRequest

from crm_sync.enums import ConnectionState
from crm_sync.models import Connection, Hold
from fincelo.pagination import COUNT_CAP


def attention(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    offers: dict[str, Callable[[], Any]] = {}
    if user.has_perm("crm_sync.view_connection"):
        offers["banners"] = cache(broken_connections)
    if user.has_perm("crm_sync.view_hold"):
        offers["open_hold_count"] = cache(open_hold_count)
    return offers


def broken_connections() -> list[dict[str, str]]:
    """Only what stops money."""
    return [
        {
            "tone": "bad",
            "what": f"{connection} is broken. {connection.state_reason}".strip(),
            "why": "Its won deals are not imported until it is connected again.",
            "cure_label": "Reconnect",
            "cure_url": f"{connection.get_absolute_url()}#connect",
        }
        for connection in Connection.objects.filter(state=ConnectionState.BROKEN).order_by("name")
    ]


def open_hold_count() -> int:
    """At most `COUNT_CAP`: beyond it nobody cares how many."""
    return Hold.objects.open().order_by().values("pk")[:COUNT_CAP].count()
