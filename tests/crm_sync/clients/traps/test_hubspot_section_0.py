"""The ten answers of the reference's section 0, as a person meets them."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from contracts.models import Contract
from crm_sync.clients.hubspot import client as hubspot_client_module
from crm_sync.connections import authorising, preflight
from crm_sync.enums import RunTrigger
from crm_sync.importing.fetching import Order
from crm_sync.models import Connection, CrmDeal, Hold, SyncRun
from crm_sync.sync import sync
from demo.http_server import Server
from demo.hubspot import search_request
from demo.hubspot.portal import Portal
from demo.hubspot.scopes import SEED_SCOPES
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.clients.traps.portal_runs import paths, seen
from tests.crm_sync.conftest import IMPORT_FROM, Run, confirm
from tests.crm_sync.sales import TODAY, sell_in_hubspot
from tests.crm_sync.told import told_by
from tests.pages import signed_in

NO_OWNERS = (
    "Account Manager stays blank: the access token lacks the scope crm.objects.owners.read. "
    "Add it to the service key or private app in HubSpot."
)
Connect = Callable[[str], Connection]
Poll = Callable[[], SyncRun]


@pytest.fixture
def connect(db: None, hubspot_server: Server) -> Connect:
    def connect(token: str) -> Connection:
        connection = Connection.objects.create(
            provider="hubspot", name="HubSpot", import_from=IMPORT_FROM, default_currency="USD"
        )
        authorising.connect_with_pasted(connection=connection, pasted=token, actor=None)
        confirm(connection)
        hubspot_server.reset_requests()
        return connection

    return connect


@pytest.fixture
def poll(hubspot: Connection, clock: StandingClock, run: Run) -> Poll:
    """A poll one minute after what was done before."""

    def tick_and_run() -> SyncRun:
        clock.move(timedelta(minutes=1))
        return run(hubspot)

    return tick_and_run


def imported() -> list[str]:
    return sorted(CrmDeal.objects.filter(state="imported").values_list("external_id", flat=True))


def start_dates() -> list[date]:
    return list(Contract.objects.order_by("pk").values_list("start_date", flat=True))


@pytest.mark.django_db
def test_section_0_row_1_a_service_key_is_asked_for_and_a_private_app_works_on() -> None:
    page = signed_in("crm_sync.view_connection", "crm_sync.change_connection").get(
        "/settings/crm/add/hubspot/"
    )

    assert "<strong>Create service key</strong>" in page.text
    assert "The access token of a private app that you have already works as well." in page.text
    assert "Create a private app" not in page.text


def test_section_0_row_2_three_scopes_import_everything_but_the_account_manager(
    connect: Connect, portal: Portal, run: Run
) -> None:
    connection = connect(portal.issue_token(scopes=SEED_SCOPES))
    sell_in_hubspot(portal, hubspot_owner_id=portal.add_owner(email="sam@acme.example"))

    done = run(connection)

    assert (seen(done, connection), done.created) == (("done", "degraded", NO_OWNERS), 1)
    assert Contract.objects.get().account_manager_email == ""
    gaps = [check.label for check in preflight.preflight(connection=connection) if not check.ok]
    assert gaps == ["Owners"]


@pytest.mark.parametrize(
    ("served", "search"),
    [
        ({"2026-09", "2026-03", "v3", "v4"}, "/crm/objects/2026-09/deals/search"),
        ({"2026-03", "v3", "v4"}, "/crm/objects/2026-03/deals/search"),
        ({"v3", "v4"}, "/crm/v3/objects/deals/search"),
    ],
    ids=["dated", "older", "v3"],
)
def test_section_0_row_3_the_newest_base_path_that_is_served(
    connect: Connect, portal: Portal, hubspot_server: Server, run: Run, served: set[str], search: str
) -> None:
    portal.api_versions = served
    connection = connect(portal.issue_token())
    sell_in_hubspot(portal)

    assert run(connection).created == 1
    assert set(paths(hubspot_server, "/search")) == {search}


def test_section_0_row_4_closed_won_is_a_label_and_deals_hold_ids(
    hubspot: Connection, portal: Portal, poll: Poll
) -> None:
    """`closedwon` is a lost stage here, and a stage of another pipeline has the label."""
    portal.change_stage("closedwon", label="Lost", probability="0.0")
    portal.change_stage("contractsent", label="Closed Won", probability="1.0", closed=True)
    sell_in_hubspot(portal, dealstage="closedwon")
    won = [sell_in_hubspot(portal, dealstage=stage) for stage in ("contractsent", "11348547")]

    done = poll()

    assert (done.created, done.held, imported()) == (2, 0, sorted(won))


@pytest.mark.parametrize("label", ["Closed won", "closed won", " Closed Won", "Closed-Won", "Gewonnen"])
def test_section_0_row_5_what_exact_matching_misses_is_shown(
    hubspot: Connection, portal: Portal, poll: Poll, label: str
) -> None:
    poll()
    portal.change_stage("11348547", label=label)
    sell_in_hubspot(portal, dealstage="11348547")

    done = poll()

    assert (done.state, done.created) == ("done", 0)
    assert (
        f"1 deal in '{label}' is not imported. Select this stage on the connection if they are won."
        in told_by(done)
    )


def test_section_0_row_6_search_that_lags_20_minutes_misses_nothing(
    hubspot: Connection, portal: Portal, clock: StandingClock, run: Run
) -> None:
    portal.search_lag = 20 * 60
    deal = sell_in_hubspot(portal)
    rounds = []
    for _ in range(5):
        clock.move(timedelta(minutes=5))
        rounds.append(run(hubspot).created)

    assert (rounds, imported()) == ([0, 0, 0, 1, 0], [deal])


def test_section_0_row_6_what_search_showed_hours_late_the_sweep_finds(
    hubspot: Connection, portal: Portal, clock: StandingClock, run: Run
) -> None:
    run(hubspot)
    deal = sell_in_hubspot(portal)
    portal.delay_in_search(deal, minutes=180)
    clock.move(timedelta(minutes=170))
    run(hubspot)
    clock.move(timedelta(minutes=10))
    assert run(hubspot).created == 0
    hubspot.refresh_from_db()

    done = sync(connection=hubspot, order=Order(trigger=RunTrigger.SWEEP, as_of=TODAY))

    assert (done.created, done.missed, imported()) == (1, 1, [deal])


def test_section_0_row_7_more_results_than_a_query_has(
    hubspot: Connection, portal: Portal, poll: Poll, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All were changed at one moment, so that no window of time could be small enough."""
    monkeypatch.setattr(search_request, "MAXIMUM_RESULTS", 300)
    monkeypatch.setattr(hubspot_client_module, "SEARCHES_PER_PAGE", 1)
    poll()
    deals = portal.add_won_deals(650, companies=1)

    done = poll()

    assert (done.state, done.created + done.held, done.pages) == ("done", 650, 4)
    assert set(CrmDeal.objects.values_list("external_id", flat=True)) == set(deals)


