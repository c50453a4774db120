"""Which deals become what, and that reading them again changes nothing."""

from datetime import date, timedelta

import pytest

from billing.models import Instalment
from contracts.models import Contract, Customer
from crm_sync.connections.settings import save_settings
from crm_sync.enums import HoldCode
from crm_sync.models import Connection, CrmAccount, CrmDeal, Hold, SyncRecord
from demo.hubspot.portal import Portal
from demo.salesforce.defaults import STAGES
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run, let_in
from tests.crm_sync.sales import TODAY, sell, sell_in_hubspot
from tests.crm_sync.stored import NOTHING, row_versions, stored


def test_won_deal_becomes_customer_contract_and_schedule(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)

    done = run(salesforce)

    assert (done.state, done.error, done.seen, done.created) == ("done", "", 1, 1)
    found = stored(but=["accounts", "deals", "records", "cursors"])
    assert found == {
        "customers": [("Acme", "", "", "", "", "", "", "", "{}")],
        "contracts": [
            (
                *(deal, "Acme", "Acme platform", "USD", 120_000, TODAY, date(2027, 11, 22), 12, "quarterly"),
                *("in_advance", 0, "active", "ada@acme.example", "", "{}"),
            )
        ],
        "schedules": [(deal, "active", False)],
        "instalments": [
            (deal, 1, date(2026, 11, 22), date(2027, 2, 22), 30_000, date(2026, 11, 22), "planned"),
            (deal, 2, date(2027, 2, 22), date(2027, 5, 22), 30_000, date(2027, 2, 22), "planned"),
            (deal, 3, date(2027, 5, 22), date(2027, 8, 22), 30_000, date(2027, 5, 22), "planned"),
            (deal, 4, date(2027, 8, 22), date(2027, 11, 22), 30_000, date(2027, 8, 22), "planned"),
        ],
        "invoices": [],
        "numbers": [],
        "holds": [],
    }
    record = SyncRecord.objects.get()
    assert (record.outcome, record.sentence) == (
        "created",
        "Contract over USD 1,200.00 created, 4 instalments planned.",
    )


@pytest.mark.parametrize(
    "stage",
    [
        *("closed won", "Closed won", "CLOSED WON", "Closed Won ", " Closed Won", "Closed  Won"),
        *("Closed-Won", "Closed\u00a0Won", "Prospecting", "Closed Lost"),
    ],
)
def test_case_39_stage_that_is_not_exactly_the_selected_one(
    salesforce: Connection, org: Org, run: Run, stage: str
) -> None:
    deal = sell(org)
    run(salesforce)
    before = row_versions(but=["SyncRun", "Connection", "ConnectionLease", "CrmSchema", "RecentDeal"])
    sell(org, StageName=stage)

    done = run(salesforce)

    assert (done.state, done.created, done.held, done.unchanged) == ("done", 0, 0, 1)
    assert row_versions(but=["SyncRun", "Connection", "ConnectionLease", "CrmSchema", "RecentDeal"]) == before
    assert list(CrmDeal.objects.values_list("external_id", flat=True)) == [deal]


def test_first_poll_imports_no_open_lost_or_nearly_won_deal(
    salesforce: Connection, org: Org, run: Run
) -> None:
    for stage in ("closed won", "Closed Won ", "Prospecting", "Closed Lost"):
        sell(org, StageName=stage)

    done = run(salesforce)

    assert (done.state, done.created, done.held) == ("done", 0, 0)
    assert stored(but=["cursors"]) == NOTHING


@pytest.mark.parametrize("stage", ["20519881", "closedlost", "contractsent"])
def test_case_40_stage_with_another_label_in_hubspot(
    hubspot: Connection, portal: Portal, run: Run, stage: str
) -> None:
    """20519881 is labelled "Closed won"."""
    sell_in_hubspot(portal, dealstage=stage)

    first, again = run(hubspot), run(hubspot)

    assert (first.state, first.created, again.created) == ("done", 0, 0)
    assert stored(but=["cursors"]) == NOTHING


