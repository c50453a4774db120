"""Runs a query: which rows, in which order, and how a page of them is written."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from demo.salesforce.aggregates import aggregated
from demo.salesforce.columns import Catalogue, Column, Hop, Row, Tables
from demo.salesforce.predicates import compile_condition
from demo.salesforce.schema import Schema
from demo.salesforce.soql import Aggregate, FieldGroup, FieldPath, Order, Query, parse
from demo.salesforce.soql_words import QueryError
from demo.salesforce.values import json_writer

RowWriter = Callable[[Row], str]
LARGEST_WITH_ALL_FIELDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The ids found, in order, and the writer of their rows. A row is read when its page is asked for.

    `columns`: the paths selected. `written`: rows without an id, because they stand for groups of records.
    """

    object_name: str
    ids: list[str]
    write: RowWriter
    is_count: bool
    columns: tuple[tuple[str, ...], ...] = ()
    written: list[str] | None = None

    @property
    def size(self) -> int:
        return len(self.ids if self.written is None else self.written)


def run(
    text: str, *, schema: Schema, tables: Tables, data_url: str, with_deleted: bool, user_now: datetime
) -> Result:
    query = parse(text)
    catalogue = Catalogue(schema=schema, tables=tables, query=query, user_now=user_now)
    rows = _filtered(query, catalogue, with_deleted=with_deleted)
    if query.aggregates or query.group:
        return _grouped(query, rows, catalogue)
    columns, write = _writer(query, catalogue, data_url=data_url, with_deleted=with_deleted)
    found = _ordered(rows, _sort_keys(query, catalogue))[query.offset :]
    return Result(
        object_name=catalogue.entity.name,
        ids=[str(row["Id"]) for row in found[: query.limit]],
        write=write,
        is_count=not query.select,
        columns=tuple(column.path for column in columns),
    )


def _filtered(query: Query, catalogue: Catalogue, *, with_deleted: bool) -> Iterable[Row]:
    rows: Iterable[Row] = catalogue.tables[catalogue.entity.name].values()
    if not with_deleted and "isdeleted" in catalogue.entity.by_name:
        rows = (row for row in rows if not row.get("IsDeleted"))
    if query.where:
        rows = filter(compile_condition(query.where, catalogue=catalogue), rows)
    return rows


def _grouped(query: Query, rows: Iterable[Row], catalogue: Catalogue) -> Result:
    keys = _sort_keys(query, catalogue)
    allowed = {column.path for column in map(catalogue.column, query.group)}
    if any(catalogue.column(order.field).path not in allowed for order in query.order):
        raise QueryError("MALFORMED_QUERY", "Ordered field must be grouped or aggregated")
    written = aggregated(query, _ordered(rows, keys), catalogue=catalogue)
    return Result(
        object_name=catalogue.entity.name,
        ids=[],
        write=lambda row: "",
        is_count=False,
        written=written[query.offset :][: query.limit],
    )


def _writer(
    query: Query, catalogue: Catalogue, *, data_url: str, with_deleted: bool
) -> tuple[list[Column], RowWriter]:
    """What is selected, as JSON text: the fields first, then the lists of children."""
    paths: list[FieldPath] = []
    lists: dict[str, RowWriter] = {}
    for each in query.select:
        if isinstance(each, FieldGroup):
            paths += _group_fields(each, query, catalogue)
        elif isinstance(each, Query):
            child, of_children = catalogue.children(each)
            if child.relationship in lists:
                raise QueryError("INVALID_FIELD", f"duplicate list selected: {child.relationship}")
            _, write = _writer(each, of_children, data_url=data_url, with_deleted=with_deleted)
            rows = _ordered(
                _filtered(each, of_children, with_deleted=with_deleted), _sort_keys(each, of_children)
            )
            lists[child.relationship] = _children_writer(rows, child.field, each.limit, write)
        elif isinstance(each, Aggregate):
            raise QueryError("MALFORMED_QUERY", "a list of children cannot be aggregated")
        else:
            paths.append(each)
    columns = [catalogue.column(path) for path in paths]
    return columns, row_writer(
        columns, object_name=catalogue.entity.name, catalogue=catalogue, data_url=data_url, lists=lists
    )


def _group_fields(group: FieldGroup, query: Query, catalogue: Catalogue) -> list[FieldPath]:
    is_bounded = query.limit is not None and query.limit <= LARGEST_WITH_ALL_FIELDS
    if group.name != "STANDARD" and not is_bounded:
        message = "The SOQL FIELDS function must have a LIMIT of at most 200"
        raise QueryError("MALFORMED_QUERY", message)
    return catalogue.group(group.name)


def _children_writer(rows: list[Row], field: str, limit: int | None, write: RowWriter) -> RowWriter:
    """null for a parent without children."""
    by_parent: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_parent[str(row[field])].append(row)

    def write_children(parent: Row) -> str:
        found = by_parent.get(str(parent["Id"]), [])[:limit]
        if not found:
            return "null"
        records = ",".join(map(write, found))
        return f'{{"totalSize":{len(found)},"done":true,"records":[{records}]}}'

    return write_children


def _ordered(rows: Iterable[Row], keys: list[tuple[Callable[[Row], tuple[bool, object]], bool]]) -> list[Row]:
    """Rows that the query does not order come out shuffled, so that nobody learns to rely on it."""
    found = sorted(rows, key=lambda row: str(row["Id"])[14::-1])
    for key, descending in reversed(keys):
        found.sort(key=key, reverse=descending)
    return found


def _sort_keys(query: Query, catalogue: Catalogue) -> list[tuple[Callable[[Row], tuple[bool, object]], bool]]:
    return [_sort_key(order, catalogue) for order in query.order]


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


def row_writer(
    columns: list[Column],
    *,
    object_name: str,
    catalogue: Catalogue,
    data_url: str,
    lists: dict[str, RowWriter],
) -> RowWriter:
    """One record as JSON text, parents nested; fields of a parent stand where the first of them was named."""
    _refuse_duplicates(columns)
    pending = [(column.hops, column) for column in columns]
    return _level_writer(pending, object_name, catalogue, data_url, lists)


Pending = list[tuple[tuple[Hop, ...], Column]]


def _level_writer(
    pending: Pending, object_name: str, catalogue: Catalogue, data_url: str, lists: dict[str, RowWriter]
) -> RowWriter:
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
    writers |= lists
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
    write = _level_writer(pending, hop.target, catalogue, data_url, {})

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
