from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from billing.enums import BillingTrigger, InstalmentState, ScheduleState
from billing.issuing.invoicing import invoice_due
from billing.models import BillingRun, BillingSchedule, Instalment
from billing.schedules.activation import (
    ActivationOrder,
    UnableToCatchUp,
    UnableToRebuild,
    activate_billing,
    asks_first,
    decide_catch_up,
    rebuild_billing,
)
from contracts.enums import BillingCycle, BillingTiming
from contracts.models import AuditEntry, Contract
from tests.billing.builders import TODAY, Deal, ensure_legal_entity, order_for, sign

pytestmark = pytest.mark.django_db

QUARTERLY = BillingCycle.QUARTERLY
PLANNED, ELSEWHERE = InstalmentState.PLANNED.value, InstalmentState.BILLED_ELSEWHERE.value


def schedule_of(contract: Contract) -> tuple[str, bool]:
    return BillingSchedule.objects.values_list("state", "has_short_period").get(contract=contract)


def plan_of(contract: Contract) -> list[tuple[int, str, str, int, str, str]]:
    return [
        (
            row.sequence,
            str(row.period_start),
            str(row.period_end),
            row.amount_minor,
            str(row.billing_date),
            row.state,
        )
        for row in Instalment.objects.filter(schedule__contract=contract).order_by("sequence")
    ]


def test_activate_writes_the_plan() -> None:
    [contract] = sign(Deal(value="100.00", start=date(2026, 12, 31), months=7, cycle=QUARTERLY, lead_days=30))

    assert schedule_of(contract) == (ScheduleState.ACTIVE, True)
    assert plan_of(contract) == [
        (1, "2026-12-31", "2027-03-31", 4286, "2026-12-01", PLANNED),
        (2, "2027-03-31", "2027-06-30", 4286, "2027-03-01", PLANNED),
        (3, "2027-06-30", "2027-07-31", 1428, "2027-05-31", PLANNED),
    ]


def test_activate_nothing() -> None:
    with CaptureQueriesContext(connection) as statements:
        activate_billing(orders=[], as_of=TODAY)

    assert len(statements) == 0


def test_activate_takes_the_same_statements_for_one_and_for_many() -> None:
    contracts = sign(*[Deal() for _ in range(41)])
    Instalment.objects.all().delete()
    BillingSchedule.objects.all().delete()
    orders = [order_for(contract_id=contract.pk, deal=Deal()) for contract in contracts]

    with CaptureQueriesContext(connection) as one:
        activate_billing(orders=orders[:1], as_of=TODAY)
    with CaptureQueriesContext(connection) as many:
        activate_billing(orders=orders[1:], as_of=TODAY)

    assert len(one) == len(many) == 4
    assert Instalment.objects.count() == 41 * 12


def test_a_contract_has_one_schedule() -> None:
    [contract] = sign(Deal())

    with pytest.raises(IntegrityError):
        activate_billing(orders=[order_for(contract_id=contract.pk, deal=Deal())], as_of=TODAY)


@pytest.mark.parametrize(
    ("deal", "asks"),
    [
        (Deal(start=TODAY), False),
        (Deal(start=TODAY - timedelta(days=31)), False),  # case 10
        (Deal(start=TODAY - timedelta(days=32)), True),  # case 11
        (Deal(start=TODAY + timedelta(days=10), lead_days=30), False),  # case 13
        (Deal(start=TODAY + timedelta(days=10), lead_days=90), False),  # its period has not begun
        (Deal(start=TODAY - timedelta(days=32), lead_days=90), True),
        (Deal(start=date(2026, 9, 22), timing=BillingTiming.IN_ARREARS), False),  # first due 22 October
        (Deal(start=date(2026, 9, 21), timing=BillingTiming.IN_ARREARS), True),
    ],
)
def test_a_schedule_asks_when_it_was_missed_too_long_ago(deal: Deal, asks: bool) -> None:
    [contract] = sign(deal)

    assert schedule_of(contract)[0] == (ScheduleState.ASKS if asks else ScheduleState.ACTIVE)
    assert asks_first(instalments=order_for(contract_id=0, deal=deal).instalments, as_of=TODAY) == asks


MONTHLY_FOR_A_YEAR = Deal(start=date(2026, 1, 1))


def states_of(contract: Contract) -> list[str]:
    return [row[-1] for row in plan_of(contract)]


def activated_again(deal: Deal, *, billed_until: date | None) -> Contract:
    [contract] = sign(deal)
    Instalment.objects.all().delete()
    BillingSchedule.objects.all().delete()
    order = replace(order_for(contract_id=contract.pk, deal=deal), billed_until=billed_until)
    activate_billing(orders=[order], as_of=TODAY)
    return contract


