"""What is unusual enough to ask a person before it is billed.

* More than three invoices of one contract in one run: the schedule asks, and nothing of it is billed.
* A run of more than three times the usual number of invoices, or value in a currency: it is parked whole.
  Usual is the largest of the last hundred runs that billed something, so that the first of a month is no
  excess; there must have been twenty.

What came due while nothing ran is measured by the day on which it would have been billed, so that an outage
that is caught up is no excess. What somebody has decided already is not asked again.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain

from django.db import connection
from django.db.models import F, Max

from billing.enums import AskReason, BillingRunState, BillingTrigger, ScheduleState
from billing.locks import lock_contracts
from billing.models import WAITS, BillingRun, BillingSchedule
from billing.schedules.due import BILLABLE, Total, added_up
from contracts import audit
from contracts.bulk import as_json
from contracts.models import Contract
from contracts.money import Money

MOST_PER_CONTRACT = 3
TIMES = 3
HISTORY = 20
LOOK_BACK = 100

DAY = """
    CASE WHEN instalment.billing_date > %(last)s THEN instalment.billing_date ELSE %(as_of)s::date END
"""
"""On which day it would have been billed, had nothing stood still since `last`; without one, today."""
_ASKED_ABOUT = """
    instalment.state = 'planned' AND instalment.billing_date <= %(as_of)s
    AND instalment.parked_by_id IS NULL AND NOT instalment.is_cleared
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    invoices: int
    minor: Mapping[str, int]

    def is_exceeded_by(self, totals: Sequence[Total]) -> bool:
        return bool(self.excess_of(totals))

    def excess_of(self, totals: Sequence[Total]) -> list[str]:
        """A sentence for each bound that is exceeded."""
        sentences = []
        invoices = sum(total.invoices for total in totals)
        if invoices > TIMES * self.invoices:
            sentences.append(
                f"{invoices} invoices are due at once, more than three times the usual {self.invoices}."
            )
        for total in totals:
            usual = self.minor.get(total.currency)
            if usual is not None and total.minor > TIMES * usual:
                amount = Money(minor=total.minor, currency=total.currency)
                largest = Money(minor=usual, currency=total.currency)
                sentences.append(f"{amount} are due at once, more than three times the usual {largest}.")
        return sentences


def last_billed(*, run: BillingRun) -> date | None:
    """Up to which day everything had been looked at before this run."""
    earlier = BillingRun.objects.filter(
        pk__lt=run.pk, as_of__lte=run.as_of, state__in=[BillingRunState.DONE, BillingRunState.PARKED]
    ).exclude(trigger=BillingTrigger.APPROVAL)
    found: date | None = earlier.aggregate(day=Max("as_of"))["day"]
    return found


def missed_since(*, run: BillingRun, last: date | None) -> date | None:
    """The first day on which nothing was billed, if there was one."""
    if last is None or run.as_of - last < timedelta(days=2):
        return None
    return last + timedelta(days=1)


def contracts_to_ask(
    *, run: BillingRun, last: date | None, among: Collection[int] | None = None
) -> list[int]:
    """Contracts that would have more than three invoices in the run; `among`: only of these."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT DISTINCT schedule.contract_id
            FROM (
                SELECT instalment.schedule_id
                FROM billing_instalment instalment
                WHERE {_ASKED_ABOUT}
                GROUP BY instalment.schedule_id, {DAY}
                HAVING count(*) > {MOST_PER_CONTRACT}
            ) many
            JOIN billing_billingschedule schedule ON schedule.id = many.schedule_id
            JOIN contracts_contract contract ON contract.id = schedule.contract_id
            WHERE schedule.state = 'active' AND contract.state IN ('scheduled', 'active') AND NOT ({WAITS})
              AND (%(among)s::bigint[] IS NULL OR contract.id = ANY(%(among)s::bigint[]))
            """,  # noqa: S608  constants
            {
                "as_of": run.as_of,
                "last": last,
                "among": None if among is None else list(among),
            },
        )
        return [id_ for (id_,) in cursor.fetchall()]


