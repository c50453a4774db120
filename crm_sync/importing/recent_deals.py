"""Deals that were read of late, and as of which change: a poll need not read them again.

The memory belongs to one cursor, one mapping and one set of settings. Whatever changes any of them makes it
void, so nobody has to think of clearing it.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.db import connection as database

from crm_sync.deals import Cursor, Deal
from crm_sync.mapping.rules import MappingRules, MappingSettings
from crm_sync.models import Connection, CrmDeal, RecentDeal, WonDeal

KEPT_FOR = timedelta(hours=1)
"""Before the cursor: no poll looks further back."""
FAR = datetime(9000, 1, 1, tzinfo=UTC)
PRUNE = """
DELETE FROM crm_sync_recentdeal WHERE connection_id = %s AND (modified_at < %s OR %s)
"""
NOTE = """
INSERT INTO crm_sync_recentdeal AS kept (connection_id, external_id, modified_at)
SELECT %s, external_id, max(modified_at)
FROM unnest(%s::text[], %s::timestamptz[]) AS seen(external_id, modified_at)
WHERE modified_at >= %s
GROUP BY external_id
ON CONFLICT (connection_id, external_id) DO UPDATE SET modified_at = excluded.modified_at
WHERE kept.modified_at < excluded.modified_at
"""


def mark_of(connection: Connection, *, cursor: Cursor, rules: MappingRules, settings: MappingSettings) -> str:
    """Differs as soon as a deal that was read could be read otherwise, or again."""
    parts = (
        cursor,
        rules.version,
        settings,
        connection.mode,
        connection.org_id,
        connection.import_from,
        sorted(connection.stage_names),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def cursor_of(connection: Connection) -> Cursor:
    return Cursor(
        modified_at=connection.cursor_modified_at,
        external_id=connection.cursor_external_id,
        window_end=connection.cursor_window_end,
        reached_at=connection.cursor_reached_at,
    )


def recently_read(
    connection: Connection, *, rules: MappingRules, settings: MappingSettings
) -> dict[str, datetime]:
    """By id, as of which change. Empty where that was another cursor's, mapping's or setting's."""
    mark = mark_of(connection, cursor=cursor_of(connection), rules=rules, settings=settings)
    if connection.read_mark != mark:
        return {}
    return dict(RecentDeal.objects.filter(connection=connection).values_list("external_id", "modified_at"))


def note_read(
    connection: Connection,
    *,
    deals: Sequence[Deal],
    cursor: Cursor | None,
    rules: MappingRules,
    settings: MappingSettings,
) -> str:
    """Adds what a page has brought, in the page's transaction and before its cursor; returns the new mark.

    A page without a cursor is no poll's, and adds nothing.
    """
    if cursor is None:
        return ""
    here = Connection.objects.get(pk=connection.pk)
    is_void = here.read_mark != mark_of(connection, cursor=cursor_of(here), rules=rules, settings=settings)
    reached = cursor.reached_at or cursor.modified_at or cursor.window_end or FAR
    since = reached - KEPT_FOR
    with database.cursor() as executor:
        executor.execute(PRUNE, [connection.pk, since, is_void])
        ids, moments = [one.external_id for one in deals], [one.modified_at for one in deals]
        executor.execute(NOTE, [connection.pk, ids, moments, since])
    return mark_of(connection, cursor=cursor, rules=rules, settings=settings)


def stored_among(*, org_id: int, external_ids: Sequence[str]) -> set[str]:
    """Those of which there is an import record, or which the CRM has told as won."""
    imported = CrmDeal.objects.filter(org_id=org_id, external_id__in=external_ids)
    told = WonDeal.objects.filter(org_id=org_id, external_id__in=external_ids, gone_at=None)
    rows = imported.values_list("external_id", flat=True).union(told.values_list("external_id", flat=True))
    return set(rows)
