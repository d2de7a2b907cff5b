"""Events of the invented country, from a seed, in the order in which they arrive.

Only open dossiers are in memory: each waits in a heap for its next step, and what is sent late or
twice waits in the same heap.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import blake2b
from heapq import heapify, heappop, heappush, heapreplace, merge
from itertools import accumulate, count, pairwise
from random import Random
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from agents.generate import claims as claiming
from agents.generate import petitions as petitioning
from agents.generate.beside import Aside, Beside, Draws, beside
from agents.generate.country import (
    FULL,
    PER_MILLE,
    Authority,
    Country,
    Draw,
    Procedure,
    load,
    seeded,
)
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
from agents.generate.petitions import Petitioners

EVENT: Final = "event"
LATE: Final = "late"
DUPLICATE: Final = "duplicate"
BROKEN: Final = "broken"

DOSSIERS: Final = "emc.dossiers"
PETITIONS: Final = "emc.petitions"
SIGNALS: Final = "emc.signals"

_TRANSIT_MS: Final = 2_000  # from the source to the topic, when nothing goes wrong
_HOUR_MS: Final = 3_600_000
_EPOCH: Final = date(1970, 1, 1).toordinal()
_APPLICANTS: Final = 20_000_000
_CITIZEN: Final = 1
_BUSINESS: Final = 2
_SHORT_DAY_MS: Final = 20_000  # a working day in a demonstration
_EVENTS_A_DOSSIER: Final = 6
_BESIDE_A_DOSSIER: Final = 5  # of an official scenario, besides
_ACCEPTED: Final = 2
_SUPPLEMENT: Final = 5
_ENDED: Final = frozenset({3, 7, 9, 10})
_BOARDING_MS: Final = 7 * _HOUR_MS  # after midnight of the first day
_STATE: Final = "dossier.state.v1"
_TEN_THOUSAND: Final = 10_000

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
    # What official figures are made of: papers, fees, results, ratings, petitions, corrections.
    # Without it there are the states alone, and the ways of a seed are the same.
    official: bool = False
    boarded: int = 0  # dossiers that are open when the days begin, besides; told by snapshots
    petitions: int = 162  # for 100,000 dossiers received, where official
    agency: str = ""  # a province or ministry alone
    shape: str = ""  # another country than that of today: 2024

    def __post_init__(self) -> None:
        if self.dossiers < 0 or self.boarded < 0 or self.days < 1:
            raise ValueError("a scenario has at least one day and no negative dossiers")
        load(self.shape, self.agency)
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
    topic: str = DOSSIERS


def claims(scenario: Scenario) -> Iterator[Record]:
    """What agencies and surveys state of the scenario's months that are whole."""
    country = load(scenario.shape, scenario.agency)
    last = date.fromordinal(scenario.start.toordinal() + scenario.days - 1)
    for at_ms, key, statement in claiming.claims(
        seeded(f"claims {scenario.seed}"), country, scenario.dossiers, scenario.start, last
    ):
        yield Record(
            key, _arrived(statement, at_ms + _TRANSIT_MS), at_ms + _TRANSIT_MS, topic=SIGNALS
        )


