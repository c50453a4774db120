"""Keeps below HubSpot's limits. https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines"""

from collections import deque
from collections.abc import Callable, Mapping

from crm_sync.deals import Allowance

SEARCHES_A_SECOND = 4
"""Of five for the whole account, which other integrations search as well."""
CALLS_IN_TEN_SECONDS = 90
"""Of a hundred for one app, until HubSpot tells that there are more."""
LONGEST_INTERVAL_SECONDS = 60


class Window:
    """At most so many calls in any stretch of so many seconds."""

    def __init__(self, *, most: int, seconds: float) -> None:
        self.most = most
        self.seconds = seconds
        self.calls: deque[float] = deque()

    def free_at(self, *, now: float) -> float:
        """When the next call may be made."""
        while len(self.calls) > self.most:
            self.calls.popleft()
        return max(now, self.calls[0] + self.seconds) if len(self.calls) == self.most else now

    def note(self, *, at: float) -> None:
        self.calls.append(at)


class Pace:
    """When one client may call next: by our own count, and by what HubSpot says is left to its app."""

    def __init__(self, *, clock: Callable[[], float], pause: Callable[[float], None]) -> None:
        self.clock = clock
        self.pause = pause
        self.searches = Window(most=SEARCHES_A_SECOND, seconds=1)
        self.calls = Window(most=CALLS_IN_TEN_SECONDS, seconds=10)
        self.nearly_used_up = 0.0
        self.allowance: Allowance | None = None

    def wait_for(self, path: str) -> None:
        """Pauses until this call may be made, and counts it."""
        windows = [self.calls, self.searches] if path.endswith("/search") else [self.calls]
        now = self.clock()
        at = max(window.free_at(now=now) for window in windows)
        at = max(at, now + self.nearly_used_up)
        self.nearly_used_up = 0.0
        if at > now:
            self.pause(at - now)
        for window in windows:
            window.note(at=max(at, self.clock()))

    def heed(self, headers: Mapping[str, str]) -> None:
        """Spreads the last tenth of the app's calls over the interval. Searches tell nothing.

        What is left of the day is told to the tokens of private apps and service keys only.
        """
        limit, left = (
            whole_number(headers.get(f"X-HubSpot-RateLimit-{name}", ""))
            for name in ("Daily", "Daily-Remaining")
        )
        if limit is not None and left is not None:
            self.allowance = Allowance(used=max(0, limit - left), limit=limit)
        most, remaining, interval = (
            whole_number(headers.get(f"X-HubSpot-RateLimit-{name}", ""))
            for name in ("Max", "Remaining", "Interval-Milliseconds")
        )
        if not most or remaining is None or not interval:
            return
        seconds = min(interval / 1000, LONGEST_INTERVAL_SECONDS)
        self.calls.most = max(1, most * 9 // 10)
        self.calls.seconds = seconds
        if remaining * 10 <= most:
            self.nearly_used_up = seconds / (remaining + 1)


def whole_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None
