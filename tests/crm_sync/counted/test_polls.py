"""What imports and polls cost in requests, as docs/requests.md promises it. Counted by the servers."""

from collections import Counter
from datetime import timedelta
from math import ceil

import pytest
from django.utils import timezone

from crm_sync.clients.hubspot import client as hubspot_client
from crm_sync.models import Connection
from demo.http_server import Server
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.clients.portals import NOON, StandingClock
from tests.crm_sync.conftest import Run
from tests.crm_sync.counted.request_log import A_SECOND, LATER, hubspot_minimum, requests_of, slow
from tests.crm_sync.sales import sell, sell_in_hubspot

WON = [(0, 0), (1, 1), (199, 1), (200, 100), (201, 101), slow(1000, 250), slow(1001, 1001), slow(2001, 1500)]


@pytest.mark.parametrize(("deals", "companies"), WON)
def test_first_import_of_hubspot(
    hubspot: Connection,
    portal: Portal,
    hubspot_server: Server,
    run: Run,
    clock: StandingClock,
    deals: int,
    companies: int,
) -> None:
    portal.add_won_deals(deals, companies=companies)
    clock.move(A_SECOND)

    done = run(hubspot)

    expected = hubspot_minimum(deals=deals, companies=companies)
    assert (done.created, requests_of(hubspot_server)) == (deals, expected)
    assert done.api_calls == expected.total()


@pytest.mark.parametrize(("deals", "companies"), WON)
def test_poll_of_hubspot(
    hubspot: Connection,
    portal: Portal,
    hubspot_server: Server,
    run: Run,
    clock: StandingClock,
    deals: int,
    companies: int,
) -> None:
    run(hubspot)
    clock.move(LATER)
    portal.add_won_deals(deals, companies=companies)
    clock.move(A_SECOND)
    hubspot_server.reset_requests()

    done = run(hubspot)

    expected = hubspot_minimum(deals=deals, companies=companies)
    assert (done.created, requests_of(hubspot_server)) == (deals, expected)
    assert done.api_calls == expected.total()


@pytest.mark.parametrize("deals", [0, 1, 199, 200, 201, slow(1000), slow(2000), slow(2001), slow(4001)])
@pytest.mark.parametrize("is_first", [True, False], ids=["first import", "poll"])
def test_deals_of_salesforce(
    salesforce: Connection,
    org: Org,
    salesforce_server: Server,
    run: Run,
    clock: StandingClock,
    deals: int,
    is_first: bool,
) -> None:
    if not is_first:
        run(salesforce)
        clock.move(LATER)
    org.add_won_deals(deals)
    salesforce_server.reset_requests()

    done = run(salesforce)

    currency = 1 if deals else 0
    expected = Counter(query=max(1, ceil(deals / 2000)) + currency)
    assert (done.created, requests_of(salesforce_server)) == (deals, expected)
    assert done.api_calls == expected.total()


@pytest.mark.slow
def test_hubspot_pages_of_open_and_won_deals(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run, clock: StandingClock
) -> None:
    """A page is 1,000 changed deals, and each reads what its won ones need before it is stored."""
    run(hubspot)
    clock.move(LATER)
    for _ in range(2):
        portal.add_won_deals(101, companies=101)
        for _ in range(899):
            portal.add_deal(dealname="Open", dealstage="contractsent")
    portal.add_deal(dealname="Open", dealstage="contractsent")
    clock.move(A_SECOND)
    hubspot_server.reset_requests()

    done = run(hubspot)

    expected = Counter(pipelines=1, search=11, deals=2 + 2, associations=1 + 1, companies=2 + 2)
    assert (done.created, requests_of(hubspot_server)) == (202, expected)


def test_hubspot_company_of_several_pages_is_read_once(
    hubspot: Connection,
    portal: Portal,
    hubspot_server: Server,
    run: Run,
    clock: StandingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hubspot_client, "SEARCHES_PER_PAGE", 1)
    portal.add_won_deals(401, companies=3)
    clock.move(A_SECOND)

    done = run(hubspot)

    expected = Counter(pipelines=1, search=3, deals=2 + 2 + 1, associations=3, companies=1)
    assert (done.created, requests_of(hubspot_server)) == (401, expected)


