from collections.abc import Iterator
from typing import Any

import pytest

from demo.http_server import Server
from demo.hubspot.app import build_app
from demo.hubspot.portal import Portal
from tests.demo.hubspot.caller import Caller, error_body

DEALS = "/crm/objects/2026-09/deals"
SEARCH = r"^POST /crm/.*/search"
TWO = {"limit": 2, "sorts": ["hs_object_id"]}


@pytest.fixture
def server(portal: Portal) -> Iterator[Server]:
    with Server(build_app(portal)) as server:
        yield server


@pytest.fixture
def caller(portal: Portal, server: Server) -> Iterator[Caller]:
    caller = Caller(url=server.url, portal=portal, token=portal.issue_token())
    with caller.session:
        yield caller


def ids(page: Any) -> list[str]:
    return [record["id"] for record in page["results"]]


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("ten_secondly", 429, {"policyName": "TEN_SECONDLY_ROLLING"}),
        ("daily", 429, {"policyName": "DAILY"}),
        ("rate_limits_category", 429, {"policyName": "SECONDLY", "category": "RATE_LIMITS"}),
        ("moving", 477, {"category": "MIGRATION_IN_PROGRESS"}),
        ("locked", 423, {"category": "LOCKED"}),
        ("wrong_hublet", 400, {"correctHublet": "eu1"}),
        ("creator_removed", 403, {"category": "USER_DOES_NOT_HAVE_PERMISSIONS"}),
        ("missing_owners_scope", 403, {"category": "MISSING_SCOPES"}),
        ("credentials_missing", 401, {"message": "Any of the listed authentication credentials are missing"}),
        (
            "paging_too_far",
            400,
            {"message": "Paging goes beyond the 10000 results of one query", "category": "VALIDATION_ERROR"},
        ),
        (
            "unreadable_json",
            400,
            {"message": "Invalid input JSON on line 1, column 102: Unexpected end-of-input"},
        ),
        ("body_too_large", 413, {"message": "HTTP 413 Request Entity Too Large"}),
    ],
)
def test_refusal_by_name(
    server: Server, caller: Caller, name: str, status: int, body: dict[str, str]
) -> None:
    server.faults.add("refusal", name=name, endpoint=SEARCH, times=1)

    struck, healed = caller.search({}), caller.search({})

    assert (struck.status_code, healed.status_code) == (status, 200)
    shown = error_body(struck)
    assert {key: shown[key] for key in body} == body


def test_every_refusal_is_an_error_answer(server: Server) -> None:
    refusals = server.faults.provider.refusals

    assert {name: refuse().status // 100 for name, refuse in refusals.items()} == {
        name: 5 if name == "malformed_token" else 4 for name in refusals
    }


def test_too_many_requests(server: Server, caller: Caller) -> None:
    server.faults.add("too_many_requests", retry_after="soon", times=1)

    response = caller.get(DEALS)

    assert (response.status_code, response.headers["Retry-After"]) == (429, "soon")
    assert error_body(response)["policyName"] == "TEN_SECONDLY_ROLLING"


def test_tokens_that_expire_and_are_revoked(server: Server, caller: Caller) -> None:
    server.faults.add("expired_token", nth=1, times=1)
    server.faults.add("revoked_token", nth=2, times=1)

    answers = [error_body(caller.get(DEALS))["category"] for _ in range(2)]

    assert answers == ["EXPIRED_AUTHENTICATION", "INVALID_AUTHENTICATION"]


def test_swapped_pages_of_a_search(server: Server, caller: Caller) -> None:
    made = caller.portal.add_won_deals(5)
    server.faults.add("swapped_pages", endpoint=SEARCH, times=2)

    first = caller.search(TWO).json()
    second = caller.search({**TWO, "after": first["paging"]["next"]["after"]}).json()

    assert (ids(first), ids(second)) == (made[2:4], made[:2])


def test_swapped_pages_of_a_list(server: Server, caller: Caller) -> None:
    made = caller.portal.add_won_deals(4)
    server.faults.add("swapped_pages", times=2)

    first = caller.get(DEALS, limit=2).json()
    second = caller.get(DEALS, limit=2, after=first["paging"]["next"]["after"]).json()

    assert (ids(first), ids(second)) == (made[2:], made[:2])


def test_page_that_leads_to_itself(server: Server, caller: Caller) -> None:
    caller.portal.add_won_deals(5)
    server.faults.add("self_link", endpoint=SEARCH)

    pages = [caller.search(TWO).json(), caller.search({**TWO, "after": "2"}).json()]

    assert [page["paging"] for page in pages] == [{"next": {"after": "0"}}, {"next": {"after": "2"}}]


def test_empty_last_page(server: Server, caller: Caller) -> None:
    caller.portal.add_won_deals(1)
    server.faults.add("empty_page", endpoint=SEARCH, times=1)

    assert caller.search(TWO).json() == {"total": 1, "results": [], "paging": {"next": {"after": "0"}}}


def test_link_to_another_host(server: Server, caller: Caller) -> None:
    made = caller.portal.add_won_deals(2)
    server.faults.add("foreign_link", endpoint=f"^GET {DEALS}")

    page = caller.get(DEALS, limit=1).json()

    assert page["paging"] == {"next": {"after": made[1], "link": "https://crm.evil.example/next"}}


def test_faults_on_the_page(caller: Caller) -> None:
    page = caller.get("/faults").text

    assert "wrong_hublet" in page
    assert "Companies of deals" in page
    assert '<a href="/limits">Limits and tokens</a>' in page


def test_pages_are_reachable_by_the_api_of_the_switch(server: Server, caller: Caller) -> None:
    rule = {"behaviour": "status", "endpoint": SEARCH, "times": 1, "parameters": {"code": 502}}

    added = caller.post("/demo/faults", rule).status_code

    assert (added, caller.search({}).status_code, caller.search({}).status_code) == (201, 502, 200)
