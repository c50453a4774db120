"""Near misses and vanished stages, from the CRM to the page."""

from datetime import date, timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client

from contracts.models import AuditEntry, Contract
from crm_sync.connections import authorising
from crm_sync.models import Connection, CrmSchema
from demo.http_server import Response, Server
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.conftest import Run
from tests.crm_sync.page_rows import connect
from tests.crm_sync.sales import sell, sell_in_hubspot
from tests.crm_sync.told import told_by
from tests.pages import alerts, rows, signed_in, words

pytestmark = pytest.mark.django_db
VIEW, CHANGE = "crm_sync.view_connection", "crm_sync.change_billing_meaning"
PARTNERS_WON = "20519881"
WARNED = "{} in '{}' {} not imported. Select this stage on the connection if they are won."


@pytest.fixture
def browser() -> Client:
    return signed_in(VIEW, CHANGE, "crm_sync.change_syncrun", "crm_sync.view_syncrun")


def counts(connection: Connection) -> dict[str, int]:
    return CrmSchema.objects.get(pk=connection.pk).stage_counts


def test_case_40_near_miss_is_counted_listed_and_selected_with_one_button(
    hubspot: Connection, portal: Portal, run: Run, browser: Client
) -> None:
    for _ in range(3):
        sell_in_hubspot(portal, dealstage=PARTNERS_WON)
    sell_in_hubspot(portal, dealstage=PARTNERS_WON, closedate="2025-06-01T12:00:00Z")
    authorising.refresh_schema(connection=hubspot)

    done = run(hubspot)
    page = browser.get(f"/settings/crm/{hubspot.pk}/")

    assert (done.created, counts(hubspot)) == (0, {"Closed won": 3})
    assert told_by(done) == [WARNED.format("3 deals", "Closed won", "are")]
    assert "3 deals in 'Closed won' are not imported." in alerts(page)
    assert WARNED.format("3 deals", "Closed won", "are") in words(browser.get("/settings/crm/").text)
    assert WARNED.format("3 deals", "Closed won", "are") in alerts(browser.get(f"/history/{done.pk}/"))
    hubspot.refresh_from_db()
    assert (hubspot.state, told_by(hubspot)) == ("connected", [])

    chosen = browser.post(f"/settings/crm/{hubspot.pk}/stage/", {"name": "Closed won"}, follow=True)
    assert "Deals in 'Closed won' are imported from the next sync on, those that wait included." in alerts(
        chosen
    )
    entry = AuditEntry.objects.latest("id")
    assert (entry.actor_name, entry.before, entry.after) == (
        "dana",
        {"stage_names": ["Closed Won"]},
        {"stage_names": ["Closed Won", "Closed won"]},
    )
    done = run(hubspot)
    assert (done.created + done.held, told_by(done)) == (3, [])
    assert "Near misses" not in browser.get(f"/settings/crm/{hubspot.pk}/").text


def test_case_39_value_in_no_list_is_found_by_the_poll(
    salesforce: Connection, org: Org, run: Run, salesforce_server: Server
) -> None:
    run(salesforce)
    for stage in ("closed won", "Closed-Won", "Closed-Won", "Closed Lost"):
        sell(org, StageName=stage)

    done = run(salesforce)

    assert (done.created, done.held) == (0, 0)
    assert counts(salesforce) == {"closed won": 1, "Closed-Won": 2}
    assert told_by(done) == [
        WARNED.format("1 deal", "closed won", "is"),
        WARNED.format("2 deals", "Closed-Won", "are"),
    ]

    salesforce_server.reset_requests()
    again = run(salesforce)
    assert told_by(again) == told_by(done)
    assert len(salesforce_server.requests) == 1


def test_case_39_variants_of_before_the_first_poll_are_found_at_connect(
    salesforce: Connection, org: Org
) -> None:
    for stage in ("closed won", "CLOSED WON", "Closed Won"):
        sell(org, StageName=stage)

    authorising.refresh_schema(connection=salesforce)

    assert counts(salesforce) == {"closed won": 1, "CLOSED WON": 1}


def test_stage_that_salesforce_calls_won(salesforce: Connection, org: Org, run: Run, browser: Client) -> None:
    org.set_stages(
        [
            {"ApiName": "Closed Won", "IsClosed": True, "IsWon": True, "DefaultProbability": 100},
            {"ApiName": "Signed & <b>sealed</b>", "IsClosed": True, "IsWon": True, "DefaultProbability": 100},
        ]
    )
    sell(org)
    sell(org, StageName="Signed & <b>sealed</b>")
    run(salesforce)
    sell(org, StageName="Signed & <b>sealed</b>")
    run(salesforce)

    page = browser.get(f"/settings/crm/{salesforce.pk}/")

    assert "2 deals in 'Signed & <b>sealed</b>' are not imported." in alerts(page)
    assert "<b>sealed" not in page.text


