"""Writes many rows with one statement: row numbers taken from the sequence, rows sent with COPY."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model


def next_ids(*, counts: Mapping[type[Model], int]) -> dict[type[Model], list[int]]:
    """Takes the wanted number of primary keys for each model, in one statement."""
    ids: dict[type[Model], list[int]] = {model: [] for model in counts}
    wanted = [(model, count) for model, count in counts.items() if count]
    if not wanted:
        return ids
    parts: list[str] = []
    params: list[str | int] = []
    for place, (model, count) in enumerate(wanted):
        parts.append("SELECT %s, nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)")
        params += [place, model._meta.db_table, count]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), params)
        for place, value in cursor.fetchall():
            ids[wanted[place][0]].append(value)
    return ids


def copy_rows(*, model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Sends rows with COPY. Columns left out take the database's default; mappings and lists become JSON."""
    quote = connection.ops.quote_name
    names = ", ".join(quote(column) for column in columns)
    with (
        connection.wrap_database_errors,  # Django does so for execute, not for copy
        connection.cursor() as cursor,
        cursor.copy(f"COPY {quote(model._meta.db_table)} ({names}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row([as_json(value) if isinstance(value, (dict, list)) else value for value in row])


def as_json(value: Mapping[str, Any] | Sequence[Any]) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def as_array(ids: Iterable[int]) -> str:
    """For a parameter that the statement casts to bigint[]: many ids are sent quicker as one text."""
    return "{" + ",".join(map(str, ids)) + "}"


def update_rows(*, model: type[Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Sets the columns of many rows in one statement. Each row begins with its primary key."""
    if not rows:
        return
    quote = connection.ops.quote_name
    fields: list[Any] = [model._meta.pk, *(model._meta.get_field(column) for column in columns)]
    key = fields[0]
    arrays = ", ".join(f"%s::{column_type(field)}[]" for field in fields)
    names = ", ".join(quote(field.column) for field in fields)
    settings = ", ".join(f"{quote(field.column)} = new.{quote(field.column)}" for field in fields[1:])
    values = [
        [as_json(value) if isinstance(value, (dict, list)) else value for value in column]
        for column in zip(*rows, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(model._meta.db_table)} AS old SET {settings} "  # noqa: S608  names of our own columns
            f"FROM unnest({arrays}) AS new({names}) WHERE old.{quote(key.column)} = new.{quote(key.column)}",
            values,
        )


def analyse(*, models: Sequence[type[Model]]) -> None:
    """Tells the planner of many new rows, of which it would hear automatically only a minute later."""
    tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in models)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE (SKIP_LOCKED) {tables}")


def column_type(field: Any) -> str:
    return str(field.rel_db_type(connection) if field.primary_key else field.db_type(connection))
