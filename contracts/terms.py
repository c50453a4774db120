"""Calendar spans and months.

Spans are half-open: the first day is included, the end is not. Months are counted from the anchor, never from
the previous result, and clamped to the month's end: 31 January, 28 February, 31 March. The anniversary of
29 February is 28 February in a common year, so twelve months from 2024-02-29 end before 2025-02-28.
"""

from __future__ import annotations

from calendar import isleap
from dataclasses import dataclass
from datetime import date, datetime

FIRST_YEAR = 1900
LAST_YEAR = 9999

_MONTH_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class DateOutOfRange(ValueError):
    """Outside the years a contract can lie in."""


class EmptySpan(ValueError):
    """A span that would end before its first day is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    start: date
    end: date

    def __post_init__(self) -> None:
        if isinstance(self.start, datetime) or isinstance(self.end, datetime):
            raise TypeError("A span is made of calendar days, not of moments.")
        if self.start.year < FIRST_YEAR:
            raise DateOutOfRange(_out_of_range(self.start.year))
        if self.end <= self.start:
            raise EmptySpan(f"A span that starts on {self.start} cannot end on {self.end}.")

    @property
    def last_day(self) -> date:
        """The last day covered, as screens and documents show it."""
        return date.fromordinal(self.end.toordinal() - 1)

    def contains(self, day: date) -> bool:
        return self.start <= day < self.end

    def overlaps(self, other: Span) -> bool:
        return self.start < other.end and other.start < self.end


def add_months(*, anchor: date, months: int) -> date:
    years, month = divmod(anchor.month - 1 + months, 12)
    year = anchor.year + years
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise DateOutOfRange(_out_of_range(year))
    longest = 29 if month == 1 and isleap(year) else _MONTH_LENGTHS[month]
    return date(year, month + 1, min(anchor.day, longest))


def term(*, start: date, months: int) -> Span:
    """The span a contract of so many months covers."""
    return Span(start=start, end=add_months(anchor=start, months=months))


def _out_of_range(year: int) -> str:
    return f"The year {year} is outside {FIRST_YEAR} to {LAST_YEAR}."
