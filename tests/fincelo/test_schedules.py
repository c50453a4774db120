from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection
from django_q.models import Schedule

from fincelo.background import registered
from fincelo.schedules import ensure_schedules

DECLARED = sorted(
    (task.schedule, task.name, "I", task.minutes, -1) for task in registered().values() if task.schedule
)
FIELDS = ("name", "func", "schedule_type", "minutes", "repeats")


def stored() -> list[tuple[object, ...]]:
    return list(Schedule.objects.order_by("name", "pk").values_list(*FIELDS))


def test_what_matters_runs_as_often_as_is_promised() -> None:
    minutes = {task.schedule: task.minutes for task in registered().values()}
    promised = {"poll": 5, "billing": 60, "mail": 5, "heartbeat": 1, "alarms": 1}

    assert {name: minutes[name] for name in promised} == promised


@pytest.mark.django_db
def test_schedules_exist_after_migrate() -> None:
    assert stored() == DECLARED


@pytest.mark.django_db
def test_schedules_are_put_right() -> None:
    planned = datetime(2030, 1, 1, tzinfo=UTC)
    Schedule.objects.filter(name="poll").update(
        func="os.system", minutes=1, repeats=3, args="'id'", hook="os.system", next_run=planned
    )
    Schedule.objects.create(name="poll", func="crm_sync.tasks.poll_due", schedule_type="I", minutes=5)
    Schedule.objects.create(name="other", func="os.system")
    Schedule.objects.create(name=None, func="os.system")

    ensure_schedules(using="default")

    assert stored() == DECLARED
    poll = Schedule.objects.get(name="poll")
    assert (poll.args, poll.hook, poll.next_run) == (None, None, planned)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_schedules_made_by_many_at_once() -> None:
    Schedule.objects.all().delete()

    def ensure(_: int) -> None:
        ensure_schedules(using="default")
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ensure, range(8)))

    assert stored() == DECLARED


@pytest.mark.django_db
def test_schedules_wait_until_their_table_is_there() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_q_schedule RENAME TO elsewhere")

        ensure_schedules(using="default")

        cursor.execute("ALTER TABLE elsewhere RENAME TO django_q_schedule")
    assert stored() == DECLARED
