from datetime import timedelta

import pytest

from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import Client, StoppedClock

ALL = "SELECT Name FROM Opportunity ORDER BY Name"
NEWEST = "SELECT Name FROM Opportunity ORDER BY SystemModstamp, Id"
TWENTY_MINUTES = timedelta(minutes=20)


def test_new_row_appears_late_with_its_older_stamp(connected: Client, org: Org, clock: StoppedClock) -> None:
    org.add("Opportunity", Name="late", visible_in=TWENTY_MINUTES)
    clock.forward(minutes=10)
    org.add("Opportunity", Name="quick")
    during = connected.names(NEWEST)

    clock.forward(minutes=10)

    assert (during, connected.names(NEWEST)) == (["quick"], ["late", "quick"])


def test_edited_row_is_seen_as_it_was(connected: Client, org: Org, clock: StoppedClock) -> None:
    deal_id = org.add("Opportunity", Name="One", Amount=1)
    soql = "SELECT StageName, Amount FROM Opportunity WHERE StageName = 'Prospecting'"
    org.edit(deal_id, StageName="Closed Won", visible_in=TWENTY_MINUTES)
    org.edit(deal_id, Amount=2)

    during = [(each["StageName"], each["Amount"]) for each in connected.query(soql)["records"]]
    history = connected.query("SELECT StageName FROM OpportunityHistory")["totalSize"]
    clock.forward(minutes=20)

    assert (during, history) == ([("Prospecting", 1.0)], 2)
    assert connected.query(soql)["records"] == []
    assert connected.query("SELECT StageName FROM OpportunityHistory")["totalSize"] == 3


def test_next_page_leaves_out_what_is_not_visible_any_more(connected: Client, org: Org) -> None:
    org.max_page_size = 1
    org.add("Opportunity", Name="first")
    second = org.add("Opportunity", Name="second")
    page = connected.query(ALL)

    org.unshare(second)

    assert connected.get(page["nextRecordsUrl"]).json() == {"totalSize": 2, "done": True, "records": []}


def test_sharing_rules_withhold_without_any_error(connected: Client, org: Org) -> None:
    account_id = org.add_account("Acme")
    deal_id = org.add("Opportunity", Name="One", AccountId=account_id)
    record = f"/services/data/v66.0/sobjects/Opportunity/{deal_id}"

    org.unshare(account_id)
    without_account = connected.query("SELECT AccountId, Account.Name FROM Opportunity")["records"][0]
    org.unshare(deal_id)
    without_deal = (connected.names(ALL), connected.get(record).status_code)
    org.share(deal_id)

    assert (without_account["AccountId"], without_account["Account"]) == (account_id, None)
    assert without_deal == ([], 404)
    assert connected.names(ALL) == ["One"]


def test_recycle_bin_keeps_fifteen_days(connected: Client, org: Org, clock: StoppedClock) -> None:
    deal_id = org.add("Opportunity", Name="One")
    org.delete(deal_id)

    found = []
    for days in (14, 1):
        clock.forward(days=days)
        connected.token = org.connect().access_token
        found.append(connected.query(ALL, resource="queryAll")["totalSize"])

    assert found == [1, 0]


def test_undeleted_deal_is_back_with_a_new_stamp(connected: Client, org: Org, clock: StoppedClock) -> None:
    deal_id = org.add("Opportunity", Name="One")
    org.delete(deal_id)
    clock.forward(minutes=1)

    org.undelete(deal_id)

    assert connected.names(ALL) == ["One"]
    assert org.record(deal_id)["SystemModstamp"] == "2026-11-22T10:15:07.000+0000"


def test_purged_deal_is_gone_for_query_all(connected: Client, org: Org) -> None:
    deal_id = org.add("Opportunity", Name="One")
    org.delete(deal_id)

    org.purge(deal_id)

    assert connected.query(ALL, resource="queryAll")["totalSize"] == 0


@pytest.mark.parametrize(
    ("soql", "code", "last_line"),
    [
        (
            "SELECT Id FROM Account",
            "INVALID_TYPE",
            "sObject type 'Account' is not supported. If you are attempting to use a custom object, be sure to "
            "append the '__c' after the entity name. Please reference your WSDL or the describe call for the "
            "appropriate names.",
        ),
        (
            "SELECT Account.Name FROM Opportunity",
            "INVALID_FIELD",
            "Didn't understand relationship 'Account' in field path. If you are attempting to use a custom "
            "relationship, be sure to append the '__r' after the custom relationship name. Please reference "
            "your WSDL or the describe call for the appropriate names.",
        ),
    ],
)
def test_object_without_permission_is_not_there(
    connected: Client, org: Org, soql: str, code: str, last_line: str
) -> None:
    org.hide_object("Account")

    [error] = connected.query(soql)
    listed = [each["name"] for each in connected.get("/services/data/v66.0/sobjects").json()["sobjects"]]
    org.show_object("Account")

    assert (error["errorCode"], error["message"].split("\n")[-1]) == (code, last_line)
    assert "Account" not in listed
    assert "totalSize" in connected.query(soql)
