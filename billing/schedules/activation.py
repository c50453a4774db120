"""Gives contracts their billing schedule and instalments."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef, Q

from billing.enums import InstalmentState, ScheduleState
from billing.locks import lock_contracts
from billing.models import BillingSchedule, Instalment, Invoice
from billing.schedules.drafting import withdraw_drafts
from billing.schedules.periods import PlannedInstalment
from billing.schedules.printability import note_unprintable
from contracts import audit
from contracts.bulk import copy_rows, next_ids, update_rows
from contracts.models import Contract

CATCH_UP = timedelta(days=31)
"""How far back missed instalments are billed without asking."""
ONE_DAY = timedelta(days=1)


class UnableToRebuild(Exception):
    """A contract without a schedule, or with an invoice: a change of that one is a proposal."""


class UnableToCatchUp(Exception):
    """The schedule asks nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationOrder:
    contract_id: int
    instalments: Sequence[PlannedInstalment]
    billed_until: date | None = None
    """The last day that was billed elsewhere. A period that ends after it is billed whole."""

    def elsewhere(self, *, before: date = date.min) -> int:
        """How many of the first instalments are billed elsewhere: up to `billed_until`, or up to `before`."""
        day = max(before, self.billed_until + ONE_DAY) if self.billed_until else before
        return sum(planned.period.span.end <= day for planned in self.instalments)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Schedule:
    """One schedule with its plan, ready to be written."""

    id: int
    contract_id: int
    instalments: Sequence[PlannedInstalment]
    elsewhere: int = 0
    """How many of the first instalments are billed elsewhere."""

    def state(self, *, as_of: date) -> ScheduleState:
        """A free contract has nothing to bill."""
        if not self.instalments:
            return ScheduleState.ENDED
        asks = asks_first(instalments=self.instalments[self.elsewhere :], as_of=as_of)
        return ScheduleState.ASKS if asks else ScheduleState.ACTIVE

    @property
    def has_short_period(self) -> bool:
        return bool(self.instalments) and self.instalments[-1].period.is_short


def asks_first(*, instalments: Sequence[PlannedInstalment], as_of: date) -> bool:
    """Whether the oldest instalment was missed too long ago to be billed without a decision.

    One that is billed ahead of its period is missed only once the period has begun.
    """
    if not instalments:
        return False
    oldest = instalments[0].period
    return max(oldest.billing_date, oldest.span.start) < as_of - CATCH_UP


def activate_billing(*, orders: Sequence[ActivationOrder], as_of: date) -> None:
    """Gives new contracts their schedule and instalments: four statements in the caller's transaction."""
    if not orders:
        return
    ids = next_ids(counts={BillingSchedule: len(orders)})[BillingSchedule]
    schedules = [
        _Schedule(
            id=id_,
            contract_id=order.contract_id,
            instalments=order.instalments,
            elsewhere=order.elsewhere(),
        )
        for id_, order in zip(ids, orders, strict=True)
    ]
    copy_rows(
        model=BillingSchedule,
        columns=["id", "contract_id", "state", "has_short_period"],
        rows=(
            [schedule.id, schedule.contract_id, schedule.state(as_of=as_of).value, schedule.has_short_period]
            for schedule in schedules
        ),
    )
    _copy_instalments(schedules)
    note_unprintable(contract_ids=[order.contract_id for order in orders])


