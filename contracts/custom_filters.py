"""Narrows lists to values of custom fields. Labels travel as parameters only, never as names of columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Case, F, Func, QuerySet, TextField, Value, When
from django.db.models import DecimalField as Numeric
from django.db.models.functions import Collate
from django.db.models.lookups import Regex

from contracts.custom_values import NUMBER
from contracts.enums import CustomFieldType

Rows = TypeVar("Rows", bound=QuerySet[Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomFilter:
    """What one field is to say. `text`: a part of it, or Yes or No; the ends of a range are included."""

    field_id: int
    label: str
    type: str
    text: str = ""
    least: Decimal | date | None = None
    most: Decimal | date | None = None


def narrowed(rows: Rows, *, by: Iterable[CustomFilter]) -> Rows:
    for one in by:
        name = f"custom_{one.field_id}"
        rows = rows.alias(**{name: value_of(one)})
        if one.type == CustomFieldType.YES_NO:
            rows = rows.filter(**{name: one.text})
        elif one.text:
            rows = rows.filter(**{f"{name}__icontains": one.text})
        if one.least is not None:
            rows = rows.filter(**{f"{name}__gte": bound(one.least)})
        if one.most is not None:
            rows = rows.filter(**{f"{name}__lte": bound(one.most)})
    return rows


def value_of(one: CustomFilter) -> Any:
    """A number as a number where it is one; days are compared as the texts that they are kept as."""
    if one.type == CustomFieldType.NUMBER:
        number = Func(kept(one.label), template="(%(expressions)s)::numeric", output_field=Numeric())
        return Case(When(Regex(kept(one.label), NUMBER), then=number), output_field=Numeric())
    return Collate(kept(one.label), "C") if one.type == CustomFieldType.DATE else kept(one.label)


def kept(label: str) -> Func:
    return Func(
        F("custom_fields"), Value(label), function="jsonb_extract_path_text", output_field=TextField()
    )


def bound(value: Decimal | date) -> Any:
    return value.isoformat() if isinstance(value, date) else value
