"""Runs a query: which rows, in which order, and how a page of them is written."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from demo.salesforce.columns import Catalogue, Column, Hop, Row, Tables
from demo.salesforce.predicates import compile_condition
from demo.salesforce.schema import Schema
from demo.salesforce.soql import Order, QueryError, parse
from demo.salesforce.values import json_writer

RowWriter = Callable[[Row], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The ids found, in order, and the writer of their rows. A row is read when its page is asked for."""

    object_name: str
    ids: list[str]
    write: RowWriter
    is_count: bool


def run(text: str, *, schema: Schema, tables: Tables, data_url: str, with_deleted: bool) -> Result:
    query = parse(text)
    catalogue = Catalogue(schema=schema, tables=tables, query=query)
    columns = [catalogue.column(path) for path in query.fields]
    keys = [_sort_key(order, catalogue) for order in query.order]
    rows: Iterable[Row] = tables[catalogue.entity.name].values()
    if not with_deleted and "isdeleted" in catalogue.entity.by_name:
        rows = (row for row in rows if not row.get("IsDeleted"))
    if query.where:
        rows = filter(compile_condition(query.where, catalogue=catalogue), rows)
    found = _ordered(rows, keys)[query.offset :]
    return Result(
        object_name=catalogue.entity.name,
        ids=[str(row["Id"]) for row in found[: query.limit]],
        write=row_writer(columns, object_name=catalogue.entity.name, catalogue=catalogue, data_url=data_url),
        is_count=not query.fields,
    )


def _ordered(rows: Iterable[Row], keys: list[tuple[Callable[[Row], tuple[bool, object]], bool]]) -> list[Row]:
    """Rows that the query does not order come out shuffled, so that nobody learns to rely on it."""
    found = sorted(rows, key=lambda row: str(row["Id"])[14::-1])
    for key, descending in reversed(keys):
        found.sort(key=key, reverse=descending)
    return found


def _sort_key(order: Order, catalogue: Catalogue) -> tuple[Callable[[Row], tuple[bool, object]], bool]:
    column = catalogue.column(order.field)
    if not column.field.filterable:
        raise QueryError("MALFORMED_QUERY", f"field '{column.field.name}' can not be sorted in a query call")
    read, is_text = column.read, column.field.is_text
    null_rank = order.nulls_last != order.descending

    def key(row: Row) -> tuple[bool, object]:
        value = read(row)
        if value is None:
            return (null_rank, "")
        return (not null_rank, value.lower() if is_text and isinstance(value, str) else value)

    return key, order.descending


def row_writer(columns: list[Column], *, object_name: str, catalogue: Catalogue, data_url: str) -> RowWriter:
    """One record as JSON text, parents nested; fields of a parent stand where the first of them was named."""
    _refuse_duplicates(columns)
    return _level_writer([(column.hops, column) for column in columns], object_name, catalogue, data_url)


Pending = list[tuple[tuple[Hop, ...], Column]]


def _level_writer(pending: Pending, object_name: str, catalogue: Catalogue, data_url: str) -> RowWriter:
    parents: dict[str, Pending] = {}
    for hops, column in pending:
        if hops:
            parents.setdefault(str(hops[0].lookup.relationship), []).append((hops[1:], column))
    writers: dict[str, RowWriter] = {}
    for hops, column in pending:
        if not hops:
            writers[column.field.name] = _value_writer(column)
        elif (name := str(hops[0].lookup.relationship)) not in writers:
            writers[name] = _parent_writer(hops[0], parents[name], catalogue, data_url)
    head = f'{{"attributes":{{"type":"{object_name}","url":"{data_url}/sobjects/{object_name}/'
    parts = [(f',"{name}":', writer) for name, writer in writers.items()]

    def write(row: Row) -> str:
        body = "".join([label + writer(row) for label, writer in parts])
        return f'{head}{row["Id"]}"}}{body}}}'

    return write


def _value_writer(column: Column) -> RowWriter:
    name, to_json = column.field.name, json_writer(column.field.type)
    return lambda row: to_json(row.get(name))


def _parent_writer(hop: Hop, pending: Pending, catalogue: Catalogue, data_url: str) -> RowWriter:
    write = _level_writer(pending, hop.target, catalogue, data_url)

    def write_parent(row: Row) -> str:
        parent = catalogue.parent_of(hop, row)
        return "null" if parent is None else write(parent)

    return write_parent


def _refuse_duplicates(columns: list[Column]) -> None:
    seen: set[tuple[str, ...]] = set()
    for column in columns:
        if column.path in seen:
            raise QueryError("INVALID_FIELD", f"duplicate field selected: {'.'.join(column.path)}")
        seen.add(column.path)
