"""Time as the invented offices spend it: a day's rhythm, a week's, and limits counted simply.

Office time is an integer axis on which every working day is `DAY` long and offices work evenly;
the rhythm of the day bends it into clock time. It knows weekends and no holidays: near enough for
input, and no part of what is measured.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import accumulate
from typing import Final, Protocol

from agents.generate.country import Procedure

DAY: Final = 100_000_000  # of office time: one working day
ZONE_MS: Final = 7 * 3_600_000  # Asia/Ho_Chi_Minh has no summer time
CALENDAR_DAY_MS: Final = 86_400_000
_SLOT_MS: Final = 1_800_000
_MONDAY: Final = 3  # 1970-01-01 was a Thursday; days are counted from the Monday before it
_FRIDAY: Final = 4
_EPOCH: Final = date(1970, 1, 1).toordinal()
_HOUR_MS: Final = 3_600_000
_CLOSING_MS: Final = 17 * _HOUR_MS


class Rhythm:
    """How a day's work is spread over the half hours from `first_slot` on."""

    def __init__(self, first_slot: int, weights: Sequence[int]) -> None:
        sums = [0, *accumulate(weights)]
        self._parts = tuple(part * DAY // sums[-1] for part in sums)
        self._first_ms = first_slot * _SLOT_MS
        self._slots = len(weights)

    def ms_of(self, part: int) -> int:
        """The time of day at which `part` of the `DAY` is done."""
        slot = bisect_right(self._parts, part) - 1
        low = self._parts[slot]
        return (
            self._first_ms
            + slot * _SLOT_MS
            + (part - low) * _SLOT_MS // (self._parts[slot + 1] - low)
        )

    def part_at(self, ms: int) -> int:
        """What is done at a time of day; 0 before opening and just under `DAY` at night."""
        slot, inside = divmod(ms - self._first_ms, _SLOT_MS)
        if slot < 0:
            return 0
        if slot >= self._slots:
            return DAY - 1
        low = self._parts[slot]
        return low + inside * (self._parts[slot + 1] - low) // _SLOT_MS


# Half hours from 07:30: a peak at 9 and one at 14:30, little at lunch, a few who stay late.
OFFICE: Final = Rhythm(
    15, [6, 12, 18, 20, 18, 16, 13, 9, 2, 2, 2, 8, 14, 18, 20, 17, 14, 11, 7, 1, 1, 1]
)
# The counter takes dossiers in opening hours only.
COUNTER: Final = Rhythm(
    15, [10, 14, 20, 22, 18, 16, 12, 6, 1, 1, 1, 10, 15, 20, 22, 17, 13, 9, 4]
)
# Half hours from 00:00: people also write in the evening, and a few at night.
_NIGHT: Final = (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 6, 9)  # until 07:30
_MORNING: Final = (14, 20, 26, 30, 29, 26, 23, 19, 13)  # until 12:00
_AFTERNOON: Final = (9, 9, 11, 16, 22, 28, 30, 27, 24, 20, 16, 12)  # until 18:00
_EVENING: Final = (10, 9, 10, 12, 14, 15, 14, 11, 8, 5, 3, 2)
ONLINE: Final = Rhythm(0, (*_NIGHT, *_MORNING, *_AFTERNOON, *_EVENING))
# Dossiers by weekday, Monday first.
WEEK_ONLINE: Final = (110, 104, 100, 98, 95, 24, 15)
WEEK_COUNTER: Final = (112, 104, 100, 98, 92, 0, 0)


class Clock(Protocol):
    """Turns office time into instants and back."""

    def axis(self, ms: int) -> int: ...
    def instant(self, axis: int) -> int: ...
    def due(self, accepted_ms: int, procedure: Procedure) -> int | None: ...
    def lasting(self, ms: int) -> int: ...


class OfficeClock:
    """Working days, Monday to Friday, in the rhythm of `OFFICE`."""

    def lasting(self, ms: int) -> int:
        """How long something takes outside of office time, as a person's answer."""
        return ms

    def axis(self, ms: int) -> int:
        day, inside = divmod(ms + ZONE_MS, CALENDAR_DAY_MS)
        working_day, is_off = _working_day(day)
        return working_day * DAY + (0 if is_off else OFFICE.part_at(inside))

    def instant(self, axis: int) -> int:
        working_day, part = divmod(axis, DAY)
        return _day_of(working_day) * CALENDAR_DAY_MS + OFFICE.ms_of(part) - ZONE_MS

    def due(self, accepted_ms: int, procedure: Procedure) -> int | None:
        """Days end at closing time; the day after acceptance is the first."""
        if procedure.limit is None:
            return None
        day, inside = divmod(accepted_ms + ZONE_MS, CALENDAR_DAY_MS)
        working_day, is_off = _working_day(day)
        match procedure.unit:
            case "hours":
                done = 0 if is_off else _worked_ms(inside)
                days, left = divmod(done + procedure.limit * _HOUR_MS, 8 * _HOUR_MS)
                if left == 0:  # the close of one day rather than the opening of the next
                    days, left = days - 1, 8 * _HOUR_MS
                start = _day_of(working_day + days)
                return start * CALENDAR_DAY_MS + _clock_ms(left) - ZONE_MS
            case "working_days":
                last = _day_of(working_day - is_off + procedure.limit)
            case "days":
                last = _day_of(_working_day(day + procedure.limit)[0])
            case unknown:
                raise ValueError(f"{procedure.code}: unknown unit {unknown!r}")
        return last * CALENDAR_DAY_MS + _CLOSING_MS - ZONE_MS


@dataclass(frozen=True, slots=True)
class ShortClock:
    """A working day in `day_ms` of real time, round the clock, counted from `origin_ms`.

    For a demonstration: a dossier lives for a minute or two and its due date is as near, while
    all instants are true instants.
    """

    origin_ms: int
    day_ms: int

    def lasting(self, ms: int) -> int:
        """A day of the clock is as short as a working day."""
        return ms * self.day_ms // CALENDAR_DAY_MS

    def axis(self, ms: int) -> int:
        return (ms - self.origin_ms) * DAY // self.day_ms

    def instant(self, axis: int) -> int:
        return self.origin_ms + axis * self.day_ms // DAY

    def due(self, accepted_ms: int, procedure: Procedure) -> int | None:
        if procedure.limit is None:
            return None
        lasts_ms = procedure.limit * self.day_ms
        match procedure.unit:
            case "hours":
                return accepted_ms + lasts_ms // 8
            case "days":
                return accepted_ms + lasts_ms * 5 // 7
            case _:
                return accepted_ms + lasts_ms


@lru_cache(maxsize=4_096)
def date_of(day: int) -> str:
    """The ISO date of a day counted from 1970-01-01."""
    return date.fromordinal(day + _EPOCH).isoformat()


def weekday(day: int) -> int:
    """Monday is 0."""
    return (day + _MONDAY) % 7


def local_day(ms: int) -> int:
    """The day of an instant in the country's zone, counted from 1970-01-01."""
    return (ms + ZONE_MS) // CALENDAR_DAY_MS


def local_time(ms: int) -> str:
    """RFC 3339 with the country's offset, to the second."""
    day, inside = divmod(ms + ZONE_MS, CALENDAR_DAY_MS)
    minutes, seconds = divmod(inside // 1_000, 60)
    return f"{date_of(day)}T{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}+07:00"


def utc_time(ms: int) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    day, inside = divmod(ms, CALENDAR_DAY_MS)
    seconds, left = divmod(inside, 1_000)
    minutes, second = divmod(seconds, 60)
    return f"{date_of(day)}T{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}.{left:03d}Z"


def _working_day(day: int) -> tuple[int, bool]:
    """The number of the working day, or of the next one and True on a day off."""
    week, of_week = divmod(day + _MONDAY, 7)
    if of_week > _FRIDAY:
        return week * 5 + 5, True
    return week * 5 + of_week, False


def _day_of(working_day: int) -> int:
    week, of_week = divmod(working_day, 5)
    return week * 7 + of_week - _MONDAY


# Sessions 07:30-11:30 and 13:00-17:00.
def _worked_ms(inside: int) -> int:
    morning = min(max(inside - 15 * _SLOT_MS, 0), 4 * _HOUR_MS)
    return morning + min(max(inside - 13 * _HOUR_MS, 0), 4 * _HOUR_MS)


def _clock_ms(worked: int) -> int:
    return worked + (15 * _SLOT_MS if worked <= 4 * _HOUR_MS else 9 * _HOUR_MS)
