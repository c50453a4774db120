"""What every page tells of the connections and holds. Asked only where a page shows it."""

from collections.abc import Callable
from datetime import UTC
from functools import cache
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from billing.changing.listing import open_change_count
from billing.overview.banners import incomplete_legal_entity, parked_runs, restored_database
from crm_sync.connections import watch
from crm_sync.enums import ConnectionState
from crm_sync.models import Connection, Hold
from crm_sync.oversight import tie_out_checks
from crm_sync.views.access import VIEW_CHANGES
from crm_sync.views.connections.starting import questions
from fincelo.pagination import COUNT_CAP


def attention(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    offers: dict[str, Callable[[], Any]] = {}
    sources = [source for right, source in BANNERS if user.has_perm(right)]
    if sources:
        offers["banners"] = cache(lambda: [banner for source in sources for banner in source()])
    if user.has_perm("crm_sync.view_hold"):
        offers["open_hold_count"] = cache(open_hold_count)
    if user.has_perm(VIEW_CHANGES):
        offers["open_change_count"] = cache(open_change_count)
    return offers


def troubled_connections() -> list[dict[str, str]]:
    """Only what stops money. A silence that nobody has noticed yet is told by mail as well."""
    broken = Q(state=ConnectionState.BROKEN)
    silent = Q(pk__in=Connection.objects.silent().values("pk"))
    found = Connection.objects.filter(broken | silent).order_by("name")
    if any(connection.is_live and not connection.trouble for connection in found):
        watch.look()
    return [silence(connection) if connection.is_live else breakage(connection) for connection in found]


def breakage(connection: Connection) -> dict[str, str]:
    return {
        "tone": "bad",
        "what": f"{connection} is broken. {connection.state_reason}".strip(),
        "why": "Its won deals are not imported until it is connected again.",
        "cure_label": "Reconnect",
        "cure_url": f"{connection.get_absolute_url()}#connect",
    }


def silence(connection: Connection) -> dict[str, str]:
    heard = connection.last_success_at
    since = f"since {heard.astimezone(UTC):%Y-%m-%d, %H:%M} UTC" if heard else "yet"
    reason = (
        connection.state_reason or "If nothing else is wrong, the worker is not running: tell your operators."
    )
    return {
        "tone": "bad",
        "what": f"{connection} has had no complete sync {since}.",
        "why": f"Its won deals are waiting; none is lost. {reason}",
        "cure_label": f"Open {connection}",
        "cure_url": connection.get_absolute_url(),
    }


def untied_months() -> list[dict[str, str]]:
    """One banner, however many months differ."""
    months = tie_out_checks.open_differences()
    if not months:
        return []
    named = ", ".join(str(one) for one in months[:3])
    more = f" and {len(months) - 3} more months" if len(months) > 3 else ""
    return [
        {
            "tone": "bad",
            "what": f"{named}{more} {'does' if len(months) == 1 else 'do'} not tie out.",
            "why": "Won deals in the CRM, contracts and what is billed of them differ.",
            "cure_label": "See the differences",
            "cure_url": f"{reverse('tie-out')}?month={months[0].month:%Y-%m}",
        }
    ]


BANNERS: tuple[tuple[str, Callable[[], list[dict[str, str]]]], ...] = (
    ("crm_sync.view_connection", troubled_connections),
    ("billing.view_invoice", restored_database),
    ("billing.change_legalentity", incomplete_legal_entity),
    ("billing.change_billingschedule", parked_runs),
    ("billing.start_billing", questions),
    ("crm_sync.view_tieout", untied_months),
)


def open_hold_count() -> int:
    """At most `COUNT_CAP`: beyond it nobody cares how many."""
    return Hold.objects.open().order_by().values("pk")[:COUNT_CAP].count()
