from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection
from django_q.models import Schedule

from fincelo.schedules import ensure_schedules

DECLARED = [
    ("alarms", "crm_sync.tasks.look_after_alarms", "I", 1, -1),
    ("billing", "billing.tasks.bill_due", "I", 60, -1),
    ("heartbeat", "fincelo.health.beat", "I", 1, -1),
    ("invariants", "contracts.tasks.check_at_night", "I", 60, -1),
    ("mail", "billing.tasks.send_mails", "I", 5, -1),
    ("poll", "crm_sync.tasks.poll_due", "I", 5, -1),
    ("reminders", "crm_sync.tasks.remind_of_holds", "I", 30, -1),
    ("sweep", "crm_sync.tasks.sweep_due", "I", 7, -1),
    ("tie-out", "crm_sync.tasks.check_tie_out", "I", 30, -1),
]
FIELDS = ("name", "func", "schedule_type", "minutes", "repeats")


def stored() -> list[tuple[object, ...]]:
    return list(Schedule.objects.order_by("name", "pk").values_list(*FIELDS))


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
