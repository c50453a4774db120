"""What the worker runs. A task carries an id at most and does what is due now."""

import hashlib
import json
import logging
import time
from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db.models import Case, Q, When
from django.db.models.functions import Now
from django.utils import timezone

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.issuing.numbering import UnableToIssueInvoice
from contracts.clock import business_day
from contracts.workspace import time_zone
from crm_sync.connections import revoking, watch
from crm_sync.deciding_billing import decides_billing
from crm_sync.enums import BackfillState, ConnectionState, DealState, RunState, RunTrigger
from crm_sync.errors import LeaseHeld
from crm_sync.holds import reminders
from crm_sync.holds.groups import GroupKey, cured_by_translating, to_read_again
from crm_sync.importing.due_checks import deals_before_billing
from crm_sync.importing.fetching import Order
from crm_sync.importing.reapplying import left_to_read
from crm_sync.models import Backfill, Connection, CrmDeal, SyncRun
from crm_sync.oversight import tie_out_checks
from crm_sync.previews.first_import import progress
from crm_sync.previews.first_import.task import cancel_preview, go_on
from crm_sync.runs import UnableToSync
from crm_sync.sync import sync
from fincelo import lanes
from fincelo.background import Lane, enqueue, task
from fincelo.ending import limited_to
from fincelo.models import BackgroundWork

LONGEST_RUN_SECONDS = 150
"""After these no further page is begun."""
LAST_PAGE_SECONDS = 30
"""So long the last one may take yet: after three minutes nothing more is asked of the CRM."""
LONGEST_WAIT_SECONDS = 30
PREVIEW_IS_STUCK_AFTER = timedelta(minutes=2)
SWEEP_INTERVAL = timedelta(days=1)
log = logging.getLogger(__name__)


@task(lane=Lane.CORE, label="Start of the polls", schedule="poll", minutes=5)
def poll_due() -> None:
    """Every five minutes: one task for each connection that may be called, so that none waits for another.

    Those that fail come last. While as many tasks wait as there are connections, no more are added.
    """
    due = Connection.objects.live().filter(Q(not_before=None) | Q(not_before__lt=Now()))
    fails = Case(When(state=ConnectionState.DEGRADED, then=1), default=0)
    ids = list(due.order_by(fails, "last_success_at").values_list("pk", flat=True))
    if lanes.waiting(Lane.CRM) < len(ids):
        for connection_id in ids:
            enqueue(poll, connection_id)
    for backfill_id in Backfill.objects.filter(
        state=BackfillState.READING, touched_at__lt=Now() - PREVIEW_IS_STUCK_AFTER
    ).values_list("pk", flat=True):
        request_preview(backfill_id=backfill_id, goes_on=True)


@task(lane=Lane.CORE, label="Alarms", schedule="alarms", minutes=1)
def look_after_alarms() -> None:
    """Every minute: silent connections, and mails that wait."""
    watch.look()


@task(lane=Lane.CORE, label="Reminders of holds", schedule="reminders", minutes=30)
def remind_of_holds() -> None:
    """Every half hour."""
    reminders.remind_of_holds()


@task(lane=Lane.LONG, label="Daily tie-out", schedule="tie-out", minutes=30)
def check_tie_out() -> None:
    """Once a day, in the first half hour of the workspace's day: every month is tied out again."""
    if not tie_out_checks.checked_since(day=business_day(), zone=time_zone()):
        tie_out_checks.check_all()


@task(
    lane=Lane.LONG,
    label="Preview of the import",
    next_step="Try again: the preview continues where it was. Or cancel it; nothing has been imported.",
    right="crm_sync.change_fieldmapping",
    given_up=cancel_preview,
)
def preview_import(backfill_id: int) -> None:
    """Reads on in the preview of an import, and rings for the rest when the time is up."""
    backfill = backfill_of(backfill_id)
    if backfill is None:
        return
    pages = backfill.pages
    with limited_to(LONGEST_RUN_SECONDS + LAST_PAGE_SECONDS):
        reached = go_on(
            backfill_id=backfill_id,
            at=timezone.now(),
            may_continue=both(within(LONGEST_RUN_SECONDS), is_connected(backfill.connection_id)),
            may_call=within(LONGEST_RUN_SECONDS + LAST_PAGE_SECONDS),
        )
    if reached.state == BackfillState.READING and reached.pages > pages and not reached.error:
        request_preview(backfill_id=backfill_id, goes_on=True)


