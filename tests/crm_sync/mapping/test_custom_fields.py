"""Custom fields from the mapping to the contract: definitions, types, changes, what stays."""

from typing import Any

import pytest
from django.test import Client

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from billing.models import Invoice
from contracts.enums import CustomFieldHome, CustomFieldType
from contracts.models import AuditEntry, Contract, Customer, CustomField
from crm_sync.enums import SourceObject, Target
from crm_sync.mapping.custom_fields import TypeConflict, type_conflicts
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import current_rules, lint, save_mapping
from crm_sync.models import Connection, SyncRecord
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.billing.people import person
from tests.crm_sync.admin_rows import staff
from tests.crm_sync.conftest import Run
from tests.crm_sync.page_rows import connect
from tests.crm_sync.sales import TODAY, sell
from tests.pages import alerts, rows, signed_in, words

pytestmark = pytest.mark.django_db
TEXT, NUMBER, DATE, YES_NO = CustomFieldType


def custom(
    label: str,
    source: str,
    type_: CustomFieldType = TEXT,
    *,
    home: CustomFieldHome = CustomFieldHome.CONTRACT,
    source_object: SourceObject = SourceObject.DEAL,
) -> FieldRule:
    return FieldRule(
        target=Target.CUSTOM,
        custom_label=label,
        custom_home=home,
        custom_type=type_,
        source_object=source_object,
        source_field=source,
    )


def map_also(connection: Connection, *rules: FieldRule) -> None:
    """The usual fields, and these as the only custom ones."""
    usual = [rule for rule in current_rules(connection=connection).rules if rule.target is not Target.CUSTOM]
    save_mapping(connection=connection, rules=[*usual, *rules], translations={}, actor=None)
    connection.refresh_from_db()


def defined() -> list[tuple[str, str, str]]:
    return list(CustomField.objects.order_by("pk").values_list("home", "label", "type"))


def test_a_confirmed_mapping_makes_its_fields_with_their_types(
    salesforce: Connection, org: Org, run: Run
) -> None:
    map_also(
        salesforce,
        custom("Next step", "NextStep"),
        custom("Chance", "Probability", NUMBER),
        custom("Renewal", "CloseDate", DATE),
        custom("Won", "IsWon", YES_NO),
        custom("Industry", "Industry", home=CustomFieldHome.CUSTOMER, source_object=SourceObject.ACCOUNT),
    )
    account = org.add_account("Acme")
    org.edit(account, Industry="Energy")
    sell(org, account=account, NextStep="Call")

    assert run(salesforce).created == 1

    assert defined() == [
        ("contract", "Next step", "text"),
        ("contract", "Chance", "number"),
        ("contract", "Renewal", "date"),
        ("contract", "Won", "yes_no"),
        ("customer", "Industry", "text"),
    ]
    assert Contract.objects.get().custom_fields == {
        "Next step": "Call",
        "Chance": "100.0",
        "Renewal": "2026-11-22",
        "Won": "Yes",
    }
    assert Customer.objects.get().custom_fields == {"Industry": "Energy"}


def test_a_change_applies_after_an_invoice_and_the_invoice_keeps_its_copy(
    salesforce: Connection, org: Org, run: Run
) -> None:
    map_also(salesforce, custom("Next step", "NextStep"))
    CustomField.objects.update(on_invoice=True)
    deal = sell(org, NextStep="Call")
    run(salesforce)
    ensure_legal_entity()
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    org.edit(deal, NextStep="Visit")

    done = run(salesforce)

    assert (done.updated, done.refused) == (1, 0)
    assert SyncRecord.objects.latest("pk").changes == [{"field": "Next step", "old": "Call", "new": "Visit"}]
    assert Contract.objects.get().custom_fields == {"Next step": "Visit"}
    assert Invoice.objects.get().custom_fields == [{"label": "Next step", "type": "text", "value": "Call"}]


def test_values_of_a_renamed_field_are_kept_and_shown(salesforce: Connection, org: Org, run: Run) -> None:
    map_also(salesforce, custom("Next step", "NextStep"))
    deal = sell(org, NextStep="Call")
    run(salesforce)

    map_also(salesforce, custom("What next", "NextStep"))
    org.edit(deal, NextStep="Visit")
    run(salesforce)
    map_also(salesforce)
    org.edit(deal, NextStep="Nothing")
    run(salesforce)

    contract = Contract.objects.get()
    assert contract.custom_fields == {"Next step": "Call", "What next": "Visit"}
    page = words(signed_in("contracts.view_contract").get(f"/contracts/{contract.pk}/").text)
    assert "Next step Call What next Visit" in page
    assert [label for _, label, _ in defined()] == ["Next step", "What next"]


