from collections import Counter

from demo.salesforce.demo_data import add_demo_data
from demo.salesforce.org import Org
from tests.demo.salesforce.visitor import StoppedClock


def test_mix_of_deals(org: Org) -> None:
    add_demo_data(org)

    deals = org.records("Opportunity")
    won = [deal for deal in deals if deal["StageName"] == "Closed Won"]
    today = org.now().date().isoformat()
    assert (len(deals), len(org.records("Account"))) == (60, 25)
    assert Counter((str(deal["CloseDate"]) > today) - (str(deal["CloseDate"]) < today) for deal in won) == {
        0: 11,
        -1: 6,
        1: 2,
    }
    assert [deal["Amount"] for deal in won].count(None) == 1
    assert [deal["Amount"] for deal in won].count(12345678.0) == 1
    assert [deal["Billing_Frequency__c"] for deal in won].count("Bi-annual") == 1
    assert sorted(
        str(deal["StageName"]) for deal in deals if str(deal["StageName"]).lower()[:10] == "closed won"
    )[-2:] == ["Closed Won ", "closed won"]
    assert Counter(deal["StageName"] for deal in deals)["Closed Lost"] == 7


def test_open_deals_close_in_the_future(org: Org) -> None:
    add_demo_data(org)

    planned = [deal for deal in org.records("Opportunity") if deal["Probability"] and not deal["IsClosed"]]
    assert len(planned) == 32
    assert min(str(deal["CloseDate"]) for deal in planned) > org.now().date().isoformat()


def test_same_seed_makes_the_same_org() -> None:
    orgs = [Org(seed=seed, clock=StoppedClock()) for seed in (3, 3, 4)]
    for org in orgs:
        add_demo_data(org)

    first, second, other = ((org.app.consumer_key, org.records("Opportunity")) for org in orgs)

    assert first == second
    assert first != other


def test_nothing_is_dated_after_its_making(org: Org) -> None:
    add_demo_data(org)

    assert max(str(deal["SystemModstamp"]) for deal in org.records("Opportunity")) <= "2026-11-22T10:14:07"