def backfill_of(backfill_id: int) -> Backfill | None:
    """None for one that has been removed meanwhile, or whose connection may not be called."""
    found = Backfill.objects.select_related("connection").filter(pk=backfill_id).first()
    return found if found is not None and found.connection.is_live else None


def is_connected(connection_id: int) -> Callable[[], bool]:
    """Also before the field mapping is confirmed, unlike `still_live`."""
    states = (ConnectionState.CONNECTED, ConnectionState.DEGRADED)
    return Connection.objects.filter(pk=connection_id, state__in=states).exists


def request_preview(
    *, backfill_id: int, actor_id: int | None = None, goes_on: bool = False
) -> BackgroundWork | None:
    """Rings the worker. A bell that is not heard is made good by the next poll."""
    return enqueue(preview_import, backfill_id, subject=str(backfill_id), actor_id=actor_id, goes_on=goes_on)


@task(lane=Lane.CRM, label="Poll")
def poll(connection_id: int) -> None:
    run_now(connection_id=connection_id, trigger=RunTrigger.SCHEDULE)


@task(
    lane=Lane.CORE,
    label="Start of the sweeps",
    schedule="sweep",
    minutes=7,  # seldom rings together with the poll, which would take its lease
)
def sweep_due() -> None:
    """One task for each connection that was not swept for a day, or whose sweep ran out of time.

    The first import comes before the first sweep: without a cursor everything would count as missed.
    """
    due = Connection.objects.live().filter(Q(not_before=None) | Q(not_before__lt=Now()))
    due = due.filter(cursor_modified_at__isnull=False).filter(
        Q(last_sweep_at=None) | Q(last_sweep_at__lt=Now() - SWEEP_INTERVAL) | ~Q(sweep_part="")
    )
    ids = list(due.order_by("last_sweep_at").values_list("pk", flat=True))
    if lanes.waiting(Lane.LONG) < len(ids):  # else what was added seven minutes ago still waits
        for connection_id in ids:
            enqueue(sweep, connection_id)


@task(lane=Lane.LONG, label="Sweep")
def sweep(connection_id: int) -> None:
    run_now(connection_id=connection_id, trigger=RunTrigger.SWEEP)


@task(lane=Lane.CRM, label="Revocation of replaced access", schedule="revocations", minutes=10)
def revoke_grants() -> None:
    """Every ten minutes: access that was replaced or given up, until the CRM has ended it."""
    revoking.end_due()


@task(lane=Lane.CORE, label="Start of the checks before billing", schedule="check", minutes=60)
def check_due() -> None:
    """Once an hour: one task for each connection with deals whose contracts are billed by tomorrow."""
    now = timezone.now()
    as_of = business_day()
    due = Connection.objects.live().filter(Q(not_before=None) | Q(not_before__lt=Now()))
    for connection in due.order_by("pk"):
        if deals_before_billing(connection=connection, as_of=as_of, at=now).exists():
            enqueue(check_before_billing, connection.pk)


@task(lane=Lane.CRM, label="Check before billing")
def check_before_billing(connection_id: int) -> None:
    """Suspends contracts whose deals are gone, and resumes those that are back. Waits for a run at work."""
    waiting = within(LONGEST_WAIT_SECONDS)
    while Connection.objects.live().filter(pk=connection_id).exists():
        run = run_now(connection_id=connection_id, trigger=RunTrigger.CHECK)
        if run is not None or not waiting():
            return
        time.sleep(1)