def records(scenario: Scenario) -> Iterator[Record]:
    """The records in the order of arrival; the same for the same scenario on any machine.

    Dossiers that are open at the end of the days stay open. Petitions are among them, on a topic
    of their own.
    """
    rng = seeded(scenario.seed)
    trouble = seeded(f"trouble {scenario.seed}")  # so that the dossiers do not depend on it
    country = load(scenario.shape, scenario.agency)
    registry = _Registry(rng, country, scenario, OfficeClock())
    dossiers = _Open()
    for boarded in registry.boarded():
        dossiers.add(boarded)
    happening = _happenings(
        dossiers, _arrivals(rng, country, scenario), registry, scenario.end_ms
    )
    under_way: list[tuple[int, int, str, _Statement, str]] = []
    order = count()
    for at_ms, key, statement in happening:
        arrival_ms = at_ms + _TRANSIT_MS
        while under_way and under_way[0][0] <= arrival_ms:
            late_ms, _, late_key, delayed, kind = heappop(under_way)
            yield _record(late_key, delayed, late_ms, kind)
        if trouble.random() < scenario.duplicates:
            again_ms = arrival_ms + 1_000 + int(trouble.random() * 6 * _HOUR_MS)
            again = (again_ms, next(order), key, _copy(statement), DUPLICATE)
            heappush(under_way, again)
        if trouble.random() < scenario.late:
            late_ms = arrival_ms + _HOUR_MS + int(trouble.random() * 47 * _HOUR_MS)
            heappush(under_way, (late_ms, next(order), key, _copy(statement), LATE))
        else:
            yield _record(key, statement, arrival_ms)
        if trouble.random() < scenario.bad and statement["type"] == _STATE:
            yield Record(key, broken(trouble, _copy(statement)), arrival_ms, BROKEN)
    while under_way:
        late_ms, _, late_key, delayed, kind = heappop(under_way)
        yield _record(late_key, delayed, late_ms, kind)


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
    country = load(scenario.shape, scenario.agency)
    first_day = local_day(now_ms) - scenario.days + 1
    past = replace(scenario, start=date.fromordinal(first_day + _EPOCH))
    registry = _Registry(rng, country, past, OfficeClock())
    dossiers = _Open()
    history = _happenings(dossiers, _arrivals(rng, country, past), registry, now_ms)
    for at_ms, key, statement in history:
        statement["data"] = statement["data"] | {"backfill": True}
        yield Record(key, orjson.dumps(statement), at_ms, topic=_topic(statement))
    # A state takes others with it, which have their part of the rate.
    a_dossier = _EVENTS_A_DOSSIER + scenario.official * _BESIDE_A_DOSSIER
    states_per_s = max(rate_per_s * _EVENTS_A_DOSSIER // a_dossier, 1)
    dossiers.hasten(now_ms, states_per_s)
    registry.clock = ShortClock(now_ms, _SHORT_DAY_MS)
    arrivals = _steady(rng, country, now_ms, states_per_s)
    for at_ms, key, statement in _happenings(dossiers, arrivals, registry, None):
        yield Record(key, orjson.dumps(statement), at_ms, topic=_topic(statement))


class _Dossier:
    """An open dossier: what each of its events says, and the steps to come, last one first."""

    __slots__ = ("authority", "beside", "content", "id", "steps", "taken")

    def __init__(
        self,
        authority: Authority,
        id_: str,
        content: dict[str, Any],
        steps: list[Step],
        said: Beside | None = None,
    ) -> None:
        self.authority = authority
        self.id = id_
        self.content = content
        self.steps = steps[::-1]
        self.taken = 0
        self.beside = said

    def state(self) -> _Statement:
        """Takes the next step and says so. The data is this dossier's own: copy it to keep it."""
        at_ms, state, desk, name, due_ms = self.steps.pop()
        time = local_time(at_ms)
        content = self.content
        content |= self.later(self.taken)
        content["unit"] = desk
        content["step"] = name
        content["state"] = state
        if state == _ACCEPTED:
            content["receipt_date"] = time[:10] if self.authority.receipt_is_date else time
        if due_ms is not None:
            content["due_at"] = local_time(due_ms)
        content["sequence"] = self.taken
        self.taken += 1
        return self._statement(f"{self.taken}", _STATE, time, content)

    def later(self, step: int) -> dict[str, Any]:
        """What its statements say from this step on."""
        return {} if self.beside is None else self.beside.later.get(step, {})

    def asides(self, at_ms: int, clock: Clock) -> Iterator[tuple[int, _Statement]]:
        """What goes with the step that was just taken, and when."""
        if self.beside is None:
            return
        for number, aside in enumerate(self.beside.asides, start=1):
            if aside.step == self.taken - 1:
                later_ms = at_ms + clock.lasting(aside.after_ms)
                yield later_ms, self._aside(number, aside, at_ms, later_ms)

    def _aside(self, number: int, aside: Aside, step_ms: int, at_ms: int) -> _Statement:
        data = {"dossier": self.content["dossier"]} | aside.data
        match aside.type:
            case "dossier.state.v1":  # one that the way does not know, without a number in it
                data = self.content | data
                del data["sequence"]
            case "dossier.sync.ack.v1":
                data["sent_at"] = local_time(step_ms)
            case "dossier.voided.v1":
                data["target"] = f"{self.id}-b{data['target']}"
            case _:
                pass
        return self._statement(f"b{number}", aside.type, local_time(at_ms), data)

    def _statement(self, id_: str, type_: str, time: str, data: dict[str, Any]) -> _Statement:
        statement: _Statement = {
            "specversion": "1.0",
            "id": f"{self.id}-{id_}",
            "source": self.authority.source,
            "type": type_,
            "time": time,
            "datacontenttype": "application/json",
            "data": data,
        }
        if self.beside is not None and self.beside.stamped and type_ == _STATE:
            statement["stamped"] = self.beside.stamped
        return statement


class _Boarded(_Dossier):
    """One that was open before: the first step that it tells is a snapshot."""

    __slots__ = ("_snapshot",)

    def board(self, taken: int, snapshot: dict[str, Any]) -> None:
        """So many steps of its way lie behind it."""
        self.taken = taken
        self._snapshot: dict[str, Any] | None = snapshot

    def state(self) -> _Statement:
        if self._snapshot is None:
            return super().state()
        at_ms, snapshot = self.steps.pop().at_ms, self._snapshot
        self._snapshot = None
        self.taken += 1
        return self._statement("s", "dossier.snapshot.v1", local_time(at_ms), snapshot)


class _Open:
    """The open dossiers, by the time of their next step; and what is to be said besides."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, _Dossier]] = []
        self._said: list[tuple[int, int, str, _Statement]] = []
        self._order = count()

    def add(self, dossier: _Dossier) -> None:
        heappush(self._heap, (dossier.steps[-1].at_ms, next(self._order), dossier))

    def say(self, at_ms: int, key: str, statement: _Statement) -> None:
        heappush(self._said, (at_ms, next(self._order), key, statement))

    def next_ms(self) -> int | None:
        if self._said and (not self._heap or self._said[0][0] < self._heap[0][0]):
            return self._said[0][0]
        return self._heap[0][0] if self._heap else None

    def take(self, registry: "_Registry") -> tuple[int, str, _Statement]:
        """The next event of all; its dossier waits for the step after it, if any."""
        if self._said and (not self._heap or self._said[0][0] < self._heap[0][0]):
            at_ms, _, key, statement = heappop(self._said)
            return at_ms, key, statement
        at_ms, _, dossier = self._heap[0]
        statement = dossier.state()
        key = dossier.content["dossier"]
        if dossier.steps:
            later = (dossier.steps[-1].at_ms, next(self._order), dossier)
            heapreplace(self._heap, later)
        else:
            heappop(self._heap)
        for later_ms, aside in dossier.asides(at_ms, registry.clock):
            self.say(later_ms, key, aside)
        for later_ms, code, petition in registry.petitions(at_ms, dossier):
            self.say(later_ms, code, petition)
        return at_ms, key, statement

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
        yield dossiers.take(registry)


class _Registry:
    """Where dossiers are submitted and get their codes."""

    def __init__(self, rng: Random, country: Country, scenario: Scenario, clock: Clock) -> None:
        self.clock = clock
        self._rng = rng
        self._country = country
        self._scenario = scenario
        self._authorities = {
            DIRECT: country.direct,
            ONLINE: country.online,
            POSTAL: country.postal,
        }
        self._number = 0
        self._day = -1
        self._ymd = ""
        self._today: dict[str, int] = {}
        self._received: dict[str, list[int]] = {}  # and of them full-process
        # Streams of their own, so that the ways are the same without what they draw.
        self._draws = Draws(seeded(f"beside {scenario.seed}"), country.beside)
        self._petitioners = Petitioners(
            seeded(f"petitions {scenario.seed}"), country.petitions, scenario.petitions
        )

    def submit(self, at_ms: int, channel: int) -> _Dossier:
        rng = self._rng
        authority = self._authorities[channel](rng)
        procedure = self._procedures(authority, channel)(rng)
        agency = authority.agencies[procedure.by](rng)
        if channel != ONLINE:
            outcome = authority.counter
        else:
            outcome = authority.full if procedure.level == FULL else authority.partial
        content = self._content(at_ms, channel, procedure, agency)
        steps = way(
            rng,
            country=self._country,
            clock=self.clock,
            procedure=procedure,
            outcome=outcome,
            channel=channel,
            submitted_ms=at_ms,
        )
        if authority.full_share is not None:
            self._note(authority, content, steps)
        if not self._scenario.official:
            return _Dossier(authority, f"{self._number:x}", content, steps)
        said = beside(
            self._draws,
            authority=authority,
            procedure=procedure,
            content=content,
            steps=steps,
            names=self._country.steps,
            lasting=self.clock.lasting,
        )
        content |= said.said
        return _Dossier(authority, f"{self._number:x}", content, said.steps, said)

    def _content(
        self, at_ms: int, channel: int, procedure: Procedure, agency: str
    ) -> dict[str, Any]:
        rng = self._rng
        life = self._country.life
        is_business = int(rng.random() * PER_MILLE) < procedure.business
        identified = is_business or int(rng.random() * PER_MILLE) < life["identity_attached"]
        applicant = int(rng.random() * _APPLICANTS)
        sub_channel = ""
        if channel == ONLINE:
            by_portal = int(rng.random() * PER_MILLE) < life["by_portal"]
            sub_channel = "national-portal" if by_portal else "local"
        self._number += 1
        return {
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
                f"{self._scenario.seed}/{applicant}".encode(), digest_size=8
            ).hexdigest(),
            "sequence": 0,
        }

    def _procedures(self, authority: Authority, channel: int) -> Draw[Procedure]:
        """Where a share is to be reached, of the level that brings the count nearer to it."""
        if authority.full_share is None:
            return authority.procedures
        received, full = self._received.setdefault(authority.code, [0, 0])
        wanted = authority.full_share * (received + 1) > full * _TEN_THOUSAND
        if channel == ONLINE and wanted:
            return authority.full_procedures
        return authority.other_procedures if channel == ONLINE else authority.procedures

    def _note(self, authority: Authority, said: Mapping[str, Any], steps: list[Step]) -> None:
        if any(step.state == _ACCEPTED for step in steps):
            counts = self._received[authority.code]
            counts[0] += 1
            counts[1] += said["channel"] == ONLINE and said["level"] == FULL

    def petitions(self, at_ms: int, dossier: _Dossier) -> Iterator[tuple[int, str, _Statement]]:
        """Those that come of a dossier's receipt."""
        if not self._scenario.official or dossier.content["state"] != _ACCEPTED:
            return iter(())
        return self._petitioners.hear(at_ms, dossier.authority, dossier.content, self.clock)

    def boarded(self) -> Iterator[_Boarded]:
        """Dossiers that are open when the scenario's days begin, as snapshots tell of them."""
        rng = seeded(f"boarded {self._scenario.seed}")
        start_ms = self._scenario.first_day * CALENDAR_DAY_MS - ZONE_MS
        mine = self._rng
        self._rng = rng
        # The latest first: as long as the days go back, an agency's numbers go on.
        back = sorted(
            int((1 + 40 * rng.random() * rng.random()) * CALENDAR_DAY_MS)
            for _ in range(9 * self._scenario.boarded)
        )
        found = 0
        for back_ms in back:
            if found == self._scenario.boarded:
                break
            dossier = self.submit(start_ms - back_ms, ONLINE if rng.random() < 0.75 else DIRECT)
            boarded = _boarded(dossier, start_ms + _BOARDING_MS + found * 1_000)
            if boarded is not None:
                found += 1
                yield boarded
        self._rng = mine
        self._day = -1
        self._received.clear()

    def _code(self, agency: str, at_ms: int) -> str:
        """Agency, day and the number of the day, which has at least four digits."""
        day = local_day(at_ms)
        if day != self._day:
            if day > self._day:
                self._today.clear()
            self._day = day
            self._ymd = date_of(day).replace("-", "")[2:]
        number = self._today.get(agency, 0) + 1
        self._today[agency] = number
        return f"{agency}-{self._ymd}-{number:04d}"


def _boarded(dossier: _Dossier, at_ms: int) -> _Boarded | None:
    """The same, told by a snapshot at an instant; None if it is not open then."""
    way = dossier.steps[::-1]
    past = [step for step in way if step.at_ms < at_ms]
    accepted = next((step for step in past if step.state == _ACCEPTED), None)
    if accepted is None or past[-1].state in _ENDED:
        return None
    last = past[-1]
    content = dossier.content
    for place in range(len(past)):
        content |= dossier.later(place)
    pauses = [
        after.at_ms - step.at_ms
        for step, after in pairwise(past)
        if step.state == _SUPPLEMENT and step.at_ms >= accepted.at_ms
    ]
    snapshot = {
        "dossier": content["dossier"],
        "state": last.state,
        "procedure": content["procedure"],
        "agency": content["agency"],
        "accepted_at": local_time(accepted.at_ms),
        "unit": last.desk,
        "step": last.name,
        "channel": content["channel"],
        "level": content["level"],
        "paused_ms": sum(pauses),
        "supplements": len(pauses),
        "applicant_type": content["applicant_type"],
    }
    if last.due_ms is not None:
        snapshot["due_at"] = local_time(last.due_ms)
    steps = [last._replace(at_ms=at_ms), *way[len(past) :]]
    boarded = _Boarded(dossier.authority, dossier.id, content, steps, dossier.beside)
    boarded.board(len(past) - 1, snapshot)
    return boarded


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


def _record(key: str, statement: _Statement, arrival_ms: int, kind: str = EVENT) -> Record:
    return Record(key, _arrived(statement, arrival_ms), arrival_ms, kind, _topic(statement))


def _topic(statement: _Statement) -> str:
    return PETITIONS if statement["type"] == petitioning.TYPE else DOSSIERS


def _arrived(statement: _Statement, arrival_ms: int) -> bytes:
    statement["arrival"] = utc_time(arrival_ms)
    return orjson.dumps(statement)


def _copy(statement: _Statement) -> _Statement:
    return statement | {"data": dict(statement["data"])}
