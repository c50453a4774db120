"""Months and shares in the plainest way, for tests to compare with: by walking through the days, and by hand."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache

ONE_DAY = timedelta(days=1)
FROM, UNTIL = date(1999, 1, 1), date(2080, 1, 1)


@cache
def months_and_their_days() -> dict[tuple[int, int], list[date]]:
    """Every day of eighty years, one after the other."""
    found: dict[tuple[int, int], list[date]] = {}
    day = FROM
    while day < UNTIL:
        found.setdefault((day.year, day.month), []).append(day)
        day += ONE_DAY
    return found


def months_later(start: date, count: int) -> date:
    """The month is counted on the fingers. Of its days, the last that is not beyond the day of the start."""
    year, month = start.year, start.month
    for _ in range(count):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return [day for day in months_and_their_days()[year, month] if day.day <= start.day][-1]


def months_of_periods(*, months: int, step: int | None) -> list[int]:
    """Full cycles as long as there are any, then the rest."""
    left, found = months, []
    while left:
        found.append(min(step or months, left))
        left -= found[-1]
    return found


def shares(*, total: int, months: Sequence[int]) -> list[int]:
    """Each period gets what its months make in whole units; what is over is dealt out from the first one on."""
    whole = sum(months)
    dealt = [(total * count - total * count % whole) // whole for count in months]
    over = total - sum(dealt)
    return [share + (1 if place < over else 0) for place, share in enumerate(dealt)]
