"""Field Mapping: transforms, tables of every field, what saving affects, versions, the CRM's fields."""

from typing import Any

import pytest
from django.test import Client
from django_q.models import OrmQ

from contracts.enums import CustomFieldHome, CustomFieldType
from crm_sync.enums import NumberFormat, SourceObject, Target, TermUnit, Transform
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import current_rules, save_mapping
from crm_sync.models import CrmSchema, MappingVersion, Translation
from tests.billing.builders import Deal, sign
from tests.crm_sync.mapping.mapping_form import address, entered, sent_back
from tests.crm_sync.page_rows import MAPPED, connect, deal, ran
from tests.crm_sync.stored import row_versions
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


def test_page_keeps_every_transform_that_is_stored(browser: Client) -> None:
    """Drawn and sent back as it is, the form says what was stored."""
    connection = connect()
    rules = [
        FieldRule(target=Target.CUSTOMER_NAME, source_object=SourceObject.ACCOUNT, source_field="Name"),
        FieldRule(
            target=Target.CONTRACT_VALUE,
            source_field="Description",
            transform=Transform.NUMBER,
            number_format=NumberFormat.POINT_GROUPS,
        ),
        FieldRule(target=Target.START_DATE, transform=Transform.CONSTANT, default_value="2026-12-01"),
        FieldRule(
            target=Target.DURATION,
            source_field="Contract_Term__c",
            term_unit=TermUnit.YEARS,
            default_value="24 months",
        ),
        FieldRule(
            target=Target.BILLING_CYCLE,
            source_field="Billing_Frequency__c",
            transform=Transform.TABLE_ONLY,
            default_value="annual",
        ),
        FieldRule(target=Target.PO_NUMBER, source_field="Account.Parent.PO__c", is_required=True),
        FieldRule(
            target=Target.CUSTOM,
            custom_label="Seats",
            custom_home=CustomFieldHome.CUSTOMER,
            custom_type=CustomFieldType.NUMBER,
            source_object=SourceObject.OWNER,
            source_field="Email",
            number_format=NumberFormat.COMMA_GROUPS,
        ),
    ]
    tables = {
        "billing_cycle": {"Bi-annual": "semi_annual"},
        "duration": {"tbd": "12 months"},
        "currency": {"Euro": "EUR"},
        "custom:Seats": {"many": "100"},
    }
    version = save_mapping(connection=connection, rules=rules, translations=tables, actor=None)

    page = browser.post(address(connection), sent_back(browser, connection), follow=True)

    assert alerts(page) == ["Nothing to save: the field mapping is the same as before."]
    connection.refresh_from_db()
    assert (connection.mapping_version, version) == (version, version)
    assert list(current_rules(connection=connection).rules) == rules


def test_check_shows_what_changes_and_what_it_affects_and_saves_nothing(browser: Client) -> None:
    connection = connect()
    browser.post(address(connection), entered())
    deal(connection)
    before = row_versions()

    page = browser.post(
        address(connection),
        entered({"duration": {"source": "", "default_value": "12"}}, amount_means="annual")
        | {"step": "check"},
    )

    review = words(page.text.partition('id="review"')[2].partition("</section>")[0])
    assert "Contract Duration reads no CRM field (before: Opportunity: Contract_Term__c)." in review
    assert "Contract Duration has the default 12 months (before: none)." in review
    assert "Amount means: Annual value (before: Total contract value)." in review
    assert "What it affects 1 hold. Holds are read again in any case. What has been invoiced" in review
    assert 'form="mapping" name="step" value="save"' in page.text
    assert 'value="reapply"' not in page.text
    assert row_versions() == before


def test_what_was_changed_after_the_check_is_checked_again(browser: Client) -> None:
    connection = connect()
    checked = entered({"duration": {"default_value": "12"}})
    page = browser.post(address(connection), checked | {"step": "check"})
    digest = page.text.partition('name="checked" value="')[2].partition('"')[0]
    other = entered({"duration": {"default_value": "24"}})

    again = browser.post(address(connection), other | {"step": "save", "checked": digest})
    unsaved = MappingVersion.objects.count()
    browser.post(address(connection), checked | {"step": "save", "checked": digest})

    assert alerts(again) == ["Something was changed since the check, so nothing was saved yet."]
    assert "Contract Duration is filled: Opportunity: Contract_Term__c, default 24 months." in words(
        again.text
    )
    assert (unsaved, MappingVersion.objects.count()) == (1, 2)


def test_save_and_reapply_marks_contracts_and_holds_and_rings(browser: Client) -> None:
    connection = connect()
    browser.post(address(connection), entered())
    imported = deal(connection, contract=sign(Deal())[0])
    deal(connection, "006B")
    changed = entered({"duration": {"source": "", "default_value": "12"}})

    checked = browser.post(address(connection), changed | {"step": "check"})
    page = browser.post(address(connection), changed | {"step": "reapply"}, follow=True)

    assert "1 unbilled contract and 1 hold." in words(checked.text)
    assert 'name="step" value="reapply"' in checked.text
    imported.refresh_from_db()
    assert imported.fingerprint == ""
    assert alerts(page)[:2] == [
        "Version 3 of the field mapping is in force from the next sync on.",
        "Read again now: 1 unbilled contract and 1 hold. What has been invoiced stays as it is.",
    ]
    assert "1 contract is still to be read with the mapping in force." in words(page.text)
    assert "Application of the mapping waits for the worker since" in words(page.text)
    assert [row.task["func"] for row in OrmQ.objects.all()] == ["crm_sync.tasks.reapply"]


