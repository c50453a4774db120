"""Three years of billing, the agent away now and then: every instalment once, on the first run it can be."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from billing.enums import BillingTrigger, InstalmentState
from billing.issuing.invoicing import invoice_due
from billing.models import Instalment, Invoice
from contracts.enums import BillingCycle, BillingTiming, ContractState, LeadDays
from contracts.models import Contract
from tests.billing.builders import AHEAD, Deal, ensure_legal_entity, sign

pytestmark = [pytest.mark.django_db, pytest.mark.slow, AHEAD]

FIRST = date(2027, 1, 1)


def random_deals(dice: random.Random) -> Iterator[Deal]:
    for _ in range(40):
        currency, value = dice.choice(
            [("USD", "1000.01"), ("JPY", "100001"), ("BHD", "100.001"), ("CLF", "77.0001")]
        )
        yield Deal(
            currency=currency,
            value=value,
            start=FIRST + timedelta(days=dice.randrange(-31, 200)),
            months=dice.randrange(1, 26),
            cycle=dice.choice(list(BillingCycle)),
            timing=dice.choice(list(BillingTiming)),
            lead_days=dice.choice(list(LeadDays)),
        )


def random_run_days(dice: random.Random) -> list[date]:
    days = [FIRST]
    while days[-1] < FIRST + timedelta(days=3 * 366):
        days.append(days[-1] + timedelta(days=dice.choice([1, 1, 1, 2, 7, 40])))
    return days


@pytest.mark.parametrize("seed", range(3))
def test_every_instalment_is_billed_once_on_the_first_run_after_its_date(seed: int) -> None:
    dice = random.Random(seed)
    ensure_legal_entity()
    contracts = sign(*random_deals(dice), as_of=FIRST)
    run_days = random_run_days(dice)

    for day in run_days:
        invoice_due(as_of=day, trigger=BillingTrigger.SCHEDULE)
        assert not Instalment.objects.filter(state=InstalmentState.PLANNED, billing_date__lte=day).exists()

    issued = list(
        Invoice.objects.order_by("year", "sequence").values_list(
            "issue_date", "instalment__billing_date", "instalment", "contract", "total_minor"
        )
    )
    assert len(issued) == len({row[2] for row in issued}) == Instalment.objects.count()
    assert [row[0] for row in issued] == [min(day for day in run_days if day >= row[1]) for row in issued]
    dates = [str(row[0]) for row in issued]
    assert dates == sorted(dates)  # as numbers rise
    for year in (2027, 2028, 2029, 2030):
        sequences = Invoice.objects.filter(year=year).order_by("sequence").values_list("sequence", flat=True)
        assert list(sequences) == list(range(1, len(sequences) + 1))
    for contract in contracts:
        assert sum(row[4] for row in issued if row[3] == contract.pk) == contract.value_minor
    assert set(Contract.objects.values_list("state", flat=True)) == {ContractState.COMPLETED}
