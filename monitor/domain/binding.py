"""By when something must have been done: the limits of the clocks, as they bind on a day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, assert_never

from monitor.domain.calendar import WorkCalendar
from monitor.domain.deadlines import Basis
from monitor.domain.measures import Clock
from monitor.domain.zone import Zone

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS


class ClockUnit(StrEnum):
    """What a clock's limit is counted in."""

    MINUTES = "minutes"  # elapsed
    HOURS = "hours"  # worked
    WORKING_DAYS = "working_days"
    SAME_DAY = "same_day"  # by the close of the day, or early on the next if after the cut-off
    NONE = "none"  # timed only


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockLimit:
    """A clock's limit on some days, and where it is written."""

    unit: ClockUnit
    n: int = 0
    cut_off_ms: int | None = None  # of the local day
    grace_ms: int = 0  # of the next working day's working time, after the cut-off
    bundled_only: bool = False
    article: str
    basis: Basis


# The limit of a clock that binds on a local day; None: nothing binds.
Limits = Callable[[Clock, int], ClockLimit | None]

# What binds where a deployment's files say nothing else (DOMAIN.md §3.4, MEASURES.md §5).
STANDARD: Final[Mapping[Clock, ClockLimit]] = MappingProxyType(
    {
        Clock.ACCEPTANCE: ClockLimit(
            unit=ClockUnit.HOURS,
            n=8,
            article="provincial engine: online acceptance within 8 working hours",
            basis=Basis.PRACTICE,
        ),
        Clock.FORWARD: ClockLimit(
            unit=ClockUnit.SAME_DAY,
            cut_off_ms=15 * HOUR_MS,
            grace_ms=HOUR_MS,  # «start of the next working day» as its first hour: assumption
            article="Decree 61/2018/NĐ-CP Art. 18(2)(3)",
            basis=Basis.LAW,
        ),
        Clock.SUPPLEMENT_REQUEST: ClockLimit(
            unit=ClockUnit.WORKING_DAYS,
            n=3,
            article="Decree 61/2018/NĐ-CP Art. 19(4)",
            basis=Basis.LAW,
        ),
        Clock.SYNC: ClockLimit(
            unit=ClockUnit.MINUTES,
            n=10,
            bundled_only=True,
            article="Decree 63/2024/NĐ-CP Art. 7",
            basis=Basis.LAW,
        ),
        Clock.ANSWER: ClockLimit(
            unit=ClockUnit.HOURS,
            n=2,
            bundled_only=True,
            article="Decree 63/2024/NĐ-CP Art. 7",
            basis=Basis.LAW,
        ),
        **{
            clock: ClockLimit(
                unit=ClockUnit.WORKING_DAYS,
                n=n,
                article="Decision 766/QĐ-TTg, indicator 5.2 (DOMAIN.md §2.2)",
                basis=Basis.PRACTICE,
            )
            for clock, n in (
                (Clock.PETITION_REFUSAL, 2),
                (Clock.PETITION_SUPPLEMENT, 5),
                (Clock.PETITION_ANSWER, 15),
                (Clock.PETITION_PUBLICATION, 2),
            )
        },
    }
)


def standard(clock: Clock, _day: int) -> ClockLimit | None:
    """`STANDARD` on every day."""
    return STANDARD.get(clock)


def by_when(limit: ClockLimit, from_ms: int, calendar: WorkCalendar, zone: Zone) -> int | None:
    """The last instant that keeps a limit counted from another; None: it has none.

    What happens after the close at which a limit in working hours runs out has taken no more.
    """
    match limit.unit:
        case ClockUnit.MINUTES:
            return from_ms + limit.n * MINUTE_MS
        case ClockUnit.HOURS:
            return calendar.next_opening(calendar.add_worked(from_ms, limit.n * HOUR_MS))
        case ClockUnit.WORKING_DAYS:
            return calendar.close_of(calendar.add_working_days(zone.day(from_ms), limit.n))
        case ClockUnit.SAME_DAY:
            return _same_day(limit, from_ms, calendar, zone)
        case ClockUnit.NONE:
            return None
        case _:
            assert_never(limit.unit)


def _same_day(limit: ClockLimit, from_ms: int, calendar: WorkCalendar, zone: Zone) -> int:
    day = zone.day(from_ms)
    cut_off_ms = limit.cut_off_ms
    before = cut_off_ms is None or zone.ms_of_day(from_ms) <= cut_off_ms
    if calendar.is_working_day(day) and before:
        return max(from_ms, calendar.close_of(day))
    opening = calendar.next_opening(zone.start_of(calendar.next_working_day(day + 1)))
    return calendar.add_worked(opening, limit.grace_ms)