@task(
    lane=Lane.CRM,
    label="Sync",
    next_step="Press Sync now again. The next poll, within five minutes, does the same.",
    right="crm_sync.change_syncrun",
)
def sync_requested(connection_id: int, actor_id: int | None = None) -> None:
    """After "Sync now"."""
    run_now(connection_id=connection_id, trigger=RunTrigger.PERSON, actor_id=actor_id)


@task(
    lane=Lane.CRM,
    label="Reading of the deal",
    next_step="Ask for it again. The polls, every five minutes, read these deals as well.",
    right="crm_sync.change_syncrun",
)
def replay(connection_id: int, external_ids: list[str]) -> None:
    """Reads the named deals again, changed or not. Waits a while for a run at work to end."""
    waiting = within(LONGEST_WAIT_SECONDS)
    while Connection.objects.live().filter(pk=connection_id).exists():
        run = run_now(connection_id=connection_id, trigger=RunTrigger.REPLAY, external_ids=external_ids)
        if run is not None or not waiting():
            return
        time.sleep(1)


@task(
    lane=Lane.CRM,
    label="Application of the mapping",
    next_step="Ask for it again. The polls, every five minutes, read these deals as well.",
    right="crm_sync.change_fieldmapping",
)
def reapply(connection_id: int) -> None:
    """Reads what a new mapping concerns. What does not fit into one run is rung for again.

    What the CRM no longer shows stays marked and asks for no further run.
    """
    waiting = within(LONGEST_WAIT_SECONDS)
    while connection := Connection.objects.live().filter(pk=connection_id).first():
        before = left_to_read(connection)
        if not before:
            return
        run = run_now(connection_id=connection_id, trigger=RunTrigger.REAPPLY)
        if run is not None:
            has_more = run.state == RunState.DONE and run.seen < (run.expected or 0)
            if has_more and left_to_read(connection) < before:
                request_reapply(connection_id=connection_id, goes_on=True)
            return
        if not waiting():
            return
        time.sleep(1)


@task(
    lane=Lane.CRM,
    label="Reading of the deals of a cause",
    next_step="Ask for it again. The polls, every five minutes, read these deals as well.",
    right="crm_sync.change_syncrun",
)
def replay_group(
    connection_id: int, code: str, key: str = "", raw: str = "", actor_id: int | None = None
) -> None:
    """Reads the marked deals of a group of holds. What it does not get to, the next polls read."""
    name = GroupKey(connection_id=connection_id, code=code, key=key, raw=raw)
    waiting = within(LONGEST_WAIT_SECONDS)
    while Connection.objects.live().filter(pk=connection_id).exists():
        marked = to_read_again(name)
        if not marked:
            return
        run = run_now(
            connection_id=connection_id,
            trigger=RunTrigger.REPLAY,
            external_ids=marked,
            overrules=False,
            actor_id=actor_id,
        )
        if run is not None:
            if 0 < len(to_read_again(name)) < len(marked):  # its time was up
                ring_group(name, actor_id=actor_id, goes_on=True)
            return
        if not waiting():
            return
        time.sleep(1)


def run_now(
    *,
    connection_id: int,
    trigger: RunTrigger,
    external_ids: list[str] | None = None,
    overrules: bool = True,
    actor_id: int | None = None,
) -> SyncRun | None:
    """One run and the billing of what it activated; None when the connection is busy or not ready."""
    connection = Connection.objects.get(pk=connection_id)
    as_of = business_day()
    order = Order(
        trigger=trigger,
        as_of=as_of,
        actor=get_user_model().objects.filter(pk=actor_id or 0).first(),
        external_ids=external_ids or (),
        overrules=overrules,
        may_continue=both(within(LONGEST_RUN_SECONDS), still_live(connection_id)),
        may_call=within(LONGEST_RUN_SECONDS + LAST_PAGE_SECONDS),
    )
    try:
        with limited_to(LONGEST_RUN_SECONDS + LAST_PAGE_SECONDS):
            run = sync(connection=connection, order=order)
    except (LeaseHeld, UnableToSync) as reason:
        log.info("No run of %s now: %s", connection, reason)
        return None
    if run.created or run.updated:
        try:
            invoice_due(as_of=as_of, trigger=BillingTrigger.SYNC)
        except UnableToIssueInvoice as refusal:
            log.warning("Nothing was billed after the sync: %s", refusal)
    if progress.settle(connection=connection):
        request_next(connection_id=connection_id)  # an import waits for no poll
    if Connection.objects.filter(pk=connection_id, sync_requested_at__gt=run.started_at).exists():
        request_next(connection_id=connection_id)  # that bell found this run at work
    return run


