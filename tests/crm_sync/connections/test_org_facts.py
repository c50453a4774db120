"""What connecting learnt of an org is learnt again, and a warning stands until its own cause is gone."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from billing.models import Invoice
from contracts.models import Contract
from crm_sync.connections import authorising
from crm_sync.connections.settings import save_settings
from crm_sync.forms.connections.settings import SettingsForm
from crm_sync.models import Connection, SyncRecord
from demo.http_server import Server
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.clients.traps.salesforce_seen import connect_again
from tests.crm_sync.clients.traps.test_salesforce_rotation import changed_answer
from tests.crm_sync.conftest import IMPORT_FROM, Run, confirm
from tests.crm_sync.importing.test_sweeping import settle_clock, swept
from tests.crm_sync.importing.test_sync_changes import issue_invoices
from tests.crm_sync.sales import TODAY, sell, sell_in_hubspot
from tests.crm_sync.told import NOT_SIGNED, told_by

Change = Callable[[], Any]


def a_day_later(connection: Connection) -> Connection:
    """The facts were last learnt a day ago."""
    Connection.objects.filter(pk=connection.pk).update(facts_learnt_at=Now() - timedelta(days=1))
    connection.refresh_from_db()
    return connection


def fresh(connection: Connection) -> Connection:
    connection.refresh_from_db()
    return connection


def money() -> list[tuple[str, int]]:
    return list(Contract.objects.order_by("pk").values_list("currency", "value_minor"))


@pytest.mark.parametrize("is_first", [True, False], ids=["first import", "later poll"])
def test_org_that_gets_currencies_is_billed_in_them(
    salesforce: Connection, org: Org, run: Run, is_first: bool
) -> None:
    """With the very poll that brings the deal. What an org had before takes its main currency, here EUR."""
    if not is_first:
        sell(org, Name="Before")
        run(salesforce)
    org.multi_currency = True
    sell(org, Name="Tokyo", Amount=1200000.0, CurrencyIsoCode="JPY", AccountId=org.add_account("Tokyo"))

    done = run(salesforce)
    swept(salesforce)
    run(salesforce)

    assert (done.state, fresh(salesforce).has_currency_field) == ("done", True)
    assert money() == ([] if is_first else [("EUR", 120_000)]) + [("JPY", 1_200_000)]


def test_sweep_meets_the_currency_too(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org)
    run(salesforce)
    org.multi_currency = True
    old = TODAY - timedelta(days=2)
    long_ago = org.now() - timedelta(days=3)
    sell(org, Amount=5000.0, CurrencyIsoCode="GBP", CloseDate=old, modified_at=long_ago)

    swept(salesforce)

    assert ("GBP", 500_000) in money()


def test_what_was_billed_in_a_wrong_currency_is_told(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    issue_invoices()
    org.multi_currency = True
    org.find(deal)[1]["CurrencyIsoCode"] = "CHF"

    run(a_day_later(salesforce))
    swept(salesforce)

    told = SyncRecord.objects.get(outcome="refused")
    assert (money(), Invoice.objects.get().currency) == ([("USD", 120_000)], "USD")
    assert told.changes[0] == {"field": "Contract Value", "old": "USD 1,200.00", "new": "CHF 1,200.00"}


def test_facts_of_salesforce(salesforce: Connection, org: Org, run: Run) -> None:
    org.edit(org.org_id, Name="Acme Holding", OrganizationType="Unlimited Edition")
    org.tables["Organization"][org.org_id]["TimeZoneSidKey"] = "Asia/Tokyo"
    user = str(next(iter(org.grants.approvals)).user_id)
    org.edit(user, Username="grace@acme.example")

    run(salesforce)
    assert fresh(salesforce).time_zone != "Asia/Tokyo"
    run(a_day_later(salesforce))

    known = Connection.objects.select_related("org").get(pk=salesforce.pk)
    assert known.org is not None
    assert (known.org.name, known.org.kind, known.time_zone, known.connected_as) == (
        *("Acme Holding", "Unlimited Edition"),
        *("Asia/Tokyo", "grace@acme.example"),
    )
    assert known.last_sweep_at is None  # so that every stored deal is read again at once


@pytest.mark.parametrize(("chosen", "expected"), [("", "CHF"), ("USD", "USD")], ids=["learnt", "chosen"])
def test_facts_of_hubspot(hubspot: Connection, portal: Portal, run: Run, chosen: str, expected: str) -> None:
    """A zone, a currency and an address that the next deal is read by."""
    Connection.objects.update(default_currency=chosen or "EUR", told_currency="EUR")
    portal.company_currency, portal.time_zone = "CHF", "Asia/Tokyo"
    sell_in_hubspot(portal, closedate="2026-11-30T20:00:00Z", deal_currency_code=None)
    settle_clock(portal)

    run(a_day_later(hubspot))

    known = fresh(hubspot)
    assert (known.default_currency, known.time_zone, known.told_currency) == (expected, "Asia/Tokyo", "CHF")
    assert Contract.objects.get().start_date == date(2026, 12, 1)


def test_a_zone_that_changes_moves_what_is_not_billed(hubspot: Connection, portal: Portal, run: Run) -> None:
    sell_in_hubspot(portal, closedate="2026-11-30T20:00:00Z")
    settle_clock(portal)
    run(hubspot)
    assert Contract.objects.get().start_date == date(2026, 11, 30)
    portal.time_zone = "Asia/Tokyo"

    run(a_day_later(hubspot))
    swept(hubspot)

    assert Contract.objects.get().start_date == date(2026, 12, 1)


@pytest.fixture
def untold(db: None, portal: Portal, hubspot_server: Server) -> Connection:
    """A HubSpot whose token may not read the account's details; the currency was given by a person."""
    token = portal.issue_token()
    portal.forbid(token, family="account", reason="user without rights")
    connection = Connection.objects.create(
        provider="hubspot", name="HubSpot", import_from=IMPORT_FROM, default_currency="USD"
    )
    authorising.connect_with_pasted(connection=connection, pasted=token, actor=None)
    confirm(connection)
    sell_in_hubspot(portal, closedate="2026-12-01T03:00:00Z")
    settle_clock(portal)
    return connection


