"""Deals as the sync knows them, made of HubSpot's records of deals, companies and owners."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crm_sync.clients.hubspot.api import HubSpotApi, id_of, short
from crm_sync.clients.hubspot.fields import HiddenFields
from crm_sync.clients.hubspot.presence import merged_ids, properties_of, read_merged_ids
from crm_sync.clients.hubspot.stages import stage_of
from crm_sync.clients.hubspot.values import (
    deep_link,
    parse_moment,
    plain,
    primary_company,
    read_day,
)
from crm_sync.clients.reading import NEVER, RecordReader, one_value, text
from crm_sync.deals import Deal, Stage
from crm_sync.enums import SourceObject
from crm_sync.errors import ConfigError
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import Findings

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

    def __init__(
        self, *, api: HubSpotApi, portal: Portal, findings: Findings, note: Callable[[str, str], None]
    ) -> None:
        self.api = api
        self.portal = portal
        self.findings = findings
        self.hidden = HiddenFields(api=api)
        self.note = note
        self.companies: dict[str, Record] = {}
        self.owners: dict[str, Record] | None = None
        self.lists_owners = False

    def properties(self, wanted: Wanted) -> list[str]:
        """What to ask for of a deal."""
        owner = ["hubspot_owner_id"] if wanted.get(SourceObject.OWNER) else []
        return self.hidden.shown(SourceObject.DEAL, [*ALWAYS, *owner, *wanted.get(SourceObject.DEAL, ())])

    def read(
        self,
        records: Mapping[str, Record],
        *,
        wanted: Wanted,
        whole: Collection[str],
        stages: Mapping[str, Stage],
        before: Collection[str] = (),
    ) -> list[Deal]:
        """One deal per record, by id; company and owner of the `whole` ones, which the store has answered.

        `before`: stages that are not listed any more. Nobody can tell whether a deal in one of them is won.
        """
        asked = [key for key in records if key in whole]
        self.hidden.look(
            SourceObject.DEAL,
            names=wanted.get(SourceObject.DEAL, ()),
            records=[{"properties": properties_of(records[key])} for key in asked],
        )
        links = {key: company_of(found) for key, found in self.api.company_links(deal_ids=asked).items()}
        companies = {company_id for company_id, _ in links.values() if company_id}
        unreadable = self.load_companies(companies, wanted=wanted)
        with_owner = set(asked) if wanted.get(SourceObject.OWNER) else set()
        deals = []
        for key, record in records.items():
            unknown_stage = unreadable_stage(record)
            if not unknown_stage and stage_of(record) in before:
                unknown_stage = "HubSpot no longer lists its stage."
            link = links.get(key, ("", ""))
            if unknown_stage:
                self.note(key, unknown_stage)
            elif link[0] in unreadable:
                self.note(key, "HubSpot sent no record with the id of its company.")
            else:
                deals.append(
                    self.deal(
                        key,
                        record=record,
                        wanted=wanted,
                        link=link,
                        has_owner=key in with_owner,
                        stage=stages.get(stage_of(record)),
                    )
                )
        return deals

    def deal(
        self,
        deal_id: str,
        *,
        record: Record,
        wanted: Wanted,
        link: tuple[str, str],
        has_owner: bool,
        stage: Stage | None,
    ) -> Deal:
        properties = properties_of(record)
        company_id, problem = link
        company = self.companies.get(company_id) or {"properties": {}}
        one = RecordReader("HubSpot")
        modified_at = one.read(
            "hs_lastmodifieddate", properties.get("hs_lastmodifieddate"), by=parse_moment, instead=NEVER
        )
        owner_id = one.read("hubspot_owner_id", properties.get("hubspot_owner_id"), by=text, instead="")
        one.read("deal_currency_code", properties.get("deal_currency_code"), by=text, instead="")
        for name in wanted.get(SourceObject.DEAL, ()):
            one.read(name, properties.get(name), by=one_value, instead=None)
        return Deal(
            external_id=deal_id,
            name=one.read("dealname", properties.get("dealname"), by=text, instead=""),
            stage=stage.name if stage else stage_of(record),
            crm_says_won=stage.is_won if stage else None,
            crm_says_closed=stage.is_closed if stage else None,
            modified_at=modified_at,
            close_date=one.read(
                "closedate",
                properties.get("closedate"),
                by=lambda value: read_day(value, time_zone=self.portal.time_zone),
                instead=None,
            ),
            merged_ids=one.read(
                "hs_merged_object_ids", properties.get("hs_merged_object_ids"), by=read_merged_ids, instead=[]
            ),
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
                SourceObject.ACCOUNT: plain(properties_of(company), wanted.get(SourceObject.ACCOUNT, ())),
                SourceObject.OWNER: plain(
                    self.owner_of(owner_id) if has_owner else {}, wanted.get(SourceObject.OWNER, ())
                ),
            },
            hidden_fields=frozenset(self.hidden.found),
            unreadable=one.sentence,
        )

    def unread(self, row: Record, *, stages: Mapping[str, Stage], why: str) -> Deal:
        """A deal that is won as far as a search knows, and of which the store has not answered.

        It is held, so that the next polls ask for it by its id: their window begins after it.
        """
        found = stages.get(stage_of(row))
        deal = self.deal(id_of(row), record=row, wanted={}, link=("", ""), has_owner=False, stage=found)
        return replace(deal, unreadable=why)

    def load_companies(self, ids: set[str], *, wanted: Wanted) -> set[str]:
        """Reads those that are not known yet; the ids of those whose record has none, or was refused."""
        if len(self.companies) > COMPANY_CACHE:
            self.companies.clear()
        missing = sorted(ids - self.companies.keys())
        if not missing:
            return set()
        names = self.hidden.shown(
            SourceObject.ACCOUNT, [*ALWAYS_OF_COMPANIES, *wanted.get(SourceObject.ACCOUNT, ())]
        )
        batch = self.api.read_batch(kind="companies", ids=missing, properties=names)
        silent = set(missing) - batch.records.keys() - batch.gone - batch.unreadable
        found = batch.records | self.companies_left_out(sorted(silent), names=names)
        self.companies |= found
        self.hidden.look(
            SourceObject.ACCOUNT,
            names=wanted.get(SourceObject.ACCOUNT, ()),
            records=[{"properties": properties_of(record)} for record in found.values()],
        )
        return batch.unreadable

    def companies_left_out(self, ids: Sequence[str], *, names: Sequence[str]) -> dict[str, Record]:
        """A company of which an answer says nothing was merged or archived. One that lives was lost."""
        found: dict[str, Record] = {}
        for one in ids:
            record = self.api.read_one(kind="companies", record_id=one, properties=names)
            if record and str(record["id"]) == one:
                raise short("companies")
            if record:
                found[one] = record
        return found

    def owner_of(self, owner_id: str) -> Record:
        """Its owner, a deactivated one too; empty where the token may not read owners."""
        if not owner_id:
            return {}
        if self.owners is None:
            self.owners = self.all_owners()
        if owner_id not in self.owners and self.lists_owners:
            if self.api.owner_exists(owner_id=owner_id):
                raise short("owners")
            self.owners[owner_id] = {}
        return self.owners.get(owner_id, {})

    def all_owners(self) -> dict[str, Record]:
        try:
            found = [*self.api.owners(archived=True), *self.api.owners(archived=False)]
        except ConfigError as error:
            if error.breaks:
                raise
            lacks_scope = error.code == "MISSING_SCOPES"
            told = {"scope": OWNERS_SCOPE} if lacks_scope else {"error": str(error)}
            self.findings.trouble(FindingCode.OWNERS_UNREADABLE, **told)
            return {}
        owners = {key: one for one in found if (key := id_of(one))}
        self.lists_owners = len(owners) == len(found)
        if self.lists_owners:
            self.findings.fine(FindingCode.OWNERS_UNREADABLE)
        else:
            self.findings.trouble(FindingCode.OWNERS_UNREADABLE)
        return owners


def company_of(links: Sequence[Record]) -> tuple[str, str]:
    """(company id, problem) of one deal. Links that cannot be read are a problem of this deal alone."""
    try:
        return primary_company(links)
    except (AttributeError, KeyError, TypeError, ValueError):
        return "", "HubSpot's answer on the company of this deal cannot be read."


def unreadable_stage(record: Record) -> str:
    """Why nobody can tell whether the deal is won; empty where one can."""
    one = RecordReader("HubSpot")
    properties = record.get("properties")
    if not isinstance(properties, dict):
        one.unreadable.append("properties")
    elif properties.get("dealstage") not in (None, "") and not stage_of(record):
        one.unreadable.append("dealstage")
    return one.sentence


def stamp_of(record: Record) -> datetime | None:
    """When it was changed last as far as a search knows; None where that cannot be read."""
    try:
        return parse_moment(properties_of(record)["hs_lastmodifieddate"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
