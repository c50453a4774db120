from typing import Any

import pytest

from demo.hubspot.scopes import RECOMMENDED_SCOPES, WRITE_SCOPES
from tests.demo.hubspot.caller import Caller, error_body

BATCH = "/crm/v4/associations/deals/companies/batch"
NOW = "2026-11-22T15:04:05.120Z"
PRIMARY = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}


@pytest.fixture
def writer(caller: Caller) -> Caller:
    caller.token = caller.portal.issue_token(scopes=(*RECOMMENDED_SCOPES, *WRITE_SCOPES))
    return caller


@pytest.fixture
def ends(writer: Caller) -> tuple[str, str]:
    return writer.portal.add_deal(), writer.portal.add_company(name="Acme")


def types_of(caller: Caller, ends: tuple[str, str]) -> list[int]:
    deal_id, company_id = ends
    return [kind.type_id for kind in caller.portal.companies_of(deal_id).get(company_id, [])]


def complete(*results: dict[str, Any]) -> dict[str, Any]:
    return {"status": "COMPLETE", "results": list(results), "startedAt": NOW, "completedAt": NOW}


def test_default_association(writer: Caller, ends: tuple[str, str]) -> None:
    deal_id, company_id = ends

    response = writer.put(
        f"/crm/v4/objects/deals/{deal_id}/associations/default/companies/{company_id}", None
    )

    assert (response.status_code, types_of(writer, ends)) == (200, [341])
    assert response.json() == complete(
        {
            "from": {"id": deal_id},
            "to": {"id": company_id},
            "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 341},
        }
    )


def test_association_with_a_type(writer: Caller, ends: tuple[str, str]) -> None:
    deal_id, company_id = ends

    response = writer.put(f"/crm/v4/objects/deals/{deal_id}/associations/companies/{company_id}", [PRIMARY])

    assert (response.status_code, types_of(writer, ends)) == (201, [341, 5])
    assert response.json() == {
        "fromObjectTypeId": "0-3",
        "fromObjectId": int(deal_id),
        "toObjectTypeId": "0-2",
        "toObjectId": int(company_id),
        "labels": ["Primary"],
    }


def test_association_from_the_company(writer: Caller, ends: tuple[str, str]) -> None:
    deal_id, company_id = ends
    primary = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 6}]

    writer.put(f"/crm/v4/objects/companies/{company_id}/associations/deals/{deal_id}", primary)

    assert types_of(writer, ends) == [341, 5]


def test_association_taken_away(writer: Caller, ends: tuple[str, str]) -> None:
    deal_id, company_id = ends
    writer.portal.link_company(deal_id, company_id)

    response = writer.delete(f"/crm/v4/objects/deals/{deal_id}/associations/companies/{company_id}")

    assert (response.status_code, types_of(writer, ends)) == (204, [])


def test_batches(writer: Caller, ends: tuple[str, str]) -> None:
    deal_id, company_id = ends
    pair = {"from": {"id": deal_id}, "to": {"id": company_id}}

    made = writer.post(f"{BATCH}/create", {"inputs": [{**pair, "types": [PRIMARY]}]})
    after_made = types_of(writer, ends)
    again = writer.post(f"{BATCH}/associate/default", {"inputs": [pair]})
    after_again = types_of(writer, ends)
    gone = writer.post(
        f"{BATCH}/archive", {"inputs": [{"from": {"id": deal_id}, "to": [{"id": company_id}]}]}
    )

    assert (made.status_code, again.status_code, gone.status_code) == (201, 200, 204)
    assert (after_made, after_again, types_of(writer, ends)) == ([341, 5], [341], [])


@pytest.mark.parametrize(
    ("to_id", "type_id", "status", "message"),
    [
        ("999", 5, 404, "resource not found"),
        ("", 77, 400, "There is no association type 77 between deals and companies"),
    ],
)
def test_association_that_cannot_be(
    writer: Caller, ends: tuple[str, str], to_id: str, type_id: int, status: int, message: str
) -> None:
    deal_id, company_id = ends
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}

    response = writer.put(
        f"/crm/v4/objects/deals/{deal_id}/associations/companies/{to_id or company_id}", [spec]
    )

    assert (response.status_code, error_body(response)["message"]) == (status, message)


def test_linking_needs_to_write_both_ends(caller: Caller) -> None:
    caller.token = caller.portal.issue_token(scopes=("crm.objects.deals.write", "crm.objects.deals.read"))

    response = caller.post(f"{BATCH}/create", {"inputs": []})

    scopes = error_body(response)["errors"][0]["context"]["requiredGranularScopes"]
    assert (response.status_code, scopes[0]) == (403, "crm.objects.companies.write")
