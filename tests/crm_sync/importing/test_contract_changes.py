"""A difference between the CRM and an invoiced contract is one open item until the CRM goes back."""

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from billing.changing.fields import shown_fields
from billing.changing.listing import open_change_count
from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import ContractChange
from contracts.models import Contract
from crm_sync.importing.leaving import keep_leavers
from crm_sync.models import Alert, Connection, SyncRecord
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import TODAY, sell, sell_in_hubspot
from tests.pages import alerts, rows, signed_in, words

MIGRATION = import_module("crm_sync.migrations.0024_open_changes_of_refused_deals")
READER = (
    "billing.view_contractchange",
    "contracts.view_contract",
    "crm_sync.view_tieout",
    "crm_sync.view_syncrun",
)


@pytest.fixture(autouse=True)
def _legal_entity(db: None) -> None:
    ensure_legal_entity()


def bill() -> None:
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)


@pytest.fixture
def billed(salesforce: Connection, org: Org, run: Run) -> str:
    """A deal of USD 1,200.00 whose contract has been invoiced."""
    deal = sell(org)
    run(salesforce)
    bill()
    return deal


def state() -> list[tuple[str, str, int, list[tuple[str, str, str]]]]:
    return [
        (
            change.state,
            change.kind,
            change.revision,
            [
                (one.label, one.contract_says, one.crm_says)
                for one in shown_fields(before=change.before, after=change.after)
            ],
        )
        for change in ContractChange.objects.order_by("pk")
    ]


def mails() -> int:
    return Alert.objects.filter(kind="changed").count()


