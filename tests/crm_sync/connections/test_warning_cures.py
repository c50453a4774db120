"""Each warning of a connection says why it matters and leads to its cure, wherever it is shown."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.test import Client

from crm_sync.connections import authorising
from crm_sync.findings.codes import FindingCode
from crm_sync.findings.values import finding, stored
from crm_sync.mapping.field_gaps import gap_finding
from crm_sync.mapping.store import current_rules
from crm_sync.models import Connection, CrmSchema, SyncRun
from crm_sync.views.connections.warning_cures import (
    ELSE,
    GAP,
    GONE,
    LEAVERS,
    MISSED,
    PACE,
    UNSIGNED,
    shown_warnings,
)
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.page_rows import connect, ran
from tests.crm_sync.sales import sell, sell_in_hubspot
from tests.pages import alerts, signed_in, words

pytestmark = pytest.mark.django_db
VIEW, CHANGE = "crm_sync.view_connection", "crm_sync.change_connection"
OTHER = "Account Manager stays blank."


@pytest.fixture
def browser() -> Client:
    return signed_in(VIEW, CHANGE, "crm_sync.view_syncrun", "crm_sync.view_fieldmapping")


def cures(run: SyncRun) -> list[tuple[str, str, str]]:
    shown = shown_warnings(connection=run.connection, found=run.found)
    return [(one.why, one.cure_label, one.cure_url) for one in shown]


def test_hidden_field_leads_to_its_row_of_the_field_mapping(
    salesforce: Connection, org: Org, run: Run, browser: Client
) -> None:
    org.remove_field("Opportunity", "Contract_Term__c")

    done = run(salesforce)

    url = f"/settings/mapping/{salesforce.pk}/#duration"
    assert cures(done) == [(GAP, "Open Field Mapping", url)]
    for path in (f"/settings/crm/{salesforce.pk}/", "/settings/crm/", f"/history/{done.pk}/"):
        assert f'href="{url}">Open Field Mapping</a>' in browser.get(path).text
    assert 'id="duration"' in browser.get(f"/settings/mapping/{salesforce.pk}/").text


def test_field_that_is_missing_before_the_mapping_is_confirmed_leads_there_too() -> None:
    connection = connect(is_confirmed=False)
    rule = next(rule for rule in current_rules(connection=connection).rules if rule.target == "duration")

    shown = shown_warnings(connection=connection, found=[gap_finding(rule, provider="Salesforce")])

    assert [one.cure_url for one in shown] == [f"/settings/mapping/{connection.pk}/#duration"]


def test_vanished_stage_leads_to_the_choice_of_stages(salesforce: Connection, org: Org, run: Run) -> None:
    org.set_stages([{"ApiName": "Closed", "IsClosed": True, "IsWon": True, "DefaultProbability": 100}])
    CrmSchema.objects.update(stages_checked_at=Now() - timedelta(hours=25))

    assert cures(run(salesforce)) == [(GONE, "Choose stages", f"/settings/crm/{salesforce.pk}/#stages")]


def test_near_miss_leads_to_the_button_that_selects_it(
    hubspot: Connection, portal: Portal, run: Run, browser: Client
) -> None:
    sell_in_hubspot(portal, dealstage="20519881")
    authorising.refresh_schema(connection=hubspot)

    done = run(hubspot)

    url = f"/settings/crm/{hubspot.pk}/#near-misses"
    assert cures(done) == [(MISSED, "See the stage", url)]
    assert f'href="{url}">See the stage</a>' in browser.get("/settings/crm/").text
    assert 'id="near-misses"' in browser.get(f"/settings/crm/{hubspot.pk}/").text


def test_scarce_api_calls_lead_to_the_runs(salesforce: Connection, org: Org, run: Run) -> None:
    org.api_used = 12_500

    assert cures(run(salesforce)) == [
        (PACE, "See what the runs used", f"/history/?connection={salesforce.pk}")
    ]


def test_page_says_until_when_the_crm_is_left_alone(
    salesforce: Connection, org: Org, run: Run, browser: Client
) -> None:
    left_alone = "Until then Fincelo leaves Salesforce alone."
    run(salesforce)
    assert left_alone not in browser.get(f"/settings/crm/{salesforce.pk}/").text

    org.api_used = 12_500
    run(salesforce)

    for path in (f"/settings/crm/{salesforce.pk}/", "/settings/crm/"):
        assert left_alone in browser.get(path).text


def test_leavers_lead_to_the_question_which_is_asked_once(
    salesforce: Connection, org: Org, run: Run, browser: Client
) -> None:
    deals = [sell(org) for _ in range(21)]
    Connection.objects.update(most_new_deals=21)
    run(salesforce)
    for deal in deals:
        org.edit(deal, StageName="Negotiation/Review")

    done = run(salesforce)

    page = browser.get(f"/settings/crm/{salesforce.pk}/")
    assert cures(done) == [(LEAVERS, "Decide", f"/settings/crm/{salesforce.pk}/#leavers")]
    assert alerts(page) == ["21 imported deals are no longer won in Salesforce."]
    assert "The first 10 of 21." in words(page.text)
    assert 'id="leavers"' in page.text


def test_unsigned_answer_leads_to_the_details_of_the_app() -> None:
    run = ran(connect(), warnings=stored([finding(FindingCode.NOT_SIGNED)]))

    assert cures(run) == [
        (UNSIGNED, "Correct the app's details", f"{run.connection.get_absolute_url()}#connect")
    ]


def test_any_other_warning_leads_to_the_check_of_access() -> None:
    run = ran(connect(), warnings=[OTHER])

    assert cures(run) == [(ELSE, "Check access", f"{run.connection.get_absolute_url()}#preflight")]


def test_list_shows_three_warnings_and_says_how_many_more(browser: Client) -> None:
    connection = connect(state="degraded", warnings=[f"Warning {number}." for number in range(1, 6)])

    page = browser.get("/settings/crm/").text

    assert [f"Warning {number}." in page for number in range(1, 6)] == [True, True, True, False, False]
    assert f'<a href="/settings/crm/{connection.pk}/">And 2 more</a>' in page


@pytest.mark.parametrize("state", ["broken", "paused"])
def test_connection_that_imports_nothing_does_not_say_that_all_goes_on(browser: Client, state: str) -> None:
    connection = connect(state=state, state_reason="It rests.", warnings=[OTHER])

    for path in ("/settings/crm/", f"/settings/crm/{connection.pk}/"):
        page = browser.get(path).text
        assert ELSE not in page
        assert OTHER not in page


def test_silent_connection_says_so_on_its_card(browser: Client) -> None:
    connection = connect()
    past = Now() - timedelta(minutes=16)
    Connection.objects.update(created_at=past, live_since=past, last_success_at=past)

    page = browser.get("/settings/crm/").text

    assert "No sync has been completed for a quarter of an hour." in page
    assert f'href="/history/?connection={connection.pk}">See its runs</a>' in page


def test_gaps_of_the_access_lead_to_stages_and_field_mapping(
    salesforce: Connection, org: Org, browser: Client
) -> None:
    path = f"/settings/crm/{salesforce.pk}/preflight/"
    assert "Choose stages" not in browser.post(path, HTTP_HX_REQUEST="true").text

    org.remove_field("Opportunity", "Contract_Term__c")
    card = browser.post(path, HTTP_HX_REQUEST="true").text

    assert 'href="#stages">Choose stages</a>' in card
    assert f'href="/settings/mapping/{salesforce.pk}/">Open Field Mapping</a>' in card
