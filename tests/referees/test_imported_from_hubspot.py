"""hubspot-api-client reads the won deals of a portal: Fincelo has imported exactly those."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hubspot import HubSpot

from crm_sync.models import Connection
from demo.http_server import Server
from demo.hubspot.portal import Portal
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.conftest import IMPORT_FROM, Run
from tests.crm_sync.sales import sell_in_hubspot
from tests.referees.hubspot_deals import ids_found, primary_companies, read_in_batches
from tests.referees.imported import Sales, imported, minor_units

LATER = timedelta(minutes=90)
PROPERTIES = ["dealname", "amount", "deal_currency_code", "closedate", "hubspot_owner_id"]
NOT_WON = ("20519881", "closedlost", "contractsent")
"""The first is labelled "Closed won"."""
WON = 450 + 4 * 2 + 1
LAST_HOUR_OF_THE_YEAR = "2026-01-01T04:30:00Z"
FIRST_HOUR_OF_THE_YEAR = "2026-01-01T05:30:00Z"


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def portal(clock: StandingClock) -> Portal:
    """Its day begins five hours after that of Greenwich."""
    return Portal(clock=clock, time_zone="US/Eastern")


@pytest.fixture(params=["first import", "poll"])
def synced(
    request: pytest.FixtureRequest, hubspot: Connection, portal: Portal, run: Run, clock: StandingClock
) -> Connection:
    if request.param == "poll":
        run(hubspot)
        clock.move(LATER)
    fill(portal)
    clock.move(LATER)
    first, again = run(hubspot), run(hubspot)
    assert (first.state, first.created, first.held) == ("done", WON, 0)
    assert (again.created, again.updated) == (0, 0)
    return hubspot


def fill(portal: Portal) -> None:
    """Several currencies and pages of owners; the primary company is never the first of a deal's companies."""
    portal.add_won_deals(450, companies=450)
    people = [portal.add_owner(email=f"{number}@acme.example") for number in range(101)]
    former = portal.add_owner(email="fay@acme.example")
    portal.deactivate_owner(former)
    for owner, currency, amount in (
        (people[0], "EUR", "54250.10"),
        (people[100], "JPY", "1200000"),
        (former, "BHD", "1200.125"),
        (former, "USD", "99999.99"),
    ):
        for stage in ("closedwon", "11348547"):
            deal = sell_in_hubspot(
                portal,
                company_id=None,
                dealstage=stage,
                hubspot_owner_id=owner,
                deal_currency_code=currency,
                amount=amount,
            )
            portal.link_company(deal, portal.add_company(name="A partner"), primary=False)
            portal.link_company(deal, portal.add_company(name="O'Rourke & Daughters"))
    for stage in NOT_WON:
        sell_in_hubspot(portal, dealstage=stage)
    sell_in_hubspot(portal, closedate=FIRST_HOUR_OF_THE_YEAR)
    for closed in (LAST_HOUR_OF_THE_YEAR, "2024-06-01T12:00:00Z"):
        sell_in_hubspot(portal, closedate=closed)
    portal.archive_deal(sell_in_hubspot(portal))


@pytest.fixture
def client(portal: Portal, hubspot_server: Server) -> HubSpot:
    return HubSpot(access_token=portal.issue_token(), host=hubspot_server.url, base_url=hubspot_server.url)


def won_seen(client: HubSpot) -> Sales:
    """Found by search, read in batches, with companies and owners, and days where the portal is."""
    account = client.api_request({"path": "/account-info/v3/details"}).json()
    zone = ZoneInfo(account["timeZone"])
    emails = {
        owner.id: owner.email for archived in (False, True) for owner in owners(client, archived=archived)
    }
    deals = list(read_in_batches(client.crm.deals.batch_api, ids_found(client), PROPERTIES))
    company_of = primary_companies(client, [deal.id for deal in deals])
    companies = read_in_batches(client.crm.companies.batch_api, sorted(set(company_of.values())), ["name"])
    names = {company.id: company.properties["name"] for company in companies}
    return {
        deal.id: (
            deal.properties["dealname"],
            minor_units(deal.properties["amount"], deal.properties["deal_currency_code"]),
            deal.properties["deal_currency_code"],
            day,
            company_of[deal.id],
            names[company_of[deal.id]],
            emails.get(deal.properties["hubspot_owner_id"], ""),
        )
        for deal in deals
        if (day := day_of(deal.properties["closedate"], zone)) >= IMPORT_FROM
    }


def day_of(moment: str, zone: ZoneInfo) -> date:
    return datetime.fromisoformat(moment).astimezone(zone).date()


def owners(client: HubSpot, *, archived: bool) -> Iterator[Any]:
    after = None
    while True:
        page = client.crm.owners.owners_api.get_page(limit=100, after=after, archived=archived)
        yield from page.results
        if page.paging is None:
            return
        after = page.paging.next.after


@pytest.mark.usefixtures("synced")
def test_hubspots_client_sees_what_is_imported(client: HubSpot) -> None:
    seen = won_seen(client)

    assert seen == imported()
    assert len(seen) == WON
    assert {sale[2] for sale in seen.values()} == {"EUR", "JPY", "BHD", "USD"}
    assert {"0@acme.example", "100@acme.example", "fay@acme.example"} < {sale[6] for sale in seen.values()}
    assert min(sale[3] for sale in seen.values()) == IMPORT_FROM
