"""The sweep: all won ids of the CRM against what is stored, and all stored deals read from the CRM again.

It depends on no cursor and no stamp of a deal: a renamed account, an owner's new address, a formula field
and a currency move none. When its time is up it stops, and continues there the next time.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from contracts import audit
from crm_sync import runs
from crm_sync.clients.protocol import CrmClient
from crm_sync.connections.org_facts import refuse_without_currency
from crm_sync.deals import Cursor, DealQuery, Presence
from crm_sync.enums import ConnectionMode, DealState, LeftReason, LookedAt, Outcome, SweepPart
from crm_sync.importing.known_deals import KnownDeal, known_deals, lock_as_read
from crm_sync.importing.leaving import Leaver, mark_left, news
from crm_sync.importing.mapped_page import Sight
from crm_sync.importing.merge_chains import followed
from crm_sync.importing.page import retried, sync_page
from crm_sync.importing.won_deals import not_told, note_gone, told_between
from crm_sync.models import (
    Connection,
    ConnectionQuerySet,
    CrmAccount,
    CrmDeal,
    CrmDealQuerySet,
    SyncRun,
)
from crm_sync.selection import left_reason

CHUNK = 1000
CHECKED = (DealState.IMPORTED, DealState.HELD, DealState.PREVIEWED)


class Sweep:
    """One run of a sweep: as much of it as `may_continue` allows."""

    def __init__(
        self,
        *,
        run: SyncRun,
        client: CrmClient,
        sight: Sight,
        query: DealQuery,
        may_continue: Callable[[], bool],
        on_page: Callable[[SyncRun], None],
    ) -> None:
        self.run = run
        self.client = client
        self.sight = sight
        self.query = query
        self.may_continue = may_continue
        self.on_page = on_page

    def go_on(self) -> None:
        """From where the last one was. The end of the last part is the end of the sweep."""
        here = Connection.objects.get(pk=self.run.connection_id)
        parts = {
            SweepPart.WON: self.won_deals,
            SweepPart.STORED: self.stored_deals,
            SweepPart.ACCOUNTS: self.accounts,
        }
        names = list(parts)
        first = names.index(SweepPart(here.sweep_part)) if here.sweep_part else 0
        position = here.sweep_position
        for name in names[first:]:
            for reached in parts[name](position):
                self.remember(part=name, position=reached)
                self.on_page(self.run)
                if not self.may_continue():
                    return
            position = ""
        with transaction.atomic(durable=True):
            runs.fence(run=self.run)
            self.here.update(sweep_part="", sweep_position="", last_sweep_at=Now())

    def won_deals(self, position: str) -> Iterator[str]:
        """Reads what is won in the CRM and not stored as such, through the page code that polls use."""
        query = replace(self.query, cursor=Cursor(external_id=position))
        for ids in self.client.won_ids(query=query):
            stored = CrmDeal.objects.filter(org_id=self.sight.org_id, external_id__in=ids)
            unknown = set(ids) - set(self.done(stored).values_list("external_id", flat=True))
            left = stored.exclude(left_reason="").values_list("external_id", flat=True)
            untold = not_told(org_id=self.sight.org_id, external_ids=ids)
            self.read([*dict.fromkeys([*unknown, *left, *untold])], unknown=unknown)
            if ids:
                self.look_for_gone(after=position, up_to=ids[-1], won=ids)
                position = ids[-1]
                yield position
        self.look_for_gone(after=position, up_to=None, won=())

    def done(self, stored: CrmDealQuerySet) -> CrmDealQuerySet:
        """Those that have become what they are to become: a preview counts in mode Preview alone."""
        if self.sight.mode is ConnectionMode.PREVIEW:
            return stored
        return stored.exclude(state=DealState.PREVIEWED)

    def look_for_gone(self, *, after: str, up_to: str | None, won: Sequence[str]) -> None:
        """Deals that were told as won and are not on the CRM's list: read again, since lists may lag."""
        since = self.query.import_from
        absent = told_between(org_id=self.sight.org_id, after=after, up_to=up_to, but=won, since=since)
        gone = set(absent) - self.read(absent, unknown=set())
        if gone:
            with transaction.atomic(durable=True):
                runs.fence(run=self.run)
                note_gone(org_id=self.sight.org_id, moments=dict.fromkeys(gone, self.run.started_at))

    def read(self, ids: Sequence[str], *, unknown: set[str], is_refresh: bool = False) -> set[str]:
        """The ids that the CRM answered to, readable or not.

        `unknown` ones that a poll should have brought are missed.
        """
        cursor = self.query.cursor.modified_at
        answered: set[str] = set()
        for start in range(0, len(ids), CHUNK):
            part = ids[start : start + CHUNK]
            for page in self.client.deals_by_id(external_ids=part, wanted=self.query.wanted):
                page = followed(page, client=self.client, sight=self.sight)
                page = replace(page, cursor=None, expected=None, is_refresh=is_refresh)
                refuse_without_currency(
                    client=self.client, deals=page.deals, connection=self.sight.connection
                )
                sync_page(run=self.run, page=page, sight=self.sight, api_calls=self.client.calls)
                answered |= {deal.external_id for deal in page.deals}
                answered |= {one.external_id for one in page.unread}
                late = [
                    deal.external_id
                    for deal in page.deals
                    if deal.external_id in unknown and cursor is not None and deal.modified_at < cursor
                ]
                self.count_missed(late)
        return answered

    def count_missed(self, ids: Sequence[str]) -> None:
        if ids:
            missed = CrmDeal.objects.filter(org_id=self.sight.org_id, external_id__in=ids).count()
            SyncRun.objects.filter(pk=self.run.pk).update(missed=F("missed") + missed)

    def stored_deals(self, position: str) -> Iterator[str]:
        """Reads the deal of each import record again. Our own keys are the order, so none is passed over."""
        last = int(position or 0)
        while True:
            rows = CrmDeal.objects.filter(org_id=self.sight.org_id, state__in=CHECKED, pk__gt=last)
            chunk = dict(rows.order_by("pk").values_list("pk", "external_id")[:CHUNK])
            if not chunk:
                return
            self.check(list(chunk.values()))
            last = max(chunk)
            yield str(last)

    def check(self, ids: Sequence[str]) -> None:
        """What contracts and holds depend on, by the page code of polls; then what became of the rest."""
        absent = sorted(set(ids) - self.read(ids, unknown=set(), is_refresh=True))
        if not absent:
            return
        found = self.client.presence(external_ids=absent)
        back = {key for key, one in found.items() if self.reason_to_leave(one) is None}
        into = {presence.merged_into for presence in found.values()} - {""}
        self.read([*back, *into], unknown=set())
        retried(partial(self.mark, found=found, ids=absent))

    def mark(self, *, found: Mapping[str, Presence], ids: Sequence[str]) -> None:
        """Who has left won. What a survivor has taken over meanwhile is no longer there to leave."""
        known = known_deals(org_id=self.sight.org_id, external_ids=ids)
        leavers = news(
            [
                self.leaver(record, presence=found.get(key), reason=reason)
                for key, record in known.items()
                if (reason := self.reason_to_leave(found.get(key)))
            ]
        )
        with transaction.atomic(durable=True):
            runs.fence(run=self.run)
            lock_as_read([one.record for one in leavers])
            mark_left(leavers=leavers, at=self.run.started_at)
            gone = [one.record.external_id for one in leavers]
            note_gone(org_id=self.sight.org_id, moments=dict.fromkeys(gone, self.run.started_at))
            outcomes = Counter({LookedAt.LEFT_WON.value: len(leavers)})
            outcomes[Outcome.UNCHANGED] += len(ids) - len(leavers)
            seen = runs.Progress(seen=len(ids), api_calls=self.client.calls, expected=None, outcomes=outcomes)
            runs.advance(run=self.run, progress=seen, cursor=None)

    def leaver(self, record: KnownDeal, *, presence: Presence | None, reason: LeftReason) -> Leaver:
        stage = presence.stage if presence and presence.stage else record.stage
        return Leaver(record=record, reason=reason, stage=stage, modified_at=record.modified_at)

    def reason_to_leave(self, presence: Presence | None) -> LeftReason | None:
        if presence is None or presence.is_deleted:
            return LeftReason.DELETED
        if presence.merged_into:
            return LeftReason.MERGED
        if presence.is_archived:
            return LeftReason.ARCHIVED
        if presence.stage in self.query.stage_names:
            return None
        return left_reason(crm_says_won=presence.crm_says_won, crm_says_closed=presence.crm_says_closed)

    def accounts(self, position: str) -> Iterator[str]:
        """The survivor of merged accounts stands for the same customer. Two customers stay two."""
        last = int(position or 0)
        while True:
            rows = CrmAccount.objects.filter(org_id=self.sight.org_id, pk__gt=last).order_by("pk")[:CHUNK]
            accounts = {account.external_id: account for account in rows.select_related("customer")}
            if not accounts:
                return
            merged = self.client.merged_accounts(external_ids=list(accounts))
            self.follow({accounts[old]: master for old, master in merged.items() if old in accounts})
            last = max(account.pk for account in accounts.values())
            yield str(last)

    def follow(self, merged: Mapping[CrmAccount, str]) -> None:
        if not merged:
            return
        with transaction.atomic(durable=True):
            runs.fence(run=self.run)
            for old, master in merged.items():
                _, is_new = CrmAccount.objects.get_or_create(
                    org_id=old.org_id, external_id=master, defaults={"customer": old.customer}
                )
                if is_new:
                    audit.record(
                        actor=None,
                        action="CRM account merged",
                        subject=old.customer,
                        before={"account": old.external_id},
                        after={"account": master},
                    )

    def remember(self, *, part: SweepPart, position: str) -> None:
        with transaction.atomic(durable=True):
            runs.fence(run=self.run)
            self.here.update(sweep_part=part, sweep_position=position)

    @property
    def here(self) -> ConnectionQuerySet:
        return Connection.objects.filter(pk=self.run.connection_id)
