"""The registry: what is enqueued is declared, what is declared runs, and who waits is told."""

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string
from django_q.models import OrmQ, Schedule

from crm_sync import tasks
from fincelo import background, health
from fincelo.background import Lane, UnregisteredTask, enqueue, registered, waiting_for
from fincelo.enums import WorkProblem, WorkState
from fincelo.models import BackgroundWork
from fincelo.task_guard import tell_end, tell_start

pytestmark = pytest.mark.django_db

APPS = ("billing", "contracts", "crm_sync", "demo", "fincelo")


def sources() -> dict[str, ast.Module]:
    files = [path for app in APPS for path in (settings.BASE_DIR / app).rglob("*.py")]
    return {str(path.relative_to(settings.BASE_DIR)): ast.parse(Path(path).read_text()) for path in files}


def names_in(tree: ast.Module) -> set[str]:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return names | {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    }


def enqueued_in(tree: ast.Module) -> set[str]:
    """The functions that `enqueue(...)` is called with."""
    return {
        ast.unparse(node.args[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "enqueue"
    }


def test_only_the_registry_puts_tasks_into_the_queue() -> None:
    assert [file for file, tree in sources().items() if "async_task" in names_in(tree)] == [
        "fincelo/background.py"
    ]


def test_each_task_is_enqueued_or_scheduled_and_nothing_else_is() -> None:
    asked = {
        f"{file.removesuffix('.py').replace('/', '.')}.{name}"
        for file, tree in sources().items()
        for name in enqueued_in(tree)
    }
    scheduled = {task.name for task in registered().values() if task.schedule}

    assert asked | scheduled == set(registered())


def test_schedules_are_those_that_are_declared() -> None:
    declared = {
        (task.schedule, task.name, task.minutes, background.queue_of(task.lane))
        for task in registered().values()
        if task.schedule
    }

    assert set(Schedule.objects.values_list("name", "func", "minutes", "cluster")) == declared


def test_declaration_is_whole() -> None:
    for task in registered().values():
        assert callable(import_string(task.name))
        assert (task.label, task.next_step, bool(task.schedule)) == (
            task.label.strip(),
            task.next_step,
            task.minutes > 0,
        )


def test_undeclared_function_is_refused_at_the_call() -> None:
    with pytest.raises(UnregisteredTask, match=r"fincelo.health.parts is not declared as a background task."):
        enqueue(health.parts)  # type: ignore[arg-type]
    assert not OrmQ.objects.exists()


@pytest.mark.parametrize("value", [object(), (1, 2), {1: 2}, {1}])
def test_arguments_are_plain_values(value: Any) -> None:
    with pytest.raises(TypeError):
        enqueue(tasks.poll, value)


def test_nothing_is_enqueued_when_the_transaction_is_rolled_back() -> None:
    with transaction.atomic():
        tasks.request_sync(connection_id=1)
        transaction.set_rollback(True)

    assert (OrmQ.objects.count(), BackgroundWork.objects.count()) == (0, 0)


def asked_for() -> BackgroundWork:
    work = enqueue(tasks.reapply, 7, subject="7")
    assert work is not None
    return work


def seen(work: BackgroundWork) -> WorkState:
    found = waiting_for(tasks.reapply, subject=work.subject)
    assert found is not None
    return found.state


def packet(work: BackgroundWork, **more: Any) -> dict[str, Any]:
    return {"id": work.queue_id, "func": work.task, **more}


def test_work_is_seen_from_its_request_to_its_end() -> None:
    work = asked_for()
    states = [seen(work)]
    tell_start(task=packet(work))
    states.append(seen(work))
    tell_end(func=tasks.reapply, task=packet(work, success=True))
    states.append(seen(work))

    assert states == [WorkState.WAITING, WorkState.RUNNING, WorkState.DONE]


@pytest.mark.parametrize(
    ("func", "name", "state", "problem"),
    [
        (tasks.reapply, "crm_sync.tasks.reapply", WorkState.FAILED, WorkProblem.FAULT),
        (None, "crm_sync.tasks.reapply", WorkState.REFUSED, WorkProblem.UNDEFINED),
        (health.parts, "fincelo.health.parts", WorkState.REFUSED, WorkProblem.UNREGISTERED),
    ],
)
def test_failure_is_told(func: Any, name: str, state: WorkState, problem: WorkProblem) -> None:
    work = asked_for()

    tell_end(func=func, task={"id": work.queue_id, "func": name, "success": False})

    work.refresh_from_db()
    assert (seen(work), work.problem) == (state, problem)


def test_work_of_a_dead_process_broke_off() -> None:
    work = asked_for()
    tell_start(task=packet(work))
    BackgroundWork.objects.update(backend_start=Now() - timedelta(days=1))

    assert seen(work) == WorkState.BROKE_OFF


def test_work_that_left_the_queue_unseen_is_lost() -> None:
    work = asked_for()
    OrmQ.objects.all().delete()

    assert seen(work) == WorkState.LOST


def test_new_request_takes_the_place_of_the_old_one() -> None:
    old = asked_for()
    new = asked_for()

    tell_end(func=tasks.reapply, task=packet(old, success=False))

    assert (new.pk, seen(new)) == (old.pk, WorkState.WAITING)


def test_work_that_goes_on_keeps_who_asked_and_when(django_user_model: Any) -> None:
    actor = django_user_model.objects.create(username="finance")
    work = enqueue(tasks.reapply, 7, subject="7", actor_id=actor.pk)
    assert work is not None
    BackgroundWork.objects.update(requested_at=Now() - timedelta(minutes=5))
    work.refresh_from_db()

    more = enqueue(tasks.reapply, 7, subject="7", goes_on=True)

    assert more is not None
    assert (more.actor_id, more.requested_at) == (actor.pk, work.requested_at)


def test_given_up_work_stays_given_up() -> None:
    work = asked_for()

    background.give_up(work)
    tell_end(func=tasks.reapply, task=packet(work, success=True))

    assert seen(work) == WorkState.GIVEN_UP


def test_worker_that_is_silent_is_named() -> None:
    work = asked_for()
    BackgroundWork.objects.update(requested_at=Now() - timedelta(minutes=1))
    health.beat()
    fresh = background.judged(work).silent_since
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fincelo_heartbeat SET beat_at = now() - interval '3 minutes'")

    silent = background.judged(work).silent_since

    assert (fresh, silent is None) == (None, False)


def test_lanes_share_the_default_queue_until_they_have_their_own(settings: Any) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"ALT_CLUSTERS": {"crm": {}}}

    assert [background.queue_of(lane) for lane in Lane] == ["fincelo", "crm", "fincelo"]
