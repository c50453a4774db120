"""`manage.py work` with real processes: whatever of it is killed, its lanes work again (F22)."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import psutil
import pytest
from django_q.models import Schedule

from crm_sync import tasks
from fincelo.background import Lane, enqueue, queue_of
from fincelo.health import beat
from fincelo.models import TaskHistory
from tests.processes import Manage, environment_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

ROLES = ("worker", "worker", "monitor", "pusher")
"""In the order in which a sentinel starts them in a lane with two workers."""
NOTHING = 999
TASKS: dict[Lane, Callable[[], object]] = {
    Lane.CORE: lambda: enqueue(beat),
    Lane.CRM: lambda: enqueue(tasks.poll, NOTHING),  # fails at once: there is no such connection
    Lane.LONG: lambda: enqueue(tasks.sweep, NOTHING),
}


@pytest.fixture
def work(database_url: str) -> Iterator[subprocess.Popen[str]]:
    Schedule.objects.all().delete()
    process = Manage(environment=environment_for(database_url=database_url)).start("work", own_group=True)
    wait_until(lambda: len(lanes(process)) == len(Lane), seconds=30)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=10)


def wait_until(happened: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.1)


def lanes(work: subprocess.Popen[str]) -> dict[str, psutil.Process]:
    """The parents of the lanes that are up: each has its sentinel, and that its pusher."""
    found = {}
    for parent in psutil.Process(work.pid).children():
        try:
            sentinels = parent.children()
            if len(sentinels) == 1 and len(sentinels[0].children()) >= 3:
                found[parent.environ()["Q_CLUSTER_NAME"]] = parent
        except psutil.Error:
            continue
    return found


def of_role(parent: psutil.Process, role: str) -> psutil.Process:
    if role == "parent":
        return parent
    (sentinel,) = parent.children()
    if role == "sentinel":
        return sentinel
    started = sorted(sentinel.children(), key=lambda process: (process.create_time(), process.pid))
    return started[{"worker": 0, "monitor": -2, "pusher": -1}[role]]


def everything_works(*, seconds: float) -> None:
    """A task of each lane runs."""
    before = TaskHistory.objects.count() and dict(TaskHistory.objects.values_list("lane", "starts"))
    for start in TASKS.values():
        start()

    def has_run() -> bool:
        now = dict(
            TaskHistory.objects.exclude(last_ok_at=None, last_failed_at=None).values_list("lane", "starts")
        )
        return all(now.get(queue_of(lane), 0) > (before or {}).get(queue_of(lane), 0) for lane in Lane)

    wait_until(has_run, seconds=seconds)


def test_whatever_is_killed_works_again(work: subprocess.Popen[str]) -> None:
    everything_works(seconds=30)
    for kills in (
        {Lane.CORE: "worker", Lane.CRM: "monitor", Lane.LONG: "pusher"},
        {Lane.CORE: "sentinel", Lane.CRM: "parent", Lane.LONG: "worker"},
    ):
        before = lanes(work)
        old = [one for parent in before.values() for one in [parent, *parent.children(recursive=True)]]
        for lane, role in kills.items():
            of_role(before[queue_of(lane)], role).kill()

        wait_until(lambda gone=old: not any(map(is_alive, gone)), seconds=30)
        everything_works(seconds=60)
    ends_with_all_its_processes(work, signal.SIGTERM, code=0)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ends_with_all_its_processes(work: subprocess.Popen[str], number: int, *, code: int) -> None:
    started = psutil.Process(work.pid).children(recursive=True)

    os.kill(work.pid, number)

    assert work.wait(30) == code
    wait_until(lambda: not any(map(is_alive, started)), seconds=10)


def test_no_lane_outlives_its_supervisor(work: subprocess.Popen[str]) -> None:
    ends_with_all_its_processes(work, signal.SIGKILL, code=-signal.SIGKILL)
