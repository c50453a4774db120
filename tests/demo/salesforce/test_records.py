from datetime import UTC, date, datetime
from typing import Any

import pytest

from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import StoppedClock

STAMP = "2026-11-22T10:14:07.000+0000"


def values(org: Org, deal_id: str, *names: str) -> dict[str, Any]:
    record = org.record(deal_id)
    return {name: record[name] for name in names}


def test_new_deal_is_open_and_owned(org: Org) -> None:
    deal_id = org.add("Opportunity", Name="One", Amount="1200")

    assert values(org, deal_id, "Id", "OwnerId", "StageName", "IsClosed", "Amount", "Probability") == {
        "Id": deal_id,
        "OwnerId": org.admin_id,
        "StageName": "Prospecting",
        "IsClosed": False,
        "Amount": 1200.0,
        "Probability": 10.0,
    }
    assert values(org, deal_id, "CreatedDate", "LastModifiedDate", "SystemModstamp") == {
        "CreatedDate": STAMP,
        "LastModifiedDate": STAMP,
        "SystemModstamp": STAMP,
    }


def test_closing_won_sets_what_follows(org: Org, clock: StoppedClock) -> None:
    deal_id = org.add("Opportunity", Name="One", Amount=1200)
    clock.forward(minutes=1)

    org.close_won(deal_id)

    assert values(
        org, deal_id, "IsWon", "IsClosed", "ForecastCategory", "Probability", "ExpectedRevenue"
    ) == {
        "IsWon": True,
        "IsClosed": True,
        "ForecastCategory": "Closed",
        "Probability": 100.0,
        "ExpectedRevenue": 1200.0,
    }
    assert values(org, deal_id, "CreatedDate", "SystemModstamp", "LastStageChangeDate") == {
        "CreatedDate": STAMP,
        "SystemModstamp": "2026-11-22T10:15:07.000+0000",
        "LastStageChangeDate": "2026-11-22T10:15:07.000+0000",
    }


@pytest.mark.parametrize(
    ("planned", "kept"),
    [
        (date(2027, 3, 1), "2026-11-22"),
        (date(2026, 11, 22), "2026-11-22"),
        (date(2026, 10, 31), "2026-10-31"),
    ],
)
def test_close_date_in_the_future_becomes_today_on_closing(org: Org, planned: date, kept: str) -> None:
    deal_id = org.add("Opportunity", Name="One", CloseDate=planned)

    org.close_won(deal_id)

    assert org.record(deal_id)["CloseDate"] == kept


def test_close_date_of_a_closed_deal_may_be_moved_ahead(org: Org) -> None:
    deal_id = org.add("Opportunity", Name="One", StageName="Closed Won")

    org.edit(deal_id, CloseDate=date(2027, 3, 1))

    assert values(org, deal_id, "CloseDate", "FiscalYear", "FiscalQuarter") == {
        "CloseDate": "2027-03-01",
        "FiscalYear": 2027,
        "FiscalQuarter": 1,
    }


@pytest.mark.parametrize("stage", ["closed won", "Closed Won ", "6 - Won"])
def test_stage_outside_the_list_is_not_won(org: Org, stage: str) -> None:
    deal_id = org.add("Opportunity", Name="One", StageName=stage)

    assert values(org, deal_id, "StageName", "IsWon", "IsClosed") == {
        "StageName": stage,
        "IsWon": False,
        "IsClosed": False,
    }


def test_touch_moves_the_system_stamp_alone(org: Org, clock: StoppedClock) -> None:
    deal_id = org.add("Opportunity", Name="One")
    clock.forward(hours=1)

    org.touch(deal_id)

    assert values(org, deal_id, "LastModifiedDate", "SystemModstamp") == {
        "LastModifiedDate": STAMP,
        "SystemModstamp": "2026-11-22T11:14:07.000+0000",
    }


def test_account_edit_leaves_the_deal_alone(org: Org, clock: StoppedClock) -> None:
    account_id = org.add_account("Acme")
    deal_id = org.add("Opportunity", Name="One", AccountId=account_id)
    before = org.record(deal_id)
    clock.forward(hours=1)

    org.edit(account_id, Name="Acme Holdings")

    assert org.record(deal_id) == before


def test_unknown_field_and_record_are_mistakes(org: Org) -> None:
    with pytest.raises(KeyError, match="Term__c"):
        org.add("Opportunity", Name="One", Term__c=12)
    with pytest.raises(KeyError, match="No record 006Da000000000AIAQ"):
        org.record("006Da000000000AIAQ")


def test_standard_field_cannot_be_hidden(org: Org) -> None:
    with pytest.raises(ValueError, match=r"no way to hide Opportunity\.StageName"):
        org.hide_field("Opportunity", "StageName")


def test_won_deals_in_bulk(org: Org) -> None:
    newest = datetime(2026, 11, 22, 9, 0, 0, tzinfo=UTC)

    ids = org.add_won_deals(401, modified_at=newest)

    stamps = [str(org.record(deal_id)["SystemModstamp"])[11:19] for deal_id in ids]
    assert [stamps.count(second) for second in ("08:59:58", "08:59:59", "09:00:00")] == [1, 200, 200]
    assert stamps == sorted(stamps)
    assert len({org.record(deal_id)["AccountId"] for deal_id in ids}) == 101
    assert values(
        org, ids[1], "Name", "StageName", "Amount", "CloseDate", "Contract_Term__c", "Billing_Frequency__c"
    ) == {
        "Name": "Bulk deal 000001",
        "StageName": "Closed Won",
        "Amount": 1212.5,
        "CloseDate": "2026-11-22",
        "Contract_Term__c": 24.0,
        "Billing_Frequency__c": "Quarterly",
    }
