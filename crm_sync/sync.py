"""One sync run, from the claim to the cursor. Read this first.

poll -> claim -> fetch -> select -> map -> [ write -> activate -> record, cursor last ] -> settle -> finish

What stands in brackets is one durable transaction per page (importing/page.py). No network inside it. Deals
that left won are settled at the end. The daily sweep (importing/sweeping.py) is a run of the same frame.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from django.db import Error

from billing.models import BillingSchedule, Instalment
from contracts.bulk import analyse
from contracts.models import Contract, Customer
from contracts.transactions import ensure_connected
from crm_sync import runs
from crm_sync.clients.http import OUT_OF_TIME
from crm_sync.clients.protocol import CrmClient
from crm_sync.connections.credentials import open_client
from crm_sync.connections.org_facts import (
    OrgHasCurrencies,
    learn_if_due,
    refuse_without_currency,
    standing_now,
)
from crm_sync.connections.pacing import is_spent, pace_of
from crm_sync.deals import DealPage
from crm_sync.enums import ConnectionMode, RunTrigger
from crm_sync.errors import LeaseLost, SyncError, TransientError, database_refusal
from crm_sync.findings.values import each_once, lasting
from crm_sync.holds.mails import tell_of_holds
from crm_sync.importing import run_ends
from crm_sync.importing.change_mails import tell_of_changes
from crm_sync.importing.cursor_bounds import bounded
from crm_sync.importing.due_checks import deals_before_billing
from crm_sync.importing.fetching import Order, fetch, in_portions, look, query_of
from crm_sync.importing.leaving import leaver_warnings, settle_leavers
from crm_sync.importing.mapped_page import Sight
from crm_sync.importing.page import retried, sync_page
from crm_sync.importing.sweeping import Sweep
from crm_sync.mapping.stages import SeenStages, after_run, known_gaps, selected_stages
from crm_sync.models import Connection, SyncRun
from crm_sync.previews.previewing import WRITERS
from fincelo.database_errors import Fault, fault_of, tell

MANY = 50
"""So many new contracts that the billing after them would go wrong ways through their tables."""
log = logging.getLogger(__name__)


def sync(*, connection: Connection, order: Order) -> SyncRun:
    """Runs once. Raises LeaseHeld when another run is at work; any other end is told by the returned run."""
    run = runs.claim(connection=connection, trigger=order.trigger, actor=order.actor)
    client: CrmClient | None = None
    try:
        retried(partial(settle_leavers, run=run))  # those of a run that was killed
        client = open_client(connection=connection)
        learn_if_due(connection=connection, client=client)
        sight = look(connection=connection, order=order, writer=WRITERS[ConnectionMode(connection.mode)])
        seen = SeenStages(connection=connection)
        client.limit_calls(order.may_call)
        client.stages_before = selected_stages(connection)
        client.hidden_fields |= known_gaps(connection=connection)
        if connection.time_zone:  # without it no day of a deal is known
            read(run=run, client=client, sight=sight, order=order, seen=seen)
        retried(partial(settle_leavers, run=run))
        conclude(run=run, client=client, sight=sight, seen=seen)
    except LeaseLost:
        log.warning("A later run has taken over %s; this one stops.", connection)
    except SyncError as error:
        run_ends.fail(run=run, error=error, api_calls=client.calls if client else 0)
    except Error as error:
        database_stops(run=run, error=error, api_calls=client.calls if client else 0)
    except Exception:
        log.exception("The sync of %s failed.", connection)
        run_ends.crash(run=run, api_calls=client.calls if client else 0)
    finally:
        if client is not None:
            client.close()
    run.refresh_from_db()
    if run.created >= MANY:
        analyse(models=[Customer, Contract, BillingSchedule, Instalment])
    return run


def read(*, run: SyncRun, client: CrmClient, sight: Sight, order: Order, seen: SeenStages) -> None:
    """The work of this run; once more from the start where the org turns out to have got currencies."""
    work = WORK.get(order.trigger, poll)
    bounded = within_allowance(order, client=client)
    try:
        work(run=run, client=client, sight=sight, order=bounded, seen=seen)
    except OrgHasCurrencies:
        work(run=run, client=client, sight=sight, order=bounded, seen=seen)


def database_stops(*, run: SyncRun, error: Error, api_calls: int) -> None:
    """Ends a run that the database refused outside of its pages. Raises when that cannot be noted."""
    tell(error, doing=f"Run {run.pk}")
    ensure_connected()
    if fault_of(error) is Fault.RECORD:
        log.error("Run %s of %s wrote what a rule refuses.", run.pk, run.connection_id, exc_info=error)
        run_ends.crash(run=run, api_calls=api_calls)
    else:
        run_ends.fail(run=run, error=database_refusal(error), api_calls=api_calls)


def within_allowance(order: Order, *, client: CrmClient) -> Order:
    """The same order, ended early when hardly any of the day's calls are left."""
    may_continue = order.may_continue
    return replace(order, may_continue=lambda: may_continue() and not is_spent(client.allowance))


