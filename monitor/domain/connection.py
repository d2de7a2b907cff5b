"""How the connection of a source stands: flags and shown class, as MEASURES.md §8 has them.

Everything is told by what arrived and when, so that a class has its since-when from the data and
not from whoever looked, and the past can be judged again. Each flag is a list of times in which
it holds; the shown class at any time is the first flag, in the order of `Class`, that holds then.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

from monitor.domain.activity import HOUR_MS, MINUTE_MS, Part, delay_bin, middle_of, quantile
from monitor.domain.rhythm import Gap, Minutes, Rhythm, Thresholds, Week, gaps, rhythm
from monitor.domain.zone import DAY_MS, date_of, day_number


class Class(StrEnum):
    """The shown class, the first that holds; letter 5901/BTTTT-CĐSQG names the bad ones."""

    NOT_CONNECTED = "not_connected"
    UNDETERMINED = "undetermined"
    INTERRUPTED = "interrupted"
    PARTIAL = "partial"
    MISMATCH = "mismatch"
    UNRECONCILED = "unreconciled"
    CONNECTED = "connected"


MEANINGS: Final[Mapping[Class, str]] = {
    Class.NOT_CONNECTED: "No accepted event since go-live, or none for 30 days.",
    Class.UNDETERMINED: "Under three events a working day and no heartbeat: too few to judge.",
    Class.INTERRUPTED: "No event and no heartbeat, for longer than its own rhythm explains.",
    Class.PARTIAL: "An expected kind, unit or procedure is absent beyond its own interval.",
    Class.MISMATCH: "Claim and count of the last closed working day differ by more than 1 %.",
    Class.UNRECONCILED: "No claim for the last closed working day.",
    Class.CONNECTED: "None of these.",
}
KNOWN_AFTER_MS: Final = 7 * DAY_MS  # a rhythm of a week stands for the day that follows
OUTSIDE_DAYS: Final = 5  # working days
FLAGS: Final = tuple(word for word in Class if word is not Class.CONNECTED)


class Fact(StrEnum):
    """What is shown beside the class, with its since-when, and makes none."""

    REPEATS = "repeats"
    CLOCK = "clock"
    OUTSIDE = "outside_mandate"
    BURST = "burst"
    ALIVE = "alive_but_silent"
    WAITING = "waiting"
    MAINTENANCE = "maintenance"
    SHORT_NOTICE = "short_notice"


FACTS: Final[Mapping[Fact, str]] = {
    Fact.REPEATS: "Much of what it sends was sent before.",
    Fact.CLOCK: "Its clock is off: claimed time and arrival lie apart by the same time.",
    Fact.OUTSIDE: "It speaks for agencies that it may not speak for; that is refused.",
    Fact.BURST: "After an outage it sends what had piled up.",
    Fact.ALIVE: "Heartbeats come, and events that are due do not.",
    Fact.WAITING: "It says that events wait which it cannot send.",
    Fact.MAINTENANCE: "It is away as announced; pages about it are muted.",
    Fact.SHORT_NOTICE: "Away with less notice than the law asks: muted, still burning.",
}


@dataclass(frozen=True, slots=True)
class Hour:
    """What came of a source in an hour."""

    events: int = 0
    minutes: int = 0
    last_ms: int = 0
    repeats: int = 0
    outside: int = 0
    beats: int = 0
    beat_minutes: int = 0
    beat_ms: int = 0
    interval_ms: int = 0
    waiting: int | None = None
    delays: Mapping[int, int] = field(default_factory=dict)


class Seen(NamedTuple):
    """What came of a part on a day."""

    events: int
    first_ms: int
    last_ms: int


class Expected(NamedTuple):
    """Something that should come; None: within what its own rhythm explains."""

    part: Part
    name: str
    within_days: int | None = None


class Compared(NamedTuple):
    """How claim and count of a day stood from a time on."""

    at_ms: int
    claimed: int
    counted: int
    differing: int


class Window(NamedTuple):
    """Announced maintenance that was not called off; no units: the whole source."""

    name: str
    from_ms: int
    to_ms: int
    announced_ms: int
    force_majeure: bool = False
    units: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What the register says of a source."""

    begins_ms: int  # go-live, or for a trial its entry
    trial: bool = False
    claiming: bool = False
    beat_ms: int | None = None
    expected: Sequence[Expected] = ()


