from datetime import timedelta

from demo.hubspot.portal import Portal
from demo.hubspot.scopes import RECOMMENDED_SCOPES, WRITE_SCOPES
from tests.demo.hubspot.caller import Caller, StoppedClock, condition, error_body


def names(caller: Caller) -> list[str]:
    body = {"properties": ["dealname"], "sorts": ["hs_object_id"]}
    return [record["properties"]["dealname"] for record in caller.search(body).json()["results"]]


def archived_in_index(portal: Portal, count: int) -> list[str]:
    """Deals that search still counts, though no result shows them."""
    portal.habits.archived_stay_in_index = True
    deals = portal.add_won_deals(count)
    for deal_id in deals:
        portal.archive_deal(deal_id)
    return deals


def test_new_deal_that_search_sees_twenty_minutes_late(caller: Caller, clock: StoppedClock) -> None:
    stamp = clock() - timedelta(minutes=3)
    late = caller.portal.add_deal(dealname="Late", modified_at=stamp)
    caller.portal.delay_in_search(late, minutes=20)
    caller.portal.add_deal(dealname="In time")

    at_once = names(caller)
    clock.forward(minutes=20)

    assert (at_once, names(caller)) == (["In time"], ["Late", "In time"])
    modified = caller.search({}).json()["results"][0]["properties"]["hs_lastmodifieddate"]
    assert modified == "2026-11-22T15:01:05.120Z"


def test_changes_that_search_sees_late(caller: Caller, clock: StoppedClock) -> None:
    deal_id = caller.portal.add_deal(dealname="Old")
    before = names(caller)
    caller.portal.delay_in_search(deal_id, minutes=20)
    caller.portal.update_deal(deal_id, dealname="New")
    clock.forward(minutes=19)
    caller.portal.update_deal(deal_id, dealname="Newest")

    meanwhile = names(caller)
    clock.forward(minutes=1)

    assert (before, meanwhile, names(caller)) == (["Old"], ["Old"], ["Newest"])


def test_delayed_deal_waits_for_the_lag_of_the_portal_as_well(caller: Caller, clock: StoppedClock) -> None:
    caller.portal.search_lag = 60
    deal_id = caller.portal.add_deal(dealname="Late")
    caller.portal.delay_in_search(deal_id, minutes=0.5)
    clock.forward(seconds=30)

    after_delay = names(caller)
    clock.forward(seconds=30)

    assert (after_delay, names(caller)) == ([], ["Late"])


def test_empty_page_that_leads_on(caller: Caller) -> None:
    archived_in_index(caller.portal, 2)
    seen = caller.portal.add_deal(dealname="Seen", dealstage="closedwon")
    body = {"limit": 2, "sorts": ["hs_object_id"]}

    first = caller.search(body).json()
    second = caller.search({**body, "after": first["paging"]["next"]["after"]}).json()

    assert first == {"total": 3, "results": [], "paging": {"next": {"after": "2"}}}
    assert ([record["id"] for record in second["results"]], second.get("paging")) == ([seen], None)


def test_empty_page_within_a_keyset(caller: Caller) -> None:
    first, second = archived_in_index(caller.portal, 2)
    seen = caller.portal.add_deal(dealname="Seen")
    group = {"filters": [condition("hs_object_id", "GT", first)]}

    page = caller.search({"limit": 1, "filterGroups": [group], "sorts": ["hs_object_id"]}).json()

    assert second < seen
    assert page == {"total": 2, "results": [], "paging": {"next": {"after": "1"}}}


def test_archived_deal_leaves_the_index(caller: Caller) -> None:
    deal_id = caller.portal.add_deal()

    caller.portal.archive_deal(deal_id)

    assert caller.search({}).json() == {"total": 0, "results": []}


def test_deal_in_a_deleted_stage(caller: Caller) -> None:
    deal_id = caller.portal.add_deal(dealname="Deal", dealstage="11348547")

    caller.portal.delete_stage("11348547")

    read = caller.get(f"/crm/objects/2026-09/deals/{deal_id}").json()
    assert caller.found(condition("dealstage", "EQ", "11348547")) == [deal_id]
    assert read["properties"]["dealstage"] == "11348547"


def test_query_that_is_too_long(caller: Caller) -> None:
    response = caller.search({"query": "x" * 3_001})

    assert response.status_code == 400
    assert error_body(response) == {
        "status": "error",
        "message": "The search is longer than 3000 characters",
        "category": "VALIDATION_ERROR",
    }


def test_long_body_by_habit(caller: Caller) -> None:
    body = {"properties": ["x" * 3_000]}
    before = caller.search(body).status_code

    caller.portal.habits.long_searches_refused = True

    assert (before, caller.search(body).status_code) == (200, 400)


def test_write_over_the_api_reaches_search(caller: Caller) -> None:
    caller.token = caller.portal.issue_token(scopes=(*RECOMMENDED_SCOPES, *WRITE_SCOPES))

    caller.post("/crm/v3/objects/deals", {"properties": {"dealname": "Fresh"}})

    assert names(caller) == ["Fresh"]
