from typing import Any

from tests.demo.hubspot.caller import Caller, StoppedClock, error_body

DEALS = "/crm/objects/2026-09/deals"
PERSON = {"sourceType": "CRM_UI", "sourceId": "userId:9586504", "updatedByUserId": 9586504}
WRITER = ("crm.objects.deals.read", "crm.objects.deals.write")


def history(caller: Caller, deal_id: str, *names: str) -> dict[str, Any]:
    body = caller.get(f"{DEALS}/{deal_id}", propertiesWithHistory=",".join(names)).json()
    found: dict[str, Any] = body["propertiesWithHistory"]
    return found


def test_who_changed_what_and_when(caller: Caller, clock: StoppedClock) -> None:
    caller.token = caller.portal.issue_token(scopes=WRITER)
    deal_id = caller.portal.add_deal(dealname="Deal", dealstage="contractsent")
    clock.forward(hours=1)
    caller.portal.close_won(deal_id)
    clock.forward(hours=1)
    caller.patch(f"{DEALS}/{deal_id}", {"properties": {"amount": "5", "dealname": ""}})

    shown = history(caller, deal_id, "amount", "dealname", "dealstage", "no_such_thing")

    app = {"sourceType": "INTEGRATION", "sourceId": "7654322"}
    assert shown == {
        "amount": [{"value": "5", "timestamp": "2026-11-22T17:04:05.120Z", **app}],
        "dealname": [
            {"value": "", "timestamp": "2026-11-22T17:04:05.120Z", **app},
            {"value": "Deal", "timestamp": "2026-11-22T15:04:05.120Z", **PERSON},
        ],
        "dealstage": [
            {"value": "closedwon", "timestamp": "2026-11-22T16:04:05.120Z", **PERSON},
            {"value": "contractsent", "timestamp": "2026-11-22T15:04:05.120Z", **PERSON},
        ],
    }


def test_history_in_lists_and_batches(caller: Caller) -> None:
    deal_id = caller.portal.add_deal(dealname="Deal")
    asked = {"propertiesWithHistory": ["dealname"], "properties": [], "inputs": [{"id": deal_id}]}

    listed = caller.get(DEALS, propertiesWithHistory="dealname").json()
    batch = caller.post(f"{DEALS}/batch/read", asked).json()

    expected = {"dealname": [{"value": "Deal", "timestamp": "2026-11-22T15:04:05.120Z", **PERSON}]}
    assert [page["results"][0]["propertiesWithHistory"] for page in (listed, batch)] == [expected, expected]
    assert "dealname" not in batch["results"][0]["properties"]


def test_smaller_pages_with_history(caller: Caller) -> None:
    response = caller.get(DEALS, limit=51, propertiesWithHistory="dealname")

    assert response.status_code == 400
    assert error_body(response) == {
        "status": "error",
        "message": "limit must be between 1 and 50",
        "category": "VALIDATION_ERROR",
    }
