import pytest

from billing.issuing.limit_proposals import proposed_limit


@pytest.mark.parametrize(
    ("amounts", "limit"),
    [
        ([], None),
        ([5], 5),
        ([12_345], 13_000),
        ([30_000, 100], 100),
        (list(range(100, 0, -1)), 95),
    ],
)
def test_the_limit_is_the_95th_percentile_in_two_digits(amounts: list[int], limit: int | None) -> None:
    assert proposed_limit(amounts=amounts) == limit
