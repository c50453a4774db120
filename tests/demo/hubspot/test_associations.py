from typing import Any

from demo.hubspot.portal import Portal
from tests.demo.hubspot.caller import Caller, error_body

BATCH = "/crm/associations/2026-09/deals/companies/batch/read"

PLAIN = {"category": "HUBSPOT_DEFINED", "typeId": 341, "label": None}
PRIMARY = {"category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primary"}


def read(caller: Caller, *inputs: dict[str, str]) -> Any:
    return caller.post(BATCH, {"inputs": list(inputs)}).json()


def deal_with_companies(portal: Portal, count: int, *, primary: int | None) -> tuple[str, list[str]]:
    deal_id = portal.add_deal(dealname="Deal")
    companies = [portal.add_company(name=f"Company {number}") for number in range(count)]
    for number, company_id in enumerate(companies):
        portal.link_company(deal_id, company_id, primary=number == primary)
    return deal_id, companies


def test_batch_with_a_deal_without_company(caller: Caller) -> None:
    deal_id, companies = deal_with_companies(caller.portal, 2, primary=1)
    lonely = caller.portal.add_deal()

    response = caller.post(BATCH, {"inputs": [{"id": deal_id}, {"id": lonely}]})

    assert response.status_code == 207
    assert response.json() == {
        "status": "COMPLETE",
        "results": [
            {
                "from": {"id": deal_id},
                "to": [
                    {"toObjectId": int(companies[0]), "associationTypes": [PLAIN]},
                    {"toObjectId": int(companies[1]), "associationTypes": [PLAIN, PRIMARY]},
                ],
            }
        ],
        "numErrors": 1,
        "errors": [
            {
                "status": "error",
                "category": "OBJECT_NOT_FOUND",
                "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                "message": f"No company is associated with deal {lonely}.",
                "context": {
                    "fromObjectId": [lonely],
                    "fromObjectType": ["deal"],
                    "toObjectType": ["company"],
                },
            }
        ],
        "startedAt": "2026-11-22T15:04:05.120Z",
        "completedAt": "2026-11-22T15:04:05.120Z",
    }


def test_batch_without_gaps(caller: Caller) -> None:
    deal_id, _ = deal_with_companies(caller.portal, 1, primary=None)

    response = caller.post("/crm/v4/associations/deals/companies/batch/read", {"inputs": [{"id": deal_id}]})

    assert response.status_code == 200
    assert set(response.json()) == {"status", "results", "startedAt", "completedAt"}


def test_there_is_one_primary_company_at_most(caller: Caller) -> None:
    deal_id, companies = deal_with_companies(caller.portal, 2, primary=0)
    caller.portal.link_company(deal_id, companies[1])

    to = read(caller, {"id": deal_id})["results"][0]["to"]

    assert [target["associationTypes"] for target in to] == [[PLAIN], [PLAIN, PRIMARY]]


def test_label_of_the_user(caller: Caller) -> None:
    deal_id, companies = deal_with_companies(caller.portal, 1, primary=0)
    caller.portal.link_company(deal_id, companies[0], label="Billing company")
    billing = {"category": "USER_DEFINED", "typeId": 37, "label": "Billing company"}

    to = read(caller, {"id": deal_id})["results"][0]["to"]
    labels = caller.get("/crm/associations/2026-09/deals/companies/labels").json()

    assert to[0]["associationTypes"] == [PLAIN, PRIMARY, billing]
    assert labels == {"results": [PRIMARY, PLAIN, billing]}


def test_pages_of_one_record(caller: Caller) -> None:
    deal_id, companies = deal_with_companies(caller.portal, 3, primary=None)
    caller.portal.association_page_size = 2

    first = read(caller, {"id": deal_id})["results"][0]
    second = read(caller, {"id": deal_id, "after": first["paging"]["next"]["after"]})["results"][0]

    assert [target["toObjectId"] for target in first["to"] + second["to"]] == [int(key) for key in companies]
    assert "paging" not in second


def test_one_record(caller: Caller) -> None:
    deal_id, companies = deal_with_companies(caller.portal, 1, primary=0)

    body = caller.get(f"/crm/v4/objects/deals/{deal_id}/associations/companies").json()

    assert body == {"results": [{"toObjectId": int(companies[0]), "associationTypes": [PLAIN, PRIMARY]}]}


def test_the_other_way_round(caller: Caller) -> None:
    deal_id, companies = deal_with_companies(caller.portal, 1, primary=0)

    body = caller.post(
        "/crm/associations/2026-09/companies/deals/batch/read", {"inputs": [{"id": companies[0]}]}
    ).json()

    assert body["results"][0]["to"] == [
        {
            "toObjectId": int(deal_id),
            "associationTypes": [
                {"category": "HUBSPOT_DEFINED", "typeId": 342, "label": None},
                {"category": "HUBSPOT_DEFINED", "typeId": 6, "label": "Primary"},
            ],
        }
    ]


def test_contacts_have_no_primary(caller: Caller) -> None:
    deal_id = caller.portal.add_deal()
    contact_id = caller.portal.add_contact(email="ada@example.com")
    caller.portal.link_contact(deal_id, contact_id)

    body = caller.post(
        "/crm/associations/2026-09/deals/contacts/batch/read", {"inputs": [{"id": deal_id}]}
    ).json()

    contact = {"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None}
    assert body["results"][0]["to"] == [{"toObjectId": int(contact_id), "associationTypes": [contact]}]


def test_linking_does_not_touch_the_deal(caller: Caller) -> None:
    deal_id = caller.portal.add_deal()
    before = caller.portal.objects["deals"].records[deal_id]
    caller.portal.link_company(deal_id, caller.portal.add_company(name="Late"))

    assert caller.portal.objects["deals"].records[deal_id] == before


def test_more_than_a_thousand_inputs(caller: Caller) -> None:
    response = caller.post(BATCH, {"inputs": [{"id": str(number)} for number in range(1_001)]})

    assert response.status_code == 400
    assert error_body(response) == {
        "status": "error",
        "message": "The number of inputs (1001) is above the maximum of 1000",
        "category": "VALIDATION_ERROR",
    }
