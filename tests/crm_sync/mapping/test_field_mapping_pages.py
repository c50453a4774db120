"""Field Mapping: the table, translations, versions."""

import re
from datetime import date

import pytest
from django.test import Client

from contracts.enums import BillingCycle
from crm_sync.enums import Outcome
from crm_sync.mapping.store import current_rules
from crm_sync.models import CrmSchema, FieldMapping, MappingVersion, Translation
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.mapping.mapping_form import address, entered
from tests.crm_sync.page_rows import connect, deal, ran, recorded
from tests.pages import alerts, rows, signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    return signed_in(
        "crm_sync.view_fieldmapping",
        "crm_sync.change_billing_meaning",
        "contracts.approve_contract",
        "crm_sync.change_fieldmapping",
        "crm_sync.change_syncrun",
        "crm_sync.view_connection",
    )


def test_without_a_connection_the_page_leads_to_connecting(browser: Client) -> None:
    assert "No CRM is connected yet" in browser.get("/settings/mapping/").text


def test_single_connection_is_opened_at_once(browser: Client) -> None:
    connection = connect()

    assert browser.get("/settings/mapping/").url == address(connection)


def test_several_connections_are_offered(browser: Client) -> None:
    connect("Acme")
    connect("Beta", is_confirmed=False)

    assert rows(browser.get("/settings/mapping/")) == [
        ["Acme", "Salesforce", "Connected", "Version 1"],
        ["Beta", "Salesforce", "Connected", "not confirmed"],
    ]


def test_table_offers_fields_label_first_those_of_deals_first(browser: Client) -> None:
    connection = connect(is_confirmed=False)

    page = browser.get(address(connection)).text

    offered = re.findall(r'<option value="([^"]+)"></option>', page)
    assert offered == [
        "Amount (Opportunity: Amount)",
        "Billing Frequency (Opportunity: Billing_Frequency__c)",
        "Close Date (Opportunity: CloseDate)",
        "Contract Term (Opportunity: Contract_Term__c)",
        "Description (Opportunity: Description)",
        "Account Name (Account: Name)",
        "Email (Owner: Email)",
    ]
    assert 'name="field-1-source" value="Amount (Opportunity: Amount)"' in page
    assert page.count(">needed</span>") == 5
    assert page.count(">proposed</span>") == 5
    assert ">Confirm mapping</button>" in page


def test_confirmed_table_proposes_nothing(browser: Client) -> None:
    page = browser.get(address(connect())).text

    assert ">proposed</span>" not in page
    assert ">Check and save</button>" in page


def test_sample_shows_how_the_last_imported_deal_was_read(browser: Client) -> None:
    connection = connect()
    step = {
        "key": "contract_value",
        "field": "Contract Value",
        "source": "Deal: Amount",
        "raw": "1200.0",
        "transform": "number",
        "value": "1200",
    }
    recorded(ran(connection, created=1), deal(connection), Outcome.CREATED, trace=[step])

    assert "Last read: 1200.0 → 1,200" in words(browser.get(address(connection)).text)


def test_first_confirmation_makes_version_one_and_names_the_next_step(browser: Client) -> None:
    connection = connect(is_confirmed=False, import_from=date(2099, 1, 1))

    page = browser.post(address(connection), entered(), follow=True)

    connection.refresh_from_db()
    assert connection.mapping_version.number == 1
    assert alerts(page) == [
        "Field mapping confirmed. The first sync follows with the next poll: polls are five minutes apart."
    ]
    assert f'action="/settings/crm/{connection.pk}/sync/"' in page.text
    assert rows(page)[-1][2] == "dana"
    assert rows(page)[-1][3].startswith("Customer Name is filled: Account: Name.")


def test_saving_the_same_again_makes_no_version(browser: Client) -> None:
    connection = connect(is_confirmed=False)
    browser.post(address(connection), entered(), follow=True)

    page = browser.post(address(connection), entered(), follow=True)

    assert alerts(page) == ["Nothing to save: the field mapping is the same as before."]
    assert MappingVersion.objects.count() == 1


