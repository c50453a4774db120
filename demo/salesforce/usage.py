"""How many calls the org took in the last 24 hours, and which of its requests run long."""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

DAY = timedelta(hours=24)


class DailyCalls:
    """Counts over a rolling day, to the minute."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._minutes: deque[tuple[datetime, int]] = deque()
        self._lock = threading.Lock()

    def count(self, calls: int) -> None:
        minute = self._now().replace(second=0, microsecond=0)
        with self._lock:
            counted = self._minutes.pop()[1] if self._minutes and self._minutes[-1][0] == minute else 0
            self._minutes.append((minute, counted + calls))

    @property
    def total(self) -> int:
        since = self._now() - DAY
        with self._lock:
            while self._minutes and self._minutes[0][0] <= since:
                self._minutes.popleft()
            return sum(calls for _, calls in self._minutes)

    @total.setter
    def total(self, calls: int) -> None:
        with self._lock:
            self._minutes.clear()
        self.count(calls)


class Running:
    """The requests that are being answered. Those that last some time are limited in number."""

    def __init__(self) -> None:
        self._started: dict[int, float] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()

    @contextmanager
    def one_more(self) -> Iterator[None]:
        number = next(self._numbers)
        with self._lock:
            self._started[number] = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                del self._started[number]

    def longer_than(self, seconds: float) -> int:
        now = time.monotonic()
        with self._lock:
            return sum(now - started >= seconds for started in self._started.values())
