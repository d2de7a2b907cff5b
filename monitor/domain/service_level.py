"""How an objective stands: counts to a ratio, a budget, burn rates and one state.

Always sums of events, never a mean of ratios: five quiet minutes at night with one failure of ten
would weigh as much as five busy ones (docs/explanation/objectives.md shows what that does).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import sqrt
from typing import Final, NamedTuple

from monitor.domain.objective import WHOLE, Alert, Objective, Target

SURE: Final = 1.959963984540054  # standard deviations of the two-sided 95 % interval


class Counted(NamedTuple):
    """Events that were good and that were bad; a correction takes them back."""

    good: int = 0
    bad: int = 0

    def plus(self, other: "Counted") -> "Counted":
        return Counted(self.good + other.good, self.bad + other.bad)

    @property
    def total(self) -> int:
        return self.good + self.bad

    @property
    def ratio(self) -> float | None:
        """Of what counts, what is good; None where nothing counts."""
        return self.good / self.total if self.total > 0 else None

    def meets(self, good: int) -> bool:
        """Whether at least `good` of `WHOLE` is good; in whole numbers, so exact."""
        return self.good * WHOLE >= self.total * good

    def budget_left(self, good: int) -> float | None:
        """1 untouched, 0 spent, negative overspent; None where nothing counts or may be bad."""
        if self.total <= 0 or good >= WHOLE:
            return None
        return 1 - self.bad * WHOLE / (self.total * (WHOLE - good))

    def burn(self, good: int) -> float | None:
        """How fast the budget goes: 1 spends just all of it; None as for the budget."""
        left = self.budget_left(good)
        return None if left is None else 1 - left


class Interval(NamedTuple):
    """Between which the share of good ones lies, as surely as 95 times of 100."""

    low: float
    high: float


def wilson(counted: Counted) -> Interval | None:
    """The score interval of Wilson (1927): right for few events and for shares near 0 and 1.

    None where nothing counts.
    """
    n = counted.total
    if n <= 0:
        return None
    share = counted.good / n
    square = SURE * SURE
    middle = share + square / (2 * n)
    spread = SURE * sqrt(share * (1 - share) / n + square / (4 * n * n))
    under = 1 + square / n
    return Interval(max(0.0, (middle - spread) / under), min(1.0, (middle + spread) / under))


class State(StrEnum):
    """How an objective stands in a scope. Idle, without data and good are three things."""

    NO_DATA = "no_data"  # nobody tells: not connected, or not live yet
    IDLE = "idle"  # somebody tells, and there was nothing to judge
    TOO_FEW = "too_few"  # fewer have ended than the minimum, or the window is too young
    GOOD = "good"
    BURNING = "burning"  # at this pace the budget will not do
    SPENT = "spent"  # below its target


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What is known of an objective in a scope, at an instant."""

    window: Counted  # what is open and overdue counted as bad
    ended: int  # of the window, without what is open
    worked_ms: int  # working time of the window so far
    back: Mapping[str, Counted] = field(default_factory=dict)  # by the label of a span
    told: bool = True  # somebody is connected that would tell


class Standing(NamedTuple):
    """The state, and the alert that made it burn."""

    state: State
    alert: Alert | None = None


def judge(objective: Objective, target: Target, observed: Observed) -> Standing:
    """The one state that holds.

    Maintenance takes no part: it mutes pages about a source, and no legal verdict.
    """
    window = observed.window
    if not observed.told:
        return Standing(State.NO_DATA)
    enough = observed.ended >= objective.minimum
    missed = not window.meets(target.good)
    settled = observed.worked_ms >= objective.settles_ms
    if enough and missed and settled:
        return Standing(State.SPENT)
    for alert in objective.alerts:
        if burns(objective, alert, target, observed.back):
            return Standing(State.BURNING, alert)
    if window.total <= 0:
        return Standing(State.IDLE)
    return Standing(State.GOOD if enough and not missed else State.TOO_FEW)


def burns(
    objective: Objective, alert: Alert, target: Target, back: Mapping[str, Counted]
) -> bool:
    """Whether both windows burn as fast as the alert says, and it is no chance.

    The long window has the minimum of events, and even the low end of its interval burns faster
    than the budget bears: one bad dossier of three in a commune's week is no alert.
    """
    long, short = back[alert.long.label], back[alert.short.label]
    if long.total < objective.minimum:
        return False
    sure = wilson(long)
    rates = (long.burn(target.good), short.burn(target.good))
    return (
        sure is not None
        and sure.high < target.ratio
        and all(rate is not None and rate >= alert.burn for rate in rates)
    )