def test_change_makes_a_version_and_reads_held_deals_again(browser: Client) -> None:
    connection = connect()
    deal(connection)

    page = browser.post(
        address(connection), entered({"duration": {"source": "", "default_value": "12"}}), follow=True
    )

    connection.refresh_from_db()
    assert alerts(page) == [
        "Version 2 of the field mapping is in force from the next sync on.",
        "1 held deal is read again now.",
    ]
    assert connection.sync_requested_at is not None
    assert FieldMapping.objects.get(target="duration").default_value == "12 months"
    assert 'value="12" min="1"' in page.text


@pytest.mark.parametrize("unit", ["months", "years"])
def test_default_duration_counts_in_months_whatever_the_unit(browser: Client, unit: str) -> None:
    connection = connect()

    browser.post(
        address(connection), entered({"duration": {"source": "", "default_value": "24"}}, term_unit=unit)
    )

    assert FieldMapping.objects.get(target="duration").default_value == "24 months"
    assert 'value="24"' in browser.get(address(connection)).text


def test_reading_settings_are_kept_on_the_connection(browser: Client) -> None:
    connection = connect(is_confirmed=False)
    browser.post(address(connection), entered(), follow=True)

    page = browser.post(address(connection), entered(amount_means="annual", term_unit="years"), follow=True)

    connection.refresh_from_db()
    assert (connection.amount_means, connection.term_unit) == ("annual", "years")
    assert alerts(page) == ["Settings saved; the field mapping itself did not change."]


def test_custom_field_is_added_and_removed(browser: Client) -> None:
    connection = connect()
    custom = {"custom_label": "Cost centre", "custom_home": "customer", "source": "deal:Description"}

    browser.post(address(connection), entered(custom=custom))
    added = [rule.custom_label for rule in current_rules(connection=connection).rules if rule.custom_label]
    browser.post(address(connection), entered(custom=custom | {"source": ""}))
    left = [rule.custom_label for rule in current_rules(connection=connection).rules if rule.custom_label]

    assert (added, left) == (["Cost centre"], [])


def test_name_can_be_typed_where_there_is_no_schema(browser: Client) -> None:
    connection = connect()
    CrmSchema.objects.all().delete()
    typed = {"source": "", "typed_object": "deal", "typed_name": "Total_Value__c"}

    shown = browser.get(address(connection))
    browser.post(address(connection), entered({"contract_value": typed}))

    assert "The CRM's fields are not known here." in alerts(shown)
    assert FieldMapping.objects.get(target="contract_value").source_field == "Total_Value__c"


def test_field_that_the_crm_no_longer_has_stays_chosen_and_is_marked(browser: Client) -> None:
    connection = connect()
    FieldMapping.objects.filter(target="duration").update(source_field="Gone__c")

    page = browser.get(address(connection))

    assert 'name="field-3-source" value="Opportunity: Gone__c"' in page.text
    assert "Not among the CRM's fields as last read." in words(page.text)
    assert "Contract Duration uses Gone__c, which the CRM does not offer." in words(page.text)


def test_translations_are_stored_and_shown(browser: Client) -> None:
    connection = connect()

    browser.post(
        address(connection),
        entered(translations=[("Bi-annual", "semi_annual"), ("", ""), ("Weekly", "")]),
    )

    assert list(Translation.objects.values_list("raw_value", "value")) == [("Bi-annual", "semi_annual")]
    assert current_rules(connection=connection).translations == {
        "billing_cycle": {"bi annual": BillingCycle.SEMI_ANNUAL}
    }
    assert 'value="Bi-annual"' in browser.get(address(connection)).text


def test_choices_of_the_crm_that_mean_nothing_yet_are_offered_for_translation(browser: Client) -> None:
    page = browser.get(address(connect())).text

    assert 'value="Bi-annual"' in page
    assert 'value="Monthly"' not in page.partition('id="translations"')[2].partition("Built-in words")[0]


