"""Every row of a database as lines of text that are the same after each run of the same product.

What no two runs have in common is replaced by its name, such as `<moment>`; days, amounts, states and sentences stay.
"""

import json
import re
from datetime import datetime
from typing import Any

from django.db import connection

LEFT_OUT = {"django_migrations", "django_session"}
BY_CONTENT = {
    *("django_content_type", "auth_permission", "auth_group_permissions", "django_q_schedule"),
    *("fincelo_rolegrant", "fincelo_sentform"),
}
"""Written without ids, in the order of their content: chance or the order of imports gives their keys."""
BY_NAME = {
    "content_type_id": "SELECT app_label || '.' || model FROM django_content_type WHERE id = %s",
    "permission_id": "SELECT codename FROM auth_permission WHERE id = %s",
}
"""Columns that point at such a table, and what is written in their place."""
MASKED = {
    "auth_user.password": "<salted>",
    "billing_billingrun.backend_pid": "<process>",
    "billing_databasemark.system_identifier": "<server>",
    "billing_databasemark.database_oid": "<server>",
    "billing_databasemark.invoice_table_oid": "<server>",
    "contracts_auditentry.system": "<server>",
    "contracts_auditentry.xid": "<transaction>",
    "contracts_auditseal.system": "<server>",
    "contracts_auditseal.digest": "<digest of moments>",
    "crm_sync_connection.read_mark": "<digest of moments>",
    "crm_sync_connectioncredentials.given_digest": "<digest of a token>",
    "fincelo_backgroundwork.backend_pid": "<process>",
    "fincelo_backgroundwork.queue_id": "<random>",
    "fincelo_invariantresult.milliseconds": "<duration>",
    "fincelo_sentform.key": "<random>",
}
"""Columns whose values no two runs have in common, each with what the value is."""
IN_TEXT = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)?"), "<moment>"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"(?<=127\.0\.0\.1:)\d+"), "<port>"),
)
JSONB = 3802
"""The type as PostgreSQL numbers it; its values come as text."""


def all_rows() -> list[str]:
    """A line for each row of each table: `table column=value ...`, in the order of the primary keys."""
    with connection.cursor() as cursor:
        tables = [
            name for name in sorted(connection.introspection.table_names(cursor)) if name not in LEFT_OUT
        ]
        return [line for table in tables for line in lines_of(table, cursor=cursor)]


def lines_of(table: str, *, cursor: Any) -> list[str]:
    key = connection.introspection.get_primary_key_columns(cursor, table) or ["1"]
    cursor.execute(f"SELECT * FROM {table} ORDER BY {', '.join(key)}")
    columns = [(column.name, column.type_code) for column in cursor.description]
    hidden = ("id",) if table in BY_CONTENT else ()
    lines = [
        " ".join(
            [table]
            + [
                f"{name}={shown(value, column=f'{table}.{name}', is_json=code == JSONB, cursor=cursor)}"
                for (name, code), value in zip(columns, row, strict=True)
                if name not in hidden
            ]
        )
        for row in cursor.fetchall()
    ]
    return sorted(lines) if hidden else lines


def shown(value: Any, *, column: str, is_json: bool, cursor: Any) -> str:
    """A value as it stands in the file. `column`: with its table before the dot."""
    if value is None:
        return "null"
    if mask := MASKED.get(column):
        return mask
    if query := BY_NAME.get(column.partition(".")[2]):
        cursor.execute(query, [value])
        return str(cursor.fetchone()[0])
    if isinstance(value, datetime):
        return "<moment>"
    if isinstance(value, bytes | memoryview):
        return "<bytes>"
    value = json.loads(value) if is_json else value
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    for pattern, mask in IN_TEXT:
        text = pattern.sub(mask, text)
    return text
