from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from billing.tax import (
    TAX_SQL,
    WHOLE,
    Charge,
    NoSuchPart,
    RateTotal,
    next_part,
    percent_of,
    rate_of,
    tax_of,
    tax_summary,
)

AMOUNTS = st.integers(min_value=1, max_value=10**15)
RATES = st.integers(min_value=0, max_value=99_999)


@pytest.mark.parametrize(
    ("amount", "rate", "included", "tax"),
    [
        (10_000, 19_000, False, 1_900),
        (11_900, 19_000, True, 1_900),
        (10_000, 8_875, False, 888),  # 887.5
        (-10_000, 8_875, False, -888),  # away from zero
        (1, 50_000, False, 1),  # 0.5
        (1, 49_999, False, 0),
        (100_000, 0, False, 0),
        (8_334, 10_000, False, 833),  # JPY: 833.4
        (33_334, 5_000, False, 1_667),  # BHD: 1.6667
        (777_777, 19_500, False, 151_667),  # CLF: 15.16665
    ],
)
def test_tax_is_rounded_half_away_from_zero(amount: int, rate: int, included: bool, tax: int) -> None:
    assert tax_of(amount=amount, rate=rate, included=included) == tax


@pytest.mark.parametrize("rate", [-1, 100_000])
def test_a_rate_outside_its_range_is_refused(rate: int) -> None:
    with pytest.raises(ValueError, match=r"^A tax rate lies between 0 and 100 %\.$"):
        tax_of(amount=1, rate=rate, included=False)


