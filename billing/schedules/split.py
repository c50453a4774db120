"""Cut a total into instalments that add up to it exactly."""

from collections.abc import Sequence


class ScheduleImpossible(ValueError):
    """The value cannot be cut into that many instalments."""


def split(*, total: int, weights: Sequence[int]) -> list[int]:
    """Shares of `total` minor units in proportion to `weights`.

    Every share is rounded down and the units left over go one each to the earliest. So the sum is exact and
    equal weights differ by one unit at most, the larger first.
    """
    if not weights or min(weights) < 1:
        raise ValueError("Every instalment needs a weight of at least one.")
    if total < 0:
        raise ScheduleImpossible("The amount is negative.")

    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    for position in range(total - sum(shares)):
        shares[position] += 1
    if total and not min(shares):
        raise ScheduleImpossible("At least one instalment would be zero; choose a longer billing cycle.")
    return shares
