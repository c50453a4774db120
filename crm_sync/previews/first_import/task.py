"""Previews an import and then starts it. A task continues with a preview where the last one ended.

Two tasks at work on one preview do no harm: a page counts for whoever stores it first, and the other stops.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime
from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from billing.enums import LimitKind
from billing.issuing.policy import add_missing_limits
from contracts import audit
from contracts.money import Money
from contracts.transactions import run_durably
from crm_sync.clients.protocol import CrmClient
from crm_sync.connections.credentials import open_client
from crm_sync.connections.org_facts import notice_currency
from crm_sync.connections.settings import read_all_again, save_settings
from crm_sync.deals import Cursor, DealPage, DealQuery
from crm_sync.enums import BackfillState, ConnectionMode, DealState
from crm_sync.errors import ConfigError, SyncError
from crm_sync.importing.mapped_page import MappedPage, Sight, map_page
from crm_sync.importing.merge_chains import followed
from crm_sync.importing.recent_deals import stored_among
from crm_sync.mapping.rules import to_snapshot
from crm_sync.mapping.stages import known_gaps
from crm_sync.mapping.store import current_rules, ensure_version, lint, lock
from crm_sync.models import Backfill, BackfillDeal, Connection, CrmDeal
from crm_sync.previews.dry_run import look_ahead
from crm_sync.previews.first_import.rows import earlier_than, store_rows
from crm_sync.previews.first_import.totals import totals_of
from crm_sync.previews.rehearsal import Foretold, ForetoldPage, foretell

CHANGED = "The field mapping or the settings have changed since this preview. Preview the import again."
ONLY_PREVIEWS = "{connection} is in mode Preview, so nothing would be imported. Choose Live or Review first."
BEGUN = "This preview has been set aside, or its import has begun already."


class UnableToBackfill(Exception):
    """The import can be neither previewed nor begun as things stand."""


def begin_preview(
    *,
    connection: Connection,
    import_from: date,
    billed_until: date | None,
    as_of: date,
    actor: AbstractBaseUser | None,
) -> Backfill:
    """Takes the place of an earlier preview. The worker reads; see `go_on`."""
    if not connection.is_live:
        raise UnableToBackfill(f"{connection} is not connected, so no deal can be read.")
    with transaction.atomic():
        lock(connection)
        current = Backfill.objects.current().filter(connection=connection)
        if current.filter(state=BackfillState.IMPORTING).exists():
            raise UnableToBackfill("An import is under way. Preview again when it has ended.")
        BackfillDeal.objects.filter(backfill__connection=connection).delete()
        current.update(state=BackfillState.SET_ASIDE)
        return Backfill.objects.create(
            connection=connection,
            actor_id=actor.pk if actor else None,
            import_from=import_from,
            billed_until=billed_until,
            as_of=as_of,
            digest=digest_of(as_previewed(connection, import_from=import_from, billed_until=billed_until)),
        )


def as_previewed(connection: Connection, *, import_from: date, billed_until: date | None) -> Connection:
    """The connection as it will be once the import is confirmed. Never saved."""
    ahead = Connection.objects.select_related("org", "mapping_version").get(pk=connection.pk)
    ahead.import_from, ahead.billed_until, ahead.automatic_from = import_from, billed_until, None
    if ahead.mode == ConnectionMode.PREVIEW:
        ahead.mode = ConnectionMode.LIVE  # what a poll has previewed already is not left out
    return ahead


def digest_of(ahead: Connection) -> str:
    """Changes with whatever decides what a deal would become, the deal itself apart."""
    sight = look_ahead(connection=ahead, as_of=date.min, forced=False)
    parts = [to_snapshot(sight.rules), asdict(sight.settings), ahead.stage_names, ahead.org_id]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def sight_of(backfill: Backfill) -> Sight:
    """How the preview looks at deals. Raises UnableToBackfill once that is no longer how the import would."""
    ahead = as_previewed(
        backfill.connection, import_from=backfill.import_from, billed_until=backfill.billed_until
    )
    if digest_of(ahead) != backfill.digest:
        raise UnableToBackfill(CHANGED)
    return look_ahead(connection=ahead, as_of=backfill.as_of, forced=False)


def go_on(
    *,
    backfill_id: int,
    at: datetime,
    may_continue: Callable[[], bool],
    may_call: Callable[[], bool] = lambda: True,
) -> Backfill:
    """Reads on until the end, or as long as it may. What a killed task has stored stands."""
    backfill = Backfill.objects.select_related("connection").get(pk=backfill_id)
    if backfill.state != BackfillState.READING:
        return backfill
    client: CrmClient | None = None
    try:
        sight = sight_of(backfill)
        client = open_client(connection=sight.connection)
        client.limit_calls(may_call)
        client.hidden_fields |= known_gaps(connection=sight.connection)
        notice_currency(client=client, connection=sight.connection)
        if read_on(backfill, client=client, sight=sight, at=at, may_continue=may_continue):
            conclude(backfill)
    except UnableToBackfill as refusal:
        stop(backfill, error=str(refusal))
    except SyncError as error:
        if isinstance(error, ConfigError):
            stop(backfill, error=str(error))
        else:
            Backfill.objects.filter(pk=backfill.pk).update(error=str(error))
    finally:
        if client is not None:
            client.close()
    backfill.refresh_from_db()
    return backfill


def read_on(
    backfill: Backfill, *, client: CrmClient, sight: Sight, at: datetime, may_continue: Callable[[], bool]
) -> bool:
    """Whether the end was reached."""
    pages, already = backfill.pages, backfill.seen
    for found in client.changed_deals(query=query_of(backfill, sight=sight)):
        page = followed(found, client=client, sight=sight)
        ready = map_page(page=page, sight=sight)
        earlier = earlier_than(backfill, deals=page.deals)
        told = foretell(ready=ready, deals=page.deals, sight=sight, at=at, earlier=earlier)
        expected = None if page.expected is None else already + page.expected
        keep = partial(keep_page, backfill, page=page, ready=ready, told=told, pages=pages, expected=expected)
        if not run_durably(keep):
            return False
        pages += 1
        if not may_continue():
            return False
    return True


def query_of(backfill: Backfill, *, sight: Sight) -> DealQuery:
    return DealQuery(
        cursor=Cursor(
            modified_at=backfill.cursor_modified_at,
            external_id=backfill.cursor_external_id,
            window_end=backfill.cursor_window_end,
            reached_at=backfill.cursor_reached_at,
        ),
        stored_among=lambda ids: stored_among(org_id=sight.org_id, external_ids=ids),
        stage_names=tuple(sight.connection.stage_names),
        import_from=backfill.import_from,
        wanted=sight.rules.wanted(),
    )


def keep_page(
    backfill: Backfill,
    *,
    page: DealPage,
    ready: MappedPage,
    told: ForetoldPage,
    pages: int,
    expected: int | None,
) -> bool:
    """False when another task has stored this page, or the preview was set aside."""
    cursor = page.cursor or Cursor()
    mine = Backfill.objects.filter(pk=backfill.pk, state=BackfillState.READING, pages=pages)
    found = mine.update(
        pages=F("pages") + 1,
        seen=F("seen") + ready.seen,
        unchanged=F("unchanged") + ready.unchanged,
        cursor_modified_at=cursor.modified_at,
        cursor_external_id=cursor.external_id,
        cursor_window_end=cursor.window_end,
        cursor_reached_at=cursor.reached_at,
        touched_at=Now(),
        error="",
        **({} if expected is None else {"expected": expected}),
        **({"refusal": told.refusal} if told.refusal else {}),
    )
    if found:
        store_rows(backfill, deals=told.deals)
    return bool(found)


def conclude(backfill: Backfill) -> None:
    Backfill.objects.filter(pk=backfill.pk, state=BackfillState.READING).update(
        state=BackfillState.READY, read_at=Now(), totals=totals_of(backfill), error=""
    )


def stop(backfill: Backfill, *, error: str) -> None:
    Backfill.objects.filter(pk=backfill.pk, state=BackfillState.READING).update(
        state=BackfillState.STOPPED, error=error
    )


def cancel_preview(backfill_id: int) -> None:
    """Sets a preview aside that is still being read. A task at work on it stops at its next page."""
    Backfill.objects.filter(pk=backfill_id, state=BackfillState.READING).update(state=BackfillState.SET_ASIDE)


def begin_import(
    *,
    backfill: Backfill,
    at: datetime,
    actor: AbstractBaseUser | None,
    invoice_limits: Sequence[Money] = (),
) -> None:
    """Confirms the mapping and what was chosen. The next sync runs import it and bill what was shown.

    `invoice_limits`: above these an invoice waits for approval. One that is set already stays as it is.

    Marked last: what was confirmed by a process that died then is confirmed once more, which changes nothing.
    """
    connection = backfill.connection
    ensure_ready(backfill)
    changes = {"import_from": backfill.import_from, "billed_until": backfill.billed_until}
    save_settings(connection=connection, changes=changes, actor=actor)
    ensure_version(connection=connection, actor=actor)
    with transaction.atomic():
        read_all_again(connection=connection)  # as the preview has
        waited = start_waiting_deals(connection)
        mine = Backfill.objects.filter(pk=backfill.pk, state=BackfillState.READY)
        if not mine.update(state=BackfillState.IMPORTING, import_started_at=at, automatic_from=waited):
            raise UnableToBackfill(BEGUN)
        add_missing_limits(kind=LimitKind.INVOICE, amounts=invoice_limits, actor=actor)
        audit.record(
            actor=actor,
            action="billing started after the preview of the import",
            subject=connection,
            after={
                "import_from": backfill.import_from.isoformat(),
                "deals": backfill.seen,
                "limits": [str(limit) for limit in invoice_limits],
            },
        )


def start_waiting_deals(connection: Connection) -> date | None:
    """Lets the earlier deals in; the day before which they had closed. In the caller's transaction."""
    waited = Connection.objects.values_list("automatic_from", flat=True).get(pk=connection.pk)
    Connection.objects.filter(pk=connection.pk).update(automatic_from=None)
    return waited


