"""Links to deals in the CRM lead to where the org is now, also those that were stored before it moved."""

from django.db import connection as database

from crm_sync.clients.registry import facts_of
from crm_sync.models import Connection

FOLLOW = """
UPDATE {table} SET url = %(origin)s || regexp_replace(url, '^https?://[^/]+', '')
WHERE org_id = %(org)s AND url <> '' AND NOT starts_with(url, %(origin)s || '/')
"""
TABLES = ("crm_sync_crmdeal", "crm_sync_wondeal")


def origin_of_pages(connection: Connection) -> str:
    """Scheme and host of the pages that people see in the CRM; empty where that is not known."""
    origin_of = facts_of(connection.provider).origin_of_pages
    return origin_of(connection.instance_url, connection.ui_domain)


def follow_move(connection: Connection) -> None:
    """Points the stored links of the connection's org at its present host. In the caller's transaction."""
    origin = origin_of_pages(connection)
    if not origin or connection.org_id is None:
        return
    with database.cursor() as cursor:
        for table in TABLES:
            cursor.execute(FOLLOW.format(table=table), {"origin": origin, "org": connection.org_id})
