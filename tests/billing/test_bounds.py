"""What a run does not bill before a person has decided, and what it bills although it is much."""

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User

from billing.enums import AskReason, BillingRunState, BillingTrigger, ScheduleState
from billing.issuing.approving import UnableToApprove, ask_about_parked, release_parked
from billing.issuing.invoicing import BillingSummary, invoice_due
from billing.models import BillingRun, BillingSchedule, Instalment, Invoice
from billing.schedules.activation import decide_catch_up
from billing.schedules.due import Total
from contracts.enums import ContractState
from contracts.models import AuditEntry, Contract
from tests.billing.builders import AHEAD, TODAY, Deal, ensure_legal_entity, sign
from tests.billing.people import person

pytestmark = [pytest.mark.django_db, AHEAD]


@pytest.fixture(autouse=True)
def _legal_entity() -> None:
    ensure_legal_entity()


@pytest.fixture
def ann() -> User:
    return person("ann", group="Approver")


def bill(as_of: date = TODAY) -> BillingSummary:
    return invoice_due(as_of=as_of, trigger=BillingTrigger.SCHEDULE)


def ran(days_ago: int = 0, **fields: object) -> BillingRun:
    return BillingRun.objects.create(
        trigger=BillingTrigger.SCHEDULE,
        as_of=TODAY - timedelta(days=days_ago),
        state=BillingRunState.DONE,
        **fields,
    )


def history(*, runs: int = 20, issued: int = 2, usd: int = 20_000) -> None:
    for number in range(runs):
        ran(days_ago=runs - number, issued=issued, totals={"USD": usd})
        ran(days_ago=runs - number)  # most hours bill nothing, and say nothing of what is usual


# More than three invoices of one contract


def suspended_for_months(months: int) -> Contract:
    """Billed today, suspended, and let continue after so many further months."""
    [contract] = sign(Deal())
    bill()
    Contract.objects.update(state=ContractState.SUSPENDED)
    BillingRun.objects.update(as_of=TODAY + timedelta(days=30 * months + 10))
    Contract.objects.update(state=ContractState.ACTIVE)
    return contract


@pytest.mark.parametrize(("months", "issued", "asked"), [(3, 3, 0), (4, 0, 1)])
def test_more_than_three_invoices_of_one_contract_are_asked_about(
    months: int, issued: int, asked: int
) -> None:
    suspended_for_months(months)
    sign(Deal(customer="Other", start=TODAY + timedelta(days=30 * months), months=1))

    summary = bill(TODAY + timedelta(days=30 * months + 10))

    assert (summary.issued, summary.asked) == (issued + 1, asked)
    schedule = BillingSchedule.objects.earliest("pk")
    assert (schedule.state, schedule.asks_because) == (
        (ScheduleState.ASKS, AskReason.MANY) if asked else (ScheduleState.ACTIVE, AskReason.MISSED)
    )
    assert AuditEntry.objects.filter(action="Billing asks").count() == asked


def test_what_somebody_has_decided_is_not_asked_again(ann: User) -> None:
    contract = suspended_for_months(5)
    day = TODAY + timedelta(days=160)
    bill(day)

    decide_catch_up(contract=contract, bill_from=None, as_of=day, actor=ann)
    summary = bill(day)

    assert (summary.issued, summary.asked) == (5, 0)


def test_missed_periods_that_somebody_has_decided_are_all_billed(ann: User) -> None:
    [contract] = sign(Deal(start=date(2026, 1, 1)))

    decide_catch_up(contract=contract, bill_from=None, as_of=TODAY, actor=ann)

    assert bill().issued == 11


def test_an_outage_that_is_caught_up_is_no_excess() -> None:
    sign(Deal())
    bill()
    day = TODAY + timedelta(days=200)

    summary = bill(day)

    assert (summary.issued, summary.asked, summary.caught_up_since) == (6, 0, TODAY + timedelta(days=1))
    assert BillingRun.objects.latest("pk").caught_up_since == TODAY + timedelta(days=1)


def test_a_day_without_a_run_is_no_outage_when_the_next_day_has_one() -> None:
    bill()

    assert bill(TODAY + timedelta(days=1)).caught_up_since is None
    assert bill(TODAY + timedelta(days=3)).caught_up_since == TODAY + timedelta(days=2)


