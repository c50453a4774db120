from datetime import UTC, datetime
from typing import Any

import pytest

from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import Client

ELEVEN = datetime(2026, 11, 22, 11, 0, 0, tzinfo=UTC)
SEE_DESCRIBE = "Please reference your WSDL or the describe call for the appropriate names."


@pytest.fixture
def deals(org: Org) -> dict[str, str]:
    """Five deals by name, one property of interest each."""
    acme = org.add_account("Acme", BillingCountry="Ireland")
    zeta = org.add_account("Zeta 50% off_", OwnerId=org.add_user(name="Zoë Zed", email="zoe@acme.example"))
    values: dict[str, dict[str, Any]] = {
        "Alpha": {"StageName": "Closed Won", "Amount": 12000, "AccountId": acme},
        "beta": {"StageName": "closed won", "Amount": 12345678.9, "AccountId": zeta},
        "Gamma": {"StageName": "Closed Won ", "Amount": 0.5, "AccountId": acme},
        "Delta's": {"StageName": "Closed Won", "Amount": None},
        "Épée \\": {"StageName": "Prospecting", "Amount": 7, "AccountId": acme, "CloseDate": "2026-12-31"},
    }
    return {name: org.add("Opportunity", Name=name, **fields) for name, fields in values.items()}


def names(client: Client, where: str) -> set[str]:
    return set(client.names(f"SELECT Name FROM Opportunity WHERE {where}"))


def test_whole_answer(connected: Client, org: Org, deals: dict[str, str]) -> None:
    acme, deltas = org.record(deals["Alpha"])["AccountId"], deals["Delta's"]
    url = "/services/data/v66.0/sobjects"

    body = connected.query(
        "SELECT Id, Name, StageName, Amount, CloseDate, SystemModstamp, IsWon, FiscalYear, AccountId, "
        "Account.Name, Owner.Email, Account.BillingCountry FROM Opportunity "
        "WHERE StageName = 'Closed Won' AND Name IN ('Alpha', 'delta\\'s') ORDER BY Name"
    )

    owner = {"attributes": {"type": "User", "url": f"{url}/User/{org.admin_id}"}, "Email": "ada@acme.example"}
    same = {
        "StageName": "Closed Won",
        "CloseDate": "2026-11-22",
        "SystemModstamp": "2026-11-22T10:14:07.000+0000",
        "IsWon": True,
        "FiscalYear": 2026,
        "Owner": owner,
    }
    assert body == {
        "totalSize": 2,
        "done": True,
        "records": [
            {
                "attributes": {"type": "Opportunity", "url": f"{url}/Opportunity/{deals['Alpha']}"},
                "Id": deals["Alpha"],
                "Name": "Alpha",
                "Amount": 12000.0,
                "AccountId": acme,
                "Account": {
                    "attributes": {"type": "Account", "url": f"{url}/Account/{acme}"},
                    "Name": "Acme",
                    "BillingCountry": "Ireland",
                },
                **same,
            },
            {
                "attributes": {"type": "Opportunity", "url": f"{url}/Opportunity/{deltas}"},
                "Id": deltas,
                "Name": "Delta's",
                "Amount": None,
                "AccountId": None,
                "Account": None,
                **same,
            },
        ],
    }


def test_numbers_are_written_as_java_does(connected: Client, deals: dict[str, str]) -> None:
    response = connected.get(
        "/services/data/v66.0/query", q="SELECT Amount FROM Opportunity WHERE Amount > 7 ORDER BY Amount"
    )

    assert [part.split("}")[0] for part in response.text.split('"Amount":')[1:]] == [
        "12000.0",
        "1.23456789E7",
    ]


def test_empty_result(connected: Client) -> None:
    assert connected.query("SELECT Id FROM Opportunity") == {"totalSize": 0, "done": True, "records": []}


