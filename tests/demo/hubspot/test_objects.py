from typing import Any

import pytest

from tests.demo.hubspot.caller import Caller, StoppedClock, error_body

DEALS = "/crm/objects/2026-09/deals"
BATCH = f"{DEALS}/batch/read"


def inputs(*ids: str, **more: Any) -> dict[str, Any]:
    return {"inputs": [{"id": record_id} for record_id in ids], **more}


def test_list_pages_by_the_id_of_the_next_record(caller: Caller) -> None:
    made = [caller.portal.add_deal(dealname=f"Deal {number}") for number in range(3)]

    first = caller.get(DEALS, limit=2, properties="dealname").json()
    second = caller.get(DEALS, limit=2, after=first["paging"]["next"]["after"]).json()

    assert [record["id"] for record in first["results"]] == made[:2]
    assert first["paging"] == {
        "next": {"after": made[2], "link": f"https://api.hubapi.com{DEALS}?limit=2&after={made[2]}"}
    }
    assert [record["id"] for record in second["results"]] == made[2:]
    assert "paging" not in second


def test_list_with_associations(caller: Caller) -> None:
    company_id = caller.portal.add_company(name="Acme")
    other_id = caller.portal.add_company(name="Other")
    deal_id = caller.portal.add_deal(company_id=company_id)
    caller.portal.link_company(deal_id, other_id, primary=False)
    caller.portal.add_deal()

    results = caller.get(DEALS, associations="companies").json()["results"]

    assert [record.get("associations") for record in results] == [
        {
            "companies": {
                "results": [
                    {"id": company_id, "type": "deal_to_company"},
                    {"id": company_id, "type": "deal_to_company_unlabeled"},
                    {"id": other_id, "type": "deal_to_company_unlabeled"},
                ]
            }
        },
        None,
    ]


def test_archived_deals_are_listed_apart(caller: Caller, clock: StoppedClock) -> None:
    kept, archived = caller.portal.add_deal(), caller.portal.add_deal()
    clock.forward(hours=1)
    caller.portal.archive_deal(archived)

    shown = caller.get(DEALS).json()["results"]
    gone = caller.get(DEALS, archived="true").json()["results"]

    assert [record["id"] for record in shown] == [kept]
    assert [(record["id"], record["archived"], record["archivedAt"]) for record in gone] == [
        (archived, True, "2026-11-22T16:04:05.120Z")
    ]


def test_restored_deal_keeps_its_id(caller: Caller) -> None:
    deal_id = caller.portal.add_deal()
    caller.portal.archive_deal(deal_id)
    caller.portal.restore_deal(deal_id)

    assert caller.get(f"{DEALS}/{deal_id}").json()["archived"] is False
    assert caller.search({}).json()["total"] == 1


@pytest.mark.parametrize(
    ("asked", "body"),
    [
        ("999", {"status": "error", "message": "resource not found"}),
        (
            "abc",
            {
                "status": "error",
                "message": "Object not found.  objectId are usually numeric.",
                "category": "OBJECT_NOT_FOUND",
            },
        ),
    ],
)
def test_deal_that_does_not_exist(caller: Caller, asked: str, body: dict[str, Any]) -> None:
    response = caller.get(f"{DEALS}/{asked}")

    assert (response.status_code, error_body(response)) == (404, body)


def test_limit_beyond_the_maximum(caller: Caller) -> None:
    response = caller.get(DEALS, limit=101)

    assert response.status_code == 400
    assert error_body(response) == {
        "status": "error",
        "message": "limit must be between 1 and 100",
        "category": "VALIDATION_ERROR",
    }


def test_batch_read(caller: Caller) -> None:
    company_id = caller.portal.add_company(name=None, domain="acme.example")

    response = caller.post(
        "/crm/objects/2026-09/companies/batch/read", inputs(company_id, properties=["name", "domain", "nope"])
    )

    assert response.status_code == 200
    assert response.json() == {
        "status": "COMPLETE",
        "results": [
            {
                "id": company_id,
                "properties": {
                    "createdate": "2026-11-22T15:04:05.120Z",
                    "domain": "acme.example",
                    "hs_lastmodifieddate": "2026-11-22T15:04:05.120Z",
                    "hs_object_id": company_id,
                    "name": None,
                },
                "createdAt": "2026-11-22T15:04:05.120Z",
                "updatedAt": "2026-11-22T15:04:05.120Z",
                "archived": False,
                "url": f"https://app.hubspot.com/contacts/48211907/record/0-2/{company_id}",
            }
        ],
        "startedAt": "2026-11-22T15:04:05.120Z",
        "completedAt": "2026-11-22T15:04:05.120Z",
    }


def test_batch_read_with_gaps(caller: Caller) -> None:
    deal_id, archived = caller.portal.add_deal(dealname="Here"), caller.portal.add_deal()
    caller.portal.archive_deal(archived)

    response = caller.post(BATCH, inputs("999", deal_id, archived, properties=["dealname"]))

    body = response.json()
    assert response.status_code == 207
    assert [record["id"] for record in body["results"]] == [deal_id]
    assert (body["status"], body["numErrors"]) == ("COMPLETE", 1)
    assert body["errors"] == [
        {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": "Could not get some DEAL objects, they may be deleted or not exist."
            " Check that ids are valid.",
            "context": {"ids": ["999", archived]},
        }
    ]


def test_batch_read_answers_in_another_order(caller: Caller) -> None:
    asked = caller.portal.add_won_deals(100)

    answered = [record["id"] for record in caller.post(BATCH, inputs(*asked)).json()["results"]]

    assert answered != asked
    assert sorted(answered) == asked


def test_batch_read_of_more_than_a_hundred(caller: Caller) -> None:
    response = caller.post(BATCH, inputs(*(str(number) for number in range(101))))

    assert response.status_code == 400
    assert error_body(response) == {
        "status": "error",
        "message": "The number of inputs (101) is above the maximum of 100",
        "category": "VALIDATION_ERROR",
    }


def test_merged_deal(caller: Caller) -> None:
    company_id = caller.portal.add_company(name="Acme")
    first = caller.portal.add_deal(dealname="First", company_id=company_id)
    second = caller.portal.add_deal(dealname="Second", amount="5")

    merged = caller.portal.merge_deals(first, second)

    read = caller.get(f"{DEALS}/{first}", properties="dealname,amount,hs_merged_object_ids").json()
    assert read["id"] == merged
    assert read["properties"] == {
        "amount": "5",
        "createdate": "2026-11-22T15:04:05.120Z",
        "dealname": "First",
        "hs_lastmodifieddate": "2026-11-22T15:04:05.120Z",
        "hs_merged_object_ids": f"{first};{second}",
        "hs_object_id": merged,
    }
    batch = caller.post(BATCH, inputs(first, second))
    assert (batch.status_code, batch.json()["results"]) == (200, [])
    assert [record["id"] for record in caller.search({}).json()["results"]] == [merged]
    assert caller.portal.companies_of(first) == {}
    assert list(caller.portal.companies_of(merged)) == [company_id]


def test_body_that_is_not_json(caller: Caller) -> None:
    response = caller.session.post(
        f"{caller.url}{BATCH}",
        data="{oops",
        headers={"Authorization": f"Bearer {caller.token}"},
        timeout=5,
    )

    body = error_body(response)
    assert response.status_code == 400
    assert body["message"].startswith("Invalid input JSON on line 1, column 2: ")
    assert "category" not in body
