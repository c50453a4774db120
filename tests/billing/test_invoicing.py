from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.enums import BillingRunState, BillingTrigger, InstalmentState, InvoiceState
from billing.issuing.invoicing import BillingSummary, invoice_due
from billing.issuing.numbering import UnableToIssueInvoice
from billing.issuing.restoring import mark_here
from billing.models import (
    BillingRun,
    BillingSchedule,
    Invoice,
    InvoiceLine,
)
from billing.schedules.due import CHUNK, Total
from contracts.enums import BillingCycle, BillingTiming, ContractState
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, invoices, put, sign

pytestmark = [pytest.mark.django_db, AHEAD]

ARREARS = BillingTiming.IN_ARREARS


@pytest.fixture(autouse=True)
def _legal_entity() -> None:
    ensure_legal_entity()


def bill(as_of: date = TODAY) -> BillingSummary:
    return invoice_due(as_of=as_of, trigger=BillingTrigger.SCHEDULE)


def issued_by_day(*, first: date, days: int) -> list[tuple[str, str]]:
    """Bills once a day; issue date and period start of what came out."""
    for day in range(days):
        bill(first + timedelta(days=day))
    return [
        (str(line.invoice.issue_date), str(line.period_start))
        for line in InvoiceLine.objects.select_related("invoice").order_by("invoice__sequence")
    ]


def test_nothing_due() -> None:
    sign(Deal(start=TODAY + timedelta(days=1)))

    summary = bill()

    assert (summary.issued, summary.totals, summary.failed) == (0, [], [])
    assert invoices() == []


def test_a_day_to_come_is_refused_before_a_run_begins() -> None:
    sign(Deal())

    with pytest.raises(UnableToIssueInvoice):
        bill(date(2200, 1, 1))

    assert not BillingRun.objects.exists()


def test_the_run_is_recorded(admin_user: User) -> None:
    sign(Deal(), Deal(currency="JPY", value="120000"), Deal())

    summary = invoice_due(as_of=TODAY, trigger=BillingTrigger.PERSON, actor=admin_user)

    run = BillingRun.objects.get()
    assert summary == BillingSummary(
        run_id=run.pk,
        as_of=TODAY,
        issued=3,
        totals=[
            Total(currency="JPY", invoices=1, minor=10_000),
            Total(currency="USD", invoices=2, minor=20_000),
        ],
        failed=[],
        started=0,
        completed=0,
        drafted=[],
        asked=0,
        parked=[],
        caught_up_since=None,
    )
    assert (run.trigger, run.actor, run.as_of, run.state, run.issued, run.failed, run.problems) == (
        "person",
        admin_user,
        TODAY,
        BillingRunState.DONE,
        3,
        0,
        [],
    )
    assert run.finished_at is not None


def test_case_36_a_second_run_adds_nothing() -> None:
    sign(Deal(), Deal())
    bill()

    summary = bill()

    assert summary.issued == 0
    assert invoices() == [("INV-2026-000001", "USD 100.00"), ("INV-2026-000002", "USD 100.00")]


def test_case_10_missed_periods_are_invoiced_today() -> None:
    sign(Deal(start=date(2026, 10, 22)))

    bill()

    assert list(
        InvoiceLine.objects.order_by("invoice__sequence").values_list("invoice__issue_date", "period_start")
    ) == [(TODAY, date(2026, 10, 22)), (TODAY, date(2026, 11, 22))]


def test_case_11_a_schedule_that_asks_is_not_billed() -> None:
    sign(Deal(start=date(2026, 1, 1)))

    assert bill().issued == 0


def test_case_12_a_future_start_is_billed_on_its_day() -> None:
    [contract] = sign(Deal(start=date(2026, 12, 1), months=1))

    assert issued_by_day(first=TODAY, days=12) == [("2026-12-01", "2026-12-01")]
    contract.refresh_from_db()
    assert contract.state == ContractState.ACTIVE


def test_case_13_a_future_start_with_lead_days_is_billed_today_once() -> None:
    [contract] = sign(Deal(start=TODAY + timedelta(days=10), months=3, lead_days=30))

    assert issued_by_day(first=TODAY, days=11) == [("2026-11-22", "2026-12-02")]
    contract.refresh_from_db()
    assert contract.state == ContractState.ACTIVE


def test_case_28_one_time_is_one_invoice() -> None:
    sign(Deal(cycle=BillingCycle.ONE_TIME))

    bill()
    bill(date(2028, 1, 1))

    assert invoices() == [("INV-2026-000001", "USD 1,200.00")]


