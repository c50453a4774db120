"""Reads the body of a search. Keys it does not know are ignored, misspelt ones too."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from demo.hubspot.refusals import Refusal, invalid, unreadable_json
from demo.hubspot.search_filters import OPERATORS, Filter

MAXIMUM_GROUPS = 5
MAXIMUM_FILTERS_IN_GROUP = 6
MAXIMUM_FILTERS = 18
DEFAULT_LIMIT = 10
MAXIMUM_LIMIT = 200
MAXIMUM_RESULTS = 10_000
LONGEST = 3_000
FILTER_CLASS = "com.hubspot.inbounddb.publicobject.core.v3.search.Filter"

Groups = tuple[tuple[Filter, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SortBy:
    property: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    groups: Groups
    sort: SortBy | None
    properties: tuple[str, ...] | None
    query: str
    limit: int
    after: int


def read_search(body: Mapping[str, Any], *, refuse_long: bool = False) -> SearchRequest:
    """`query` may have 3,000 characters; whether the whole body may have more is told in two ways."""
    if len(str(body.get("query") or "")) > LONGEST or (refuse_long and len(json.dumps(body)) > LONGEST):
        raise invalid(f"The search is longer than {LONGEST} characters")
    properties = _list(body, "properties")
    return SearchRequest(
        groups=_groups(body),
        sort=_sort(_list(body, "sorts")),
        properties=tuple(str(name) for name in properties) if "properties" in body else None,
        query=str(body.get("query") or ""),
        limit=_limit(body.get("limit")),
        after=_after(body.get("after"), limit=_limit(body.get("limit"))),
    )


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        token = "START_OBJECT" if isinstance(value, dict) else "VALUE_STRING"
        raise unreadable_json(f"Cannot deserialize instance of `java.util.ArrayList` out of {token} token")
    return value


def _groups(body: Mapping[str, Any]) -> Groups:
    given = _list(body, "filterGroups")
    bare = _list(body, "filters")
    groups = tuple(_group(group) for group in ([*given, {"filters": bare}] if bare else given))
    if (
        len(groups) > MAXIMUM_GROUPS
        or any(len(group) > MAXIMUM_FILTERS_IN_GROUP for group in groups)
        or sum(len(group) for group in groups) > MAXIMUM_FILTERS
    ):
        raise invalid(
            f"Too many filters: at most {MAXIMUM_GROUPS} groups,"
            f" {MAXIMUM_FILTERS_IN_GROUP} filters in a group and {MAXIMUM_FILTERS} in all"
        )
    return tuple(group for group in groups if group)


def _group(group: Any) -> tuple[Filter, ...]:
    if not isinstance(group, dict):
        raise unreadable_json("Cannot construct a filter group")
    return tuple(_filter(item) for item in _list(group, "filters"))


def _filter(item: Any) -> Filter:
    if not isinstance(item, dict):
        raise _unusable_filter("not an object")
    missing = [name for name in ("propertyName", "operator") if not item.get(name)]
    if missing:
        names = ", ".join(missing)
        raise unreadable_json(
            f"Cannot build Filter, some of required attributes are not set [{names}]", column=102
        )
    name, operator = item["propertyName"], item["operator"]
    if operator not in OPERATORS:
        raise _unusable_filter(f"unknown operator {operator}")
    values = _list(item, "values")
    scalars = [item.get("value"), item.get("highValue"), *values]
    if not all(scalar is None or isinstance(scalar, str) for scalar in scalars):
        raise _unusable_filter("values must be strings")
    _check_values(item, operator=operator)
    return Filter(
        property=name,
        operator=operator,
        value=item.get("value") or "",
        high_value=item.get("highValue") or "",
        values=tuple(values),
    )


def _check_values(item: Mapping[str, Any], *, operator: str) -> None:
    value, values = item.get("value"), item.get("values")
    match operator:
        case "HAS_PROPERTY" | "NOT_HAS_PROPERTY":
            if value or values:
                raise _unusable_filter(f"operator {operator} does not take a value")
        case "IN" | "NOT_IN":
            if not values:
                raise _unusable_filter(f"operator {operator} requires values")
        case "BETWEEN" if value and not item.get("highValue"):
            raise _unusable_filter("operator BETWEEN requires a highValue")
        case _:
            if not value:
                raise _unusable_filter(f"operator {operator} requires a value")


def _unusable_filter(problem: str) -> Refusal:
    return unreadable_json(f"Cannot construct instance of `{FILTER_CLASS}`, problem: {problem}", column=102)


def _sort(sorts: list[Any]) -> SortBy | None:
    """One sort: an object, the same as JSON text (the official Node client), or a bare name."""
    if len(sorts) > 1:
        raise invalid("Only one sort can be given")
    if not sorts:
        return None
    sort = sorts[0]
    if isinstance(sort, str) and sort.startswith("{"):
        sort = json.loads(sort)
    if isinstance(sort, str):
        return SortBy(property=sort.removeprefix("-"), descending=sort.startswith("-"))
    direction = sort.get("direction", "ASCENDING")
    if "propertyName" not in sort or direction not in ("ASCENDING", "DESCENDING"):
        raise unreadable_json("Cannot build Sort")
    return SortBy(property=sort["propertyName"], descending=direction == "DESCENDING")


def _limit(value: Any) -> int:
    limit = _whole_number(value, name="limit", default=DEFAULT_LIMIT)
    if not 0 <= limit <= MAXIMUM_LIMIT:
        raise invalid(f"limit must be between 0 and {MAXIMUM_LIMIT}")
    return limit


def _after(value: Any, *, limit: int) -> int:
    after = _whole_number(value, name="after", default=0)
    if after + limit > MAXIMUM_RESULTS:
        raise paging_too_far()
    return after


def paging_too_far() -> Refusal:
    return invalid(f"Paging goes beyond the {MAXIMUM_RESULTS} results of one query")


def _whole_number(value: Any, *, name: str, default: int) -> int:
    if value is None:
        return default
    if isinstance(value, int) or (isinstance(value, str) and value.isdigit()):
        return int(value)
    raise unreadable_json(f"Cannot deserialize `{name}` from {json.dumps(value)}")
