"""What the tests ask the Salesforce client for."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from crm_sync.clients.salesforce.client import SalesforceClient
from crm_sync.deals import Cursor, DealPage, DealQuery
from crm_sync.enums import SourceObject
from demo.http_server import Server
from demo.salesforce.org import Org

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


WANTED: Mapping[SourceObject, Sequence[str]] = {
    SourceObject.DEAL: ["Amount", "CloseDate", "Contract_Term__c", "Billing_Frequency__c"],
    SourceObject.ACCOUNT: ["Name"],
    SourceObject.OWNER: ["Email"],
}


EVERYTHING = Cursor()


class Renewals:
    """Fresh tokens on demand, with a note of the stale ones."""

    def __init__(self, org: Org, server: Server) -> None:
        self.org = org
        self.url = server.url
        self.stale: list[str] = []

    def __call__(self, stale: str) -> tuple[str, str]:
        self.stale.append(stale)
        return self.org.connect().access_token, self.url


def asked(
    cursor: Cursor = EVERYTHING,
    *,
    stage_names: Sequence[str] = ("Closed Won",),
    import_from: date = date(2026, 1, 1),
    wanted: Mapping[SourceObject, Sequence[str]] = WANTED,
) -> DealQuery:
    return DealQuery(cursor=cursor, stage_names=stage_names, import_from=import_from, wanted=wanted)


def read(client: SalesforceClient, query: DealQuery) -> list[DealPage]:
    return list(client.changed_deals(query=query))


def ids(pages: Sequence[DealPage]) -> list[str]:
    return [deal.external_id for page in pages for deal in page.deals]


def add_deal(org: Org, *, at: datetime = NOON, stage: str = "Closed Won", **fields: Any) -> str:
    return org.add(
        "Opportunity",
        modified_at=at,
        **{"Name": "Deal", "StageName": stage, "CloseDate": at.date(), **fields},
    )
