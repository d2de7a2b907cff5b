"""How a source usually sends, by hour of the working calendar, and what silence that explains.

A source has one rhythm in working hours, another at night, at weekends and in holidays; what it
has not shown of a kind of hour is expected of none. Silence is measured in arrivals missed: the
sum of the usual arrivals of the hours that it spans. Arrivals are minutes in which anything came,
so that five hundred events sent together are one.

For a stream without memory (Poisson) the chance of a silence in which m arrivals are expected is
e^-m. Days differ, so only half of the usual rhythm is relied on; a silence is explained up to the
m at which that chance is one in a million. Of a source that is steadier it is twice the longest
silence that it has had in four weeks, not less than a chance of one in a hundred allows; of one
that sends like a clock, three arrivals. Whatever it has had before without being cut off, such as
a lunch break within the hour, is explained, and a quarter more. Basis: assumption.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Final, NamedTuple

from monitor.domain.activity import HOUR_MS, MINUTE_MS
from monitor.domain.calendar import WorkCalendar
from monitor.domain.zone import DAY_MS

MINUTES: Final = 60


class Thresholds(NamedTuple):
    """Ours, and said to be; deploy/reference/connections.toml explains each."""

    baseline_days: int = 28
    rare_arrivals_milli: int = 27_631  # 2 ln 10^6: half the rhythm, once in a million
    likely_arrivals_milli: int = 9_210  # 2 ln 10^2: half the rhythm, once in a hundred
    regular_arrivals_milli: int = 3_000  # of a source that sends like a clock
    regular_days: int = 10  # with arrivals are needed to know that it does
    shortest_silence_minutes: int = 30
    beats_missed: int = 3
    shortest_beat_silence_minutes: int = 5
    not_connected_days: int = 30
    least_events_a_day: int = 3
    mismatch_permille: int = 10
    claim_due_hour: int = 12  # of the next working day
    notice_working_days: int = 7  # Decree 224/2026 Art. 13
    longest_maintenance_days: int = 31
    repeats_percent: int = 20
    repeats_least: int = 20
    clock_minutes: int = 10
    clock_spread_minutes: int = 15
    clock_least: int = 20
    burst_factor: int = 3


class DayType(IntEnum):
    WORKING = 0
    WEEKEND = 1
    HOLIDAY = 2


class Week(NamedTuple):
    """The days and hours of a calendar by what kind they are; both are remembered."""

    calendar: WorkCalendar
    type_of: Callable[[int], DayType]
    slot: Callable[[int], int]  # of an hour of UTC: of which kind of day, and which hour of it

    @classmethod
    def of(cls, calendar: WorkCalendar) -> "Week":
        """A day off belongs to a holiday if one of those around it is off by decision."""
        zone = calendar.zone

        def off_by_decision(day: int) -> bool:
            return _is_weekday(day) and not calendar.is_working_day(day)

        @cache
        def type_of(day: int) -> DayType:
            if calendar.is_working_day(day):
                return DayType.WORKING
            first = last = day
            while not calendar.is_working_day(first - 1):
                first -= 1
            while not calendar.is_working_day(last + 1):
                last += 1
            holiday = any(map(off_by_decision, range(first, last + 1)))
            return DayType.HOLIDAY if holiday else DayType.WEEKEND

        @cache
        def slot(hour: int) -> int:
            day = zone.day(hour * HOUR_MS)
            local = (hour * HOUR_MS - zone.start_of(day)) // HOUR_MS
            return type_of(day) * 32 + local

        return cls(calendar, type_of, slot)


def _is_weekday(day: int) -> bool:
    return (day + 3) % 7 < 5  # 1970-01-01 was a Thursday


@dataclass(frozen=True, slots=True)
class Minutes:
    """The minutes of an hour in which something came, looked through once."""

    first: int
    last: int
    longest: int  # the longest way from one to the next

    @classmethod
    @cache
    def of(cls, mask: int) -> "Minutes | None":
        """None where nothing came."""
        if not mask:
            return None
        first = (mask & -mask).bit_length() - 1
        last = mask.bit_length() - 1
        zeros = f"{mask:b}".rstrip("0")
        longest = max(map(len, zeros.split("1"))) + 1 if first != last else 0
        return cls(first, last, longest)


def instants(masks: Mapping[int, int], hours: Sequence[int]) -> Iterable[int]:
    """Every minute in which something came, in ms."""
    for hour in hours:
        mask, start = masks[hour], hour * HOUR_MS
        while mask:
            low = mask & -mask
            yield start + (low.bit_length() - 1) * MINUTE_MS
            mask ^= low


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Usual arrivals by kind of hour, in thousandths, and the longest silence among them."""

    week: Week
    usual_milli: Mapping[int, int]  # by slot
    longest_milli: int
    days: int  # with arrivals

    def limit_milli(self, thresholds: Thresholds) -> int:
        """How many arrivals may be missed, in thousandths, before a silence is not explained."""
        t = thresholds
        if self.days >= t.regular_days and self.longest_milli <= t.regular_arrivals_milli // 2:
            return t.regular_arrivals_milli
        if self.days < t.regular_days // 2:  # too short to know what its silences are like
            return max(t.rare_arrivals_milli, self.longest_milli * 5 // 4)
        known = min(max(2 * self.longest_milli, t.likely_arrivals_milli), t.rare_arrivals_milli)
        # One that it has had before, and that was no interruption, is explained in any case.
        return max(known, self.longest_milli * 5 // 4)

    def explained_until(
        self, begin: int, thresholds: Thresholds, excused: Sequence[tuple[int, int]] = ()
    ) -> int:
        """When silence since `begin` stops being explained."""
        left = self.limit_milli(thresholds)
        at = begin
        last = begin + thresholds.not_connected_days * DAY_MS
        while at < last:
            end = min((at // HOUR_MS + 1) * HOUR_MS, last)
            over = next((b for a, b in excused if a <= at < b), None)
            if over is not None:
                at = min(over, last)
                continue
            end = min([end, *(a for a, _ in excused if at < a < end)])
            usual = self.usual_milli.get(self.week.slot(at // HOUR_MS), 0)
            here = usual * (end - at) // HOUR_MS
            if usual and here >= left:
                at += -(-left * HOUR_MS // usual)
                break
            left -= here
            at = end
        return max(at, begin + thresholds.shortest_silence_minutes * MINUTE_MS)


def rhythm(
    masks: Mapping[int, int],
    week: Week,
    begin: int,
    end: int,
    left_out: Sequence[tuple[int, int]] = (),
) -> Rhythm:
    """The rhythm shown between two instants, leaving out what is known to be disturbed."""
    first, last = begin // HOUR_MS, end // HOUR_MS
    disturbed = [(a // HOUR_MS, -(-b // HOUR_MS)) for a, b in left_out]
    arrivals: dict[int, int] = {}
    spans: dict[int, int] = {}
    kept = []
    slot = week.slot
    for hour in range(first, last):
        if any(a <= hour < b for a, b in disturbed):
            continue
        here = slot(hour)
        spans[here] = spans.get(here, 0) + 1
        kept.append(hour)
        if mask := masks.get(hour):
            arrivals[here] = arrivals.get(here, 0) + mask.bit_count()
    usual = {s: n * 1000 // spans[s] for s, n in arrivals.items()}
    # The longest way from one arrival to the next, in arrivals that are usual on it.
    longest = 0
    days = set()
    since: int | None = None  # what was missed since the last arrival
    for hour in kept:
        here = usual.get(slot(hour), 0)
        minutes = Minutes.of(masks.get(hour, 0))
        if minutes is None:
            if since is not None:
                since += here
            continue
        if since is not None:
            longest = max(longest, since + here * minutes.first // MINUTES)
        longest = max(longest, here * minutes.longest // MINUTES)
        days.add(week.calendar.zone.day(hour * HOUR_MS))
        since = here * (MINUTES - minutes.last) // MINUTES
    return Rhythm(week, usual, longest, len(days))


class Gap(NamedTuple):
    """A time without any sign of life. `end` is None for the one that lasts."""

    begin: int
    end: int | None


def gaps(masks: Mapping[int, int], last: Mapping[int, int], shortest_ms: int) -> list[Gap]:
    """The times without arrivals that are long enough to matter, and the one that lasts.

    `masks` are the minutes of each hour, `last` its last arrival to the millisecond.
    """
    found: list[Gap] = []
    before: int | None = None
    for hour in sorted(masks):
        minutes = Minutes.of(masks[hour])
        if minutes is None:
            continue
        start = hour * HOUR_MS
        inside = [start + minutes.first * MINUTE_MS]
        if minutes.longest * MINUTE_MS >= shortest_ms:
            inside = list(instants(masks, (hour,)))
        for at in inside:
            if before is not None and at - before >= shortest_ms:
                found.append(Gap(before, at))
            before = at
        before = max(start + minutes.last * MINUTE_MS, last.get(hour, 0))
    if before is not None:
        found.append(Gap(before, None))
    return found
