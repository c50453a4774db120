"""A year of the worker's own task, in zones that are behind and ahead of UTC, with and without gaps.

From July 2027 to June 2028: both changes of the clocks, a change of the year's number series, 29 February.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, product

import pytest
from django.db import connection

from billing.enums import InstalmentState
from billing.models import BillingRun, Instalment, Invoice
from billing.tasks import bill_due
from contracts.enums import BillingCycle, BillingTiming, LeadDays
from contracts.models import Contract, Workspace
from tests.billing.builders import AHEAD, Deal, ensure_legal_entity, forget_numbers, sign
from tests.billing.calendars import KATHMANDU, KIRITIMATI, NEW_YORK, ZONES, day_in
from tests.invariants import WITHOUT_CRM, assert_no_violations
from tests.travel import travel_to_moment

pytestmark = [pytest.mark.django_db, pytest.mark.slow, AHEAD]

FIRST = date(2027, 7, 1)
DAYS = 366
LAST = FIRST + timedelta(days=DAYS - 1)
ADVANCE, ARREARS = BillingTiming.IN_ADVANCE, BillingTiming.IN_ARREARS
MONTHLY, QUARTERLY, ANNUAL = BillingCycle.MONTHLY, BillingCycle.QUARTERLY, BillingCycle.ANNUAL

At = Callable[[datetime], None]


@pytest.fixture
def at() -> At:
    """The worker's task, at that moment."""

    def run(moment: datetime) -> None:
        travel_to_moment(moment)
        bill_due()

    return run


def workspace(zone: str) -> None:
    ensure_legal_entity()
    Workspace.objects.update_or_create(pk=1, defaults={"time_zone": zone})


def deals(dice: random.Random) -> Iterator[Deal]:
    """Ends of months, days on which clocks change, turns of the year, and whatever the dice say."""
    anchors = [
        *(date(2027, month, day) for month in (7, 8, 10) for day in (29, 30, 31)),
        date(2027, 11, 7),  # clocks go back in New York
        date(2028, 3, 12),  # and forward
        date(2027, 12, 31),
        date(2028, 1, 1),
        date(2028, 2, 29),
    ]
    for start, (timing, lead) in product(anchors, [(ADVANCE, 0), (ADVANCE, 15), (ARREARS, 0)]):
        yield Deal(start=start, months=dice.choice([3, 7, 13]), timing=timing, lead_days=lead, value="700.01")
    for start, cycle in product(anchors[:9], [QUARTERLY, BillingCycle.SEMI_ANNUAL, ANNUAL]):
        yield Deal(start=start, months=14, cycle=cycle, value="1000.01")
    for _ in range(60):
        lead = dice.choice(list(LeadDays))
        yield Deal(
            currency=(choice := dice.choice([("USD", "999.99"), ("JPY", "100001"), ("BHD", "100.001")]))[0],
            value=choice[1],
            start=FIRST + timedelta(days=lead + dice.randrange(200)),
            months=dice.randrange(1, 25),
            cycle=dice.choice(list(BillingCycle)),
            timing=dice.choice(list(BillingTiming)),
            lead_days=lead,
        )
    yield from the_usual()


def the_usual() -> Iterator[Deal]:
    """So much on the first of each month that no other day is more than usual."""
    for currency, value in [("USD", "60000.00"), ("JPY", "6000000"), ("BHD", "6000.000")]:
        for _ in range(6):
            yield Deal(currency=currency, value=value, start=FIRST, months=12)


def every_day(dice: random.Random, zone: str) -> list[datetime]:
    """One moment in each day of the year there, also just after midnight and just before."""
    midnight_utc = datetime.combine(FIRST, time(), UTC)
    moments = [
        midnight_utc + timedelta(days=day, hours=hour, minutes=dice.choice([0, 15, 59]))
        for day in range(-1, DAYS + 1)
        for hour in range(24)
    ]
    by_day: dict[date, list[datetime]] = {}
    for moment in moments:
        by_day.setdefault(day_in(zone, moment), []).append(moment)
    return [
        dice.choice([found[0], found[-1], dice.choice(found)])
        for day, found in sorted(by_day.items())
        if FIRST <= day <= LAST
    ]


def with_gaps(dice: random.Random, moments: Sequence[datetime]) -> list[datetime]:
    """The first day, the last one, and what is left of the others when the worker stands still now and then."""
    left = [moments[0]]
    place = 0
    while (place := place + dice.choice([1, 1, 1, 1, 2, 3, 9, 40])) < len(moments) - 1:
        left.append(moments[place])
    return [*left, moments[-1]]


def content() -> dict[int, tuple[object, ...]]:
    """By instalment: everything of its invoice but number, dates and run."""
    rows = Invoice.objects.values_list(
        "instalment",
        "contract",
        "customer",
        "state",
        "currency",
        "net_minor",
        "tax_minor",
        "total_minor",
        "seller",
        "buyer",
        "lines__position",
        "lines__description",
        "lines__period_start",
        "lines__period_end",
        "lines__amount_minor",
    )
    found = {row[0]: row[1:] for row in rows}
    assert len(found) == len(rows)
    return found


