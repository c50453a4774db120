"""One HubSpot portal: windows of changed deals, their companies and owners."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from crm_sync.clients.hubspot.api import SEARCH_LIMIT, HubSpotApi, id_of, incomplete, short
from crm_sync.clients.hubspot.deals import ALWAYS, DealReader, Portal, Wanted, stamp_of
from crm_sync.clients.hubspot.errors import refused_check
from crm_sync.clients.hubspot.fields import read_fields
from crm_sync.clients.hubspot.presence import read_presence, read_survivors
from crm_sync.clients.hubspot.stages import stage_of, stages_in
from crm_sync.clients.hubspot.values import is_ui_host
from crm_sync.clients.hubspot.walk import Walk
from crm_sync.clients.hubspot.windows import OVERLAP, searches, window_filters
from crm_sync.clients.reading import reads_answers_of
from crm_sync.clients.zones import known_zone
from crm_sync.deals import (
    Allowance,
    Check,
    CrmField,
    Cursor,
    DealPage,
    DealQuery,
    OrgFacts,
    Presence,
    Stage,
    Unread,
)
from crm_sync.enums import SourceObject
from crm_sync.errors import ConfigError
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import Finding, Findings, finding

SEARCHES_PER_PAGE = 5
WITHOUT_ID = "HubSpot sent no record with its id."
USUAL_UI_DOMAIN = "app.hubspot.com"
Record = dict[str, Any]
reads_answers = reads_answers_of("HubSpot")


class HubSpotClient:
    """Reads one portal through its API."""

    def __init__(self, *, api: HubSpotApi, portal_id: str, time_zone: str, ui_domain: str = "") -> None:
        self.api = api
        self.remarks: list[Finding] = []
        self.unread: list[Unread] = []
        self.findings = Findings()
        portal = Portal(id=portal_id, time_zone="", ui_domain="")
        self.reader = DealReader(api=api, portal=portal, findings=self.findings, note=self.note_unread)
        self.use(time_zone=time_zone, ui_domain=ui_domain)
        self.hidden_fields = self.reader.hidden.found
        self.known_stages: dict[str, Stage] = {}
        self.orphaned_stages: set[str] = set()
        self.stages_before: Sequence[Stage] = ()
        self.has_looked_twice = False

    def use(self, *, time_zone: str, ui_domain: str) -> None:
        """Without a zone no day of a deal can be told. For counts and for the end of a day UTC will do."""
        self.time_zone = self.api.time_zone = time_zone or "UTC"
        self.reader.portal = replace(
            self.reader.portal, time_zone=time_zone, ui_domain=ui_domain or USUAL_UI_DOMAIN
        )

    @property
    def warnings(self) -> list[str]:
        return self.findings.sentences

    @property
    def lacks_currency(self) -> bool:
        return False

    def has_currency_now(self) -> bool:
        return True

    @property
    def calls(self) -> int:
        return self.api.transport.calls

    @property
    def api_version(self) -> str:
        return self.api.version

    @property
    def allowance(self) -> Allowance | None:
        return self.api.pace.allowance

    def limit_calls(self, may_call: Callable[[], bool]) -> None:
        self.api.transport.may_call = may_call

    def close(self) -> None:
        self.api.transport.session.close()

    @reads_answers
    def identify(self) -> OrgFacts:
        """Portal, time zone and currency. A token without the right to the account page still connects."""
        portal_id = self.api.introspect().portal_id
        self.reader.portal = replace(self.reader.portal, id=portal_id)
        facts = self.org_facts()
        return replace(facts, name=facts.name or f"HubSpot portal {portal_id}")

    @reads_answers
    def org_facts(self) -> OrgFacts:
        """What the account page tells. Without the right to read it zone and currency are not known."""
        portal_id = self.reader.portal.id
        try:
            account = self.api.account()
        except ConfigError as error:
            if error.breaks:
                raise
            account = {}
        ui_domain, currency = str(account.get("uiDomain") or ""), str(account.get("companyCurrency") or "")
        if currency:
            self.findings.fine(FindingCode.CURRENCY_UNKNOWN)
        else:
            self.findings.trouble(FindingCode.CURRENCY_UNKNOWN, crm="HubSpot")
        return OrgFacts(
            external_id=portal_id,
            name=str(account.get("portalName") or ""),
            kind=str(account.get("accountType") or "").replace("_", " ").capitalize(),
            time_zone=known_zone(str(account.get("timeZone") or ""), crm="HubSpot", findings=self.findings),
            currency=currency,
            has_currency_field=True,
            ui_domain=ui_domain if is_ui_host(ui_domain) else "",
        )

    @reads_answers
    def stages(self) -> Sequence[Stage]:
        """The stages of every pipeline, and from now on the map of what a deal's stage id means."""
        stages = self.all_stages()
        self.known_stages = {stage.id: stage for stage in stages}
        return stages

    def all_stages(self) -> list[Stage]:
        """A list that lacks stages of before is looked at twice, once a run. Each portal has a pipeline."""
        stages = stages_in(self.api.pipelines())
        if not stages:
            raise short("pipelines")
        gone = {stage.id for stage in self.stages_before} - {stage.id for stage in stages}
        if gone and not self.has_looked_twice:
            self.has_looked_twice = True
            if stages_in(self.api.pipelines()) != stages:
                raise short("pipelines")
        return stages

    @property
    def listed_stages(self) -> Sequence[Stage]:
        return list(self.known_stages.values())

    @reads_answers
    def schema(self) -> Sequence[CrmField]:
        return read_fields(self.api)

    def preflight(self) -> Sequence[Check]:
        """Whether the token can read what a poll reads, call by call."""
        probes = (
            ("Deals", True, lambda: self.api.search_deals(groups=[], properties=["dealname"], limit=1)),
            ("Pipelines and stages", True, self.api.pipelines),
            ("Deal properties", False, lambda: self.api.properties("deals")),
            (
                "Companies",
                True,
                lambda: self.api.read_batch(kind="companies", ids=["1"], properties=["name"]),
            ),
            ("Companies of deals", True, lambda: self.api.company_links(deal_ids=["1"])),
            ("Owners", False, lambda: self.api.owners(archived=False)),
        )
        checks = []
        for label, blocking, probe in probes:
            try:
                probe()
            except ConfigError as error:
                if error.breaks:
                    raise
                checks.append(refused_check(error, label=label, blocking=blocking))
            else:
                checks.append(Check(label=label, ok=True, sentence=f"{label} can be read."))
        return checks

    @reads_answers
    def changed_deals(self, *, query: DealQuery) -> Iterator[DealPage]:
        """Deals of a fixed window in the order of their ids, some 1,000 a page.

        The window ends at HubSpot's own clock. A walk by id inside it has no result limit and no repeats; a
        deal that is edited meanwhile leaves the window and is found by the next poll. The search only says
        which deals there are: what they are is read from the store.
        """
        stage_ids = self.won_stage_ids(query.stage_names)
        if not stage_ids:
            return
        groups = window_filters(cursor=query.cursor, stage_ids=stage_ids, query=query)
        newest = self.newest(groups=groups, query=query)
        if newest is not None:
            yield newest
            return
        cursor, expected = query.cursor, None
        walk = Walk(
            api=self.api,
            searches=searches(groups),
            properties=ALWAYS,
            last_id=cursor.external_id if cursor.window_end else "0",
            window_end=cursor.window_end,
            has_window=True,
        )
        steps = walk.steps()
        while part := list(islice(steps, SEARCHES_PER_PAGE)):
            last = part[-1]
            expected = part[0].total if expected is None else expected
            cursor = (
                Cursor(modified_at=walk.window_end)
                if last.is_last
                else Cursor(
                    modified_at=cursor.modified_at, external_id=last.last_id, window_end=walk.window_end
                )
            )
            found = {key: row for step in part for key, row in step.rows.items()}
            yield self.page(found, query=query, cursor=cursor, expected=expected)
        self.tell_unseen(walk)

    def newest(self, *, groups: Sequence[Sequence[Record]], query: DealQuery) -> DealPage | None:
        """What is new of a window of which much was read already, in one search.

        None where one search shows them all anyway, or where the newest deals alone do not account for every
        deal that was not read before.
        """
        begins_at = query.cursor.modified_at
        if query.cursor.window_end is not None or begins_at is None:
            return None
        known = query.told_since(begins_at - OVERLAP)
        if known <= SEARCH_LIMIT:
            return None
        found = self.api.search_deals(groups=groups, properties=ALWAYS, newest_first=True)
        rows = {key: record for record in found.results if (key := id_of(record))}
        old = [key for key, record in rows.items() if query.is_told(key, modified_at=stamp_of(record))]
        new = [key for key in rows if key not in query.told]
        is_covered = found.total <= len(found.results) or next(reversed(rows), "") in old
        if not is_covered or found.total != known + len(new) or len(rows) < len(found.results):
            return None
        cursor = Cursor(modified_at=found.answer.clock())
        return self.page(rows, query=query, cursor=cursor, expected=len(rows))

    def page(
        self, found: Mapping[str, Record], *, query: DealQuery, cursor: Cursor, expected: int | None
    ) -> DealPage:
        """The deals of these rows that were not read as they are now, won and stored ones from the store."""
        self.unread.clear()
        again = [key for key, record in found.items() if query.is_told(key, modified_at=stamp_of(record))]
        rows = {key: record for key, record in found.items() if key not in set(again)}
        self.learn_stages(rows.values())
        stored = query.stored_among(list(rows))
        won = self.won_among(rows, stage_names=query.stage_names)
        chosen = [key for key in rows if key in won or key in stored]
        fresh = self.fresh(chosen, wanted=query.wanted)
        records = {key: fresh.get(key, row) for key, row in rows.items() if key in fresh or key not in chosen}
        self.learn_stages(records.values())
        deals = self.reader.read(
            records,
            wanted=query.wanted,
            whole=fresh.keys(),
            stages=self.known_stages,
            before=self.lost_stages,
        )
        unread = {one.external_id: one for one in self.unread}
        deals += [
            self.reader.unread(rows[key], stages=self.known_stages, why=unread.pop(key).finding.sentence)
            for key in sorted(unread.keys() & won.difference(stored))
        ]
        left = tuple(unread.values())
        return DealPage(deals=deals, cursor=cursor, expected=expected, again=tuple(again), unread=left)

    def fresh(self, ids: Sequence[str], *, wanted: Wanted) -> dict[str, Record]:
        """These deals as the store has them. One that it does not have was archived or merged since."""
        if not ids:
            return {}
        batch = self.api.read_batch(kind="deals", ids=ids, properties=self.reader.properties(wanted))
        for one in sorted(batch.unreadable):
            self.note_unread(one, WITHOUT_ID)
        self.check_gone(sorted(set(ids) - batch.records.keys() - batch.unreadable))
        return {key: batch.records[key] for key in ids if key in batch.records}

    @reads_answers
    def won_ids(self, *, query: DealQuery) -> Iterator[Sequence[str]]:
        """200 a page, in the order of ids. Search may lag by minutes: the next sweep sees the rest."""
        stage_ids = self.won_stage_ids(query.stage_names)
        if not stage_ids:
            return
        walk = Walk(
            api=self.api,
            searches=searches(window_filters(cursor=Cursor(), stage_ids=stage_ids, query=query)),
            properties=["hs_object_id"],
            last_id=query.cursor.external_id or "0",
            window_end=None,
            has_window=False,
        )
        for step in walk.steps():
            yield list(step.rows)
        self.tell_unseen(walk)

    def tell_unseen(self, walk: Walk) -> None:
        if walk.unseen:
            self.remarks.append(finding(FindingCode.DEALS_UNSEEN, deals=walk.unseen))
        if walk.nameless:
            self.remarks.append(finding(FindingCode.DEALS_NAMELESS, deals=walk.nameless))

    @reads_answers
    def presence(self, *, external_ids: Sequence[str]) -> Mapping[str, Presence]:
        if not self.known_stages:
            self.stages()
        return read_presence(api=self.api, ids=external_ids, stages=self.known_stages)

    @reads_answers
    def merged_deals(self, *, external_ids: Sequence[str]) -> Mapping[str, str]:
        return read_survivors(api=self.api, kind="deals", ids=external_ids)

    @reads_answers
    def accounts_merged_into(
        self, *, survivors: Mapping[str, Sequence[str]], among: Sequence[str]
    ) -> Mapping[str, Sequence[str]]:
        """A company that was never merged says so. Of the others the list may name the last merge alone."""
        merged = [key for key, listed in survivors.items() if listed]
        if not merged or not among:
            return {}
        found = read_survivors(api=self.api, kind="companies", ids=among)
        return {key: [old for old, survivor in found.items() if survivor == key] for key in merged}

    def merged_accounts(self, *, external_ids: Sequence[str]) -> Mapping[str, str]:
        return read_survivors(api=self.api, kind="companies", ids=external_ids)

    def won_stage_ids(self, stage_names: Sequence[str]) -> list[str]:
        """The ids behind the selected names, over all pipelines. A name that is gone is a warning."""
        stages = [stage for stage in self.stages() if stage.name in stage_names]
        gone = [name for name in stage_names if name not in {stage.name for stage in stages}]
        if not gone:
            self.findings.fine(FindingCode.STAGES_GONE)
        else:
            self.findings.trouble(FindingCode.STAGES_GONE, crm="HubSpot", stages=gone, all=not stages)
        return [stage.id for stage in stages]

    @reads_answers
    def deals_by_id(
        self, *, external_ids: Sequence[str], wanted: Mapping[SourceObject, Sequence[str]]
    ) -> Sequence[DealPage]:
        """The named deals as they are now. Archived and merged ones are missing from the answer."""
        self.unread.clear()
        ids = sorted(set(external_ids))
        batch = self.api.read_batch(kind="deals", ids=ids, properties=self.reader.properties(wanted))
        for one in sorted(batch.unreadable):
            self.note_unread(one, WITHOUT_ID)
        self.check_gone(sorted(set(ids) - batch.records.keys() - batch.gone - batch.unreadable))
        self.learn_stages(batch.records.values())
        deals = self.reader.read(
            batch.records,
            wanted=wanted,
            whole=batch.records.keys(),
            stages=self.known_stages,
            before=self.lost_stages,
        )
        return [DealPage(deals=deals, cursor=None, expected=len(ids), unread=tuple(self.unread))]

    def check_gone(self, ids: Sequence[str]) -> None:
        """A batch that leaves deals out says that they were archived or merged. One that lives was lost."""
        found = self.presence(external_ids=ids) if ids else {}
        if any(not (one.is_archived or one.merged_into) for one in found.values()):
            raise incomplete("read some deals", error={})

    def won_among(self, records: Mapping[str, Record], *, stage_names: Sequence[str]) -> set[str]:
        won = {stage.id for stage in self.known_stages.values() if stage.name in stage_names}
        return {key for key, record in records.items() if stage_of(record) in won}

    def learn_stages(self, records: Iterable[Record]) -> None:
        """Reads the stages again when a deal is in one that is not known: made just now, or deleted."""
        unknown = {stage_of(record) for record in records} - self.known_stages.keys() - {""}
        if unknown - self.orphaned_stages:
            self.stages()
            self.orphaned_stages |= unknown - self.known_stages.keys()

    @property
    def lost_stages(self) -> frozenset[str]:
        """Ids of stages that were listed before and are no more."""
        return frozenset(stage.id for stage in self.stages_before) - self.known_stages.keys()

    def note_unread(self, deal_id: str, why: str) -> None:
        """On a deal of the page."""
        told = finding(FindingCode.DEAL_UNREAD, deal=deal_id, why=why)
        self.unread.append(Unread(external_id=deal_id, finding=told))
