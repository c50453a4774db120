"""What the HubSpot client makes of a portal's records."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from crm_sync.clients.hubspot.client import HubSpotClient
from crm_sync.deals import Cursor, Deal, DealPage
from crm_sync.enums import SourceObject
from crm_sync.errors import ConfigError, SyncError, TransientError
from demo.http_server import Application, Request, Response, Server, json_response
from demo.hubspot.app import build_app
from demo.hubspot.pipelines import Pipeline
from demo.hubspot.pipelines import Stage as PortalStage
from demo.hubspot.portal import Portal
from demo.hubspot.scopes import SEED_SCOPES
from tests.crm_sync.clients.portals import (
    NOON,
    WANTED,
    StandingClock,
    add_deal,
    asked,
    deals_of,
    ids,
    read,
)

Open = Callable[..., HubSpotClient]
NO_OWNERS = (
    "Account Manager stays blank: the access token lacks the scope crm.objects.owners.read. "
    "Add it to the service key or private app in HubSpot."
)
POLL = Cursor(modified_at=NOON - timedelta(hours=1))


def one_deal(client: HubSpotClient) -> Deal:
    (deal,) = deals_of(read(client, asked()))
    return deal


def test_a_deal_with_everything_it_was_asked_for(hubspot_client: HubSpotClient, portal: Portal) -> None:
    owner = portal.add_owner(email="sam@acme.example", first_name="Sam")
    company = portal.add_company(name="Acme Ltd")
    deal_id = portal.add_deal(
        company_id=company,
        dealname="Acme - Platform",
        dealstage="closedwon",
        amount="1200.00",
        deal_currency_code="EUR",
        closedate="2026-04-01T01:09:00Z",
        contract_term_months="24",
        billing_frequency="quarterly",
        hubspot_owner_id=owner,
    )

    assert one_deal(hubspot_client) == Deal(
        external_id=deal_id,
        name="Acme - Platform",
        stage="Closed Won",
        crm_says_won=True,
        crm_says_closed=True,
        merged_ids=[],
        modified_at=NOON,
        close_date=date(2026, 3, 31),
        account_id=company,
        url=f"https://app.hubspot.com/contacts/48211907/record/0-3/{deal_id}",
        fields={
            SourceObject.DEAL: {
                "amount": "1200.00",
                "closedate": "2026-04-01T01:09:00Z",
                "contract_term_months": "24",
                "billing_frequency": "quarterly",
                "deal_currency_code": "EUR",
            },
            SourceObject.ACCOUNT: {"name": "Acme Ltd"},
            SourceObject.OWNER: {"email": "sam@acme.example"},
        },
    )


def test_a_deal_with_nothing_filled_in(hubspot_client: HubSpotClient, portal: Portal) -> None:
    add_deal(portal, company=False, amount=None, closedate=None, dealname=None, contract_term_months="")

    deal = one_deal(hubspot_client)

    assert (deal.name, deal.close_date, deal.account_id, deal.account_problem) == ("", None, "", "")
    assert {value for values in deal.fields.values() for value in values.values()} == {None}


@pytest.mark.parametrize(
    ("time_zone", "expected"), [("US/Eastern", date(2026, 3, 31)), ("Europe/Dublin", date(2026, 4, 1))]
)
def test_case_14_the_close_date_is_the_portals_day(
    open_hubspot: Open, portal: Portal, time_zone: str, expected: date
) -> None:
    add_deal(portal, closedate="2026-04-01T01:09:22.123Z")

    assert one_deal(open_hubspot(time_zone=time_zone)).close_date == expected


def test_case_57_the_primary_company_is_the_customer_wherever_it_stands(
    hubspot_client: HubSpotClient, portal: Portal
) -> None:
    first, primary, last = (portal.add_company(name=name) for name in ("First", "Primary", "Last"))
    deal_id = add_deal(portal, company=False)
    portal.link_company(deal_id, first, primary=False)
    portal.link_company(deal_id, primary, primary=True)
    portal.link_company(deal_id, last, primary=False, label="Reseller")

    deal = one_deal(hubspot_client)

    assert (deal.account_id, deal.fields[SourceObject.ACCOUNT]) == (primary, {"name": "Primary"})


def test_the_primary_company_is_found_on_a_later_page(hubspot_client: HubSpotClient, portal: Portal) -> None:
    portal.association_page_size = 1
    deal_id = add_deal(portal, company=False)
    companies = [portal.add_company(name=f"Company {number}") for number in range(4)]
    for company in companies:
        portal.link_company(deal_id, company, primary=company == companies[-1])

    assert one_deal(hubspot_client).account_id == companies[-1]


@pytest.mark.parametrize(
    ("count", "problem"),
    [(1, ""), (2, "The deal has several companies in HubSpot and none of them is primary.")],
)
def test_case_57_companies_of_which_none_is_primary(
    hubspot_client: HubSpotClient, portal: Portal, count: int, problem: str
) -> None:
    deal_id = add_deal(portal, company=False)
    companies = [portal.add_company(name=f"Company {number}") for number in range(count)]
    for company in companies:
        portal.link_company(deal_id, company, primary=False)

    deal = one_deal(hubspot_client)

    assert (deal.account_id, deal.account_problem) == ("" if problem else companies[0], problem)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (json_response({"status": "error", "category": "INTERNAL"}, status=500), TransientError),
        (
            json_response(
                {"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [{"category": "TIMEOUT"}]},
                status=207,
            ),
            TransientError,
        ),
        (
            json_response({"status": "error", "category": "USER_DOES_NOT_HAVE_PERMISSIONS"}, status=403),
            ConfigError,
        ),
    ],
    ids=["500", "207 with another error", "creator removed"],
)
def test_case_58_a_failed_look_up_is_never_no_company(
    open_hubspot: Open, portal: Portal, answer: Response, error: type[SyncError]
) -> None:
    add_deal(portal)

    def intercept(request: Request, application: Application) -> Response:
        return answer if "/associations/" in request.path else application(request)

    with Server(build_app(portal, intercept=intercept)) as server, pytest.raises(error):
        read(open_hubspot(url=server.url), asked())


def test_a_store_that_could_not_read_some_deals_is_asked_again(open_hubspot: Open, portal: Portal) -> None:
    add_deal(portal)
    partial = json_response({"results": [], "errors": [{"category": "INTERNAL_ERROR"}]}, status=207)

    def intercept(request: Request, application: Application) -> Response:
        return partial if request.path.endswith("/deals/batch/read") else application(request)

    with Server(build_app(portal, intercept=intercept)) as server:
        client = open_hubspot(url=server.url)
        with pytest.raises(TransientError) as failure:
            read(client, asked(POLL))

    assert (failure.value.sentence, failure.value.code) == (
        "HubSpot could not read some deals.",
        "INTERNAL_ERROR",
    )


def test_case_59_without_the_owners_scope_there_is_one_warning(open_hubspot: Open, portal: Portal) -> None:
    owner = portal.add_owner(email="sam@acme.example")
    for _ in range(3):
        add_deal(portal, hubspot_owner_id=owner)
    client = open_hubspot(scopes=SEED_SCOPES)

    deals = deals_of(read(client, asked())) + deals_of(read(client, asked(POLL)))

    assert [deal.fields[SourceObject.OWNER] for deal in deals] == [{"email": None}] * 6
    assert client.warnings == [NO_OWNERS]


@pytest.mark.parametrize("kind", ["active", "archived", "queue", "unknown"])
def test_case_59_owners_of_every_kind(hubspot_client: HubSpotClient, portal: Portal, kind: str) -> None:
    owners = {
        "active": portal.add_owner(email="sam@acme.example"),
        "archived": portal.add_owner(email="kim@acme.example", archived=True),
        "queue": portal.add_owner(email=None, queue=True),
        "unknown": "1",
    }
    emails = {"active": "sam@acme.example", "archived": "kim@acme.example", "queue": None, "unknown": None}
    add_deal(portal, hubspot_owner_id=owners[kind])

    assert one_deal(hubspot_client).fields[SourceObject.OWNER] == {"email": emails[kind]}


def test_owners_are_read_once_and_on_several_pages(
    hubspot_client: HubSpotClient, portal: Portal, hubspot_server: Server
) -> None:
    owners = [portal.add_owner(email=f"{number}@acme.example") for number in range(205)]
    for owner in (owners[0], owners[204]):
        add_deal(portal, hubspot_owner_id=owner)

    deals = deals_of(read(hubspot_client, asked())) + deals_of(read(hubspot_client, asked(POLL)))

    emails = [deal.fields[SourceObject.OWNER]["email"] for deal in deals]
    assert emails == ["0@acme.example", "204@acme.example"] * 2
    assert len([path for _, path in hubspot_server.requests if "/owners/" in path]) == 4


def test_search_lags_behind_so_that_a_poll_reads_the_store(
    hubspot_client: HubSpotClient, portal: Portal, clock: StandingClock
) -> None:
    changed, reopened = (add_deal(portal) for _ in range(2))
    portal.catch_up_search("deals")
    portal.search_lag = 600
    clock.move(timedelta(minutes=1))
    portal.update_deal(changed, amount="99.00")
    portal.update_deal(reopened, dealstage="contractsent")

    deals = deals_of(read(hubspot_client, asked(POLL)))

    assert [(deal.external_id, deal.stage, deal.fields[SourceObject.DEAL]["amount"]) for deal in deals] == [
        (changed, "Closed Won", "99.00"),
        (reopened, "Contract Sent", "1200.00"),
    ]


def test_a_deal_that_search_does_not_show_yet_is_found_within_the_overlap(
    hubspot_client: HubSpotClient, portal: Portal, clock: StandingClock
) -> None:
    portal.search_lag = 1800
    deal_id = add_deal(portal)
    first = read(hubspot_client, asked(POLL))[-1]
    assert first.cursor is not None
    clock.move(timedelta(minutes=31))

    assert (first.deals, ids(read(hubspot_client, asked(first.cursor)))) == ([], [deal_id])


@pytest.mark.parametrize(
    ("probability", "closed", "won"), [("0.0", True, False), ("1.0", False, False), ("1", True, True)]
)
def test_case_42_what_hubspot_itself_says_about_a_stage(
    hubspot_client: HubSpotClient, portal: Portal, probability: str, closed: bool, won: bool
) -> None:
    stage = PortalStage(id="signed", label="Closed Won", probability=probability, closed=closed)
    portal.pipelines = [Pipeline(id="p", label="P", stages=(stage,))]
    add_deal(portal, dealstage="signed")

    deal = one_deal(hubspot_client)

    assert (deal.stage, deal.crm_says_won) == ("Closed Won", won)


def test_case_42_the_stage_id_means_nothing(hubspot_client: HubSpotClient, portal: Portal) -> None:
    portal.rename_stage("closedwon", "Lost")
    add_deal(portal)

    assert ids(read(hubspot_client, asked())) == []


def test_named_deals_are_read_as_they_are_now(hubspot_client: HubSpotClient, portal: Portal) -> None:
    kept, archived, merged, other = (add_deal(portal) for _ in range(4))
    portal.archive_deal(archived)
    portal.merge_deals(merged, other)
    portal.search_lag = 600
    portal.update_deal(kept, amount="99.00")

    pages = hubspot_client.deals_by_id(external_ids=[kept, archived, merged, kept, "1"], wanted=WANTED)

    (deal,) = deals_of(pages)
    assert pages == [DealPage(deals=[deal], cursor=None, expected=4)]
    assert (deal.external_id, deal.stage, deal.fields[SourceObject.DEAL]["amount"]) == (
        kept,
        "Closed Won",
        "99.00",
    )


def test_many_named_deals_are_asked_for_in_parts(
    hubspot_client: HubSpotClient, portal: Portal, hubspot_server: Server
) -> None:
    expected = portal.add_won_deals(250)

    pages = hubspot_client.deals_by_id(external_ids=expected, wanted=WANTED)

    assert sorted(ids(pages)) == sorted(expected)
    paths = [path for _, path in hubspot_server.requests if path.endswith("/deals/batch/read")]
    assert len(paths) == 3
