"""When a service is degraded, legal side: its backlog grows and its work is slow, both at once."""

from bisect import bisect_left
from collections.abc import Mapping
from enum import StrEnum
from itertools import accumulate
from typing import Final, NamedTuple

from monitor.domain.measures import WORKED_BOUNDS
from monitor.domain.objective import Slowing

BACKLOG_AND_SLOW: Final = "backlog_and_slow"


class Condition(StrEnum):
    """How a service fares."""

    TOO_FEW = "too_few"  # completed in the recent days; nothing is said
    WELL = "well"
    DEGRADED = "degraded"


class Fared(NamedTuple):
    """A group of procedures at a ministry or province."""

    open: int
    open_then: int  # when the recent days began
    bins: Mapping[int, int]  # of what was completed in them, by bin of working time
    limit_ms: int | None

    @property
    def completed(self) -> int:
        return sum(self.bins.values())


class Diagnosis(NamedTuple):
    """The condition with its reasons, and the median that it rests on."""

    condition: Condition
    reasons: tuple[str, ...]
    median_ms: int | None


def diagnose(fared: Fared, slowing: Slowing) -> Diagnosis:
    """Degraded where the backlog has grown and the median working time is beyond the limit.

    Either alone has good reasons: a campaign brings many dossiers, and finishing old ones takes
    the median up. Both together is a service that does not keep up.
    """
    if fared.completed < slowing.minimum:
        return Diagnosis(Condition.TOO_FEW, (), None)
    median_ms = median(fared.bins)
    grown = fared.open - fared.open_then
    grows = (
        grown >= slowing.least_growth
        and 100 * grown >= slowing.growth_percent * fared.open_then
    )
    slow = fared.limit_ms is not None and median_ms > fared.limit_ms
    if grows and slow:
        return Diagnosis(Condition.DEGRADED, (BACKLOG_AND_SLOW,), median_ms)
    return Diagnosis(Condition.WELL, (), median_ms)


def median(bins: Mapping[int, int]) -> int:
    """The middle one of so many working times, from counts by bin of `WORKED_BOUNDS`.

    Read at the middle of its bin, so that it is wrong by less than an eighth; in the first bin by
    less than half a minute, and of the last one, ten years and more, its lower bound. Bins that a
    correction left below nothing count as none.
    """
    places = sorted(place for place, dossiers in bins.items() if dossiers > 0)
    counts = list(accumulate(bins[place] for place in places))
    if not counts:
        raise ValueError("the median of no dossier")
    place = places[bisect_left(counts, (counts[-1] + 1) // 2)]
    low = WORKED_BOUNDS[place - 1] if place else 0
    high = WORKED_BOUNDS[place] if place < len(WORKED_BOUNDS) else low
    return (low + high) // 2
