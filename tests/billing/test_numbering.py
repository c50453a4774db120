from datetime import date

import pytest
from django.db import transaction

from billing.models import NumberSeries
from billing.numbering import DocumentNumber, UnableToIssueInvoice, take_numbers
from billing.restoring import mark_here
from tests.billing.builders import ensure_legal_entity

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 22)


def taken(*, day: date, count: int = 1) -> list[str]:
    entity = ensure_legal_entity()
    return [number.text for number in take_numbers(legal_entity=entity, issue_date=day, count=count)]


def test_numbers_follow_each_other() -> None:
    entity = ensure_legal_entity(invoice_prefix="AC")

    first = take_numbers(legal_entity=entity, issue_date=DAY, count=2)
    second = take_numbers(legal_entity=entity, issue_date=DAY, count=1)

    assert first == [
        DocumentNumber(sequence=1, text="AC-2026-000001"),
        DocumentNumber(sequence=2, text="AC-2026-000002"),
    ]
    assert second == [DocumentNumber(sequence=3, text="AC-2026-000003")]


def test_case_85_each_year_has_its_series() -> None:
    assert taken(day=date(2026, 12, 31)) == ["INV-2026-000001"]
    assert taken(day=date(2027, 1, 1)) == ["INV-2027-000001"]
    assert taken(day=date(2026, 12, 31)) == ["INV-2026-000002"]


def test_a_rollback_puts_the_numbers_back() -> None:
    taken(day=DAY)

    with transaction.atomic():
        assert taken(day=DAY, count=7)[-1] == "INV-2026-000008"
        transaction.set_rollback(True)

    assert taken(day=DAY) == ["INV-2026-000002"]


def test_issue_dates_never_fall() -> None:
    taken(day=DAY)

    with pytest.raises(UnableToIssueInvoice) as refusal:
        taken(day=date(2026, 11, 21))

    assert str(refusal.value) == (
        "Invoices dated 2026-11-22 are issued already, so none can be dated 2026-11-21. "
        "Bill as of 2026-11-22 or later, or void what is dated 2026-11-22 if it has not been sent: that frees "
        "the days before."
    )
    assert NumberSeries.objects.get().next_number == 2


def test_a_number_has_at_most_16_characters() -> None:
    entity = ensure_legal_entity(invoice_prefix="ABCD")
    mark_here()
    NumberSeries.objects.create(legal_entity=entity, year=2026, next_number=999_999)

    [last] = take_numbers(legal_entity=entity, issue_date=DAY, count=1)
    with pytest.raises(UnableToIssueInvoice) as refusal:
        take_numbers(legal_entity=entity, issue_date=DAY, count=1)

    assert last.text == "ABCD-2026-999999"
    assert str(refusal.value) == ("Number ABCD-2026-1000000 has more than 16 characters. Shorten the prefix.")
