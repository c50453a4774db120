"""The rules that the database has for the tables of our apps, from its own catalogue."""

import re
from collections.abc import Iterator

from django.apps import apps
from django.db import Error, connection, transaction

APPS = ("access", "billing", "contracts", "crm_sync", "fincelo")
OURS = f"^({'|'.join(APPS)})_"
CONSTRAINTS = """
    SELECT conname FROM pg_constraint
    WHERE contype IN ('c', 'u', 'x') AND conrelid <> 0 AND conrelid::regclass::text ~ %(ours)s
    UNION
    SELECT index.relname FROM pg_index JOIN pg_class index ON index.oid = indexrelid
    WHERE indisunique AND NOT indisprimary AND indrelid::regclass::text ~ %(ours)s
"""
TRIGGERS = """
    SELECT proname, event
    FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid,
    (VALUES (4, 'INSERT'), (8, 'DELETE'), (16, 'UPDATE'), (32, 'TRUNCATE')) events (bit, event)
    WHERE NOT tgisinternal AND tgtype & bit <> 0 AND tgrelid::regclass::text ~ %(ours)s
"""
GENERATED = re.compile(r"^pgtrigger_(.*)_[0-9a-f]{5}$")
RAISED = re.compile(r"^PL/pgSQL function (?:\w+\.)?(\w+)\(\)")


def constraints() -> set[str]:
    """Names of all checks, exclusions and unique keys, partial ones included."""
    return {name for (name,) in _rows(CONSTRAINTS)}


def triggers() -> set[tuple[str, str]]:
    """Name and event of each: a trigger on two events is in here twice."""
    return {(_written(function), event) for function, event in _rows(TRIGGERS)}


def never_negative() -> Iterator[tuple[str, str, str]]:
    """Name, table and column of each check that Django writes for a field without negative numbers."""
    for model in (model for app in apps.get_app_configs() if app.label in APPS for model in app.get_models()):
        for field in model._meta.local_concrete_fields:
            if field.get_internal_type().startswith("Positive"):
                table = model._meta.db_table
                yield f"{table}_{field.column}_check", table, field.column


def refused_by(statement: str) -> str:
    """The name of the constraint or trigger that refuses it, by the end of its transaction; "nothing" without one."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            assert cursor.rowcount != 0, f"{statement} met no row."
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            transaction.set_rollback(True)
    except Error as refusal:
        diagnosis = refusal.__cause__.diag  # type: ignore[union-attr]
        raised = RAISED.match(diagnosis.context or "")
        return diagnosis.constraint_name or (_written(raised[1]) if raised else str(refusal))
    return "nothing"


def _rows(query: str) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"ours": OURS})
        return cursor.fetchall()


def _written(function: str) -> str:
    """A trigger's name as its model has it."""
    found = GENERATED.match(function)
    return found[1] if found else function
