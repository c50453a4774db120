"""Windows of changed deals: what is searched for, and that a walk through them gets on."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crm_sync.clients.hubspot.values import to_millis
from crm_sync.deals import Cursor, DealQuery
from crm_sync.errors import TransientError

OVERLAP = timedelta(minutes=60)
LONGEST_FILTERS = 2_000
"""Characters of a search's filters: HubSpot refuses a search of more than 3,000, all in all."""
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


def changed_after(moment: datetime) -> list[Record]:
    return [{"propertyName": "hs_lastmodifieddate", "operator": "GT", "value": to_millis(moment)}]


def searches(groups: Sequence[Sequence[Record]]) -> list[list[list[Record]]]:
    """The same filter groups with their lists of stages cut so that each search stays short enough."""
    longest = max((len(values) for values in lists_in(groups)), default=0)
    for at_once in range(max(1, longest), 0, -1):
        cut = [cut_to(groups, start=start, at_once=at_once) for start in range(0, max(1, longest), at_once)]
        if at_once == 1 or all(len(json.dumps(one)) <= LONGEST_FILTERS for one in cut):
            return cut
    raise AssertionError("unreachable")


def lists_in(groups: Sequence[Sequence[Record]]) -> list[list[str]]:
    return [one["values"] for filters in groups for one in filters if "values" in one]


def cut_to(groups: Sequence[Sequence[Record]], *, start: int, at_once: int) -> list[list[Record]]:
    return [
        [
            one | {"values": one["values"][start : start + at_once]} if "values" in one else one
            for one in filters
        ]
        for filters in groups
    ]


def out_of_order() -> TransientError:
    return TransientError(
        "HubSpot's pages repeat or are out of order.",
        next_step="The next poll continues from the last page that was stored.",
        code="PAGES_OUT_OF_ORDER",
    )