def test_count(connected: Client, deals: dict[str, str]) -> None:
    assert connected.query("select count() from opportunity where amount != null") == {
        "totalSize": 4,
        "done": True,
        "records": [],
    }


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("StageName = 'Closed Won'", {"Alpha", "beta", "Gamma", "Delta's"}),
        ("stagename = 'CLOSED WON'", {"Alpha", "beta", "Gamma", "Delta's"}),
        ("StageName != 'closed won'", {"Épée \\"}),
        ("StageName NOT IN ('Closed Won')", {"Épée \\"}),
        ("(NOT StageName = 'Closed Won')", {"Épée \\"}),
        ("NOT (Name = 'Alpha' OR Name = 'beta')", {"Gamma", "Delta's", "Épée \\"}),
        ("Amount = null", {"Delta's"}),
        ("Amount <> null AND Amount <= 7.0", {"Gamma", "Épée \\"}),
        ("Amount = 12000 OR (Amount = 7 AND IsWon = false)", {"Alpha", "Épée \\"}),
        ("Amount != 12000", {"beta", "Gamma", "Delta's", "Épée \\"}),
        ("Name LIKE '%a'", {"Alpha", "beta", "Gamma"}),
        ("Name LIKE '_eta'", {"beta"}),
        ("Name = 'Delta\\'s'", {"Delta's"}),
        ("Name = '\\u00c9p\\u00e9e \\\\'", {"Épée \\"}),
        ("Account.Name LIKE 'zeta 50\\% off\\_'", {"beta"}),
        ("Account.Owner.Name = 'zoë zed'", {"beta"}),
        ("Opportunity.Account.Name = 'acme' AND IsClosed = TRUE", {"Alpha"}),
        ("AccountId = null", {"Delta's"}),
        ("Account.Name = null", {"Delta's"}),
        ("CloseDate > 2026-11-22", {"Épée \\"}),
        ("CloseDate = 2026-11-22 AND Amount > 1e7", {"beta"}),
        ("SystemModstamp >= 2026-11-22T10:14:07Z AND Amount = 7", {"Épée \\"}),
        ("SystemModstamp >= 2026-11-22T11:14:07.000+01:00 AND Amount = 7", {"Épée \\"}),
        ("SystemModstamp > 2026-11-22T10:14:07Z", set()),
        ("SystemModstamp < 2026-11-22T10:14:07.001Z AND Amount = 7", {"Épée \\"}),
        ("Description = null", None),
    ],
)
def test_where(connected: Client, deals: dict[str, str], where: str, found: set[str] | None) -> None:
    if found is None:
        body = connected.query(f"SELECT Name FROM Opportunity WHERE {where}")
        assert body == [
            {
                "message": "field 'Description' can not be filtered in a query call",
                "errorCode": "INVALID_FIELD",
            }
        ]
        return
    assert names(connected, where) == found


def test_ids_keep_their_case_and_may_be_short(connected: Client, deals: dict[str, str]) -> None:
    deal_id = deals["Alpha"]

    assert names(connected, f"Id = '{deal_id}'") == {"Alpha"}
    assert names(connected, f"Id = '{deal_id[:15]}'") == {"Alpha"}
    assert names(connected, f"Id > '{deal_id}' AND Id <= '{deals['Gamma']}'") == {"beta", "Gamma"}


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("Name", ["Alpha", "beta", "Delta's", "Gamma", "Épée \\"]),
        ("Amount, Name", ["Delta's", "Gamma", "Épée \\", "Alpha", "beta"]),
        ("Amount DESC NULLS LAST", ["beta", "Alpha", "Épée \\", "Gamma", "Delta's"]),
        ("Amount ASC NULLS LAST", ["Gamma", "Épée \\", "Alpha", "beta", "Delta's"]),
        ("Amount DESC NULLS FIRST LIMIT 2", ["Delta's", "beta"]),
        ("SystemModstamp ASC, Id ASC LIMIT 2 OFFSET 1", ["beta", "Gamma"]),
        ("Account.Name DESC NULLS LAST, Amount DESC", ["beta", "Alpha", "Épée \\", "Gamma", "Delta's"]),
    ],
)
def test_order(connected: Client, deals: dict[str, str], order: str, found: list[str]) -> None:
    assert connected.names(f"SELECT Name FROM Opportunity ORDER BY {order}") == found


def test_stages_and_organization(connected: Client, org: Org) -> None:
    stages = connected.query(
        "SELECT ApiName, MasterLabel, IsActive, IsWon, DefaultProbability FROM OpportunityStage "
        "WHERE IsClosed = true ORDER BY SortOrder"
    )["records"]
    organization = connected.query("SELECT Id, Name, IsSandbox, OrganizationType FROM Organization")[
        "records"
    ]

    assert [{key: stage[key] for key in stage if key != "attributes"} for stage in stages] == [
        {
            "ApiName": "Closed Won",
            "MasterLabel": "Closed Won",
            "IsActive": True,
            "IsWon": True,
            "DefaultProbability": 100.0,
        },
        {
            "ApiName": "Closed Lost",
            "MasterLabel": "Closed Lost",
            "IsActive": True,
            "IsWon": False,
            "DefaultProbability": 0.0,
        },
    ]
    assert organization == [
        {
            "attributes": {
                "type": "Organization",
                "url": f"/services/data/v66.0/sobjects/Organization/{org.org_id}",
            },
            "Id": org.org_id,
            "Name": "Acme Software",
            "IsSandbox": False,
            "OrganizationType": "Developer Edition",
        }
    ]


