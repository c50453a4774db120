from typing import Any

import pytest

from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import Client


@pytest.fixture
def deals(org: Org) -> None:
    for name, stage, amount in (
        ("a", "Closed Won", 10),
        ("b", "closed won", 20.5),
        ("c", "Closed Won", None),
        ("d", "Closed Lost", 12345678),
    ):
        org.add("Opportunity", Name=name, StageName=stage, Amount=amount, CloseDate="2026-11-20")


def rows(client: Client, soql: str) -> list[dict[str, Any]]:
    body = client.query(soql)
    records: list[dict[str, Any]] = body["records"]
    assert (body["totalSize"], body["done"]) == (len(records), True)
    assert [record.pop("attributes") for record in records] == [{"type": "AggregateResult"}] * len(records)
    return records


def test_functions_without_groups(connected: Client, deals: None) -> None:
    soql = (
        "SELECT COUNT(Id), COUNT(Amount) priced, COUNT_DISTINCT(StageName), SUM(Amount) total, AVG(Amount), "
        "MIN(Amount), MAX(CloseDate), MIN(Name) FROM Opportunity WHERE StageName = 'Closed Won'"
    )

    assert rows(connected, soql) == [
        {
            "expr0": 3,
            "priced": 2,
            "expr1": 1,
            "total": 30.5,
            "expr2": 15.25,
            "expr3": 10.0,
            "expr4": "2026-11-20",
            "expr5": "a",
        }
    ]


def test_nothing_to_aggregate_is_one_row(connected: Client) -> None:
    assert rows(connected, "SELECT COUNT(Id), SUM(Amount), MAX(Name) FROM Opportunity") == [
        {"expr0": 0, "expr1": None, "expr2": None}
    ]


def test_groups_ignore_case(connected: Client, deals: None) -> None:
    soql = "SELECT StageName, COUNT(Id) deals FROM Opportunity GROUP BY StageName ORDER BY StageName DESC"

    assert [(row["StageName"].lower(), row["deals"]) for row in rows(connected, soql)] == [
        ("closed won", 3),
        ("closed lost", 1),
    ]


def test_groups_by_a_field_of_the_parent_and_their_limit(connected: Client, org: Org) -> None:
    for name in ("Acme", "Beta"):
        org.add("Opportunity", Name="One", Amount=1, AccountId=org.add_account(name))
    soql = "SELECT Account.Name, SUM(Amount) FROM Opportunity GROUP BY Account.Name ORDER BY Account.Name"

    assert rows(connected, soql) == [{"Name": "Acme", "expr0": 1.0}, {"Name": "Beta", "expr0": 1.0}]
    assert rows(connected, f"{soql} LIMIT 1 OFFSET 1") == [{"Name": "Beta", "expr0": 1.0}]


def test_sum_is_written_as_java_does(connected: Client, deals: None) -> None:
    response = connected.get("/services/data/v66.0/query", q="SELECT SUM(Amount) FROM Opportunity")

    assert response.text == (
        '{"totalSize":1,"done":true,"records":[{"attributes":{"type":"AggregateResult"},'
        '"expr0":1.23457085E7}]}'
    )


@pytest.mark.parametrize(
    ("soql", "message"),
    [
        ("SELECT Name, COUNT(Id) FROM Opportunity", "Field must be grouped or aggregated: Name"),
        ("SELECT Name FROM Opportunity GROUP BY StageName", "Field must be grouped or aggregated: Name"),
        (
            "SELECT COUNT(Id) FROM Opportunity GROUP BY StageName ORDER BY Name",
            "Ordered field must be grouped or aggregated",
        ),
        (
            "SELECT SUM(Name) FROM Opportunity",
            "field Name does not support aggregate operator SUM",
        ),
        (
            "SELECT FIELDS(STANDARD) FROM Opportunity GROUP BY StageName",
            "Grouped query cannot have such a column",
        ),
        (
            "SELECT Id, (SELECT COUNT(Id) FROM Opportunities) FROM Account",
            "a list of children cannot be aggregated",
        ),
    ],
)
def test_refused(connected: Client, soql: str, message: str) -> None:
    [error] = connected.query(soql)

    assert (error["errorCode"], error["message"].split("\n")[-1]) == ("MALFORMED_QUERY", message)