def ensure_ready(backfill: Backfill) -> None:
    if backfill.state != BackfillState.READY:
        raise UnableToBackfill(BEGUN)
    sight_of(backfill)
    if backfill.connection.mode == ConnectionMode.PREVIEW:
        raise UnableToBackfill(ONLY_PREVIEWS.format(connection=backfill.connection))
    rules = current_rules(connection=backfill.connection).rules
    blocking = [one.sentence for one in lint(connection=backfill.connection, rules=rules) if one.blocking]
    if blocking:
        raise UnableToBackfill(f"The field mapping cannot be confirmed. {' '.join(blocking)}")


def decide_elsewhere(
    *, row: BackfillDeal, billed_until: date | None, at: datetime, actor: AbstractBaseUser
) -> None:
    """Up to which day one deal was billed elsewhere; kept for its import, and its preview is read again."""
    backfill = row.backfill
    if backfill.state != BackfillState.READY:
        raise UnableToBackfill("This can be decided while the import is previewed and has not begun.")
    sight = sight_of(backfill)
    with transaction.atomic():
        record = record_of(row, connection=backfill.connection, modified_at=at)
        if record.contract_id is not None:
            raise UnableToBackfill("The deal has a contract already. Decide there what was billed before.")
        before, record.billed_until = record.billed_until, billed_until
        record.save(update_fields=["billed_until"])
        audit.record(
            actor=actor,
            action="Billed elsewhere up to a day",
            subject=record,
            before={"billed_until": before.isoformat() if before else None},
            after={"billed_until": billed_until.isoformat() if billed_until else None},
        )
    read_anew(row, sight=sight, at=at)