# More than three times the usual


@pytest.mark.parametrize(("due", "parked"), [(6, 0), (7, 7)])
def test_three_times_the_usual_number_is_the_bound(due: int, parked: int) -> None:
    history()
    sign(*[Deal(value="12.00")] * due)

    summary = bill()

    assert summary.issued == due - parked
    assert summary.parked == ([Total(currency="USD", invoices=7, minor=700)] if parked else [])
    run = BillingRun.objects.latest("pk")
    assert run.state == (BillingRunState.PARKED if parked else BillingRunState.DONE)
    assert run.parked == ([{"currency": "USD", "invoices": 7, "minor": 700}] if parked else [])
    assert Instalment.objects.filter(parked_by=run).count() == parked


@pytest.mark.parametrize(("value", "parked"), [("600.00", False), ("600.01", True)])
def test_three_times_the_usual_value_is_the_bound(value: str, parked: bool) -> None:
    history()
    sign(Deal(value=value, months=1), Deal(value="9000.00", currency="EUR"))  # EUR has no usual value yet

    assert bool(bill().parked) == parked


@pytest.mark.parametrize(("runs", "parked"), [(19, 0), (20, 9)])
def test_without_a_history_nothing_is_unusual(runs: int, parked: int) -> None:
    history(runs=runs)
    sign(*[Deal(value="12.00")] * 9)

    assert sum(total.invoices for total in bill().parked) == parked


def test_a_run_that_caught_up_an_outage_says_nothing_of_what_is_usual() -> None:
    history()
    ran(issued=1_000, totals={"USD": 10_000_000}, caught_up_since=TODAY - timedelta(days=9))
    sign(*[Deal(value="12.00")] * 7)

    assert len(bill().parked) == 1


def test_each_day_of_an_outage_is_measured_by_itself() -> None:
    history()
    sign(*[Deal(value="12.00", start=TODAY + timedelta(days=day)) for day in range(1, 11)])
    sign(*[Deal(value="12.00", start=TODAY + timedelta(days=5)) for _ in range(6)])

    summary = bill(TODAY + timedelta(days=12))

    assert summary.issued == 9
    assert summary.parked == [Total(currency="USD", invoices=7, minor=700)]
    assert set(Instalment.objects.filter(parked_by__isnull=False).values_list("billing_date", flat=True)) == {
        TODAY + timedelta(days=5)
    }


def parked() -> BillingRun:
    history()
    sign(*[Deal(value="12.00")] * 7)
    return BillingRun.objects.get(pk=bill().run_id)


def test_what_is_parked_stays_so_and_stops_nothing_else() -> None:
    run = parked()
    sign(Deal(customer="Later", value="12.00"))

    summary = bill()

    assert (summary.issued, summary.parked) == (1, [])
    assert Instalment.objects.filter(parked_by=run).count() == 7


def test_what_is_released_is_billed_by_the_next_run(ann: User) -> None:
    run = parked()

    release_parked(run=run, actor=ann)
    summary = bill()

    run.refresh_from_db()
    assert (run.state, summary.issued, summary.parked) == (BillingRunState.DONE, 7, [])
    entry = AuditEntry.objects.get(action="Parked billing released")
    assert (entry.actor, entry.after) == (
        ann,
        {"parked": [{"currency": "USD", "invoices": 7, "minor": 700}]},
    )
    with pytest.raises(UnableToApprove, match=r"^What this run had parked is decided already\.$"):
        release_parked(run=run, actor=ann)


def test_what_is_parked_can_be_decided_contract_by_contract(ann: User) -> None:
    run = parked()

    assert ask_about_parked(run=run, actor=ann) == 7

    assert bill().issued == 0
    assert set(BillingSchedule.objects.values_list("state", "asks_because")) == {
        (ScheduleState.ASKS, AskReason.MANY)
    }
    contract = Contract.objects.earliest("pk")
    decide_catch_up(contract=contract, bill_from=None, as_of=TODAY, actor=ann)
    assert bill().issued == 1
    assert list(Invoice.objects.values_list("contract", flat=True)) == [contract.pk]
