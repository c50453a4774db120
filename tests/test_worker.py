"""A real worker process: it polls automatically, hears "Sync now", beats, and runs no function of others."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from django_q.models import Failure, Schedule
from django_q.tasks import async_task

from billing.models import Invoice
from contracts.models import Contract
from crm_sync import tasks
from crm_sync.models import Connection, SyncRun
from demo.salesforce.org import Org
from fincelo.models import Heartbeat
from fincelo.schedules import ensure_schedules
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import (  # noqa: F401  fixtures
    Run,
    hubspot_server,
    manage,
    org,
    portal,
    run,
    salesforce,
    salesforce_server,
)
from tests.crm_sync.sales import sell
from tests.processes import Manage

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Worker = Callable[[], subprocess.Popen[str]]


@pytest.fixture
def start_worker(manage: Manage) -> Iterator[Worker]:  # noqa: F811
    """Starts `manage.py qcluster`. Afterwards it is killed with all its processes, as a supervisor does."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        started.append(manage.start("qcluster", own_group=True))
        return started[-1]

    yield start
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=10)


def wait_until(happened: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.1)


def test_closed_deal_becomes_contract_and_invoice_by_itself(
    salesforce: Connection,  # noqa: F811
    org: Org,  # noqa: F811
    run: Run,  # noqa: F811
    start_worker: Worker,
) -> None:
    """The scheduler looks every 30 seconds, so a poll begins at most five and a half minutes after another."""
    ensure_legal_entity()
    deal = sell(org, StageName="Negotiation/Review", CloseDate=timezone.now().date())
    run(salesforce)
    ensure_schedules(using="default")
    Schedule.objects.update(next_run=timezone.now() + timedelta(hours=1))  # no sweep takes the poll's turn
    Schedule.objects.filter(name="poll").update(next_run=timezone.now())
    start_worker()

    org.close_won(deal)
    wait_until(Invoice.objects.exists, seconds=180)

    assert list(Contract.objects.values_list("name", "crm_deal__external_id")) == [("Acme platform", deal)]
    assert set(SyncRun.objects.values_list("trigger", "state")) == {("command", "done"), ("schedule", "done")}
    wait_until(Heartbeat.objects.exists, seconds=120)
    assert not Failure.objects.exists()


def test_sync_now_reaches_the_worker(
    salesforce: Connection,  # noqa: F811
    org: Org,  # noqa: F811
    start_worker: Worker,
) -> None:
    Schedule.objects.all().delete()
    ensure_legal_entity()
    deal = sell(org, Amount=None)
    start_worker()

    tasks.request_sync(connection_id=salesforce.pk)
    wait_until(lambda: SyncRun.objects.filter(state="done").exists(), seconds=120)
    org.tables["Opportunity"][deal]["Amount"] = 1200.0
    tasks.request_replay(connection_id=salesforce.pk, external_ids=[deal])
    wait_until(Contract.objects.exists, seconds=120)

    assert list(SyncRun.objects.order_by("id").values_list("trigger", "held", "created")) == [
        ("person", 1, 0),
        ("replay", 0, 1),
    ]


def test_function_of_others_is_refused(start_worker: Worker, tmp_path: Path) -> None:
    Schedule.objects.all().delete()
    trace = tmp_path / "trace"
    start_worker()

    async_task("os.mkdir", str(trace))
    wait_until(Failure.objects.exists, seconds=120)

    failure = Failure.objects.get()
    assert failure.result.startswith("os.mkdir is not a task of this product; it was not run.")
    assert not trace.exists()
