"""Dossier events of the invented country, from a seed, in the order in which they arrive.

Only open dossiers are in memory: each waits in a heap for its next step, and what is sent late or
twice waits in the same heap.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import blake2b
from heapq import heapify, heappop, heappush, heapreplace, merge
from itertools import accumulate, count, pairwise
from random import Random
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from agents.generate.country import PER_MILLE, Authority, Country, Draw, load, seeded
from agents.generate.damage import broken
from agents.generate.life import DIRECT, ONLINE, POSTAL, Step, way
from agents.generate.office import (
    CALENDAR_DAY_MS,
    COUNTER,
    DAY,
    WEEK_COUNTER,
    WEEK_ONLINE,
    ZONE_MS,
    Clock,
    OfficeClock,
    Rhythm,
    ShortClock,
    date_of,
    local_day,
    local_time,
    utc_time,
    weekday,
)
from agents.generate.office import ONLINE as ONLINE_RHYTHM

EVENT: Final = "event"
LATE: Final = "late"
DUPLICATE: Final = "duplicate"
BROKEN: Final = "broken"

_TRANSIT_MS: Final = 2_000  # from the source to the topic, when nothing goes wrong
_HOUR_MS: Final = 3_600_000
_EPOCH: Final = date(1970, 1, 1).toordinal()
_APPLICANTS: Final = 20_000_000
_CITIZEN: Final = 1
_BUSINESS: Final = 2
_SHORT_DAY_MS: Final = 20_000  # a working day in a demonstration
_EVENTS_A_DOSSIER: Final = 6

_Statement: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """How much is generated, of what days, and how much of it goes wrong.

    `duplicates` and `late` are shares of the events that are sent again and that arrive hours late;
    `bad` records are extra copies, each damaged in one of the ways of `damage`, so
    that the dossiers stay what they are.
    """

    seed: int = 0
    dossiers: int = 10_000
    start: date = date(2026, 6, 1)
    days: int = 30
    duplicates: float = 0.01
    late: float = 0.0
    bad: float = 0.0

    def __post_init__(self) -> None:
        if self.dossiers < 0 or self.days < 1:
            raise ValueError("a scenario has at least one day and no negative dossiers")
        for share in (self.duplicates, self.late, self.bad):
            if not 0 <= share <= 1:
                raise ValueError(f"a share is between 0 and 1, not {share}")

    @property
    def first_day(self) -> int:
        return self.start.toordinal() - _EPOCH

    @property
    def end_ms(self) -> int:
        """Where the generated days end: nothing happens from there on."""
        return (self.first_day + self.days) * CALENDAR_DAY_MS - ZONE_MS


class Record(NamedTuple):
    """What goes on the topic. `kind` says what a reader should make of it; it is not sent."""

    key: str
    value: bytes
    at_ms: int
    kind: str = EVENT


def records(scenario: Scenario) -> Iterator[Record]:
    """The records in the order of arrival; the same for the same scenario on any machine.

    Dossiers that are open at the end of the days stay open.
    """
    rng = seeded(scenario.seed)
    trouble = seeded(f"trouble {scenario.seed}")  # so that the dossiers do not depend on it
    country = load()
    happening = _happenings(
        _Open(),
        _arrivals(rng, country, scenario),
        _Registry(rng, country, scenario.seed, OfficeClock()),
        scenario.end_ms,
    )
    under_way: list[tuple[int, int, str, _Statement, str]] = []
    order = count()
    for at_ms, key, statement in happening:
        arrival_ms = at_ms + _TRANSIT_MS
        while under_way and under_way[0][0] <= arrival_ms:
            late_ms, _, late_key, delayed, kind = heappop(under_way)
            yield Record(late_key, _arrived(delayed, late_ms), late_ms, kind)
        if trouble.random() < scenario.duplicates:
            again_ms = arrival_ms + 1_000 + int(trouble.random() * 6 * _HOUR_MS)
            again = (again_ms, next(order), key, _copy(statement), DUPLICATE)
            heappush(under_way, again)
        if trouble.random() < scenario.late:
            late_ms = arrival_ms + _HOUR_MS + int(trouble.random() * 47 * _HOUR_MS)
            heappush(under_way, (late_ms, next(order), key, _copy(statement), LATE))
        else:
            yield Record(key, _arrived(statement, arrival_ms), arrival_ms)
        if trouble.random() < scenario.bad:
            yield Record(key, broken(trouble, _copy(statement)), arrival_ms, BROKEN)
    while under_way:
        late_ms, _, late_key, delayed, kind = heappop(under_way)
        yield Record(late_key, _arrived(delayed, late_ms), late_ms, kind)


def live(scenario: Scenario, now_ms: int, rate_per_s: int) -> Iterator[Record]:
    """A past, at once, and then events near now without end.

    First come the last `days` days with the scenario's dossiers, marked as backfill, with
    `at_ms` not after `now_ms`. Then each record is to be sent at its `at_ms`, `rate_per_s` of them
    a second: three in four of dossiers submitted from now on, which live for minutes by
    `ShortClock`, the others of dossiers that the past left open, which end in time or late as it
    was drawn. The scenario's `start` and its shares of trouble have no effect, and no event says
    when it arrived: that is for the topic to say.
    """
    if rate_per_s < 1:
        raise ValueError("at least one event a second")
    rng = seeded(scenario.seed)
    country = load()
    first_day = local_day(now_ms) - scenario.days + 1
    past = replace(scenario, start=date.fromordinal(first_day + _EPOCH))
    registry = _Registry(rng, country, scenario.seed, OfficeClock())
    dossiers = _Open()
    history = _happenings(dossiers, _arrivals(rng, country, past), registry, now_ms)
    for at_ms, key, statement in history:
        statement["data"] = statement["data"] | {"backfill": True}
        yield Record(key, orjson.dumps(statement), at_ms)
    dossiers.hasten(now_ms, rate_per_s)
    registry.clock = ShortClock(now_ms, _SHORT_DAY_MS)
    arrivals = _steady(rng, country, now_ms, rate_per_s)
    for at_ms, key, statement in _happenings(dossiers, arrivals, registry, None):
        yield Record(key, orjson.dumps(statement), at_ms)


class _Dossier:
    """An open dossier: what each of its events says, and the steps to come, last one first."""

    __slots__ = ("authority", "content", "id", "steps", "taken")

    def __init__(
        self, authority: Authority, id_: str, content: dict[str, Any], steps: list[Step]
    ) -> None:
        self.authority = authority
        self.id = id_
        self.content = content
        self.steps = steps[::-1]
        self.taken = 0

    def state(self) -> _Statement:
        """Takes the next step and says so. The data is this dossier's own: copy it to keep it."""
        at_ms, state, desk, name, due_ms = self.steps.pop()
        time = local_time(at_ms)
        content = self.content
        content["unit"] = desk
        content["step"] = name
        content["state"] = state
        if state == 2:
            content["receipt_date"] = time[:10] if self.authority.receipt_is_date else time
        if due_ms is not None:
            content["due_at"] = local_time(due_ms)
        content["sequence"] = self.taken
        self.taken += 1
        return {
            "specversion": "1.0",
            "id": f"{self.id}-{self.taken}",
            "source": self.authority.source,
            "type": "dossier.state.v1",
            "time": time,
            "datacontenttype": "application/json",
            "data": content,
        }


