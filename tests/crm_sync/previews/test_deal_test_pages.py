"""Field Mapping, Test on a deal."""

import re
from datetime import date, timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from crm_sync.models import Connection
from demo.http_server import Response
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.billing.builders import ensure_legal_entity
from tests.crm_sync.conftest import Run
from tests.crm_sync.page_rows import connect
from tests.crm_sync.sales import sell, sell_in_hubspot
from tests.crm_sync.stored import row_versions
from tests.pages import alerts, field_errors, rows, signed_in, words

TODAY = timezone.now().date()


@pytest.fixture
def browser(db: None) -> Client:
    return signed_in("crm_sync.view_fieldmapping")


def tried(browser: Client, connection: Connection, deal: str) -> HttpResponse:
    return browser.post(f"/settings/mapping/{connection.pk}/test/", {"deal": deal})


def facts(response: HttpResponse) -> dict[str, str]:
    pairs = re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", response.text, re.S)
    return {words(label): words(value) for label, value in pairs}


def test_won_deal_shows_fields_contract_and_invoices(
    browser: Client, salesforce: Connection, org: Org
) -> None:
    ensure_legal_entity(default_tax_rate=19_000)
    deal = sell(org, CloseDate=TODAY, Contract_Term__c=2, Billing_Frequency__c="Monthly", Amount=100)
    before = row_versions()

    page = tried(browser, salesforce, deal)

    assert row_versions() == before
    assert alerts(page) == [
        "This deal would become a contract.",
        "The deal names no currency: USD, the default, is taken.",
    ]
    table = rows(page)
    assert ["Contract Value", "Deal: Amount", "100.0", "number", "100.0"] in table
    assert facts(page)["Customer"] == "Acme New customer"
    assert facts(page)["Contract Value"] == "USD 100.00"
    first, second = table[-2:]
    assert [first[0], *first[3:7]] == ["1", "50.00", "Invoiced today", "9.50", "59.50"]
    assert [second[0], *second[3:7]] == ["2", "50.00", "Planned", "", ""]


def test_get_asks_nothing(browser: Client, salesforce: Connection, org: Org, salesforce_server) -> None:
    deal = sell(org)

    page = browser.get(f"/settings/mapping/{salesforce.pk}/test/?deal={deal}")

    assert f'value="{deal}"' in page.text
    assert salesforce_server.requests == []


def test_mapping_that_is_not_confirmed(browser: Client, hubspot: Connection, portal: Portal) -> None:
    """The rows as they are stored, here with a default that no version has."""
    Connection.objects.filter(pk=hubspot.pk).update(mapping_version=None)
    hubspot.field_mappings.filter(target="duration").update(default_value="24 months")
    deal = sell_in_hubspot(portal, contract_term_months=None)

    page = tried(browser, hubspot, deal)

    assert facts(page)["Contract Duration"] == "24 months"
    assert alerts(page)[0] == "This deal would become a contract."
    assert "it is not confirmed yet" in page.text


def test_deal_that_is_not_won(browser: Client, salesforce: Connection, org: Org) -> None:
    deal = sell(org, StageName="Prospecting")

    page = tried(browser, salesforce, deal)

    assert alerts(page)[0] == (
        "This deal would not be imported. Its stage is 'Prospecting', and Salesforce imports 'Closed Won'."
    )
    assert facts(page)["Contract Value"] == "USD 1,200.00"


def test_deal_that_closed_too_early(browser: Client, salesforce: Connection, org: Org) -> None:
    """Case 11."""
    deal = sell(org, CloseDate=date(2025, 12, 31))

    assert alerts(tried(browser, salesforce, deal))[0] == (
        "This deal would not be imported. It closed on 31 Dec 2025, and Salesforce imports deals closed "
        "from 1 Jan 2026 on."
    )


def test_held_deal_lists_its_problems_with_cures(browser: Client, salesforce: Connection, org: Org) -> None:
    deal = sell(org, Amount=None, Billing_Frequency__c="Bi-annual")

    page = tried(browser, salesforce, deal)

    assert alerts(page) == [
        "This deal would be held.",
        "Contract Value is empty.",
        "Billing Cycle \u201cBi-annual\u201d can mean twice a year or every two years; add a translation for it.",
        "The deal names no currency: USD, the default, is taken.",
    ]
    assert "?translate=Bi-annual&amp;field=billing_cycle#translations" in page.text


def test_both_readings_of_a_deal_of_several_years(browser: Client, salesforce: Connection, org: Org) -> None:
    """Case 9."""
    deal = sell(org, Amount=36_000, Contract_Term__c=36, Billing_Frequency__c="Annual", CloseDate=TODAY)

    assert alerts(tried(browser, salesforce, deal))[-1] == (
        "The term is 36 months. With the amount as a total contract value the contract is over "
        "USD 36,000.00; as an annual value it would be over USD 108,000.00."
    )


@pytest.mark.parametrize(
    ("term", "sentence"),
    [
        (
            14,  # case 23
            "The term of 14 months is no multiple of the billing cycle: the last instalment covers 2 months.",
        ),
        (
            1,  # case 24
            "The term of 1 month is shorter than the billing cycle: one instalment is for all of it.",
        ),
    ],
)
def test_short_period(browser: Client, salesforce: Connection, org: Org, term: int, sentence: str) -> None:
    deal = sell(org, Contract_Term__c=term, Billing_Frequency__c="Annual", CloseDate=TODAY)

    assert sentence in alerts(tried(browser, salesforce, deal))


