"""The values of custom fields as they are kept: texts in one form for each type. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from contracts.enums import CustomFieldHome, CustomFieldType

NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"
DAY = r"^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
YES, NO = "Yes", "No"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDefinition:
    """A custom field as a field mapping asks for it."""

    home: CustomFieldHome
    label: str
    type: CustomFieldType


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownField:
    """A kept value with what its type makes of it. Only one of `day` and `number` is there, or neither."""

    label: str
    text: str
    day: date | None = None
    number: Decimal | None = None


def shown_value(*, label: str, text: str, type: str) -> ShownField:
    """A value that does not fit, as of a field that nobody defined, is shown as it is."""
    if type == CustomFieldType.NUMBER and re.fullmatch(NUMBER, text):
        return ShownField(label=label, text=text, number=Decimal(text))
    if type == CustomFieldType.DATE and (day := day_of(text)):
        return ShownField(label=label, text=text, day=day)
    return ShownField(label=label, text=text)


def day_of(text: str) -> date | None:
    if not re.fullmatch(DAY, text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def texts_of(values: Mapping[str, object]) -> dict[str, str]:
    return {label: str(value) for label, value in values.items()}


def fits_sql(*, type: str, value: str) -> str:
    """Whether a kept value is one of its type, as an expression over two others."""
    return f"""CASE {type}
        WHEN 'number' THEN {value} ~ '{NUMBER}'
        WHEN 'date' THEN CASE WHEN {value} ~ '{DAY}' THEN substr({value}, 9, 2)::int <= extract(
            day FROM (substr({value}, 1, 7) || '-01')::date + interval '1 month' - interval '1 day'
        ) ELSE false END
        WHEN 'yes_no' THEN {value} IN ('{YES}', '{NO}')
        ELSE true
    END"""
