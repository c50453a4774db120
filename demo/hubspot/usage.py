"""Counts calls: the rolling window of each app, the day, and the searches of the last second."""

from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Literal
from zoneinfo import ZoneInfo

from demo.hubspot.options import Limits

Kind = Literal["general", "associations", "search"]
Policy = Literal["TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY"]

SECOND = timedelta(seconds=1)
TEN_SECONDS = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    policy: Policy
    retry_after: int


class Usage:
    """Searches have a limit of their own, a second and for the whole account; they count in the day."""

    def __init__(self) -> None:
        self._calls: dict[tuple[int, Kind], deque[datetime]] = defaultdict(deque)
        self._searches: deque[datetime] = deque()
        self._day: tuple[str, int] = ("", 0)

    def admit(
        self, *, app_id: int, kind: Kind, at: datetime, zone: ZoneInfo, limits: Limits
    ) -> Excess | None:
        """Counts a call. One too many is not counted and comes back as what it exceeds."""
        window, policy, length = self._window(app_id=app_id, kind=kind)
        _forget(window, before=at - length)
        if limits.enforced:
            if self.today(at=at, zone=zone) >= limits.daily:
                return Excess(policy="DAILY", retry_after=_seconds(next_midnight(at, zone=zone) - at))
            if len(window) >= _most(kind, limits):
                wait = window[0] + length - at if window else length
                return Excess(policy=policy, retry_after=_seconds(wait))
        window.append(at)
        self._day = (f"{at.astimezone(zone):%Y-%m-%d}", self.today(at=at, zone=zone) + 1)
        return None

    def today(self, *, at: datetime, zone: ZoneInfo) -> int:
        day, count = self._day
        return count if day == f"{at.astimezone(zone):%Y-%m-%d}" else 0

    def headers(
        self, *, app_id: int, kind: Kind, at: datetime, zone: ZoneInfo, limits: Limits
    ) -> dict[str, str]:
        window, _, length = self._window(app_id=app_id, kind=kind)
        _forget(window, before=at - length)
        most = _most(kind, limits)
        in_second = sum(moment > at - SECOND for moment in window)
        return {
            "X-HubSpot-RateLimit-Max": str(most),
            "X-HubSpot-RateLimit-Remaining": str(max(most - len(window), 0)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Daily": str(limits.daily),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(limits.daily - self.today(at=at, zone=zone), 0)),
            "X-HubSpot-RateLimit-Secondly": str(most // 10),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(max(most // 10 - in_second, 0)),
        }

    def _window(self, *, app_id: int, kind: Kind) -> tuple[deque[datetime], Policy, timedelta]:
        if kind == "search":
            return self._searches, "SECONDLY", SECOND
        return self._calls[app_id, kind], "TEN_SECONDLY_ROLLING", TEN_SECONDS


def next_midnight(moment: datetime, *, zone: ZoneInfo) -> datetime:
    tomorrow = moment.astimezone(zone).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone)


def _most(kind: Kind, limits: Limits) -> int:
    most = {"general": limits.burst, "associations": limits.association_burst, "search": limits.searches}
    return most[kind]


def _forget(moments: deque[datetime], *, before: datetime) -> None:
    while moments and moments[0] <= before:
        moments.popleft()


def _seconds(duration: timedelta) -> int:
    return max(1, ceil(duration.total_seconds()))