def test_nothing_is_imported_before_the_zone_is_known(untold: Connection, portal: Portal, run: Run) -> None:
    runs = [run(untold) for _ in range(10)]

    assert {one.state for one in runs} == {"done"}
    assert (fresh(untold).state, untold.time_zone, Contract.objects.count()) == ("degraded", "", 0)
    assert "choose the time zone in the settings" in told_by(untold)[0]
    portal.allow(next(iter(portal.tokens)), family="account")
    run(untold)
    assert (fresh(untold).state, untold.time_zone, told_by(untold)) == ("connected", "US/Eastern", [])
    assert Contract.objects.get().start_date == date(2026, 11, 30)


def test_run_that_cannot_ask_for_the_zone_fails(untold: Connection, hubspot_server: Server, run: Run) -> None:
    """It does not pass for one that found nothing."""
    hubspot_server.faults.add("status", code=503, endpoint="/account-info/")

    failed = run(untold)

    assert (failed.state, failed.error_kind, fresh(untold).state) == ("failed", "transient", "degraded")


def test_a_person_may_name_the_zone(untold: Connection, run: Run) -> None:
    """The field is there as long as the CRM does not tell."""
    assert "time_zone" in SettingsForm(instance=untold, stages=[]).fields

    save_settings(connection=untold, changes={"time_zone": "US/Eastern"}, actor=None)

    assert (untold.state, told_by(untold)) == ("connected", [])
    run(untold)
    assert (fresh(untold).state, untold.time_zone) == ("connected", "US/Eastern")
    assert Contract.objects.get().start_date == date(2026, 11, 30)
    assert "time_zone" not in SettingsForm(instance=untold, stages=[]).fields


def test_a_zone_that_nobody_knows(hubspot: Connection, hubspot_server: Server, run: Run) -> None:
    hubspot_server.faults.add(
        "body", text='{"timeZone": "Mars/Olympus", "companyCurrency": "USD"}', endpoint="/account-info/"
    )
    Connection.objects.update(time_zone="")

    done = run(hubspot)

    assert (done.state, fresh(hubspot).state, hubspot.time_zone) == ("done", "degraded", "")
    assert "'Mars/Olympus', which Fincelo does not know" in told_by(hubspot)[0]


def test_wrong_signature_stands_until_an_answer_is_signed(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    org.intercept = changed_answer(server=salesforce_server, org=org, signature="AAAA")
    connect_again(org=org, connection=salesforce)

    states = [(run(salesforce).state, fresh(salesforce).state, told_by(salesforce)) for _ in range(10)]

    assert states == [("done", "degraded", [NOT_SIGNED])] * 10
    org.expire_access_tokens()
    run(salesforce)
    assert (fresh(salesforce).state, told_by(salesforce)) == ("connected", [])


def test_owners_that_cannot_be_read_are_told_until_they_can(
    hubspot: Connection, portal: Portal, run: Run
) -> None:
    """Polls that bring no deal do not look at owners, and end no warning."""
    token = next(iter(portal.tokens))
    portal.forbid(token, family="owners", reason="user without rights")
    owner = portal.add_owner(email="ada@acme.example")
    sell_in_hubspot(portal, hubspot_owner_id=owner)
    settle_clock(portal)
    run(hubspot)
    clock = portal.clock
    portal.clock = lambda: clock() + timedelta(hours=3)

    states = [(run(hubspot).state, fresh(hubspot).state, len(told_by(hubspot))) for _ in range(10)]

    assert states == [("done", "degraded", 1)] * 10
    portal.allow(token, family="owners")
    swept(hubspot)
    assert (fresh(hubspot).state, told_by(hubspot)) == ("connected", [])
