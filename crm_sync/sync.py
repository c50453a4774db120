"""One sync run, from the claim to the cursor. Read this first.

poll -> claim -> fetch -> select -> map -> [ write -> activate -> record, cursor last ] -> settle -> finish

What stands in brackets is one durable transaction per page (pages.py). No network inside it. Deals that left
won are settled at the end. The daily sweep (sweeping.py) is a run of the same frame.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from django.db import Error
from django.db.models import Q

from billing.models import BillingSchedule, Instalment
from contracts.bulk import analyse
from contracts.models import Contract, Customer
from contracts.transactions import ensure_connected
from crm_sync import runs
from crm_sync.accounts import newest_account
from crm_sync.change_mails import tell_of_changes
from crm_sync.clients.http import OUT_OF_TIME
from crm_sync.clients.protocol import CrmClient
from crm_sync.credentials import open_client
from crm_sync.cursor_bounds import bounded
from crm_sync.deals import DealPage, DealQuery
from crm_sync.due_checks import deals_before_billing
from crm_sync.enums import RunTrigger
from crm_sync.errors import LeaseLost, SyncError, TransientError, database_refusal
from crm_sync.hold_mails import tell_of_holds
from crm_sync.known_deals import deals_to_ask_for
from crm_sync.leaving import leaver_warnings, settle_leavers
from crm_sync.loose_grants import end_all
from crm_sync.mapped_pages import Sight
from crm_sync.mappings import confirmed_rules, rules_to_compare, settings_of
from crm_sync.merge_chains import followed
from crm_sync.models import Connection, SyncRun
from crm_sync.org_facts import (
    OrgHasCurrencies,
    learn_if_due,
    refuse_without_currency,
    standing_now,
)
from crm_sync.pacing import is_spent, pace_of
from crm_sync.pages import retried, sync_page
from crm_sync.reapplying import left_to_read, marked_ids
from crm_sync.recent_deals import cursor_of, recently_read, stored_among
from crm_sync.stages import SeenStages, after_run, known_gaps, selected_stages
from crm_sync.sweeping import Sweep
from fincelo.database_errors import Fault, fault_of, tell

IDS_AT_ONCE = 1000
MANY = 50
"""So many new contracts that the billing after them would go wrong ways through their tables."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a run is asked to do. `external_ids` empty: everything that changed since the cursor."""

    trigger: RunTrigger
    as_of: date
    actor: AbstractBaseUser | None = None
    external_ids: Sequence[str] = ()
    overrules: bool = True
    """Named deals are read even if they have not changed, or were dismissed."""
    may_continue: Callable[[], bool] = lambda: True
    """Asked after each page."""
    may_call: Callable[[], bool] = lambda: True
    """Asked before each call of the CRM."""
    on_page: Callable[[SyncRun], None] = lambda run: None


def sync(*, connection: Connection, order: Order) -> SyncRun:
    """Runs once. Raises LeaseHeld when another run is at work; any other end is told by the returned run."""
    run = runs.claim(connection=connection, trigger=order.trigger, actor=order.actor)
    client: CrmClient | None = None
    try:
        retried(partial(settle_leavers, run=run))  # those of a run that was killed
        client = open_client(connection=connection)
        if learn_if_due(connection=connection, client=client):
            end_all(of=Q(connection=connection))  # what could not be revoked when it was replaced
        sight = look(connection=connection, order=order)
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
        runs.fail(run=run, error=error, api_calls=client.calls if client else 0)
    except Error as error:
        database_stops(run=run, error=error, api_calls=client.calls if client else 0)
    except Exception:
        log.exception("The sync of %s failed.", connection)
        runs.crash(run=run, api_calls=client.calls if client else 0)
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
        runs.crash(run=run, api_calls=api_calls)
    else:
        runs.fail(run=run, error=database_refusal(error), api_calls=api_calls)


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
    lasting = [entry["sentence"] for entry in standing.values()]
    warnings = [*lasting, *notes.gone, *leaver_warnings(connection=connection)]
    warnings += [pace.sentence] if pace else []
    runs.finish(
        run=run,
        api_calls=client.calls,
        warnings=list(dict.fromkeys(warnings)),
        notes=[*notes.missed, *dict.fromkeys([*sight.notes, *client.remarks])],
        pause=pace.pause if pace else None,
        standing=standing,
    )


def look(*, connection: Connection, order: Order) -> Sight:
    return Sight(
        connection=connection,
        rules=confirmed_rules(connection=connection),
        settings=settings_of(connection),
        as_of=order.as_of,
        forced=bool(order.external_ids) and order.overrules,
        last_account=newest_account(org_id=connection.org_id),
        agreed_rules=rules_to_compare(connection=connection),
    )


def fetch(
    *, client: CrmClient, sight: Sight, order: Order, began_at: datetime | None = None
) -> Iterator[DealPage]:
    """The pages of this run, each with the merges behind its deals.

    `began_at`: deals that were refused since then wait for another run.
    """
    for page in asked_pages(client=client, sight=sight, order=order, began_at=began_at):
        yield followed(page, client=client, sight=sight)


def asked_pages(
    *, client: CrmClient, sight: Sight, order: Order, began_at: datetime | None
) -> Iterator[DealPage]:
    """Deals asked for, those a new mapping concerns, or what changed and waits."""
    wanted = sight.rules.wanted()
    if order.external_ids:
        for ids in in_portions(order.external_ids):
            for page in client.deals_by_id(external_ids=ids, wanted=wanted):
                yield replace(page, expected=len(order.external_ids))
        return
    if order.trigger is RunTrigger.REAPPLY:
        expected = left_to_read(sight.connection)
        for ids in marked_ids(sight.connection, at_once=IDS_AT_ONCE):
            for page in client.deals_by_id(external_ids=ids, wanted=wanted):
                yield replace(page, expected=expected)
        return
    yield from client.changed_deals(query=query_of(sight))
    waiting = deals_to_ask_for(connection=sight.connection, tried_before=began_at)
    if waiting:
        for page in client.deals_by_id(external_ids=waiting, wanted=wanted):
            yield replace(page, expected=None)


def in_portions(external_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """So many ids at once that a page of them stays small."""
    for start in range(0, len(external_ids), IDS_AT_ONCE):
        yield external_ids[start : start + IDS_AT_ONCE]


def remember_version(*, connection: Connection, client: CrmClient) -> None:
    """So that the next run does not stumble over a version that the CRM has retired."""
    if client.api_version != connection.api_version:
        unchanged = Connection.objects.filter(pk=connection.pk, api_version=connection.api_version)
        unchanged.update(api_version=client.api_version)


def query_of(sight: Sight) -> DealQuery:
    connection = sight.connection
    return DealQuery(
        cursor=cursor_of(connection),
        told=recently_read(connection, rules=sight.rules, settings=sight.settings),
        stored_among=lambda ids: stored_among(org_id=sight.org_id, external_ids=ids),
        stage_names=tuple(connection.stage_names),
        import_from=connection.imports_by_itself_from,
        wanted=sight.rules.wanted(),
    )
