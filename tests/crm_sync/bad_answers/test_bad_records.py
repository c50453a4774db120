"""One bad record never stops the others, and is never passed over in silence."""

from typing import Any

import pytest

from contracts.models import Contract
from crm_sync.clients import http
from crm_sync.enums import HoldCode, SourceObject, Target
from crm_sync.mapping.rules import FieldRule
from crm_sync.mapping.store import current_rules, save_mapping
from crm_sync.models import Connection, CrmDeal, Hold
from demo.hubspot.portal import Portal
from demo.salesforce.org import Org
from tests.crm_sync.bad_answers.spoiling import spoil, told_of
from tests.crm_sync.clients.portals import StandingClock
from tests.crm_sync.conftest import Run
from tests.crm_sync.counted.request_log import A_SECOND
from tests.crm_sync.sales import sell, sell_in_hubspot
from tests.crm_sync.tampering import Body, Tampering

WRONG: list[Any] = [5, True, [], {"a": 1}, "20261120T"]
HUBSPOT = [
    (("properties",), [None, "text", []]),
    (("properties", "hs_lastmodifieddate"), [None, *WRONG]),
    (("properties", "closedate"), WRONG),
    (("properties", "dealstage"), [True, [], {}]),
    (("properties", "dealname"), [[], {}]),
    (("properties", "contract_term_months"), [[12], {}]),
    (("properties", "deal_currency_code"), [["USD"], {}]),
    (("properties", "hs_merged_object_ids"), ["a;b", [], {}]),
    (("properties", "hubspot_owner_id"), [[], {}]),
]


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, values in HUBSPOT for value in values], ids=repr
)
def test_field_of_a_hubspot_deal(
    hubspot: Connection,
    portal: Portal,
    clock: StandingClock,
    tampering: Tampering,
    run: Run,
    path: tuple[str, ...],
    value: Any,
) -> None:
    company = portal.add_company(name="Acme")
    deals = [sell_in_hubspot(portal, company_id=company, amount=str(100 + n)) for n in range(5)]
    clock.move(A_SECOND)
    change = spoil(row=lambda record: record.get("id") == deals[2], path=path, value=value, rows="results")
    tampering.changes = [("deals/batch/read", change)]

    done = run(hubspot)

    assert (done.state, Contract.objects.count(), told_of(done, deals[2])) == ("done", 4, True)
    tampering.changes = []
    run(hubspot, external_ids=[deals[2]])
    assert Contract.objects.count() == 5


@pytest.mark.parametrize("both", [False, True])
def test_hubspot_deal_without_its_id(
    hubspot: Connection, portal: Portal, clock: StandingClock, tampering: Tampering, run: Run, both: bool
) -> None:
    """The id stands in the properties as well; without both of them elimination tells which one it is."""
    company = portal.add_company(name="Acme")
    deals = [sell_in_hubspot(portal, company_id=company, amount=str(100 + n)) for n in range(5)]
    clock.move(A_SECOND)

    def without_id(body: Body) -> None:
        for record in body["results"]:
            if record["id"] == deals[2]:
                record["id"] = None
                if both:
                    record["properties"]["hs_object_id"] = None

    tampering.changes = [("deals/batch/read", without_id)]

    done = run(hubspot)

    assert (done.state, Contract.objects.count()) == ("done", 4 if both else 5)
    assert told_of(done, deals[2]) == both


@pytest.mark.parametrize("value", [None, "x", {}])
def test_company_of_a_hubspot_deal_that_cannot_be_read(
    hubspot: Connection, portal: Portal, clock: StandingClock, tampering: Tampering, run: Run, value: Any
) -> None:
    company = portal.add_company(name="Acme")
    deals = [sell_in_hubspot(portal, company_id=company, amount=str(100 + n)) for n in range(3)]
    clock.move(A_SECOND)

    def spoilt(body: Body) -> None:
        for result in body["results"]:
            if result["from"]["id"] == deals[1]:
                result["to"][0]["toObjectId"] = value

    tampering.changes = [("associations", spoilt)]

    done = run(hubspot)

    assert (done.state, Contract.objects.count(), told_of(done, deals[1])) == ("done", 2, True)


