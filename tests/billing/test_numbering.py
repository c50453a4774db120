from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction

from billing.enums import BillingTrigger, SeriesKind
from billing.issuing.invoicing import invoice_due
from billing.issuing.numbering import (
    DocumentNumber,
    UnableToIssueInvoice,
    ensure_may_issue,
    free_days_before,
    take_numbers,
)
from billing.issuing.restoring import mark_here, witness_path
from billing.issuing.witness import highest
from billing.models import Invoice, LegalEntity, NumberSeries
from billing.values import SeriesKey
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, sign
from tests.invariants import plant

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _database_is_the_one_that_issues() -> None:
    """Other tests may have emptied its mark, and a series without one is that of a copy."""
    mark_here()


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
    NumberSeries.objects.create(legal_entity=entity, year=2026, next_number=999_999)

    [last] = take_numbers(legal_entity=entity, issue_date=DAY, count=1)
    with pytest.raises(UnableToIssueInvoice) as refusal:
        take_numbers(legal_entity=entity, issue_date=DAY, count=1)

    assert last.text == "ABCD-2026-999999"
    assert str(refusal.value) == ("Number ABCD-2026-1000000 has more than 16 characters. Shorten the prefix.")


def another_entity() -> LegalEntity:
    first = ensure_legal_entity()
    first.pk = None
    first.save(force_insert=True)
    return first


def test_each_entity_kind_and_year_has_a_series_with_days_of_its_own() -> None:
    first, second = ensure_legal_entity(), another_entity()
    note, invoice = SeriesKind.CREDIT_NOTE, SeriesKind.INVOICE
    days = {
        (first.pk, invoice, 2026): date(2026, 11, 22),
        (second.pk, invoice, 2026): date(2026, 11, 20),
        (first.pk, note, 2026): date(2026, 11, 18),
        (first.pk, invoice, 2025): date(2025, 11, 16),
    }
    entities = {first.pk: first, second.pk: second}

    for (key, kind, _), day in days.items():
        numbers = take_numbers(legal_entity=entities[key], issue_date=day, count=2, kind=kind)
        prefix = "CN" if kind is note else "INV"
        assert [number.text for number in numbers] == [
            f"{prefix}-{day.year}-00000{place}" for place in (1, 2)
        ]
    for (key, kind, _), day in days.items():
        with pytest.raises(UnableToIssueInvoice, match=f"dated {day} are issued already"):
            take_numbers(legal_entity=entities[key], issue_date=day - timedelta(days=1), count=1, kind=kind)


def test_a_series_in_which_nothing_counts_any_more_takes_any_day() -> None:
    entity = ensure_legal_entity()
    NumberSeries.objects.create(legal_entity=entity, year=2026, next_number=5)

    assert taken(day=date(2026, 1, 1)) == ["INV-2026-000005"]


@pytest.mark.day("2026-11-22")
def test_what_is_dated_ahead_closes_the_days_before_today_only() -> None:
    entity = ensure_legal_entity()
    NumberSeries.objects.create(legal_entity=entity, year=2026, last_issue_date=date(2026, 12, 20))

    assert taken(day=DAY) == ["INV-2026-000001"]
    NumberSeries.objects.update(last_issue_date=date(2026, 12, 20))
    with pytest.raises(UnableToIssueInvoice, match="dated 2026-12-20 are issued already"):
        taken(day=DAY - timedelta(days=1))


def test_nothing_is_numbered_where_the_clocks_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contracts.clock.MOST_APART", timedelta(days=-1))

    with pytest.raises(UnableToIssueInvoice, match="the database's says"):
        taken(day=DAY)
    with pytest.raises(UnableToIssueInvoice, match="the database's says"):
        ensure_may_issue(day=DAY)


def test_the_highest_number_given_is_witnessed(django_capture_on_commit_callbacks: Any) -> None:
    entity = ensure_legal_entity()

    with django_capture_on_commit_callbacks(execute=True):
        taken(day=DAY)
        taken(day=DAY, count=3)

    [numbers] = highest(path=witness_path()).values()
    assert numbers == {SeriesKey(legal_entity_id=entity.pk, kind="invoice", year=2026): 4}


def test_nothing_is_issued_where_the_witness_cannot_be_written(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings.WITNESS_PATH = tmp_path / "file" / "witness.jsonl"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connections["default"], "in_atomic_block", False)  # as where billing begins
        with pytest.raises(UnableToIssueInvoice) as refusal:
            ensure_may_issue(day=DAY)

    assert "the file that WITNESS_PATH names, and it cannot be written" in str(refusal.value)


@pytest.mark.day("2026-11-22")
def test_today_may_be_issued_and_tomorrow_may_not() -> None:
    ensure_legal_entity()

    ensure_may_issue(day=DAY)
    with pytest.raises(UnableToIssueInvoice, match="2026-11-23 lies after today, 2026-11-22"):
        ensure_may_issue(day=DAY + timedelta(days=1))


def test_days_are_freed_up_to_the_last_invoice_of_the_series_that_counts() -> None:
    """Drafts, void ones, those of another year or of another company do not count."""
    entity, other = ensure_legal_entity(), another_entity()
    sign(*[Deal(months=1)] * 6)
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    facts = [
        ("issued", entity, 2026, "2026-11-10"),
        ("void", entity, 2026, "2026-11-21"),
        ("draft", entity, None, None),
        ("issued", entity, 2027, "2027-01-05"),
        ("issued", other, 2026, "2026-11-15"),
        ("issued", entity, 2026, "2026-11-09"),
    ]
    for pk, (state, sender, year, day) in zip(
        Invoice.objects.order_by("pk").values_list("pk", flat=True), facts, strict=True
    ):
        number = (f"'{day}'", f"'{pk}'", pk) if day else ("NULL",) * 3
        plant(
            f"UPDATE billing_invoice SET legal_entity_id = {sender.pk}, year = {year or 'NULL'},"
            " (issue_date, number, sequence) = ({}, {}, {}),".format(*number)
            + f" state = '{state}' WHERE id = {pk}"
        )
    NumberSeries.objects.all().delete()
    closed = date(2026, 11, 20)
    for sender, kind, year, day in (
        (entity, SeriesKind.INVOICE, 2026, closed),
        (other, SeriesKind.INVOICE, 2026, closed),
        (entity, SeriesKind.CREDIT_NOTE, 2026, closed),
        (entity, SeriesKind.INVOICE, 2025, closed),
    ):
        NumberSeries.objects.create(legal_entity=sender, kind=kind, year=year, last_issue_date=day)

    free_days_before(legal_entity_id=entity.pk, day=closed)

    freed = date(2026, 11, 10)
    days = NumberSeries.objects.order_by("pk").values_list("last_issue_date", flat=True)
    assert list(days) == [freed, closed, closed, closed]
    free_days_before(legal_entity_id=other.pk, day=date(2026, 11, 19))
    assert list(days.all()) == [freed, closed, closed, closed]  # its last day was another one
