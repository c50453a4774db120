"""Lists of children in a query, and FIELDS()."""

import pytest

from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import Client

URL = "/services/data/v66.0/sobjects"


def test_children_of_an_account(connected: Client, org: Org) -> None:
    acme, empty = org.add_account("Acme"), org.add_account("Empty")
    first, second, gone = (org.add("Opportunity", Name=name, AccountId=acme) for name in ("b", "a", "c"))
    org.delete(gone)
    soql = (
        "SELECT Name, (SELECT Name, Account.Name FROM opportunities WHERE Name != 'x' ORDER BY Name), "
        "(SELECT Id FROM Contacts) FROM Account ORDER BY Name"
    )

    def deal(deal_id: str, name: str) -> dict[str, object]:
        return {
            "attributes": {"type": "Opportunity", "url": f"{URL}/Opportunity/{deal_id}"},
            "Name": name,
            "Account": {"attributes": {"type": "Account", "url": f"{URL}/Account/{acme}"}, "Name": "Acme"},
        }

    assert connected.query(soql)["records"] == [
        {
            "attributes": {"type": "Account", "url": f"{URL}/Account/{acme}"},
            "Name": "Acme",
            "Opportunities": {"totalSize": 2, "done": True, "records": [deal(second, "a"), deal(first, "b")]},
            "Contacts": None,
        },
        {
            "attributes": {"type": "Account", "url": f"{URL}/Account/{empty}"},
            "Name": "Empty",
            "Opportunities": None,
            "Contacts": None,
        },
    ]


def test_limit_of_children_is_for_each_parent(connected: Client, org: Org) -> None:
    for name in ("One", "Two"):
        deal_id = org.add("Opportunity", Name=name)
        org.close_won(deal_id)
    soql = (
        "SELECT Name, (SELECT StageName FROM OpportunityHistories ORDER BY Id DESC LIMIT 1) FROM Opportunity "
        "ORDER BY Name"
    )

    records = connected.query(soql)["records"]

    assert [
        [row["StageName"] for row in record["OpportunityHistories"]["records"]] for record in records
    ] == [
        ["Closed Won"],
        ["Closed Won"],
    ]


@pytest.mark.parametrize(
    ("soql", "code", "last_line"),
    [
        (
            "SELECT Id, (SELECT Id FROM OpportunityLineItems) FROM Opportunity",
            "INVALID_TYPE",
            "Didn't understand relationship 'OpportunityLineItems' in FROM part of query call. If you are "
            "attempting to use a custom relationship, be sure to append the '__r' after the custom relationship "
            "name. Please reference your WSDL or the describe call for the appropriate names.",
        ),
        (
            "SELECT (SELECT Id FROM Contacts), (SELECT Name FROM contacts) FROM Account",
            "INVALID_FIELD",
            "duplicate list selected: Contacts",
        ),
    ],
)
def test_refused(connected: Client, soql: str, code: str, last_line: str) -> None:
    [error] = connected.query(soql)

    assert (error["errorCode"], error["message"].split("\n")[-1]) == (code, last_line)


@pytest.mark.parametrize(
    ("group", "has_standard", "has_custom"),
    [("ALL", True, True), ("CUSTOM", False, True), ("STANDARD", True, False)],
)
def test_groups_of_fields(
    connected: Client, org: Org, group: str, has_standard: bool, has_custom: bool
) -> None:
    org.add("Opportunity", Name="One")

    [record] = connected.query(f"SELECT FIELDS({group}) FROM Opportunity LIMIT 200")["records"]

    fields = connected.get(f"{URL}/Opportunity/describe").json()["fields"]
    wanted = {False: has_standard, True: has_custom}
    assert list(record) == ["attributes", *(each["name"] for each in fields if wanted[each["custom"]])]


@pytest.mark.parametrize(
    "query", ["SELECT FIELDS(ALL) FROM Account", "SELECT FIELDS(ALL) FROM User LIMIT 201"]
)
def test_all_fields_need_a_limit(connected: Client, query: str) -> None:
    assert connected.query(query) == [
        {
            "message": "The SOQL FIELDS function must have a LIMIT of at most 200",
            "errorCode": "MALFORMED_QUERY",
        }
    ]