@pytest.mark.parametrize(
    ("active", "archived", "pages"), [(1, 0, 2), (100, 100, 2), (101, 0, 3), (101, 201, 5)]
)
def test_owners_of_hubspot(
    hubspot: Connection,
    portal: Portal,
    hubspot_server: Server,
    run: Run,
    clock: StandingClock,
    active: int,
    archived: int,
    pages: int,
) -> None:
    """Both lists, as soon as one won deal has an owner."""
    owners = [
        portal.add_owner(email=f"{n}@acme.example", archived=n >= active) for n in range(active + archived)
    ]
    for owner in owners[:2]:
        sell_in_hubspot(portal, hubspot_owner_id=owner)
    clock.move(A_SECOND)

    run(hubspot)

    expected = hubspot_minimum(deals=1, companies=1, owner_pages=pages)
    assert requests_of(hubspot_server) == expected


def test_quiet_polls(
    salesforce: Connection,
    hubspot: Connection,
    org: Org,
    portal: Portal,
    salesforce_server: Server,
    hubspot_server: Server,
    run: Run,
    clock: StandingClock,
) -> None:
    """Old deals lie outside of the overlap, open and won ones alike."""
    org.add_won_deals(30, modified_at=NOON - timedelta(days=1))
    sell(org, StageName="Prospecting")
    portal.add_won_deals(30)
    portal.add_deal(dealname="Open", dealstage="contractsent")
    clock.move(LATER)
    run(salesforce)
    run(hubspot)
    requests_of(salesforce_server), requests_of(hubspot_server)

    for _ in range(3):
        clock.move(timedelta(minutes=5))
        quiet = [run(connection) for connection in (salesforce, hubspot)]

        assert [(done.state, done.api_calls) for done in quiet] == [("done", 1), ("done", 2)]
        assert requests_of(salesforce_server) == Counter(queryAll=1)
        assert requests_of(hubspot_server) == Counter(pipelines=1, search=1)


def test_salesforce_session_that_has_ended(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    org.expire_access_tokens()

    done = run(salesforce)

    assert requests_of(salesforce_server) == Counter({"query": 2, "token": 1})
    assert done.api_calls == 3


def test_hubspot_deals_that_wait_for_a_company(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run, clock: StandingClock
) -> None:
    owner = portal.add_owner(email="ada@acme.example")
    for _ in range(101):
        sell_in_hubspot(portal, company_id=None, hubspot_owner_id=owner)
    clock.move(LATER)
    run(hubspot)
    clock.move(LATER)
    hubspot_server.reset_requests()

    done = run(hubspot)

    expected = Counter(pipelines=1, search=1, deals=2, associations=1, owners=2)
    assert (done.seen, requests_of(hubspot_server)) == (101, expected)


def test_hubspot_deal_in_a_stage_that_is_not_known(
    hubspot: Connection, portal: Portal, hubspot_server: Server, run: Run, clock: StandingClock
) -> None:
    """The stages are read once more, and again with the count of the one near miss, since the name is new to us."""
    run(hubspot)
    clock.move(LATER)
    for _ in range(3):
        portal.add_deal(dealname="Open", dealstage="contractsent")
    portal.pipelines = [each for each in portal.pipelines if each.id != "default"]
    clock.move(A_SECOND)
    hubspot_server.reset_requests()

    run(hubspot)

    poll, learned, looked_at = (
        Counter(pipelines=2, search=1),  # a selected stage is gone: the list is looked at twice
        Counter(pipelines=1),
        Counter(pipelines=1, search=1),
    )
    assert requests_of(hubspot_server) == poll + learned + looked_at


def test_salesforce_field_that_is_hidden(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    org.hide_field("Opportunity", "Billing_Frequency__c")

    asked = []
    for _ in range(2):
        run(salesforce)
        asked.append(requests_of(salesforce_server))

    refused_and_again, schema = Counter(query=2, describe=3), Counter(query=2, describe=3)
    assert asked == [refused_and_again + schema, Counter(query=1)]


@pytest.mark.parametrize(("has_currencies", "calls"), [(False, 3), (True, 2)])
def test_facts_are_learnt_with_one_run_a_day(
    salesforce: Connection,
    hubspot: Connection,
    org: Org,
    salesforce_server: Server,
    hubspot_server: Server,
    run: Run,
    has_currencies: bool,
    calls: int,
) -> None:
    run(salesforce)
    run(hubspot)
    a_day_ago = timezone.now() - timedelta(days=1)
    Connection.objects.update(facts_learnt_at=a_day_ago)
    Connection.objects.filter(pk=salesforce.pk).update(has_currency_field=has_currencies)
    org.multi_currency = has_currencies

    learning = [run(salesforce).api_calls, run(hubspot).api_calls]
    quiet = [run(salesforce).api_calls, run(hubspot).api_calls]

    assert [more - usual for more, usual in zip(learning, quiet, strict=True)] == [calls, 1]
