"""Reads deals again that somebody picked in a list."""

from collections import defaultdict

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import pluralize

from crm_sync import tasks
from crm_sync.models import Connection, CrmDeal
from crm_sync.views.access import SYNC

MOST_AT_ONCE = 10_000


class ReplayAdmin:
    """Mixed into an admin whose actions are `permissions=["replay"]`."""

    def has_replay_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(SYNC)


def replay(request: HttpRequest, *, deals: QuerySet[CrmDeal]) -> None:
    """Asks the worker, one replay for each connection, and says what was asked."""
    rows = list(
        deals.order_by("connection_id", "id").values_list("connection_id", "external_id")[: MOST_AT_ONCE + 1]
    )
    if len(rows) > MOST_AT_ONCE:
        messages.error(
            request,
            f"More than {MOST_AT_ONCE:,} deals match. Narrow the filter: each is read from the CRM.",
        )
        return
    by_connection: dict[int, list[str]] = defaultdict(list)
    for connection_id, external_id in rows:
        by_connection[connection_id].append(external_id)
    live = Connection.objects.live().in_bulk(by_connection)
    for connection in Connection.objects.filter(pk__in=by_connection).order_by("name"):
        number = len(by_connection[connection.pk])
        if connection.pk not in live:
            messages.error(
                request, f"{connection} is not connected: {number:,} deal{pluralize(number)} not read."
            )
            continue
        tasks.request_replay(
            connection_id=connection.pk,
            external_ids=by_connection[connection.pk],
            actor_id=request.user.pk,
        )
        messages.success(
            request, f"Fincelo was asked to read {number:,} deal{pluralize(number)} of {connection} again."
        )
    if not rows:
        messages.warning(request, "No deal was chosen, so none is read again.")
