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
from crm_sync.enums import RunTrigger
from crm_sync.errors import LeaseHeld
from crm_sync.models import Connection, SyncRun
from crm_sync.sync import Order, sync

LONGEST_RUN_SECONDS = 180
log = logging.getLogger(__name__)


def poll_due() -> None:
    """Every five minutes: each live connection once, and whatever was asked for meanwhile."""
    for connection in Connection.objects.live().filter(Q(not_before=None) | Q(not_before__lt=Now())):
        run_now(connection=connection, trigger=RunTrigger.SCHEDULE)


def sync_requested(connection_id: int) -> None:
    """After "Sync now"."""
    connection = Connection.objects.live().filter(pk=connection_id).first()
    if connection is not None:
        run_now(connection=connection, trigger=RunTrigger.PERSON)


def replay(connection_id: int, external_ids: list[str]) -> None:
    """Reads the named deals again, whether they have changed or not."""
    connection = Connection.objects.live().filter(pk=connection_id).first()
    if connection is not None:
        run_now(connection=connection, trigger=RunTrigger.REPLAY, external_ids=external_ids)


def run_now(
    *, connection: Connection, trigger: RunTrigger, external_ids: list[str] | None = None
) -> SyncRun | None:
    """One run and the billing of what it activated; None while another run is at work."""
    as_of = business_date(at=timezone.now())
    order = Order(
        trigger=trigger,
        as_of=as_of,
        external_ids=external_ids or (),
        may_continue=within(LONGEST_RUN_SECONDS),
    )
    try:
        run = sync(connection=connection, order=order)
    except LeaseHeld:
        log.info("Another run is at work on %s.", connection)
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


def request_sync(*, connection_id: int) -> None:
    """Marks the wish and rings the worker. A bell that is not heard is made good by the next poll."""
    Connection.objects.filter(pk=connection_id).update(sync_requested_at=Now())
    async_task("crm_sync.tasks.sync_requested", connection_id)


def request_replay(*, connection_id: int, external_ids: list[str]) -> None:
    async_task("crm_sync.tasks.replay", connection_id, external_ids)
