"""What the worker runs, called as it calls it. The queue's rows are looked at, not worked off."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone
from django_q.models import OrmQ

from billing.models import Invoice, LegalEntity
from crm_sync import tasks
from crm_sync.models import Connection, SyncRun
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell


def queued() -> list[tuple[Any, ...]]:
    return [(row.task["func"], *row.task["args"]) for row in OrmQ.objects.order_by("id")]


def test_poll_rings_once_for_each_connection_that_may_be_called(
    salesforce: Connection, hubspot: Connection
) -> None:
    Connection.objects.filter(pk=hubspot.pk).update(last_success_at=timezone.now())
    Connection.objects.filter(pk=salesforce.pk).update(last_success_at=timezone.now() - timedelta(hours=1))

    tasks.poll_due()

    assert queued() == [("crm_sync.tasks.poll", salesforce.pk), ("crm_sync.tasks.poll", hubspot.pk)]


@pytest.mark.parametrize(
    ("change", "calls"),
    [
        ({"state": "degraded"}, 1),
        ({"state": "broken"}, 0),
        ({"state": "paused"}, 0),
        ({"state": "not_connected"}, 0),
        ({"mapping_version": None}, 0),
        ({"not_before": timezone.now() + timedelta(hours=1)}, 0),
        ({"not_before": timezone.now() - timedelta(hours=1)}, 1),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_connection_that_may_or_may_not_be_called(
    salesforce: Connection, change: dict[str, Any], calls: int
) -> None:
    Connection.objects.update(**change)

    tasks.poll_due()

    assert OrmQ.objects.count() == calls


def test_poll_imports_and_bills(salesforce: Connection, org: Org) -> None:
    ensure_legal_entity()
    sell(org, CloseDate=timezone.now().date())

    tasks.poll(salesforce.pk)

    assert list(SyncRun.objects.values_list("trigger", "state", "created")) == [("schedule", "done", 1)]
    assert Invoice.objects.count() == 1


def test_poll_without_a_sender_of_invoices_imports_all_the_same(salesforce: Connection, org: Org) -> None:
    LegalEntity.objects.all().delete()
    sell(org, CloseDate=timezone.now().date())

    tasks.poll(salesforce.pk)

    assert list(SyncRun.objects.values_list("state", "created")) == [("done", 1)]
    assert Invoice.objects.count() == 0


def test_sync_now_marks_the_wish_and_rings(salesforce: Connection) -> None:
    tasks.request_sync(connection_id=salesforce.pk)

    salesforce.refresh_from_db()
    assert salesforce.sync_requested_at is not None
    assert queued() == [("crm_sync.tasks.sync_requested", salesforce.pk, None)]


def test_sync_now_while_a_run_is_at_work_is_heard_after_it(salesforce: Connection, org: Org) -> None:
    """What was closed in the CRM just before may not be in what that run has read."""

    pressed = []

    def press(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        if "crm_sync_crmdeal" in sql and not pressed:
            pressed.append(True)
            tasks.request_sync(connection_id=salesforce.pk)
            OrmQ.objects.all().delete()
            tasks.sync_requested(salesforce.pk)
            assert SyncRun.objects.count() == 1
        return execute(sql, *args)

    sell(org)
    with database.execute_wrapper(press):
        tasks.poll(salesforce.pk)
    assert queued() == [("crm_sync.tasks.sync_requested", salesforce.pk)]

    OrmQ.objects.all().delete()
    tasks.sync_requested(salesforce.pk)
    assert list(SyncRun.objects.order_by("id").values_list("trigger", "state")) == [
        ("schedule", "done"),
        ("person", "done"),
    ]
    assert queued() == []


def test_replay_reads_the_named_deal(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)

    tasks.request_replay(connection_id=salesforce.pk, external_ids=[deal])
    assert queued() == [("crm_sync.tasks.replay", salesforce.pk, [deal])]
    tasks.replay(salesforce.pk, [deal])

    assert SyncRun.objects.order_by("id").values_list("trigger", "seen")[1] == ("replay", 1)
