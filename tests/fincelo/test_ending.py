"""What must not be cut off begins only with time left, and outlasts the signals that end the process."""

import math
import multiprocessing
import os
import signal
from collections.abc import Iterator
from types import FrameType

import pytest
from django.conf import settings

from fincelo import ending
from fincelo.lane_processes import draining_first, note_time_limit


@pytest.fixture(autouse=True)
def no_end() -> Iterator[None]:
    yield
    ending.stop_draining()
    ending.start_of_task(seconds=math.inf)


def test_the_earliest_end_counts() -> None:
    with ending.limited_to(180):
        with ending.limited_to(600):
            assert 179 < ending.seconds_left() <= 180
        with ending.limited_to(50):
            assert ending.seconds_left() <= 50
    assert ending.seconds_left() == math.inf


def test_a_task_ends_with_the_workers_limit() -> None:
    note_time_limit()

    assert settings.Q_CLUSTER["timeout"] - 1 < ending.seconds_left() <= settings.Q_CLUSTER["timeout"]


def test_a_lane_that_is_told_to_stop_tells_the_processes_it_has_forked() -> None:
    go_on, told = multiprocessing.get_context("fork").Event(), multiprocessing.get_context("fork").Queue()

    def work() -> None:
        go_on.wait(20)
        told.put(ending.seconds_left())

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    stopped: list[int] = []
    draining_first(lambda cluster, number, frame: stopped.append(number))(None, signal.SIGTERM, None)
    go_on.set()

    assert (told.get(timeout=20), stopped) == (0.0, [signal.SIGTERM])
    child.join()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGALRM])
def test_signals_wait_until_the_answer_is_stored(number: signal.Signals) -> None:
    happened: list[str] = []

    def obey(number: int, frame: FrameType | None) -> None:
        happened.append("ended")

    before = signal.signal(number, obey)
    try:
        with ending.uninterrupted():
            os.kill(os.getpid(), number)
            happened.append("stored")
    finally:
        signal.signal(number, before)

    assert happened == ["stored", "ended"]
