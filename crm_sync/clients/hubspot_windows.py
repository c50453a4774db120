"""Windows of changed deals: what is searched for, and that a walk through them gets on."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crm_sync.clients.hubspot_values import to_millis
from crm_sync.deals import Cursor, DealQuery
from crm_sync.errors import TransientError

OVERLAP = timedelta(minutes=60)
Record = dict[str, Any]


def window_filters(*, cursor: Cursor, stage_ids: Sequence[str], query: DealQuery) -> list[list[Record]]:
    """Filter groups that stay the same over all pages. Only the first import filters by stage and day."""
    if cursor.modified_at is None:
        day_before = datetime.combine(query.import_from - timedelta(days=1), datetime.min.time(), tzinfo=UTC)
        won = {"propertyName": "dealstage", "operator": "IN", "values": list(stage_ids)}
        return [
            [won, {"propertyName": "closedate", "operator": "GTE", "value": to_millis(day_before)}],
            [won, {"propertyName": "closedate", "operator": "NOT_HAS_PROPERTY"}],
        ]
    since = to_millis(cursor.modified_at - OVERLAP)
    return [[{"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": since}]]


def bounds(*, last_id: str, window_end: datetime | None) -> list[Record]:
    after = [{"propertyName": "hs_object_id", "operator": "GT", "value": last_id}]
    if window_end is None:
        return after
    until = {"propertyName": "hs_lastmodifieddate", "operator": "LTE", "value": to_millis(window_end)}
    return [until, *after]


def last_of(results: Sequence[Record], *, before: str, done: bool) -> str:
    """The last id of a page, which lies beyond the one before: a page that repeats is no progress."""
    if not results and done:
        return before
    ids = [int(record["id"]) for record in results]
    if not ids or ids != sorted(set(ids)) or ids[0] <= int(before):
        raise TransientError(
            "HubSpot's pages repeat or are out of order.",
            next_step="The next poll goes on from the last page that was stored.",
            code="PAGES_OUT_OF_ORDER",
        )
    return str(results[-1]["id"])
