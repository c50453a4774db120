"""What else a real portal does on the first day (the reference's sections 3 to 8, 11 and 12)."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from contracts.models import Contract
from crm_sync.clients.hubspot.client import HubSpotClient
from crm_sync.clients.hubspot.values import deep_link
from crm_sync.deals import Cursor
from crm_sync.enums import SourceObject, Target
from crm_sync.errors import TransientError
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import current_rules, save_mapping
from crm_sync.models import Connection, CrmDeal
from demo.http_server import Application, Request, Response, Server, json_response
from demo.hubspot.app import Intercept, build_app
from demo.hubspot.pipelines import Stage
from demo.hubspot.portal import Portal
from demo.hubspot.property_definitions import Property
from tests.crm_sync.clients.portals import NOON, StandingClock, add_deal, asked, deals_of, read
from tests.crm_sync.clients.traps.portal_runs import paths, seen
from tests.crm_sync.conftest import Run
from tests.crm_sync.sales import sell_in_hubspot

Open = Callable[..., HubSpotClient]
Serve = Callable[[Intercept], Server]
POLL = Cursor(modified_at=NOON)
WON = Stage(id="99", label="Closed Won", probability="1.0", closed=True)
GONE = "No stage in HubSpot is named Closed Won. Nothing is imported. Choose the stages again on this connection."


def test_stage_that_is_made_during_a_poll_is_learned(
    hubspot: Connection, portal: Portal, intercept: Serve, run: Run
) -> None:
    """The stage map is read first; by the time of the search there is one stage more."""
    run(hubspot)
    made = []

    def make_before_the_search(request: Request, answer: Application) -> Response:
        if request.path.endswith("/search") and not made:
            portal.add_stage("11348541", WON)
            made.append(sell_in_hubspot(portal, dealstage="99"))
        return answer(request)

    server = intercept(make_before_the_search)

    done = run(hubspot)

    assert (seen(done, hubspot), done.created) == (("done", "connected", ""), 1)
    assert Contract.objects.get().customer.name == "Acme"
    assert len(paths(server, "/pipelines/")) == 2


def test_stage_that_was_deleted_is_asked_for_once_a_run(
    hubspot_client: HubSpotClient, portal: Portal, hubspot_server: Server
) -> None:
    """Its deals keep its id."""
    for _ in range(2):
        add_deal(portal, dealstage="qualifiedtobuy")
    portal.delete_stage("qualifiedtobuy")

    deals = deals_of([*read(hubspot_client, asked(POLL)), *read(hubspot_client, asked(POLL))])

    assert [(deal.stage, deal.crm_says_won) for deal in deals] == [("qualifiedtobuy", None)] * 4
    assert len(paths(hubspot_server, "/pipelines/")) == 3, "one for each poll, one for the unknown stage"


def test_stages_that_vanish_sound_the_alarm_and_keep_the_cursor(
    hubspot: Connection, portal: Portal, clock: StandingClock, run: Run
) -> None:
    sell_in_hubspot(portal)
    run(hubspot)
    hubspot.refresh_from_db()
    before = hubspot.cursor_modified_at
    for stage in ("closedwon", "11348547"):
        portal.rename_stage(stage, "Gewonnen")
    clock.move(timedelta(minutes=5))
    late = sell_in_hubspot(portal, amount="99")
    clock.move(timedelta(minutes=5))

    done = run(hubspot)

    state, connection, reason = seen(done, hubspot)
    assert (state, connection, GONE in reason) == ("done", "degraded", True)
    assert (hubspot.cursor_modified_at, Contract.objects.get().state) == (before, "active")
    portal.rename_stage("closedwon", "Closed Won")
    assert run(hubspot).created == 1
    assert CrmDeal.objects.filter(external_id=late, state="imported").exists()


def test_owner_is_found_by_its_id_and_not_by_its_user(hubspot_client: HubSpotClient, portal: Portal) -> None:
    sam = portal.add_owner(email="sam@acme.example")
    user_id = portal.owners[sam].user_id
    portal.add_owner(email="kim@acme.example")
    add_deal(portal, hubspot_owner_id=sam)
    add_deal(portal, hubspot_owner_id=str(user_id))

    deals = deals_of(read(hubspot_client, asked(POLL)))

    assert sam != str(user_id)
    emails = [deal.fields[SourceObject.OWNER]["email"] for deal in deals]
    assert emails == ["sam@acme.example", None]


def many_properties(portal: Portal, count: int) -> list[str]:
    names = [f"custom_property_with_a_rather_long_name_{number:03d}" for number in range(count)]
    for name in names:
        portal.add_property(
            "deals",
            Property(name=name, label=name, type="string", field_type="text", group="dealinformation"),
        )
    return names


@pytest.mark.parametrize("cursor", [Cursor(), POLL], ids=["first import", "poll"])
def test_more_properties_than_a_search_may_name_are_read_from_the_store(
    hubspot_client: HubSpotClient, portal: Portal, hubspot_server: Server, cursor: Cursor
) -> None:
    portal.habits.long_searches_refused = True
    names = many_properties(portal, 100)
    won = add_deal(portal, **{names[99]: "here"})
    add_deal(portal, dealstage="contractsent", **{names[99]: "there"})

    deals = deals_of(read(hubspot_client, asked(cursor, wanted={SourceObject.DEAL: names})))

    found = {deal.external_id: deal for deal in deals}
    assert found[won].fields[SourceObject.DEAL][names[99]] == "here"
    assert (found[won].hidden_fields, hubspot_client.warnings) == (frozenset(), [])
    assert paths(hubspot_server, "/properties/") == []


def test_addresses_stay_short_however_many_properties_are_mapped(
    hubspot: Connection, portal: Portal, intercept: Serve, run: Run
) -> None:
    """A 414 is never met: what is long goes into a body."""
    names = many_properties(portal, 100)
    rules = [
        *current_rules(connection=hubspot).rules,
        *(FieldRule(target=Target.CUSTOM, source_field=name, custom_label=name) for name in names),
    ]
    save_mapping(connection=hubspot, rules=rules, translations={}, actor=None)
    longest = []

    def measure(request: Request, answer: Application) -> Response:
        longest.append(len(request.target or request.path))
        return answer(request)

    intercept(measure)
    sell_in_hubspot(portal, **{names[7]: "seven"})

    assert (run(hubspot).created, max(longest) < 200) == (1, True)
    assert Contract.objects.get().custom_fields[names[7]] == "seven"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://app-eu1.hubspot.com/contacts/1/record/0-3/7",
            "https://app-eu1.hubspot.com/contacts/1/record/0-3/7",
        ),
        ("", "https://app.hubspot.com/contacts/1/record/0-3/7"),
        ("http://app.hubspot.com/contacts/1/record/0-3/7", "https://app.hubspot.com/contacts/1/record/0-3/7"),
        ("https://hubspot.com.evil.example/7", "https://app.hubspot.com/contacts/1/record/0-3/7"),
        ("https://evil.example\\.hubspot.com/7", "https://app.hubspot.com/contacts/1/record/0-3/7"),
        ("https://app.hubspot.com@evil.example/7", "https://app.hubspot.com/contacts/1/record/0-3/7"),
        ("javascript:alert(1)", "https://app.hubspot.com/contacts/1/record/0-3/7"),
        ("https://[evil", "https://app.hubspot.com/contacts/1/record/0-3/7"),
        ("https://app.hubspot.com/" + "7" * 500, "https://app.hubspot.com/contacts/1/record/0-3/7"),
    ],
    ids=range(9),
)
def test_link_to_a_deal_leads_to_hubspot_and_nowhere_else(url: str, expected: str) -> None:
    assert deep_link(url, ui_domain="app.hubspot.com", portal_id="1", deal_id="7") == expected


def test_links_of_a_european_portal(hubspot_client: HubSpotClient, portal: Portal) -> None:
    portal.ui_domain = "app-eu1.hubspot.com"
    deal = add_deal(portal)

    (found,) = deals_of(read(hubspot_client, asked(POLL)))

    assert found.url == f"https://app-eu1.hubspot.com/contacts/{portal.portal_id}/record/0-3/{deal}"


@pytest.mark.parametrize("told", ["evil.example", "app.hubspot.com/@evil.example", "127.0.0.1:8000", 7])
def test_foreign_host_of_pages_is_not_kept(open_hubspot: Open, portal: Portal, told: object) -> None:
    def tell(request: Request, answer: Application) -> Response:
        account = json_response({"timeZone": "US/Eastern", "companyCurrency": "USD", "uiDomain": told})
        return account if "/account-info/" in request.path else answer(request)

    with Server(build_app(portal, intercept=tell)) as server:
        assert open_hubspot(url=server.url).identify().ui_domain == ""


def test_empty_pages_without_end_are_given_up(
    open_hubspot: Open, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_sync.clients.hubspot.api.PAGE_BUDGET", 20)
    asked_for = []

    def lead_on(request: Request, answer: Application) -> Response:
        if not request.path.endswith("/search"):
            return answer(request)
        asked_for.append(json.loads(request.body).get("after"))
        after = str(len(asked_for))
        return json_response({"total": 9_999, "results": [], "paging": {"next": {"after": after}}})

    with Server(build_app(portal, intercept=lead_on)) as server, pytest.raises(TransientError) as failure:
        read(open_hubspot(url=server.url), asked(POLL))

    assert (failure.value.code, len(asked_for)) == ("ENDLESS_PAGES", 20)


def test_poll_with_nothing_new_costs_two_calls(
    hubspot: Connection, portal: Portal, clock: StandingClock, hubspot_server: Server, run: Run
) -> None:
    sell_in_hubspot(portal)
    clock.move(timedelta(minutes=1))
    run(hubspot)
    clock.move(timedelta(hours=2))
    run(hubspot)
    hubspot_server.reset_requests()

    done = run(hubspot)

    assert (done.state, done.api_calls, len(hubspot_server.requests)) == ("done", 2, 2)
