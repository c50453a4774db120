from typing import Any

import pytest

from tests.demo.hubspot.caller import Caller, StoppedClock, condition, error_body

FILTER_CLASS = "com.hubspot.inbounddb.publicobject.core.v3.search.Filter"


def not_a_filter(problem: str) -> dict[str, Any]:
    return {
        "status": "error",
        "message": f"Invalid input JSON on line 1, column 102: Cannot construct instance of `{FILTER_CLASS}`,"
        f" problem: {problem}",
    }


def test_body(caller: Caller, clock: StoppedClock) -> None:
    deal_id = caller.portal.add_deal(dealname="Test Deal", amount="3000", dealstage="appointmentscheduled")
    clock.forward(seconds=0.88)
    caller.portal.update_deal(deal_id, dealname="Test Deal, renamed")

    response = caller.search(
        {"filterGroups": [{"filters": [condition("dealname", "EQ", "test deal, RENAMED")]}]}
    )

    assert response.status_code == 200
    assert response.json() == {
        "total": 1,
        "results": [
            {
                "id": "479475667160",
                "properties": {
                    "amount": "3000",
                    "closedate": None,
                    "createdate": "2026-11-22T15:04:05.120Z",
                    "dealname": "Test Deal, renamed",
                    "dealstage": "appointmentscheduled",
                    "hs_lastmodifieddate": "2026-11-22T15:04:06Z",
                    "hs_object_id": "479475667160",
                    "pipeline": "default",
                },
                "createdAt": "2026-11-22T15:04:05.120Z",
                "updatedAt": "2026-11-22T15:04:06Z",
                "archived": False,
                "url": "https://app.hubspot.com/contacts/48211907/record/0-3/479475667160",
            }
        ],
    }


def test_properties_asked_for(caller: Caller) -> None:
    caller.portal.add_deal(dealname="A", contract_term_months="12", po_number="")

    body = {"properties": ["contract_term_months", "po_number", "no_such_property", "payment_terms_old"]}

    assert caller.search(body).json()["results"][0]["properties"] == {
        "contract_term_months": "12",
        "po_number": None,
        "createdate": "2026-11-22T15:04:05.120Z",
        "hs_lastmodifieddate": "2026-11-22T15:04:05.120Z",
        "hs_object_id": "479475667160",
    }


def test_contacts_are_modified_without_prefix(caller: Caller) -> None:
    caller.portal.add_contact(email="ada@example.com", firstname="Ada")

    assert caller.search({}, "contacts").json()["results"][0]["properties"] == {
        "createdate": "2026-11-22T15:04:05.120Z",
        "email": "ada@example.com",
        "firstname": "Ada",
        "hs_object_id": "401193882065",
        "lastmodifieddate": "2026-11-22T15:04:05.120Z",
        "lastname": None,
    }


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (condition("dealstage", "EQ", "closedwon"), "A"),
        (condition("dealstage", "EQ", "ClosedWon"), ""),
        (condition("dealstage", "EQ", "Closed Won"), ""),
        (condition("dealstage", "IN", values=["closedwon", "11348547"]), "AB"),
        (condition("dealstage", "NOT_IN", values=["closedwon", "11348547"]), "C"),
        (condition("dealname", "EQ", "ALPHA one"), "A"),
        (condition("dealname", "NEQ", "alpha one"), "BC"),
        (condition("dealname", "IN", values=["alpha one"]), "A"),
        (condition("dealname", "IN", values=["Alpha One"]), ""),
        (condition("dealname", "CONTAINS_TOKEN", "one"), "AC"),
        (condition("dealname", "CONTAINS_TOKEN", "al*"), "A"),
        (condition("dealname", "NOT_CONTAINS_TOKEN", "one"), "B"),
        (condition("amount", "EQ", "900"), "B"),
        (condition("amount", "GT", "900"), "A"),
        (condition("amount", "GTE", "900"), "AB"),
        (condition("amount", "LT", "1000.5"), "B"),
        (condition("amount", "LTE", "1000.50"), "AB"),
        (condition("amount", "BETWEEN", "900", highValue="1000.50"), "AB"),
        (condition("amount", "HAS_PROPERTY"), "AB"),
        (condition("amount", "NOT_HAS_PROPERTY"), "CD"),
        (condition("closedate", "GTE", "1793491200000"), "B"),
        (condition("closedate", "GTE", "2026-11-01T00:00:00Z"), "B"),
        (condition("closedate", "LT", "2026-11-01"), "A"),
        (condition("closedate", "GTE", "1793491200"), "AB"),
        (condition("hs_is_closed_won", "EQ", "true"), "AB"),
        (condition("hs_object_id", "GT", "479475667171"), "CD"),
        (condition("hs_object_id", "LTE", "479475667171"), "AB"),
        (condition("associations.company", "EQ", "442222359747"), "B"),
    ],
)
def test_operator(caller: Caller, wanted: dict[str, Any], names: str) -> None:
    company_id = caller.portal.add_company(name="Acme")
    ids = {
        caller.portal.add_deal(
            dealname="Alpha One",
            dealstage="closedwon",
            amount="1000.50",
            closedate="2026-10-31T23:59:59.999Z",
        ): "A",
        caller.portal.add_deal(
            dealname="Beta",
            dealstage="11348547",
            amount="9E+2",
            closedate="2026-11-01T00:00:00Z",
            company_id=company_id,
        ): "B",
        caller.portal.add_deal(dealname="Gamma, one", dealstage="contractsent"): "C",
        caller.portal.add_deal(): "D",
    }

    assert "".join(ids[found] for found in caller.found(wanted)) == names


