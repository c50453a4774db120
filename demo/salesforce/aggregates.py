"""GROUP BY and the functions that make one value of many."""

from collections.abc import Callable, Iterable
from typing import Any

from demo.salesforce.columns import Catalogue, Column, Row
from demo.salesforce.soql import Aggregate, FieldPath, Query
from demo.salesforce.soql_words import QueryError
from demo.salesforce.values import NUMBER_TYPES, Value, json_writer

ATTRIBUTES = '{"attributes":{"type":"AggregateResult"}'
NUMERIC = frozenset({"SUM", "AVG"})

Writer = Callable[[list[Row]], str]


def aggregated(query: Query, rows: Iterable[Row], *, catalogue: Catalogue) -> list[str]:
    """One JSON text for each group, in the order in which their first rows come."""
    keys = [catalogue.column(path) for path in query.group]
    writers = [_writer(each, query, keys, catalogue) for each in query.select]
    groups: dict[tuple[Value, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(_folded(key.read(row)) for key in keys), []).append(row)
    if not query.group:
        groups = {(): [row for group in groups.values() for row in group]}
    return [
        ATTRIBUTES + "".join(f',"{name}":{write(group)}' for name, write in writers) + "}"
        for group in groups.values()
    ]


def _writer(selected: object, query: Query, keys: list[Column], catalogue: Catalogue) -> tuple[str, Writer]:
    if isinstance(selected, Aggregate):
        return selected.alias, _function(selected, catalogue.column(selected.field))
    if not isinstance(selected, FieldPath):
        raise QueryError("MALFORMED_QUERY", "Grouped query cannot have such a column")
    column = catalogue.column(selected)
    if column.path not in [key.path for key in keys]:
        message = f"Field must be grouped or aggregated: {selected.text}"
        raise QueryError("MALFORMED_QUERY", message, text=query.text, position=selected.position)
    to_json = json_writer(column.field.type)
    return column.field.name, lambda rows: to_json(column.read(rows[0]))


def _function(aggregate: Aggregate, column: Column) -> Writer:
    name, kind = aggregate.function, column.field.type
    if name in NUMERIC and kind not in NUMBER_TYPES | {"int"}:
        message = f"field {aggregate.field.text} does not support aggregate operator {name}"
        raise QueryError("MALFORMED_QUERY", message)
    to_json = json_writer("int" if name.startswith("COUNT") else "double" if name in NUMERIC else kind)

    def write(rows: list[Row]) -> str:
        values: list[Any] = [value for row in rows if (value := column.read(row)) is not None]
        return to_json(FUNCTIONS[name](values))

    return write


def _folded(value: Value) -> Value:
    return value.lower() if isinstance(value, str) else value


FUNCTIONS: dict[str, Callable[[list[Any]], Value]] = {
    "COUNT": len,
    "COUNT_DISTINCT": lambda values: len({_folded(value) for value in values}),
    "SUM": lambda values: sum(values) if values else None,
    "AVG": lambda values: sum(values) / len(values) if values else None,
    "MIN": lambda values: min(values, default=None),
    "MAX": lambda values: max(values, default=None),
}
