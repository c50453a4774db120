"""Small ways in which CRMs differ from what one expects of them."""

from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import connection as database

from contracts.models import Contract
from crm_sync.clients.hubspot import facts as hubspot_facts
from crm_sync.clients.hubspot.stages import stage_is_won
from crm_sync.clients.salesforce import facts as salesforce_facts
from crm_sync.connections.authorising import login_address
from crm_sync.connections.deal_links import follow_move
from crm_sync.models import Connection, CrmDeal, CrmSchema, Hold
from demo.http_server import Server
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.conftest import Run
from tests.crm_sync.counted.request_log import A_SECOND
from tests.crm_sync.sales import sell, sell_in_hubspot
from tests.crm_sync.tampering import Tampering
from tests.crm_sync.told import told_by


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def portal(clock: StandingClock) -> Portal:
    return Portal(clock=clock)


@pytest.mark.parametrize(
    ("written", "is_won"),
    [
        ("1", True),
        ("1.0", True),
        ("1.00", True),
        (1, True),
        ("0.99", False),
        ("", False),
        (None, False),
        ("sNaN", False),
    ],
)
def test_probability_is_compared_as_a_number(written: object, is_won: bool) -> None:
    assert stage_is_won({"isClosed": "true", "probability": written}) is is_won


def test_forty_won_stages_are_searched_for_in_parts(
    hubspot: Connection, portal: Portal, clock: StandingClock, run: Run
) -> None:
    """With ids of 36 characters they do not fit into one search of 3,000."""
    portal.habits.long_searches_refused = True
    first = portal.pipelines[0]
    won = next(stage for stage in first.stages if stage.id == "closedwon")
    ids = [str(uuid4()) for _ in range(40)]
    added = [replace(won, id=key, label=f"Won {number}") for number, key in enumerate(ids)]
    portal.pipelines[0] = replace(first, stages=(*first.stages, *added))
    hubspot.stage_names = ["Closed Won", *(f"Won {n}" for n in range(40))]
    hubspot.save()
    company = portal.add_company(name="Acme")
    for number, key in enumerate(ids):
        sell_in_hubspot(portal, company_id=company, dealstage=key, amount=str(100 + number))
    clock.move(A_SECOND)

    done = run(hubspot)

    assert (done.state, done.created) == ("done", 40), done.error


def test_pages_without_an_end_take_no_longer_than_a_run_may(
    salesforce: Connection, org: Org, run: Run
) -> None:
    org.max_page_size = 1
    for _ in range(20):
        sell(org)
    asked = iter(range(1_000))

    done = run(salesforce, may_call=lambda: next(asked) < 10)

    currency = 1  # asked once in such a run
    assert (done.state, done.api_calls, done.pages) == ("done", 10, 10 - currency)
    nothing = run(salesforce, may_call=lambda: False)
    assert (nothing.state, nothing.error_kind, nothing.api_calls) == ("failed", "transient", 0)


@pytest.mark.parametrize(
    "typed",
    [
        "https://Acme.my.salesforce.com",
        "ACME.MY.SALESFORCE.COM",
        "https://acme.my.salesforce.com/lightning/page/home?x=1#top",
        " https://acme.my.salesforce.com/ ",
    ],
)
def test_address_is_taken_as_it_is_pasted(typed: str) -> None:
    assert (
        login_address(provider="salesforce", choice="my_domain", own_address=typed)
        == "https://acme.my.salesforce.com"
    )


@pytest.mark.parametrize(
    "typed", ["https://acme.example", "http://acme.my.salesforce.com", "", "https://[", "a b"]
)
def test_address_of_nobody_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="Enter the address of your org"):
        login_address(provider="salesforce", choice="my_domain", own_address=typed)


def test_scopes_wider_than_needed_are_named(salesforce: Connection, settings) -> None:
    settings.SALESFORCE_SCOPES = "full refresh_token"
    (wide,) = salesforce_facts.wider_scopes()
    settings.SALESFORCE_SCOPES = "api refresh_token"

    assert "full" in wide.sentence
    assert (wide.label, wide.blocking) == ("Scopes wider than needed", False)
    assert salesforce_facts.wider_scopes() == []
    needed = frozenset({"oauth", "crm.objects.deals.read"})
    assert hubspot_facts.wider_scopes(granted=needed) == []
    (writes,) = hubspot_facts.wider_scopes(granted=needed | {"crm.objects.deals.write"})
    assert "crm.objects.deals.write" in writes.sentence


def test_stage_that_is_back_ends_its_warning(
    hubspot: Connection, portal: Portal, clock: StandingClock, run: Run
) -> None:
    schema = CrmSchema.objects.get(pk=hubspot.pk)
    schema.stages = [one for one in schema.stages if one["name"] != "Closed Won"]
    schema.save()

    done = run(hubspot)

    hubspot.refresh_from_db()
    assert (told_by(done), told_by(hubspot), hubspot.state) == ([], [], "connected")


def test_links_lead_to_where_the_org_is_now(salesforce: Connection, org: Org, run: Run) -> None:
    deal = sell(org)
    run(salesforce)
    salesforce.instance_url = "https://acme--moved.my.salesforce.com"

    follow_move(salesforce)

    here = f"https://acme--moved.my.salesforce.com/lightning/r/Opportunity/{deal}/view"
    with database.cursor() as cursor:
        cursor.execute("SELECT url FROM crm_sync_crmdeal UNION ALL SELECT url FROM crm_sync_wondeal")
        assert cursor.fetchall() == [(here,), (here,)]
    assert CrmDeal.objects.get().url == here


def test_yes_is_nobodys_name(
    salesforce: Connection, salesforce_server: Server, org: Org, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(org)
    tampering = Tampering(changes=[("/query", lambda body: name_all(body, True))])
    answer = salesforce_server.app.app
    monkeypatch.setattr(salesforce_server.app, "app", lambda request: tampering(request, answer))

    done = run(salesforce)

    assert (done.state, Contract.objects.count(), done.held) == ("done", 0, 1), done.error
    assert Hold.objects.get().code == "TEXT_INVALID"


def name_all(body: object, name: object) -> None:
    """A refusal has no records."""
    for record in body.get("records", []) if isinstance(body, dict) else []:
        if record.get("Account"):
            record["Account"]["Name"] = name
