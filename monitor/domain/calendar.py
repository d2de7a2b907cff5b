"""Working time: what an office's calendar makes of the time between two instants.

Sessions are laid out once as intervals of UTC with running sums, so that every question is a
bisection and costs the same for a day as for fifty years; nothing loops over days.
"""

import hashlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from monitor.domain.zone import DAY_MS, Zone, date_of, day_number

# A session is (opens, closes) in ms of the local day, the close not included.
Sessions = tuple[tuple[int, int], ...]

FIRST_DAY: Final = day_number(date(1990, 1, 1))  # years outside are refused, MEASURES.md §2
LAST_DAY: Final = day_number(date(2100, 12, 31))

_MONDAY: Final = day_number(date(1970, 1, 5))


@dataclass(frozen=True, slots=True)
class Week:
    """The sessions of the seven weekdays, Monday first, and those of a make-up day."""

    days: tuple[Sessions, ...]
    make_up: Sessions

    def __post_init__(self) -> None:
        if len(self.days) != 7:
            raise ValueError(f"a week has seven days, not {len(self.days)}")
        for sessions in (*self.days, self.make_up):
            last = 0
            for opens, closes in sessions:
                if not last <= opens < closes <= DAY_MS:
                    raise ValueError("sessions of a day must follow each other within it")
                last = closes


