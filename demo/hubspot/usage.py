"""Counts calls: the rolling window, the day and the searches of the last second."""

from collections import deque
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

BURST_LIMIT = 190
BURST_WINDOW = timedelta(seconds=10)
DAILY_LIMIT = 625_000
SECOND = timedelta(seconds=1)


class Usage:
    def __init__(self) -> None:
        self._calls: deque[datetime] = deque()
        self._searches: deque[datetime] = deque()
        self._day: tuple[str, int] = ("", 0)

    def count_call(self, *, at: datetime, zone: ZoneInfo) -> None:
        self._calls.append(at)
        day = f"{at.astimezone(zone):%Y-%m-%d}"
        self._day = (day, self.today(at=at, zone=zone) + 1)

    def today(self, *, at: datetime, zone: ZoneInfo) -> int:
        day, count = self._day
        return count if day == f"{at.astimezone(zone):%Y-%m-%d}" else 0

    def admit_search(self, *, at: datetime, limit: int | None) -> bool:
        """Whether one more search fits into the second that ends now; a refused one does not count."""
        _forget(self._searches, before=at - SECOND)
        if limit is not None and len(self._searches) >= limit:
            return False
        self._searches.append(at)
        return True

    def headers(self, *, at: datetime, zone: ZoneInfo) -> dict[str, str]:
        _forget(self._calls, before=at - BURST_WINDOW)
        in_window = len(self._calls)
        in_second = sum(moment > at - SECOND for moment in self._calls)
        secondly = BURST_LIMIT // 10
        return {
            "X-HubSpot-RateLimit-Max": str(BURST_LIMIT),
            "X-HubSpot-RateLimit-Remaining": str(max(BURST_LIMIT - in_window, 0)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Daily": str(DAILY_LIMIT),
            "X-HubSpot-RateLimit-Daily-Remaining": str(DAILY_LIMIT - self.today(at=at, zone=zone)),
            "X-HubSpot-RateLimit-Secondly": str(secondly),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(max(secondly - in_second, 0)),
        }


def next_midnight(moment: datetime, *, zone: ZoneInfo) -> datetime:
    tomorrow = moment.astimezone(zone).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone)


def _forget(moments: deque[datetime], *, before: datetime) -> None:
    while moments and moments[0] <= before:
        moments.popleft()
