from datetime import UTC, date, datetime

import pytest
from django.test import Client

from billing.enums import BillingTrigger
from billing.issuing.invoicing import invoice_due
from contracts.enums import BillingCycle, ContractState
from contracts.models import AuditEntry, Contract
from crm_sync.enums import ConnectionState, DealState, Outcome, RunState, RunTrigger
from crm_sync.models import Connection, CrmDeal, CrmOrg, MappingVersion, SyncRecord, SyncRun
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.pages import alerts, heading, rows, signed_in, words

pytestmark = pytest.mark.django_db
VIEW = ("contracts.view_contract", "billing.view_invoice", "crm_sync.view_syncrun")


@pytest.fixture(autouse=True)
def sender() -> None:
    """Its tax rate is decided, so that no contract waits for one."""
    ensure_legal_entity()


@pytest.fixture
def viewer() -> Client:
    return signed_in(*VIEW)


def imported(contract: Contract, *, url: str = "https://acme.my.salesforce.com/006A") -> CrmDeal:
    """The deal, connection and run that a contract came from."""
    org = CrmOrg.objects.create(provider="salesforce", external_id="00D1", name="Acme Production")
    connection = Connection.objects.create(
        provider="salesforce",
        name="Salesforce Production",
        org=org,
        state=ConnectionState.CONNECTED,
        import_from=TODAY,
        default_currency="USD",
    )
    version = MappingVersion.objects.create(connection=connection, number=1, snapshot={})
    deal = CrmDeal.objects.create(
        org=org,
        connection=connection,
        external_id="006A",
        name="Acme renewal",
        stage="Closed Won",
        url=url,
        modified_at=datetime(2026, 11, 20, tzinfo=UTC),
        fingerprint="f",
        state=DealState.IMPORTED,
        contract=contract,
    )
    run = SyncRun.objects.create(
        connection=connection,
        trigger=RunTrigger.SCHEDULE,
        state=RunState.DONE,
        mapping_version=version,
        lease_token=1,
        started_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    SyncRecord.objects.create(run=run, crm_deal=deal, outcome=Outcome.CREATED)
    return deal


def bill(*, as_of: date) -> None:
    ensure_legal_entity()
    invoice_due(as_of=as_of, trigger=BillingTrigger.COMMAND)


@pytest.mark.day("2099-01-31")
def test_schedule_shows_each_period_and_its_invoice(viewer: Client) -> None:
    start = date(2099, 1, 31)
    (contract,) = sign(Deal(start=start, months=7, cycle=BillingCycle.QUARTERLY, value="700.00"), as_of=start)
    bill(as_of=start)

    page = viewer.get(f"/contracts/{contract.pk}/")

    assert rows(page) == [
        ["1", "31 Jan 2099 – 29 Apr 2099", "31 Jan 2099", "300.00", "Invoiced", "INV-2099-000001"],
        ["2", "30 Apr 2099 – 30 Jul 2099", "30 Apr 2099", "300.00", "Planned", ""],
        ["3", "31 Jul 2099 – 30 Aug 2099", "31 Jul 2099", "100.00", "Planned", ""],
    ]
    assert heading(page) == (
        "Contracts Acme subscription Active The next invoice, USD 300.00, is issued on 30 Apr 2099."
    )


def test_suspended_contract_shows_its_plan_as_paused(viewer: Client) -> None:
    (contract,) = sign(Deal(start=date(2099, 1, 1), months=1))
    Contract.objects.filter(pk=contract.pk).update(state=ContractState.SUSPENDED)

    page = viewer.get(f"/contracts/{contract.pk}/")

    assert rows(page) == [["1", "1 Jan 2099 – 31 Jan 2099", "1 Jan 2099", "1,200.00", "Paused", ""]]
    assert heading(page) == (
        "Contracts Acme subscription Suspended Nothing is billed while the contract is suspended."
    )


def test_contract_with_an_instalment_due_says_so(viewer: Client) -> None:
    (contract,) = sign(Deal(start=date(2020, 1, 1), months=1, value="100.00"), as_of=date(2020, 1, 1))

    page = viewer.get(f"/contracts/{contract.pk}/")

    assert heading(page) == (
        "Contracts Acme subscription Active The next invoice, USD 100.00, is due. The next billing run issues it."
    )


def test_source_deal_links_to_the_crm(viewer: Client) -> None:
    (contract,) = sign(Deal(start=date(2099, 1, 1)))
    imported(contract)

    page = viewer.get(f"/contracts/{contract.pk}/").text

    assert 'href="https://acme.my.salesforce.com/006A" target="_blank" rel="noopener noreferrer"' in page
    assert "Salesforce Production" in words(page)


def test_address_that_is_not_fit_to_be_followed_is_no_link(viewer: Client) -> None:
    (contract,) = sign(Deal(start=date(2099, 1, 1)))
    imported(contract, url="javascript:alert(1)")

    page = viewer.get(f"/contracts/{contract.pk}/").text

    assert "javascript" not in page
    assert "Acme renewal" in words(page)


def test_contract_that_asks_offers_both_answers(contract_that_asks: Contract) -> None:
    page = signed_in(*VIEW, "billing.change_billingschedule").get(f"/contracts/{contract_that_asks.pk}/")

    assert alerts(page) == [
        "4 periods of USD 4,000.00 in all should have been billed before, the first on 1 Jan 2020 ."
    ]
    assert f'action="/contracts/{contract_that_asks.pk}/catch-up/all/"' in page.text
    assert '<option value="2023-01-01">31 Dec 2022 – 3 periods, USD\u00a03,000.00</option>' in page.text


def test_contract_that_asks_offers_nothing_to_those_who_may_not_decide(
    viewer: Client, contract_that_asks: Contract
) -> None:
    page = viewer.get(f"/contracts/{contract_that_asks.pk}/")

    assert "catch-up" not in page.text
    assert "Ask somebody of the finance team to decide it here." in words(page.text)


@pytest.fixture
def contract_that_asks() -> Contract:
    (contract,) = sign(Deal(start=date(2020, 1, 1), months=48, cycle=BillingCycle.ANNUAL, value="4000.00"))
    return contract


@pytest.mark.day("2027-02-01")
@pytest.mark.parametrize("months", [1, 3])
def test_contract_page_asks_the_same_number_of_queries(
    viewer: Client, months: int, django_assert_num_queries
) -> None:
    (contract,) = sign(Deal(start=TODAY, months=months))
    imported(contract)
    bill(as_of=date(2027, 2, 1))

    with django_assert_num_queries(19):
        page = viewer.get(f"/contracts/{contract.pk}/")

    assert len(rows(page)) == months


def test_contract_page_needs_the_right_to_see_contracts() -> None:
    assert signed_in().get("/contracts/1/").status_code == 403


def test_contract_that_does_not_exist_is_not_found(viewer: Client) -> None:
    assert viewer.get("/contracts/1/").status_code == 404


def suspended(*, left_reason: str = "lost") -> Contract:
    (contract,) = sign(Deal(start=date(2099, 1, 1)))
    deal = imported(contract)
    CrmDeal.objects.filter(pk=deal.pk).update(
        stage="Closed Lost", left_reason=left_reason, left_at=datetime(2026, 11, 21, tzinfo=UTC)
    )
    Contract.objects.filter(pk=contract.pk).update(state=ContractState.SUSPENDED)
    return contract


def test_suspended_contract_says_why_and_who_may_resume_it(viewer: Client) -> None:
    contract = suspended()

    page = viewer.get(f"/contracts/{contract.pk}/")

    assert alerts(page) == ["The deal was lost: its stage is 'Closed Lost' now."]
    assert "Ask somebody of the finance team to resume it here." in words(page.text)


def test_person_resumes_a_suspended_contract() -> None:
    contract = suspended()
    finance = signed_in(*VIEW, "billing.change_billingschedule")
    offered = finance.get(f"/contracts/{contract.pk}/").text
    assert "Resume this contract?" in words(offered)
    assert "Open the deal" in words(offered)

    page = finance.post(f"/contracts/{contract.pk}/resume/", follow=True)

    contract.refresh_from_db()
    assert contract.state == "scheduled"
    assert alerts(page) == [
        "Acme subscription continues. What is due is invoiced, or waits as a draft under Approvals."
    ]
    assert AuditEntry.objects.get(action="Contract resumed").before == {"state": "suspended"}
    again = finance.post(f"/contracts/{contract.pk}/resume/", {"once": "another"}, follow=True)
    assert "Acme subscription is not suspended." in words(again.text)


def test_resuming_needs_its_permission(viewer: Client) -> None:
    contract = suspended()

    assert viewer.post(f"/contracts/{contract.pk}/resume/").status_code == 403


def test_resuming_takes_no_get() -> None:
    contract = suspended()

    assert (
        signed_in("billing.change_billingschedule").get(f"/contracts/{contract.pk}/resume/").status_code
        == 405
    )


def test_timeline_tells_the_same_hold_once(viewer: Client) -> None:
    (contract,) = sign(Deal())
    deal = imported(contract)
    value, cycle = (
        ("AMOUNT_MISSING", "Contract Value is empty."),
        ("FREQUENCY_MISSING", "Billing Cycle is empty."),
    )
    for code, sentence in (value, value, cycle):
        run = SyncRun.objects.create(
            connection=deal.connection,
            trigger=RunTrigger.SCHEDULE,
            state=RunState.DONE,
            mapping_version=MappingVersion.objects.get(connection=deal.connection),
            lease_token=1,
            started_at=datetime(2026, 11, 20, tzinfo=UTC),
        )
        causes = [{"code": code, "key": "", "raw": ""}]
        SyncRecord.objects.create(
            run=run, crm_deal=deal, outcome=Outcome.HELD, sentence=sentence, problems=causes
        )

    page = viewer.get(f"/contracts/{contract.pk}/")

    assert words(page.text).count("Deal held Contract Value is empty.") == 1
    assert words(page.text).count("Deal held Billing Cycle is empty.") == 1