def test_arrears_are_billed_the_day_after_the_period() -> None:
    sign(Deal(start=date(2026, 10, 31), months=2, timing=ARREARS), as_of=date(2026, 10, 31))

    assert issued_by_day(first=date(2026, 11, 25), days=40) == [
        ("2026-11-30", "2026-10-31"),
        ("2026-12-31", "2026-11-30"),
    ]


def test_case_35_an_outage_is_caught_up_and_dated_today() -> None:
    sign(Deal())
    bill()

    summary = bill(date(2027, 3, 1))

    assert summary.issued == 3
    assert list(
        InvoiceLine.objects.order_by("invoice__year", "invoice__sequence").values_list(
            "invoice__number", "invoice__issue_date", "period_start"
        )
    ) == [
        ("INV-2026-000001", date(2026, 11, 22), date(2026, 11, 22)),
        ("INV-2027-000001", date(2027, 3, 1), date(2026, 12, 22)),
        ("INV-2027-000002", date(2027, 3, 1), date(2027, 1, 22)),
        ("INV-2027-000003", date(2027, 3, 1), date(2027, 2, 22)),
    ]


@pytest.mark.parametrize(
    "state",
    [
        ContractState.AWAITING_APPROVAL,
        ContractState.SUSPENDED,
        ContractState.TERMINATED,
        ContractState.COMPLETED,
    ],
)
def test_a_contract_that_is_not_billable_is_not_billed(state: ContractState) -> None:
    [contract, _] = sign(Deal(customer="Held"), Deal(customer="Billed"))
    put(contract, state=state)

    bill()

    assert [invoice.buyer["name"] for invoice in Invoice.objects.all()] == ["Billed"]
    contract.refresh_from_db()
    assert contract.state == state


def test_case_38_a_contract_ends_when_all_is_billed() -> None:
    [contract] = sign(Deal(months=2))

    bill()
    summary = bill(date(2027, 1, 22))
    later = bill(date(2027, 6, 1))

    assert (summary.issued, summary.completed, later.issued, later.completed) == (1, 1, 0, 0)
    contract.refresh_from_db()
    assert contract.state == ContractState.COMPLETED
    assert sum(invoice.total_minor for invoice in Invoice.objects.all()) == contract.value_minor


def test_a_voided_invoice_is_not_billed_again_by_itself() -> None:
    sign(Deal(months=1))
    bill()
    Invoice.objects.update(state=InvoiceState.VOID)

    assert bill().issued == 0


def test_a_run_that_was_killed_is_closed_by_a_later_one() -> None:
    now = timezone.now()
    killed, working = (
        BillingRun.objects.create(
            trigger=BillingTrigger.SCHEDULE, as_of=TODAY, started_at=now - timedelta(minutes=age)
        )
        for age in (61, 59)
    )

    bill()

    killed.refresh_from_db()
    working.refresh_from_db()
    sentence = "The run was interrupted. What it had issued stands, and later runs billed the rest."
    assert (killed.state, killed.problems) == (BillingRunState.FAILED, [{"sentence": sentence}])
    assert (working.state, working.problems) == (BillingRunState.RUNNING, [])


def test_a_chunk_takes_the_same_statements_whatever_its_size() -> None:
    mark_here()  # else the first run would
    sign(Deal(months=1))
    with CaptureQueriesContext(connection) as one:
        bill()
    sign(*[Deal(months=1)] * CHUNK * 2)

    with CaptureQueriesContext(connection) as two_chunks:
        summary = bill()

    assert summary.issued == 2 * CHUNK
    # The second chunk, and the look for a third one.
    assert len(two_chunks) == len(one) + STATEMENTS_OF_A_CHUNK + 1
    numbers = Invoice.objects.order_by("sequence").values_list("sequence", flat=True)
    assert list(numbers) == list(range(1, 2 * CHUNK + 2))


STATEMENTS_OF_A_CHUNK = 18
"""With its transaction, the read of the chunk, of the letterhead, of custom fields, of texts and of the mark."""


def test_planned_and_invoiced_add_up_to_the_contract_value() -> None:
    contracts = sign(Deal(value="100.00", months=7), Deal(value="99.99", months=5, timing=ARREARS))
    bill(date(2027, 2, 1))

    for contract in contracts:
        schedule = BillingSchedule.objects.get(contract=contract)
        planned = sum(row.amount_minor for row in schedule.instalments.filter(state=InstalmentState.PLANNED))
        billed = sum(invoice.total_minor for invoice in Invoice.objects.filter(contract=contract))
        assert planned + billed == contract.value_minor