def assert_dated_by_the_first_run(run_days: Sequence[date]) -> None:
    issued = list(
        Invoice.objects.order_by("year", "sequence").values_list(
            "issue_date", "instalment__billing_date", "number"
        )
    )
    assert [row[0] for row in issued] == [min(day for day in run_days if day >= row[1]) for row in issued]
    assert all(earlier[0] <= later[0] for earlier, later in pairwise(issued))
    by_year = [sum(row[0].year == year for row in issued) for year in (2027, 2028)]
    assert [row[2] for row in issued] == [
        f"INV-{year}-{place:06d}"
        for year, count in zip((2027, 2028), by_year, strict=True)
        for place in range(1, count + 1)
    ]
    assert min(by_year) > 100


def begin(zone: str, contracts: Sequence[Deal]) -> None:
    """Whatever was before: the same contracts under the same keys, and nothing billed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE contracts_customer, contracts_auditentry, billing_billingrun, billing_numberseries,"
            " django_q_ormq RESTART IDENTITY CASCADE"
        )
    forget_numbers()
    workspace(zone)
    sign(*contracts, as_of=FIRST)


def simulate(
    at: At, zone: str, contracts: Sequence[Deal], moments: Sequence[datetime]
) -> dict[int, tuple[object, ...]]:
    """What the year brings."""
    begin(zone, contracts)
    for moment in moments:
        at(moment)
    run_days = [day_in(zone, moment) for moment in moments]
    assert list(BillingRun.objects.order_by("pk").values_list("as_of", flat=True)) == run_days
    assert set(BillingRun.objects.values_list("state", flat=True)) == {"done"}
    assert not Instalment.objects.filter(state=InstalmentState.PLANNED, billing_date__lte=LAST).exists()
    assert_dated_by_the_first_run(run_days)
    assert_no_violations(but={WITHOUT_CRM})
    return content()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("zone", ZONES)
def test_a_year_with_gaps_brings_the_invoices_of_one_without(zone: str, at: At) -> None:
    dice = random.Random(zone)
    contracts = list(deals(dice))
    moments = every_day(dice, zone)
    assert [day_in(zone, moment) for moment in moments] == [
        FIRST + timedelta(days=day) for day in range(DAYS)
    ]

    without = simulate(at, zone, contracts, moments)
    due = Instalment.objects.filter(billing_date__lte=LAST).values_list("pk", flat=True)

    assert set(without) == set(due)
    for _ in range(2):
        assert simulate(at, zone, contracts, with_gaps(dice, moments)) == without


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("day", "days"),
    [
        (date(2027, 11, 6), 3),  # the clocks of New York go back
        (date(2027, 12, 30), 4),
        (date(2028, 2, 27), 4),
        (date(2028, 3, 11), 3),  # and forward
    ],
    ids=str,
)
def test_hour_by_hour_no_day_is_billed_early_or_late(zone: str, day: date, days: int, at: At) -> None:
    """Each contract begins on another of the days; an hourly run bills it in the first hour of its day there."""
    workspace(zone)
    sign(
        *[
            Deal(customer=f"Day {place}", start=day + timedelta(days=place), months=2)
            for place in range(-1, days + 2)
        ],
        as_of=day,
    )
    hour = datetime.combine(day, time(), UTC) - timedelta(hours=24)
    seen = set()

    for _ in range((days + 2) * 24):
        at(hour)
        here = day_in(zone, hour)
        billed = set(Invoice.objects.values_list("contract__start_date", flat=True))
        assert billed == set(
            Contract.objects.filter(start_date__lte=here).values_list("start_date", flat=True)
        ), f"at {hour}"
        seen.add(here)
        hour += timedelta(hours=1)

    late = Invoice.objects.exclude(contract__start_date=min(seen) - timedelta(days=1))
    assert len(late) > days
    assert [row for row in late.values_list("issue_date", "contract__start_date") if row[0] != row[1]] == []


@pytest.mark.parametrize(
    ("zone", "moment", "numbers"),
    [
        (NEW_YORK, datetime(2028, 1, 1, 4, 59, tzinfo=UTC), "2027"),
        (NEW_YORK, datetime(2028, 1, 1, 5, 0, tzinfo=UTC), "2028"),
        (KATHMANDU, datetime(2027, 12, 31, 18, 14, tzinfo=UTC), "2027"),
        (KATHMANDU, datetime(2027, 12, 31, 18, 15, tzinfo=UTC), "2028"),
        (KIRITIMATI, datetime(2027, 12, 31, 9, 59, tzinfo=UTC), "2027"),
        (KIRITIMATI, datetime(2027, 12, 31, 10, 0, tzinfo=UTC), "2028"),
    ],
)
def test_case_85_the_series_changes_with_the_year_of_the_workspace(
    zone: str, moment: datetime, numbers: str, at: At
) -> None:
    workspace(zone)
    sign(Deal(start=date(2027, 12, 31), months=1), as_of=date(2027, 12, 31))

    at(moment)

    assert Invoice.objects.get().number == f"INV-{numbers}-000001"