class _Open:
    """The open dossiers, by the time of their next step."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, _Dossier]] = []
        self._order = count()

    def add(self, dossier: _Dossier) -> None:
        heappush(self._heap, (dossier.steps[-1].at_ms, next(self._order), dossier))

    def next_ms(self) -> int | None:
        return self._heap[0][0] if self._heap else None

    def take(self) -> tuple[int, str, _Statement]:
        """The next event of all; its dossier waits for the step after it, if any."""
        at_ms, _, dossier = self._heap[0]
        statement = dossier.state()
        if dossier.steps:
            later = (dossier.steps[-1].at_ms, next(self._order), dossier)
            heapreplace(self._heap, later)
        else:
            heappop(self._heap)
        return at_ms, dossier.content["dossier"], statement

    def hasten(self, now_ms: int, rate_per_s: int) -> None:
        """One step after the other from now on, at a quarter of the rate.

        A dossier that is to be late and not yet due keeps its time: now it would end early.
        """
        quick = [d for _, _, d in self._heap if not _late_later(d.steps, now_ms)]
        turns = sorted(
            (step.at_ms, which, -place)
            for which, dossier in enumerate(quick)
            for place, step in enumerate(dossier.steps)
        )
        for turn, (_, which, place) in enumerate(turns, start=1):
            steps = quick[which].steps
            soon_ms = now_ms + turn * 4_000 // rate_per_s
            steps[-place] = steps[-place]._replace(at_ms=soon_ms)
        self._heap = [(d.steps[-1].at_ms, n, d) for _, n, d in self._heap]
        heapify(self._heap)


def _late_later(steps: Sequence[Step], now_ms: int) -> bool:
    return any(
        step.state == 9 and step.due_ms is not None and now_ms < step.due_ms < step.at_ms
        for step in steps
    )


def _happenings(
    dossiers: _Open,
    arrivals: Iterator[tuple[int, int]],
    registry: "_Registry",
    until_ms: int | None,
) -> Iterator[tuple[int, str, _Statement]]:
    """Submissions and steps in the order of time, up to an instant."""
    upcoming = next(arrivals, None)
    while True:
        next_ms = dossiers.next_ms()
        if upcoming is not None and (next_ms is None or upcoming[0] <= next_ms):
            next_ms = upcoming[0]
            if until_ms is None or next_ms < until_ms:
                dossiers.add(registry.submit(*upcoming))
                upcoming = next(arrivals, None)
        if next_ms is None or (until_ms is not None and next_ms >= until_ms):
            return
        yield dossiers.take()


class _Registry:
    """Where dossiers are submitted and get their codes."""

    def __init__(self, rng: Random, country: Country, seed: int, clock: Clock) -> None:
        self.clock = clock
        self._rng = rng
        self._country = country
        self._seed = seed
        self._authorities = {
            DIRECT: country.direct,
            ONLINE: country.online,
            POSTAL: country.postal,
        }
        self._number = 0
        self._day = -1
        self._ymd = ""
        self._today: dict[str, int] = {}

    def submit(self, at_ms: int, channel: int) -> _Dossier:
        rng = self._rng
        life = self._country.life
        authority = self._authorities[channel](rng)
        procedure = authority.procedures(rng)
        agency = authority.agencies[procedure.by](rng)
        if channel != ONLINE:
            outcome = authority.counter
        else:
            outcome = authority.full if procedure.level == 4 else authority.partial
        is_business = int(rng.random() * PER_MILLE) < procedure.business
        identified = is_business or int(rng.random() * PER_MILLE) < life["identity_attached"]
        applicant = int(rng.random() * _APPLICANTS)
        sub_channel = ""
        if channel == ONLINE:
            by_portal = int(rng.random() * PER_MILLE) < life["by_portal"]
            sub_channel = "national-portal" if by_portal else "local"
        self._number += 1
        content = {
            "dossier": self._code(agency, at_ms),
            "procedure": procedure.code,
            "agency": agency,
            "unit": "",
            "step": "",
            "state": 0,
            "channel": channel,
            "sub_channel": sub_channel,
            "level": procedure.level,
            "applicant_type": _BUSINESS if is_business else _CITIZEN,
            "identity_attached": identified,
            # Nobody: the hash of an invented number.
            "applicant_key": blake2b(
                f"{self._seed}/{applicant}".encode(), digest_size=8
            ).hexdigest(),
            "sequence": 0,
        }
        steps = way(
            rng,
            country=self._country,
            clock=self.clock,
            procedure=procedure,
            outcome=outcome,
            channel=channel,
            submitted_ms=at_ms,
        )
        return _Dossier(authority, f"{self._number:x}", content, steps)

    def _code(self, agency: str, at_ms: int) -> str:
        """Agency, day and the number of the day, which has at least four digits."""
        day = local_day(at_ms)
        if day != self._day:
            self._day = day
            self._ymd = date_of(day).replace("-", "")[2:]
            self._today.clear()
        number = self._today.get(agency, 0) + 1
        self._today[agency] = number
        return f"{agency}-{self._ymd}-{number:04d}"


def _arrivals(rng: Random, country: Country, scenario: Scenario) -> Iterator[tuple[int, int]]:
    """When dossiers are submitted in the scenario's days, and how; in the order of time."""
    weeks = {DIRECT: WEEK_COUNTER, ONLINE: WEEK_ONLINE, POSTAL: WEEK_COUNTER}
    rhythms = {DIRECT: COUNTER, ONLINE: ONLINE_RHYTHM, POSTAL: COUNTER}
    days = range(scenario.first_day, scenario.first_day + scenario.days)
    # On days on which every counter is closed all dossiers come online.
    weights = [
        weight if any(weeks[channel][weekday(day)] for day in days) else 0
        for channel, weight in zip(weeks, country.channel_weights, strict=True)
    ]
    parts = _split(scenario.dossiers, weights)
    return merge(
        *(
            _of_channel(
                rng, channel, number, days, week=weeks[channel], rhythm=rhythms[channel]
            )
            for channel, number in zip(weeks, parts, strict=True)
        )
    )