def test_reapplying_of_a_paused_connection_waits_for_it(browser: Client) -> None:
    connection = connect(state="paused")
    deal(connection, contract=sign(Deal())[0])

    page = browser.post(f"{address(connection)}reapply/", follow=True)

    assert alerts(page)[0] == ("Read again as soon as Salesforce is at work again: 1 unbilled contract.")
    assert OrmQ.objects.count() == 0


def test_run_that_applies_the_mapping_shows_its_progress_on_the_page(browser: Client) -> None:
    connection = connect()
    run = ran(connection, trigger="reapply", state="running", seen=40, expected=100)

    page = browser.get(address(connection))

    assert "Reading deals: 40 of 100 deals" in words(page.text)
    assert f'hx-get="/history/{run.pk}/progress/"' in page.text


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("done", "Version 1 of the mapping has been applied. 5 deals read again: 3 updated, 2 unchanged."),
        (
            "failed",
            "Applying version 1 of the mapping stopped before its end. 5 deals read again: 3 updated, "
            "2 unchanged.",
        ),
    ],
)
def test_what_came_of_applying_the_mapping_stays_on_the_page(
    browser: Client, state: str, sentence: str
) -> None:
    connection = connect()
    run = ran(connection, trigger="reapply", state=state, seen=5, updated=3, unchanged=2)

    page = browser.get(address(connection))

    assert sentence in alerts(page)
    assert f'href="{run.get_absolute_url()}"' in page.text


def test_second_tab_does_not_save_over_the_first(browser: Client) -> None:
    connection = connect()
    stale = sent_back(browser, connection)
    browser.post(address(connection), sent_back(browser, connection, **{"field-3-default_value": "12"}))
    before = row_versions()

    page = browser.post(address(connection), stale | {"field-3-default_value": "24"}, follow=True)

    assert "The mapping was not saved." in alerts(page)
    assert "Somebody else saved version 2 while you edited version 1." in words(page.text)
    assert 'name="field-3-default_value" value="24"' in page.text
    assert row_versions() == before


def test_field_is_found_by_label_name_or_path(browser: Client) -> None:
    connection = connect()
    typed = {
        "duration": {"source": "contract term"},
        "contract_value": {"source": "AMOUNT"},
        "customer_name": {"source": "Account.Name"},
        "po_number": {"source": "Opportunity: New__c"},
        "billing_cycle": {"source": "Billing Frequency (Opportunity: Billing_Frequency__c)"},
    }

    browser.post(address(connection), entered(typed))

    chosen = {
        rule.target.value: (rule.source_object.value, rule.source_field)
        for rule in current_rules(connection=connection).rules
    }
    assert chosen == MAPPED | {"po_number": ("deal", "New__c")}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Name!", "“Name!” is no field of the CRM. Choose one from the list, or type its API name."),
        ("Same", "“Same” is in Opportunity and Account. Choose one from the list."),
    ],
)
def test_field_that_cannot_be_told_is_refused(browser: Client, text: str, sentence: str) -> None:
    connection = connect()
    schema = CrmSchema.objects.get()
    for place in ("deal", "account"):
        schema.fields.append({"source_object": place, "name": "Same", "label": "Same", "type": "string"})
    schema.save()

    page = browser.post(address(connection), entered({"po_number": {"source": text}}))

    assert sentence in words(page.text)


def translated(key: str, raw: str, value: str) -> dict[str, Any]:
    return entered(translations=[(raw, value)]) | {"translation-0-key": key}


@pytest.mark.parametrize(
    ("key", "entry", "stored"),
    [
        ("billing_cycle", "Yearly", "annual"),
        ("duration", "1 year", "12 months"),
        ("currency", "eur", "EUR"),
        ("customer_name", "Acme  Ltd", "Acme Ltd"),
    ],
)
def test_translation_of_any_field_is_read_as_its_field_is(
    browser: Client, key: str, entry: str, stored: str
) -> None:
    connection = connect()

    browser.post(address(connection), translated(key, "x", entry))

    assert list(Translation.objects.values_list("target", "raw_value", "value")) == [(key, "x", stored)]


@pytest.mark.parametrize(
    ("key", "raw", "entry", "sentence"),
    [
        ("billing_cycle", "x", "Bi-annual", "“Bi-annual” can mean twice a year or every two years"),
        ("duration", "x", "soon", "“soon” is not a duration of 1 to 1200 whole months."),
        ("currency", "x", "EURO", "“EURO” is no current ISO 4217 currency code."),
        ("billing_cycle", "", "annual", "Enter the value as the CRM has it."),
    ],
)
def test_translation_that_cannot_be_read_is_refused(
    browser: Client, key: str, raw: str, entry: str, sentence: str
) -> None:
    page = browser.post(address(connect()), translated(key, raw, entry))

    assert sentence in words(page.text)
    assert not Translation.objects.exists()


