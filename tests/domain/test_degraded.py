"""A service is degraded where its backlog grows and its work is slow, both, with enough to say so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.degraded import BACKLOG_AND_SLOW, Condition, Fared, diagnose, median
from monitor.domain.measures import WORKED_BOUNDS
from monitor.domain.objective import Slowing

HOUR = 3_600_000
SLOWING = Slowing(minimum=20, recent_days=5, growth_percent=20, least_growth=10)


def bin_of(worked_ms: int) -> int:
    return next(
        (place for place, bound in enumerate(WORKED_BOUNDS) if worked_ms <= bound),
        len(WORKED_BOUNDS),
    )


SLOW, FAST = bin_of(50 * HOUR), bin_of(10 * HOUR)


@pytest.mark.parametrize(
    ("was", "now", "bins", "limit_h", "expected"),
    [
        (100, 120, {SLOW: 20}, 40, Condition.DEGRADED),
        (100, 119, {SLOW: 20}, 40, Condition.WELL),  # has not grown enough
        (10, 19, {SLOW: 20}, 40, Condition.WELL),  # nearly doubled, but by nine
        (0, 10, {SLOW: 20}, 40, Condition.DEGRADED),
        (100, 200, {FAST: 20}, 40, Condition.WELL),  # a campaign, and it keeps up
        (100, 60, {SLOW: 20}, 40, Condition.WELL),  # it finishes what is old
        (100, 200, {SLOW: 11, FAST: 9}, 40, Condition.DEGRADED),
        (100, 200, {SLOW: 9, FAST: 11}, 40, Condition.WELL),
        (100, 200, {SLOW: 19}, 40, Condition.TOO_FEW),
        (100, 200, {SLOW: 20}, None, Condition.WELL),  # no limit is known
        (100, 200, {}, 40, Condition.TOO_FEW),
    ],
)
def test_only_growth_and_slowness_together_are_degradation(
    was: int, now: int, bins: dict[int, int], limit_h: int | None, expected: Condition
):
    limit_ms = None if limit_h is None else limit_h * HOUR

    found = diagnose(Fared(now, was, bins, limit_ms), SLOWING)

    assert found.condition is expected
    assert found.reasons == ((BACKLOG_AND_SLOW,) if expected is Condition.DEGRADED else ())
    assert (found.median_ms is None) == (expected is Condition.TOO_FEW)


@given(st.lists(st.integers(60_001, WORKED_BOUNDS[-1]), min_size=1, max_size=60))
def test_the_median_is_wrong_by_less_than_an_eighth(worked: list[int]):
    bins: dict[int, int] = {}
    for one in worked:
        bins[bin_of(one)] = bins.get(bin_of(one), 0) + 1
    # Of an even number the lower of the two in the middle.
    lower = sorted(worked)[(len(worked) - 1) // 2]

    assert abs(median(bins) - lower) <= lower / 8 + 1


def test_the_median_of_the_first_and_the_last_bin_and_of_corrected_ones():
    assert median({0: 3}) == 30_000
    assert median({len(WORKED_BOUNDS): 3}) == WORKED_BOUNDS[-1]
    assert median({SLOW: 3, FAST: -2}) == median({SLOW: 3})
    with pytest.raises(ValueError, match="no dossier"):
        median({SLOW: 0})