def test_deals_whose_company_cannot_be_read_are_read_by_the_next_poll(
    hubspot: Connection, portal: Portal, clock: StandingClock, tampering: Tampering, run: Run
) -> None:
    company = portal.add_company(name="Acme")
    old = sell_in_hubspot(portal, company_id=company, amount="100")
    clock.move(A_SECOND)
    run(hubspot)
    portal.update_deal(old, dealname="Renamed")
    new = sell_in_hubspot(portal, company_id=company, amount="200")
    clock.move(A_SECOND)
    as_it_was = list(Contract.objects.values())

    def without_id(body: Body) -> None:
        if "from" not in body["results"][0]:  # the companies, not what links them
            body["results"] = [{}]

    tampering.changes = [("companies/batch/read", without_id)]

    done = run(hubspot)

    assert (done.state, told_of(done, old), told_of(done, new)) == ("done", True, True)
    assert list(Contract.objects.values()) == as_it_was
    assert list(Hold.objects.open().values_list("crm_deal__external_id", "code")) == [
        (new, HoldCode.RECORD_UNREADABLE)
    ]
    tampering.changes = []
    portal.update_deal(sell_in_hubspot(portal, company_id=company, amount=""), dealname="Later")
    clock.move(86_400 * A_SECOND)
    run(hubspot)
    assert [contract.name for contract in Contract.objects.order_by("pk")] == ["Renamed", "Acme platform"]


SALESFORCE = [
    ("SystemModstamp", [None, *WRONG]),
    ("CloseDate", WRONG),
    ("IsWon", [5, "yes", []]),
    ("IsClosed", [5, "yes", []]),
    ("AccountId", WRONG),
    ("StageName", [[], {}]),
    ("Name", [[], {}]),
    ("Contract_Term__c", [[12], {}]),
]


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in SALESFORCE for value in values], ids=repr
)
def test_field_of_a_salesforce_deal(
    salesforce: Connection, org: Org, tampering: Tampering, run: Run, name: str, value: Any
) -> None:
    account = org.add_account("Acme")
    deals = [sell(org, account=account, Amount=100 + n) for n in range(5)]
    change = spoil(row=lambda record: record["Id"] == deals[2], path=(name,), value=value, rows="records")
    tampering.changes = [("/query", change)]

    done = run(salesforce)

    assert (done.state, Contract.objects.count(), told_of(done, deals[2])) == ("done", 4, True)
    tampering.changes = []
    run(salesforce)
    run(salesforce)
    assert Contract.objects.count() == 5


def test_unreadable_record_of_a_contract_leaves_it_alone(
    salesforce: Connection, org: Org, tampering: Tampering, run: Run
) -> None:
    deal = sell(org)
    run(salesforce)
    for name, value in (("IsWon", 5), ("StageName", []), ("CloseDate", "soon")):
        tampering.changes = [
            ("/query", spoil(row=lambda record: True, path=(name,), value=value, rows="records"))
        ]
        run(salesforce)
        assert Contract.objects.get().state == "active"
    assert CrmDeal.objects.get().external_id == deal


@pytest.mark.parametrize("value", [None, "", []])
def test_deal_without_a_currency_in_an_org_of_several(
    salesforce: Connection, org: Org, tampering: Tampering, run: Run, value: Any
) -> None:
    """It is not billed in the currency of deals that have none."""
    org.multi_currency = True
    deal = sell(org, CurrencyIsoCode="EUR")
    change = spoil(
        row=lambda record: "StageName" in record, path=("CurrencyIsoCode",), value=value, rows="records"
    )
    tampering.changes = [("/query", change)]

    assert told_of(run(salesforce), deal)
    assert not Contract.objects.exists()


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_pages_that_are_too_large_are_read_in_smaller_ones(
    request: pytest.FixtureRequest,
    org: Org,
    portal: Portal,
    clock: StandingClock,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    crm: str,
) -> None:
    connection = request.getfixturevalue(crm)
    monkeypatch.setattr(http, "BODY_LIMIT", 15_000)
    if crm == "salesforce":
        account = org.add_account("Acme")
        for number in range(30):
            sell(org, account=account, Amount=100 + number, Description="x" * 900)
        mapped(connection, "Description")
    else:
        company = portal.add_company(name="Acme")
        for number in range(30):
            sell_in_hubspot(portal, company_id=company, amount=str(100 + number), description="x" * 900)
        mapped(connection, "description")
    clock.move(A_SECOND)

    first = run(connection)
    second = run(connection)

    assert (first.state, second.state, Contract.objects.count()) == ("done", "done", 30), first.error


def mapped(connection: Connection, name: str) -> None:
    """One long text of each deal, as a custom field."""
    rules = [
        *current_rules(connection=connection).rules,
        FieldRule(
            target=Target.CUSTOM, custom_label="Notes", source_object=SourceObject.DEAL, source_field=name
        ),
    ]
    save_mapping(connection=connection, rules=rules, translations={}, actor=None)
