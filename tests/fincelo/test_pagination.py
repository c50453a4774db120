import pytest
from django.core.paginator import EmptyPage

from contracts.models import Customer
from fincelo.pagination import CountCappedPaginator

pytestmark = pytest.mark.django_db


def paginator(*, rows: int, count_cap: int = 100) -> CountCappedPaginator:
    Customer.objects.bulk_create(Customer(name=f"{number:03}") for number in range(rows))
    return CountCappedPaginator(Customer.objects.order_by("name"), 2, count_cap=count_cap)


def test_count_under_the_cap_is_exact() -> None:
    pages = paginator(rows=5)

    assert (pages.count, pages.is_count_exact) == (5, True)


def test_count_at_the_cap_is_exact() -> None:
    pages = paginator(rows=5, count_cap=5)

    assert (pages.count, pages.is_count_exact) == (5, True)


def test_count_over_the_cap_stops_there() -> None:
    pages = paginator(rows=7, count_cap=5)

    assert (pages.count, pages.is_count_exact) == (5, False)


def test_page_beyond_the_cap_can_be_turned_to() -> None:
    page = paginator(rows=7, count_cap=3).page(3)

    assert [customer.name for customer in page] == ["004", "005"]
    assert (page.start_index(), page.end_index(), page.has_previous(), page.has_next()) == (5, 6, True, True)


def test_last_page_has_no_next() -> None:
    page = paginator(rows=4).page(2)

    assert [customer.name for customer in page] == ["002", "003"]
    assert (page.has_previous(), page.has_next()) == (True, False)


def test_empty_list_is_one_empty_page() -> None:
    page = paginator(rows=0).page(1)

    assert list(page) == []
    assert (page.start_index(), page.end_index(), page.has_other_pages()) == (0, 0, False)


@pytest.mark.parametrize("number", ["0", "-1", "x", "", None, "1.5", "9" * 40, "²", "4", "500001"])
def test_page_that_does_not_exist_is_refused(number: str | None) -> None:
    with pytest.raises(EmptyPage):
        paginator(rows=5).page(number)


@pytest.mark.parametrize("number", ["0", "x", None, "9" * 40, "4"])
def test_list_opens_on_the_first_page_instead(number: str | None) -> None:
    page = paginator(rows=5).get_page(number)

    assert (page.number, [customer.name for customer in page]) == (1, ["000", "001"])