def ask_about_contracts(*, run: BillingRun, last: date | None, among: Collection[int] | None = None) -> int:
    """Makes schedules ask that would have more than three invoices in the run; `among`: only these."""
    ids = contracts_to_ask(run=run, last=last, among=among)
    if not ids:
        return 0
    lock_contracts(contract_ids=ids)
    # Asked again: a person may have answered for a schedule while its contract was being waited for.
    asked = BillingSchedule.objects.filter(contract__in=ids, state=ScheduleState.ACTIVE)
    contracts = list(Contract.objects.filter(billing_schedule__in=asked).order_by("pk"))
    asked.update(state=ScheduleState.ASKS, asks_because=AskReason.MANY)
    audit.record_all(
        audit.entry(
            actor=None,
            action="Billing asks",
            subject=contract,
            before={"schedule": ScheduleState.ACTIVE.label},
            after={"schedule": ScheduleState.ASKS.label},
            reason="More than three invoices were due in one run.",
        )
        for contract in contracts
    )
    return len(contracts)


def park_excess(*, run: BillingRun, last: date | None) -> list[Total]:
    """Parks each day's due instalments that exceed the usual; what was parked."""
    usual = usual_run(run=run)
    if usual is None:
        return []
    excess = {day: totals for day, totals in _due_by_day(run, last).items() if usual.is_exceeded_by(totals)}
    if not excess:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE billing_instalment SET parked_by_id = %(run)s
            WHERE id IN (
                SELECT instalment.id
                FROM billing_instalment instalment JOIN {BILLABLE}
                WHERE {_ASKED_ABOUT} AND {DAY} = ANY(%(days)s::date[])
            )
            """,  # noqa: S608  constants
            {"run": run.pk, "as_of": run.as_of, "last": last, "days": list(excess)},
        )
        parked = added_up(chain.from_iterable(excess.values()))
        cursor.execute(
            "UPDATE billing_billingrun SET parked = %s::jsonb WHERE id = %s",
            [
                as_json(
                    [
                        {"currency": total.currency, "invoices": total.invoices, "minor": total.minor}
                        for total in parked
                    ]
                ),
                run.pk,
            ],
        )
    return parked


def is_unusual(*, totals: Sequence[Total]) -> bool:
    """Whether a run over these, were it to come next, would be parked."""
    usual = usual_run(run=None)
    return usual is not None and usual.is_exceeded_by(totals)


def usual_run(*, run: BillingRun | None) -> Usual | None:
    """None as long as there is no history. Runs that caught up an outage say nothing of what is usual."""
    ordinary = (
        (BillingRun.objects.filter(pk__lt=run.pk) if run else BillingRun.objects.all())
        .filter(caught_up_since=None)
        .exclude(trigger=BillingTrigger.APPROVAL)
        .annotate(billed=F("issued") + F("drafted"))
        .filter(billed__gt=0)
    )
    history = list(ordinary.order_by("-pk").values_list("billed", "totals")[:LOOK_BACK])
    if len(history) < HISTORY:
        return None
    minor: dict[str, int] = defaultdict(int)
    for _, totals in history:
        for currency, amount in totals.items():
            minor[currency] = max(minor[currency], amount)
    return Usual(invoices=max(billed for billed, _ in history), minor=dict(minor))


def _due_by_day(run: BillingRun, last: date | None) -> dict[date, list[Total]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {DAY} AS day, contract.currency, count(*), sum(instalment.amount_minor)
            FROM billing_instalment instalment JOIN {BILLABLE}
            WHERE {_ASKED_ABOUT}
            GROUP BY 1, 2
            """,  # noqa: S608  constants
            {"as_of": run.as_of, "last": last},
        )
        by_day: dict[date, list[Total]] = defaultdict(list)
        for day, currency, invoices, minor in cursor.fetchall():
            by_day[day].append(Total(currency=currency, invoices=invoices, minor=int(minor)))
    return by_day
