"""One page of deals, written in one transaction with the cursor last."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from typing import TypeVar

from django.db import Error, transaction
from django.db import connection as database

from contracts.transactions import repeated
from crm_sync import runs
from crm_sync.connections.alerts import alarm_refusals
from crm_sync.deals import Deal, DealPage
from crm_sync.enums import Outcome
from crm_sync.errors import TransientError, database_refusal
from crm_sync.findings.values import Finding
from crm_sync.importing.accounts import follow_merged
from crm_sync.importing.known_deals import DecidedMeanwhile, KnownDeal, lock_as_read
from crm_sync.importing.leaving import mark_left
from crm_sync.importing.mapped_page import MappedPage, Sight, map_page
from crm_sync.importing.merging import (
    take_over,
)
from crm_sync.importing.recent_deals import note_read
from crm_sync.importing.records import Verdict, store_verdicts
from crm_sync.importing.starting import note_new
from crm_sync.importing.unclear_deals import write_failed
from crm_sync.importing.won_deals import note_gone, note_won
from crm_sync.importing.writing import not_stored
from crm_sync.mapping.result import MappedDeal
from crm_sync.mapping.store import settings_of
from crm_sync.models import Connection, CrmDeal, SyncRun
from fincelo.database_errors import Fault, fault_of, rule_of, tell

T = TypeVar("T")
FEWEST_THAT_ALARM = 3
"""Refused deals that are fewer may well be at fault themselves."""
log = logging.getLogger(__name__)


def sync_page(*, run: SyncRun, page: DealPage, sight: Sight, api_calls: int) -> None:
    """Writes a page. One that the database refuses is rolled back and written deal by deal."""
    write = partial(write_page, run=run, page=page, sight=sight, api_calls=api_calls)
    try:
        retried(write)
    except Error as error:  # of a record: every other one ends the run in `retried`
        tell(error, doing=f"Writing a page of run {run.pk}, now deal by deal")
        refused: Counter[str] = Counter()
        retried(partial(write, writer=partial(write_each, writer=sight.writer, refused=refused)))
        brake(run=run, refused=refused, deals=len(page.deals))


def write_page(
    *,
    run: SyncRun,
    page: DealPage,
    sight: Sight,
    api_calls: int,
    writer: Callable[..., list[Verdict]] | None = None,
) -> None:
    """What is known is read again each time: a lost commit may have stored it."""
    ready = map_page(page=page, sight=sight)
    with transaction.atomic(durable=True):
        runs.fence(run=run)
        refuse_outdated(ready.touched, sight=sight)
        notes, verdicts = write_ready(ready, deals=page.deals, sight=sight, at=run.started_at, writer=writer)
        sight.notes.extend([*notes, *(one.finding for one in page.unread)])
        store_verdicts(run=run, org_id=sight.org_id, verdicts=verdicts, tell_unchanged=sight.forced)
        if unread := [one.external_id for one in page.unread]:
            CrmDeal.objects.filter(org=sight.org_id, external_id__in=unread).ask_again_what_was_not_read()
        note_new(run=run, connection=sight.connection, verdicts=verdicts)
        note_won(org_id=sight.org_id, told=ready.told, as_of=sight.as_of)
        note_gone(org_id=sight.org_id, moments=ready.gone)
        outcomes: Counter[str] = Counter(verdict.outcome.value for verdict in verdicts)
        outcomes[Outcome.UNCHANGED] += ready.unchanged
        outcomes.update(ready.looked_at)
        progress = runs.Progress(
            seen=ready.seen, api_calls=api_calls, expected=page.expected, outcomes=outcomes
        )
        mark = remember(page, sight=sight)
        runs.advance(run=run, progress=progress, cursor=page.cursor, read_mark=mark)


def remember(page: DealPage, *, sight: Sight) -> str:
    here, rules, settings = sight.connection, sight.rules, sight.settings
    return note_read(here, deals=page.deals, cursor=page.cursor, rules=rules, settings=settings)


def write_ready(
    ready: MappedPage,
    *,
    deals: Sequence[Deal],
    sight: Sight,
    at: datetime,
    writer: Callable[..., list[Verdict]] | None = None,
) -> tuple[list[Finding], list[Verdict]]:
    """Writes customers, contracts and schedules in the caller's transaction: notes, and verdicts."""
    lock_as_read(ready.touched)
    mark_left(leavers=ready.leavers, at=at)
    notes = follow_merged(org_id=sight.org_id, deals=deals)
    known = take_over(
        merges=ready.merges, connection_id=sight.connection.pk, org_id=sight.org_id, known=ready.known
    )
    write = writer or sight.writer
    return notes, write(ready.mapped, known=known, org_id=sight.org_id, as_of=sight.as_of)


