"""The worker stands still for forty days after a month of daily runs, then runs once."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import product

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from billing.enums import BillingTrigger, InstalmentState, InvoiceState, ScheduleState
from billing.issuing.invoicing import BillingSummary, invoice_due
from billing.issuing.numbering import UnableToIssueInvoice
from billing.models import BillingPolicy, BillingRun, BillingSchedule, Instalment, Invoice
from contracts.enums import BillingCycle, BillingTiming, ContractState, LeadDays
from contracts.models import Contract
from contracts.suspending import resume_contracts, suspend_contracts
from tests.billing.builders import AHEAD, Deal, ensure_legal_entity, sign
from tests.invariants import WITHOUT_CRM, assert_no_violations

pytestmark = [pytest.mark.django_db, AHEAD]

FIRST = date(2026, 9, 1)
LAST = FIRST + timedelta(days=29)
BACK = LAST + timedelta(days=40)


def bill(as_of: date) -> BillingSummary:
    return invoice_due(as_of=as_of, trigger=BillingTrigger.SCHEDULE)


def every_kind_of_contract() -> list[Deal]:
    """All cycles, timings and lead days, from starts before, at and within the outage."""
    terms = product(
        BillingCycle,
        [*((BillingTiming.IN_ADVANCE, lead) for lead in LeadDays), (BillingTiming.IN_ARREARS, LeadDays.NONE)],
        [FIRST, date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 31)],
    )
    return [
        Deal(customer="Kind", start=start, cycle=cycle, timing=timing, lead_days=lead, months=7)
        for cycle, (timing, lead), start in terms
    ]


@pytest.fixture(autouse=True)
def _a_month_of_runs() -> None:
    ensure_legal_entity()
    BillingPolicy.objects.create()
    sign(*every_kind_of_contract(), as_of=FIRST)
    sign(*[Deal(customer="Daily", start=FIRST + timedelta(days=day)) for day in range(30)], as_of=FIRST)
    for day in range(30):
        assert bill(FIRST + timedelta(days=day)).asked == 0


def due_by(day: date) -> set[int]:
    """Of the contracts whose schedule does not ask."""
    return set(
        Instalment.objects.filter(
            state=InstalmentState.PLANNED, billing_date__lte=day, schedule__state=ScheduleState.ACTIVE
        ).values_list("pk", flat=True)
    )


def billed_on(day: date) -> list[int]:
    return list(
        Invoice.objects.filter(issue_date=day).order_by("sequence").values_list("instalment", flat=True)
    )


def numbers() -> Sequence[int | None]:
    return Invoice.objects.order_by("sequence").values_list("sequence", flat=True)


def test_every_missed_instalment_is_billed_once_dated_today() -> None:
    before = Invoice.objects.count()
    missed = due_by(BACK)
    dates = set(
        Instalment.objects.filter(pk__in=missed).order_by().values_list("billing_date", flat=True).distinct()
    )

    summary = bill(BACK)
    again = bill(BACK)

    assert len(missed) > 90
    assert len(dates) > 10  # spread over the outage, not of one day
    assert set(billed_on(BACK)) == missed
    assert Invoice.objects.count() == before + len(missed)
    assert list(numbers()) == list(range(1, before + len(missed) + 1))
    assert (summary.issued, summary.asked, list(summary.parked), summary.failed) == (len(missed), 0, [], [])
    assert (summary.caught_up_since, again.issued) == (LAST + timedelta(days=1), 0)
    assert due_by(BACK) == set()
    assert_no_violations(but={WITHOUT_CRM})


def test_the_invoices_are_those_that_no_outage_would_have_brought() -> None:
    """But for their dates: the same instalments, periods, amounts and lines."""
    before_the_outage = transaction.savepoint()
    for day in range(1, 41):
        bill(LAST + timedelta(days=day))
    without = content()
    transaction.savepoint_rollback(before_the_outage)

    bill(BACK)

    assert content() == without


def content() -> set[tuple[object, ...]]:
    return set(
        Invoice.objects.values_list(
            "contract",
            "instalment",
            "total_minor",
            "lines__description",
            "lines__period_start",
            "lines__period_end",
            "lines__amount_minor",
        )
    )


def test_the_command_says_what_it_caught_up(capsys: pytest.CaptureFixture[str]) -> None:
    missed = due_by(BACK)

    call_command("run_billing", "--as-of", str(BACK))

    [sentence] = capsys.readouterr().out.splitlines()
    assert sentence.startswith(f"Issued {len(missed)} invoices dated {BACK}: USD ")
    assert sentence.endswith("Nothing had been billed since 2026-10-01: this run caught that up.")


def test_a_contract_imported_afterwards_asks_beyond_31_days() -> None:
    """What was missed before the import is no outage of ours."""
    long_ago, lately = sign(
        Deal(customer="Long ago", start=BACK - timedelta(days=32)),
        Deal(customer="Lately", start=BACK - timedelta(days=31)),
        as_of=BACK,
    )

    bill(BACK)

    assert Invoice.objects.filter(contract=long_ago).count() == 0
    assert BillingSchedule.objects.get(contract=long_ago).state == ScheduleState.ASKS
    assert Invoice.objects.filter(contract=lately).count() == 2
    assert due_by(BACK) == set()


def test_a_suspended_contract_waits_and_is_billed_once_it_goes_on() -> None:
    waits, ends = sign(
        Deal(customer="Waits", start=date(2026, 10, 5)),
        Deal(customer="Ends", start=date(2026, 10, 5), months=1),
        as_of=LAST,
    )
    with transaction.atomic():
        suspend_contracts(reasons={waits.pk: "Reopened", ends.pk: "Reopened"}, actor=None)

    bill(BACK)

    assert Invoice.objects.filter(contract__in=[waits, ends]).count() == 0
    assert set(Contract.objects.filter(pk__in=[waits.pk, ends.pk]).values_list("state", flat=True)) == {
        ContractState.SUSPENDED
    }

    with transaction.atomic():
        resume_contracts(reasons={waits.pk: "Won", ends.pk: "Won"}, as_of=BACK, actor=None)
    bill(BACK)

    assert list(Invoice.objects.filter(contract=waits).values_list("issue_date", flat=True)) == [BACK, BACK]
    assert list(Invoice.objects.filter(contract=ends).values_list("issue_date", flat=True)) == [BACK]
    assert Contract.objects.get(pk=ends.pk).state == ContractState.COMPLETED
    assert_no_violations(but={WITHOUT_CRM})


@pytest.mark.parametrize("timing", BillingTiming)
def test_a_contract_that_ended_meanwhile_is_billed_to_its_end(timing: BillingTiming) -> None:
    """And one that both began and ended."""
    ended, began = sign(
        Deal(customer="Ended", start=date(2026, 8, 20), months=2, timing=timing),
        Deal(customer="Began", start=date(2026, 10, 2), months=1, timing=timing),
        as_of=FIRST,
    )

    bill(BACK)
    bill(BACK + timedelta(days=400))

    for contract, periods in ((ended, 2), (began, 1)):
        contract.refresh_from_db()
        assert contract.state == ContractState.COMPLETED
        assert BillingSchedule.objects.get(contract=contract).state == ScheduleState.ENDED
        assert [
            (invoice.issue_date, invoice.lines.get().period_start)
            for invoice in Invoice.objects.filter(contract=contract).order_by("sequence")
        ] == [
            (BACK, start)
            for (start,) in Instalment.objects.filter(schedule__contract=contract)
            .order_by("sequence")
            .values_list("period_start")
        ][:periods]


def test_a_closed_period_is_refused_and_the_next_open_day_bills_all() -> None:
    missed = due_by(BACK)
    BillingPolicy.objects.update(locked_until=BACK)

    with pytest.raises(UnableToIssueInvoice) as refusal:
        bill(BACK)
    with pytest.raises(CommandError) as by_command:
        call_command("run_billing", "--as-of", str(BACK))
    nothing = billed_on(BACK)
    bill(BACK + timedelta(days=1))

    sentence = (
        f"The books are closed up to {BACK}, so nothing can be dated {BACK}. "
        "Choose a later day, or have the lock moved under Settings, Billing."
    )
    assert [str(refusal.value), str(by_command.value), nothing] == [sentence, sentence, []]
    assert missed <= set(billed_on(BACK + timedelta(days=1)))
    assert due_by(BACK + timedelta(days=1)) == set()


def test_what_waits_for_approval_is_left_as_drafts() -> None:
    missed = due_by(BACK)
    BillingPolicy.objects.update(mode="approve")

    summary = bill(BACK)

    assert (summary.issued, sum(total.invoices for total in summary.drafted)) == (0, len(missed))
    drafts = Invoice.objects.filter(state=InvoiceState.DRAFT)
    assert set(drafts.values_list("instalment", flat=True)) == missed


def test_a_day_of_far_more_than_usual_asks_even_then() -> None:
    """One day within the outage has more than three times the most that there was; the others are billed."""
    usual = max(BillingRun.objects.values_list("issued", flat=True))
    sign(
        *[Deal(customer="Many", start=date(2026, 10, 20), months=1) for _ in range(3 * usual + 1)], as_of=LAST
    )
    missed = due_by(BACK)
    that_day = set(
        Instalment.objects.filter(pk__in=missed, billing_date=date(2026, 10, 20)).values_list("pk", flat=True)
    )

    summary = bill(BACK)

    assert len(that_day) > 3 * usual
    assert sum(total.invoices for total in summary.parked) == len(that_day)
    assert set(billed_on(BACK)) == missed - that_day
