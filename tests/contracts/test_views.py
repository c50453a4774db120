import pytest
from django.test import Client

from contracts.models import Customer
from tests.billing.builders import Deal, sign
from tests.pages import rows, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer() -> Client:
    return signed_in("contracts.view_customer")


def test_customers_are_listed_by_name_with_their_contracts(viewer: Client) -> None:
    first, *_ = sign(Deal(customer="zeta"), Deal(customer="Alpha"))
    first.customer.contracts.update(state="completed")

    page = viewer.get("/customers/")

    assert rows(page) == [
        ["Alpha", "billing@example.com", "1", "1"],
        ["zeta", "billing@example.com", "1", "0"],
    ]


def test_customers_are_found_by_a_part_of_the_name(viewer: Client) -> None:
    sign(Deal(customer="Northwind"), Deal(customer="Southwind"), Deal(customer="Contoso"))

    page = viewer.get("/customers/", {"q": "WIND"})

    assert [row[0] for row in rows(page)] == ["Northwind", "Southwind"]


def test_archived_customer_is_not_listed(viewer: Client) -> None:
    Customer.objects.create(name="Gone", archived_at="2026-01-01T00:00:00Z")

    assert rows(viewer.get("/customers/")) == []


@pytest.mark.parametrize("count", [1, 3])
def test_customer_list_asks_the_same_number_of_queries(
    viewer: Client, count: int, django_assert_num_queries
) -> None:
    sign(*[Deal(customer=f"Customer {number}") for number in range(count)])

    with django_assert_num_queries(
        8
    ):  # session, user, time zone, his and his groups' rights, fields, keys, rows
        page = viewer.get("/customers/")

    assert len(rows(page)) == count


def test_customer_list_needs_the_right_to_see_customers() -> None:
    assert signed_in().get("/customers/").status_code == 403


def test_customer_list_sends_strangers_to_sign_in(client: Client) -> None:
    assert client.get("/customers/").headers["Location"] == "/login/?next=/customers/"


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ("kind=amount&text=1200&currency=EUR", 200, "EUR\u00a01,200.00"),
        ("kind=amount&text=1200&currency=XXX&decimals=99", 200, "1,200"),
        ("kind=amount&text=<b>,", 200, "Enter an amount in digits, such as 1200.00 or 1.200,00."),
        (f"kind=amount&text={'9' * 60}&currency=EUR", 200, None),
        (f"kind=amount&text={'9' * 40}&decimals=20", 200, None),
        (f"kind=percent&text={'9' * 5000}", 200, None),
        ("kind=amount&text=%00", 200, None),
        ("kind=amount", 200, ""),
        ("kind=day&text=1", 400, ""),
        ("", 400, ""),
    ],
)
def test_what_is_typed_is_told_as_it_is_understood(
    viewer: Client, asked: str, status: int, told: str | None
) -> None:
    answer = viewer.get(f"/understood/?{asked}")

    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (
        status,
        "text/plain" if status == 200 else "text/html",
    )
    assert told is None or answer.text == told
