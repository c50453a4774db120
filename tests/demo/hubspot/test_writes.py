import json
from typing import Any

import pytest

from demo.hubspot.scopes import RECOMMENDED_SCOPES, WRITE_SCOPES
from tests.demo.hubspot.caller import Caller, StoppedClock, error_body

DEALS = "/crm/objects/2026-09/deals"
COMPANIES = "/crm/objects/2026-09/companies"
CONTACTS = "/crm/objects/2026-09/contacts"
NOW = "2026-11-22T15:04:05.120Z"


@pytest.fixture
def writer(caller: Caller) -> Caller:
    caller.token = caller.portal.issue_token(scopes=(*RECOMMENDED_SCOPES, *WRITE_SCOPES))
    return caller


def deal_body(deal_id: str, **properties: str | None) -> dict[str, Any]:
    usual = dict.fromkeys(("amount", "closedate", "dealname", "dealstage", "pipeline"))
    system = {"createdate": NOW, "hs_lastmodifieddate": NOW, "hs_object_id": deal_id}
    return {
        "id": deal_id,
        "properties": {**usual, **system, **properties},
        "createdAt": NOW,
        "updatedAt": properties.get("hs_lastmodifieddate") or NOW,
        "archived": False,
        "url": f"https://app.hubspot.com/contacts/48211907/record/0-3/{deal_id}",
    }


def test_new_deal_with_its_company(writer: Caller) -> None:
    company_id = writer.portal.add_company(name="Acme")
    link = {
        "to": {"id": company_id},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}],
    }
    values = {"dealname": "Fresh", "dealstage": "closedwon", "amount": "12.50", "closedate": "1795341300000"}

    response = writer.post(DEALS, {"properties": values, "associations": [link]})

    deal_id = response.json()["id"]
    assert response.status_code == 201
    assert response.json() == deal_body(
        deal_id,
        dealname="Fresh",
        dealstage="closedwon",
        amount="12.50",
        closedate="2026-11-22T09:55:00Z",
        pipeline="default",
    )
    assert [kind.type_id for kind in writer.portal.companies_of(deal_id)[company_id]] == [341, 5]


def test_changed_deal(writer: Caller, clock: StoppedClock) -> None:
    deal_id = writer.portal.add_deal(dealname="Deal", dealstage="contractsent", amount="5")
    clock.forward(seconds=1)

    response = writer.patch(f"{DEALS}/{deal_id}", {"properties": {"dealstage": "closedwon", "amount": None}})

    later = "2026-11-22T15:04:06.120Z"
    assert response.status_code == 200
    assert response.json() == deal_body(
        deal_id,
        dealname="Deal",
        dealstage="closedwon",
        closedate=later,
        pipeline="default",
        hs_lastmodifieddate=later,
    )


def test_changed_company(writer: Caller, clock: StoppedClock) -> None:
    company_id = writer.portal.add_company(name="Old", domain="old.example")
    clock.forward(seconds=1)

    body = writer.patch(f"{COMPANIES}/{company_id}", {"properties": {"name": "New"}}).json()

    assert body["properties"] == {
        "createdate": NOW,
        "domain": "old.example",
        "hs_lastmodifieddate": "2026-11-22T15:04:06.120Z",
        "hs_object_id": company_id,
        "name": "New",
    }


def test_archived_and_restored(writer: Caller) -> None:
    deal_id = writer.portal.add_deal()

    statuses = [writer.delete(f"{DEALS}/{deal_id}").status_code for _ in range(2)]
    gone = writer.get(f"{DEALS}/{deal_id}").status_code
    writer.portal.restore_deal(deal_id)

    assert (statuses, gone, writer.get(f"{DEALS}/{deal_id}").status_code) == ([204, 204], 404, 200)


def test_batches(writer: Caller) -> None:
    made = writer.post(
        f"{DEALS}/batch/create", {"inputs": [{"properties": {"dealname": name}} for name in "ab"]}
    )
    first, second = (record["id"] for record in made.json()["results"])
    changed = writer.post(
        f"{DEALS}/batch/update", {"inputs": [{"id": second, "properties": {"dealname": "c"}}]}
    )
    gone = writer.post(f"{DEALS}/batch/archive", {"inputs": [{"id": first}, {"id": "999"}]})

    assert (made.status_code, changed.status_code, gone.status_code) == (201, 200, 204)
    assert changed.json() == {
        "status": "COMPLETE",
        "results": [deal_body(second, dealname="c")],
        "startedAt": NOW,
        "completedAt": NOW,
    }
    assert [record["id"] for record in writer.search({}).json()["results"]] == [second]


def test_merged_over_the_api(writer: Caller) -> None:
    first, second = (writer.portal.add_deal(dealname=name) for name in ("First", "Second"))

    response = writer.post(f"{DEALS}/merge", {"primaryObjectId": first, "objectIdToMerge": second})

    merged_id = response.json()["id"]
    assert response.status_code == 200
    assert response.json() == deal_body(merged_id, dealname="First")
    assert writer.get(f"{DEALS}/{second}").json()["id"] == merged_id


