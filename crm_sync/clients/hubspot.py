"""One HubSpot portal: windows of changed deals, their companies and owners."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from crm_sync.clients.hubspot_api import HubSpotApi, incomplete, is_last_page, search_body
from crm_sync.clients.hubspot_deals import ALWAYS, DealReader, Portal, Wanted
from crm_sync.clients.hubspot_fields import read_fields
from crm_sync.clients.hubspot_presence import read_presence, read_survivors
from crm_sync.clients.hubspot_stages import stage_of, stages_in
from crm_sync.clients.hubspot_values import is_ui_host, object_id
from crm_sync.clients.hubspot_windows import bounds, last_of, window_filters
from crm_sync.clients.reading import reads_answers_of
from crm_sync.clients.zones import known_zone
from crm_sync.deals import (
    Allowance,
    Check,
    CrmField,
    Cursor,
    Deal,
    DealPage,
    DealQuery,
    OrgFacts,
    Presence,
    Stage,
)
from crm_sync.enums import SourceObject
from crm_sync.errors import ConfigError
from crm_sync.findings import FindingCode, Findings

SEARCHES_PER_PAGE = 5
LONGEST_SEARCH = 3_000
"""Characters of a search that every portal takes; a longer list of properties is read from the store."""
USUAL_UI_DOMAIN = "app.hubspot.com"
LATE = datetime(9999, 1, 1, tzinfo=UTC)
Record = dict[str, Any]
reads_answers = reads_answers_of("HubSpot")


class HubSpotClient:
    """Reads one portal through its API."""

    def __init__(self, *, api: HubSpotApi, portal_id: str, time_zone: str, ui_domain: str = "") -> None:
        self.api = api
        self.findings = Findings()
        portal = Portal(id=portal_id, time_zone="", ui_domain="")
        self.reader = DealReader(api=api, portal=portal, findings=self.findings)
        self.use(time_zone=time_zone, ui_domain=ui_domain)
        self.hidden_fields = self.reader.hidden.found
        self.known_stages: dict[str, Stage] = {}
        self.orphaned_stages: set[str] = set()

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
            self.findings.trouble(
                FindingCode.CURRENCY_UNKNOWN,
                "HubSpot does not tell the portal's currency. Choose the currency of deals that name none in "
                "the settings of this connection.",
            )
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
        stages = stages_in(self.api.pipelines())
        self.known_stages = {stage.id: stage for stage in stages}
        return stages

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
                checks.append(Check(label=label, ok=False, sentence=str(error), blocking=blocking))
            else:
                checks.append(Check(label=label, ok=True, sentence=f"{label} can be read."))
        return checks

    @reads_answers
    def changed_deals(self, *, query: DealQuery) -> Iterator[DealPage]:
        """Deals of a fixed window in the order of their ids, some 1,000 a page.

        The window ends at HubSpot's own clock. A walk by id inside it has no result limit and no repeats; a
        deal that is edited meanwhile leaves the window and is found by the next poll.
        """
        stage_ids = self.won_stage_ids(query.stage_names)
        if not stage_ids:
            return
        cursor = query.cursor
        groups = window_filters(cursor=cursor, stage_ids=stage_ids, query=query)
        last_id = cursor.external_id if cursor.window_end else "0"
        window_end, expected, done = cursor.window_end, None, False
        while not done:
            records: list[Record] = []
            properties, is_cut = self.searched(groups=groups, wanted=query.wanted)
            for _ in range(SEARCHES_PER_PAGE):
                limits = bounds(last_id=last_id, window_end=window_end)
                body, answer = self.api.search_deals(
                    groups=[[*filters, *limits] for filters in groups], properties=properties
                )
                window_end = window_end or answer.clock()
                expected = body["total"] if expected is None else expected
                records += body["results"]
                done = is_last_page(body)
                last_id = last_of(body["results"], before=last_id, done=done)
                if done:
                    break
            cursor = (
                Cursor(modified_at=window_end)
                if done
                else Cursor(modified_at=cursor.modified_at, external_id=last_id, window_end=window_end)
            )
            reread = is_cut or query.cursor.modified_at is not None
            yield DealPage(
                deals=self.read_deals(records=records, query=query, reread=reread),
                cursor=cursor,
                expected=expected,
            )

    def searched(self, *, groups: Sequence[Sequence[Record]], wanted: Wanted) -> tuple[list[str], bool]:
        """The properties that a search asks for, and whether that is less than is wanted."""
        properties = self.reader.properties(wanted)
        longest = [[*filters, *bounds(last_id="9" * 15, window_end=LATE)] for filters in groups]
        body = json.dumps(search_body(groups=longest, properties=properties))
        return (properties, False) if len(body) <= LONGEST_SEARCH else ([*ALWAYS], True)

    @reads_answers
    def won_ids(self, *, query: DealQuery) -> Iterator[Sequence[str]]:
        """200 a page, in the order of ids. Search may lag by minutes: the next sweep sees the rest."""
        stage_ids = self.won_stage_ids(query.stage_names)
        groups = window_filters(cursor=Cursor(), stage_ids=stage_ids, query=query)
        last_id, done = query.cursor.external_id or "0", not stage_ids
        while not done:
            limits = bounds(last_id=last_id, window_end=None)
            body, _ = self.api.search_deals(
                groups=[[*filters, *limits] for filters in groups], properties=["hs_object_id"]
            )
            done = is_last_page(body)
            last_id = last_of(body["results"], before=last_id, done=done)
            yield [object_id(record["id"]) for record in body["results"]]

    @reads_answers
    def presence(self, *, external_ids: Sequence[str]) -> Mapping[str, Presence]:
        if not self.known_stages:
            self.stages()
        return read_presence(api=self.api, ids=external_ids, stages=self.known_stages)

    def merged_accounts(self, *, external_ids: Sequence[str]) -> Mapping[str, str]:
        return read_survivors(api=self.api, kind="companies", ids=external_ids)

    def won_stage_ids(self, stage_names: Sequence[str]) -> list[str]:
        """The ids behind the selected names, over all pipelines. A name that is gone is a warning."""
        stages = [stage for stage in self.stages() if stage.name in stage_names]
        gone = [name for name in stage_names if name not in {stage.name for stage in stages}]
        if not gone:
            self.findings.fine(FindingCode.STAGES_GONE)
        else:
            nothing = "" if stages else " Nothing is imported."
            self.findings.trouble(
                FindingCode.STAGES_GONE,
                f"No stage in HubSpot is named {' or '.join(gone)}.{nothing} Choose the stages again "
                "on this connection.",
            )
        return [stage.id for stage in stages]

    @reads_answers
    def deals_by_id(
        self, *, external_ids: Sequence[str], wanted: Mapping[SourceObject, Sequence[str]]
    ) -> Sequence[DealPage]:
        """The named deals as they are now. Archived and merged ones are missing from the answer."""
        ids = sorted(set(external_ids))
        found = self.api.read_batch(kind="deals", ids=ids, properties=self.reader.properties(wanted))
        records = list(found.values())
        self.learn_stages(records)
        deals = self.reader.read(records, wanted=wanted, won=list(found), stages=self.known_stages)
        return [DealPage(deals=deals, cursor=None, expected=len(ids))]

    def read_deals(self, *, records: Sequence[Record], query: DealQuery, reread: bool) -> list[Deal]:
        """Deals with their companies. Search lags behind, so a poll reads its candidates from the store.

        A candidate that the store does not have was archived or merged since: there is nothing to import.
        """
        self.learn_stages(records)
        candidates = self.won_among(records, stage_names=query.stage_names)
        if reread and candidates:
            fresh = self.api.read_batch(
                kind="deals", ids=candidates, properties=self.reader.properties(query.wanted)
            )
            gone = set(candidates) - fresh.keys()
            self.check_gone(sorted(gone))
            records = [
                fresh.get(str(record["id"]), record) for record in records if str(record["id"]) not in gone
            ]
            self.learn_stages(records)
        won = self.won_among(records, stage_names=query.stage_names)
        return self.reader.read(records, wanted=query.wanted, won=won, stages=self.known_stages)

    def check_gone(self, ids: Sequence[str]) -> None:
        """A batch that leaves deals out says that they were archived or merged. One that lives was lost."""
        found = self.presence(external_ids=ids) if ids else {}
        if any(not (one.is_archived or one.merged_into) for one in found.values()):
            raise incomplete("read some deals", error={})

    def won_among(self, records: Sequence[Record], *, stage_names: Sequence[str]) -> list[str]:
        won = {stage.id for stage in self.known_stages.values() if stage.name in stage_names}
        return [str(record["id"]) for record in records if stage_of(record) in won]

    def learn_stages(self, records: Sequence[Record]) -> None:
        """Reads the stages anew when a deal is in one that is not known: it was made just now, or deleted."""
        unknown = {stage_of(record) for record in records} - self.known_stages.keys() - {""}
        if unknown - self.orphaned_stages:
            self.stages()
            self.orphaned_stages |= unknown - self.known_stages.keys()
