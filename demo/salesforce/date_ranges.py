"""The words for spans of days in SOQL: TODAY, LAST_MONTH, NEXT_N_DAYS:7 and their like."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

NUMBERED = re.compile(r"(LAST|NEXT)_N_DAYS:(\d{1,4})")
DAY = timedelta(days=1)
Span = tuple[date, date]


def is_range(word: str) -> bool:
    return word.upper() in NAMED or NUMBERED.fullmatch(word.upper()) is not None


def span_of(word: str, *, today: date) -> Span:
    """First day and the day after the last."""
    numbered = NUMBERED.fullmatch(word)
    if not numbered:
        return NAMED[word](today)
    return _days(numbered[1], int(numbered[2]), today)


def _days(direction: str, count: int, today: date) -> Span:
    """The last days reach up to today; the next ones begin tomorrow."""
    if direction == "LAST":
        return today - count * DAY, today + DAY
    return today + DAY, today + (count + 1) * DAY


def _week(today: date, *, shift: int) -> Span:
    sunday = today - ((today.weekday() + 1) % 7) * DAY + 7 * shift * DAY
    return sunday, sunday + 7 * DAY


def _months(today: date, *, shift: int, size: int) -> Span:
    """Spans of so many months, counted from January."""
    first = (today.year * 12 + today.month - 1) // size * size + shift * size
    return _first_of(first), _first_of(first + size)


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


NAMED: dict[str, Callable[[date], Span]] = {
    "YESTERDAY": lambda today: (today - DAY, today),
    "TODAY": lambda today: (today, today + DAY),
    "TOMORROW": lambda today: (today + DAY, today + 2 * DAY),
    "LAST_90_DAYS": lambda today: _days("LAST", 90, today),
    "NEXT_90_DAYS": lambda today: _days("NEXT", 90, today),
}
for _word, _shift in (("LAST", -1), ("THIS", 0), ("NEXT", 1)):
    NAMED[f"{_word}_WEEK"] = partial(_week, shift=_shift)
    for _unit, _size in (("MONTH", 1), ("QUARTER", 3), ("YEAR", 12)):
        NAMED[f"{_word}_{_unit}"] = partial(_months, shift=_shift, size=_size)