def test_translation_that_a_hold_asks_for_stands_ready(browser: Client) -> None:
    page = browser.get(address(connect()), {"translate": 'Every "other" year<script>'}).text

    assert 'value="Every &quot;other&quot; year&lt;script&gt;"' in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"contract_value": {"source": "deal:Amount; DROP"}}, "“Amount; DROP” is no API name of a field."),
        ({"contract_value": {"source": "moon:Amount"}}, "“Amount” is no API name of a field."),
        ({"contract_value": {"typed_object": "deal", "typed_name": "1x"}}, "“1x” is no API name of a field."),
        ({"duration": {"default_value": "0"}}, "“0” is not a duration of 1 to 1200 whole months."),
        ({"duration": {"default_value": "soon"}}, "“soon” is not a duration of 1 to 1200 whole months."),
        ({"currency": {"default_value": "XAU"}}, "“XAU” is no current ISO 4217 currency code."),
        ({"contract_value": {"default_value": "12,000.00"}}, "“12,000.00” is not a plain number"),
        ({"start_date": {"default_value": "tomorrow"}}, "“tomorrow” cannot be read as a date."),
        ({"billing_cycle": {"default_value": "Bi-annual"}}, "“Bi-annual” can mean twice a year"),
        ({"custom": {"source": "deal:Amount", "custom_label": ""}}, "Name the custom field."),
    ],
)
def test_what_cannot_be_read_is_refused_in_its_row(
    browser: Client, changes: dict[str, dict[str, str]], sentence: str
) -> None:
    connection = connect(is_confirmed=False)

    page = browser.post(address(connection), entered(changes))

    assert sentence in words(page.text)
    assert alerts(page)[0] == "The mapping was not saved."
    assert not MappingVersion.objects.exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"duration": {"source": ""}}, "Contract Duration needs a CRM field or a default value."),
        (
            {"tax_id": {"target": "duration", "source": "deal:Amount"}},
            "Contract Duration is filled from two CRM fields; keep one.",
        ),
    ],
)
def test_mapping_that_would_hold_every_deal_is_refused(
    browser: Client, changes: dict[str, dict[str, str]], sentence: str
) -> None:
    connection = connect(is_confirmed=False)

    page = browser.post(address(connection), entered(changes))

    assert sentence in words(page.text)
    assert not MappingVersion.objects.exists()


def test_amount_from_a_text_field_is_a_warning(browser: Client) -> None:
    connection = connect(is_confirmed=False)

    browser.post(address(connection), entered({"contract_value": {"source": "deal:Description"}}))
    page = browser.get(address(connection))

    assert (
        "Contract Value is fed by Description, a text field; choose a number field, or say how its numbers are written."
        in words(page.text)
    )
    assert MappingVersion.objects.count() == 1


def test_mapping_without_an_address_says_that_invoices_will_wait_for_it(browser: Client) -> None:
    connection = connect()
    address_said = "No address is mapped, so invoices wait for the address of each new customer."

    ensure_legal_entity(requires_buyer_address=True)
    needed = words(browser.get(address(connection)).text)
    checked = words(browser.post(address(connection), entered() | {"step": "check"}).text)
    ensure_legal_entity(requires_buyer_address=False)
    not_needed = words(browser.get(address(connection)).text)

    assert address_said in needed
    assert checked.count(address_said) == 2  # in its row, and beside what is about to be saved
    assert address_said not in not_needed


def test_value_translated_twice_is_refused(browser: Client) -> None:
    page = browser.post(
        address(connect()), entered(translations=[("Yearly", "annual"), ("YEARLY ", "monthly")])
    )

    assert "This value is translated above already." in page.text


@pytest.mark.parametrize("broken", [{}, {"field-TOTAL_FORMS": "9999"}, {"field-TOTAL_FORMS": "x"}])
def test_form_that_was_tampered_with_is_refused(browser: Client, broken: dict[str, str]) -> None:
    connection = connect(is_confirmed=False)

    response = browser.post(address(connection), broken)

    assert response.status_code == 200
    assert not MappingVersion.objects.exists()


def test_labels_of_the_crm_are_escaped(browser: Client) -> None:
    connection = connect()
    CrmSchema.objects.update(
        fields=[
            {
                "source_object": "deal",
                "name": "Amount",
                "label": "</option><script>alert(1)</script>",
                "type": "x",
            }
        ]
    )

    assert "<script>alert" not in browser.get(address(connection)).text
