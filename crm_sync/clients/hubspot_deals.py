"""Deals as the sync knows them, made of HubSpot's records of deals, companies and owners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_sync.clients.hubspot_api import HubSpotApi
from crm_sync.clients.hubspot_fields import HiddenFields
from crm_sync.clients.hubspot_presence import merged_ids
from crm_sync.clients.hubspot_stages import stage_of
from crm_sync.clients.hubspot_values import (
    deep_link,
    local_date,
    object_id,
    parse_moment,
    plain,
    primary_company,
)
from crm_sync.deals import Deal, Stage
from crm_sync.enums import SourceObject
from crm_sync.errors import ConfigError
from crm_sync.findings import FindingCode, Findings

ALWAYS = (
    "dealname",
    "dealstage",
    "pipeline",
    "closedate",
    "hs_lastmodifieddate",
    "deal_currency_code",
    "hs_merged_object_ids",
)
ALWAYS_OF_COMPANIES = ("name", "hs_merged_object_ids")
COMPANY_CACHE = 20_000
OWNERS_SCOPE = "crm.objects.owners.read"
Record = dict[str, Any]
Wanted = Mapping[SourceObject, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """What the links and days of a deal follow from."""

    id: str
    time_zone: str
    ui_domain: str


class DealReader:
    """Reads what belongs to deals. Companies and owners are remembered for the length of a run."""

    def __init__(self, *, api: HubSpotApi, portal: Portal, findings: Findings) -> None:
        self.api = api
        self.portal = portal
        self.findings = findings
        self.hidden = HiddenFields(api=api)
        self.companies: dict[str, Record] = {}
        self.owners: dict[str, Record] | None = None

    def properties(self, wanted: Wanted) -> list[str]:
        """What to ask for of a deal."""
        owner = ["hubspot_owner_id"] if wanted.get(SourceObject.OWNER) else []
        return self.hidden.shown(SourceObject.DEAL, [*ALWAYS, *owner, *wanted.get(SourceObject.DEAL, ())])

    def read(
        self,
        records: Sequence[Record],
        *,
        wanted: Wanted,
        won: Sequence[str],
        stages: Mapping[str, Stage],
    ) -> list[Deal]:
        """One deal per record; company and owner only of those with a `won` id."""
        self.hidden.look(SourceObject.DEAL, names=wanted.get(SourceObject.DEAL, ()), records=records)
        links = {key: primary_company(found) for key, found in self.api.company_links(deal_ids=won).items()}
        self.load_companies({company_id for company_id, _ in links.values() if company_id}, wanted=wanted)
        with_owner = set(won) if wanted.get(SourceObject.OWNER) else set()
        return [
            self.deal(
                record,
                wanted=wanted,
                link=links.get(str(record["id"]), ("", "")),
                owner=self.owner_of(record) if str(record["id"]) in with_owner else {},
                stage=stages.get(stage_of(record)),
            )
            for record in records
        ]

    def deal(
        self, record: Record, *, wanted: Wanted, link: tuple[str, str], owner: Record, stage: Stage | None
    ) -> Deal:
        properties = record["properties"]
        deal_id = object_id(record["id"])
        company_id, problem = link
        company = self.companies.get(company_id) or {"properties": {}}
        return Deal(
            external_id=deal_id,
            name=str(properties.get("dealname") or ""),
            stage=stage.name if stage else stage_of(record),
            crm_says_won=stage.is_won if stage else None,
            crm_says_closed=stage.is_closed if stage else None,
            modified_at=parse_moment(properties["hs_lastmodifieddate"]),
            close_date=local_date(properties.get("closedate"), time_zone=self.portal.time_zone),
            merged_ids=merged_ids(record),
            account_id=company_id,
            account_problem=problem,
            account_merged_ids=tuple(merged_ids(company)),
            url=deep_link(
                str(record.get("url") or ""),
                ui_domain=self.portal.ui_domain,
                portal_id=self.portal.id,
                deal_id=deal_id,
            ),
            fields={
                SourceObject.DEAL: plain(
                    properties, [*wanted.get(SourceObject.DEAL, ()), "deal_currency_code"]
                ),
                SourceObject.ACCOUNT: plain(company["properties"], wanted.get(SourceObject.ACCOUNT, ())),
                SourceObject.OWNER: plain(owner, wanted.get(SourceObject.OWNER, ())),
            },
            hidden_fields=frozenset(self.hidden.found),
        )

    def load_companies(self, ids: set[str], *, wanted: Wanted) -> None:
        if len(self.companies) > COMPANY_CACHE:
            self.companies.clear()
        missing = sorted(ids - self.companies.keys())
        if missing:
            names = [*ALWAYS_OF_COMPANIES, *wanted.get(SourceObject.ACCOUNT, ())]
            found = self.api.read_batch(
                kind="companies", ids=missing, properties=self.hidden.shown(SourceObject.ACCOUNT, names)
            )
            self.companies |= found
            self.hidden.look(
                SourceObject.ACCOUNT,
                names=wanted.get(SourceObject.ACCOUNT, ()),
                records=list(found.values()),
            )

    def owner_of(self, record: Record) -> Record:
        """Its owner, a deactivated one too; empty where the token may not read owners."""
        owner_id = record["properties"].get("hubspot_owner_id")
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
            self.findings.trouble(
                FindingCode.OWNERS_UNREADABLE,
                f"Account Manager stays blank: the access token lacks the scope {OWNERS_SCOPE}. "
                "Add it to the service key or private app in HubSpot."
                if lacks_scope
                else f"Account Manager stays blank: {error}",
            )
            return {}
        self.findings.fine(FindingCode.OWNERS_UNREADABLE)
        return {str(one["id"]): one for one in found}
