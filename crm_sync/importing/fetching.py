"""What a run is asked to do, and the deals that it reads for it, page by page."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.contrib.auth.models import AbstractBaseUser

from crm_sync.clients.protocol import CrmClient
from crm_sync.deals import DealPage, DealQuery
from crm_sync.enums import RunTrigger
from crm_sync.importing.accounts import newest_account
from crm_sync.importing.mapped_page import Sight
from crm_sync.importing.merge_chains import followed
from crm_sync.importing.reapplying import left_to_read, marked_ids
from crm_sync.importing.recent_deals import cursor_of, recently_read, stored_among
from crm_sync.importing.records import Verdict
from crm_sync.mapping.store import confirmed_rules, rules_to_compare, settings_of
from crm_sync.models import ASKED_AT_ONCE, Connection, CrmDeal, Hold, SyncRun

IDS_AT_ONCE = 1000


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


def look(*, connection: Connection, order: Order, writer: Callable[..., list[Verdict]]) -> Sight:
    """How this run looks at deals; `writer` is what the connection's mode makes of them."""
    return Sight(
        connection=connection,
        rules=confirmed_rules(connection=connection),
        settings=settings_of(connection),
        as_of=order.as_of,
        forced=bool(order.external_ids) and order.overrules,
        last_account=newest_account(org_id=connection.org_id),
        agreed_rules=rules_to_compare(connection=connection),
        writer=writer,
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


def deals_to_ask_for(*, connection: Connection, tried_before: datetime | None = None) -> list[str]:
    """Deals that are asked for by name at each poll: held ones that wait, and imported ones to read again."""
    held = Hold.objects.to_ask_for(connection=connection, tried_before=tried_before)
    imported = CrmDeal.objects.to_read_again().filter(connection=connection, org=connection.org_id)
    return [
        *held.values_list("crm_deal__external_id", flat=True),
        *imported.order_by("pk").values_list("external_id", flat=True)[:ASKED_AT_ONCE],
    ]


def in_portions(external_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """So many ids at once that a page of them stays small."""
    for start in range(0, len(external_ids), IDS_AT_ONCE):
        yield external_ids[start : start + IDS_AT_ONCE]


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