_MINUTE: Final = 60_000
# Default office hours of the provincial engine (DOMAIN.md §3.4, practice): 8 hours a day.
OFFICE_HOURS: Final[Sessions] = (
    (7 * 60 * _MINUTE, (11 * 60 + 30) * _MINUTE),
    ((13 * 60 + 30) * _MINUTE, 17 * 60 * _MINUTE),
)
OFFICE_WEEK: Final = Week(days=(OFFICE_HOURS,) * 5 + ((), ()), make_up=OFFICE_HOURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCalendar:
    """Which time is working time, for one office; days are numbered as `Zone` does.

    A working day is a day with at least one session. Days and instants outside `first_day` to
    `last_day` are a ValueError. Two calendars are equal if their `version` is.
    """

    zone: Zone = field(default_factory=Zone, compare=False)
    # (from which day on, the week), ascending; before the first of them there is no session.
    weeks: tuple[tuple[int, Week], ...] = field(
        default=((FIRST_DAY, OFFICE_WEEK),), compare=False
    )
    off: frozenset[int] = field(default=frozenset(), compare=False, repr=False)
    make_up: frozenset[int] = field(default=frozenset(), compare=False, repr=False)
    # Whether make-up days are working days in legal time is not settled (MEASURES.md §5);
    # if not, they are what their weekday makes them.
    makeup_days_count: bool = field(default=True, compare=False)
    first_day: int = field(default=FIRST_DAY, compare=False)
    last_day: int = field(default=LAST_DAY, compare=False)
    announced_until: int = field(default=LAST_DAY, compare=False)  # later days are provisional
    version: str = field(init=False)  # digest of all the above, kept with what it computed

    _begin: int = field(init=False, repr=False, compare=False)
    _end: int = field(init=False, repr=False, compare=False)
    # Sessions as instants, ascending, and the working time before each. The first is empty and
    # lies at _begin, so that there is one at or before any instant.
    _opens: "array[int]" = field(init=False, repr=False, compare=False)
    _closes: "array[int]" = field(init=False, repr=False, compare=False)
    _before: "array[int]" = field(init=False, repr=False, compare=False)
    _total: int = field(init=False, repr=False, compare=False)
    # How many sessions have opened at _begin, a day of UTC after it, two days …: an instant's
    # session is looked for among a day's only.
    _known: "array[int]" = field(init=False, repr=False, compare=False)
    # Working days, ascending, and when the last session of each closes.
    _days: "array[int]" = field(init=False, repr=False, compare=False)
    _day_closes: "array[int]" = field(init=False, repr=False, compare=False)
    # Where in _days each day from first_day on lies, or the next working day after it.
    _places: "array[int]" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not FIRST_DAY <= self.first_day <= self.last_day <= LAST_DAY:
            raise ValueError(
                f"a calendar lies within {date_of(FIRST_DAY)} to {date_of(LAST_DAY)}"
            )
        if both := self.off & self.make_up:
            raise ValueError(f"{date_of(min(both))} cannot be off and a make-up day")
        starts = [start for start, _ in self.weeks]
        if starts != sorted(set(starts)):
            raise ValueError("weeks must be given in the order of the days they begin to hold")
        # A day more on either side: instants of the first and last year in any other zone.
        begin = self.zone.start_of(self.first_day) - DAY_MS
        opens, closes, before = array("q", [begin]), array("q", [begin]), array("q", [0])
        days, day_closes = array("q"), array("q")
        total = 0
        for day, sessions in self._sessions():
            for opens_at, closes_at in sessions:
                opened = self.zone.instant(day, opens_at)
                closed = self.zone.instant(day, closes_at)
                if opened == closed:  # skipped whole by a change of clocks
                    continue
                opens.append(opened)
                closes.append(closed)
                before.append(total)
                total += closed - opened
                if days and days[-1] == day:
                    day_closes[-1] = closed
                else:
                    days.append(day)
                    day_closes.append(closed)
        end = self.zone.start_of(self.last_day + 1) + DAY_MS
        for name, value in {
            "_begin": begin,
            "_end": end,
            "_opens": opens,
            "_closes": closes,
            "_before": before,
            "_total": total,
            "_known": _opened_by(opens, range(begin, end + 2 * DAY_MS, DAY_MS)),
            "_places": _opened_by(days, range(self.first_day - 1, self.last_day)),
            "_days": days,
            "_day_closes": day_closes,
            "version": self._digest(),
        }.items():
            object.__setattr__(self, name, value)

    def _sessions(self) -> Iterator[tuple[int, Sessions]]:
        working = self.make_up if self.makeup_days_count else frozenset[int]()
        starts = [start for start, _ in self.weeks]
        ends = [*starts, self.last_day + 1][1:]
        for (start, week), end in zip(self.weeks, ends, strict=True):
            for day in range(max(start, self.first_day), min(end, self.last_day + 1)):
                if day in working:
                    yield day, week.make_up
                elif day not in self.off:
                    yield day, week.days[(day - _MONDAY) % 7]

    def _digest(self) -> str:
        content = (
            self.zone.name,
            self.weeks,
            sorted(self.off),
            sorted(self.make_up),
            self.makeup_days_count,
            self.first_day,
            self.last_day,
            self.announced_until,
        )
        return hashlib.sha256(repr(content).encode()).hexdigest()[:16]

    # Instants

    def worked_ms(self, begin: int, end: int) -> int:
        """Working time from one instant to another; negative if they are the other way round."""
        return self.worked_until(end) - self.worked_until(begin)

    def worked_until(self, at: int) -> int:
        """Working time from the calendar's beginning to an instant."""
        if not self._begin <= at <= self._end:
            self._require_instant(at)
        session = self._session(at)
        closes = self._closes[session]
        return self._before[session] + min(at, closes) - self._opens[session]

    def add_worked(self, start: int, amount_ms: int) -> int:
        """The first instant by which this much has been worked since `start`.

        Work that ends with a session ends at its close, not at the next opening.
        """
        if amount_ms < 0:
            raise ValueError(f"working time to add is not negative: {amount_ms}")
        target = self.worked_until(start) + amount_ms
        if target > self._total:
            raise ValueError(f"{amount_ms} ms of work from {start} end after the calendar")
        if not amount_ms:
            return start
        session = bisect_left(self._before, target) - 1
        return self._opens[session] + target - self._before[session]

    def subtract_worked(self, end: int, amount_ms: int) -> int:
        """The last instant from which this much is worked until `end`."""
        if amount_ms < 0:
            raise ValueError(f"working time to subtract is not negative: {amount_ms}")
        target = self.worked_until(end) - amount_ms
        if target < 0:
            raise ValueError(f"{amount_ms} ms of work until {end} begin before the calendar")
        if not amount_ms:
            return end
        session = bisect_right(self._before, target) - 1
        return self._opens[session] + target - self._before[session]

    def next_opening(self, at: int) -> int:
        """`at` itself within a session, else when the next one opens."""
        self._require_instant(at)
        session = self._session(at) + 1
        if at < self._closes[session - 1]:
            return at
        if session == len(self._opens):
            raise ValueError(f"no session opens after {at} in the calendar")
        return self._opens[session]

    def _session(self, at: int) -> int:
        """The last session that has opened by an instant of the calendar."""
        day, known = (at - self._begin) // DAY_MS, self._known
        return bisect_right(self._opens, at, known[day], known[day + 1]) - 1

    def _require_instant(self, at: int) -> None:
        if not self._begin <= at <= self._end:
            raise ValueError(f"instant {at} is outside the calendar, {self._range()}")

    # Days

    def is_working_day(self, day: int) -> bool:
        return self._is_working_day(self._place(day), day)

    def next_working_day(self, day: int) -> int:
        """The day itself if it is a working day, else the next one."""
        return self._working_day(self._place(day))

    def add_working_days(self, day: int, n: int) -> int:
        """The n-th working day after a day, before it if negative; the day itself for 0.

        The first working day after it is 1, whether or not the day itself is one.
        """
        place = self._place(day)
        if n > 0 and not self._is_working_day(place, day):
            place -= 1
        return self._working_day(place + n) if n else day

    def working_days_between(self, day: int, until: int) -> int:
        """How many working days lie after `day` up to and with `until`; negative backwards."""
        self._require_day(day)
        self._require_day(until)
        return bisect_right(self._days, until) - bisect_right(self._days, day)

    def close_of(self, day: int) -> int:
        """When the last session of a working day closes."""
        place = self._place(day)
        if not self._is_working_day(place, day):
            raise ValueError(f"{date_of(day)} is no working day: nothing closes")
        return self._day_closes[place]

    def is_provisional(self, day: int) -> bool:
        """Whether a day lies beyond the schedule announced so far, so that it may change."""
        return day > self.announced_until

    def _place(self, day: int) -> int:
        """Where a day stands among the working days, or the next working day after it."""
        self._require_day(day)
        return self._places[day - self.first_day]

    def _is_working_day(self, place: int, day: int) -> bool:
        return place < len(self._days) and self._days[place] == day

    def _working_day(self, place: int) -> int:
        if not 0 <= place < len(self._days):
            raise ValueError(f"that working day is outside the calendar, {self._range()}")
        return self._days[place]

    def _require_day(self, day: int) -> None:
        if not self.first_day <= day <= self.last_day:
            raise ValueError(f"day {day} is outside the calendar, {self._range()}")

    def _range(self) -> str:
        return f"which runs from {date_of(self.first_day)} to {date_of(self.last_day)}"


def _opened_by(ascending: "array[int]", marks: range) -> "array[int]":
    """How many of the numbers are no more than each mark."""
    found, place = array("i"), 0
    for mark in marks:
        while place < len(ascending) and ascending[place] <= mark:
            place += 1
        found.append(place)
    return found
