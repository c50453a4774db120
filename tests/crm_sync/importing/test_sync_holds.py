"""Holds: they end when the deal is mended, stay when a person says so, and are never opened twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection as database

from contracts.enums import BillingCycle
from contracts.models import Contract, Customer
from crm_sync.enums import DealState, HoldCode
from crm_sync.holds.deciding import accept_duplicate, dismiss
from crm_sync.models import Connection, CrmDeal, Hold, SyncRecord
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run, confirm
from tests.crm_sync.sales import sell, sell_in_hubspot


def test_held_deal_that_is_mended_in_the_crm(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org, Amount=None)
    run(salesforce)
    org.edit(deal, Amount=1200)

    done = run(salesforce)

    assert (done.created, done.held) == (1, 0)
    hold = Hold.objects.get()
    assert hold.resolved_at is not None
    assert (hold.resolution, hold.crm_deal.state, Contract.objects.count()) == ("imported", "imported", 1)
    assert list(SyncRecord.objects.order_by("id").values_list("outcome", "code")) == [
        ("held", "AMOUNT_MISSING"),
        ("created", ""),
    ]


def test_held_deal_with_another_problem_keeps_its_one_hold(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org, Amount=None)
    run(salesforce)
    opened_at = Hold.objects.get().opened_at
    org.edit(deal, Amount=1200, Billing_Frequency__c="Bi-annual")

    run(salesforce)

    hold = Hold.objects.get()
    assert (hold.code, hold.opened_at, hold.resolved_at) == (HoldCode.FREQUENCY_UNKNOWN, opened_at, None)


def test_hold_ends_when_the_mapping_cures_it(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org, Billing_Frequency__c="Bi-annual")
    run(salesforce)
    confirm(salesforce, translations={"bi-annual": BillingCycle.SEMI_ANNUAL})

    run(salesforce)

    assert list(Contract.objects.values_list("billing_cycle", flat=True)) == ["semi_annual"]
    assert not Hold.objects.open().exists()


def test_dismissed_deal_stays_dismissed_whatever_changes(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    deal = sell(org, Amount=None)
    run(salesforce)
    dismiss(hold=Hold.objects.get(), actor=finance, reason="A test deal.")
    org.edit(deal, Amount=1200)

    done = run(salesforce)

    assert (done.created, done.held, done.unchanged) == (0, 0, 1)
    assert (CrmDeal.objects.get().state, Hold.objects.open().count(), Contract.objects.count()) == (
        DealState.DISMISSED,
        0,
        0,
    )


def test_dismissed_deal_that_is_replayed_by_hand(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    deal = sell(org, Amount=None)
    run(salesforce)
    dismiss(hold=Hold.objects.get(), actor=finance, reason="A test deal.")
    org.edit(deal, Amount=1200)

    done = run(salesforce, external_ids=[deal])

    assert (done.created, CrmDeal.objects.get().state) == (1, DealState.IMPORTED)
    assert list(Hold.objects.values_list("resolution", flat=True)) == ["dismissed"]


@pytest.mark.parametrize("pages", ["one page", "two polls"])
def test_case_51_copied_deal_is_a_possible_duplicate(
    salesforce: Connection, org: Org, run: Run, pages: str
) -> None:
    account = org.add_account("Acme")
    original = sell(org, account=account)
    if pages == "two polls":
        run(salesforce)
    copy = sell(org, account=account, Name="Acme platform (copy)")

    run(salesforce)

    assert set(CrmDeal.objects.values_list("external_id", "state")) == {
        (original, "imported"),
        (copy, "held"),
    }
    hold = Hold.objects.get()
    assert (hold.crm_deal.external_id, hold.code) == (copy, HoldCode.DUPLICATE_SUSPECT)
    assert [one["sentence"] for one in hold.problems] == [
        "The customer has a contract over USD 1,200.00 from 2026-11-22 already."
    ]


@pytest.mark.parametrize(
    "difference",
    [{"Amount": 1200.01}, {"CloseDate": "2026-11-21"}, {"AccountId": None}],
    ids=["amount", "start", "account"],
)
def test_sale_that_differs_is_no_duplicate(
    salesforce: Connection, org: Org, run: Run, difference: dict[str, Any]
) -> None:
    account = org.add_account("Acme")
    sell(org, account=account)
    if "AccountId" in difference:
        difference = {"AccountId": org.add_account("Acme")}
    sell(org, account=account, **difference)

    done = run(salesforce)

    assert (done.created, done.held) == (2, 0)


def test_accepted_duplicate_is_imported_by_the_replay(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    account = org.add_account("Acme")
    sell(org, account=account)
    copy = sell(org, account=account)
    run(salesforce)
    accept_duplicate(hold=Hold.objects.get(), actor=finance)

    done = run(salesforce, external_ids=[copy])

    assert (done.created, done.held) == (1, 0)
    assert (Contract.objects.count(), Customer.objects.count()) == (2, 1)
    assert Hold.objects.get().resolution == "imported"


def test_company_that_is_given_to_a_deal_later(hubspot: Connection, portal: Portal, run: Run) -> None:
    """HubSpot does not touch the deal's modification date for that."""
    deal = sell_in_hubspot(portal, company_id=None)
    run(hubspot)
    before = portal.objects["deals"].records[deal].updated_at
    portal.link_company(deal, portal.add_company(name="Acme", domain="acme.example"))

    done = run(hubspot)

    assert portal.objects["deals"].records[deal].updated_at == before
    assert (done.created, done.held, Contract.objects.get().customer.name) == (1, 0, "Acme")