def test_deal_of_long_ago_asks(browser: Client, salesforce: Connection, org: Org) -> None:
    """Cases 10 and 11."""
    ensure_legal_entity()
    Connection.objects.update(import_from=date(2020, 1, 1))
    recent = sell(org, CloseDate=TODAY - timedelta(days=31))
    long_ago = sell(org, CloseDate=TODAY - timedelta(days=32), Amount=5)

    assert [row[4] for row in rows(tried(browser, salesforce, recent))[-4:]] == [
        "Invoiced today",
        *["Planned"] * 3,
    ]
    page = tried(browser, salesforce, long_ago)
    assert alerts(page)[-1].startswith("The oldest period to bill was missed more than 31 days ago")
    assert [row[4] for row in rows(page)[-4:]] == ["Planned"] * 4


def test_what_was_billed_elsewhere(browser: Client, salesforce: Connection, org: Org) -> None:
    Connection.objects.update(billed_until=TODAY - timedelta(days=1))
    deal = sell(org, CloseDate=date(2026, 1, 1), Billing_Frequency__c="Monthly")

    states = [row[4] for row in rows(tried(browser, salesforce, deal))[-12:]]

    assert states[0] == "Already billed elsewhere"
    assert states[-1] == "Planned"


def test_deal_that_starts_later(browser: Client, salesforce: Connection, org: Org) -> None:
    """Case 12."""
    deal = sell(org)
    org.edit(deal, CloseDate=TODAY + timedelta(days=40))

    page = tried(browser, salesforce, deal)

    card = re.search(r"<h2>Contract</h2>(.*?)</div>", page.text, re.S)
    assert card
    assert words(card[1]) == "Scheduled"
    assert [row[4] for row in rows(page)[-4:]] == ["Planned"] * 4


def test_without_a_legal_entity_nothing_would_be_invoiced(
    browser: Client, salesforce: Connection, org: Org
) -> None:
    ensure_legal_entity(street="", city="")
    deal = sell(org, CloseDate=TODAY)

    assert alerts(tried(browser, salesforce, deal))[1] == (
        "The address of the legal entity is missing, so no invoice is legal. "
        "Enter it under Settings, Legal entity."
    )


def test_imported_deal_shows_what_would_change(
    browser: Client, salesforce: Connection, org: Org, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    org.edit(deal, Amount=2400)

    page = tried(browser, salesforce, deal)

    assert alerts(page)[0] == "This deal has a contract, which would change."
    assert ["Contract Value", "USD 1,200.00", "USD 2,400.00"] in rows(page)
    assert facts(page)["Customer"] == "Acme Existing customer"


def test_possible_duplicate(browser: Client, salesforce: Connection, org: Org, run: Run) -> None:
    account = org.add_account("Acme")
    sell(org, account=account)
    run(salesforce)
    copy = sell(org, account=account)

    assert alerts(tried(browser, salesforce, copy))[1] == (
        "The customer has a contract over USD 1,200.00 from 22 Nov 2026 already."
    )


def test_several_deals_of_one_name(browser: Client, salesforce: Connection, org: Org) -> None:
    ids = sorted([sell(org), sell(org)])

    page = tried(browser, salesforce, "Acme platform")

    assert alerts(page) == ["Several deals have this name."]
    assert [row[0] for row in rows(page)] == ids


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter the id, the link or the name of a deal."),
        (
            "Nobody's deal",
            "No deal in Salesforce is named 'Nobody's deal'. Names must match in full; the id or the link of the "
            "deal will do as well.",
        ),
        (
            "006000000000001AAA",
            "Salesforce does not know the deal 006000000000001AAA: it may be deleted, of another org, or hidden "
            "from the user who connected.",
        ),
        (
            "https://app.hubspot.com/contacts/1/record/0-3/5",
            "This is a link of HubSpot; Salesforce is another CRM.",
        ),
        (
            "https://other.lightning.force.com/lightning/r/Opportunity/006000000000001AAA/view",
            "This link leads to another org than that of Salesforce.",
        ),
    ],
)
def test_what_names_no_deal(
    browser: Client, salesforce: Connection, org: Org, typed: str, sentence: str
) -> None:
    assert field_errors(tried(browser, salesforce, typed)) == {"deal": sentence}


def test_crm_that_does_not_answer(browser: Client, salesforce: Connection, org: Org) -> None:
    deal = sell(org)
    org.intercept = lambda request: Response(status=503, headers={"Retry-After": "0"})

    assert alerts(tried(browser, salesforce, deal)) == [
        "Salesforce is not answering properly at the moment (503)."
    ]


def test_connection_that_is_not_connected(browser: Client) -> None:
    connection = connect(state="not_connected")

    assert alerts(tried(browser, connection, "X")) == ["Salesforce is not connected, so no deal can be read."]


def test_who_may_not_see_the_mapping_is_refused(db: None) -> None:
    assert tried(signed_in(), connect(), "X").status_code == 403
