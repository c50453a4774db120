"""Which limit is proposed, from the amounts that were found. Pure."""

from collections.abc import Sequence

OF_A_HUNDRED = 95
DIGITS = 2


def proposed_limit(*, amounts: Sequence[int]) -> int | None:
    """The 95th percentile in minor units, rounded up to two digits; None without an amount.

    The place is rounded down, so that of several amounts the largest is never the measure of itself.
    """
    if not amounts:
        return None
    ranked = sorted(amounts)
    return rounded_up(ranked[(len(ranked) - 1) * OF_A_HUNDRED // 100])


def rounded_up(amount: int) -> int:
    """12,345 becomes 13,000."""
    unit = 10 ** max(len(str(amount)) - DIGITS, 0)
    rounded: int = -(-amount // unit) * unit
    return rounded