def test_near_miss_without_deals_is_listed_and_no_problem(
    salesforce: Connection, org: Org, run: Run, browser: Client
) -> None:
    org.set_stages(
        [
            {"ApiName": "Closed Won", "IsClosed": True, "IsWon": True, "DefaultProbability": 100},
            {"ApiName": "Signed & <b>sealed</b>", "IsClosed": True, "IsWon": True, "DefaultProbability": 100},
        ]
    )
    authorising.refresh_schema(connection=salesforce)

    page = browser.get(f"/settings/crm/{salesforce.pk}/")

    assert alerts(page) == []
    assert [row[:3] for row in rows(page)] == [
        [
            "Signed & <b>sealed</b>",
            "",
            "Deals in 'Signed & <b>sealed</b>' would not be imported; there are none.",
        ]
    ]
    assert "<b>sealed" not in page.text


def test_selected_stage_that_vanished_is_a_warning(
    salesforce: Connection, hubspot: Connection, org: Org, portal: Portal, run: Run, browser: Client
) -> None:
    org.set_stages([{"ApiName": "Closed", "IsClosed": True, "IsWon": True, "DefaultProbability": 100}])
    portal.rename_stage("closedwon", "Done")
    portal.rename_stage("11348547", "Done")
    CrmSchema.objects.update(stages_checked_at=Now() - timedelta(hours=25))

    for connection, provider in ((salesforce, "Salesforce"), (hubspot, "HubSpot")):
        done = run(connection)
        connection.refresh_from_db()
        sentence = (
            f"No stage in {provider} is named Closed Won. Nothing is imported. "
            "Choose the stages again on this connection."
        )
        assert sentence in told_by(done)
        assert (connection.state, told_by(connection)) == ("degraded", [sentence])
        assert sentence in alerts(browser.get(f"/settings/crm/{connection.pk}/"))


def test_poll_with_nothing_new_costs_one_request_and_two(
    salesforce: Connection,
    hubspot: Connection,
    org: Org,
    portal: Portal,
    run: Run,
    salesforce_server: Server,
    hubspot_server: Server,
) -> None:
    sell(org, StageName="closed won")
    clock = portal.clock
    portal.clock = lambda: clock() - timedelta(minutes=1)
    sell_in_hubspot(portal, dealstage=PARTNERS_WON)
    portal.clock = clock  # it tells its time in whole seconds: of deals of this second the next poll hears
    for connection, server, most in ((salesforce, salesforce_server, 1), (hubspot, hubspot_server, 2)):
        run(connection)
        run(connection)
        server.reset_requests()
        done = run(connection)
        assert len(server.requests) == most, server.requests
        assert done.api_calls == most


def test_fields_and_stages_are_read_again_once_a_day(
    salesforce: Connection, run: Run, salesforce_server: Server
) -> None:
    CrmSchema.objects.update(stages_checked_at=Now() - timedelta(hours=24, minutes=1))
    run(salesforce)
    assert len(salesforce_server.requests) == 1 + 3 + 1 + 1, "deals, fields, stages, counts"
    salesforce_server.reset_requests()

    run(salesforce)

    assert len(salesforce_server.requests) == 1


def test_unknown_stage_has_the_list_read_again(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org)
    run(salesforce)
    org.set_stages(
        [
            {"ApiName": "Closed Won", "IsClosed": True, "IsWon": True, "DefaultProbability": 100},
            {"ApiName": "Verbal", "IsClosed": False, "IsWon": False, "DefaultProbability": 50},
        ]
    )
    sell(org, StageName="Verbal")

    run(salesforce)

    names = [stage["name"] for stage in CrmSchema.objects.get(pk=salesforce.pk).stages]
    assert names == ["Closed Won", "Verbal"]


def test_count_that_fails_spoils_no_run(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org)
    org.intercept = lambda request: (
        Response(status=500)
        if "OpportunityStage" in str(request.query) or "OpportunityStage" in request.path
        else None
    )
    CrmSchema.objects.update(stages_checked_at=None)

    done, again = run(salesforce), run(salesforce)

    assert (done.state, done.created + done.held) == ("done", 1)
    assert (again.state, again.api_calls) == ("done", 1)
    CrmSchema.objects.update(stages_checked_at=F("stages_checked_at") - timedelta(hours=1))
    assert run(salesforce).api_calls > 1


def test_deals_closed_before_import_from_do_not_count(salesforce: Connection, org: Org, run: Run) -> None:
    run(salesforce)
    sell(org, StageName="closed won", CloseDate=date(2025, 12, 31))

    done = run(salesforce)

    assert (told_by(done), counts(salesforce)) == ([], {})


def test_stage_that_is_no_near_miss_cannot_be_selected_by_the_button(browser: Client) -> None:
    connection = connect()

    response = browser.post(f"/settings/crm/{connection.pk}/stage/", {"name": "Prospecting"}, follow=True)

    assert "This stage is not offered any more. Choose among the stages below." in alerts(response)
    connection.refresh_from_db()
    assert connection.stage_names == ["Closed Won"]


def test_reader_sees_near_misses_and_no_button() -> None:
    connection = connect(stage_names=["Signed"])
    CrmSchema.objects.update(stage_counts={"Closed Won": 2})

    page = signed_in(VIEW).get(f"/settings/crm/{connection.pk}/")

    assert "2 deals in 'Closed Won' are not imported." in alerts(page)
    assert "Somebody of Finance can select this stage." in page.text
    assert f'action="/settings/crm/{connection.pk}/stage/"' not in page.text
    assert Contract.objects.count() == 0
