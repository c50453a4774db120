"""Busy, frozen or in order: how the lanes are judged, on the health page and by their supervisor (F22)."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db.models.functions import Now
from django.test import Client
from django_q.models import OrmQ

from fincelo import lanes
from fincelo.background import Lane, enqueue, queue_of, registered
from fincelo.health import beat
from fincelo.lane_processes import ended_by_itself
from fincelo.models import Heartbeat
from fincelo.views import VIEW_HEALTH
from tests.pages import signed_in, words

pytestmark = pytest.mark.django_db

TIME_LIMIT = settings.Q_CLUSTER["timeout"]
RETRY = settings.Q_CLUSTER["retry"]


def wait(lane: Lane, *, seconds: int, taken: bool = False) -> None:
    """A task that has waited for so long, or that a process took so long ago."""
    lock = Now() - timedelta(seconds=seconds - (RETRY if taken else 0))
    OrmQ.objects.create(key=queue_of(lane), payload="x", lock=lock)


def sign(lane: Lane, *, seconds: int) -> None:
    """A task of the lane began or ended so long ago."""
    Heartbeat.objects.create(process=f"lane:{queue_of(lane)}", beat_at=Now() - timedelta(seconds=seconds))


def state(lane: Lane) -> str:
    (found,) = (one for one in lanes.look() if one.lane is lane)
    return found.state


@pytest.mark.parametrize(
    ("lane", "waits", "taken", "signed", "expected"),
    [
        (Lane.CORE, None, False, None, "ok"),
        (Lane.CORE, None, False, 10_000, "ok"),  # nothing to do
        (Lane.CORE, 59, False, 10_000, "ok"),
        (Lane.CORE, 61, False, 10_000, "frozen"),
        (Lane.CORE, 61, False, None, "frozen"),  # it never ran
        (Lane.CORE, 61, False, TIME_LIMIT + 59, "ok"),  # a long task is at work
        (Lane.CORE, 61, False, TIME_LIMIT + 61, "frozen"),
        (Lane.CORE, 61, True, TIME_LIMIT + 61, "frozen"),  # taken, and then nothing
        (Lane.CORE, 121, False, 1, "busy"),
        (Lane.CORE, 10_000, False, 1, "busy"),
        (Lane.CRM, 121, False, 1, "ok"),
        (Lane.CRM, 301, False, 1, "busy"),
        (Lane.LONG, 301, False, 1, "ok"),
        (Lane.LONG, 1801, False, 1, "busy"),
        (Lane.LONG, 1801, False, 10_000, "frozen"),
    ],
)
def test_state_of_a_lane(
    lane: Lane, waits: int | None, taken: bool, signed: int | None, expected: str
) -> None:
    if waits is not None:
        wait(lane, seconds=waits, taken=taken)
    if signed is not None:
        sign(lane, seconds=signed)

    assert state(lane) == expected
    assert lanes.frozen() == ({lane} if expected == "frozen" else set())
    assert Client().get("/healthz").json()["queue"] == expected


def test_each_task_goes_to_the_queue_of_its_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when a process of another lane enqueues it."""
    monkeypatch.setattr("django_q.conf.Conf.CLUSTER_NAME", "crm")

    enqueue(beat)

    assert OrmQ.objects.get().key == "fincelo"
    assert {queue_of(task.lane) for task in registered().values()} == {"fincelo", "crm", "long"}


@pytest.mark.parametrize("queue", ["fincelo", "crm", "long"])
def test_a_task_is_not_taken_twice(queue: str) -> None:
    """Those that a process has taken and not begun count into the time until another may take them."""
    limit, workers = lanes.setting(queue, "queue_limit"), lanes.setting(queue, "workers")

    assert lanes.setting(queue, "retry") >= lanes.setting(queue, "timeout") * (-(-limit // workers) + 2) + 60


@pytest.mark.parametrize(
    ("at_work", "vital", "expected"),
    [(1, 200, "busy"), (TIME_LIMIT + 61, 503, "stale"), (None, 503, "stale")],
)
def test_worker_that_is_busy_is_not_to_be_restarted(at_work: int | None, vital: int, expected: str) -> None:
    Heartbeat.objects.create(process="worker", beat_at=Now() - timedelta(minutes=6))
    if at_work is not None:
        sign(Lane.CORE, seconds=at_work)

    answer = Client().get("/healthz")

    assert (answer.status_code, answer.json()["worker"]) == (vital, expected)


def test_page_names_the_lane_and_the_cure() -> None:
    wait(Lane.CRM, seconds=400)
    sign(Lane.CRM, seconds=1)

    text = words(signed_in(VIEW_HEALTH).get("/health/").text)

    assert "Polls and what people asked to be read: 1 wait, the oldest for longer than usual." in text
    assert "Restart nothing." in text


class Process:
    """A worker of a lane, with the mark that it left."""

    def __init__(self, mark: int, *, alive: bool) -> None:
        self.timer = type("Timer", (), {"value": float(mark)})
        self.is_alive = lambda: alive
        self.join = lambda seconds: None


@pytest.mark.parametrize(
    ("mark", "alive", "expected"),
    [
        (-2, False, True),  # recycled
        (0, False, True),  # it left after the time limit of its task
        (0, True, False),  # it does not leave
        (-1, False, False),  # killed while it waited, perhaps with the lock of the queue
        (117, False, False),  # killed at work
    ],
)
def test_which_end_of_a_process_ends_its_lane(mark: int, alive: bool, expected: bool) -> None:
    sentinel: Any = type("Sentinel", (), {"monitor": object(), "pusher": object()})

    assert ended_by_itself(sentinel, Process(mark, alive=alive)) is expected
    assert ended_by_itself(sentinel, sentinel.pusher) is False
    assert ended_by_itself(sentinel, sentinel.monitor) is False