@pytest.mark.parametrize(
    ("billed_until", "elsewhere", "state"),
    [
        (None, 0, ScheduleState.ASKS),
        (date(2026, 9, 29), 8, ScheduleState.ASKS),  # September goes beyond it and is billed whole
        (date(2026, 9, 30), 9, ScheduleState.ASKS),
        (date(2026, 10, 31), 10, ScheduleState.ACTIVE),
        (date(2026, 11, 29), 10, ScheduleState.ACTIVE),
        (date(2026, 12, 31), 12, ScheduleState.ACTIVE),
        (date(2025, 12, 31), 0, ScheduleState.ASKS),
    ],
)
def test_billed_elsewhere_up_to_a_day_at_activation(
    billed_until: date | None, elsewhere: int, state: ScheduleState
) -> None:
    contract = activated_again(MONTHLY_FOR_A_YEAR, billed_until=billed_until)

    assert states_of(contract) == [ELSEWHERE] * elsewhere + [PLANNED] * (12 - elsewhere)
    assert schedule_of(contract)[0] == state


def test_rebuild_keeps_what_was_billed_elsewhere_up_to_a_day() -> None:
    """By the periods of the new plan: one that went beyond the day may have become one that did not."""
    contract = activated_again(replace(MONTHLY_FOR_A_YEAR, cycle=BillingCycle.ANNUAL), billed_until=TODAY)
    assert states_of(contract) == [PLANNED]
    order = replace(order_for(contract_id=contract.pk, deal=MONTHLY_FOR_A_YEAR), billed_until=TODAY)

    rebuild_billing(orders=[order], as_of=TODAY)

    assert states_of(contract) == [ELSEWHERE] * 10 + [PLANNED] * 2


def test_rebuild_without_a_day_keeps_what_was_decided_before() -> None:
    contract = activated_again(MONTHLY_FOR_A_YEAR, billed_until=date(2026, 6, 30))

    rebuild_billing(orders=[order_for(contract_id=contract.pk, deal=MONTHLY_FOR_A_YEAR)], as_of=TODAY)

    assert states_of(contract) == [ELSEWHERE] * 6 + [PLANNED] * 6


def test_rebuild_replaces_the_plan() -> None:
    [contract] = sign(Deal())
    changed = Deal(value="100.00", months=4, cycle=QUARTERLY)

    rebuild_billing(orders=[order_for(contract_id=contract.pk, deal=changed)], as_of=TODAY)

    assert schedule_of(contract) == (ScheduleState.ACTIVE, True)
    assert plan_of(contract) == [
        (1, "2026-11-22", "2027-02-22", 7500, "2026-11-22", PLANNED),
        (2, "2027-02-22", "2027-03-22", 2500, "2027-02-22", PLANNED),
    ]


def test_rebuild_takes_the_same_statements_for_one_and_for_many() -> None:
    orders = [
        order_for(contract_id=contract.pk, deal=Deal()) for contract in sign(*[Deal() for _ in range(41)])
    ]

    with CaptureQueriesContext(connection) as one:
        rebuild_billing(orders=orders[:1], as_of=TODAY)
    with CaptureQueriesContext(connection) as many:
        rebuild_billing(orders=orders[1:], as_of=TODAY)
    with CaptureQueriesContext(connection) as none:
        rebuild_billing(orders=[], as_of=TODAY)

    assert (len(one), len(many), len(none)) == (6, 6, 0)
    assert Instalment.objects.count() == 41 * 12


def test_rebuild_asks_when_the_start_moves_far_back() -> None:
    [contract] = sign(Deal())

    rebuild_billing(
        orders=[order_for(contract_id=contract.pk, deal=Deal(start=date(2026, 1, 1)))], as_of=TODAY
    )

    assert schedule_of(contract) == (ScheduleState.ASKS, False)


def test_rebuild_keeps_what_was_billed_elsewhere(admin_user: User) -> None:
    [contract] = sign(Deal(start=date(2026, 1, 1)))
    decide_catch_up(contract=contract, bill_from=date(2026, 10, 1), as_of=TODAY, actor=admin_user)

    changed = Deal(value="400.00", start=date(2026, 1, 1), cycle=QUARTERLY)
    rebuild_billing(orders=[order_for(contract_id=contract.pk, deal=changed)], as_of=TODAY)

    assert [row[4:] for row in plan_of(contract)] == [
        ("2026-01-01", ELSEWHERE),
        ("2026-04-01", ELSEWHERE),
        ("2026-07-01", ELSEWHERE),
        ("2026-10-01", PLANNED),
    ]
    assert schedule_of(contract)[0] == ScheduleState.ASKS  # October is 52 days ago and billed nowhere