def _of_channel(
    rng: Random,
    channel: int,
    number: int,
    days: Sequence[int],
    *,
    week: Sequence[int],
    rhythm: Rhythm,
) -> Iterator[tuple[int, int]]:
    for day, today in zip(days, _split(number, [week[weekday(d)] for d in days]), strict=True):
        midnight_ms = day * CALENDAR_DAY_MS - ZONE_MS
        for n in range(today):
            # One in each of `today` equal parts of the day's work: in order without sorting.
            part = int((n + rng.random()) * DAY) // today
            yield midnight_ms + rhythm.ms_of(min(part, DAY - 1)), channel


def _steady(
    rng: Random, country: Country, now_ms: int, rate_per_s: int
) -> Iterator[tuple[int, int]]:
    """Submissions without end, for three quarters of the rate."""
    channels = Draw((DIRECT, ONLINE, POSTAL), country.channel_weights)
    every = 1_000 * _EVENTS_A_DOSSIER * 4
    for n in count():
        yield now_ms + int((n + rng.random()) * every) // (3 * rate_per_s), channels(rng)


def _split(number: int, weights: Sequence[int]) -> list[int]:
    """Whole numbers in proportion to the weights; their sum is `number`."""
    total = sum(weights)
    if total == 0:
        return [0 for _ in weights]
    reached = [0, *(number * part // total for part in accumulate(weights))]
    return [high - low for low, high in pairwise(reached)]


def _arrived(statement: _Statement, arrival_ms: int) -> bytes:
    statement["arrival"] = utc_time(arrival_ms)
    return orjson.dumps(statement)


def _copy(statement: _Statement) -> _Statement:
    return statement | {"data": dict(statement["data"])}