@pytest.mark.parametrize(
    ("time_zone", "closed", "expected"),
    [
        ("US/Arizona", "2026-04-01T01:09:00Z", date(2026, 3, 31)),
        ("Europe/Berlin", "2026-03-31T22:30:00.000Z", date(2026, 4, 1)),
        ("US/Eastern", "2026-03-31T03:59:59Z", date(2026, 3, 30)),
        ("US/Eastern", "2026-12-31T04:59:59Z", date(2026, 12, 30)),
        ("Pacific/Auckland", "2026-06-30T12:00:00Z", date(2026, 7, 1)),
    ],
)
def test_section_0_row_8_a_close_date_is_a_moment_and_its_day_is_the_portals(
    connect: Connect, portal: Portal, run: Run, time_zone: str, closed: str, expected: date
) -> None:
    portal.time_zone = time_zone
    connection = connect(portal.issue_token())
    sell_in_hubspot(portal, closedate=closed)

    run(connection)

    assert start_dates() == [expected]


def test_section_0_row_8_import_from_counts_days_of_the_portal_too(
    hubspot: Connection, portal: Portal, poll: Poll
) -> None:
    sell_in_hubspot(portal, closedate="2026-01-01T04:59:59Z", amount="100")
    sell_in_hubspot(portal, closedate="2026-01-01T05:00:00Z", amount="200")

    poll()

    assert (IMPORT_FROM, start_dates()) == (date(2026, 1, 1), [date(2026, 1, 1)])


@pytest.mark.parametrize(
    ("amount", "minor"),
    [("3000", 300_000), ("5000.00", 500_000), ("0.10", 10), ("1E+3", 100_000), ("19.90", 1_990)],
)
def test_section_0_row_9_an_amount_is_text_and_exact(
    hubspot: Connection, portal: Portal, poll: Poll, amount: str, minor: int
) -> None:
    sell_in_hubspot(portal, amount=amount, amount_in_home_currency="77", deal_currency_code="EUR")

    poll()

    assert list(Contract.objects.values_list("value_minor", "currency")) == [(minor, "EUR")]


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (None, "AMOUNT_MISSING"),
        ("", "AMOUNT_MISSING"),
        ("0", "AMOUNT_NOT_POSITIVE"),
        ("-5", "AMOUNT_NOT_POSITIVE"),
        ("1,200", "AMOUNT_UNREADABLE"),
    ],
)
def test_section_0_row_9_an_amount_that_says_nothing_is_held(
    hubspot: Connection, portal: Portal, poll: Poll, amount: str | None, code: str
) -> None:
    sell_in_hubspot(portal, amount=amount)

    assert (poll().held, Hold.objects.get().code, Contract.objects.count()) == (1, code, 0)


def reads_again(portal: Portal, deal: str) -> str:
    portal.update_deal(deal, description="touched")
    return deal


def wins_again(portal: Portal, deal: str) -> str:
    portal.update_deal(deal, dealstage="contractsent")
    portal.update_deal(deal, dealstage="closedwon")
    return deal


def merges(portal: Portal, deal: str) -> str:
    other = sell_in_hubspot(portal, dealname="Acme copy", dealstage="contractsent")
    return portal.merge_deals(deal, other)


def merges_into_the_other_id(portal: Portal, deal: str) -> str:
    portal.habits.merge_keeps_primary_id = True
    other = sell_in_hubspot(portal, dealname="Acme copy")
    return portal.merge_deals(other, deal)


@pytest.mark.parametrize("happens", [reads_again, wins_again, merges, merges_into_the_other_id])
def test_section_0_row_10_one_sale_is_one_contract(
    hubspot: Connection, portal: Portal, poll: Poll, happens: Callable[[Portal, str], str]
) -> None:
    """It continues under the id that the deal has now."""
    deal = sell_in_hubspot(portal)
    poll()
    contract = Contract.objects.get()

    survivor = happens(portal, deal)
    rounds = [(done.created, done.held) for done in (poll(), poll(), poll())]

    assert (rounds, Contract.objects.get()) == ([(0, 0)] * 3, contract)
    assert CrmDeal.objects.get(contract=contract).external_id == survivor
