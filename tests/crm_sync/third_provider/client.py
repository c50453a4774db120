"""A CRM that keeps its deals in memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from crm_sync.deals import (
    Allowance,
    Check,
    CrmField,
    Cursor,
    Deal,
    DealPage,
    DealQuery,
    NearMiss,
    OrgFacts,
    Presence,
    RawValue,
    Stage,
)
from crm_sync.enums import SourceObject
from crm_sync.findings.values import Finding, Findings

WON, OPEN = (
    Stage(id="won", name="Closed Won", is_won=True, is_closed=True),
    Stage(id="open", name="Talking", is_won=False, is_closed=False),
)
PAGES = "https://ledgerline.example"
FIELDS = (
    (SourceObject.ACCOUNT, "title", "Title", "string"),
    (SourceObject.DEAL, "worth", "Worth", "number"),
    (SourceObject.DEAL, "signed_on", "Signed on", "date"),
    (SourceObject.DEAL, "contract_term", "Contract Term", "number"),
    (SourceObject.DEAL, "billing_frequency", "Billing Frequency", "string"),
    (SourceObject.OWNER, "mail", "Mail", "string"),
)


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What the CRM holds. `token`: what opens it."""

    token: str = "ll-secret"
    org_id: str = "ORG-7"
    deals: dict[str, Deal] = field(default_factory=dict)

    def sell(
        self, *, number: int, name: str, closed: date, fields: Mapping[SourceObject, Mapping[str, RawValue]]
    ) -> str:
        key = f"LL-{number}"
        self.deals[key] = Deal(
            external_id=key,
            name=name,
            stage=WON.name,
            crm_says_won=True,
            crm_says_closed=True,
            modified_at=datetime(2026, 11, 1, 12, 0, number % 60, tzinfo=UTC),
            close_date=closed,
            account_id=f"AC-{number}",
            url=f"{PAGES}/deals/{key}",
            fields=fields,
        )
        return key


@dataclass(slots=True, kw_only=True)
class LedgerClient:
    """Keeps `crm_sync.clients.protocol.CrmClient` and `Questions`."""

    ledger: Ledger
    token: str
    calls: int = 0
    api_version: str = "1"
    hidden_fields: set[tuple[SourceObject, str]] = field(default_factory=set)
    stages_before: Sequence[Stage] = ()
    listed_stages: Sequence[Stage] = ()
    allowance: Allowance | None = None
    warnings: Sequence[str] = ()
    remarks: Sequence[Finding] = ()
    findings: Findings = field(default_factory=Findings)
    lacks_currency: bool = False

    def has_currency_now(self) -> bool:
        return True

    def identify(self) -> OrgFacts:
        self.calls += 1
        return OrgFacts(
            external_id=self.ledger.org_id,
            name="Ledger of Acme",
            kind="Production",
            time_zone="Europe/Berlin",
            currency="EUR",
            has_currency_field=False,
        )

    def org_facts(self) -> OrgFacts:
        return self.identify()

    def use(self, *, time_zone: str, ui_domain: str) -> None: ...

    def stages(self) -> Sequence[Stage]:
        self.calls += 1
        return (WON, OPEN)

    def schema(self) -> Sequence[CrmField]:
        self.calls += 1
        return [
            CrmField(source_object=place, name=name, label=label, type=kind)
            for place, name, label, kind in FIELDS
        ]

    def preflight(self) -> Sequence[Check]:
        self.calls += 1
        return [Check(label="Deals", ok=True, sentence="Deals can be read.")]

    def changed_deals(self, *, query: DealQuery) -> Iterator[DealPage]:
        self.calls += 1
        after = (query.cursor.modified_at or datetime.min.replace(tzinfo=UTC), query.cursor.external_id)
        ordered = sorted(self.ledger.deals.values(), key=lambda one: (one.modified_at, one.external_id))
        found = [one for one in ordered if (one.modified_at, one.external_id) >= after]
        if found:
            reached = Cursor(modified_at=found[-1].modified_at, external_id=found[-1].external_id)
            yield DealPage(deals=[asked(one, query.wanted) for one in found], cursor=reached)

    def deals_by_id(
        self, *, external_ids: Sequence[str], wanted: Mapping[SourceObject, Sequence[str]]
    ) -> Sequence[DealPage]:
        self.calls += 1
        deals = [asked(self.ledger.deals[key], wanted) for key in external_ids if key in self.ledger.deals]
        return [DealPage(deals=deals, cursor=None)]

    def won_ids(self, *, query: DealQuery) -> Iterator[Sequence[str]]:
        yield [key for key in sorted(self.ledger.deals) if key > query.cursor.external_id]

    def presence(self, *, external_ids: Sequence[str]) -> Mapping[str, Presence]:
        found = (self.ledger.deals.get(key) for key in external_ids)
        return {one.external_id: Presence(stage=one.stage, crm_says_won=True) for one in found if one}

    def merged_deals(self, *, external_ids: Sequence[str]) -> Mapping[str, str]:
        return {}

    def accounts_merged_into(
        self, *, survivors: Mapping[str, Sequence[str]], among: Sequence[str]
    ) -> Mapping[str, Sequence[str]]:
        return {}

    def merged_accounts(self, *, external_ids: Sequence[str]) -> Mapping[str, str]:
        return {}

    def limit_calls(self, may_call: Callable[[], bool]) -> None: ...

    def close(self) -> None: ...

    def deals_per_stage(
        self, *, misses: Sequence[NearMiss], selected: Sequence[str], since: date
    ) -> Mapping[str, int]:
        return {}

    def ids_named(self, *, name: str, limit: int) -> Sequence[str]:
        return [key for key, deal in self.ledger.deals.items() if deal.name == name][:limit]

    def newest_in(self, *, stage_ids: Sequence[str], limit: int) -> Sequence[str]:
        return sorted(self.ledger.deals)[:limit]

    def was_deleted(self, *, external_id: str) -> bool:
        return False


def asked(deal: Deal, wanted: Mapping[SourceObject, Sequence[str]]) -> Deal:
    """The deal with the wanted fields only."""
    return replace(
        deal,
        fields={
            place: {name: deal.fields.get(place, {}).get(name) for name in names}
            for place, names in wanted.items()
        },
    )
