"""A billing run that was killed does not count as running (F41)."""

import time
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django_q.models import OrmQ

from billing import tasks
from billing.enums import BillingRunState, BillingTrigger
from billing.models import BillingRun
from billing.schedules.interruptions import INTERRUPTED, close_interrupted, note_session
from tests.billing.builders import TODAY
from tests.invariants import plant

pytestmark = pytest.mark.django_db


def start() -> BillingRun:
    return BillingRun.objects.create(trigger=BillingTrigger.SCHEDULE, as_of=TODAY)


def until_gone(pid: int) -> None:
    """A session ends a moment after its client has closed it."""
    with connection.cursor() as cursor:
        for _ in range(100):
            cursor.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid])
            if cursor.fetchone() is None:
                return
            time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
def test_run_of_a_session_that_is_gone_is_closed_at_once_and_the_rest_is_billed(database_url: str) -> None:
    run = start()
    with psycopg.connect(database_url) as killed:
        held = killed.execute(
            "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        ).fetchone()
        assert held
        BillingRun.objects.filter(pk=run.pk).update(backend_pid=held[0], backend_start=held[1])
        assert close_interrupted() == 0  # it is at work

    until_gone(held[0])

    tasks.send_mails()

    run.refresh_from_db()
    assert (run.state, run.problems) == (BillingRunState.FAILED, [{"sentence": INTERRUPTED}])
    assert run.finished_at is not None
    assert [row.task["func"] for row in OrmQ.objects.all()] == ["billing.tasks.bill_due"]


def test_run_of_this_session_goes_on() -> None:
    run = start()
    note_session(run)

    assert close_interrupted() == 0
    run.refresh_from_db()
    assert run.backend_pid == connection.connection.info.backend_pid


@pytest.mark.parametrize(
    "other", [{"backend_pid": 2**31 - 1}, {"backend_start": F("backend_start") - timedelta(seconds=1)}]
)
def test_a_session_is_known_by_its_number_and_its_start(other: dict[str, Any]) -> None:
    run = start()
    note_session(run)
    BillingRun.objects.filter(pk=run.pk).update(**other)

    assert close_interrupted() == 1


@pytest.mark.parametrize(("minutes", "closed"), [(59, 0), (60, 0), (61, 1)])
def test_run_of_an_earlier_release_is_closed_after_an_hour(minutes: int, closed: int) -> None:
    start()
    plant(f"UPDATE billing_billingrun SET started_at = now() - interval '{minutes} minutes'")

    assert close_interrupted() == closed


def test_a_run_that_has_ended_stays_as_it_is() -> None:
    run = start()
    long_ago = Now() - timedelta(days=1)
    BillingRun.objects.filter(pk=run.pk).update(
        state=BillingRunState.DONE, started_at=long_ago, finished_at=long_ago
    )

    assert close_interrupted() == 0
