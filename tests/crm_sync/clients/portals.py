"""A simulated HubSpot portal whose clock stands still, and clients that read it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from crm_sync.clients.hubspot.client import HubSpotClient
from crm_sync.deals import Cursor, Deal, DealPage, DealQuery
from crm_sync.enums import SourceObject
from demo.hubspot.portal import Portal

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WANTED: Mapping[SourceObject, Sequence[str]] = {
    SourceObject.DEAL: ["amount", "closedate", "contract_term_months", "billing_frequency"],
    SourceObject.ACCOUNT: ["name"],
    SourceObject.OWNER: ["email"],
}
EVERYTHING = Cursor()


class StandingClock:
    """Shows the same moment until somebody moves it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.now += by


def asked(
    cursor: Cursor = EVERYTHING,
    *,
    stage_names: Sequence[str] = ("Closed Won",),
    import_from: date = date(2026, 1, 1),
    wanted: Mapping[SourceObject, Sequence[str]] = WANTED,
) -> DealQuery:
    return DealQuery(cursor=cursor, stage_names=stage_names, import_from=import_from, wanted=wanted)


def read(client: HubSpotClient, query: DealQuery) -> list[DealPage]:
    return list(client.changed_deals(query=query))


def deals_of(pages: Sequence[DealPage]) -> list[Deal]:
    return [deal for page in pages for deal in page.deals]


def ids(pages: Sequence[DealPage]) -> list[str]:
    return [deal.external_id for deal in deals_of(pages)]


def add_deal(portal: Portal, *, company: bool = True, at: datetime | None = None, **properties: Any) -> str:
    """A won deal of a company of its own."""
    return portal.add_deal(
        company_id=portal.add_company(name="Acme Ltd") if company else None,
        modified_at=at,
        **{"dealname": "Acme - Platform", "dealstage": "closedwon", "amount": "1200.00", **properties},
    )
