"""No cursor is ahead of the database's clock, and none goes back, whatever a CRM's own clock says.

A cursor that stands in the future would pass over every deal that is changed until then.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from contracts.clock import database_now
from crm_sync.deals import Cursor, DealPage
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import finding
from crm_sync.importing.mapped_page import Sight

MOST_AHEAD = timedelta(minutes=10)


def bounded(pages: Iterator[DealPage], *, sight: Sight, at: datetime) -> Iterator[DealPage]:
    """The same pages; `at`: when the run began.

    A wrong clock stands with the run as a note, and degrades nothing.
    """
    before = sight.connection.cursor_modified_at
    for page in pages:
        cursor = page.cursor
        if cursor is None:
            yield page
            continue
        if before and cursor.modified_at and cursor.modified_at < before:
            cursor = replace(cursor, modified_at=before)
        latest = max(moments(cursor), default=None)
        if latest is not None and is_to_come(latest, at=at):
            crm = sight.connection.get_provider_display()
            moment = f"{latest.astimezone(UTC):%Y-%m-%d, %H:%M} UTC"
            sight.notes.append(finding(FindingCode.CLOCK_AHEAD, crm=crm, moment=moment))
            cursor = not_after(database_now(), cursor=cursor)
        yield replace(page, cursor=cursor)


def moments(cursor: Cursor) -> list[datetime]:
    return [one for one in (cursor.modified_at, cursor.window_end, cursor.reached_at) if one is not None]


def is_to_come(moment: datetime, *, at: datetime) -> bool:
    """The database is asked only where this process's clock has a doubt."""
    return moment > at + MOST_AHEAD and moment > database_now() + MOST_AHEAD


def not_after(now: datetime, *, cursor: Cursor) -> Cursor:
    return replace(
        cursor,
        modified_at=cursor.modified_at and min(cursor.modified_at, now),
        window_end=cursor.window_end and min(cursor.window_end, now),
        reached_at=cursor.reached_at and min(cursor.reached_at, now),
    )
