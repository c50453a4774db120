"""What a billing run would do, told without writing anything: the same rules, read only."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from django.db import connection, transaction

from billing.enums import BillingMode, ScheduleState, SeriesKind
from billing.issuing.bounds import DAY, Usual, contracts_to_ask, last_billed, missed_since, usual_run
from billing.issuing.invoicing import sender_refusal
from billing.issuing.numbering import day_refusal
from billing.issuing.policy import billing_policy, closed_sentence
from billing.models import BillingRun, BillingSchedule, LegalEntity, NumberSeries
from billing.schedules.due import BILLABLE, Total, added_up
from contracts.bulk import as_array
from contracts.clock import business_day
from contracts.models import Contract

_LATER_THAN_ALL = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingPreview:
    as_of: date
    totals: Sequence[Total]
    """Would be issued."""
    drafted: Sequence[Total]
    """Would wait in the approval queue."""
    parked: Sequence[Total]
    parked_because: Sequence[str]
    """A sentence for each bound that is exceeded."""
    asked: int
    """Contracts that would ask, because many invoices are due at once."""
    asking: int
    """Contracts with something due that ask already."""
    parked_before: Sequence[Total]
    """Due, and parked by an earlier run that nobody has decided on."""
    caught_up_since: date | None
    refusal: str
    """Why none of it could be issued; empty where nothing stands in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """What is due of one day and currency, and goes the same way."""

    day: date
    is_cleared: bool
    needs_approval: bool
    total: Total


def preview_billing(*, as_of: date) -> BillingPreview:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        return _preview(BillingRun(pk=_LATER_THAN_ALL, as_of=as_of))


def _preview(run: BillingRun) -> BillingPreview:
    last = last_billed(run=run)
    asked = contracts_to_ask(run=run, last=last)
    due = _due(run, last=last, asked=asked)
    usual = usual_run(run=run)
    excess = _excess(due, usual) if usual else {}
    free = [part for part in due if part.is_cleared or part.day not in excess]
    issued = added_up(part.total for part in free if not part.needs_approval)
    drafted = added_up(part.total for part in free if part.needs_approval)
    return BillingPreview(
        as_of=run.as_of,
        totals=issued,
        drafted=drafted,
        parked=added_up(chain.from_iterable(excess.values())),
        parked_because=[
            sentence for day in sorted(excess) if usual for sentence in usual.excess_of(excess[day])
        ],
        asked=len(asked),
        asking=_asking(as_of=run.as_of),
        parked_before=_parked_before(as_of=run.as_of),
        caught_up_since=missed_since(run=run, last=last),
        refusal=_refusal(as_of=run.as_of, issues=bool(issued)) if issued or drafted else "",
    )


def _due(run: BillingRun, *, last: date | None, asked: Collection[int]) -> list[_Due]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {DAY} AS day, instalment.is_cleared,
                %(approve)s OR coalesce(instalment.amount_minor > above.amount_minor, false),
                contract.currency, count(*), sum(instalment.amount_minor)
            FROM billing_instalment instalment JOIN {BILLABLE}
            LEFT JOIN billing_approvallimit above
                ON above.kind = 'invoice' AND above.currency = contract.currency
            WHERE instalment.state = 'planned' AND instalment.billing_date <= %(as_of)s
              AND instalment.parked_by_id IS NULL AND contract.id <> ALL(%(asked)s::bigint[])
            GROUP BY 1, 2, 3, 4
            """,  # noqa: S608  constants
            {
                "as_of": run.as_of,
                "last": last,
                "approve": billing_policy().mode == BillingMode.APPROVE,
                "asked": as_array(asked),
            },
        )
        return [
            _Due(
                day=day,
                is_cleared=cleared,
                needs_approval=waits,
                total=Total(currency=currency, invoices=invoices, minor=int(minor)),
            )
            for day, cleared, waits, currency, invoices, minor in cursor.fetchall()
        ]


def _excess(due: Iterable[_Due], usual: Usual) -> dict[date, list[Total]]:
    by_day: dict[date, list[Total]] = defaultdict(list)
    for part in due:
        if not part.is_cleared:
            by_day[part.day].append(part.total)
    sums = {day: added_up(totals) for day, totals in by_day.items()}
    return {day: totals for day, totals in sums.items() if usual.is_exceeded_by(totals)}


def _asking(*, as_of: date) -> int:
    return (
        BillingSchedule.objects.filter(
            state=ScheduleState.ASKS,
            contract__in=Contract.objects.billable(),
            instalments__state="planned",
            instalments__billing_date__lte=as_of,
        )
        .distinct()
        .count()
    )


def _parked_before(*, as_of: date) -> list[Total]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT contract.currency, count(*), sum(instalment.amount_minor)
            FROM billing_instalment instalment JOIN {BILLABLE}
            WHERE instalment.state = 'planned' AND instalment.billing_date <= %s
              AND instalment.parked_by_id IS NOT NULL
            GROUP BY 1
            ORDER BY 1
            """,  # noqa: S608  constants
            [as_of],
        )
        return [
            Total(currency=currency, invoices=invoices, minor=int(minor))
            for currency, invoices, minor in cursor.fetchall()
        ]


def _refusal(*, as_of: date, issues: bool) -> str:
    entity = LegalEntity.objects.order_by("pk").first()
    if refusal := sender_refusal(entity):
        return refusal
    today = business_day()
    closed = billing_policy().locked_until
    if closed and as_of <= closed:
        return closed_sentence(day=as_of, closed=closed)
    series = NumberSeries.objects.filter(
        legal_entity=entity, year=as_of.year, kind=SeriesKind.INVOICE
    ).first()
    if issues and series and series.last_issue_date and as_of < min(series.last_issue_date, today):
        return day_refusal(kind=SeriesKind.INVOICE, last=series.last_issue_date, day=as_of)
    return ""