def refuse_outdated(touched: Sequence[KnownDeal], *, sight: Sight) -> None:
    """A deal that waits to be read again is not settled by a run with an older mapping or older settings."""
    if not any(record.fingerprint == "" for record in touched):
        return
    now = Connection.objects.select_related("mapping_version").get(pk=sight.connection.pk)
    version = now.mapping_version.number if now.mapping_version else None
    if (version, settings_of(now)) != (sight.rules.version, sight.settings):
        raise TransientError(
            "The field mapping or the settings were changed while this run was at work.",
            next_step="The next run reads with what is in force.",
            code="MAPPING_CHANGED",
        )


def write_each(
    mapped: Sequence[MappedDeal],
    *,
    known: Mapping[str, KnownDeal],
    org_id: int,
    as_of: date,
    writer: Callable[..., list[Verdict]],
    refused: Counter[str] | None = None,
) -> list[Verdict]:
    """Each deal in a savepoint of its own: the one that cannot be stored becomes a hold, the rest land.

    `refused` takes how many deals each rule of the database refused.
    """
    with database.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a refusal shows in its savepoint, not at the commit
    rules: Counter[str] = Counter()
    verdicts: list[Verdict] = []
    for one in mapped:
        try:
            with transaction.atomic():  # savepoint: contains one deal
                verdicts += writer([one], known=known, org_id=org_id, as_of=as_of)
        except Error as error:
            if fault_of(error) is not Fault.RECORD:
                raise
            if not rules[rule := rule_of(error)]:
                tell(error, doing=f"Storing deal {one.deal.external_id} and perhaps more")
            rules[rule] += 1
            verdicts.append(not_stored(one, problem=write_failed(one.deal), known=known))
    if refused is not None:
        refused.clear()  # of an attempt that was rolled back
        refused.update(rules)
    return verdicts


def brake(*, run: SyncRun, refused: Counter[str], deals: int) -> None:
    """Calls people when one rule refuses most of a page: then the fault is hardly in the deals."""
    rule, count = max(refused.items(), key=lambda pair: pair[1], default=("", 0))
    if count < FEWEST_THAT_ALARM or count * 2 <= deals:
        return
    log.error("Run %s: %s of %s deals of a page were refused by %s.", run.pk, count, deals, rule)
    alarm_refusals(connection_id=run.connection_id, rule=rule, count=count, deals=deals)


def retried(write: Callable[[], T]) -> T:
    """Repeats a transaction that met another one, or a person, or lost its connection.

    What a person decides between the reading of a page and its locks is read again. Raises the
    refusal of a record as it is, and a SyncError for every other one.
    """
    try:
        return repeated(write, also=(DecidedMeanwhile,))
    except DecidedMeanwhile as decided:
        raise TransientError(
            "People decided about these deals all the time.",
            code="DECIDED_MEANWHILE",
        ) from decided
    except Error as error:
        if fault_of(error) is Fault.RECORD:
            raise
        tell(error, doing="A transaction of a run")
        raise database_refusal(error) from error
