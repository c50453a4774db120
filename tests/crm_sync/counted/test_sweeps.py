"""What sweeps cost in requests, as docs/requests.md promises it."""

from collections import Counter
from datetime import timedelta
from math import ceil

import pytest

from crm_sync.models import Connection, CrmDeal
from demo.http_server import Server
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.clients.portals import NOON, StandingClock
from tests.crm_sync.conftest import Run
from tests.crm_sync.counted.request_log import A_SECOND, requests_of, slow
from tests.crm_sync.importing.test_sweeping import swept

LONG_AGO = NOON - timedelta(days=2)


@pytest.mark.parametrize("deals", [0, 199, 201, slow(1001), slow(2001)])
def test_sweep_of_salesforce(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run, deals: int
) -> None:
    org.add_won_deals(deals)
    run(salesforce)
    salesforce_server.reset_requests()

    done = swept(salesforce)

    accounts = ceil(deals / 4)
    expected = Counter(query=max(1, ceil(deals / 2000)) + ceil(deals / 200), queryAll=ceil(accounts / 200))
    assert requests_of(salesforce_server) == +expected
    assert done.api_calls == expected.total()


def test_sweep_of_salesforce_that_finds_201_missed_deals(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    org.add_won_deals(250)
    run(salesforce)
    org.add_won_deals(201, modified_at=LONG_AGO)
    salesforce_server.reset_requests()

    done = swept(salesforce)

    ids, missed, currency, again, accounts, new_accounts = 1, 2, 1, ceil(451 / 200), 1, 2
    assert done.missed == 201
    assert requests_of(salesforce_server) == Counter(
        query=ids + missed + currency + again, queryAll=accounts + new_accounts
    )


def test_sweep_of_salesforce_asks_what_became_of_deals_that_are_gone(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    first, second, *_ = org.add_won_deals(5)
    run(salesforce)
    org.delete(first)
    org.delete(second)
    org.purge(second)
    salesforce_server.reset_requests()

    done = swept(salesforce)

    absent_from_list, again, gone, accounts = 1, 1, 1, 1
    assert done.suspended == 2
    assert requests_of(salesforce_server) == Counter(
        query=1 + absent_from_list + again, queryAll=gone + accounts
    )


@pytest.mark.parametrize("deals", [0, 199, 201, slow(1001), slow(2001)])
def test_sweep_of_hubspot(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run, clock: StandingClock, deals: int
) -> None:
    portal.add_won_deals(deals)
    clock.move(A_SECOND)
    run(hubspot)
    hubspot_server.reset_requests()

    done = swept(hubspot)

    accounts = deals // 4
    expected = Counter(
        pipelines=1,
        search=max(1, ceil(deals / 200)),
        deals=ceil(deals / 100),
        associations=ceil(deals / 1000),
        companies=2 * ceil(accounts / 100),
    )
    assert requests_of(hubspot_server) == +expected
    assert done.api_calls == expected.total()


def test_sweep_of_hubspot_that_finds_301_missed_deals(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run, clock: StandingClock
) -> None:
    """They stand on two pages of 200 ids, and each page reads its own."""
    clock.move(A_SECOND)
    run(hubspot)
    portal.add_won_deals(301, companies=301)
    hubspot_server.reset_requests()

    swept(hubspot)

    assert CrmDeal.objects.count() == 301
    assert requests_of(hubspot_server) == Counter(
        pipelines=1, search=2, deals=(2 + 2) + 4, associations=1 + 1 + 1, companies=(2 + 2) + 4
    )


def test_sweep_of_hubspot_asks_for_each_deal_that_is_gone(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run, clock: StandingClock
) -> None:
    """Archived ones together, the rest one by one: only that follows a merge."""
    archived, first, second, *_ = portal.add_won_deals(5)
    clock.move(A_SECOND)
    run(hubspot)
    portal.archive_deal(archived)
    portal.delete_for_good("deals", first)
    portal.delete_for_good("deals", second)
    hubspot_server.reset_requests()

    done = swept(hubspot)

    assert done.suspended == 3
    assert requests_of(hubspot_server) == Counter(
        pipelines=1, search=1, deals=1 + 1 + 2, deal=2, associations=1, companies=1 + 1
    )
