"""One HubSpot portal: windows of changed deals, their companies and owners."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from crm_sync.clients.http import Answer
from crm_sync.clients.hubspot_api import HubSpotApi, is_last_page
from crm_sync.clients.hubspot_presence import merged_ids, read_presence
from crm_sync.clients.hubspot_values import (
    local_date,
    object_id,
    parse_moment,
    plain,
    primary_company,
    to_millis,
)
from crm_sync.clients.reading import reads_answers_of
from crm_sync.clients.zones import zone_or_utc
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
from crm_sync.errors import ConfigError, TransientError

OVERLAP = timedelta(minutes=60)
SEARCHES_PER_PAGE = 5
ALWAYS = (
    "dealname",
    "dealstage",
    "pipeline",
    "closedate",
    "hs_lastmodifieddate",
    "deal_currency_code",
    "hs_merged_object_ids",
)
COMPANY_CACHE = 20_000
OWNERS_SCOPE = "crm.objects.owners.read"
Record = dict[str, Any]
reads_answers = reads_answers_of("HubSpot")


class HubSpotClient:
    """Reads one portal through its API."""

    def __init__(self, *, api: HubSpotApi, portal_id: str, time_zone: str, ui_domain: str = "") -> None:
        self.api = api
        self.portal_id = portal_id
        self.time_zone = time_zone
        self.ui_domain = ui_domain or "app.hubspot.com"
        self.warnings: list[str] = []
        self.hidden_fields: set[tuple[SourceObject, str]] = set()
        self.companies: dict[str, Record] = {}
        self.owners: dict[str, Record] | None = None
        self.known_stages: dict[str, Stage] = {}

    @property
    def calls(self) -> int:
        return self.api.transport.calls

    @property
    def api_version(self) -> str:
        return self.api.version

    @property
    def allowance(self) -> Allowance | None:
        return None

    def close(self) -> None:
        self.api.transport.session.close()

    @reads_answers
    def identify(self) -> OrgFacts:
        """Portal, time zone and currency. A token without the right to the account page still connects."""
        portal_id = self.api.introspect().portal_id
        try:
            account = self.api.account()
        except ConfigError as error:
            if error.breaks:
                raise
            account = {}
            self.warn(
                "HubSpot did not tell the portal's time zone and currency. Check both on this connection."
            )
        return OrgFacts(
            external_id=portal_id,
            name=str(account.get("portalName") or f"HubSpot portal {portal_id}"),
            kind=str(account.get("accountType") or "").replace("_", " ").capitalize(),
            time_zone=zone_or_utc(str(account.get("timeZone") or "UTC"), warnings=self.warnings),
            currency=str(account.get("companyCurrency") or ""),
            has_currency_field=True,
            ui_domain=str(account.get("uiDomain") or ""),
        )

    @reads_answers
    def stages(self) -> Sequence[Stage]:
        """The stages of every pipeline. Values in `metadata` are text: "false" is a true value in Python."""
        stages = [
            Stage(
                id=str(stage["id"]),
                name=str(stage["label"]),
                pipeline=str(pipeline["label"]),
                is_won=stage_is_won(stage.get("metadata") or {}),
                is_closed=is_true((stage.get("metadata") or {}).get("isClosed")),
                is_active=not stage.get("archived", False),
            )
            for pipeline in self.api.pipelines()
            for stage in pipeline["stages"]
        ]
        self.known_stages = {stage.id: stage for stage in stages}
        return stages

    @reads_answers
    def schema(self) -> Sequence[CrmField]:
        fields = [
            CrmField(
                source_object=source_object,
                name=str(entry["name"]),
                label=str(entry["label"]),
                type=str(entry["type"]),
                options=tuple(
                    (str(option["value"]), str(option["label"])) for option in entry.get("options") or ()
                ),
            )
            for source_object, kind in ((SourceObject.DEAL, "deals"), (SourceObject.ACCOUNT, "companies"))
            for entry in self.api.properties(kind)
        ]
        return [
            *fields,
            CrmField(source_object=SourceObject.OWNER, name="email", label="Email", type="string"),
            CrmField(source_object=SourceObject.OWNER, name="firstName", label="First name", type="string"),
            CrmField(source_object=SourceObject.OWNER, name="lastName", label="Last name", type="string"),
        ]

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
        properties = self.properties_wanted(query.wanted)
        last_id = cursor.external_id if cursor.window_end else "0"
        window_end, expected, done = cursor.window_end, None, False
        while not done:
            records: list[Record] = []
            for _ in range(SEARCHES_PER_PAGE):
                limits = bounds(last_id=last_id, window_end=window_end)
                body, answer = self.api.search_deals(
                    groups=[[*filters, *limits] for filters in groups], properties=properties
                )
                window_end = window_end or clock_of(answer)
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
            deals = self.read_deals(
                records=records,
                query=query,
                stage_ids=set(stage_ids),
                reread=query.cursor.modified_at is not None,
            )
            yield DealPage(deals=deals, cursor=cursor, expected=expected)

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
        """HubSpot moves a merged company's deals to the new one, and the next poll sees it on them."""
        return {}

    def won_stage_ids(self, stage_names: Sequence[str]) -> list[str]:
        """The ids behind the selected names, over all pipelines. A name that is gone is a warning."""
        stages = [stage for stage in self.stages() if stage.name in stage_names]
        gone = [name for name in stage_names if name not in {stage.name for stage in stages}]
        if gone:
            nothing = "" if stages else " Nothing is imported."
            self.warn(
                f"No stage in HubSpot is named {' or '.join(gone)}.{nothing} Choose the stages again "
                "on this connection."
            )
        return [stage.id for stage in stages]

    @reads_answers
    def deals_by_id(
        self, *, external_ids: Sequence[str], wanted: Mapping[SourceObject, Sequence[str]]
    ) -> Sequence[DealPage]:
        """The named deals as they are now. Archived and merged ones are missing from the answer."""
        if not self.known_stages:
            self.stages()
        ids = sorted(set(external_ids))
        records = self.api.read_batch(kind="deals", ids=ids, properties=self.properties_wanted(wanted))
        links = self.links(list(records))
        self.load_companies(links=links, wanted=wanted)
        deals = [
            self.read_deal(record, wanted=wanted, links=links, with_owner=True) for record in records.values()
        ]
        return [DealPage(deals=deals, cursor=None, expected=len(ids))]

    def read_deals(
        self, *, records: Sequence[Record], query: DealQuery, stage_ids: set[str], reread: bool
    ) -> list[Deal]:
        """Deals with their companies. Search lags behind, so a poll reads its candidates from the store.

        A candidate that the store does not have was archived or merged since: there is nothing to import.
        """
        candidates = [str(record["id"]) for record in records if stage_of(record) in stage_ids]
        if reread and candidates:
            fresh = self.api.read_batch(
                kind="deals", ids=candidates, properties=self.properties_wanted(query.wanted)
            )
            others = {str(record["id"]): record for record in records if stage_of(record) not in stage_ids}
            current = others | fresh
            records = [current[str(record["id"])] for record in records if str(record["id"]) in current]
        won = [str(record["id"]) for record in records if stage_of(record) in stage_ids]
        links = self.links(won)
        self.load_companies(links=links, wanted=query.wanted)
        return [
            self.read_deal(record, wanted=query.wanted, links=links, with_owner=stage_of(record) in stage_ids)
            for record in records
        ]

    def links(self, deal_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """(company id, problem) per deal."""
        links = self.api.company_links(deal_ids=deal_ids)
        return {deal_id: primary_company(found) for deal_id, found in links.items()}

    def load_companies(
        self, *, links: Mapping[str, tuple[str, str]], wanted: Mapping[SourceObject, Sequence[str]]
    ) -> None:
        ids = {company_id for company_id, _ in links.values() if company_id}
        if len(self.companies) > COMPANY_CACHE:
            self.companies.clear()
        missing = sorted(ids - self.companies.keys())
        if missing:
            names = ["name", *wanted.get(SourceObject.ACCOUNT, ())]
            self.companies |= self.api.read_batch(
                kind="companies", ids=missing, properties=list(dict.fromkeys(names))
            )

    def owner(self, owner_id: str | None) -> Record:
        """The owner behind an id, deactivated ones included; empty where the token may not read owners."""
        if not owner_id:
            return {}
        if self.owners is None:
            self.owners = self.all_owners()
        return self.owners.get(owner_id, {})

    def all_owners(self) -> dict[str, Record]:
        try:
            found = [*self.api.owners(archived=True), *self.api.owners(archived=False)]
        except ConfigError as error:
            if error.breaks:
                raise
            lacks_scope = error.code == "MISSING_SCOPES"
            self.warn(
                f"Account Manager stays blank: the access token lacks the scope {OWNERS_SCOPE}. "
                "Add it to the service key or private app in HubSpot."
                if lacks_scope
                else f"Account Manager stays blank: {error}"
            )
            return {}
        return {str(one["id"]): one for one in found}

    def read_deal(
        self,
        record: Record,
        *,
        wanted: Mapping[SourceObject, Sequence[str]],
        links: Mapping[str, tuple[str, str]],
        with_owner: bool,
    ) -> Deal:
        properties = record["properties"]
        deal_id = object_id(record["id"])
        company_id, problem = links.get(deal_id, ("", ""))
        company = (self.companies.get(company_id) or {}).get("properties") or {}
        stage = self.known_stages.get(stage_of(record))
        wants_owner = with_owner and wanted.get(SourceObject.OWNER)
        owner = self.owner(properties.get("hubspot_owner_id")) if wants_owner else {}
        return Deal(
            external_id=deal_id,
            name=str(properties.get("dealname") or ""),
            stage=stage.name if stage else stage_of(record),
            crm_says_won=stage.is_won if stage else None,
            crm_says_closed=stage.is_closed if stage else None,
            modified_at=parse_moment(properties["hs_lastmodifieddate"]),
            close_date=local_date(properties.get("closedate"), time_zone=self.time_zone),
            merged_ids=merged_ids(record),
            account_id=company_id,
            account_problem=problem,
            url=f"https://{self.ui_domain}/contacts/{self.portal_id}/record/0-3/{deal_id}",
            fields={
                SourceObject.DEAL: plain(
                    properties, [*wanted.get(SourceObject.DEAL, ()), "deal_currency_code"]
                ),
                SourceObject.ACCOUNT: plain(company, wanted.get(SourceObject.ACCOUNT, ())),
                SourceObject.OWNER: plain(owner, wanted.get(SourceObject.OWNER, ())),
            },
        )

    def properties_wanted(self, wanted: Mapping[SourceObject, Sequence[str]]) -> list[str]:
        owner = ["hubspot_owner_id"] if wanted.get(SourceObject.OWNER) else []
        return list(dict.fromkeys([*ALWAYS, *owner, *wanted.get(SourceObject.DEAL, ())]))

    def warn(self, sentence: str) -> None:
        if sentence not in self.warnings:
            self.warnings.append(sentence)


def is_true(text: object) -> bool:
    return str(text or "").lower() == "true"


def stage_is_won(metadata: Mapping[str, Any]) -> bool:
    return is_true(metadata.get("isClosed")) and str(metadata.get("probability", "")) in (
        "1",
        "1.0",
    )


def stage_of(record: Record) -> str:
    return str(record["properties"].get("dealstage") or "")


def clock_of(answer: Answer) -> datetime:
    """HubSpot's clock. Without it there is no safe end of a window."""
    if answer.sent_at is None:
        raise answer.unusable("no date in its headers")
    return answer.sent_at


def window_filters(*, cursor: Cursor, stage_ids: Sequence[str], query: DealQuery) -> list[list[Record]]:
    """Filter groups that stay the same over all pages. Only the first import filters by stage and day."""
    if cursor.modified_at is None:
        day_before = datetime.combine(query.import_from - timedelta(days=1), datetime.min.time(), tzinfo=UTC)
        won = {"propertyName": "dealstage", "operator": "IN", "values": list(stage_ids)}
        return [
            [won, {"propertyName": "closedate", "operator": "GTE", "value": to_millis(day_before)}],
            [won, {"propertyName": "closedate", "operator": "NOT_HAS_PROPERTY"}],
        ]
    since = to_millis(cursor.modified_at - OVERLAP)
    return [[{"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": since}]]


def bounds(*, last_id: str, window_end: datetime | None) -> list[Record]:
    after = [{"propertyName": "hs_object_id", "operator": "GT", "value": last_id}]
    if window_end is None:
        return after
    until = {"propertyName": "hs_lastmodifieddate", "operator": "LTE", "value": to_millis(window_end)}
    return [until, *after]


def last_of(results: Sequence[Record], *, before: str, done: bool) -> str:
    """The last id of a page, which lies beyond the one before: a page that repeats is no progress."""
    if not results and done:
        return before
    ids = [int(record["id"]) for record in results]
    if not ids or ids != sorted(set(ids)) or ids[0] <= int(before):
        raise TransientError(
            "HubSpot's pages repeat or are out of order.",
            next_step="The next poll goes on from the last page that was stored.",
            code="PAGES_OUT_OF_ORDER",
        )
    return str(results[-1]["id"])
