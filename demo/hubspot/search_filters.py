"""The search operators: each filter becomes a predicate on a record.

A record without a value matches only NOT_HAS_PROPERTY. Text is compared without regard to case, enumerations
exactly, and IN on text wants its values in lower case, as HubSpot documents.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any

from demo.hubspot.property_definitions import PropertyType
from demo.hubspot.records import Record
from demo.hubspot.timestamps import epoch_milliseconds

Predicate = Callable[[Record], bool]
Compare = Callable[[Any, Any], bool]

COMPARISONS: dict[str, Compare] = {
    "EQ": operator.eq,
    "NEQ": operator.ne,
    "LT": operator.lt,
    "LTE": operator.le,
    "GT": operator.gt,
    "GTE": operator.ge,
}
OPERATORS = {
    *COMPARISONS,
    "BETWEEN",
    "IN",
    "NOT_IN",
    "HAS_PROPERTY",
    "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN",
    "NOT_CONTAINS_TOKEN",
}


class UnusableValue(ValueError):
    """A filter value that cannot be read as the property's type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    property: str
    operator: str
    value: str = ""
    high_value: str = ""
    values: tuple[str, ...] = ()


def predicate(wanted: Filter, *, kind: PropertyType) -> Predicate:
    read = reader(wanted.property, kind=kind)
    match wanted.operator:
        case "HAS_PROPERTY":
            return lambda record: read(record) is not None
        case "NOT_HAS_PROPERTY":
            return lambda record: read(record) is None
        case "IN" | "NOT_IN":
            return _membership(wanted, kind=kind, read=read)
        case "CONTAINS_TOKEN" | "NOT_CONTAINS_TOKEN":
            return _tokens(wanted, read=read)
        case "BETWEEN":
            low, high = filter_value(wanted.value, kind=kind), filter_value(wanted.high_value, kind=kind)
            return lambda record: (key := read(record)) is not None and low <= key <= high
        case _:
            compare = COMPARISONS[wanted.operator]
            limit = filter_value(wanted.value, kind=kind)
            return lambda record: (key := read(record)) is not None and compare(key, limit)


def reader(name: str, *, kind: PropertyType) -> Callable[[Record], Any]:
    """Reads the comparable value of a property, parsed once per record; None where there is no value."""

    def read(record: Record) -> Any:
        try:
            return record.keys[name]
        except KeyError:
            text = record.properties.get(name)
            key = record.keys[name] = comparable(text, kind=kind) if text else None
            return key

    return read


def comparable(text: str, *, kind: PropertyType) -> Any:
    match kind:
        case "number":
            return int(text) if text.isdigit() else Decimal(text)
        case "date" | "datetime":
            return epoch_milliseconds(text)
        case "enumeration":
            return text
        case _:
            return text.lower()


def filter_value(text: str, *, kind: PropertyType) -> Any:
    try:
        return comparable(text, kind=kind)
    except (ValueError, InvalidOperation) as error:
        raise UnusableValue(text) from error


def _membership(wanted: Filter, *, kind: PropertyType, read: Callable[[Record], Any]) -> Predicate:
    is_text = kind in ("string", "phone_number", "bool")
    members = {value if is_text else filter_value(value, kind=kind) for value in wanted.values}
    if wanted.operator == "IN":
        return lambda record: read(record) in members
    return lambda record: (key := read(record)) is not None and key not in members


def _tokens(wanted: Filter, *, read: Callable[[Record], Any]) -> Predicate:
    pattern = wanted.value.lower()

    def contains(record: Record) -> bool:
        text = str(read(record)).lower()
        tokens = {*text.split(), *re.findall(r"\w+", text)}
        return any(fnmatchcase(token, pattern) for token in tokens)

    if wanted.operator == "CONTAINS_TOKEN":
        return lambda record: read(record) is not None and contains(record)
    return lambda record: read(record) is not None and not contains(record)
