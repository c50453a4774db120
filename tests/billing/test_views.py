from datetime import date

import pytest
from django.test import Client

from billing.enums import BillingTrigger, InstalmentState
from billing.issuing.invoicing import invoice_due
from billing.models import Instalment, Invoice
from contracts.enums import BillingCycle, ContractState
from contracts.models import Contract
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.pages import alerts, field_errors, heading, rows, signed_in

pytestmark = pytest.mark.django_db
VIEW = ("contracts.view_contract", "contracts.view_customer", "billing.view_invoice")
LATER = date(2099, 1, 1)
"""A start no test of a schedule will live to see, so that the clock does not matter."""


@pytest.fixture(autouse=True)
def sender() -> None:
    """Its tax rate is decided, so that no contract waits for one."""
    ensure_legal_entity()


@pytest.fixture
def viewer() -> Client:
    return signed_in(*VIEW)


def bill(*deals: Deal, as_of: date = TODAY) -> list[Contract]:
    ensure_legal_entity()
    contracts = sign(*deals, as_of=as_of)
    invoice_due(as_of=as_of, trigger=BillingTrigger.COMMAND)
    return contracts


def test_contracts_are_listed_newest_first(viewer: Client) -> None:
    sign(
        Deal(customer="Acme", start=date(2099, 1, 31), months=13, cycle=BillingCycle.QUARTERLY),
        Deal(customer="Globex", start=date(2099, 2, 1), value="100000", currency="JPY"),
    )

    page = viewer.get("/contracts/")

    assert rows(page) == [
        ["Globex subscription", "Globex", "Scheduled", "JPY 100,000", "1 Feb 2099 – 31 Jan 2100", "Monthly"],
        ["Acme subscription", "Acme", "Scheduled", "USD 1,200.00", "31 Jan 2099 – 27 Feb 2100", "Quarterly"],
    ]


def test_contracts_of_one_currency_name_it_in_the_heading(viewer: Client) -> None:
    sign(Deal(start=LATER), Deal(customer="Globex", start=LATER))

    page = viewer.get("/contracts/")

    assert [row[3] for row in rows(page)] == ["1,200.00", "1,200.00"]
    assert "Contract Value (USD)" in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "lobe"}, ["Globex subscription"]),
        ({"q": "SUBSCRIPTION"}, ["Initech subscription", "Globex subscription", "Acme subscription"]),
        ({"state": "suspended"}, ["Globex subscription"]),
        ({"state": "asks"}, ["Initech subscription"]),
        ({"currency": "EUR"}, ["Initech subscription"]),
        ({"currency": "EUR", "state": "suspended"}, []),
        ({"currency": "???"}, ["Initech subscription", "Globex subscription", "Acme subscription"]),
        ({"customer": "0"}, ["Initech subscription", "Globex subscription", "Acme subscription"]),
        ({"customer": "9" * 30}, ["Initech subscription", "Globex subscription", "Acme subscription"]),
        ({"page": "9" * 30}, ["Initech subscription", "Globex subscription", "Acme subscription"]),
        ({"q": "a\x00b"}, []),
    ],
)
def test_contracts_are_filtered(viewer: Client, query: dict[str, str], found: list[str]) -> None:
    _, globex, initech = sign(
        Deal(customer="Acme", start=LATER),
        Deal(customer="Globex", start=LATER),
        Deal(customer="Initech", start=LATER, currency="EUR"),
    )
    Contract.objects.filter(pk=globex.pk).update(state=ContractState.SUSPENDED)
    initech.billing_schedule.state = "asks"
    initech.billing_schedule.save()

    page = viewer.get("/contracts/", query)

    assert [row[0] for row in rows(page)] == found


def test_contracts_of_one_customer(viewer: Client) -> None:
    acme, _ = sign(Deal(customer="Acme", start=LATER), Deal(customer="Globex", start=LATER))

    page = viewer.get("/contracts/", {"customer": acme.customer_id})

    assert [row[0] for row in rows(page)] == ["Acme subscription"]
    assert heading(page) == "Acme Contracts Of Acme."


@pytest.mark.parametrize("count", [1, 3])
def test_contract_list_asks_the_same_number_of_queries(
    viewer: Client, count: int, django_assert_num_queries
) -> None:
    sign(*[Deal(customer=f"Customer {number}", start=LATER) for number in range(count)])

    # Session, user, time zone, his and his groups' rights, currencies, keys, rows, reasons to wait, banner.
    with django_assert_num_queries(12):
        page = viewer.get("/contracts/")

    assert len(rows(page)) == count


def test_invoices_are_listed_newest_first(viewer: Client) -> None:
    bill(Deal(customer="Acme"), Deal(customer="Globex", value="100000", currency="JPY"), as_of=TODAY)

    page = viewer.get("/invoices/")

    assert [row[:2] + row[3:] for row in rows(page)] == [
        ["INV-2026-000002", "Globex", "JPY 8,334", "22 Nov 2026", "22 Dec 2026"],
        ["INV-2026-000001", "Acme", "USD 100.00", "22 Nov 2026", "22 Dec 2026"],
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "2026-000002"}, ["INV-2026-000002"]),
        ({"q": "globex"}, ["INV-2026-000002"]),
        ({"currency": "USD"}, ["INV-2026-000001"]),
        ({"state": "sent"}, ["INV-2026-000002"]),
        ({"state": "void"}, []),
    ],
)
def test_invoices_are_filtered(viewer: Client, query: dict[str, str], found: list[str]) -> None:
    bill(Deal(customer="Acme"), Deal(customer="Globex", currency="EUR"))
    Invoice.objects.filter(currency="EUR").update(state="sent")

    assert [row[0] for row in rows(viewer.get("/invoices/", query))] == found


