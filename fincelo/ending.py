"""Whether there is time to begin what must not be cut off, and protection for it once it has begun.

A process that renews a rotating token loses the new one when it is killed before the answer is stored. So a
renewal begins only while enough seconds are left, and the signals that end a process wait until it is over.
"""

import math
import mmap
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
_ends_at: ContextVar[float] = ContextVar("ends_at", default=math.inf)
_draining = mmap.mmap(-1, 1)
"""One byte that a lane shares with all processes it has forked."""


def start_of_task(*, seconds: float) -> None:
    """A worker begins a task and is killed after so many seconds."""
    _ends_at.set(time.monotonic() + seconds)


@contextmanager
def limited_to(seconds: float) -> Iterator[None]:
    """The work inside may take so long. An earlier end that was set around it stays."""
    token = _ends_at.set(min(_ends_at.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends_at.reset(token)


def seconds_left() -> float:
    """Until this work is cut off: infinite where nothing limits it, 0 while the lane is told to stop."""
    if is_draining():
        return 0.0
    return max(0.0, _ends_at.get() - time.monotonic())


def begin_draining() -> None:
    """The lane was told to stop: its tasks begin nothing more that must not be cut off."""
    _draining[0] = 1


def stop_draining() -> None:
    _draining[0] = 0


def is_draining() -> bool:
    return _draining[0] == 1


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Signals that would end the process inside are obeyed afterwards. SIGKILL cannot wait.

    Other threads than the main one receive no signals and need no protection.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def keep(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, keep) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        for seen in dict.fromkeys(came):
            signal.raise_signal(seen)