CASES = {
    "value": ({"Amount": 1500}, {"Amount": 1200}, ("Contract Value", "USD 1,200.00", "USD 1,500.00")),
    "term": (
        {"Contract_Term__c": 24},
        {"Contract_Term__c": 12},
        ("Contract Duration", "12 months", "24 months"),
    ),
    "cycle": (
        {"Billing_Frequency__c": "Annual"},
        {"Billing_Frequency__c": "Quarterly"},
        ("Billing Cycle", "Quarterly", "Annual"),
    ),
    "start": (
        {"CloseDate": TODAY - timedelta(days=1)},
        {"CloseDate": TODAY},
        ("Contract Start Date", "2026-11-22", "2026-11-21"),
    ),
    "lost": ({"StageName": "Closed Lost"}, {"StageName": "Closed Won"}, ("Deal", "Won", "Lost")),
    "left": (
        {"StageName": "Prospecting"},
        {"StageName": "Closed Won"},
        ("Deal", "Won", "Moved to another stage"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_told_once_counted_once_and_gone_when_the_crm_goes_back(
    salesforce: Connection, org: Org, run: Run, billed: str, case: str
) -> None:
    change, back, field = CASES[case]
    kind = "deal_left" if field[0] == "Deal" else "crm_change"
    org.edit(billed, **change)
    for _ in range(6):
        run(salesforce)

    assert state() == [("open", kind, 1, [field])]
    assert (open_change_count(), mails()) == (1, 1)

    org.edit(billed, **back)
    for _ in range(2):
        run(salesforce)

    assert state() == [("withdrawn", kind, 1, [field])]
    assert ContractChange.objects.get().reason == "The CRM says again what the contract says."
    assert (open_change_count(), mails(), Contract.objects.get().state) == (0, 1, "active")


def test_account(salesforce: Connection, org: Org, run: Run, billed: str) -> None:
    org.edit(billed, AccountId=org.add_account("Other"))
    run(salesforce)

    assert state() == [("open", "crm_change", 1, [("Customer", "Acme", "Other")])]


def test_currency(salesforce: Connection, org: Org, run: Run) -> None:
    org.multi_currency = True
    Connection.objects.update(has_currency_field=True)
    deal = sell(org, CurrencyIsoCode="USD")
    run(salesforce)
    bill()
    org.edit(deal, CurrencyIsoCode="EUR")
    run(salesforce)

    assert state() == [("open", "crm_change", 1, [("Contract Value", "USD 1,200.00", "EUR 1,200.00")])]


def test_in_hubspot(hubspot: Connection, portal: Portal, run: Run) -> None:
    clock = portal.clock
    deal = sell_in_hubspot(portal)
    portal.clock = lambda: clock() + timedelta(seconds=2)
    run(hubspot)
    bill()
    portal.update_deal(deal, amount="1800")
    portal.clock = lambda: clock() + timedelta(seconds=4)
    for _ in range(3):
        run(hubspot)

    assert state() == [("open", "crm_change", 1, [("Contract Value", "USD 1,200.00", "USD 1,800.00")])]
    assert mails() == 1


def test_another_value_and_a_second_field_change_the_same_item(
    salesforce: Connection, org: Org, run: Run, billed: str
) -> None:
    org.edit(billed, Amount=1500)
    run(salesforce)
    ContractChange.objects.update(first_seen_at=timezone.now() - timedelta(days=3))
    first = ContractChange.objects.get().first_seen_at
    org.edit(billed, Amount=1600, Contract_Term__c=24)
    run(salesforce)

    change = ContractChange.objects.get()
    assert (change.revision, change.first_seen_at, set(change.after)) == (
        2,
        first,
        {"value", "duration_months"},
    )
    assert mails() == 1


def test_lost_with_another_value_is_one_item(salesforce: Connection, org: Org, run: Run, billed: str) -> None:
    org.edit(billed, Amount=1500)
    run(salesforce)
    org.edit(billed, StageName="Closed Lost")
    run(salesforce)
    assert [set(change.after) for change in ContractChange.objects.all()] == [{"value", "deal"}]

    org.edit(billed, StageName="Closed Won")
    run(salesforce)

    assert (state()[0][:2], Contract.objects.get().state) == (("open", "crm_change"), "suspended")


def test_many_leaving_at_once_open_nothing_before_an_answer(
    salesforce: Connection, org: Org, run: Run, finance: User
) -> None:
    Connection.objects.update(most_new_deals=30)
    account = org.add_account("Acme")
    deals = [sell(org, account=account, Amount=100 + number) for number in range(21)]
    run(salesforce)
    bill()
    for deal in deals:
        org.edit(deal, StageName="Closed Lost")
    run(salesforce)
    assert ContractChange.objects.count() == 0

    keep_leavers(connection=salesforce, actor=finance)

    assert ContractChange.objects.count() == 0


def test_lost_after_the_contract_was_completed(
    salesforce: Connection, org: Org, run: Run, billed: str
) -> None:
    Contract.objects.update(state="completed")
    org.edit(billed, StageName="Closed Lost")
    for _ in range(3):
        run(salesforce)

    assert state() == [("open", "deal_left", 1, [("Deal", "Won", "Lost")])]


def test_before_the_first_invoice_nothing_is_raised(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, Amount=1500)
    run(salesforce)

    assert (ContractChange.objects.count(), Contract.objects.get().value_minor) == (0, 150_000)


def test_resuming_a_lost_deals_contract_is_a_decision(
    salesforce: Connection, org: Org, run: Run, billed: str
) -> None:
    org.edit(billed, StageName="Closed Lost")
    run(salesforce)
    browser = signed_in("billing.change_billingschedule", "contracts.view_contract")

    browser.post(f"/contracts/{Contract.objects.get().pk}/resume/")

    assert ContractChange.objects.get().reason == "dana has resumed the contract."
    run(salesforce)
    assert open_change_count() == 0


def test_pages_show_it_until_it_is_gone(salesforce: Connection, org: Org, run: Run, billed: str) -> None:
    org.edit(billed, Amount=900)
    run(salesforce)
    browser = signed_in(*READER)
    contract = Contract.objects.get()

    page = browser.get(contract.get_absolute_url())
    listed = browser.get("/changes/")
    month = browser.get(f"/tie-out/?month={TODAY:%Y-%m}")

    assert alerts(page) == ["Salesforce says something else than this contract."]
    assert ["Contract Value", "USD 900.00", "USD 1,200.00"] in rows(page)
    assert rows(listed)[0][:6] == [
        "Acme platform Acme, ada@acme.example",
        "Contract Value",
        "USD 900.00 Open the deal",
        "USD 1,200.00",
        "USD 300.00",
        "USD \u2212300.00",
    ]
    assert "CRM changes 1 to decide" in words(listed.text)
    assert "ties out; 1 CRM change is to be decided." in month.text
    assert alerts(browser.get("/contracts/")) == ["CRM changes after billing wait for a decision."]

    org.edit(billed, Amount=1200)
    run(salesforce)
    assert "Nothing to decide" in browser.get("/changes/").text
    assert alerts(browser.get(contract.get_absolute_url())) == []


@pytest.mark.parametrize("case", ["term", "lost"])
def test_tie_out_counts_what_the_list_of_changes_has(
    salesforce: Connection, org: Org, run: Run, billed: str, case: str
) -> None:
    """A lost deal and another term change no figure, and wait for a decision anyway."""
    org.edit(billed, **CASES[case][0])
    for _ in range(3):
        run(salesforce)
    browser = signed_in(*READER)

    month = words(browser.get(f"/tie-out/?month={TODAY:%Y-%m}").text)

    assert len(rows(browser.get("/changes/"))) == 1
    assert "ties out; 1 CRM change is to be decided." in month


def test_list_asks_the_same_number_of_queries(
    salesforce: Connection, org: Org, run: Run, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    account = org.add_account("Acme")
    deals = [sell(org, account=account, Amount=100 + number) for number in range(4)]
    run(salesforce)
    bill()
    for deal in deals:
        org.edit(deal, Amount=77)
    run(salesforce)
    browser = signed_in(*READER)

    with django_assert_max_num_queries(14):
        assert len(rows(browser.get("/changes/"))) == 4


def test_the_mail_names_field_and_values(salesforce: Connection, org: Org, run: Run, billed: str) -> None:
    org.edit(billed, Amount=900)
    run(salesforce)

    mail = Alert.objects.get(kind="changed")
    assert mail.subject == "Fincelo: the CRM and 1 contract disagree after billing"
    assert "- “Acme platform”: Contract Value USD 1,200.00 -> USD 900.00" in mail.body
    assert mail.body.endswith("/changes/\n")


def test_a_second_change_of_a_day_waits_for_the_next(
    salesforce: Connection, org: Org, run: Run, billed: str
) -> None:
    other = sell(org, Name="Other", Amount=50)
    run(salesforce)
    bill()
    org.edit(billed, Amount=900)
    run(salesforce)
    org.edit(other, Amount=60)
    run(salesforce)
    assert mails() == 1

    Alert.objects.update(created_at=timezone.now() - timedelta(days=1))
    run(salesforce)
    assert (mails(), ContractChange.objects.filter(told_at=None).count()) == (2, 0)


def test_forgotten_differences_are_found_by_the_next_run(
    salesforce: Connection, org: Org, run: Run, billed: str
) -> None:
    """As stored by an earlier version: refused once, then unchanged."""
    org.edit(billed, Amount=900)
    run(salesforce)
    ContractChange.objects.all().delete()
    run(salesforce)
    assert ContractChange.objects.count() == 0
    assert SyncRecord.objects.filter(outcome="refused").exists()

    with connection.cursor() as cursor:
        cursor.execute(MIGRATION.READ_AGAIN)
    run(salesforce)

    assert open_change_count() == 1


def test_forgotten_lost_deals_are_opened(salesforce: Connection, org: Org, run: Run, billed: str) -> None:
    org.edit(billed, StageName="Closed Lost")
    run(salesforce)
    ContractChange.objects.all().delete()

    with connection.cursor() as cursor:
        cursor.execute(MIGRATION.OPEN_LOST)

    assert state() == [("open", "deal_left", 1, [("Deal", "Won", "Lost")])]


def test_the_database_keeps_one_open_change(billed: str) -> None:
    contract = Contract.objects.get()
    ContractChange.objects.create(contract=contract, kind="crm_change", before={}, after={})

    with pytest.raises(IntegrityError, match="one_open_crm_change_per_contract"), transaction.atomic():
        ContractChange.objects.create(contract=contract, kind="crm_change", before={}, after={})
    with pytest.raises(IntegrityError, match="change_is_open_until_it_ended"), transaction.atomic():
        ContractChange.objects.update(state="withdrawn")
