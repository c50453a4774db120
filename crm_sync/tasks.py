"""What the worker runs. A task carries an id at most and does what is due now."""

import logging
import time
from collections.abc import Callable

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django_q.tasks import async_task

from billing.enums import BillingTrigger
from billing.invoicing import invoice_due
from billing.numbering import UnableToIssueInvoice
from contracts.workspace import business_date
from crm_sync import watch
from crm_sync.enums import RunTrigger
from crm_sync.errors import LeaseHeld
from crm_sync.known_deals import ask_again
from crm_sync.models import Connection, CrmDeal, SyncRun
from crm_sync.runs import UnableToSync
from crm_sync.sync import Order, sync

LONGEST_RUN_SECONDS = 180
log = logging.getLogger(__name__)


def poll_due() -> None:
    """Every five minutes: one task for each connection that may be called, so that none waits for another."""
    due = Connection.objects.live().filter(Q(not_before=None) | Q(not_before__lt=Now()))
    for connection_id in due.order_by("last_success_at").values_list("pk", flat=True):
        async_task("crm_sync.tasks.poll", connection_id)


def look_after_alarms() -> None:
    """Every minute: silent connections, and mails that wait."""
    watch.look()


def poll(connection_id: int) -> None:
    run_now(connection_id=connection_id, trigger=RunTrigger.SCHEDULE)


def sync_requested(connection_id: int) -> None:
    """After "Sync now"."""
    run_now(connection_id=connection_id, trigger=RunTrigger.PERSON)


def replay(connection_id: int, external_ids: list[str]) -> None:
    """Reads the named deals again, whether they have changed or not."""
    run_now(connection_id=connection_id, trigger=RunTrigger.REPLAY, external_ids=external_ids)


def run_now(
    *, connection_id: int, trigger: RunTrigger, external_ids: list[str] | None = None
) -> SyncRun | None:
    """One run and the billing of what it activated; None when the connection is busy or not ready."""
    connection = Connection.objects.get(pk=connection_id)
    as_of = business_date(at=timezone.now())
    order = Order(
        trigger=trigger,
        as_of=as_of,
        external_ids=external_ids or (),
        may_continue=both(within(LONGEST_RUN_SECONDS), still_live(connection_id)),
    )
    try:
        run = sync(connection=connection, order=order)
    except (LeaseHeld, UnableToSync) as reason:
        log.info("No run of %s now: %s", connection, reason)
        return None
    if run.created or run.updated:
        try:
            invoice_due(as_of=as_of, trigger=BillingTrigger.SYNC)
        except UnableToIssueInvoice as refusal:
            log.warning("Nothing was billed after the sync: %s", refusal)
    return run


def within(seconds: float) -> Callable[[], bool]:
    ends_at = time.monotonic() + seconds
    return lambda: time.monotonic() < ends_at


def still_live(connection_id: int) -> Callable[[], bool]:
    """False as soon as somebody has paused or disconnected: what is stored stands, and no more is read."""
    return Connection.objects.live().filter(pk=connection_id).exists


def both(first: Callable[[], bool], second: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: first() and second()


def request_sync(*, connection_id: int) -> None:
    """Marks the wish and rings the worker. A bell that is not heard is made good by the next poll."""
    Connection.objects.filter(pk=connection_id).update(sync_requested_at=Now())
    async_task("crm_sync.tasks.sync_requested", connection_id)


def request_replay(*, connection_id: int, external_ids: list[str]) -> None:
    """Rings the worker. Held deals are marked as well, so that the next poll makes good a bell not heard."""
    ask_again(held=CrmDeal.objects.filter(connection_id=connection_id, external_id__in=external_ids))
    async_task("crm_sync.tasks.replay", connection_id, external_ids)