def test_rebuild_refuses_a_contract_with_an_invoice() -> None:
    ensure_legal_entity()
    [contract] = sign(Deal())
    invoice_due(as_of=TODAY, trigger=BillingTrigger.PERSON)

    with pytest.raises(UnableToRebuild) as refusal:
        rebuild_billing(orders=[order_for(contract_id=contract.pk, deal=Deal())], as_of=TODAY)

    assert str(refusal.value) == "Acme subscription has an invoice already, so its plan stays as it is."


def test_rebuild_asks_about_its_own_contracts_only() -> None:
    ensure_legal_entity()
    _, other = sign(Deal(), Deal(customer="Other", start=date(2027, 1, 1)))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    changed = Deal(customer="Other", start=date(2027, 1, 1), value="2400.00")

    rebuild_billing(orders=[order_for(contract_id=other.pk, deal=changed)], as_of=TODAY)

    assert {row[3] for row in plan_of(other)} == {20_000}


def test_rebuild_refuses_a_contract_without_a_schedule() -> None:
    with pytest.raises(UnableToRebuild) as refusal:
        rebuild_billing(orders=[order_for(contract_id=1, deal=Deal())], as_of=TODAY)

    assert str(refusal.value) == "A contract without a billing schedule has no plan to rebuild."


def test_catch_up_bills_all(admin_user: User) -> None:
    [contract] = sign(Deal(start=date(2026, 1, 1)))

    decide_catch_up(contract=contract, bill_from=None, as_of=TODAY, actor=admin_user)

    assert schedule_of(contract)[0] == ScheduleState.ACTIVE
    assert {row[5] for row in plan_of(contract)} == {PLANNED}


def test_catch_up_leaves_out_what_was_billed_elsewhere(admin_user: User) -> None:
    [contract] = sign(Deal(start=date(2026, 1, 1)))

    decide_catch_up(contract=contract, bill_from=date(2026, 10, 15), as_of=TODAY, actor=admin_user)

    assert schedule_of(contract)[0] == ScheduleState.ACTIVE
    assert [row[5] for row in plan_of(contract)] == [ELSEWHERE] * 9 + [PLANNED] * 3
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.object_type, entry.object_id, entry.before, entry.after) == (
        admin_user,
        "Catch-up decided",
        "contracts.contract",
        contract.pk,
        {"schedule": "Needs a decision"},
        {"schedule": "Active", "bill_from": "2026-10-15", "billed_elsewhere": 9},
    )


def test_catch_up_leaves_alone_what_is_invoiced(admin_user: User) -> None:
    ensure_legal_entity()
    [contract] = sign(Deal(start=date(2026, 10, 22)))
    invoice_due(as_of=TODAY, trigger=BillingTrigger.COMMAND)
    BillingSchedule.objects.update(state=ScheduleState.ASKS)

    decide_catch_up(contract=contract, bill_from=date(2026, 12, 31), as_of=TODAY, actor=admin_user)

    assert [row[5] for row in plan_of(contract)] == [InstalmentState.INVOICED] * 2 + [PLANNED] * 10


def test_catch_up_clears_what_is_due_now_and_nothing_else(admin_user: User) -> None:
    [contract] = sign(Deal(start=date(2026, 7, 22)))
    run = BillingRun.objects.create(trigger=BillingTrigger.SCHEDULE, as_of=TODAY)
    plan = Instalment.objects.filter(schedule__contract=contract).order_by("sequence")
    plan.filter(sequence__in=(1, 2, 7)).update(parked_by=run)
    plan.filter(sequence=3).update(state=InstalmentState.BILLED_ELSEWHERE)

    decide_catch_up(contract=contract, bill_from=None, as_of=TODAY, actor=admin_user)

    assert list(plan.values_list("sequence", "is_cleared", "parked_by")) == [
        (1, True, None),
        (2, True, None),
        (3, False, None),
        (4, True, None),
        (5, True, None),
        (6, False, None),
        (7, False, run.pk),
        *((sequence, False, None) for sequence in range(8, 13)),
    ]
    assert AuditEntry.objects.get().after == {
        "schedule": "Active",
        "bill_from": None,
        "billed_elsewhere": 0,
    }


def test_a_free_contract_has_nothing_to_bill() -> None:
    [contract] = sign(Deal())
    free = ActivationOrder(contract_id=contract.pk, instalments=())

    rebuild_billing(orders=[free], as_of=TODAY)

    assert (schedule_of(contract), plan_of(contract)) == ((ScheduleState.ENDED, False), [])


def test_catch_up_is_decided_once(admin_user: User) -> None:
    [contract] = sign(Deal())

    with pytest.raises(UnableToCatchUp) as refusal:
        decide_catch_up(contract=contract, bill_from=None, as_of=TODAY, actor=admin_user)

    assert str(refusal.value) == "Acme subscription needs no decision on what was billed before."
