"""What people do to an org: deals move, accounts merge, stages are renamed."""

from typing import Any

import pytest

from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import Client, StoppedClock

START = "2026-11-22T10:14:07.000+0000"
LATER = "2026-11-22T10:15:07.000+0000"


def history(client: Client) -> list[tuple[Any, ...]]:
    names = ("CreatedDate", "StageName", "Amount", "Probability", "CloseDate", "PrevAmount", "PrevCloseDate")
    soql = f"SELECT {', '.join(names)} FROM OpportunityHistory ORDER BY CreatedDate, Id"
    return [tuple(record[name] for name in names) for record in client.query(soql)["records"]]


def test_history_has_a_row_for_each_change_that_counts(
    connected: Client, org: Org, clock: StoppedClock
) -> None:
    deal_id = org.add("Opportunity", Name="One", Amount=5, CloseDate="2026-12-31")
    clock.forward(minutes=1)
    org.edit(deal_id, Name="Renamed")
    org.edit(deal_id, Amount=7)
    org.close_won(deal_id)

    assert history(connected) == [
        (START, "Prospecting", 5.0, 10.0, "2026-12-31", None, None),
        (LATER, "Prospecting", 7.0, 10.0, "2026-12-31", 5.0, "2026-12-31"),
        (LATER, "Closed Won", 7.0, 100.0, "2026-11-22", 7.0, "2026-12-31"),
    ]


def test_deal_points_to_the_history_of_amount_and_close_date(connected: Client, org: Org) -> None:
    deal_id = org.add("Opportunity", Name="One", Amount=5)
    untouched = org.record(deal_id)
    org.edit(deal_id, Amount=7)

    record = org.record(deal_id)
    soql = "SELECT Id, OpportunityId, Opportunity.Name FROM OpportunityHistory WHERE PrevAmount = 5"
    [row] = connected.query(soql)["records"]
    assert untouched["LastAmountChangedHistoryId"] is None
    assert (record["LastAmountChangedHistoryId"], record["LastCloseDateChangedHistoryId"]) == (
        row["Id"],
        None,
    )
    assert (row["OpportunityId"], row["Opportunity"]["Name"]) == (deal_id, "One")
    assert row["Id"][:3] == "008"


def test_last_time_a_deal_entered_the_stage(connected: Client, org: Org, clock: StoppedClock) -> None:
    deal_id = org.add("Opportunity", Name="One", StageName="Closed Won")
    clock.forward(minutes=1)
    org.edit(deal_id, StageName="Prospecting")
    org.close_won(deal_id)

    [row] = connected.query(
        f"SELECT CreatedDate FROM OpportunityHistory WHERE OpportunityId = '{deal_id}' "
        "AND StageName = 'Closed Won' ORDER BY CreatedDate DESC LIMIT 1"
    )["records"]

    assert row["CreatedDate"] == LATER


def test_contact(connected: Client, org: Org) -> None:
    account_id = org.add_account("Acme")
    org.add("Contact", FirstName="Zoe", LastName="Zed", Email="zoe@acme.example", AccountId=account_id)
    org.add("Contact", LastName="Alone")

    records = connected.query("SELECT Name, Email, Account.Name FROM Contact ORDER BY Name DESC")["records"]

    assert [(row["Name"], row["Email"], row["Account"] and row["Account"]["Name"]) for row in records] == [
        ("Zoe Zed", "zoe@acme.example", "Acme"),
        ("Alone", None, None),
    ]


@pytest.mark.parametrize(("moves", "stamp"), [(False, START), (True, LATER)])
def test_merge_of_accounts(connected: Client, org: Org, clock: StoppedClock, moves: bool, stamp: str) -> None:
    org.merge_moves_deals = moves
    winner, loser = org.add_account("Winner"), org.add_account("Loser")
    deal_id = org.add("Opportunity", Name="One", AccountId=loser)
    contact_id = org.add("Contact", LastName="Zed", AccountId=loser)
    child_id = org.add_account("Child", ParentId=loser)
    clock.forward(minutes=1)

    org.merge_accounts(winner=winner, loser=loser)

    soql = "SELECT Id, IsDeleted, MasterRecordId, SystemModstamp FROM Account ORDER BY Name DESC"
    found = connected.query(soql, resource="queryAll")["records"]
    assert [(row["Id"], row["IsDeleted"], row["MasterRecordId"], row["SystemModstamp"]) for row in found] == [
        (winner, False, None, LATER),
        (loser, True, winner, LATER),
        (child_id, False, None, LATER if moves else START),
    ]
    assert (org.record(deal_id)["AccountId"], org.record(deal_id)["SystemModstamp"]) == (winner, stamp)
    assert (org.record(contact_id)["AccountId"], org.record(child_id)["ParentId"]) == (winner, winner)


def stage_of(org: Org, deal_id: str) -> tuple[Any, ...]:
    record = org.record(deal_id)
    return record["StageName"], record["IsWon"], record["LastModifiedDate"], record["SystemModstamp"]


def won_option(client: Client) -> dict[str, Any]:
    body = client.get("/services/data/v66.0/sobjects/Opportunity/describe").json()
    stage = next(field for field in body["fields"] if field["name"] == "StageName")
    return {key: stage["picklistValues"][8][key] for key in ("value", "label", "active")}


def test_new_label_of_a_stage_keeps_the_api_name(connected: Client, org: Org, clock: StoppedClock) -> None:
    deal_id = org.add("Opportunity", Name="One", StageName="Closed Won")
    clock.forward(minutes=1)

    org.rename_stage("Closed Won", label="Gagné")

    assert stage_of(org, deal_id) == ("Closed Won", True, START, LATER)
    assert won_option(connected) == {"value": "Closed Won", "label": "Gagné", "active": True}


def test_new_api_name_of_a_stage_is_in_every_deal(connected: Client, org: Org, clock: StoppedClock) -> None:
    won, opened = (
        org.add("Opportunity", Name="One", StageName=stage) for stage in ("Closed Won", "Prospecting")
    )
    clock.forward(minutes=1)

    org.replace_stage("Closed Won", new_name="6 - Won")

    assert stage_of(org, won) == ("6 - Won", True, START, LATER)
    assert stage_of(org, opened) == ("Prospecting", False, START, START)
    assert won_option(connected) == {"value": "6 - Won", "label": "6 - Won", "active": True}
    assert connected.query("SELECT ApiName FROM OpportunityStage WHERE IsWon = true")["records"][0][
        "ApiName"
    ] == ("6 - Won")


def test_inactive_stage_keeps_its_deals(connected: Client, org: Org) -> None:
    deal_id = org.add("Opportunity", Name="One", StageName="Closed Won")

    org.set_stage_active("Closed Won", active=False)

    assert stage_of(org, deal_id) == ("Closed Won", True, START, START)
    assert won_option(connected) == {"value": "Closed Won", "label": "Closed Won", "active": False}
