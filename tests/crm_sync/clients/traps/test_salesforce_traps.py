"""Salesforce reference 0: the fifteen decisions that matter, each as what a person would notice.

Trap 4 is test_salesforce_rotation.py, test_salesforce_killed.py and test_salesforce_four_processes.py; trap 15
is test_salesforce_hosts.py.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from contracts.models import Contract
from crm_sync.connections import authorising
from crm_sync.enums import Target
from crm_sync.mapping.store import current_rules
from crm_sync.models import Connection, CrmDeal, Hold
from demo.http_server import Request, Server
from demo.salesforce.app import build_app
from demo.salesforce.org import Org
from tests.crm_sync.clients.traps.salesforce_seen import calls, connect_again
from tests.crm_sync.conftest import Run, confirm
from tests.crm_sync.sales import sell
from tests.crm_sync.salesforce_round_trip import allowed, sent_to
from tests.crm_sync.told import told_by
from tests.pages import signed_in, words

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
RIGHTS = ("crm_sync.view_connection", "crm_sync.change_connection", "crm_sync.view_fieldmapping")


@pytest.fixture
def asked(org: Org) -> list[Request]:
    """Every request from now on."""
    requested: list[Request] = []
    org.intercept = requested.append
    return requested


@pytest.fixture
def other_host(org: Org, settings: Any) -> Iterator[Server]:
    """A second address of the same org."""
    with Server(build_app(org)) as server:
        settings.CRM_TRUSTED_ORIGINS = [*settings.CRM_TRUSTED_ORIGINS, server.url]
        yield server


def queries(asked: Sequence[Request]) -> list[str]:
    return [request.argument("q") for request in asked if request.path.endswith(("/query/", "/queryAll/"))]


def open_holds() -> list[str]:
    return list(Hold.objects.open().order_by("code").values_list("code", flat=True))


def test_trap_1_strings_are_compared_without_regard_to_case(
    salesforce: Connection, org: Org, run: Run
) -> None:
    """Salesforce hands them all over; one of them is won."""
    won = sell(org, Name="One")
    sell(org, Name="Two", StageName="closed won")
    sell(org, Name="Three", StageName="CLOSED WON")

    done = run(salesforce)

    assert (done.state, done.seen, done.created) == ("done", 3, 1)
    assert list(CrmDeal.objects.values_list("external_id", flat=True)) == [won]


def test_trap_2_nothing_says_when_a_session_ends(
    salesforce: Connection, org: Org, salesforce_server: Server, run: Run
) -> None:
    """It is renewed when a call is refused for it, and at no other time."""
    runs = [run(salesforce), run(salesforce)]
    before = calls(salesforce_server, "/token")
    org.expire_access_tokens()
    runs.append(run(salesforce))

    assert (before, calls(salesforce_server, "/token")) == (0, 1)
    assert [each.state for each in runs] == ["done", "done", "done"]


def test_trap_3_no_scope_is_sent_for_a_token(
    salesforce: Connection, org: Org, run: Run, asked: list[Request]
) -> None:
    connect_again(org=org, connection=salesforce)
    org.expire_access_tokens()

    done = run(salesforce)

    sent = [sorted(request.form()) for request in asked if request.path.endswith("/token")]
    assert (done.state, sent) == (
        "done",
        [
            ["client_id", "client_secret", "code", "code_verifier", "grant_type", "redirect_uri"],
            ["client_id", "client_secret", "grant_type", "refresh_token"],
        ],
    )


def test_trap_5_the_guide_is_about_an_external_client_app(db: None) -> None:
    page = words(signed_in(*RIGHTS).get("/settings/crm/add/salesforce/").text)

    assert "External Client App Manager , then New External Client App" in page
    assert "A connected app that you have already works as well. New ones can no longer be created" in page


def test_trap_6_a_proof_key_is_always_sent(salesforce: Connection, org: Org) -> None:
    """An app that demands it lets the browser through to the login, and the code is worth something."""
    org.app.require_pkce = True
    browser = signed_in(*RIGHTS)
    address = sent_to(browser.post(f"/settings/crm/{salesforce.pk}/authorise/", {}))
    org.app.callback_urls = [parse_qs(urlsplit(address).query)["redirect_uri"][0]]

    to_login = requests.get(address, allow_redirects=False, timeout=5)
    back = browser.get("/api/crm/salesforce/callback", allowed(org, address))

    assert urlsplit(to_login.headers["Location"]).path == "/login"
    assert parse_qs(urlsplit(address).query)["code_challenge_method"] == ["S256"]
    assert back.url == salesforce.get_absolute_url()
    assert Connection.objects.get().state == "connected"


def test_trap_7_data_is_asked_where_the_last_token_answer_says(
    salesforce: Connection, org: Org, salesforce_server: Server, other_host: Server, run: Run
) -> None:
    sell(org)
    org.instance_url = other_host.url
    org.expire_access_tokens()

    first = run(salesforce)
    salesforce_server.reset_requests()
    sell(org, Name="Another")
    second = run(salesforce)

    salesforce.refresh_from_db()
    assert (first.created, second.created, salesforce.instance_url) == (1, 1, other_host.url)
    assert salesforce_server.requests == []


def test_trap_8_the_cursor_is_a_stamp_with_an_overlap_and_an_order(
    salesforce: Connection, org: Org, run: Run, asked: list[Request]
) -> None:
    sell(org, modified_at=NOON)
    run(salesforce)
    asked.clear()

    run(salesforce)

    (query,) = queries(asked)
    assert query.partition("WHERE ")[2] == (
        "SystemModstamp >= 2026-11-22T11:30:00Z ORDER BY SystemModstamp ASC, Id ASC"
    )


def test_trap_8_a_row_that_becomes_visible_behind_the_cursor(
    salesforce: Connection, org: Org, run: Run
) -> None:
    """A long transaction commits a deal with a stamp that the cursor has passed."""
    now = NOON
    org.clock = lambda: now
    sell(org, Name="Late", visible_in=timedelta(minutes=20))
    now = NOON + timedelta(minutes=10)
    sell(org, Name="In time")
    first = run(salesforce)
    now = NOON + timedelta(minutes=21)

    second, third = run(salesforce), run(salesforce)

    assert (first.created, second.created, third.created) == (1, 1, 0)
    assert sorted(Contract.objects.values_list("name", flat=True)) == ["In time", "Late"]


def test_trap_8_many_deals_of_one_second_over_several_pages(
    salesforce: Connection, org: Org, run: Run
) -> None:
    org.max_page_size = 10
    for number in range(25):
        sell(org, Name=f"Deal {number}", Amount=100 + number, modified_at=NOON)

    first = run(salesforce, may_continue=lambda: False)
    second, third = run(salesforce), run(salesforce)

    assert (first.created, second.created, third.created) == (10, 15, 0)
    assert Contract.objects.count() == 25


def test_trap_9_the_first_poll_imports_no_sales_history(
    salesforce: Connection, org: Org, run: Run, asked: list[Request]
) -> None:
    """Nor does a bulk edit that presents all of it again."""
    old = [sell(org, Name=f"Old {year}", CloseDate=date(year, 6, 1)) for year in (2019, 2024, 2025)]
    sell(org, Name="New")

    first = run(salesforce)
    for deal in old:
        org.touch(deal)
    second = run(salesforce)

    assert "CloseDate >= 2026-01-01" in queries(asked)[0]
    assert (first.created, second.created, second.held) == (1, 0, 0)
    assert list(Contract.objects.values_list("name", flat=True)) == ["New"]


def test_trap_10_term_and_cycle_are_no_standard_fields(
    salesforce: Connection, org: Org, run: Run, salesforce_server: Server
) -> None:
    """They are found by `describe`; where there are none, nothing is guessed."""
    found = {rule.target: rule.source_field for rule in current_rules(connection=salesforce).rules}
    org.remove_field("Opportunity", "Contract_Term__c")
    org.remove_field("Opportunity", "Billing_Frequency__c")
    authorising.disconnect(connection=salesforce, actor=None)
    other = Connection.objects.create(
        provider="salesforce",
        name="Another",
        login_url=salesforce_server.url,
        client_id=org.app.consumer_key,
        import_from=date(2026, 1, 1),
        default_currency="USD",
    )
    connect_again(org=org, connection=other)
    without = {rule.target: rule.source_field for rule in current_rules(connection=other).rules}
    confirm(other)
    org.add("Opportunity", Name="Deal", StageName="Closed Won", Amount=5, CloseDate=date(2026, 11, 22))

    done = run(other)

    assert (found[Target.DURATION], found[Target.BILLING_CYCLE]) == (
        "Contract_Term__c",
        "Billing_Frequency__c",
    )
    assert (without[Target.DURATION], without[Target.BILLING_CYCLE]) == ("", "")
    assert (done.created, done.held, Contract.objects.count()) == (0, 1, 0)
    problems = {problem["code"] for problem in Hold.objects.get().problems}
    assert {"TERM_MISSING", "FREQUENCY_MISSING"} <= problems


@pytest.mark.parametrize("hidden", ["Amount", "AccountId"])
def test_trap_11_a_hidden_field_fails_the_whole_query(
    salesforce: Connection, org: Org, run: Run, hidden: str
) -> None:
    """The poll continues without it, says so, and makes no contract of what it cannot see."""
    sell(org)
    run(salesforce)
    org.hide_field("Opportunity", hidden)
    sell(org, Name="Another")

    done = run(salesforce)

    salesforce.refresh_from_db()
    assert (done.state, done.created, done.held, salesforce.state) == ("done", 0, 1, "degraded")
    assert len(told_by(salesforce)) >= 1
    assert Contract.objects.count() == 1


@pytest.mark.parametrize(
    ("amount", "minor"),
    [
        (1200, 120_000),
        (1234567, 123_456_700),
        (12345678, 1_234_567_800),
        (12345678.9, 1_234_567_890),
        (1234567890.12, 123_456_789_012),
        (0.1, 10),
    ],
)
def test_trap_12_money_arrives_as_a_double_in_javas_words(
    salesforce: Connection, org: Org, run: Run, amount: float, minor: int
) -> None:
    """1.2345678E7 from eight digits up."""
    sell(org, Amount=amount, Billing_Frequency__c="Annual")

    done = run(salesforce)

    assert (done.created, open_holds()) == (1, [])
    assert list(Contract.objects.values_list("value_minor", "duration_months")) == [(minor, 12)]


def test_trap_12_more_decimals_than_the_currency_has(salesforce: Connection, org: Org, run: Run) -> None:
    sell(org, Amount=90.678)

    done = run(salesforce)

    assert (done.created, done.held, open_holds()) == (0, 1, ["AMOUNT_PRECISION"])


def test_trap_13_an_org_with_one_currency_names_it_nowhere(
    salesforce: Connection, org: Org, run: Run, asked: list[Request]
) -> None:
    sell(org)

    done = run(salesforce)

    assert (done.created, Contract.objects.get().currency) == (1, "USD")
    naming = [query for query in queries(asked) if "CurrencyIsoCode" in query]
    assert naming == ["SELECT CurrencyIsoCode FROM Account LIMIT 1"]  # whether there is one by now


def test_trap_13_an_org_with_many_currencies_is_asked_for_the_record_s_own(
    salesforce: Connection, org: Org, run: Run
) -> None:
    org.multi_currency = True
    authorising.refresh_schema(connection=salesforce)
    sell(org, CurrencyIsoCode="EUR")

    done = run(salesforce)

    assert (done.created, Contract.objects.get().currency) == (1, "EUR")


def test_trap_14_salesforce_rewrites_a_close_date_that_lies_ahead(
    salesforce: Connection, org: Org, run: Run
) -> None:
    """To the day it is in UTC. The contract starts when the CRM says the deal was closed."""
    org.clock = lambda: datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    deal = sell(org, StageName="Prospecting", CloseDate=date(2027, 1, 15))
    run(salesforce)
    org.close_won(deal)

    done = run(salesforce)

    assert (done.created, Contract.objects.get().start_date) == (1, date(2026, 11, 22))
