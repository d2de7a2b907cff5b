"""Quantiles of working time, held against the times that were binned."""

from bisect import bisect_left
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.domain.measures import WORKED_BOUNDS
from monitor.domain.quantiles import middle_ms, quantile_ms

MINUTE = 60_000
LAST = WORKED_BOUNDS[-1]
times = st.lists(st.integers(MINUTE + 1, LAST), min_size=1, max_size=200)


@given(times, st.sampled_from([1, 500, 900, 950, 999, 1000]))
@example([MINUTE + 1], 500)
@example([75_000], 500)
@example([LAST], 1000)
def test_a_quantile_is_wrong_by_less_than_an_eighth_whatever_the_times(
    taken: list[int], permille: int
) -> None:
    bins = Counter(bisect_left(WORKED_BOUNDS, ms) for ms in taken)
    # The smallest time that at least so many did not exceed.
    exact = next(
        ms
        for ms in sorted(taken)
        if 1000 * sum(t <= ms for t in taken) >= permille * len(taken)
    )

    told = quantile_ms(bins, permille)

    assert told is not None
    assert abs(told - exact) < exact / 8


def test_of_three_times_the_median_is_the_second() -> None:
    # Bins 1 and 2 are (60 s, 75 s] and (75 s, 93.75 s]; their middles 67.082 s and 83.852 s.
    assert quantile_ms({1: 1, 2: 2}, 500) == 83_852
    assert quantile_ms({1: 2, 2: 1}, 500) == 67_082
    assert quantile_ms({1: 19, 2: 1}, 950) == 67_082
    assert quantile_ms({1: 18, 2: 2}, 950) == 83_852


def test_of_nothing_there_is_no_quantile() -> None:
    assert quantile_ms({}, 500) is None
    assert quantile_ms({3: 0}, 500) is None


def test_what_was_taken_back_does_not_count() -> None:
    assert quantile_ms({1: 0, 5: 1}, 1) == middle_ms(5)


def test_below_a_minute_it_is_half_a_minute_and_beyond_all_bounds_the_last() -> None:
    assert middle_ms(0) == 30_000
    assert middle_ms(len(WORKED_BOUNDS)) == LAST


@pytest.mark.parametrize("bin_", range(1, len(WORKED_BOUNDS)))
def test_no_bin_is_wider_than_a_quarter_of_its_beginning(bin_: int) -> None:
    before, bound = WORKED_BOUNDS[bin_ - 1], WORKED_BOUNDS[bin_]
    assert (middle_ms(bin_) - before) / before < 0.125
    assert (bound - middle_ms(bin_)) / middle_ms(bin_) < 0.125


def test_longer_bins_are_told_as_longer() -> None:
    middles = [middle_ms(bin_) for bin_ in range(len(WORKED_BOUNDS) + 1)]

    assert all(one < next_ for one, next_ in pairwise(middles))