def record_of(row: BackfillDeal, *, connection: Connection, modified_at: datetime) -> CrmDeal:
    """The import record, locked; one that only the preview has made, where nothing was imported yet."""
    CrmDeal.objects.bulk_create(
        [
            CrmDeal(
                org=connection.org,
                connection=connection,
                external_id=row.external_id,
                name=row.name,
                stage="",
                url=row.url,
                modified_at=modified_at,
                fingerprint="",
                state=DealState.PREVIEWED,
            )
        ],
        ignore_conflicts=True,
    )
    return CrmDeal.objects.select_for_update().get(org_id=connection.org_id, external_id=row.external_id)


def read_anew(row: BackfillDeal, *, sight: Sight, at: datetime) -> None:
    """One deal of a finished preview, as the CRM has it now."""
    backfill = row.backfill
    told = [*foretold_anew(row, sight=sight, at=at)]

    def store() -> None:
        if Backfill.objects.select_for_update().get(pk=backfill.pk).state == BackfillState.READY:
            store_rows(backfill, deals=told)
            Backfill.objects.filter(pk=backfill.pk).update(totals=totals_of(backfill))

    run_durably(store)


def foretold_anew(row: BackfillDeal, *, sight: Sight, at: datetime) -> Iterator[Foretold]:
    client = open_client(connection=sight.connection)
    try:
        client.hidden_fields |= known_gaps(connection=sight.connection)
        pages = client.deals_by_id(external_ids=[row.external_id], wanted=sight.rules.wanted())
    finally:
        client.close()
    for page in pages:
        earlier = earlier_than(row.backfill, deals=page.deals)
        ready = map_page(page=page, sight=sight)
        yield from foretell(ready=ready, deals=page.deals, sight=sight, at=at, earlier=earlier).deals