def test_case_41_every_pipeline_with_the_selected_label_counts(
    hubspot: Connection, portal: Portal, run: Run
) -> None:
    sell_in_hubspot(portal)
    sell_in_hubspot(portal, dealstage="11348547")

    done = run(hubspot)

    assert (done.created, Contract.objects.count()) == (2, 2)


def test_case_1_won_deal_without_an_amount_is_held_and_makes_no_customer(
    salesforce: Connection, org: Org, run: Run
) -> None:
    sell(org, Amount=None)

    done = run(salesforce)

    assert (done.state, done.created, done.held) == ("done", 0, 1)
    hold = Hold.objects.get()
    assert (hold.code, hold.crm_deal.state, hold.crm_deal.name) == ("AMOUNT_MISSING", "held", "Acme platform")
    assert [one["sentence"] for one in hold.problems] == ["Contract Value is empty."]
    assert (Customer.objects.count(), Contract.objects.count(), CrmAccount.objects.count()) == (0, 0, 0)


def test_held_deal_lists_all_its_problems(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org, account=None, Amount=-5, Contract_Term__c=0, Billing_Frequency__c="Bi-annual")

    run(salesforce)

    assert {one["code"] for one in Hold.objects.get().problems} == {
        HoldCode.NO_ACCOUNT,
        HoldCode.AMOUNT_NOT_POSITIVE,
        HoldCode.TERM_UNREADABLE,
        HoldCode.FREQUENCY_UNKNOWN,
    }


def test_same_poll_three_times_writes_nothing(salesforce: Connection, org: Org, run: Run) -> None:
    org.add_won_deals(30)
    sell(org, Amount=None)
    first = run(salesforce)
    before = row_versions(but=["SyncRun", "Connection", "ConnectionLease"])

    again = [run(salesforce) for _ in range(3)]

    assert (first.created, first.held) == (30, 1)
    assert [(one.state, one.seen, one.unchanged, one.created) for one in again] == [("done", 31, 31, 0)] * 3
    assert row_versions(but=["SyncRun", "Connection", "ConnectionLease"]) == before


def test_same_poll_of_hubspot_three_times_writes_nothing(
    hubspot: Connection, portal: Portal, run: Run
) -> None:
    portal.add_won_deals(30)
    sell_in_hubspot(portal, company_id=None)
    first = run(hubspot)
    before = row_versions(but=["SyncRun", "Connection", "ConnectionLease"])

    again = [run(hubspot) for _ in range(3)]

    assert (first.created, first.held) == (30, 1)
    assert {(one.state, one.created, one.updated, one.held) for one in again} == {("done", 0, 0, 0)}
    assert row_versions(but=["SyncRun", "Connection", "ConnectionLease"]) == before


def test_reading_everything_again_writes_nothing(salesforce: Connection, org: Org, run: Run) -> None:
    org.add_won_deals(30)
    run(salesforce)
    before = row_versions(but=["SyncRun", "Connection", "ConnectionLease", "RecentDeal"])
    Connection.objects.update(cursor_modified_at=None, cursor_external_id="")

    again = run(salesforce)

    assert (again.seen, again.unchanged) == (30, 30)
    assert row_versions(but=["SyncRun", "Connection", "ConnectionLease", "RecentDeal"]) == before


def test_case_53_two_deals_of_one_account_in_one_page(salesforce: Connection, org: Org, run: Run) -> None:
    account = org.add_account("Acme")
    sell(org, account=account, Name="Platform")
    sell(org, account=account, Name="Support", Amount=300)

    run(salesforce)

    assert list(Customer.objects.values_list("name", flat=True)) == ["Acme"]
    assert set(Contract.objects.values_list("name", "customer__name")) == {
        ("Platform", "Acme"),
        ("Support", "Acme"),
    }


def test_deal_of_an_account_that_is_a_customer_already(salesforce: Connection, org: Org, run: Run) -> None:
    account = org.add_account("Acme")
    sell(org, account=account)
    run(salesforce)
    sell(org, account=account, Amount=300)

    run(salesforce)

    assert (Customer.objects.count(), CrmAccount.objects.count(), Contract.objects.count()) == (1, 1, 2)