def test_unpaid_invoice_past_its_due_date_is_overdue(viewer: Client) -> None:
    bill(Deal(customer="Acme", start=date(2024, 1, 1), cycle=BillingCycle.ANNUAL), as_of=date(2024, 1, 1))

    page = viewer.get("/invoices/", {"state": "overdue"})

    assert rows(page) == [["INV-2024-000001", "Acme", "Overdue", "1,200.00", "1 Jan 2024", "31 Jan 2024"]]


@pytest.mark.parametrize("count", [1, 3])
def test_invoice_list_asks_the_same_number_of_queries(
    viewer: Client, count: int, django_assert_num_queries
) -> None:
    bill(*[Deal(customer=f"Customer {number}") for number in range(count)])

    with django_assert_num_queries(
        10
    ):  # those of the contract list without reasons, and the workspace's zone
        page = viewer.get("/invoices/")

    assert len(rows(page)) == count


def test_invoice_shows_the_frozen_copy(viewer: Client) -> None:
    (contract,) = bill(Deal(customer="Acme", po_number="4711"))
    contract.customer.name = "Acme Renamed"
    contract.customer.save()

    page = viewer.get(f"/invoices/{Invoice.objects.get().pk}/")

    assert rows(page) == [["Acme subscription", "22 Nov 2026 – 21 Dec 2026", "100.00"]]
    assert "Acme Renamed" not in page.text
    assert "4711" in page.text


def test_customer_shows_totals_that_never_mix_currencies(viewer: Client) -> None:
    first, second = bill(Deal(customer="Acme"), Deal(customer="Acme 2", currency="EUR", value="2400.00"))
    Contract.objects.filter(pk=second.pk).update(customer=first.customer)

    page = viewer.get(f"/customers/{first.customer_id}/")

    assert rows(page)[:2] == [
        ["EUR", "2,400.00", "0.00", "0.00"],
        ["USD", "1,200.00", "100.00", "100.00"],
    ]


@pytest.mark.parametrize("path", ["/contracts/", "/invoices/", "/customers/1/", "/invoices/1/"])
def test_page_needs_its_right(path: str) -> None:
    assert signed_in().get(path).status_code == 403


# The decision on periods that were missed


@pytest.fixture
def asking() -> Contract:
    """Since long ago, with four periods in the past and the rest far ahead."""
    (contract,) = sign(Deal(start=date(2020, 1, 1), months=48, cycle=BillingCycle.ANNUAL, value="4000.00"))
    return contract


@pytest.fixture
def decider() -> Client:
    return signed_in(*VIEW, "billing.change_billingschedule")


def test_bill_all_makes_the_schedule_active(decider: Client, asking: Contract) -> None:
    page = decider.post(f"/contracts/{asking.pk}/catch-up/all/", follow=True)

    asking.billing_schedule.refresh_from_db()
    assert asking.billing_schedule.state == "active"
    assert alerts(page) == ["Decided. What is due is invoiced, or waits as a draft under Approvals."]


def test_periods_billed_elsewhere_get_no_invoice(decider: Client, asking: Contract) -> None:
    decider.post(f"/contracts/{asking.pk}/catch-up/elsewhere/", {"billed_until": "2022-01-01"})

    assert list(Instalment.objects.order_by("sequence").values_list("state", flat=True)) == [
        InstalmentState.BILLED_ELSEWHERE,
        InstalmentState.BILLED_ELSEWHERE,
        InstalmentState.PLANNED,
        InstalmentState.PLANNED,
    ]


@pytest.mark.parametrize("billed_until", ["", "2022-01-02", "x"])
def test_choice_that_is_no_period_decides_nothing(
    decider: Client, asking: Contract, billed_until: str
) -> None:
    page = decider.post(
        f"/contracts/{asking.pk}/catch-up/elsewhere/", {"billed_until": billed_until}, follow=True
    )

    asking.billing_schedule.refresh_from_db()
    assert asking.billing_schedule.state == "asks"
    assert [*field_errors(page)] == ["id_billed_until"]


def test_second_decision_is_refused(decider: Client, asking: Contract) -> None:
    decider.post(f"/contracts/{asking.pk}/catch-up/all/", follow=True)

    page = decider.post(f"/contracts/{asking.pk}/catch-up/all/", {"once": "another"}, follow=True)

    assert alerts(page) == ["Acme subscription needs no decision on what was billed before."]


def test_decision_needs_the_right_to_change_schedules(asking: Contract) -> None:
    answer = signed_in(*VIEW).post(f"/contracts/{asking.pk}/catch-up/all/")

    assert answer.status_code == 403


def test_decision_is_never_a_get(decider: Client, asking: Contract) -> None:
    assert decider.get(f"/contracts/{asking.pk}/catch-up/all/").status_code == 405
