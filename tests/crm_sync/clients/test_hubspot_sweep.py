"""What the sweep asks HubSpot, against the simulated portal."""

from datetime import date

import pytest

from crm_sync.clients.http import Transport
from crm_sync.clients.hubspot import api as hubspot_api
from crm_sync.clients.hubspot.api import HubSpotApi
from crm_sync.clients.hubspot.client import HubSpotClient
from crm_sync.deals import Cursor, DealQuery, Presence
from demo.http_server import Server
from demo.hubspot.portal import Portal

WON = Presence(stage="Closed Won", crm_says_won=True, crm_says_closed=True)


@pytest.fixture
def client(portal: Portal, hubspot_server: Server, transport: Transport) -> HubSpotClient:
    api = HubSpotApi(transport=transport, base_url=hubspot_server.url, access_token=portal.issue_token())
    return HubSpotClient(api=api, portal_id=str(portal.portal_id), time_zone="UTC")


def won_since(day: date, *, after: str = "", stage: str = "Closed Won") -> DealQuery:
    return DealQuery(cursor=Cursor(external_id=after), stage_names=[stage], import_from=day, wanted={})


def deal(portal: Portal, **properties: str | None) -> str:
    usual = {"dealname": "A", "dealstage": "closedwon", "closedate": "2026-05-01T12:00:00Z"}
    return portal.add_deal(**usual | properties)


def test_won_ids_in_pages_of_200(client: HubSpotClient, portal: Portal) -> None:
    ids = [deal(portal) for _ in range(201)]
    deal(portal, dealstage="contractsent")
    deal(portal, closedate="2025-06-01T12:00:00Z")
    portal.archive_deal(deal(portal))

    pages = list(client.won_ids(query=won_since(date(2026, 1, 1))))

    assert pages == [ids[:200], ids[200:]]
    assert list(client.won_ids(query=won_since(date(2026, 1, 1), after=ids[150]))) == [ids[151:]]


def test_no_won_ids_where_the_stage_is_gone(client: HubSpotClient, portal: Portal) -> None:
    deal(portal)

    assert list(client.won_ids(query=won_since(date(2026, 1, 1), stage="Signed"))) == []
    assert client.warnings == [
        "No stage in HubSpot is named Signed. Nothing is imported. Choose the stages again on this connection."
    ]


def test_presence(client: HubSpotClient, portal: Portal) -> None:
    won, lost, archived, gone = deal(portal), deal(portal, dealstage="closedlost"), deal(portal), "999"
    portal.archive_deal(archived)
    first, second = deal(portal), deal(portal, dealstage="contractsent")
    merged = portal.merge_deals(first, second)

    found = client.presence(external_ids=[won, lost, archived, first, gone])

    assert found == {
        won: WON,
        lost: Presence(stage="Closed Lost", crm_says_won=False, crm_says_closed=True),
        archived: Presence(stage="Closed Won", crm_says_won=True, crm_says_closed=True, is_archived=True),
        first: Presence(stage="Closed Won", crm_says_won=True, crm_says_closed=True, merged_into=merged),
    }


def test_a_merge_is_told_by_the_survivor_that_was_asked_for_too(
    client: HubSpotClient, portal: Portal
) -> None:
    first, second = deal(portal), deal(portal)
    merged = portal.merge_deals(first, second)

    found = client.presence(external_ids=[first, second, merged])

    assert {key: presence.merged_into for key, presence in found.items()} == {
        first: merged,
        second: merged,
        merged: "",
    }


def test_presence_is_asked_100_at_a_time_and_the_bin_only_for_what_is_missing(
    client: HubSpotClient, portal: Portal, hubspot_server: Server
) -> None:
    ids = [deal(portal) for _ in range(250)]
    client.stages()
    hubspot_server.reset_requests()
    assert client.presence(external_ids=ids) == dict.fromkeys(ids, WON)
    assert len(hubspot_server.requests) == 3
    portal.archive_deal(ids[0])
    hubspot_server.reset_requests()

    client.presence(external_ids=ids)

    assert len(hubspot_server.requests) == 4
    assert hubspot_api.BATCH_LIMIT == 100


def test_hubspot_names_no_merged_accounts(client: HubSpotClient) -> None:
    assert client.merged_accounts(external_ids=["1"]) == {}
