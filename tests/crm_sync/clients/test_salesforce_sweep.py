"""What the sweep asks Salesforce, against the simulated org."""

from datetime import date

import pytest

from crm_sync.clients.http import Transport
from crm_sync.clients.salesforce.client import SalesforceClient
from crm_sync.deals import Cursor, DealQuery, Presence
from demo.http_server import Server
from demo.salesforce.org import Org


@pytest.fixture
def client(org: Org, salesforce_server: Server, transport: Transport) -> SalesforceClient:
    token = org.connect().access_token
    return SalesforceClient(
        transport=transport,
        instance_url=salesforce_server.url,
        access_token=token,
        org_id=org.org_id,
        renew=lambda stale: (stale, salesforce_server.url),
    )


def won_since(day: date, *, after: str = "") -> DealQuery:
    return DealQuery(cursor=Cursor(external_id=after), stage_names=["Closed Won"], import_from=day, wanted={})


def deal(org: Org, **fields: object) -> str:
    return org.add(
        "Opportunity", **{"Name": "A", "StageName": "Closed Won", "CloseDate": "2026-05-01"} | fields
    )


def test_won_ids_in_the_order_of_ids(client: SalesforceClient, org: Org) -> None:
    ids = [deal(org) for _ in range(5)]
    deal(org, StageName="Prospecting")
    deal(org, CloseDate="2025-12-31")
    org.delete(deal(org))
    org.max_page_size = 2

    pages = list(client.won_ids(query=won_since(date(2026, 1, 1))))

    assert sorted(found for page in pages for found in page) == ids
    assert list(client.won_ids(query=won_since(date(2026, 1, 1), after=ids[2]))) == [ids[3:]]


def test_presence(client: SalesforceClient, org: Org) -> None:
    won, lost, deleted = deal(org), deal(org, StageName="Closed Lost"), deal(org)
    org.delete(deleted)

    found = client.presence(external_ids=[won, lost, deleted, "006000000000001AAA"])

    assert found == {
        won: Presence(stage="Closed Won", crm_says_won=True, crm_says_closed=True),
        lost: Presence(stage="Closed Lost", crm_says_won=False, crm_says_closed=True),
        deleted: Presence(stage="Closed Won", crm_says_won=True, crm_says_closed=True, is_deleted=True),
    }


def test_presence_is_asked_200_at_a_time(
    client: SalesforceClient, org: Org, salesforce_server: Server
) -> None:
    ids = [deal(org) for _ in range(401)]
    salesforce_server.reset_requests()

    found = client.presence(external_ids=ids)

    assert sorted(found) == ids
    assert [path for _, path in salesforce_server.requests] == ["/services/data/v66.0/queryAll/"] * 3


def test_merged_accounts_name_their_master(client: SalesforceClient, org: Org) -> None:
    loser, winner, deleted = (org.add_account(name) for name in ("Acme", "Acme Group", "Other"))
    org.edit(loser, IsDeleted=True, MasterRecordId=winner)
    org.delete(deleted)

    assert client.merged_accounts(external_ids=[loser, winner, deleted]) == {loser: winner}
    assert client.merged_accounts(external_ids=[]) == {}
