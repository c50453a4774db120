"""A real worker meets a poisoned row in each table of the queue, and runs what is its own (F24)."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core import signing
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import Failure, OrmQ, Schedule, Task
from django_q.scheduler import scheduler
from django_q.signing import SignedPackage
from django_q.tasks import async_task

from fincelo.models import Heartbeat, TaskHistory
from tests.fincelo.poison import insert_result, pickled, poison
from tests.fincelo.test_queue_packages import Bytes
from tests.processes import Manage, environment_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worker(database_url: str, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Starts a worker that can import the modules of `tmp_path`, and kills it with all its processes."""
    environment = environment_for(database_url=database_url) | {"PYTHONPATH": str(tmp_path)}
    started = []

    def start() -> None:
        started.append(Manage(environment=environment).start("qcluster", own_group=True))

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=10)


def wait_until(happened: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.1)


def plant_schedules(canary: Path, *, folder: Path) -> None:
    """Names a module that leaves the canary when it is imported, as function and as hook."""
    folder.joinpath("uninvited.py").write_text(f"open({str(canary)!r}, 'w').close()\ndef task(*args): pass\n")
    Schedule.objects.all().delete()
    for func, hook in [("uninvited.task", None), ("fincelo.health.beat", "uninvited.task")]:
        Schedule.objects.create(
            func=func, hook=hook, schedule_type=Schedule.MINUTES, minutes=1, next_run=timezone.now()
        )


def test_poison_in_each_table_is_not_executed(worker: Callable[[], None], tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    plant_schedules(canary, folder=tmp_path)
    insert_result(id="a" * 32, name="x", func="fincelo.health.beat", result=poison(canary), success=True)
    failing = async_task("os.getcwd", task_name="failing")
    insert_result(
        id=failing, name="failing", func="x", result=poison(canary), success=False, hook="uninvited.task"
    )
    package = signing.dumps(pickled(canary), key=Conf.SECRET_KEY, salt=Conf.PREFIX, serializer=Bytes)
    for payload in (package, "unsigned", SignedPackage.dumps({"started": timezone.now()})):
        OrmQ.objects.create(key="fincelo", payload=payload, lock=timezone.now())
    async_task("fincelo.health.beat", 1, 2)  # fails: it takes nothing
    scheduler()  # which the worker does once in 30 seconds

    worker()

    wait_until(lambda: Failure.objects.filter(func="uninvited.task").exists(), seconds=60)
    wait_until(lambda: not OrmQ.objects.exists(), seconds=30)
    wait_until(lambda: TaskHistory.objects.filter(successes=1, failures=1).exists(), seconds=30)
    assert not canary.exists()
    assert Heartbeat.objects.exists()
    assert Failure.objects.get(pk=failing).result.startswith("os.getcwd is not a task of this product")
    assert set(Task.objects.filter(success=True).values_list("name", flat=True)) == {"x"}  # none was added
