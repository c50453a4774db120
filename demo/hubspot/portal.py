"""A simulated HubSpot account: what it holds and how it changes. Safe to use from several threads."""

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from demo.hubspot import deal_rules
from demo.hubspot.associations import Associations, Links
from demo.hubspot.object_store import ObjectStore
from demo.hubspot.pipelines import Pipeline, Stage, standard_pipelines
from demo.hubspot.property_definitions import Property
from demo.hubspot.records import AccessToken, Owner, Record
from demo.hubspot.scopes import RECOMMENDED_SCOPES
from demo.hubspot.standard_properties import company_properties, contact_properties, deal_properties
from demo.hubspot.timestamps import now, write_moment
from demo.hubspot.usage import Usage

Values = Mapping[str, str | None]

FIRST_IDS = {
    "deals": 479475667160,
    "companies": 442222359747,
    "contacts": 401193882065,
    "line_items": 510044271903,
}
FIRST_OWNER_ID = 41629779
FIRST_USER_ID = 9586504
DEAL_TO_COMPANY = ("deals", "companies")


def modified_property(object_type: str) -> str:
    return "lastmodifieddate" if object_type == "contacts" else "hs_lastmodifieddate"


class Portal:
    """Hold `lock` while reading several things that must agree; every method here takes it itself."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = now,
        portal_id: int = 48211907,
        time_zone: str = "US/Eastern",
        company_currency: str = "USD",
        ui_domain: str = "app.hubspot.com",
        seed: int = 0,
    ) -> None:
        self.clock = clock
        self.portal_id = portal_id
        self.time_zone = time_zone
        self.company_currency = company_currency
        self.ui_domain = ui_domain
        self.random = Random(seed)
        self.lock = threading.RLock()

        self.search_lag = 0.0
        self.search_rate_limit: int | None = None
        self.association_page_size = 500
        self.api_versions = {"2026-09", "2026-03", "v3", "v4"}

        self.usage = Usage()
        self.tokens: dict[str, AccessToken] = {}
        self.owners: dict[str, Owner] = {}
        self.objects = {name: ObjectStore() for name in FIRST_IDS}
        self.associations = Associations()
        self.pipelines: list[Pipeline] = standard_pipelines()
        self.properties: dict[str, dict[str, Property]] = {
            "deals": _by_name(deal_properties(self.pipelines)),
            "companies": _by_name(company_properties()),
            "contacts": _by_name(contact_properties()),
            "line_items": {},
        }

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    # Tokens

    def issue_token(self, *, scopes: tuple[str, ...] = RECOMMENDED_SCOPES) -> str:
        with self.lock:
            value = f"pat-na1-{uuid.UUID(int=self.random.getrandbits(128), version=4)}"
            self.tokens[value] = AccessToken(
                value=value, scopes=scopes, user_id=FIRST_USER_ID, app_id=7654321 + len(self.tokens)
            )
            return value

    def revoke_token(self, token: str) -> None:
        with self.lock:
            del self.tokens[token]

    # Owners

    def add_owner(
        self,
        *,
        email: str | None,
        first_name: str = "",
        last_name: str = "",
        queue: bool = False,
        archived: bool = False,
    ) -> str:
        with self.lock:
            owner_id = str(FIRST_OWNER_ID + 1_013 * len(self.owners))
            moment = self.clock()
            self.owners[owner_id] = Owner(
                id=owner_id,
                email=email,
                first_name=first_name,
                last_name=last_name,
                user_id=None if queue else FIRST_USER_ID + 77 * len(self.owners),
                created_at=moment,
                updated_at=moment,
                kind="QUEUE" if queue else "PERSON",
                archived=archived,
            )
            return owner_id

    def deactivate_owner(self, owner_id: str) -> None:
        with self.lock:
            self.owners[owner_id] = replace(self.owners[owner_id], archived=True, updated_at=self.clock())

    # Companies and contacts

    def add_company(self, *, name: str | None, **properties: str | None) -> str:
        return self._add("companies", {"name": name, **properties})

    def add_contact(self, *, email: str | None, **properties: str | None) -> str:
        return self._add("contacts", {"email": email, **properties})

    def update_company(self, company_id: str, **properties: str | None) -> None:
        self._change("companies", company_id, properties)

    # Deals

    def add_deal(
        self,
        *,
        company_id: str | None = None,
        created_at: datetime | None = None,
        modified_at: datetime | None = None,
        **properties: str | None,
    ) -> str:
        """Properties under HubSpot's names. The pipeline follows from the stage; a closed deal that says no
        close date was closed at `modified_at`, which is now unless given. The company becomes primary."""
        with self.lock:
            modified = modified_at or self.clock()
            stage = self.stage(properties.get("dealstage"))
            values: dict[str, str | None] = {"hs_object_source": "CRM_UI"}
            if stage:
                values["pipeline"] = self.pipeline_of(stage).id
                values |= deal_rules.enter_stage(left=None, entered=stage, at=modified)
            deal_id = self._add(
                "deals", values | properties, created_at=created_at or modified, modified_at=modified
            )
            if company_id:
                self.link_company(deal_id, company_id)
            return deal_id

    def add_won_deals(self, count: int, *, companies: int | None = None) -> list[str]:
        """Many complete won deals at one moment, shared among companies (a quarter as many unless given)."""
        with self.lock:
            moment = self.clock()
            company_ids = [
                self.add_company(name=f"Bulk Customer {number:05d}", domain=f"bulk{number:05d}.example")
                for number in range(1, (companies or max(1, count // 4)) + 1)
            ]
            terms, cycles = ("12", "24", "36"), ("monthly", "quarterly", "annual")
            return [
                self.add_deal(
                    dealname=f"Bulk deal {number:05d}",
                    dealstage="closedwon",
                    amount=f"{1_200 * (1 + number % 40)}.00",
                    deal_currency_code="USD",
                    closedate=write_moment(moment - timedelta(hours=number % 480)),
                    contract_term_months=terms[number % 3],
                    billing_frequency=cycles[number % 3],
                    company_id=company_ids[number % len(company_ids)],
                    modified_at=moment,
                )
                for number in range(count)
            ]

    def update_deal(self, deal_id: str, **properties: str | None) -> None:
        """A changed stage writes what entering it writes; values given beside it win."""
        with self.lock:
            before = self.objects["deals"].records[deal_id].properties
            stage = self.stage(properties.get("dealstage"))
            values: dict[str, str | None] = {}
            if stage and stage.id != before.get("dealstage"):
                left = self.stage(before.get("dealstage"))
                values |= deal_rules.enter_stage(left=left, entered=stage, at=self.clock())
                values["pipeline"] = self.pipeline_of(stage).id
            self._change("deals", deal_id, values | properties)

    def close_won(self, deal_id: str) -> None:
        """Moves a deal into the won stage of its own pipeline."""
        with self.lock:
            pipeline_id = self.objects["deals"].records[deal_id].properties.get("pipeline") or "default"
            pipeline = next(pipeline for pipeline in self.pipelines if pipeline.id == pipeline_id)
            self.update_deal(deal_id, dealstage=next(stage.id for stage in pipeline.stages if stage.won))

    def archive_deal(self, deal_id: str) -> None:
        with self.lock:
            record = self.objects["deals"].records[deal_id]
            self._put("deals", replace(record, archived_at=self.clock()))

    def restore_deal(self, deal_id: str) -> None:
        with self.lock:
            record = self.objects["deals"].records[deal_id]
            self._put("deals", replace(record, archived_at=None))

    def merge_deals(self, deal_id: str, other_id: str) -> str:
        """Makes a third deal, as HubSpot does; both old ids lead to it and keep no associations."""
        with self.lock:
            store = self.objects["deals"]
            first, second = store.records[deal_id].properties, store.records[other_id].properties
            merged = [*_ids(first), deal_id, *_ids(second), other_id]
            values = {name: first.get(name) or second.get(name) for name in {**second, **first}}
            new_id = self._add("deals", values | {"hs_merged_object_ids": ";".join(merged)})
            for old_id in (other_id, deal_id):
                for company_id, types in list(self.associations.of(DEAL_TO_COMPANY, old_id).items()):
                    self.associations.unlink(DEAL_TO_COMPANY, old_id, company_id)
                    self.link_company(new_id, company_id, primary=any(t.type_id == 5 for t in types))
                store.remove(old_id, merged_into=new_id, at=self.clock())
            return new_id

    # Associations, which do not touch the deal's modification date

    def link_company(
        self, deal_id: str, company_id: str, *, primary: bool = True, label: str | None = None
    ) -> None:
        with self.lock:
            self.associations.link(DEAL_TO_COMPANY, deal_id, company_id, primary=primary, label=label)

    def link_contact(self, deal_id: str, contact_id: str, *, label: str | None = None) -> None:
        with self.lock:
            self.associations.link(("deals", "contacts"), deal_id, contact_id, primary=False, label=label)

    def unlink_company(self, deal_id: str, company_id: str) -> None:
        with self.lock:
            self.associations.unlink(DEAL_TO_COMPANY, deal_id, company_id)

    def companies_of(self, deal_id: str) -> Links:
        with self.lock:
            return dict(self.associations.of(DEAL_TO_COMPANY, deal_id))

    # Schema

    def stage(self, stage_id: str | None) -> Stage | None:
        return next((s for pipeline in self.pipelines for s in pipeline.stages if s.id == stage_id), None)

    def pipeline_of(self, stage: Stage) -> Pipeline:
        return next(pipeline for pipeline in self.pipelines if stage in pipeline.stages)

    def rename_stage(self, stage_id: str, label: str) -> None:
        with self.lock:
            self.pipelines = [
                replace(
                    pipeline,
                    stages=tuple(replace(s, label=label) if s.id == stage_id else s for s in pipeline.stages),
                )
                for pipeline in self.pipelines
            ]

    def archive_property(self, object_type: str, name: str) -> None:
        with self.lock:
            known = self.properties[object_type]
            known[name] = replace(known[name], archived_at=self.clock())

    # Records

    def catch_up_search(self, object_type: str) -> None:
        until = self.clock() - timedelta(seconds=self.search_lag) if self.search_lag else None
        self.objects[object_type].index.catch_up(until=until)

    def _add(
        self,
        object_type: str,
        properties: Values,
        *,
        created_at: datetime | None = None,
        modified_at: datetime | None = None,
    ) -> str:
        with self.lock:
            modified = modified_at or self.clock()
            created = created_at or modified
            record_id = str(self.objects[object_type].next_id or FIRST_IDS[object_type])
            values = {**properties, "hs_object_id": record_id, "createdate": write_moment(created)}
            record = Record(id=record_id, properties=values, created_at=created, updated_at=modified)
            self._put(object_type, self._stamped(object_type, record, at=modified))
            return record_id

    def _change(self, object_type: str, record_id: str, properties: Values) -> None:
        with self.lock:
            before = self.objects[object_type].records[record_id]
            changed = replace(before, properties={**before.properties, **properties}, keys={})
            self._put(object_type, self._stamped(object_type, changed, at=self.clock()))

    def _stamped(self, object_type: str, record: Record, *, at: datetime) -> Record:
        values = {**record.properties, modified_property(object_type): write_moment(at)}
        if object_type == "deals":
            stage = self.stage(values.get("dealstage"))
            values |= deal_rules.calculated(values, stage=stage, created_at=record.created_at)
        return replace(record, properties=values, updated_at=at, keys={})

    def _put(self, object_type: str, record: Record) -> None:
        self.objects[object_type].put(record, at=self.clock())


def _by_name(properties: list[Property]) -> dict[str, Property]:
    return {prop.name: prop for prop in properties}


def _ids(properties: Values) -> list[str]:
    return [part for part in (properties.get("hs_merged_object_ids") or "").split(";") if part]
