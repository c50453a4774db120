"""A simulated HubSpot account: what it holds and how it changes. Safe to use from several threads."""

from datetime import datetime, timedelta

from demo.hubspot import deal_rules
from demo.hubspot.associations import Links
from demo.hubspot.owner_keeping import OwnerKeeping
from demo.hubspot.record_keeping import RecordKeeping
from demo.hubspot.timestamps import write_moment
from demo.hubspot.token_keeping import TokenKeeping

DEAL_TO_COMPANY = ("deals", "companies")


class Portal(TokenKeeping, OwnerKeeping, RecordKeeping):
    """Its deals, and what belongs to them, in the words of a person who works with them."""

    # Companies, contacts and line items

    def add_company(self, *, name: str | None, **properties: str | None) -> str:
        return self.add("companies", {"name": name, **properties})

    def add_contact(self, *, email: str | None, **properties: str | None) -> str:
        return self.add("contacts", {"email": email, **properties})

    def add_line_item(self, deal_id: str, **properties: str | None) -> str:
        """The deal's recurring amounts follow from its line items."""
        with self.lock:
            item_id = self.add("line_items", {"quantity": "1", **properties})
            self.link(("deals", "line_items"), deal_id, item_id)
            return item_id

    def update_company(self, company_id: str, **properties: str | None) -> None:
        self.change("companies", company_id, properties)

    def merge_companies(self, company_id: str, other_id: str) -> str:
        return self.merge("companies", company_id, other_id)

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
            values: dict[str, str | None] = {"hs_object_source": self._source.type}
            if stage:
                values["pipeline"] = self.pipeline_of(stage).id
                values |= deal_rules.enter_stage(left=None, entered=stage, at=modified)
            deal_id = self.add(
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
            self.change("deals", deal_id, values | properties)

    def close_won(self, deal_id: str) -> None:
        """Moves a deal into the won stage of its own pipeline."""
        with self.lock:
            pipeline_id = self.objects["deals"].records[deal_id].properties.get("pipeline") or "default"
            pipeline = next(pipeline for pipeline in self.pipelines if pipeline.id == pipeline_id)
            self.update_deal(deal_id, dealstage=next(stage.id for stage in pipeline.stages if stage.won))

    def archive_deal(self, deal_id: str) -> None:
        self.archive("deals", deal_id)

    def restore_deal(self, deal_id: str) -> None:
        self.restore("deals", deal_id)

    def merge_deals(self, deal_id: str, other_id: str) -> str:
        return self.merge("deals", deal_id, other_id)

    def link_company(
        self, deal_id: str, company_id: str, *, primary: bool = True, label: str | None = None
    ) -> None:
        self.link(DEAL_TO_COMPANY, deal_id, company_id, primary=primary, label=label)

    def link_contact(self, deal_id: str, contact_id: str, *, label: str | None = None) -> None:
        self.link(("deals", "contacts"), deal_id, contact_id, label=label)

    def unlink_company(self, deal_id: str, company_id: str) -> None:
        self.unlink(DEAL_TO_COMPANY, deal_id, company_id)

    def companies_of(self, deal_id: str) -> Links:
        return self.linked(DEAL_TO_COMPANY, deal_id)