def within(seconds: float) -> Callable[[], bool]:
    ends_at = time.monotonic() + seconds
    return lambda: time.monotonic() < ends_at


def still_live(connection_id: int) -> Callable[[], bool]:
    """False as soon as somebody has paused or disconnected: what is stored stands, and no more is read."""
    return Connection.objects.live().filter(pk=connection_id).exists


def both(first: Callable[[], bool], second: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: first() and second()


def request_sync(*, connection_id: int, actor_id: int | None = None) -> BackgroundWork | None:
    """Marks the wish and rings the worker. A bell that is not heard is made good by the next poll."""
    Connection.objects.filter(pk=connection_id).update(sync_requested_at=Now())
    return enqueue(sync_requested, connection_id, actor_id, subject=str(connection_id), actor_id=actor_id)


def request_next(*, connection_id: int) -> None:
    """A run continues with what is left."""
    enqueue(sync_requested, connection_id, subject=str(connection_id), goes_on=True)


def request_reapply(
    *, connection_id: int, actor_id: int | None = None, goes_on: bool = False
) -> BackgroundWork | None:
    """Rings the worker. The deals are marked, so that polls make good a bell that is not heard."""
    return enqueue(reapply, connection_id, subject=str(connection_id), actor_id=actor_id, goes_on=goes_on)


def request_group_replay(*, name: GroupKey, actor_id: int | None = None) -> BackgroundWork | None:
    """Marks the group's deals and rings the worker."""
    CrmDeal.objects.filter(pk__in=cured_by_translating(name)).ask_again()
    return ring_group(name, actor_id=actor_id)


def ring_group(name: GroupKey, *, actor_id: int | None, goes_on: bool = False) -> BackgroundWork | None:
    return enqueue(
        replay_group,
        *(name.connection_id, name.code, name.key, name.raw, actor_id),
        subject=subject_of(name.connection_id, name.code, name.key, name.raw),
        actor_id=actor_id,
        goes_on=goes_on,
    )


def request_replay(
    *, connection_id: int, external_ids: list[str], actor_id: int | None = None
) -> BackgroundWork | None:
    """Rings the worker. Held deals are marked as well, so that the next poll makes good a bell not heard.

    A dismissed deal is imported by it. Where whoever asks does not decide what is billed, its contract waits.
    """
    ask_for_yes(connection_id=connection_id, external_ids=external_ids, actor_id=actor_id)
    CrmDeal.objects.filter(connection_id=connection_id, external_id__in=external_ids).ask_again()
    return enqueue(
        replay,
        connection_id,
        external_ids,
        subject=subject_of(connection_id, *external_ids),
        actor_id=actor_id,
    )


def ask_for_yes(*, connection_id: int, external_ids: list[str], actor_id: int | None) -> None:
    actor = get_user_model().objects.filter(pk=actor_id).first() if actor_id else None
    if not decides_billing(actor):
        deals = CrmDeal.objects.filter(connection_id=connection_id, external_id__in=external_ids)
        deals.filter(state=DealState.DISMISSED).update(needs_yes=True)


def subject_of(connection_id: int, *names: str) -> str:
    """What was asked for, however long its names are."""
    digest = hashlib.sha256(json.dumps(names).encode()).hexdigest()
    return f"{connection_id} {digest}"