@pytest.mark.parametrize("key", ["moon", "custom:", ""])
def test_translation_of_no_field_is_refused(browser: Client, key: str) -> None:
    page = browser.post(address(connect()), translated(key, "x", "y"))

    assert page.status_code == 200
    assert not Translation.objects.exists()


def test_renamed_custom_field_keeps_its_translations(browser: Client) -> None:
    connection = connect()
    region = FieldRule(target=Target.CUSTOM, custom_label="Region", source_field="Description")
    save_mapping(
        connection=connection,
        rules=[*current_rules(connection=connection).rules, region],
        translations={"custom:Region": {"N": "North"}},
        actor=None,
    )

    browser.post(address(connection), sent_back(browser, connection, **{"field-19-custom_label": "Area"}))

    rules = current_rules(connection=connection)
    assert rules.translations == {"custom:Area": {"n": "North"}}
    assert rules.rules[-1].custom_label == "Area"


def test_translation_that_a_hold_asks_for_names_its_field(browser: Client) -> None:
    page = browser.get(address(connect()), {"translate": "Euro", "field": "currency"}).text

    section = page.partition('id="translations-currency" open')[2].partition("</table>")[0]
    assert 'value="Euro"' in section


def test_field_that_has_no_table_is_not_asked_for(browser: Client) -> None:
    page = browser.get(address(connect()), {"translate": "x", "field": "contract_value"}).text

    assert 'id="translations-contract-value"' not in page
    assert 'value="x"' in page.partition('id="translations-billing-cycle"')[2].partition("</table>")[0]


def test_words_with_two_meanings_are_shown_as_refused(browser: Client) -> None:
    told = words(browser.get(address(connect())).text)

    assert "Bi-annual, Biannual, Bi-yearly: twice a year or every two years?" in told


def test_row_tells_in_words_how_a_value_comes_about(browser: Client) -> None:
    connection = connect()
    changed = entered({"billing_cycle": {"default_value": "annual"}}, translations=[("J", "annual")])

    browser.post(address(connection), changed)

    told = words(browser.get(address(connection)).text)
    assert "Opportunity: Billing_Frequency__c → translation table → built-in words → default Annual" in told
    assert "Opportunity: Contract_Term__c → months (plain numbers are months) → held if empty" in told
    assert "Opportunity: CurrencyIsoCode → ISO code → default USD" in told


def test_fields_are_looked_through_by_label_name_or_value(browser: Client) -> None:
    connection = connect()
    schema = CrmSchema.objects.get()
    schema.fields[3]["samples"] = ["24.0", "36.0"]
    schema.save()

    listed = browser.get(f"{address(connection)}fields/", {"q": "bi-ANNUAL freq"})
    by_value = browser.get(f"{address(connection)}fields/", {"q": "36.0"}, headers={"HX-Request": "true"})

    assert rows(listed) == [
        [
            "Billing Frequency",
            "Opportunity: Billing_Frequency__c",
            "list",
            "Monthly, Bi-annual",
            "",
        ]
    ]
    assert rows(by_value) == [["Contract Term", "Opportunity: Contract_Term__c", "number", "", "24.0, 36.0"]]
    assert by_value.text.strip().startswith('<div class="stack" id="fields">')


def test_version_page_tells_and_leads_back(browser: Client) -> None:
    connection = connect()
    browser.post(address(connection), entered())
    browser.post(address(connection), entered({"duration": {"default_value": "12"}}))
    old = f"{address(connection)}versions/2/"

    shown = words(browser.get(old).text)
    page = browser.post(old, {"seen": "3", "step": "save"}, follow=True)

    assert "Contract Duration has no default any more (before: 12 months)." in shown
    assert alerts(page) == ["Version 4 is in force, with the content of version 2."]
    assert current_rules(connection=connection).rule(Target.DURATION).default_value == ""
    assert browser.get(f"{address(connection)}versions/9/").status_code == 404


def test_nobody_goes_back_from_a_page_that_is_out_of_date(browser: Client) -> None:
    connection = connect()
    browser.post(address(connection), entered())
    browser.post(address(connection), entered({"duration": {"default_value": "12"}}))

    page = browser.post(f"{address(connection)}versions/2/", {"seen": "2"}, follow=True)

    assert "Somebody else saved version 3 while you edited version" in words(page.text)
    assert MappingVersion.objects.count() == 3


def test_who_may_only_look_changes_nothing() -> None:
    connection = connect()
    reader = signed_in("crm_sync.view_fieldmapping")

    assert reader.get(f"{address(connection)}versions/1/").status_code == 200
    assert reader.post(f"{address(connection)}versions/1/", {"seen": "1"}).status_code == 403
    assert reader.post(f"{address(connection)}reapply/").status_code == 403
    assert reader.post(address(connection), entered()).status_code == 403
    assert "Check and save" not in reader.get(address(connection)).text
