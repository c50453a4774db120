from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.schedules.split import ScheduleImpossible, split

TOTALS = st.integers(min_value=0, max_value=10**15 - 1)
WEIGHTS = st.lists(st.integers(min_value=1, max_value=120), min_size=1, max_size=120)


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (10_000, [1] * 3, [3_334, 3_333, 3_333]),  # case 7: USD 100.00
        (100_000, [1] * 12, [8_334] * 4 + [8_333] * 8),  # case 7: JPY 100,000
        (100_000, [4] * 3, [33_334, 33_333, 33_333]),  # case 7: BHD 100.000
        (140_000, [12, 2], [120_000, 20_000]),  # case 23
        (100, [12, 2], [86, 14]),
        (12, [1] * 12, [1] * 12),
        (7, [7], [7]),
        (0, [1, 1], [0, 0]),
    ],
)
def test_split_by_weight(total: int, weights: list[int], shares: list[int]) -> None:
    assert split(total=total, weights=weights) == shares


@pytest.mark.parametrize(("total", "weights"), [(5, [1] * 12), (11, [1] * 12), (6, [12, 1]), (1, [1, 1])])
def test_case_8_an_instalment_of_zero_is_impossible(total: int, weights: list[int]) -> None:
    with pytest.raises(ScheduleImpossible) as refusal:
        split(total=total, weights=weights)

    assert str(refusal.value) == "At least one instalment would be zero; choose a longer billing cycle."


def test_split_of_a_negative_total() -> None:
    with pytest.raises(ScheduleImpossible) as refusal:
        split(total=-1, weights=[1])

    assert str(refusal.value) == "The amount is negative."


@pytest.mark.parametrize("weights", [[], [0], [1, -1]])
def test_split_needs_weights(weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"^Every instalment needs a weight of at least one\.$"):
        split(total=100, weights=weights)


@settings(max_examples=500)
@given(total=TOTALS, weights=WEIGHTS)
def test_split_adds_up_and_is_fair(total: int, weights: list[int]) -> None:
    try:
        shares = split(total=total, weights=weights)
    except ScheduleImpossible:
        assert 0 < total < sum(weights) * 2
        return

    whole = sum(weights)
    exact = [total * weight // whole for weight in weights]
    extra = [share - floor for share, floor in zip(shares, exact, strict=True)]
    assert sum(shares) == total
    assert set(extra) <= {0, 1}
    assert extra == sorted(extra, reverse=True)  # the units left over sit on the earliest
    for (weight, share), (next_weight, next_share) in pairwise(zip(weights, shares, strict=True)):
        if weight == next_weight:
            assert next_share <= share <= next_share + 1


@settings(max_examples=500)
@given(total=TOTALS, weights=WEIGHTS, scale=st.integers(min_value=1, max_value=9))
def test_split_depends_on_proportions_only(total: int, weights: list[int], scale: int) -> None:
    try:
        shares = split(total=total, weights=weights)
    except ScheduleImpossible:
        return

    assert split(total=total, weights=[weight * scale for weight in weights]) == shares
    assert split(total=total, weights=tuple(weights)) == shares