def test_company_that_is_given_long_after_the_deal_was_last_read(
    hubspot: Connection, portal: Portal, run: Run
) -> None:
    deal = sell_in_hubspot(
        portal,
        company_id=None,
        closedate="2026-02-01T12:00:00Z",
        modified_at=portal.clock() - timedelta(days=200),  # type: ignore[arg-type]
    )
    run(hubspot)
    portal.link_company(deal, portal.add_company(name="Acme", domain="acme.example"))

    done = run(hubspot)

    assert (done.seen, done.created) == (1, 1)


def test_company_that_is_given_a_name_later(hubspot: Connection, portal: Portal, run: Run) -> None:
    company = portal.add_company(name=None, domain="acme.example")
    sell_in_hubspot(
        portal,
        company_id=company,
        closedate="2026-02-01T12:00:00Z",
        modified_at=portal.clock() - timedelta(days=200),  # type: ignore[arg-type]
    )
    first = run(hubspot)
    portal.update_company(company, name="Acme")

    done = run(hubspot)

    assert (first.held, done.created, Contract.objects.get().customer.name) == (1, 1, "Acme")


def test_case_57_several_companies_and_none_primary(hubspot: Connection, portal: Portal, run: Run) -> None:
    deal = sell_in_hubspot(portal, company_id=None)
    for name in ("Acme", "Acme Europe"):
        portal.link_company(deal, portal.add_company(name=name, domain="acme.example"), primary=False)

    run(hubspot)

    assert [one["code"] for one in Hold.objects.get().problems] == ["NO_ACCOUNT"]
    assert not Customer.objects.exists()


def refuse_contracts_named(name: str) -> None:
    with database.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE contracts_contract ADD CONSTRAINT refused_by_test"
            f" CHECK (name <> '{name}') NOT VALID"
        )


def test_deal_that_the_database_refuses_is_held_and_the_rest_lands(
    salesforce: Connection, org: Org, run: Run
) -> None:
    org.add_won_deals(8)
    guilty = sell(org, Name="Poison")
    refuse_contracts_named("Poison")

    done = run(salesforce)

    assert (done.state, done.seen, done.created, done.held) == ("done", 9, 8, 1)
    assert Contract.objects.count() == 8
    assert not Customer.objects.filter(name="Acme").exists()
    hold = Hold.objects.get()
    assert (hold.crm_deal.external_id, hold.code) == (guilty, HoldCode.WRITE_FAILED)


def test_deal_that_was_refused_goes_through_once_the_cause_is_gone(
    salesforce: Connection, org: Org, run: Run
) -> None:
    guilty = sell(org, Name="Poison")
    refuse_contracts_named("Poison")
    run(salesforce)
    with database.cursor() as cursor:
        cursor.execute("ALTER TABLE contracts_contract DROP CONSTRAINT refused_by_test")

    done = run(salesforce, external_ids=[guilty])

    assert (done.created, Hold.objects.get().resolution) == (1, "imported")


def test_change_that_the_database_refuses_leaves_the_contract_with_its_deal(
    salesforce: Connection, org: Org, run: Run
) -> None:
    """Otherwise the next reading would make a second contract of the deal."""
    org.add_won_deals(4)
    deal = sell(org)
    run(salesforce)
    contract = Contract.objects.get(name="Acme platform")
    refuse_contracts_named("Poison")
    org.edit(deal, Name="Poison", Amount=2400)

    refused = run(salesforce)

    record = CrmDeal.objects.get(external_id=deal)
    assert (record.state, record.contract_id, Hold.objects.count()) == ("imported", contract.pk, 0)
    assert (refused.state, refused.created, refused.held, refused.failed) == ("done", 0, 0, 1)
    contract.refresh_from_db()
    assert (contract.name, contract.value_minor) == ("Acme platform", 120_000)

    with database.cursor() as cursor:
        cursor.execute("ALTER TABLE contracts_contract DROP CONSTRAINT refused_by_test")
    again = run(salesforce)

    contract.refresh_from_db()
    assert (again.updated, contract.name, contract.value_minor) == (1, "Poison", 240_000)
    assert Contract.objects.count() == 5
