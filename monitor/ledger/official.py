"""Official figures as they are known at a cut: sets, readings and claims joined.

Everything that shows an official figure takes it from here, so that a report, the interface, the
console and a metric agree. What others have published stands beside what is counted, with the
difference, and never takes its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from monitor.domain.indicator import Figure, IndicatorSet, Kind, Scorecard, Unit
from monitor.domain.period import Period
from monitor.domain.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """As of what: the same again gives the same figures, whatever is booked since."""

    cut: int  # a number of the journal
    sealed_at: datetime  # UTC; when the cut was published
    as_of_day: int  # the day of that in the policy's zone: what is open is judged at its end
    reference: str  # hash of the reference set in force then; "": none
    epoch: int  # of the policy in force then
    rules: int
    zone: str


class About(NamedTuple):
    """Whom figures are about."""

    scope: Scope
    kind: Kind
    name: str  # of the agency, as its files say; "" where they do not


class Published(NamedTuple):
    """An official value as somebody claims it: of this scope and exactly this period."""

    value: Decimal | None
    unit: str  # as claimed: percent, points, count
    numerator: int | None
    denominator: int | None
    source: str
    survey: str
    not_issued: bool


TOTAL: Final = "total"  # the official value of a set's total


@dataclass(frozen=True, slots=True, kw_only=True)
class Official:
    """A set's figures for one scope and one period."""

    about: About
    period: Period
    known: Known
    scorecard: Scorecard
    published: Mapping[str, Published]  # by indicator, and `TOTAL`

    @property
    def set(self) -> IndicatorSet:
        return self.scorecard.set

    @property
    def over(self) -> bool:
        """Whether the period had ended when this was known."""
        return self.known.as_of_day > self.period.last_day

    def apart(self, figure: Figure) -> Decimal | None:
        """Ours less the published one, where both are numbers of one unit."""
        return apart(figure.shown, figure.score, figure.indicator.unit, self.beside(figure))

    def beside(self, figure: Figure) -> Published | None:
        return self.published.get(figure.indicator.id)


class By(StrEnum):
    """What figures are broken down by."""

    UNIT = "unit"  # the agencies directly below, and the scope's own
    PROCEDURE = "procedure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The figures of a scope, and of its parts, known at one cut."""

    whole: Official
    by: By
    rows: Sequence[Official]


def apart(
    shown: Decimal | None, score: Decimal | None, unit: Unit, published: Published | None
) -> Decimal | None:
    if published is None or published.value is None:
        return None
    ours = score if published.unit == "points" and unit is not Unit.POINTS else shown
    if ours is None or (published.unit not in ("points", unit.value)):
        return None
    return ours - published.value
