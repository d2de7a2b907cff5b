"""Quantiles of working time, read from the ledger's bins (`measures.WORKED_BOUNDS`)."""

from collections.abc import Mapping
from math import ceil, isqrt
from typing import Final

from monitor.domain.measures import WORKED_BOUNDS

# Bins grow by a quarter, so their middle is off by less than an eighth either way; within the
# first, below a minute, by half a minute; and of the last it is only known that it is longer.
RELATIVE_ERROR: Final = 0.125
_BOUNDS: Final[tuple[int, ...]] = WORKED_BOUNDS
SHORTEST_MS: Final = _BOUNDS[0]
LONGEST_MS: Final = _BOUNDS[-1]


def middle_ms(bin_: int) -> int:
    """What a time in this bin is taken for: the geometric mean of its bounds."""
    if bin_ <= 0:
        return SHORTEST_MS // 2
    if bin_ >= len(_BOUNDS):
        return LONGEST_MS
    return isqrt(_BOUNDS[bin_ - 1] * _BOUNDS[bin_])


def quantile_ms(bins: Mapping[int, int], permille: int) -> int | None:
    """The time that so many of 1,000 did not exceed, from counts by bin; None of none.

    It is one of those that were measured, the one at rank ⌈n × permille / 1000⌉, told by the
    middle of its bin: not interpolated, since within a bin nothing is known, and an error that
    holds for every distribution is worth more than one that is smaller for some.
    """
    total = sum(bins.values())
    if total <= 0:
        return None
    rank = max(1, ceil(total * permille / 1000))
    so_far = last = 0
    for bin_ in sorted(bins):
        if so_far >= rank:
            break
        so_far += bins[bin_]
        last = bin_
    return middle_ms(last)