def test_hidden_field_fails_the_whole_query(connected: Client, org: Org) -> None:
    org.hide_field("Opportunity", "Billing_Frequency__c")

    response = connected.get(
        "/services/data/v66.0/query", q="SELECT Id,Billing_Frequency__c FROM Opportunity"
    )

    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert response.json() == [
        {
            "message": "\nSELECT Id,Billing_Frequency__c FROM Opportunity\n          ^\n"
            "ERROR at Row:1:Column:11\n"
            "No such column 'Billing_Frequency__c' on entity 'Opportunity'. If you are attempting to use a "
            f"custom field, be sure to append the '__c' after the custom field name. {SEE_DESCRIBE}",
            "errorCode": "INVALID_FIELD",
        }
    ]


def test_hidden_lookup_takes_its_parent_away(connected: Client, org: Org) -> None:
    org.hide_field("Opportunity", "AccountId")

    assert connected.query("SELECT Account.Name FROM Opportunity") == [
        {
            "message": "\nSELECT Account.Name FROM Opportunity\n       ^\nERROR at Row:1:Column:8\n"
            "Didn't understand relationship 'Account' in field path. If you are attempting to use a custom "
            "relationship, be sure to append the '__r' after the custom relationship name. " + SEE_DESCRIBE,
            "errorCode": "INVALID_FIELD",
        }
    ]


@pytest.mark.parametrize(
    ("soql", "code", "last_line"),
    [
        (
            "SELECT CurrencyIsoCode FROM Opportunity",
            "INVALID_FIELD",
            "No such column 'CurrencyIsoCode' on entity 'Opportunity'. If you are attempting to use a custom "
            f"field, be sure to append the '__c' after the custom field name. {SEE_DESCRIBE}",
        ),
        (
            "SELECT Contact.Name FROM Opportunity",
            "INVALID_FIELD",
            "Didn't understand relationship 'Contact' in field path. If you are attempting to use a custom "
            f"relationship, be sure to append the '__r' after the custom relationship name. {SEE_DESCRIBE}",
        ),
        (
            "select count() from XYZZY",
            "INVALID_TYPE",
            "sObject type 'XYZZY' is not supported. If you are attempting to use a custom object, be sure to "
            f"append the '__c' after the entity name. {SEE_DESCRIBE}",
        ),
        ("SELECT Id, id FROM Opportunity", "INVALID_FIELD", "duplicate field selected: Id"),
        (
            "SELECT Id FROM Opportunity WHERE CloseDate >= '2026-01-31'",
            "INVALID_FIELD",
            "value of filter criterion for field 'CloseDate' must be of type date and should not be "
            "enclosed in quotes",
        ),
        (
            "SELECT Id FROM Opportunity WHERE SystemModstamp >= 2026-01-31",
            "INVALID_FIELD",
            "value of filter criterion for field 'SystemModstamp' must be of type dateTime and should not be "
            "enclosed in quotes",
        ),
        (
            "SELECT Id FROM Opportunity WHERE StageName = 5",
            "INVALID_FIELD",
            "value of filter criterion for field 'StageName' must be of type string and should be enclosed "
            "in quotes",
        ),
        (
            "SELECT Id FROM Opportunity WHERE Id = '006'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid ID field: 006",
        ),
        (
            "SELECT Id FROM Opportunity WHERE Amount LIKE '1%'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator for field Amount",
        ),
        (
            "SELECT Id FROM Opportunity ORDER BY Description",
            "MALFORMED_QUERY",
            "field 'Description' can not be sorted in a query call",
        ),
    ],
)
def test_refused(connected: Client, soql: str, code: str, last_line: str) -> None:
    [error] = connected.query(soql)

    assert (error["errorCode"], error["message"].split("\n")[-1]) == (code, last_line)


def test_multi_currency_shows_the_currency_of_the_record(connected: Client, org: Org) -> None:
    org.multi_currency = True
    org.add("Opportunity", Name="Yen", CurrencyIsoCode="JPY")

    [record] = connected.query("SELECT CurrencyIsoCode FROM Opportunity")["records"]

    assert record["CurrencyIsoCode"] == "JPY"


def test_deleted_rows_are_for_query_all(connected: Client, org: Org, deals: dict[str, str]) -> None:
    soql = "SELECT Name, IsDeleted FROM Opportunity WHERE Amount = 12000"
    org.delete(deals["Alpha"])

    records = connected.query(soql, resource="queryAll")["records"]

    assert connected.query(soql)["records"] == []
    assert [(record["Name"], record["IsDeleted"]) for record in records] == [("Alpha", True)]


def test_late_arrival_has_an_older_stamp_than_what_was_seen(connected: Client, org: Org) -> None:
    soql = "SELECT Name FROM Opportunity ORDER BY SystemModstamp DESC, Id DESC"
    org.add("Opportunity", Name="seen", modified_at=ELEVEN)
    before = connected.names(soql)

    org.add("Opportunity", Name="late", modified_at=ELEVEN.replace(minute=0, second=0, hour=9))

    assert (before, connected.names(soql)) == (["seen"], ["seen", "late"])
