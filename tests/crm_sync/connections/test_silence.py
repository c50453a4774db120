"""A CRM that accepts calls and never answers is left alone; nobody else waits for it (F22)."""

import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from crm_sync import tasks
from crm_sync.clients import http
from crm_sync.models import Connection, SyncRun
from demo.http_server import Server
from demo.salesforce.org import Org
from fincelo.background import Lane, enqueue, queue_of
from fincelo.health import beat
from fincelo.models import Heartbeat
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell
from tests.processes import Manage


def minutes_left(connection: Connection) -> int:
    connection.refresh_from_db()
    assert connection.not_before is not None
    return round((connection.not_before - timezone.now()).total_seconds() / 60)


@pytest.mark.django_db
def test_silent_hubspot_is_asked_once(
    hubspot: Connection, hubspot_server: Server, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    hubspot_server.faults.add("silence", endpoint="/crm/")
    monkeypatch.setattr(http, "READ_SECONDS", 0.1)

    stopped = run(hubspot)

    assert (stopped.state, stopped.api_calls, minutes_left(hubspot)) == ("failed", 1, 2)


@pytest.mark.django_db
def test_silent_crm_is_left_alone_for_longer_and_longer(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(org)
    salesforce_server.faults.add("silence", endpoint="/query")
    monkeypatch.setattr(http, "READ_SECONDS", 0.1)

    pauses, started = [], time.monotonic()
    for _ in range(3):
        assert run(salesforce).state == "failed"
        pauses.append(minutes_left(salesforce))
        tasks.poll_due()
    salesforce_server.faults.clear()
    monkeypatch.undo()

    assert (pauses, salesforce.state, OrmQ.objects.count()) == ([2, 4, 8], "degraded", 0)
    assert salesforce.state_reason == (
        "127.0.0.1 accepted the call and did not answer within 0.1 seconds. "
        "Fincelo leaves it alone for some minutes and then asks again automatically."
    )
    assert time.monotonic() - started < 5  # one call each time, not three
    Connection.objects.update(not_before=F("not_before") - timedelta(minutes=9))
    tasks.poll_due()
    assert OrmQ.objects.count() == 1  # the probe
    assert (run(salesforce).state, SyncRun.objects.last().created) == ("done", 1)  # type: ignore[union-attr]
    salesforce.refresh_from_db()
    assert (salesforce.state, salesforce.not_before) == ("connected", None)


@pytest.mark.django_db
def test_polls_do_not_pile_up_while_the_lane_is_busy(salesforce: Connection, hubspot: Connection) -> None:
    tasks.poll_due()
    tasks.poll_due()
    tasks.poll_due()

    assert OrmQ.objects.filter(key=queue_of(Lane.CRM)).count() == 2


@pytest.mark.django_db
def test_connections_that_fail_are_polled_last(salesforce: Connection, hubspot: Connection) -> None:
    Connection.objects.filter(pk=salesforce.pk).update(
        state="degraded", last_success_at=timezone.now() - timedelta(days=1)
    )
    Connection.objects.filter(pk=hubspot.pk).update(last_success_at=timezone.now())

    tasks.poll_due()

    order = [row.task["args"] for row in OrmQ.objects.order_by("pk")]
    assert order == [[hubspot.pk], [salesforce.pk]]


@pytest.fixture
def hanging(settings: Any) -> Iterator[str]:
    """A HubSpot that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings.CRM_TRUSTED_ORIGINS = [*settings.CRM_TRUSTED_ORIGINS, url]
        yield url


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_heartbeat_passes_eight_crms_that_hang(hubspot: Connection, hanging: str, manage: Manage) -> None:
    """With the real time limits: both workers of the polls wait for half a minute each time."""
    Schedule.objects.all().delete()
    environment = dict(manage.environment) | {
        "HUBSPOT_API_URL": hanging,
        "CRM_TRUSTED_ORIGINS": f"{manage.environment['CRM_TRUSTED_ORIGINS']},{hanging}",
    }
    work = Manage(environment=environment).start("work", own_group=True)
    try:
        for _ in range(8):
            enqueue(tasks.poll, hubspot.pk)
        wait_until(lambda: SyncRun.objects.filter(state="running").exists(), seconds=30)

        asked_at = time.monotonic()
        enqueue(beat)
        wait_until(Heartbeat.objects.filter(process="worker").exists, seconds=10)

        assert time.monotonic() - asked_at < 5
        assert SyncRun.objects.filter(state="running").exists()
        stop(work)
    finally:
        work.kill()
        work.communicate(timeout=10)


def stop(work: subprocess.Popen[str]) -> None:
    """Kills it: a call that hangs would hold up its end for half a minute."""
    work.kill()
    work.wait(10)


def wait_until(happened: Any, *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.05)