def rebuild_billing(*, orders: Sequence[ActivationOrder], as_of: date) -> None:
    """Gives contracts without an issued invoice a new plan: six statements in the caller's transaction.

    Drafts are withdrawn; the new plan leads to new ones. What was billed elsewhere up to a day, by a person's
    decision, stays so in the new plan.
    """
    if not orders:
        return
    contract_ids = [order.contract_id for order in orders]
    lock_contracts(contract_ids=contract_ids)
    withdraw_drafts(contract_ids=contract_ids)
    rebuildable = _rebuildable(orders)
    schedules = []
    for order in orders:
        schedule_id, billed_up_to = rebuildable[order.contract_id]
        schedules.append(
            _Schedule(
                id=schedule_id,
                contract_id=order.contract_id,
                instalments=order.instalments,
                elsewhere=order.elsewhere(before=billed_up_to),
            )
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM billing_instalment WHERE schedule_id = ANY(%s::bigint[])",
            [[schedule.id for schedule in schedules]],
        )
    update_rows(
        model=BillingSchedule,
        columns=["state", "has_short_period"],
        rows=[
            [schedule.id, schedule.state(as_of=as_of).value, schedule.has_short_period]
            for schedule in schedules
        ],
    )
    _copy_instalments(schedules)


def decide_catch_up(
    *, contract: Contract, bill_from: date | None, as_of: date, actor: AbstractBaseUser
) -> None:
    """Answers a schedule that asks: bill all of it, or only the periods that end after `bill_from`."""
    with transaction.atomic():
        lock_contracts(contract_ids=[contract.pk])
        schedule = BillingSchedule.objects.get(contract=contract)
        if schedule.state != ScheduleState.ASKS:
            raise UnableToCatchUp(f"{contract} needs no decision on what was billed before.")
        schedule.state = ScheduleState.ACTIVE
        schedule.save(update_fields=["state"])
        schedule.instalments.filter(state=InstalmentState.PLANNED, billing_date__lte=as_of).update(
            is_cleared=True, parked_by=None
        )
        elsewhere = 0
        if bill_from is not None:
            missed = schedule.instalments.filter(state=InstalmentState.PLANNED, period_end__lte=bill_from)
            elsewhere = missed.update(state=InstalmentState.BILLED_ELSEWHERE)
        audit.record(
            actor=actor,
            action="Catch-up decided",
            subject=contract,
            before={"schedule": ScheduleState.ASKS.label},
            after={
                "schedule": ScheduleState.ACTIVE.label,
                "bill_from": bill_from.isoformat() if bill_from else None,
                "billed_elsewhere": elsewhere,
            },
        )


def _rebuildable(orders: Sequence[ActivationOrder]) -> Mapping[int, tuple[int, date]]:
    """By contract: its schedule, and the day up to which it was billed elsewhere. None has a draft."""
    rows = (
        BillingSchedule.objects.filter(contract__in=[order.contract_id for order in orders])
        .annotate(
            has_invoice=Exists(Invoice.objects.filter(contract=OuterRef("contract"))),
            billed_up_to=Max(
                "instalments__period_end", filter=Q(instalments__state=InstalmentState.BILLED_ELSEWHERE)
            ),
        )
        .values_list("contract_id", "contract__name", "id", "has_invoice", "billed_up_to")
    )
    found = {}
    for contract_id, name, schedule_id, has_invoice, billed_up_to in rows:
        if has_invoice:
            raise UnableToRebuild(f"{name} has an invoice already, so its plan stays as it is.")
        found[contract_id] = (schedule_id, billed_up_to or date.min)
    if len(found) < len(orders):
        raise UnableToRebuild("A contract without a billing schedule has no plan to rebuild.")
    return found


def _copy_instalments(schedules: Sequence[_Schedule]) -> None:
    copy_rows(
        model=Instalment,
        columns=[
            "schedule_id",
            "sequence",
            "period_start",
            "period_end",
            "amount_minor",
            "billing_date",
            "state",
        ],
        rows=_instalment_rows(schedules),
    )


def _instalment_rows(schedules: Sequence[_Schedule]) -> Iterator[list[int | str | date]]:
    to_bill, elsewhere = InstalmentState.PLANNED.value, InstalmentState.BILLED_ELSEWHERE.value
    for schedule in schedules:
        for planned in schedule.instalments:
            period = planned.period
            yield [
                schedule.id,
                period.sequence,
                period.span.start,
                period.span.end,
                planned.amount.minor,
                period.billing_date,
                elsewhere if period.sequence <= schedule.elsewhere else to_bill,
            ]