@dataclass(frozen=True, slots=True)
class Activity:
    """What came of a source."""

    hours: Mapping[int, Hour] = field(default_factory=dict)
    parts: Mapping[tuple[Part, str], Mapping[int, Seen]] = field(default_factory=dict)
    compared: Mapping[int, Sequence[Compared]] = field(default_factory=dict)  # by day
    windows: Sequence[Window] = ()

    def until(self, now_ms: int) -> "Activity":
        """What of it was known at a time, to the hour."""
        return Activity(
            {hour: here for hour, here in self.hours.items() if hour * HOUR_MS < now_ms},
            {
                part: {day: seen for day, seen in days.items() if seen.first_ms < now_ms}
                for part, days in self.parts.items()
            },
            {
                day: [one for one in found if one.at_ms <= now_ms]
                for day, found in self.compared.items()
            },
            [window for window in self.windows if window.announced_ms <= now_ms],
        )


class Interval(NamedTuple):
    """A time in which something holds. `end` is None while it lasts."""

    begin: int
    end: int | None


class Spell(NamedTuple):
    """A time in which one class was shown."""

    word: Class
    since_ms: int
    until_ms: int | None


class Noted(NamedTuple):
    """A fact that holds now."""

    fact: Fact
    since_ms: int
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How a connection stands."""

    word: Class
    since_ms: int
    spells: Sequence[Spell]
    flags: Mapping[Class, Sequence[Interval]]
    facts: Sequence[Noted]
    last_ms: int | None  # of an event
    beat_ms: int | None
    silence_ms: int | None  # that would be explained, from the last sign of life
    working_ms: int
    connected_ms: int
    p50_ms: int | None
    p95_ms: int | None
    maintenance: bool
    absent: Sequence[str]  # what of the expected does not come


def judge(
    source: Registered,
    activity: Activity,
    week: Week,
    now_ms: int,
    thresholds: Thresholds,
    *,
    from_ms: int = 0,
) -> Connection:
    """How a connection stands at a time, and how it stood since `from_ms`."""
    known = activity.until(now_ms)
    return _Judgement(source, known, week, now_ms, thresholds, from_ms).told()


class _Judgement:
    """One judgement: what several flags are told by, looked up once."""

    def __init__(
        self,
        source: Registered,
        activity: Activity,
        week: Week,
        now: int,
        thresholds: Thresholds,
        from_ms: int,
    ) -> None:
        self.source = source
        self.activity = activity
        self.week = week
        self.calendar = week.calendar
        self.zone = week.calendar.zone
        self.now = now
        self.t = thresholds
        self.begins = source.begins_ms
        self.start = min(max(from_ms, source.begins_ms), now)
        self._rhythms: dict[tuple[int, int], Rhythm] = {}
        self.hours = sorted(activity.hours)
        self.masks = {hour: activity.hours[hour].minutes for hour in self.hours}
        self.events = self._times(self.masks, "last_ms")
        beat_masks = {hour: activity.hours[hour].beat_minutes for hour in self.hours}
        self.beats = self._times(beat_masks, "beat_ms")
        # Announced in time, the silence of a whole source is explained.
        self.whole = [window for window in activity.windows if not window.units]
        self.proper = sorted(
            (window.from_ms, self._ends(window))
            for window in self.whole
            if self.is_proper(window)
        )

    def _times(self, masks: Mapping[int, int], last: str) -> "array[int]":
        """The first and the last arrival of each hour, the last to the millisecond."""
        times = array("q")
        for hour in self.hours:
            minutes = Minutes.of(masks[hour])
            if minutes is not None:
                start = hour * HOUR_MS
                times.append(start + minutes.first * MINUTE_MS)
                at: int = getattr(self.activity.hours[hour], last)
                times.append(max(at, start + minutes.last * MINUTE_MS))
        while times and times[-1] > self.now:
            times.pop()
        return times

    # -- maintenance -----------------------------------------------------------------------

    def is_proper(self, window: Window) -> bool:
        """Whether it was announced as early as the law asks, or needed not to be."""
        if window.force_majeure:
            return True
        told, begins = self.zone.day(window.announced_ms), self.zone.day(window.from_ms)
        notice = self.calendar.working_days_between(told, begins)
        return window.announced_ms < window.from_ms and notice >= self.t.notice_working_days

    def _ends(self, window: Window) -> int:
        return min(window.to_ms, window.from_ms + self.t.longest_maintenance_days * DAY_MS)

    def _away(self) -> list[Window]:
        """In which the whole source is now; one of some units says nothing of the others."""
        return [
            window for window in self.whole if window.from_ms <= self.now < self._ends(window)
        ]

    # -- flags -----------------------------------------------------------------------------

    def not_connected(self) -> list[Interval]:
        longest = self.t.not_connected_days * DAY_MS
        since = [at for at in self.events if at >= self.begins]
        if not since:
            return [Interval(self.begins, None)] if self.now >= self.begins else []
        found = [Interval(self.begins, since[0])] if since[0] > self.begins else []
        found += [Interval(a, b) for a, b in pairwise(since) if b - a >= longest]
        if self.now - since[-1] >= longest:
            found.append(Interval(since[-1], None))
        return found

    def interrupted(self) -> list[Interval]:
        """Gaps in order, because the rhythm of one leaves out those before it."""
        t = self.t
        shortest = min(t.shortest_silence_minutes, t.shortest_beat_silence_minutes) * MINUTE_MS
        least = t.shortest_silence_minutes * MINUTE_MS
        hours = self.activity.hours
        signs = {h: hours[h].minutes | hours[h].beat_minutes for h in self.hours}
        last = {h: max(hours[h].last_ms, hours[h].beat_ms) for h in self.hours}
        found: list[Interval] = []
        for gap in gaps(signs, last, shortest):
            end = self.now if gap.end is None else gap.end
            if end <= max(self.begins, self.start - DAY_MS):
                continue
            if end - gap.begin < least and self._beat_limit(gap.begin) is None:
                continue
            until = self.explained_until(gap, found)
            if until is not None and end > until:
                # From a window that ended unheard on; otherwise from the last sign of life.
                begin = max([gap.begin, *(b for a, b in self.proper if gap.begin < b <= until)])
                found.append(Interval(begin, gap.end))
        return found

    def explained_until(self, gap: Gap, disturbed: Sequence[Interval]) -> int | None:
        """When a silence stops being explained; None where nothing tells."""
        alive = self._beat_limit(gap.begin)
        if alive is not None:
            at = gap.begin + alive
            for begin, end in self.proper:
                if begin < at and end > gap.begin:
                    at += end - max(begin, gap.begin)
            return at
        usual = self._rhythm(gap.begin, disturbed)
        if not usual.usual_milli:
            return None
        return usual.explained_until(gap.begin, self.t, self.proper)

    def _beat_limit(self, at: int) -> int | None:
        """How long a source may be silent whose heart was beating at a time."""
        place = bisect_right(self.beats, at)
        if not place:
            return None
        beat = self.beats[place - 1]
        hour = self.activity.hours[beat // HOUR_MS]
        interval = hour.interval_ms or self.source.beat_ms or 0
        limit = max(
            self.t.beats_missed * interval, self.t.shortest_beat_silence_minutes * MINUTE_MS
        )
        return limit if interval and at - beat <= limit else None

    def _rhythm(self, at: int, disturbed: Sequence[Interval]) -> Rhythm:
        """The rhythm up to the day of an instant; in its first days, up to the instant."""
        first = self.hours[0] * HOUR_MS if self.hours else at
        today = self.zone.start_of(self.zone.day(at))
        end = today if today - first >= KNOWN_AFTER_MS else at
        key = (end, len(disturbed))
        if key not in self._rhythms:
            begin = max(first, end - self.t.baseline_days * DAY_MS)
            left_out = [(a, at if b is None else b) for a, b in disturbed]
            self._rhythms[key] = rhythm(
                self.masks, self.week, begin, end, [*left_out, *self.proper]
            )
        return self._rhythms[key]

    def undetermined(self, interrupted: Sequence[Interval]) -> list[Interval]:
        """Day by day: under so many events a working day of the weeks before, and no heartbeat."""
        found: list[Interval] = []
        if not self.events:
            return found
        first, last = self.zone.day(self.events[0]), self.zone.day(self.now)
        by_day: dict[int, int] = {}
        for hour, here in self.activity.hours.items():
            day = self.zone.day(hour * HOUR_MS)
            by_day[day] = by_day.get(day, 0) + here.events
        beating = {self.zone.day(beat) for beat in self.beats}
        silent = {
            day
            for a, b in interrupted
            for day in range(self.zone.day(a) + 1, self.zone.day(self.now if b is None else b))
        }
        for day in range(max(first, self.zone.day(self.start)), last + 1):
            weeks = range(max(first, day - self.t.baseline_days + 1), day + 1)
            days = sum(self.calendar.is_working_day(d) and d not in silent for d in weeks)
            events = sum(by_day.get(d, 0) for d in weeks)
            if events >= self.t.least_events_a_day * days or {day, day - 1} & beating:
                continue
            begin = max(self.zone.start_of(day), self.events[0])
            end = None if day == last else self.zone.start_of(day + 1)
            if found and found[-1].end == begin:
                found[-1] = Interval(found[-1].begin, end)
            else:
                found.append(Interval(begin, end))
        return found

    def partial(self) -> tuple[list[Interval], list[str]]:
        found: list[Interval] = []
        absent: list[str] = []
        for expected in self.source.expected:
            here = self._absent(expected)
            found += here
            if here and here[-1].end is None:
                absent.append(f"{expected.part} {expected.name}")
        return found, absent

    def _absent(self, expected: Expected) -> list[Interval]:
        days = self._days(expected)
        seen = sorted(day for day in days if days[day].last_ms >= self.begins)
        if not seen and not self.events:
            return []  # the whole is absent, and that has classes of its own
        today = self.zone.day(self.now)
        begin_day = self.zone.day(self.begins)
        found = []
        # Before the first, from one to the next, and since the last.
        steps = [(None, seen[0] if seen else None)] + [
            (a, seen[place + 1] if place + 1 < len(seen) else None)
            for place, a in enumerate(seen)
        ]
        for last, following in steps:
            day = begin_day - 1 if last is None else last
            until = today if following is None else following
            # Whole working days without any: today is not over yet.
            missed = self.calendar.working_days_between(
                day, until
            ) - self.calendar.is_working_day(until)
            begin = self.begins if last is None else days[last].last_ms
            end = None if following is None else days[following].first_ms
            missed -= self._excused(expected, day + 1, until)
            if missed > self._may_miss(expected, days, seen, last):
                found.append(Interval(begin, end))
        return found

    def _days(self, expected: Expected) -> dict[int, Seen]:
        """The days of a part, and of what lies below it by its code."""
        days: dict[int, Seen] = {}
        for (part, name), seen in self.activity.parts.items():
            if part is expected.part and (
                name == expected.name or name.startswith(expected.name + ".")
            ):
                for day, here in seen.items():
                    had = days.get(day)
                    days[day] = (
                        here
                        if had is None
                        else Seen(
                            had.events + here.events,
                            min(had.first_ms, here.first_ms),
                            max(had.last_ms, here.last_ms),
                        )
                    )
        return days

    def _may_miss(
        self,
        expected: Expected,
        days: Mapping[int, Seen],
        seen: Sequence[int],
        last: int | None,
    ) -> int:
        """How many whole working days a part may be absent."""
        if expected.within_days is not None:
            return expected.within_days
        if last is None:
            return self.t.baseline_days  # nothing is known of its rhythm
        baseline = [day for day in seen if last - self.t.baseline_days < day <= last]
        between = self.calendar.working_days_between
        span = between(baseline[0], last) + 1
        events = sum(days[day].events for day in baseline)
        longest = max((between(a, b) - 1 for a, b in pairwise(baseline)), default=0)
        milli_a_day = max(1, events * 1000 // span)
        allowed = min(
            max(2 * longest * milli_a_day, self.t.likely_arrivals_milli),
            self.t.rare_arrivals_milli,
        )
        return max(allowed // milli_a_day, longest)

    def _excused(self, expected: Expected, first: int, until: int) -> int:
        """Working days in which an announced window explains that a part is absent."""
        days = {
            day
            for window in self.activity.windows
            if self.is_proper(window)
            and (
                not window.units
                or (expected.part is Part.UNIT and expected.name in window.units)
            )
            for day in range(
                max(first, self.zone.day(window.from_ms)),
                min(until, self.zone.day(self._ends(window)) + 1),
            )
        }
        return sum(self.calendar.is_working_day(day) for day in days)

    def reconciled(self) -> tuple[list[Interval], list[Interval]]:
        """Where claims differ, and where they are missing; each by the day that it is about."""
        differ: list[Interval] = []
        missing: list[Interval] = []
        if not self.source.claiming:
            return differ, missing
        closed = self._closed()
        for place, day in enumerate(closed):
            starts = self.zone.start_of(day)
            due = self._due(day)
            end = self.zone.start_of(closed[place + 1]) if place + 1 < len(closed) else None
            found = list(self.activity.compared.get(day, ()))
            in_time = [one for one in found if one.at_ms <= due]
            later = [one for one in found if one.at_ms > due]
            if not in_time:
                answered = later[0].at_ms if later else None
                missing.append(Interval(starts, answered if end is None else end))
                if end is None and later and self._differs(later[-1]):
                    differ.append(Interval(later[-1].at_ms, None))
            elif self._differs(in_time[-1]) and end is None:
                mended = next((one.at_ms for one in later if not self._differs(one)), None)
                differ.append(Interval(starts, mended))
            elif self._differs(in_time[-1]):
                differ.append(Interval(starts, end))
            elif end is None and later and self._differs(later[-1]):
                differ.append(Interval(later[-1].at_ms, None))
        return differ, missing

    def _differs(self, one: Compared) -> bool:
        whole = max(one.claimed, one.counted)
        return one.differing * 1000 > whole * self.t.mismatch_permille

    def _closed(self) -> list[int]:
        """Working days since the beginning whose claims are due, those of the window."""
        first = self.zone.day(max(self.begins, self.start - 7 * DAY_MS))
        return [
            day
            for day in range(first, self.zone.day(self.now))
            if self.calendar.is_working_day(day) and self._due(day) <= self.now
        ]

    def _due(self, day: int) -> int:
        following = self.calendar.next_working_day(day + 1)
        return self.zone.instant(following, self.t.claim_due_hour * HOUR_MS)

    # -- facts -----------------------------------------------------------------------------

    def facts(self, interrupted: Sequence[Interval]) -> list[Noted]:
        found = [
            *self._repeats(),
            *self._clock(),
            *self._outside(),
            *self._burst(interrupted),
            *self._alive(),
            *self._waiting(),
        ]
        for window in self._away():
            fact = Fact.MAINTENANCE if self.is_proper(window) else Fact.SHORT_NOTICE
            found.append(Noted(fact, window.from_ms, f"{window.name}: {window.reason}"))
        return sorted(found)

    def _repeats(self) -> Iterable[Noted]:
        hours = self.activity.hours
        run: list[int] = []
        for hour in reversed(self.hours):
            here = hours[hour]
            if here.repeats + here.events == 0:
                continue
            if here.repeats * 100 < (here.repeats + here.events) * self.t.repeats_percent:
                break
            run.append(hour)
        repeats = sum(hours[hour].repeats for hour in run)
        if run and repeats >= self.t.repeats_least:
            yield Noted(Fact.REPEATS, run[-1] * HOUR_MS, f"{repeats} sent again")

    def _clock(self) -> Iterable[Noted]:
        hours = self.activity.hours
        run: list[int] = []
        spread, least = (
            self.t.clock_spread_minutes * MINUTE_MS,
            self.t.clock_minutes * MINUTE_MS,
        )
        middle: int | None = None
        for hour in reversed(self.hours):
            delays = hours[hour].delays
            low, half, high = (quantile(delays, percent) for percent in (10, 50, 90))
            if low is None or half is None or high is None:
                continue
            off = low * high > 0 and min(abs(low), abs(high)) >= least
            if (
                not off
                or high - low > spread
                or (middle is not None and abs(half - middle) > spread)
            ):
                break
            middle = half if middle is None else middle
            run.append(hour)
        if middle is not None and sum(hours[h].events for h in run) >= self.t.clock_least:
            way = "ahead" if middle < 0 else "behind"
            about = abs(middle_of(middle)) // MINUTE_MS
            yield Noted(Fact.CLOCK, run[-1] * HOUR_MS, f"about {about} minutes {way}")

    def _outside(self) -> Iterable[Noted]:
        """As long as no five working days have passed without any such refusal."""
        hours = [hour for hour in self.hours if self.activity.hours[hour].outside]
        since = self.now // HOUR_MS
        run: list[int] = []
        for hour in reversed(hours):
            apart = self.calendar.working_days_between(
                self.zone.day(hour * HOUR_MS), self.zone.day(since * HOUR_MS)
            )
            if apart > OUTSIDE_DAYS:
                break
            since = hour
            run.append(hour)
        if run:
            number = sum(self.activity.hours[hour].outside for hour in run)
            yield Noted(Fact.OUTSIDE, since * HOUR_MS, f"{number} refused")

    def _burst(self, interrupted: Sequence[Interval]) -> Iterable[Noted]:
        ended = [(a, b) for a, b in interrupted if b is not None and self.now - b < DAY_MS]
        for begin, end in ended[-1:]:
            first = end // HOUR_MS
            came = [
                self.activity.hours[h] for h in (first, first + 1) if h in self.activity.hours
            ]
            events = sum(here.events for here in came)
            late = sum(
                number
                for here in came
                for place, number in here.delays.items()
                if place > delay_bin(self.t.clock_minutes * MINUTE_MS)
            )
            before = [
                here.events
                for hour, here in self.activity.hours.items()
                if begin - 7 * DAY_MS <= hour * HOUR_MS < begin and here.events
            ]
            usual = sum(before) // len(before) if before else 0
            if events > self.t.burst_factor * max(usual, 1) and 2 * late > events:
                yield Noted(Fact.BURST, end, f"{events} events, {late} of them late")

    def _alive(self) -> Iterable[Noted]:
        if not self.events or not self.beats or self._beat_limit(self.now) is None:
            return
        usual = self._rhythm(self.events[-1], ())
        if usual.usual_milli:
            until = usual.explained_until(self.events[-1], self.t, self.proper)
            if self.now > until:
                yield Noted(Fact.ALIVE, self.events[-1], "heartbeats without events")

    def _waiting(self) -> Iterable[Noted]:
        told = [hour for hour in self.hours if self.activity.hours[hour].waiting is not None]
        run = []
        for hour in reversed(told):
            if not self.activity.hours[hour].waiting:
                break
            run.append(hour)
        if run:
            waiting = self.activity.hours[run[0]].waiting
            yield Noted(Fact.WAITING, run[-1] * HOUR_MS, f"{waiting} events wait")

    # -- all of it -------------------------------------------------------------------------

    def told(self) -> Connection:
        interrupted = self.interrupted()
        partial, absent = self.partial()
        differ, missing = self.reconciled()
        flags = {
            Class.NOT_CONNECTED: self.not_connected(),
            Class.UNDETERMINED: self.undetermined(interrupted),
            Class.INTERRUPTED: interrupted,
            Class.PARTIAL: partial,
            Class.MISMATCH: differ,
            Class.UNRECONCILED: missing,
        }
        spells = spells_of(flags, self.start, self.now)
        lasting = spells[-1]
        working, connected = self._uptime([*flags[Class.NOT_CONNECTED], *interrupted])
        last = self.events[-1] if self.events else None
        beat = self.beats[-1] if self.beats else None
        sign = max((at for at in (last, beat) if at is not None), default=None)
        until = (
            None if sign is None else self.explained_until(Gap(sign, None), interrupted[:-1])
        )
        recent: dict[int, int] = {}
        for hour in self.hours:
            if hour * HOUR_MS > self.now - DAY_MS:
                for place, number in self.activity.hours[hour].delays.items():
                    recent[place] = recent.get(place, 0) + number
        return Connection(
            word=lasting.word,
            since_ms=lasting.since_ms,
            spells=spells,
            flags=flags,
            facts=self.facts(interrupted),
            last_ms=last,
            beat_ms=beat,
            silence_ms=None if sign is None or until is None else until - sign,
            working_ms=working,
            connected_ms=connected,
            p50_ms=quantile(recent, 50),
            p95_ms=quantile(recent, 95),
            maintenance=bool(self._away()),
            absent=absent,
        )

    def _uptime(self, down: Sequence[Interval]) -> tuple[int, int]:
        """Working time of this month since it began to count, and how much of it connected."""
        month = day_number(date_of(self.zone.day(self.now)).replace(day=1))
        begin = max(self.zone.start_of(month), self.begins)
        if begin >= self.now:
            return 0, 0
        excused = merged((Interval(a, b) for a, b in self.proper), begin, self.now)
        lost = merged(down, begin, self.now)
        worked = self.calendar.worked_ms
        working = worked(begin, self.now) - sum(worked(a, b) for a, b in excused)
        burnt = sum(worked(a, b) for a, b in lost) - sum(
            worked(max(a, c), min(b, d))
            for a, b in lost
            for c, d in excused
            if max(a, c) < min(b, d)
        )
        return working, working - burnt


def merged(
    intervals: Iterable[tuple[int, int | None]], begin: int, end: int
) -> list[tuple[int, int]]:
    """Intervals cut to a window, those that touch drawn together."""
    found: list[tuple[int, int]] = []
    for a, b in sorted((a, end if b is None else b) for a, b in intervals):
        first, last = max(a, begin), min(b, end)
        if first >= last:
            continue
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def spells_of(flags: Mapping[Class, Sequence[Interval]], start: int, now: int) -> list[Spell]:
    """What was shown from a time until now: at each instant the first flag that holds."""
    held = {word: merged(flags.get(word, ()), start, now + 1) for word in FLAGS}
    marks = sorted({start, *(at for found in held.values() for pair in found for at in pair)})
    spells: list[Spell] = []
    for at in marks:
        if at > now:
            break
        word = next(
            (word for word in FLAGS if any(a <= at < b for a, b in held[word])),
            Class.CONNECTED,
        )
        if spells and spells[-1].word is word:
            continue
        if spells:
            spells[-1] = spells[-1]._replace(until_ms=at)
        spells.append(Spell(word, at, None))
    return spells