@given(amount=AMOUNTS, rate=RATES, included=st.booleans())
def test_tax_is_what_decimals_say(amount: int, rate: int, included: bool) -> None:
    whole = 100_000 + rate if included else 100_000
    numerator, rest = divmod(amount * rate, whole)
    half = Decimal(rest * 10 // whole if rest * 2 != whole else 5).scaleb(-1)  # its first decimal is enough

    expected = numerator + int(half.quantize(Decimal(1), ROUND_HALF_UP))

    assert tax_of(amount=amount, rate=rate, included=included) == expected


@given(amount=AMOUNTS, rate=RATES, included=st.booleans())
def test_net_is_never_nothing_and_total_is_what_was_agreed(amount: int, rate: int, included: bool) -> None:
    [total] = tax_summary(charges=[Charge(amount=amount, rate=rate)], included=included)

    assert total.net > 0
    assert (total.total if included else total.net) == amount


def test_summary_rounds_once_for_each_rate() -> None:
    charges = [Charge(amount=3, rate=19_000), Charge(amount=5, rate=7_000), Charge(amount=3, rate=19_000)]

    assert tax_summary(charges=charges, included=False) == [
        RateTotal(rate=19_000, net=6, tax=1),  # 1.14; line by line it would be 0.57 twice: 2
        RateTotal(rate=7_000, net=5, tax=0),
    ]


@given(
    parts=st.lists(st.integers(min_value=1, max_value=10**12), min_size=1, max_size=12),
    rate=RATES,
    included=st.booleans(),
)
def test_parts_take_back_exactly_the_whole(parts: list[int], rate: int, included: bool) -> None:
    [whole] = tax_summary(charges=[Charge(amount=sum(parts), rate=rate)], included=included)

    notes = taken_back(whole, parts, included=included)

    assert total_of(notes, rate=rate) == whole
    assert all(note.net >= 1 and note.tax >= 0 for note in notes)


@pytest.mark.parametrize("included", [False, True])
def test_every_part_of_a_small_whole_has_net_and_leaves_net(included: bool) -> None:
    """Every rate of a fine mesh from 0 to 99.999 %, every first part of 1 to 40 units, then the rest."""
    for rate in [*range(0, WHOLE, 997), 1, 19_000, WHOLE - 1]:
        for charged in range(1, 41):
            [whole] = tax_summary(charges=[Charge(amount=charged, rate=rate)], included=included)
            for first in range(1, charged):
                notes = taken_back(whole, [first, charged - first], included=included)
                assert total_of(notes, rate=rate) == whole
                assert all(note.net >= 1 and note.tax >= 0 for note in notes), (rate, charged, first)


def test_the_rest_of_a_cent_has_a_net() -> None:
    [whole] = tax_summary(charges=[Charge(amount=100_00, rate=19_000)], included=True)

    assert taken_back(whole, [99_99, 1], included=True) == [
        RateTotal(rate=19_000, net=84_02, tax=15_97),
        RateTotal(rate=19_000, net=1, tax=0),
    ]


def test_a_part_without_net_is_refused() -> None:
    whole = RateTotal(rate=99_999, net=1, tax=1)

    with pytest.raises(NoSuchPart):
        next_part(whole=whole, taken=NOTHING, amount=1, included=True)


NOTHING = RateTotal(rate=0, net=0, tax=0)


def taken_back(whole: RateTotal, parts: list[int], *, included: bool) -> list[RateTotal]:
    """One note for each part; where a part is refused, one for all that is left."""
    notes: list[RateTotal] = []
    for amount in parts:
        taken = total_of(notes, rate=whole.rate)
        try:
            notes.append(next_part(whole=whole, taken=taken, amount=amount, included=included))
        except NoSuchPart:
            rest = whole.total - taken.total if included else whole.net - taken.net
            notes.append(next_part(whole=whole, taken=taken, amount=rest, included=included))
            return notes
    return notes


def total_of(notes: list[RateTotal], *, rate: int) -> RateTotal:
    return RateTotal(rate=rate, net=sum(note.net for note in notes), tax=sum(note.tax for note in notes))


@pytest.mark.parametrize(
    ("parts", "included", "taxes"),
    [
        ([33, 33, 34], False, [6, 7, 6]),  # by the rule 6.27, 12.54 and 19
        ([40, 40, 39], True, [6, 7, 6]),  # by the rule 6.39, 12.77 and 19
    ],
)
def test_a_part_has_the_tax_of_all_parts_so_far_less_what_went_before(
    parts: list[int], included: bool, taxes: list[int]
) -> None:
    whole = RateTotal(rate=19_000, net=100, tax=19)

    assert [note.tax for note in taken_back(whole, parts, included=included)] == taxes


@pytest.mark.parametrize(
    ("whole", "parts", "taxes"),
    [
        (RateTotal(rate=19_000, net=100, tax=20), [50, 50], [10, 10]),  # the rule: 9.5 and 9
        (RateTotal(rate=1_000, net=100, tax=1), [10, 90], [0, 1]),
    ],
)
def test_the_last_part_has_the_tax_that_is_left(whole: RateTotal, parts: list[int], taxes: list[int]) -> None:
    assert [note.tax for note in taken_back(whole, parts, included=False)] == taxes


@pytest.mark.parametrize(
    ("rate", "percent"),
    [
        (0, "0"),
        (1, "0.001"),
        (100, "0.1"),
        (8_875, "8.875"),
        (19_000, "19"),
        (20_000, "20"),
        (99_999, "99.999"),
    ],
)
def test_a_rate_is_written_as_people_write_it_and_read_back(rate: int, percent: str) -> None:
    assert str(percent_of(rate=rate)) == percent
    assert rate_of(percent=Decimal(percent)) == rate


@pytest.mark.parametrize("amount", [0, -1, 41])
def test_a_part_that_is_not_left_is_refused(amount: int) -> None:
    whole = RateTotal(rate=19_000, net=100, tax=19)

    with pytest.raises(ValueError, match=r"^A part lies between nothing and what is left\.$"):
        next_part(whole=whole, taken=RateTotal(rate=19_000, net=60, tax=11), amount=amount, included=False)


@pytest.mark.django_db
@pytest.mark.parametrize("included", [False, True])
def test_sql_computes_the_same(included: bool) -> None:
    rates = [0, 1, 5_000, 8_875, 19_000, 33_333, 99_999]
    amounts = [*range(1, 400), 8_334, 33_334, 10**9 + 7, 10**15 - 1, -1, -8_334, -(10**15)]
    cases = [(amount, rate) for amount in amounts for rate in rates]
    expression = TAX_SQL.format(amount="cases.amount", rate="cases.rate", included="%(included)s")

    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {expression} FROM unnest(%(amounts)s::bigint[], %(rates)s::integer[])"
            " WITH ORDINALITY AS cases (amount, rate, place) ORDER BY cases.place",
            {
                "included": included,
                "amounts": [amount for amount, _ in cases],
                "rates": [rate for _, rate in cases],
            },
        )
        computed = [tax for (tax,) in cursor.fetchall()]

    assert computed == [tax_of(amount=amount, rate=rate, included=included) for amount, rate in cases]