def poll(*, run: SyncRun, client: CrmClient, sight: Sight, order: Order, seen: SeenStages) -> None:
    pages = fetch(client=client, sight=sight, order=order, began_at=run.started_at)
    for page in until_time_is_up(bounded(pages, sight=sight, at=run.started_at)):
        refuse_without_currency(client=client, deals=page.deals, connection=sight.connection)
        sync_page(run=run, page=page, sight=sight, api_calls=client.calls)
        seen.note(page.deals)
        order.on_page(run)
        if not order.may_continue():
            break


def until_time_is_up(pages: Iterator[DealPage]) -> Iterator[DealPage]:
    """What was begun after the first page and has no time left is left to the next run."""
    is_first = True
    try:
        for page in pages:
            yield page
            is_first = False
    except TransientError as error:
        if is_first or error.code != OUT_OF_TIME:
            raise


def sweep(*, run: SyncRun, client: CrmClient, sight: Sight, order: Order, seen: SeenStages) -> None:
    sweep_of(run=run, client=client, sight=sight, order=order).go_on()


def check_before_billing(
    *, run: SyncRun, client: CrmClient, sight: Sight, order: Order, seen: SeenStages
) -> None:
    """What has become of the deals whose contracts are about to be billed."""
    due = deals_before_billing(connection=sight.connection, as_of=order.as_of, at=run.started_at)
    look = sweep_of(run=run, client=client, sight=sight, order=order)
    for ids in in_portions(list(due.values_list("external_id", flat=True))):
        look.check(ids)
        order.on_page(run)
        if not order.may_continue():
            break


def sweep_of(*, run: SyncRun, client: CrmClient, sight: Sight, order: Order) -> Sweep:
    return Sweep(
        run=run,
        client=client,
        sight=sight,
        query=query_of(sight),
        may_continue=order.may_continue,
        on_page=order.on_page,
    )


WORK = {RunTrigger.SWEEP: sweep, RunTrigger.CHECK: check_before_billing}
"""What a run does. All others read deals."""


def conclude(*, run: SyncRun, client: CrmClient, sight: Sight, seen: SeenStages) -> None:
    """Closes a run that came to its end, with what it has to say and how long the CRM is left alone now."""
    connection = sight.connection
    remember_version(connection=connection, client=client)
    tell_of_holds(run=run)
    tell_of_changes(run=run)
    notes = after_run(connection=connection, client=client, seen=seen, since=run.window_from)
    pace = pace_of(client.allowance, provider=connection.get_provider_display())
    standing = standing_now(connection=connection, client=client)
    warnings = [*lasting(standing), *notes.gone, *leaver_warnings(connection=connection)]
    warnings += [pace.finding] if pace else []
    run_ends.finish(
        run=run,
        api_calls=client.calls,
        warnings=each_once(warnings),
        notes=[*notes.missed, *each_once([*sight.notes, *client.remarks])],
        pause=pace.pause if pace else None,
        standing=standing,
    )


def remember_version(*, connection: Connection, client: CrmClient) -> None:
    """So that the next run does not stumble over a version that the CRM has retired."""
    if client.api_version != connection.api_version:
        unchanged = Connection.objects.filter(pk=connection.pk, api_version=connection.api_version)
        unchanged.update(api_version=client.api_version)
