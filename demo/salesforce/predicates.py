"""Turns a WHERE clause into one function of a row, with every field and literal resolved beforehand."""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from operator import ge, gt, le, lt
from typing import Any

from demo.salesforce.columns import Catalogue, Column, Row
from demo.salesforce.date_ranges import span_of
from demo.salesforce.ids import to18
from demo.salesforce.schema import Field
from demo.salesforce.soql import Comparison, Condition
from demo.salesforce.soql_words import Literal, QueryError
from demo.salesforce.values import ID_TYPES, NUMBER_TYPES, Value, moment_text

Predicate = Callable[[Row], bool]

INEQUALITIES: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
SPANS: dict[str, Callable[[str, str, str], bool]] = {
    "=": lambda value, start, end: start <= value < end,
    "!=": lambda value, start, end: not start <= value < end,
    "<": lambda value, start, end: value < start,
    "<=": lambda value, start, end: value < end,
    ">": lambda value, start, end: value >= end,
    ">=": lambda value, start, end: value >= start,
}
LITERAL_KINDS = {"date": "date", "datetime": "datetime", "boolean": "boolean", "int": "number"}


def compile_condition(condition: Condition, *, catalogue: Catalogue) -> Predicate:
    if isinstance(condition, Comparison):
        return _comparison(condition, catalogue=catalogue)
    parts = [compile_condition(part, catalogue=catalogue) for part in condition.parts]
    if condition.word == "NOT":
        only = parts[0]
        return lambda row: not only(row)
    if condition.word == "AND":
        return lambda row: all(part(row) for part in parts)
    return lambda row: any(part(row) for part in parts)


def _comparison(comparison: Comparison, *, catalogue: Catalogue) -> Predicate:
    column = catalogue.column(comparison.field)
    if not column.field.filterable:
        raise QueryError("INVALID_FIELD", f"field '{column.field.name}' can not be filtered in a query call")
    if comparison.operator == "LIKE":
        return _like(comparison, column)
    if comparison.values[0].kind == "range" and comparison.operator in SPANS:
        return _in_span(comparison, column, user_now=catalogue.user_now)
    wanted = [_comparable(literal, column.field) for literal in comparison.values]
    read = _folded(column)
    if comparison.operator in INEQUALITIES:
        return _inequality(comparison, read, wanted[0])
    choices = frozenset(wanted)
    if comparison.operator in ("=", "IN"):
        return lambda row: read(row) in choices
    return lambda row: read(row) not in choices


def _inequality(comparison: Comparison, read: Callable[[Row], Value], limit: Value) -> Predicate:
    if limit is None or isinstance(limit, bool):
        raise QueryError(
            "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator for field {comparison.field.text}"
        )
    compare = INEQUALITIES[comparison.operator]

    def holds(row: Row) -> bool:
        value = read(row)
        return value is not None and compare(value, limit)

    return holds


def _like(comparison: Comparison, column: Column) -> Predicate:
    literal = comparison.values[0]
    if not column.field.is_text or literal.kind != "string":
        raise QueryError(
            "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator for field {comparison.field.text}"
        )
    pattern = re.compile(literal.pattern, re.IGNORECASE | re.DOTALL)
    read = column.read
    return lambda row: pattern.fullmatch(str(read(row) or "")) is not None


def _in_span(comparison: Comparison, column: Column, *, user_now: datetime) -> Predicate:
    """Days and moments against a span of days, which is one of the user's days and nights."""
    if column.field.type not in ("date", "datetime") or len(comparison.values) > 1:
        raise _refused(column.field, _type_name(column.field))
    first, after = span_of(str(comparison.values[0].value), today=user_now.date())
    start, end = (_edge(day, column.field, user_now) for day in (first, after))
    compare = SPANS[comparison.operator]
    read = column.read

    def holds(row: Row) -> bool:
        value = read(row)
        return value is not None and compare(str(value), start, end)

    return holds


def _edge(day: date, field: Field, user_now: datetime) -> str:
    if field.type == "date":
        return day.isoformat()
    return moment_text(datetime.combine(day, time.min, tzinfo=user_now.tzinfo))


def _folded(column: Column) -> Callable[[Row], Value]:
    """Text without its case, as Salesforce compares it, and without blanks at the end. Ids keep their case.

    Whether blanks at the end count is not known. They do not here, so that a client must look for itself.
    """
    read = column.read
    if not column.field.is_text:
        return read

    def folded(row: Row) -> Value:
        value = read(row)
        return _fold(value) if isinstance(value, str) else value

    return folded


def _fold(text: str) -> str:
    return text.lower().rstrip(" ")


def _comparable(literal: Literal, field: Field) -> Value:
    """The literal as the rows hold it; a literal of another kind than the field's is refused."""
    if literal.kind == "null":
        return None
    if field.type in ID_TYPES:
        return _id(literal)
    if field.is_text:
        if literal.kind != "string":
            raise _refused(field, "string and should be enclosed in quotes")
        return _fold(str(literal.value)) or None
    if literal.kind == "range":
        raise _refused(field, _type_name(field))
    kind = "number" if field.type in NUMBER_TYPES else LITERAL_KINDS[field.type]
    if literal.kind != kind:
        raise _refused(field, f"{_type_name(field)} and should not be enclosed in quotes")
    return literal.value


def _id(literal: Literal) -> str:
    try:
        return to18(str(literal.value))
    except ValueError:
        raise QueryError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {literal.value}") from None


def _type_name(field: Field) -> str:
    if field.type == "datetime":
        return "dateTime"
    return "double" if field.type in NUMBER_TYPES else field.type


def _refused(field: Field, wanted: str) -> QueryError:
    return QueryError(
        "INVALID_FIELD", f"value of filter criterion for field '{field.name}' must be of type {wanted}"
    )