def test_case_54_two_accounts_with_one_name(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org)
    sell(org)

    run(salesforce)

    assert list(Customer.objects.values_list("name", flat=True)) == ["Acme", "Acme"]


def test_case_55_renamed_account(salesforce: Connection, org: Org, run: Run) -> None:
    account = org.add_account("Acme")
    sell(org, account=account)
    run(salesforce)
    org.edit(account, Name="Acme Europe")
    sell(org, account=account, Amount=300)

    run(salesforce)

    assert list(Customer.objects.values_list("name", flat=True)) == ["Acme Europe"]


def test_same_sale_through_both_crms_stays_apart(
    salesforce: Connection, hubspot: Connection, org: Org, portal: Portal, run: Run
) -> None:
    sell(org)
    sell_in_hubspot(portal)

    run(salesforce)
    run(hubspot)

    assert set(CrmDeal.objects.values_list("org__provider", "state")) == {
        ("salesforce", "imported"),
        ("hubspot", "imported"),
    }
    assert (Customer.objects.count(), Contract.objects.count()) == (2, 2)


def test_deal_closed_before_the_import_date(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org, CloseDate=date(2025, 12, 31))
    sell(org, CloseDate=date(2026, 1, 1))

    run(salesforce)
    run(salesforce)

    assert list(Contract.objects.values_list("start_date", flat=True)) == [date(2026, 1, 1)]


@pytest.mark.parametrize("read_before", [False, True])
def test_import_date_moved_back_imports_the_rest_and_nothing_twice(
    salesforce: Connection, org: Org, run: Run, read_before: bool
) -> None:
    long_ago = org.now() - timedelta(days=300)
    old = sell(org, CloseDate=date(2025, 6, 1), modified_at=long_ago)
    new = sell(org, modified_at=long_ago)
    sell(org, CloseDate=date(2025, 6, 2), StageName="Closed Lost", modified_at=long_ago)
    if read_before:
        run(salesforce)
    contracts = list(Contract.objects.values_list("pk", flat=True))

    save_settings(connection=salesforce, changes={"import_from": date(2025, 1, 1)}, actor=None)
    let_in(salesforce)
    done = run(salesforce)

    assert (done.created, done.unchanged) == ((1, 1) if read_before else (2, 0))
    assert set(CrmDeal.objects.values_list("external_id", flat=True)) == {old, new}
    assert set(contracts) <= set(Contract.objects.values_list("pk", flat=True))


def test_import_date_moved_back_in_hubspot(hubspot: Connection, portal: Portal, run: Run) -> None:
    long_ago = portal.clock() - timedelta(days=300)
    sell_in_hubspot(portal, closedate="2025-06-01T12:00:00Z", modified_at=long_ago)
    sell_in_hubspot(portal)
    run(hubspot)

    save_settings(connection=hubspot, changes={"import_from": date(2025, 1, 1)}, actor=None)
    let_in(hubspot)
    done = run(hubspot)

    assert (done.created, done.unchanged, Contract.objects.count()) == (1, 1, 2)


def test_further_stage_brings_in_the_deals_that_are_in_it(salesforce: Connection, org: Org, run: Run) -> None:
    signed = {"ApiName": "Signed", "IsClosed": True, "IsWon": True, "DefaultProbability": 100.0}
    org.set_stages([*STAGES, signed])
    deal = sell(org, StageName="Signed", modified_at=org.now() - timedelta(days=30))
    before = run(salesforce)

    save_settings(connection=salesforce, changes={"stage_names": ["Closed Won", "Signed"]}, actor=None)
    after = run(salesforce)

    assert (before.created, after.created) == (0, 1)
    assert list(CrmDeal.objects.values_list("external_id", "state")) == [(deal, "imported")]


def test_no_contract_without_its_schedule(salesforce: Connection, org: Org, run: Run) -> None:
    org.add_won_deals(40)

    run(salesforce)

    assert Contract.objects.filter(billing_schedule__isnull=True).count() == 0
    for contract in Contract.objects.all():
        planned = Instalment.objects.filter(schedule__contract=contract)
        assert sum(planned.values_list("amount_minor", flat=True)) == contract.value_minor
