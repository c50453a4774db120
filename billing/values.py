"""Values that the rooms of billing and its models share. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class DecimalMark(StrEnum):
    POINT = "point"
    COMMA = "comma"


class DayOrder(StrEnum):
    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


class Role(StrEnum):
    """What a column of a bank's file says."""

    INVOICE = "invoice"
    AMOUNT = "amount"
    CREDIT = "credit"
    DEBIT = "debit"
    CURRENCY = "currency"
    DATE = "date"
    REFERENCE = "reference"
    COPY = "copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How one bank writes its files. What is empty is not chosen."""

    encoding: str = ""
    columns: Mapping[Role, str] = field(default_factory=dict)
    """By what it says: the head word of a column."""
    decimal_mark: DecimalMark | None = None
    day_order: DayOrder | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesKey:
    legal_entity_id: int
    kind: str
    year: int

    def __str__(self) -> str:
        return f"{self.legal_entity_id}/{self.kind}/{self.year}"

    @classmethod
    def from_text(cls, text: str) -> "SeriesKey":
        entity, kind, year = text.split("/")
        return cls(legal_entity_id=int(entity), kind=kind, year=int(year))