def test_another_type_in_another_mapping_keeps_this_one_from_being_confirmed() -> None:
    first, second = connect("One"), connect("Two")
    map_also(first, custom("Seats", "Seats__c", NUMBER), custom("Region", "Region__c"))
    rules = [custom("Seats", "Seats", TEXT), custom("Region", "Region", TEXT)]

    what = "holds number in the mapping of One; choose that type or another name"
    assert type_conflicts(connection=second, rules=rules) == [TypeConflict(label="Seats", what=what)]
    assert type_conflicts(connection=first, rules=[custom("Seats", "Seats__c", TEXT)]) == []
    blocking = [one.sentence for one in lint(connection=second, rules=rules) if one.blocking]
    assert f"Seats {what}." in blocking
    other_home = custom("Seats", "Seats", TEXT, home=CustomFieldHome.CUSTOMER)
    assert type_conflicts(connection=second, rules=[other_home]) == []


def test_a_type_that_kept_values_speak_against_is_refused_too(
    salesforce: Connection, org: Org, run: Run
) -> None:
    map_also(salesforce, custom("Next step", "NextStep"))
    sell(org, NextStep="Call")
    run(salesforce)

    [conflict] = type_conflicts(connection=salesforce, rules=[custom("Next step", "NextStep", DATE)])

    assert conflict.what == (
        "holds text, and 1 value kept under this name would not be date; choose another name"
    )


def test_a_value_that_is_none_of_its_type_holds_the_deal(salesforce: Connection, org: Org, run: Run) -> None:
    map_also(salesforce, custom("Next step", "NextStep", NUMBER))
    sell(org, NextStep="many")

    done = run(salesforce)

    assert (done.held, Contract.objects.count()) == (1, 0)
    assert "Next step" in SyncRecord.objects.get().sentence


@pytest.fixture
def mapped(db: None) -> Connection:
    connection = connect()
    map_also(connection, custom("Region", "Region__c"), custom("Old", "Old__c", DATE))
    map_also(connection, custom("Region", "Region__c"))
    return connection


def test_the_settings_page_tells_where_each_field_comes_from(mapped: Connection) -> None:
    page = signed_in("contracts.view_customfield").get("/settings/custom-fields/")

    assert rows(page) == [
        ["Region", "Contract", "Text", "Salesforce Deal: Region__c", "Not printed"],
        ["Old", "Contract", "Date", "No mapping any more. Its values are kept and shown.", "Not printed"],
    ]


def test_the_settings_page_switches_printing(mapped: Connection) -> None:
    browser = signed_in("contracts.view_customfield", "contracts.change_customfield")
    field = CustomField.objects.get(label="Region")

    answer = browser.post(f"/settings/custom-fields/{field.pk}/printed/", {"printed": "yes"}, follow=True)

    field.refresh_from_db()
    assert field.on_invoice
    assert alerts(answer) == [
        "Region is printed on invoices, from the next one on. Issued invoices stay as they are."
    ]
    assert AuditEntry.objects.latest("pk").actor_name == "dana"
    answer = browser.post(f"/settings/custom-fields/{field.pk}/printed/", {"printed": "yes"}, follow=True)
    assert alerts(answer) == ["Region is set like that already."]


def test_an_empty_settings_page_leads_to_the_mapping() -> None:
    page = signed_in("contracts.view_customfield").get("/settings/custom-fields/")

    assert "No custom fields" in page.text
    assert 'href="/settings/mapping/"' in page.text


@pytest.mark.parametrize(("group", "status"), [("Finance", 302), ("Support", 403), ("Operator", 403)])
def test_who_may_switch_printing(mapped: Connection, group: str, status: int) -> None:
    browser = Client()
    browser.force_login(person("somebody", group=group))
    field = CustomField.objects.get(label="Region")

    answer = browser.post(f"/settings/custom-fields/{field.pk}/printed/", {"printed": "yes"})

    assert answer.status_code == status
    assert CustomField.objects.filter(on_invoice=True).count() == (status == 302)


def admin_post(browser: Client, field: CustomField, **form: Any) -> None:
    browser.post(f"/admin/contracts/customfield/{field.pk}/change/", form)


def test_the_admin_switches_printing_by_the_same_rules(mapped: Connection) -> None:
    field = CustomField.objects.get(label="Region")

    admin_post(staff("Support"), field, on_invoice="on", label="Stolen")
    assert CustomField.objects.filter(on_invoice=True).count() == 0
    admin_post(staff("Finance"), field, on_invoice="on", label="Stolen")

    field.refresh_from_db()
    assert (field.on_invoice, field.label) == (True, "Region")
    [entry] = AuditEntry.objects.filter(action="Custom field changed")
    assert entry.actor_name == "finance"


def test_the_settings_page_takes_the_same_number_of_queries_for_one_and_for_three(
    django_assert_num_queries,
) -> None:
    browser = signed_in("contracts.view_customfield")
    connection = connect()

    for fields in (1, 3):
        map_also(connection, *(custom(f"Field {number}", f"F{number}__c") for number in range(fields)))
        with django_assert_num_queries(7):
            page = browser.get("/settings/custom-fields/")
        assert len(rows(page)) == fields
