"""A deal that is deleted or archived stops its billing before the next invoice, and continues when it is back."""

from datetime import date, timedelta

import pytest

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import Invoice
from contracts.models import Contract
from crm_sync.enums import RunState, RunTrigger
from crm_sync.importing.fetching import Order
from crm_sync.models import Connection, CrmDeal, SyncRecord, SyncRun
from crm_sync.sync import sync
from demo.http_server import Server
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.conftest import Run
from tests.crm_sync.counted.request_log import requests_of
from tests.crm_sync.sales import TODAY, sell, sell_in_hubspot
from tests.crm_sync.told import told_by

BILLED_ON = TODAY


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def portal(clock: StandingClock) -> Portal:
    return Portal(clock=clock)


def check(connection: Connection, *, as_of: date) -> SyncRun:
    connection.refresh_from_db()
    done = sync(connection=connection, order=Order(trigger=RunTrigger.CHECK, as_of=as_of))
    assert done.state == RunState.DONE, done.error
    return done


def states() -> list[str]:
    return list(Contract.objects.values_list("state", flat=True))


def billed(*, as_of: date) -> int:
    ensure_legal_entity()
    invoice_due(as_of=as_of, trigger=BillingTrigger.COMMAND)
    return Invoice.objects.count()


def test_deleted_salesforce_deal_is_seen_by_the_next_poll(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    org.delete(deal)

    done = run(salesforce)

    assert (done.suspended, done.api_calls, states()) == (1, 1, ["suspended"])
    assert CrmDeal.objects.get().left_reason == "deleted"
    org.undelete(deal)
    run(salesforce)
    assert states() == ["active"]


def test_deleted_deal_that_nobody_knows_is_no_news(salesforce: Connection, org: Org, run: Run) -> None:
    run(salesforce)
    sell(org)
    run(salesforce)
    org.delete(sell(org))

    done = run(salesforce)

    assert (done.state, done.created, Contract.objects.count()) == ("done", 0, 1)


def test_deletion_that_moves_no_stamp_stops_the_invoice_of_tomorrow(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    org.deletion_moves_stamp = False
    deal = sell(org, modified_at=org.now() - timedelta(hours=3))
    org.add("Opportunity", Name="Lead")  # the polls look no further back than half an hour before it
    run(salesforce)
    run(salesforce)
    org.delete(deal)
    run(salesforce)
    salesforce_server.reset_requests()

    check(salesforce, as_of=BILLED_ON - timedelta(days=2))
    assert (states(), requests_of(salesforce_server)) == (["active"], {}), "it is too early"
    check(salesforce, as_of=BILLED_ON - timedelta(days=1))

    assert (states(), billed(as_of=BILLED_ON)) == (["suspended"], 0)
    assert requests_of(salesforce_server) == {"query": 1, "queryAll": 1}, "the deal, and what became of it"
    org.undelete(deal)
    check(salesforce, as_of=BILLED_ON)
    assert (states(), billed(as_of=BILLED_ON)) == (["active"], 1)


def test_archived_hubspot_deal_stops_the_invoice_of_tomorrow(
    hubspot: Connection, portal: Portal, hubspot_server: Server, clock: StandingClock, run: Run
) -> None:
    deal, other = sell_in_hubspot(portal), sell_in_hubspot(portal, amount="2400")
    clock.move(timedelta(hours=2))
    run(hubspot)
    portal.archive_deal(deal)
    hubspot_server.reset_requests()

    check(hubspot, as_of=BILLED_ON - timedelta(days=1))

    present, archived, read_again = 1, 1, 1
    assert requests_of(hubspot_server) == {
        "pipelines": 1,
        "deals": present + archived + read_again,
        "associations": 1,
        "companies": 1,
    }
    assert CrmDeal.objects.get(external_id=deal).contract.state == "suspended"
    assert (CrmDeal.objects.get(external_id=other).contract.state, billed(as_of=BILLED_ON)) == ("active", 1)
    portal.restore_deal(deal)
    check(hubspot, as_of=BILLED_ON)
    assert states() == ["active"] * 2


def test_deal_archived_two_minutes_before_the_invoice_is_billed_once_and_then_suspended(
    hubspot: Connection, portal: Portal, clock: StandingClock, run: Run
) -> None:
    """HubSpot's search never shows an archived deal, and billing asks no CRM: the next check tells."""
    deal = sell_in_hubspot(portal)
    clock.move(timedelta(hours=2))
    run(hubspot)
    check(hubspot, as_of=BILLED_ON)
    portal.archive_deal(deal)
    clock.move(timedelta(minutes=2))
    polled = run(hubspot)

    assert (polled.suspended, states(), billed(as_of=BILLED_ON)) == (0, ["active"], 1)
    checked = check(hubspot, as_of=date(2027, 2, 21))

    assert (checked.suspended, states(), CrmDeal.objects.get().left_reason) == (1, ["suspended"], "archived")
    [sentence] = SyncRecord.objects.filter(run=checked).values_list("sentence", flat=True)
    assert sentence == (
        "The deal was archived in the CRM. The contract is suspended and its planned instalments are paused. "
        "Review needed: the issued invoices stay as they are. Resume the contract, or correct what was invoiced."
    )


def test_check_is_no_proof_that_polls_work(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org)
    run(salesforce)
    Connection.objects.update(last_success_at=None, warnings=["Something is wrong."])

    check(salesforce, as_of=TODAY)

    salesforce.refresh_from_db()
    assert (salesforce.last_success_at, told_by(salesforce)) == (None, ["Something is wrong."])
