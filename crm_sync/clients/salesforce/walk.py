"""The walk through one window of changed Salesforce deals, in the order of (SystemModstamp, Id). Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from crm_sync.clients.salesforce.values import date_literal, moment_literal, quote_text, quote_texts
from crm_sync.deals import Cursor, Deal, DealQuery

OVERLAP = timedelta(minutes=30)
ORDER = "SystemModstamp ASC, Id ASC"
NEWEST_FIRST = "SystemModstamp DESC, Id DESC"
BEFORE_SALESFORCE = datetime(1999, 1, 1, tzinfo=UTC)
SHORTEST_PART = timedelta(minutes=1)


def won_since(query: DealQuery) -> str:
    return f"StageName IN {quote_texts(query.stage_names)} AND CloseDate >= {date_literal(query.import_from)}"


def conditions(*, query: DealQuery, cursor: Cursor, before: datetime | None) -> str:
    """What is left of the window; with `before` only its part up to that moment.

    Only the first import filters by stage and day: a deal that has left its stage is news as well.
    """
    first = [won_since(query)] if query.cursor.modified_at is None else []
    if cursor.window_end is not None:
        first.append(f"SystemModstamp <= {moment_literal(cursor.window_end)}")
    if before is not None:
        first.append(f"SystemModstamp < {moment_literal(before)}")
    return " AND ".join([*first, *beginning(cursor)])


def beginning(cursor: Cursor) -> list[str]:
    """After the last deal that was stored, or at the cursor less the overlap."""
    if cursor.reached_at is not None:
        reached, last_id = moment_literal(cursor.reached_at), quote_text(cursor.external_id)
        if not cursor.external_id:
            return [f"SystemModstamp > {reached}"]
        return [f"(SystemModstamp > {reached} OR (SystemModstamp = {reached} AND Id > {last_id}))"]
    if cursor.modified_at is not None:
        return [f"SystemModstamp >= {moment_literal(cursor.modified_at - OVERLAP)}"]
    return []


def moved(
    cursor: Cursor, *, last: Deal | None, window_end: datetime, is_done: bool, before: datetime | None
) -> Cursor:
    """The cursor after a page; `is_done` when it was the last of the window, or of its part up to `before`.

    It never goes back, and never past the moment at which the window began to be read, by Salesforce's own
    clock: what became visible behind the walk lies within the next overlap.
    """
    here = replace(cursor, window_end=cursor.window_end or window_end)
    if last is not None:
        here = replace(
            here,
            reached_at=min(last.modified_at, here.window_end or window_end),
            external_id=last.external_id,
        )
    if not is_done:
        return here
    return closed(here) if before is None else up_to(before, cursor=here)


def closed(cursor: Cursor) -> Cursor:
    """At the end of a window. One without deals, or with none but those of the overlap, moves nothing on."""
    before, reached = cursor.modified_at, cursor.reached_at
    if reached is None:
        return Cursor(modified_at=before, external_id=cursor.external_id)
    if before is not None and reached < before:
        return Cursor(modified_at=before)
    return Cursor(modified_at=reached, external_id=cursor.external_id)


def up_to(moment: datetime, *, cursor: Cursor) -> Cursor:
    """The cursor when the part of the window before this moment is done."""
    just_before = moment - timedelta(seconds=1)  # stamps are whole seconds
    if cursor.reached_at is not None and cursor.reached_at >= just_before:
        return cursor
    return replace(cursor, reached_at=just_before, external_id="")


def half_of(*, cursor: Cursor, before: datetime | None, now: datetime | None) -> datetime | None:
    """The middle of what is left of the window, for a query that ran too long; None when it is short."""
    start = cursor.reached_at or (cursor.modified_at - OVERLAP if cursor.modified_at else BEFORE_SALESFORCE)
    end = before or cursor.window_end or now
    if end is None or end - start < 2 * SHORTEST_PART:
        return None
    return (start + (end - start) / 2).replace(microsecond=0)
