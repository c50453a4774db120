import time
from typing import Any

import pytest

from demo.hubspot.portal import Portal
from tests.demo.hubspot.caller import Caller, StoppedClock, condition, error_body

WON = condition("dealstage", "IN", values=["closedwon", "11348547"])


def ids(body: Any) -> list[str]:
    return [record["id"] for record in body["results"]]


def test_default_limit_and_offsets(caller: Caller) -> None:
    made = [caller.portal.add_deal(dealname=f"Deal {number}") for number in range(21)]

    pages = [caller.search(body).json() for body in ({}, {"after": "10"}, {"after": 20})]

    assert [ids(page) for page in pages] == [made[:10], made[10:20], made[20:]]
    assert [page["total"] for page in pages] == [21, 21, 21]
    assert [page.get("paging") for page in pages] == [
        {"next": {"after": "10"}},
        {"next": {"after": "20"}},
        None,
    ]


def test_last_page_that_is_full_has_no_paging(caller: Caller) -> None:
    caller.portal.add_won_deals(10)

    assert "paging" not in caller.search({}).json()


@pytest.fixture(scope="module")
def many_deals() -> Portal:
    portal = Portal(clock=StoppedClock())
    portal.add_won_deals(10_050)
    return portal


@pytest.fixture
def portal(request: pytest.FixtureRequest, clock: StoppedClock) -> Portal:
    """The portal of many deals for the tests that name it, else an empty one."""
    if "many_deals" in request.fixturenames:
        many: Portal = request.getfixturevalue("many_deals")
        return many
    return Portal(clock=clock)


def test_ten_thousand_results_at_most(caller: Caller, many_deals: Portal) -> None:
    last = caller.search({"limit": 200, "after": "9800"})
    beyond = caller.search({"limit": 200, "after": "10000"})

    assert (last.json()["total"], last.json()["paging"]) == (10_050, {"next": {"after": "10000"}})
    assert beyond.status_code == 400
    assert error_body(beyond) == {
        "status": "error",
        "message": "Paging goes beyond the 10000 results of one query",
        "category": "VALIDATION_ERROR",
    }


def test_keyset_walk_finds_every_deal_once_and_quickly(caller: Caller, many_deals: Portal) -> None:
    """All deals share one modification moment, which only a walk by id survives."""
    window = [
        condition("hs_lastmodifieddate", "GTE", "1795359845120"),
        condition("hs_lastmodifieddate", "LTE", "1795359845120"),
    ]
    totals, walked, durations, last = [], [], [], "0"

    while True:
        above = condition("hs_object_id", "GT", last)
        body = {
            "filterGroups": [{"filters": [WON, *window, above]}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": ["dealname", "amount", "closedate", "dealstage", "billing_frequency"],
            "limit": 200,
        }
        started = time.perf_counter()
        page = caller.search(body).json()
        durations.append(time.perf_counter() - started)
        totals.append(page["total"])
        if not page["results"]:
            break
        walked += ids(page)
        last = walked[-1]

    assert walked == sorted(many_deals.objects["deals"].records, key=int)
    assert totals == [10_050 - 200 * number for number in range(51)] + [0]
    assert sorted(durations)[len(durations) // 2] < 0.1


def test_search_lags_behind_the_records(caller: Caller, clock: StoppedClock) -> None:
    deal_id = caller.portal.add_deal(dealname="Old name", dealstage="contractsent")
    clock.forward(minutes=1)
    caller.portal.search_lag = 30
    caller.portal.close_won(deal_id)
    caller.portal.update_deal(deal_id, dealname="New name")

    seen = []
    for seconds in (0, 29.9, 0.1):
        clock.forward(seconds=seconds)
        results = caller.search({"properties": ["dealname", "dealstage"]}).json()["results"]
        seen += [(result["properties"]["dealname"], result["properties"]["dealstage"]) for result in results]
    read = caller.post(
        "/crm/objects/2026-09/deals/batch/read", {"properties": ["dealname"], "inputs": [{"id": deal_id}]}
    )

    assert seen == [("Old name", "contractsent"), ("Old name", "contractsent"), ("New name", "closedwon")]
    assert read.json()["results"][0]["properties"]["dealname"] == "New name"


def test_new_deal_is_not_found_before_the_lag_has_passed(caller: Caller, clock: StoppedClock) -> None:
    caller.portal.search_lag = 180
    caller.portal.add_deal(dealname="New")

    before = caller.search({}).json()
    clock.forward(seconds=180)

    assert (before["total"], caller.search({}).json()["total"]) == (0, 1)


def test_sixth_search_of_a_second_is_refused(caller: Caller, clock: StoppedClock) -> None:
    caller.portal.limits.enforced = True

    answers = [caller.search({}) for _ in range(6)]
    clock.forward(seconds=1)

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert error_body(answers[-1]) == {
        "status": "error",
        "message": "You have reached your secondly limit.",
        "errorType": "RATE_LIMIT",
        "policyName": "SECONDLY",
    }
    assert caller.search({}).status_code == 200
