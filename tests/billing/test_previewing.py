"""A preview says what the run after it does, and writes nothing."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection

from billing.enums import (
    AskReason,
    BillingMode,
    BillingRunState,
    BillingTrigger,
    InstalmentState,
    LimitKind,
    ScheduleState,
    SeriesKind,
)
from billing.issuing.invoicing import BillingSummary, invoice_due
from billing.issuing.policy import put_limit
from billing.issuing.previewing import BillingPreview, preview_billing
from billing.models import (
    ApprovalLimit,
    BillingPolicy,
    BillingRun,
    BillingSchedule,
    Instalment,
    LegalEntity,
    NumberSeries,
)
from billing.schedules.due import Total
from contracts.enums import ContractState
from contracts.money import Money
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, put, sign

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _legal_entity() -> None:
    ensure_legal_entity()


def usd(*, invoices: int, minor: int) -> list[Total]:
    return [Total(currency="USD", invoices=invoices, minor=minor)]


def stored() -> dict[str, Any]:
    """Every row of every table, and where every sequence stands."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")
        found: dict[str, Any] = dict(cursor.fetchall())
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM \"{table}\" t")
            found[table] = cursor.fetchone()
    return found


def told_and_done(as_of: date = TODAY) -> BillingPreview:
    """The preview, once the run after it has done the same."""
    before = stored()
    preview = preview_billing(as_of=as_of)
    assert stored() == before

    summary: BillingSummary = invoice_due(as_of=as_of, trigger=BillingTrigger.SCHEDULE)

    for told in ("totals", "drafted", "parked", "asked", "caught_up_since"):
        assert getattr(preview, told) == getattr(summary, told)
    return preview


def history(*, issued: int, usd: int) -> None:
    for days in range(20, 0, -1):
        BillingRun.objects.create(
            trigger=BillingTrigger.SCHEDULE,
            as_of=TODAY - timedelta(days=days),
            state=BillingRunState.DONE,
            issued=issued,
            totals={"USD": usd},
        )


def test_what_is_due_would_be_issued() -> None:
    sign(
        Deal(),
        Deal(start=date(2026, 10, 23)),
        Deal(currency="JPY", value="120000"),
        Deal(start=date(2027, 1, 1)),
    )

    assert told_and_done() == BillingPreview(
        as_of=TODAY,
        totals=[Total(currency="JPY", invoices=1, minor=10_000), *usd(invoices=2, minor=20_000)],
        drafted=[],
        parked=[],
        parked_because=[],
        asked=0,
        asking=0,
        parked_before=[],
        caught_up_since=None,
        refusal="",
    )


def test_in_approve_mode_everything_would_be_left_for_approval() -> None:
    BillingPolicy.objects.update_or_create(id=1, defaults={"mode": BillingMode.APPROVE})
    sign(Deal(), Deal())

    preview = told_and_done()

    assert (preview.totals, preview.drafted) == ([], usd(invoices=2, minor=20_000))


def test_what_is_over_the_limit_would_be_left_for_approval(admin_user: User) -> None:
    put_limit(kind=LimitKind.INVOICE, amount=Money(minor=10_000, currency="USD"), actor=admin_user)
    sign(Deal(), Deal(value="1200.12"), Deal(currency="EUR", value="9000.00"))

    preview = told_and_done()

    assert preview.totals == [Total(currency="EUR", invoices=1, minor=75_000), *usd(invoices=1, minor=10_000)]
    assert preview.drafted == usd(invoices=1, minor=10_001)


def test_what_is_far_more_than_usual_would_be_parked() -> None:
    history(issued=1, usd=5_000)
    sign(*[Deal()] * 4)

    preview = told_and_done()

    assert (preview.totals, preview.parked) == ([], usd(invoices=4, minor=40_000))
    assert preview.parked_because == [
        "4 invoices are due at once, more than three times the usual 1.",
        "USD 400.00 are due at once, more than three times the usual USD 50.00.",
    ]
    assert preview_billing(as_of=TODAY).parked_before == usd(invoices=4, minor=40_000)


def test_a_contract_with_many_due_would_ask_and_afterwards_asks_already() -> None:
    sign(Deal(start=date(2026, 8, 1)), Deal(), as_of=date(2026, 8, 1))

    preview = told_and_done()

    assert (preview.totals, preview.asked, preview.asking) == (usd(invoices=1, minor=10_000), 1, 0)
    after = preview_billing(as_of=TODAY)
    assert (after.totals, after.asked, after.asking) == ([], 0, 1)


def test_an_outage_would_be_caught_up() -> None:
    BillingRun.objects.create(
        trigger=BillingTrigger.SCHEDULE, as_of=TODAY - timedelta(days=40), state=BillingRunState.DONE
    )
    sign(Deal())

    assert told_and_done().caught_up_since == TODAY - timedelta(days=39)


def test_a_sender_without_an_address_is_told() -> None:
    sign(Deal())
    ensure_legal_entity(street="", city="")

    preview = preview_billing(as_of=TODAY)

    assert preview.refusal == (
        "The address of the legal entity is missing, so no invoice is legal. Enter it under Settings, Legal entity."
    )
    assert preview.totals == usd(invoices=1, minor=10_000)


def test_a_closed_day_is_told() -> None:
    sign(Deal())
    BillingPolicy.objects.update_or_create(id=1, defaults={"locked_until": TODAY})

    assert preview_billing(as_of=TODAY).refusal == (
        "The books are closed up to 2026-11-22, so nothing can be dated 2026-11-22. "
        "Choose a later day, or have the lock moved under Settings, Billing."
    )