def test_merged_with_itself(writer: Caller) -> None:
    deal_id = writer.portal.add_deal()

    response = writer.post(f"{DEALS}/merge", {"primaryObjectId": deal_id, "objectIdToMerge": deal_id})

    assert response.status_code == 400
    assert error_body(response) == {
        "status": "error",
        "message": "An object cannot be merged with itself",
        "category": "VALIDATION_ERROR",
    }


def test_privacy_delete_is_final(writer: Caller) -> None:
    contact_id = writer.portal.add_contact(email="ada@example.com")
    deal_id = writer.portal.add_deal()
    writer.portal.link_contact(deal_id, contact_id)

    response = writer.post(f"{CONTACTS}/gdpr-delete", {"objectId": contact_id})

    found = [writer.get(f"{CONTACTS}/{contact_id}", archived=flag).status_code for flag in ("false", "true")]
    batch = writer.post(f"{CONTACTS}/batch/read", {"inputs": [{"id": contact_id}]})
    assert (response.status_code, found, batch.status_code) == (204, [404, 404], 207)
    assert writer.portal.linked(("deals", "contacts"), deal_id) == {}
    assert writer.portal.add_contact(email="new@example.com") > contact_id


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("nope", "1", "PROPERTY_DOESNT_EXIST", 'Property "nope" does not exist'),
        (
            "hs_is_closed",
            "true",
            "READ_ONLY_VALUE",
            '"hs_is_closed" is a read only property; its value cannot be set.',
        ),
        ("amount", "1,000", "INVALID_DOUBLE", "1,000 was not a valid number for amount."),
        ("closedate", "soon", "INVALID_DATE", "soon was not a valid date for closedate."),
        (
            "dealtype",
            "New Business",
            "INVALID_OPTION",
            "New Business was not one of the allowed options: [existingbusiness, newbusiness]",
        ),
        (
            "hubspot_owner_id",
            "9586504",
            "INVALID_OPTION",
            "9586504 was not one of the allowed options: [41629779]",
        ),
    ],
)
def test_value_that_cannot_be_written(
    writer: Caller, name: str, value: str, error: str, message: str
) -> None:
    writer.portal.add_owner(email="ada@example.com")

    response = writer.post(DEALS, {"properties": {name: value, "dealname": "Deal"}})

    body = error_body(response)
    assert response.status_code == 400
    assert (body["status"], body["category"]) == ("error", "VALIDATION_ERROR")
    assert json.loads(body["message"].removeprefix("Property values were not valid: ")) == [
        {
            "isValid": False,
            "message": message,
            "error": error,
            "name": name,
            "localizedErrorMessage": message,
            "portalId": 48211907,
        }
    ]
    assert writer.portal.objects["deals"].records == {}


def test_contact_that_is_there_already(writer: Caller) -> None:
    contact_id = writer.portal.add_contact(email="ada@example.com")

    response = writer.post(CONTACTS, {"properties": {"email": "ada@example.com"}})

    assert response.status_code == 409
    assert error_body(response) == {
        "status": "error",
        "message": f"Contact already exists. Existing ID: {contact_id}",
        "category": "CONFLICT",
    }


def test_writing_needs_a_scope_of_its_own(caller: Caller) -> None:
    response = caller.post(DEALS, {"properties": {"dealname": "Deal"}})

    assert response.status_code == 403
    assert error_body(response)["errors"] == [
        {
            "message": "One or more of the following scopes are required.",
            "context": {
                "requiredGranularScopes": [
                    "crm.objects.deals.write",
                    "crm.objects.deals.highly_sensitive.write.v2",
                    "crm.objects.deals.sensitive.write.v2",
                ]
            },
        }
    ]


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", f"{DEALS}/999"), ("DELETE", f"{DEALS}/999"), ("POST", f"{DEALS}/gdpr-delete")],
)
def test_record_that_does_not_exist(writer: Caller, method: str, path: str) -> None:
    calls = {
        "PATCH": lambda: writer.patch(path, {"properties": {}}),
        "DELETE": lambda: writer.delete(path),
        "POST": lambda: writer.post(path, {"objectId": "999"}),
    }

    response = calls[method]()

    assert (response.status_code, error_body(response)) == (
        404,
        {"status": "error", "message": "resource not found"},
    )


def test_read_by_a_unique_property(caller: Caller) -> None:
    contact_id = caller.portal.add_contact(email="ada@example.com")

    read = caller.get(f"{CONTACTS}/Ada@example.com", idProperty="email").json()
    batch = caller.post(
        f"{CONTACTS}/batch/read",
        {"idProperty": "email", "inputs": [{"id": "ada@example.com"}, {"id": "bob@example.com"}]},
    ).json()
    refused = caller.get(f"{DEALS}/Deal", idProperty="dealname")

    assert (read["id"], [record["id"] for record in batch["results"]]) == (contact_id, [contact_id])
    assert batch["errors"][0]["context"] == {"ids": ["bob@example.com"]}
    assert error_body(refused) == {
        "status": "error",
        "message": "dealname is not a unique property",
        "category": "VALIDATION_ERROR",
    }
