import os
import queue
from multiprocessing import Value
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import Failure, OrmQ, Schedule, Success
from django_q.monitor import save_task
from django_q.worker import worker

from fincelo.background import registered
from fincelo.models import Heartbeat, TaskHistory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _connection_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker closes the connections that it inherits; here that would be the test's own."""
    monkeypatch.setattr("django_q.worker.close_old_django_connections", lambda: None)


def run(func: Any, *args: Any, **extra: Any) -> dict[str, Any]:
    """What the queue's own worker makes of one task."""
    tasks: queue.Queue[Any] = queue.Queue()
    results: queue.Queue[dict[str, Any]] = queue.Queue()
    tasks.put({"id": "1", "name": "one", "func": func, "args": args, "kwargs": {}, **extra})
    tasks.put("STOP")
    worker(tasks, results, Value("f", -1))
    return results.get_nowait()


def test_task_of_this_product_runs() -> None:
    done = run("fincelo.health.beat")

    assert done["success"] is True
    assert set(Heartbeat.objects.values_list("process", flat=True)) == {"worker", "lane:fincelo"}


@pytest.mark.parametrize("func", ["os.mkdir", "fincelo.health.parts", "pathlib.Path", os.mkdir])
def test_other_task_is_refused(func: Any, tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    done = run(func, str(trace))

    assert done["success"] is False
    assert done["result"].startswith(f"{func} is not a task of this product; it was not run. : Traceback")
    assert not trace.exists()


@pytest.mark.parametrize("name", sorted(registered()))
def test_registered_task_exists(name: str) -> None:
    assert callable(import_string(name))


@pytest.mark.django_db(transaction=True)
def test_refused_task_can_be_recorded() -> None:
    done = run("os.getcwd")

    save_task(done | {"started": timezone.now().isoformat()}, broker=None)

    failure = Failure.objects.get()
    assert (failure.func, failure.result.partition(" : ")[0]) == (
        "os.getcwd",
        "os.getcwd is not a task of this product; it was not run.",
    )


def test_module_of_another_function_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "uninvited.py").write_text("from pathlib import Path\nPath(__file__ + '.ran').touch()\n")
    monkeypatch.syspath_prepend(tmp_path)

    run("uninvited.task")

    assert not (tmp_path / "uninvited.py.ran").exists()


def test_history_has_one_row_for_each_function(monkeypatch: pytest.MonkeyPatch) -> None:
    run("fincelo.health.beat")
    run("fincelo.health.beat")
    run("fincelo.health.beat", args=[1])  # takes none

    assert list(
        TaskHistory.objects.values_list("func", "lane", "starts", "successes", "failures", "last_error")
    ) == [("fincelo.health.beat", "fincelo", 3, 2, 1, "TypeError")]
    row = TaskHistory.objects.get()
    assert None not in (row.last_started_at, row.last_ok_at, row.last_failed_at)


def test_hook_is_dropped() -> None:
    assert "hook" not in run("fincelo.health.beat", hook="os.getcwd")


def test_stored_failure_holds_no_secret() -> None:
    done = run("os.getcwd&refresh_token=5Aep861abcdefgh")

    assert done["result"].startswith("os.getcwd&refresh_token=[redacted] is not a task of this product")
    assert "5Aep861" not in done["result"]


@pytest.mark.parametrize("model", [Failure, OrmQ, Schedule, Success])
def test_tasks_are_not_in_the_admin(model: Any) -> None:
    admin.autodiscover()

    assert not admin.site.is_registered(model)