def test_a_day_before_the_last_issue_is_told() -> None:
    sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    sign(Deal(start=date(2026, 11, 20)))

    assert preview_billing(as_of=date(2026, 11, 21)).refusal == (
        "Invoices dated 2026-11-22 are issued already, so none can be dated 2026-11-21. "
        "Bill as of 2026-11-22 or later, or void what is dated 2026-11-22 if it has not been sent: that frees "
        "the days before."
    )


def test_what_somebody_has_cleared_is_issued_beside_what_would_be_parked() -> None:
    history(issued=1, usd=5_000)
    cleared, *_ = sign(*[Deal()] * 5)
    Instalment.objects.filter(schedule__contract=cleared).update(is_cleared=True)

    preview = told_and_done()

    assert (preview.totals, preview.parked) == (usd(invoices=1, minor=10_000), usd(invoices=4, minor=40_000))
    assert preview_billing(as_of=TODAY).parked == []


def test_parked_before_is_told_by_currency() -> None:
    sign(*[Deal()] * 2, *[Deal(currency="EUR")] * 3)
    Instalment.objects.update(
        parked_by=BillingRun.objects.create(trigger=BillingTrigger.SCHEDULE, as_of=TODAY)
    )
    elsewhere = sign(Deal(currency="EUR"))
    Instalment.objects.filter(schedule__contract__in=elsewhere).update(
        parked_by=BillingRun.objects.get(), state=InstalmentState.BILLED_ELSEWHERE
    )

    assert [(total.currency, total.invoices) for total in preview_billing(as_of=TODAY).parked_before] == [
        ("EUR", 3),
        ("USD", 2),
    ]


def test_a_suspended_contract_asks_nobody() -> None:
    [contract] = sign(Deal(start=date(2026, 8, 1)), as_of=date(2026, 8, 1))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.SCHEDULE)
    before = preview_billing(as_of=TODAY).asking
    put(contract, state=ContractState.SUSPENDED)

    assert (before, preview_billing(as_of=TODAY).asking) == (1, 0)


def test_nothing_can_be_written_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.issuing.previewing._preview", lambda run: approve())

    with pytest.raises(DatabaseError, match="read-only"):
        preview_billing(as_of=TODAY)


def test_what_is_as_usual_is_issued_whatever_the_limit_of_credit_notes() -> None:
    history(issued=1, usd=10_000)
    ApprovalLimit.objects.create(kind=LimitKind.CREDIT_NOTE, currency="USD", amount_minor=1)
    sign(Deal())

    preview = told_and_done()

    assert (preview.totals, preview.parked) == (usd(invoices=1, minor=10_000), [])


def test_asking_counts_what_is_due_and_not_billed() -> None:
    _, billed = sign(Deal(), Deal(start=date(2026, 8, 1)), as_of=date(2026, 8, 1))
    BillingSchedule.objects.update(state=ScheduleState.ASKS, asks_because=AskReason.MANY)
    Instalment.objects.filter(schedule__contract=billed, billing_date__lte=TODAY).update(
        state=InstalmentState.BILLED_ELSEWHERE
    )

    assert preview_billing(as_of=TODAY).asking == 1
    assert preview_billing(as_of=TODAY - timedelta(days=1)).asking == 0


def approve() -> None:
    BillingPolicy.objects.update_or_create(id=1, defaults={"mode": BillingMode.APPROVE})


def close_the_day_before() -> None:
    BillingPolicy.objects.update_or_create(id=1, defaults={"locked_until": TODAY - timedelta(days=1)})


def number(**facts: Any) -> None:
    """A series of this year into which nothing was issued, unless the facts say otherwise."""
    entity = LegalEntity.objects.earliest("pk")
    NumberSeries.objects.create(
        **{"legal_entity": entity, "year": TODAY.year, "kind": SeriesKind.INVOICE, **facts}
    )


def add_a_sender_without_an_address() -> None:
    number(legal_entity=LegalEntity.objects.create(name="Other"), last_issue_date=TOMORROW)


TOMORROW = TODAY + timedelta(days=1)


@pytest.mark.parametrize(
    "given",
    [
        close_the_day_before,
        add_a_sender_without_an_address,
        number,
        partial(number, last_issue_date=TODAY),
        partial(number, last_issue_date=TOMORROW, year=TODAY.year + 1),
        partial(number, last_issue_date=TOMORROW, kind=SeriesKind.CREDIT_NOTE),
    ],
)
def test_what_stands_in_nobodys_way_is_not_told(given: Callable[[], None]) -> None:
    sign(Deal())
    given()

    assert preview_billing(as_of=TODAY).refusal == ""


def test_only_what_is_issued_needs_a_day_after_the_last_issue() -> None:
    sign(Deal())
    number(last_issue_date=TOMORROW)
    told = preview_billing(as_of=TODAY).refusal
    approve()

    assert told.startswith(f"Invoices dated {TOMORROW} are issued already")
    assert preview_billing(as_of=TODAY).refusal == ""


@pytest.mark.day(str(TODAY))
def test_a_last_issue_that_is_still_to_come_closes_no_day_from_today_on() -> None:
    sign(Deal())
    number(last_issue_date=TOMORROW)

    assert preview_billing(as_of=TODAY).refusal == ""


def test_a_sender_is_needed_for_drafts_and_not_for_nothing() -> None:
    ensure_legal_entity(street="", city="")
    nothing = preview_billing(as_of=TODAY).refusal
    approve()
    sign(Deal())

    assert (nothing, preview_billing(as_of=TODAY).refusal != "") == ("", True)
