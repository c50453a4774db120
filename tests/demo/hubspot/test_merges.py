from typing import Any

import pytest

from demo.hubspot.portal import Portal
from tests.demo.hubspot.caller import Caller

DEALS = "/crm/objects/2026-09/deals"
ASSOCIATIONS = "/crm/associations/2026-09/deals/companies/batch/read"
LINE_ITEMS = ("deals", "line_items")


def types(portal: Portal, deal_id: str) -> dict[str, list[int]]:
    return {
        company_id: [kind.type_id for kind in kinds]
        for company_id, kinds in portal.companies_of(deal_id).items()
    }


def missing(body: dict[str, Any]) -> list[str]:
    return [text for error in body.get("errors", []) for text in error["context"]["ids"]]


@pytest.fixture
def two_deals(portal: Portal) -> tuple[str, str]:
    """The first has a primary company, the second has another and shares the first's."""
    acme, other = (portal.add_company(name=name) for name in ("Acme", "Other"))
    first = portal.add_deal(dealname="First", company_id=acme)
    second = portal.add_deal(dealname="Second", amount="5", company_id=other)
    portal.link_company(second, acme, primary=False)
    return first, second


def test_associations_go_to_the_new_deal(caller: Caller, two_deals: tuple[str, str]) -> None:
    portal = caller.portal
    acme, other = portal.objects["companies"].records

    merged = portal.merge_deals(*two_deals)

    read = caller.post(ASSOCIATIONS, {"inputs": [{"id": key} for key in (*two_deals, merged)]}).json()
    assert [result["from"]["id"] for result in read["results"]] == [merged]
    assert [error["context"]["fromObjectId"] for error in read["errors"]] == [[key] for key in two_deals]
    assert types(portal, merged) == {other: [341], acme: [341, 5]}


def test_merging_again_keeps_all_ids(caller: Caller, two_deals: tuple[str, str]) -> None:
    portal = caller.portal
    third = portal.add_deal(dealname="Third")

    last = portal.merge_deals(third, portal.merge_deals(*two_deals))

    record = portal.objects["deals"].records[last]
    read = [caller.get(f"{DEALS}/{key}").json()["id"] for key in (*two_deals, third)]
    ids = record.properties["hs_merged_object_ids"] or ""
    assert ids.split(";")[:3] == [third, *two_deals]
    assert read == [last, last, last]


def test_primary_id_that_is_kept(caller: Caller, two_deals: tuple[str, str]) -> None:
    portal = caller.portal
    first, second = two_deals
    acme, other = portal.objects["companies"].records
    portal.habits.merge_keeps_primary_id = True

    merged = portal.merge_deals(first, second)

    body = caller.get(f"{DEALS}/{second}", properties="dealname,amount,hs_merged_object_ids").json()
    shown = {name: body["properties"][name] for name in ("dealname", "amount", "hs_merged_object_ids")}
    assert (merged, body["id"]) == (first, first)
    assert shown == {"dealname": "First", "amount": "5", "hs_merged_object_ids": second}
    assert types(portal, first) == {acme: [341, 5], other: [341]}
    assert [record["id"] for record in caller.search({}).json()["results"]] == [first]


@pytest.mark.parametrize(("named", "status"), [(False, 200), (True, 207)])
def test_merged_ids_in_a_batch(caller: Caller, two_deals: tuple[str, str], named: bool, status: int) -> None:
    caller.portal.habits.batch_read_names_merged_ids = named
    caller.portal.merge_deals(*two_deals)

    response = caller.post(f"{DEALS}/batch/read", {"inputs": [{"id": key} for key in two_deals]})

    assert (response.status_code, response.json()["results"]) == (status, [])
    assert missing(response.json()) == (list(two_deals) if named else [])


def test_merged_companies_keep_their_deals(caller: Caller) -> None:
    portal = caller.portal
    first, second = (portal.add_company(name=name, domain=f"{name}.example") for name in ("a", "b"))
    deals = [portal.add_deal(company_id=company_id) for company_id in (first, second)]

    merged = portal.merge_companies(first, second)

    assert [types(portal, deal_id) for deal_id in deals] == [{merged: [341, 5]}, {merged: [341, 5]}]
    assert portal.objects["companies"].records[merged].properties["name"] == "a"
    assert caller.get(f"/crm/objects/2026-09/companies/{second}").json()["id"] == merged


def test_line_items_go_along(portal: Portal) -> None:
    first, second = portal.add_deal(), portal.add_deal()
    for deal_id in (first, second):
        portal.add_line_item(deal_id, name="Seat", price="10", recurringbillingfrequency="monthly")

    merged = portal.merge_deals(first, second)

    assert len(portal.linked(LINE_ITEMS, merged)) == 2
    assert portal.objects["deals"].records[merged].properties["hs_mrr"] == "20"
