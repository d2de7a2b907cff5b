"""Tables that the public may see, as declared: what is counted, by what, and when it is released.

What each counts is an *event* in the life of a dossier, which happens once: an event is released
by one table only. Two tables of one event could be set against each other (docs/explanation/releases.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from monitor.domain.measures import Measure
from monitor.domain.period import Period, Span
from monitor.domain.suppression import TOTAL
from monitor.domain.zone import Zone, date_of


class Event(StrEnum):
    """What a dossier is counted for; once, on one day, at one place."""

    SUBMITTED = "submitted"
    RECEIVED = "received"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    HANDED_OVER = "handed_over"


# What may be released, by name: the event, and the verdict's rule where it is one. A dossier that
# ends has one verdict by each rule, so a table takes one rule.
RELEASED: Final[Mapping[str, tuple[Measure, Event, str]]] = {
    "submitted": (Measure.SUBMITTED, Event.SUBMITTED, ""),
    "accepted": (Measure.ACCEPTED, Event.RECEIVED, ""),
    "refused": (Measure.REFUSED, Event.REFUSED, ""),
    "withdrawn_unaccepted": (Measure.WITHDRAWN_UNACCEPTED, Event.WITHDRAWN, ""),
    "completed": (Measure.COMPLETED, Event.ENDED, "completed"),
    "early_06b": (Measure.EARLY_06B, Event.ENDED, "06b"),
    "on_time_06b": (Measure.ON_TIME_06B, Event.ENDED, "06b"),
    "late_06b": (Measure.LATE_06B, Event.ENDED, "06b"),
    "no_deadline_06b": (Measure.NO_DEADLINE_06B, Event.ENDED, "06b"),
    "on_time_first_due": (Measure.ON_TIME_FIRST_DUE, Event.ENDED, "first_due"),
    "late_first_due": (Measure.LATE_FIRST_DUE, Event.ENDED, "first_due"),
    "no_deadline_first_due": (Measure.NO_DEADLINE_FIRST_DUE, Event.ENDED, "first_due"),
    # No rule judges it: beside the verdicts of any, never beside `completed`.
    "clock_uncertain": (Measure.CLOCK_UNCERTAIN, Event.ENDED, ""),
    "returned": (Measure.RETURNED, Event.ENDED, ""),
    "handed_over": (Measure.HANDED_OVER, Event.HANDED_OVER, ""),
}


class Rows(StrEnum):
    """The places of a table, below the country."""

    LEVEL1 = "level1"  # ministries and provinces
    AGENCIES = "agencies"  # and all listed agencies below them


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Dossiers of some measures, channels and levels; none named is all of them."""

    name: str
    title_vi: str
    title_en: str
    measures: tuple[Measure, ...]
    channels: tuple[int, ...] = ()
    levels: tuple[int, ...] = ()

    def holds(self, measure: int, channel: int, level: int) -> bool:
        """Whether a dossier booked so is in the column."""
        return (
            measure in self.measures
            and (not self.channels or channel in self.channels)
            and (not self.levels or level in self.levels)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A quotient of columns, shown where both can be."""

    name: str
    title_vi: str
    title_en: str
    numerator: tuple[str, ...]
    denominator: tuple[str, ...] = (TOTAL,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One fixed table."""

    name: str
    title_vi: str
    title_en: str
    definition_vi: str
    definition_en: str
    rows: Rows
    span: Span  # of a release: a day or a month
    holds_for: Span  # of a pattern: a month or longer
    begins: int  # the first day that may be released
    days_after: int  # a period's end is so many days ago when it is released
    hour: int  # local
    limit: int
    headroom: int
    past_days: int  # a pattern is chosen from the periods of so many days before it
    past_least: int  # and from at least so many of them
    basis: str
    source: str
    columns: tuple[Column, ...]
    shares: tuple[Share, ...] = ()
    version: str = ""  # digest of what its file says
    said: str = ""  # as JSON

    @property
    def names(self) -> tuple[str, ...]:
        """Of its columns."""
        return tuple(column.name for column in self.columns)

    @property
    def measures(self) -> tuple[int, ...]:
        """All that it counts."""
        return tuple(sorted({int(one) for column in self.columns for one in column.measures}))

    @property
    def events(self) -> tuple[str, ...]:
        """What its dossiers are counted for."""
        return tuple(
            sorted(
                {event for measure, event, _ in RELEASED.values() if measure in self.measures}
            )
        )

    @property
    def rules(self) -> tuple[str, ...]:
        """By which rules its dossiers are judged, if they are."""
        return tuple(
            sorted(
                {
                    rule
                    for measure, _, rule in RELEASED.values()
                    if rule and measure in self.measures
                }
            )
        )

    def column(self, measure: int, channel: int, level: int) -> str | None:
        """The column that a dossier booked so is in; None if it is in none."""
        for column in self.columns:
            if column.holds(measure, channel, level):
                return column.name
        return None

    def due_ms(self, period: "Stretch", zone: Zone) -> int:
        """From when on a period may be released."""
        return zone.instant(period.last_day + self.days_after, self.hour * 3_600_000)

    def spans(self, first_day: int, last_day: int) -> "list[Stretch]":
        """The whole periods of the table within some days."""
        found = []
        day = first_day
        while day <= last_day:
            period = Period.holding(self.span, date_of(day))
            if period.first_day >= first_day and period.last_day <= last_day:
                found.append(Stretch(period.first_day, period.last_day))
            day = period.last_day + 1
        return found

    def life(self, day: int) -> "Stretch":
        """The days for which the pattern of a day holds."""
        found = Period.holding(self.holds_for, date_of(day))
        return Stretch(found.first_day, found.last_day)


@dataclass(frozen=True, slots=True, order=True)
class Stretch:
    """Days that a release tells of: a period of its table, or several that had to wait."""

    first_day: int
    last_day: int

    def with_(self, other: Self) -> "Stretch":
        """From the beginning of this one to the end of another."""
        return Stretch(self.first_day, other.last_day)