def test_filters_in_a_group_all_hold_and_any_group_may(caller: Caller) -> None:
    small, middle, large = (caller.portal.add_deal(amount=amount) for amount in ("1", "5", "9"))
    between = {"filters": [condition("amount", "GT", "2"), condition("amount", "LT", "8")]}
    top = {"filters": [condition("amount", "GTE", "9")]}

    body = caller.search({"filterGroups": [between, top]}).json()

    assert [record["id"] for record in body["results"]] == [middle, large]
    assert body["total"] == 2
    assert small not in str(body)


def test_bare_filters(caller: Caller) -> None:
    caller.portal.add_deal(amount="1")
    wanted = caller.portal.add_deal(amount="5")

    body = caller.search({"filters": [condition("amount", "EQ", "5")]}).json()

    assert [record["id"] for record in body["results"]] == [wanted]


def test_misspelt_key_is_ignored(caller: Caller) -> None:
    caller.portal.add_deal(dealstage="contractsent")

    body = {"filterGroup": [{"filters": [condition("dealstage", "EQ", "closedwon")]}]}

    assert caller.search(body).json()["total"] == 1


def test_query_searches_text(caller: Caller) -> None:
    caller.portal.add_deal(dealname="Nothing here")
    wanted = caller.portal.add_deal(dealname="Northern renewal")

    assert [record["id"] for record in caller.search({"query": "north"}).json()["results"]] == [wanted]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ({"propertyName": "amount", "direction": "ASCENDING"}, "CAB"),
        ({"propertyName": "amount", "direction": "DESCENDING"}, "ACB"),
        ('{"propertyName": "amount", "direction": "DESCENDING"}', "ACB"),
        ({"propertyName": "hs_object_id", "direction": "DESCENDING"}, "CBA"),
        ("-amount", "ACB"),
        (None, "ABC"),
    ],
)
def test_sort(caller: Caller, sort: Any, order: str) -> None:
    ids = {
        caller.portal.add_deal(amount=amount): name for name, amount in (("A", "20"), ("B", None), ("C", "3"))
    }

    body = caller.search({"sorts": [sort]} if sort else {}).json()

    assert "".join(ids[record["id"]] for record in body["results"]) == order


def test_archived_deals_never_appear(caller: Caller) -> None:
    deal_id = caller.portal.add_deal(dealname="Gone")
    caller.portal.archive_deal(deal_id)

    assert caller.search({}).json() == {"total": 0, "results": []}


@pytest.mark.parametrize(
    ("groups", "sizes"),
    [("six groups", [1] * 6), ("seven in one", [7]), ("nineteen in all", [4, 4, 4, 4, 3])],
)
def test_too_many_filters(caller: Caller, groups: str, sizes: list[int]) -> None:
    wanted = [{"filters": [condition("amount", "GT", "1")] * size} for size in sizes]

    response = caller.search({"filterGroups": wanted})

    assert response.status_code == 400
    assert error_body(response) == {
        "status": "error",
        "message": "Too many filters: at most 5 groups, 6 filters in a group and 18 in all",
        "category": "VALIDATION_ERROR",
    }


def test_eighteen_filters_are_accepted(caller: Caller) -> None:
    wanted = [{"filters": [condition("amount", "GT", "1")] * 6}] * 3

    assert caller.search({"filterGroups": wanted}).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (condition("amount", "BETWEEN", "1"), "operator BETWEEN requires a highValue"),
        (condition("amount", "EQ"), "operator EQ requires a value"),
        (condition("dealstage", "IN", "closedwon"), "operator IN requires values"),
        (condition("amount", "HAS_PROPERTY", "1"), "operator HAS_PROPERTY does not take a value"),
        (condition("amount", "LIKE", "1"), "unknown operator LIKE"),
        ({"propertyName": "amount", "operator": "EQ", "value": 5}, "values must be strings"),
    ],
)
def test_filter_that_cannot_be_read(caller: Caller, wanted: dict[str, Any], problem: str) -> None:
    response = caller.search({"filterGroups": [{"filters": [wanted]}]})

    assert (response.status_code, error_body(response)) == (400, not_a_filter(problem))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"filters": [condition("amount", "EQ", "many")]},
            "many is not a valid value for the property amount",
        ),
        ({"filters": [condition("amuont", "EQ", "1")]}, 'Property "amuont" does not exist'),
        ({"sorts": ["amount", "dealname"]}, "Only one sort can be given"),
        ({"limit": 201}, "limit must be between 0 and 200"),
    ],
)
def test_request_that_is_refused(caller: Caller, body: Any, message: str) -> None:
    response = caller.search(body)

    assert response.status_code == 400
    assert error_body(response) == {"status": "error", "message": message, "category": "VALIDATION_ERROR"}


def test_group_that_is_not_a_list(caller: Caller) -> None:
    response = caller.search({"filterGroups": {"filters": []}})

    assert response.status_code == 400
    assert error_body(response) == {
        "status": "error",
        "message": "Invalid input JSON on line 1, column 1: Cannot deserialize instance of"
        " `java.util.ArrayList` out of START_OBJECT token",
    }
