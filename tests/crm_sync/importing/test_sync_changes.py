"""Deals that change after they were imported. Before the first invoice the CRM owns the mapped fields."""

from datetime import date
from typing import Any

import pytest

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import Instalment, Invoice
from contracts.enums import CustomFieldHome
from contracts.models import Contract, Customer
from crm_sync.enums import SourceObject, Target
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import current_rules, save_mapping
from crm_sync.models import Connection, CrmDeal, Hold, SyncRecord
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import TODAY, sell, sell_in_hubspot
from tests.crm_sync.stored import row_versions, stored


def issue_invoices() -> None:
    ensure_legal_entity()
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)


def plan() -> list[tuple[date, int]]:
    return list(Instalment.objects.order_by("sequence").values_list("billing_date", "amount_minor"))


def last_record() -> SyncRecord:
    found = SyncRecord.objects.order_by("-id").first()
    assert found
    return found


def test_case_68_value_changed_before_an_invoice(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, Amount=2400, Billing_Frequency__c="Semi-annual", CloseDate="2026-11-30")

    done = run(salesforce)

    assert (done.updated, done.refused, Contract.objects.count()) == (1, 0, 1)
    assert plan() == [(date(2026, 11, 30), 120_000), (date(2027, 5, 30), 120_000)]
    contract = Contract.objects.get()
    assert (contract.value_minor, contract.start_date, contract.end_date, contract.state) == (
        240_000,
        date(2026, 11, 30),
        date(2027, 11, 30),
        "scheduled",
    )
    assert last_record().sentence == (
        "Changed: Contract Value: USD 1,200.00 to USD 2,400.00, "
        "Contract Start Date: 2026-11-22 to 2026-11-30, Billing Cycle: Quarterly to Semi-annual."
    )
    assert last_record().changes[0] == {
        "field": "Contract Value",
        "old": "USD 1,200.00",
        "new": "USD 2,400.00",
    }


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ({"Amount": 2400}, "Contract Value: USD 1,200.00 to USD 2,400.00"),
        ({"CloseDate": "2026-11-01"}, "Contract Start Date: 2026-11-22 to 2026-11-01"),
        ({"Contract_Term__c": 24}, "Contract Duration: 12 months to 24 months"),
        ({"Billing_Frequency__c": "Monthly"}, "Billing Cycle: Quarterly to Monthly"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_case_69_change_after_an_invoice_is_refused(
    salesforce: Connection, org: Org, run: Run, edit: dict[str, Any], sentence: str
) -> None:
    deal = sell(org)
    run(salesforce)
    issue_invoices()
    before = stored(but=["deals", "records", "cursors"])
    invoices = row_versions()["billing_invoice"]
    org.edit(deal, **edit)

    done = run(salesforce)

    assert (done.state, done.updated, done.refused) == ("done", 0, 1)
    assert last_record().sentence == (
        "The contract keeps its values: invoices have been issued for it. "
        f"The CRM now says otherwise: {sentence}."
    )
    assert stored(but=["deals", "records", "cursors"]) == before
    assert row_versions()["billing_invoice"] == invoices
    again = run(salesforce)
    assert (again.refused, again.unchanged) == (0, 1)


def test_case_56_change_of_account_after_an_invoice_is_refused_and_makes_no_customer(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    issue_invoices()
    org.edit(deal, AccountId=org.add_account("Other"))

    done = run(salesforce)

    assert (done.refused, last_record().changes) == (
        1,
        [{"field": "Customer", "old": "Acme", "new": "Other"}],
    )
    assert list(Customer.objects.values_list("name", flat=True)) == ["Acme"]
    assert Invoice.objects.get().customer == Contract.objects.get().customer


def test_change_of_account_before_an_invoice(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, AccountId=org.add_account("Other"))

    done = run(salesforce)

    assert (done.updated, Contract.objects.get().customer.name) == (1, "Other")


def test_names_and_account_manager_change_at_any_time(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    issue_invoices()
    buyer = Invoice.objects.get().buyer
    owner = org.add_user(name="Eve Executive", email="eve@acme.example")
    org.edit(org.record(deal)["AccountId"], Name="Acme Europe")
    org.edit(deal, Name="Acme platform, second edition", OwnerId=owner)

    done = run(salesforce)

    contract = Contract.objects.get()
    assert (done.updated, done.refused) == (1, 0)
    assert (contract.name, contract.account_manager_email, contract.customer.name) == (
        "Acme platform, second edition",
        "eve@acme.example",
        "Acme Europe",
    )
    assert (buyer["name"], Invoice.objects.get().buyer) == ("Acme", buyer)


@pytest.mark.parametrize(
    "edit",
    [
        {"Amount": None},
        {"Amount": -1},
        {"Contract_Term__c": None},
        {"Billing_Frequency__c": "Bi-annual"},
        {"AccountId": None},
    ],
    ids=str,
)
def test_later_value_that_cannot_be_read_replaces_nothing(
    salesforce: Connection, org: Org, run: Run, edit: dict[str, Any]
) -> None:
    deal = sell(org)
    run(salesforce)
    before = stored(but=["deals", "records", "cursors"])
    org.edit(deal, **edit)

    done = run(salesforce)

    assert (done.state, done.refused, done.held, Hold.objects.count()) == ("done", 1, 0, 0)
    assert stored(but=["deals", "records", "cursors"]) == before
    assert last_record().sentence.startswith("The contract keeps its values. ")
    assert CrmDeal.objects.get().state == "imported"


def test_optional_value_that_the_crm_has_lost_replaces_nothing(
    hubspot: Connection, portal: Portal, run: Run
) -> None:
    """As when a token loses the owners scope: every account manager would be wiped."""
    owner = portal.add_owner(email="eve@acme.example", first_name="Eve")
    deal = sell_in_hubspot(portal, hubspot_owner_id=owner, po_number="PO-1")
    rules = current_rules(connection=hubspot)
    extra = [
        FieldRule(target=Target.CUSTOM, custom_label="Type", source_field="dealtype"),
    ]
    save_mapping(connection=hubspot, rules=[*rules.rules, *extra], translations={}, actor=None)
    portal.update_deal(deal, dealtype="newbusiness")
    run(hubspot)
    portal.update_deal(deal, hubspot_owner_id=None, po_number=None, dealtype=None, dealname="Acme renewed")

    done = run(hubspot)

    contract = Contract.objects.get()
    assert (done.updated, contract.name) == (1, "Acme renewed")
    assert (contract.account_manager_email, contract.po_number, contract.custom_fields) == (
        "eve@acme.example",
        "PO-1",
        {"Type": "newbusiness"},
    )
    assert last_record().changes == [{"field": "Name", "old": "Acme platform", "new": "Acme renewed"}]


def test_custom_field_of_the_customer(salesforce: Connection, org: Org, run: Run) -> None:
    account = org.add_account("Acme", BillingCountry="Ireland")
    country = FieldRule(
        target=Target.CUSTOM,
        custom_label="Country",
        custom_home=CustomFieldHome.CUSTOMER,
        source_object=SourceObject.ACCOUNT,
        source_field="BillingCountry",
    )
    rules = current_rules(connection=salesforce)
    save_mapping(connection=salesforce, rules=[*rules.rules, country], translations={}, actor=None)
    sell(org, account=account)

    run(salesforce)

    assert Customer.objects.get().custom_fields == {"Country": "Ireland"}


def test_deal_that_changed_twice_within_one_poll(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    org.edit(deal, Amount=600)
    org.edit(deal, Amount=900)

    done = run(salesforce)

    assert (done.created, Contract.objects.get().value_minor) == (1, 90_000)


def test_touched_deal_with_the_same_mapped_values_is_unchanged(
    salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, Description="Called again.")

    done = run(salesforce)

    assert (done.unchanged, done.updated, SyncRecord.objects.count()) == (1, 0, 1)


def test_replay_tells_of_an_unchanged_deal(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)

    done = run(salesforce, external_ids=[deal])

    assert (done.unchanged, last_record().outcome, last_record().run_id) == (1, "unchanged", done.pk)
