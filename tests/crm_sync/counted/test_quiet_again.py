"""Nothing changed costs as little on the second poll as on the hundredth."""

from datetime import timedelta

import pytest

from crm_sync.models import Connection, CrmSchema, RecentDeal
from demo.http_server import Server
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.clients.portals import NOON, StandingClock
from tests.crm_sync.conftest import Run
from tests.crm_sync.counted.own_lists import imported_once, won_in_org, won_in_portal
from tests.crm_sync.counted.request_log import A_SECOND, LATER, requests_of
from tests.crm_sync.sales import sell, sell_in_hubspot

FIVE_MINUTES = timedelta(minutes=5)
MANY = 2_001


@pytest.fixture
def touched_org(salesforce: Connection, org: Org, clock: StandingClock, run: Run) -> Org:
    """2,001 open deals, touched at one moment and read."""
    sell(org)
    run(salesforce)
    clock.move(LATER)
    for number in range(MANY):
        org.add("Opportunity", Name=f"Lead {number}", StageName="Prospecting")
    run(salesforce)
    return org


@pytest.fixture
def touched_portal(hubspot: Connection, portal: Portal, clock: StandingClock, run: Run) -> Portal:
    run(hubspot)
    clock.move(LATER)
    for number in range(MANY):
        portal.add_deal(dealname=f"Lead {number}", dealstage="contractsent")
    clock.move(A_SECOND)
    run(hubspot)
    return portal


def test_salesforce_after_a_mass_touch(
    salesforce: Connection, touched_org: Org, salesforce_server: Server, run: Run, clock: StandingClock
) -> None:
    asked = []
    for _ in range(10):
        clock.move(FIVE_MINUTES)
        salesforce_server.reset_requests()
        run(salesforce)
        asked.append(dict(requests_of(salesforce_server)))

    assert asked == [{"queryAll": 1}] * 10


def test_salesforce_after_a_mass_touch_with_news_in_each_poll(
    salesforce: Connection, touched_org: Org, salesforce_server: Server, run: Run, clock: StandingClock
) -> None:
    """New ones, changed ones of the mass, and one that became visible behind the cursor."""
    account = next(str(row["Id"]) for row in touched_org.records("Account"))
    leads = [
        str(row["Id"]) for row in touched_org.records("Opportunity") if row["StageName"] == "Prospecting"
    ]
    for number in range(3):
        clock.move(FIVE_MINUTES)
        sell(touched_org, account=account, Amount=100 + number)
        touched_org.edit(
            leads[number], StageName="Closed Won", AccountId=account, Amount=200 + number,
            Contract_Term__c=12, Billing_Frequency__c="Quarterly",
        )  # fmt: skip
        salesforce_server.reset_requests()
        run(salesforce)
        currency = 1  # asked once in a run that brings a deal we had not read, or not so
        assert requests_of(salesforce_server) == {"queryAll": 1, "query": currency}
        assert imported_once() == won_in_org(touched_org)
    touched_org.touch(sell(touched_org, account=account, Amount=900), at=clock.now - timedelta(minutes=20))

    run(salesforce)

    assert imported_once() == won_in_org(touched_org)


def test_hubspot_after_a_mass_touch(
    hubspot: Connection, touched_portal: Portal, hubspot_server: Server, run: Run, clock: StandingClock
) -> None:
    asked = []
    for _ in range(10):
        clock.move(FIVE_MINUTES)
        hubspot_server.reset_requests()
        run(hubspot)
        asked.append(dict(requests_of(hubspot_server)))

    assert asked == [{"pipelines": 1, "search": 1}] * 10


def test_hubspot_after_a_mass_touch_with_news_in_each_poll(
    hubspot: Connection, touched_portal: Portal, run: Run, clock: StandingClock
) -> None:
    leads = list(touched_portal.objects["deals"].records)
    for number in range(3):
        clock.move(FIVE_MINUTES)
        sell_in_hubspot(touched_portal, amount=str(100 + number))
        late = sell_in_hubspot(touched_portal, amount=str(300 + number))
        touched_portal.delay_in_search(late, minutes=8)
        touched_portal.update_deal(leads[number], dealname="Renamed")
        clock.move(A_SECOND)
        run(hubspot)
    for _ in range(2):
        clock.move(FIVE_MINUTES)
        run(hubspot)

    assert imported_once() == won_in_portal(touched_portal)


def test_hubspot_sale_is_read_from_the_store_once(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run, clock: StandingClock
) -> None:
    sell_in_hubspot(portal)
    clock.move(A_SECOND)
    run(hubspot)
    hubspot_server.reset_requests()

    again = run(hubspot)

    assert requests_of(hubspot_server) == {"pipelines": 1, "search": 1}
    assert (again.seen, again.unchanged) == (1, 1)


def test_deals_of_late_are_forgotten(
    hubspot: Connection, portal: Portal, run: Run, clock: StandingClock
) -> None:
    sell_in_hubspot(portal)
    clock.move(A_SECOND)
    run(hubspot)
    assert RecentDeal.objects.count() == 1
    clock.move(LATER)

    run(hubspot)

    assert RecentDeal.objects.count() == 0


@pytest.mark.parametrize("change", [{"default_currency": "EUR"}, {"term_unit": "years"}])
def test_other_settings_read_all_of_late_again(
    hubspot: Connection,
    portal: Portal,
    hubspot_server: Server,
    run: Run,
    clock: StandingClock,
    change: dict[str, str],
) -> None:
    sell_in_hubspot(portal)
    clock.move(A_SECOND)
    run(hubspot)
    Connection.objects.update(**change)
    hubspot_server.reset_requests()

    run(hubspot)

    assert requests_of(hubspot_server)["deals"] == 1


def test_near_miss_that_changes_with_each_poll_is_counted_once_an_hour(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, clock: StandingClock
) -> None:
    missed = sell(org, StageName="Closed won", modified_at=NOON - timedelta(days=2))
    sell(org)
    run(salesforce)
    CrmSchema.objects.update(stage_counts={})
    asked = []
    for _ in range(4):
        clock.move(FIVE_MINUTES)
        org.edit(missed, Description="Changed")
        salesforce_server.reset_requests()
        run(salesforce)
        asked.append(requests_of(salesforce_server).total())

    assert asked == [3, 1, 1, 1]
