"""Scripted incidents: what systems send while all is well, and what they send from then on.

A script is told from a seed and an instant, and is the same for the same two. What is past has its
arrival in the past, as the edge would have stamped it, so that rhythms and medians are known when
the incident begins. The offices of an incident never close (`standby`), so that it can be shown at
any hour of any day.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush, merge
from itertools import count, dropwhile, takewhile
from random import Random
from typing import Final, NamedTuple

from agents.generate.country import seeded
from agents.generate.office import date_of, local_day
from schemas.event import Answer, Heartbeat, ServiceRequest, Signal, StateChanged

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

PORTAL: Final = "national-portal"
CERTIFICATE: Final = (
    "1.004873"  # Cấp giấy xác nhận tình trạng hôn nhân, in the group civil-status
)
ALLOWANCE: Final = "1.001776"  # Trợ cấp xã hội hằng tháng, in no group
ACCEPTED: Final = "Tiếp nhận hồ sơ"
APPRAISED: Final = "Thẩm định hồ sơ"
FOR_SIGNATURE: Final = "Trình lãnh đạo phê duyệt"
PROCESSED: Final = "Đã có kết quả"
TRANSIT_MS: Final = 400  # from the source to its topic

PAST_DAYS: Final = 28  # what a rhythm rests on
USUAL_MS: Final = 6 * HOUR  # what a dossier took in the past
USUAL_EVERY_MS: Final = 2 * HOUR
QUICK_MS: Final = 20 * SECOND  # what one takes in front of whoever looks
QUICK_EVERY_MS: Final = 2 * SECOND


class Told(NamedTuple):
    """What is sent, and when."""

    at_ms: int
    event: StateChanged | Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """When a script plays and where: history ends at `now_ms`, the incident begins after it."""

    agency: str
    seed: int
    now_ms: int
    begins_ms: int
    beat_ms: int  # between two heartbeats

    @property
    def source(self) -> str:
        """The system that it is about, unless it is the portal's."""
        return f"{self.agency}-onestop"

    @property
    def unit(self) -> str:
        """The commune whose dossiers are told of."""
        return f"{self.agency}.101"

    def rng(self, what: str) -> Random:
        """A source of chance for each part, so that none depends on another."""
        return seeded(f"{what} {self.agency} {self.seed}")

    def code(self, first: int, number: int, at_ms: int) -> str:
        """Of a dossier. Numbers of five digits, by what they are of; the country's have four."""
        day = date_of(local_day(at_ms)).replace("-", "")[2:]
        return f"{self.unit}-{day}-{first}{number:04d}"


Script = Callable[[Times], Iterator[Told]]


class Of(StrEnum):
    """By which label an alert says whom it is about."""

    SOURCE = "source"
    AGENCY = "agency"
    PORTAL = "portal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What is played, and the alert that must come of it, and no other."""

    what: str  # {agency} is where it is played
    alert: str = ""  # "": none
    severity: str = ""
    of: Of = Of.SOURCE
    past: Script  # up to now
    present: Script  # from now on

    def labels(self, times: Times) -> Mapping[str, str]:
        """What the alert must be labelled with."""
        match self.of:
            case Of.SOURCE:
                return {"source": times.source}
            case Of.AGENCY:
                return {"agency": times.agency}
            case Of.PORTAL:
                return {"source": PORTAL}


# -- ordinary work -------------------------------------------------------------------------------


def _dossier(
    times: Times,
    code: str,
    accepted_ms: int,
    took_ms: int,
    *,
    procedure: str = CERTIFICATE,
    off_ms: int = 0,
) -> list[Told]:
    """From acceptance to the result; `off_ms` is how far the clock of its source is off."""
    begins = accepted_ms - accepted_ms % SECOND
    way = ((0, 2, ACCEPTED), (20, 4, APPRAISED), (70, 4, FOR_SIGNATURE), (100, 9, PROCESSED))
    return [
        _state(
            times, code, number, begins + took_ms * percent // 100 + TRANSIT_MS, state, step,
            procedure=procedure, late_ms=TRANSIT_MS - off_ms, due_ms=begins + 4 * DAY,
        )
        for number, (percent, state, step) in enumerate(way)
    ]  # fmt: skip


def _state(
    times: Times,
    code: str,
    number: int,
    arrival_ms: int,
    state: int,
    step: str,
    *,
    procedure: str,
    due_ms: int,
    late_ms: int = TRANSIT_MS,
) -> Told:
    """A state as it arrives, claimed for so long before."""
    claimed = arrival_ms - late_ms
    return Told(
        arrival_ms,
        StateChanged(
            code, times.source, f"{code}-{number}", claimed, arrival_ms, state, procedure,
            times.unit,
            step=step, channel=2, level=4, receipt_ms=claimed if state == 2 else None,
            due_ms=due_ms, applicant_type=1, identity_attached=True, sequence=number,
        ),
    )  # fmt: skip


def _in_order(lives: Iterable[list[Told]]) -> Iterator[Told]:
    """The events of lives that begin one after the other, in the order of time."""
    waiting: list[tuple[int, int, Told]] = []
    order = count()
    for life in lives:
        while waiting and waiting[0][0] <= life[0].at_ms:
            yield heappop(waiting)[2]
        for told in life:
            heappush(waiting, (told.at_ms, next(order), told))
    while waiting:
        yield heappop(waiting)[2]


def together(*told: Iterator[Told]) -> Iterator[Told]:
    """In the order of time."""
    return merge(*told, key=lambda one: one.at_ms)


def _until(end_ms: int, told: Iterator[Told]) -> Iterator[Told]:
    return takewhile(lambda one: one.at_ms < end_ms, told)


def _usual(times: Times, every_ms: int, procedure: str) -> Iterator[Told]:
    """What a source sends day and night, from four weeks ago on and without end."""
    rng = times.rng("usual")
    begins = count(times.now_ms - PAST_DAYS * DAY, every_ms)
    return _in_order(
        _dossier(
            times, times.code(1, number, at), at + int(rng.random() * every_ms), USUAL_MS,
            procedure=procedure,
        )
        for number, at in enumerate(begins)
    )  # fmt: skip


def worked(
    times: Times, *, every_ms: int = USUAL_EVERY_MS, procedure: str = CERTIFICATE
) -> Iterator[Told]:
    """The four weeks up to now; what was begun is open."""
    return _until(times.now_ms, _usual(times, every_ms, procedure))


def going_on(times: Times) -> Iterator[Told]:
    """The same from now on, with a heart that beats."""
    usual = _usual(times, USUAL_EVERY_MS, CERTIFICATE)
    return together(beating(times), dropwhile(lambda one: one.at_ms < times.now_ms, usual))


def working(
    times: Times, *, from_ms: int = 0, off_ms: int = 0, procedure: str = CERTIFICATE
) -> Iterator[Told]:
    """Dossiers of seconds each, without end."""
    begin = max(from_ms, times.now_ms)
    return _in_order(
        _dossier(
            times, times.code(2, number, begin), begin + number * QUICK_EVERY_MS, QUICK_MS, off_ms=off_ms,
            procedure=procedure,
        )
        for number in count()
    )  # fmt: skip


def beating(times: Times) -> Iterator[Told]:
    """A heart that has been beating for a while."""
    for at in count(times.now_ms - 10 * times.beat_ms, times.beat_ms):
        yield Told(
            at,
            Heartbeat(
                source=times.source, id=f"beat-{at}", claimed_ms=at, arrival_ms=at,
                interval_ms=times.beat_ms, waiting=0,
            ),
        )  # fmt: skip


def asking(times: Times, failing: Callable[[int], int] = lambda _: 0) -> Iterator[Told]:
    """Twenty requests a second to a portal, of which so many of a hundred fail at a time."""
    rng = times.rng("asking")
    for at in count(times.now_ms, 50):
        fails = rng.random() * 100 < failing(at)
        answer = Answer.FAILED if fails else Answer.SUCCEEDED
        yield Told(
            at,
            ServiceRequest(
                source=PORTAL, id=f"r-{at}", claimed_ms=at, arrival_ms=at,
                interface="POST /dossiers", answer=answer,
                duration_ms=80 + int(rng.random() * 400),
            ),
        )  # fmt: skip


def _all_is_well(times: Times) -> Iterator[Told]:
    return together(beating(times), working(times))


# -- incidents -----------------------------------------------------------------------------------


def _falls_silent(times: Times) -> Iterator[Told]:
    return _until(times.begins_ms, _all_is_well(times))


def _before_this_hour(times: Times) -> Iterator[Told]:
    """A clock is judged by the hour of arrival: nothing that is right lies in the one that runs."""
    return _until(times.now_ms - times.now_ms % HOUR, worked(times))


def _clock_goes_wrong(times: Times) -> Iterator[Told]:
    """It comes back from a restart, 47 minutes slow."""
    return together(
        beating(times),
        working(times, from_ms=times.begins_ms, off_ms=-47 * MINUTE),
    )


BACKDATED: Final = 80  # dossiers


def _with_open_ones(times: Times) -> Iterator[Told]:
    return together(worked(times), _held(times, BACKDATED, 6 * DAY, APPRAISED))


def _held(
    times: Times, number: int, age_ms: int, step: str, procedure: str = CERTIFICATE
) -> Iterator[Told]:
    """Dossiers accepted so long ago and in hand since, due in a few days."""
    begin = times.now_ms - age_ms
    return _in_order(
        [
            _state(
                times, times.code(3, place, begin), turn, begin + place * SECOND + turn * MINUTE, state,
                here, procedure=procedure, due_ms=times.now_ms + 4 * DAY,
            )
            for turn, (state, here) in enumerate(((2, ACCEPTED if step else ""), (4, step)))
        ]
        for place in range(number)
    )  # fmt: skip


def _let_go(
    times: Times,
    number: int,
    *,
    age_ms: int,
    every_ms: int,
    claimed_before_ms: Callable[[int], int] = lambda _: TRANSIT_MS,
    procedure: str = CERTIFICATE,
    step: str = PROCESSED,
) -> Iterator[Told]:
    """What was held ends, one after the other."""
    for place in range(number):
        yield _state(
            times, times.code(3, place, times.now_ms - age_ms), 2, times.begins_ms + place * every_ms, 9, step,
            procedure=procedure, due_ms=times.now_ms + 4 * DAY,
            late_ms=claimed_before_ms(place),
        )  # fmt: skip


def _backdates(times: Times) -> Iterator[Told]:
    """Ends that somebody writes down today, for the days before."""
    rng = times.rng("backdated")
    ended = _let_go(
        times, BACKDATED, age_ms=6 * DAY, every_ms=250,
        claimed_before_ms=lambda _: 2 * DAY + int(rng.random() * 3 * DAY),
    )  # fmt: skip
    return together(beating(times), working(times), ended)


HELD_AT_A_STEP: Final = 240


def _held_at_a_step(times: Times) -> Iterator[Told]:
    return together(
        worked(times, every_ms=4 * HOUR, procedure=ALLOWANCE),
        _held(times, HELD_AT_A_STEP, 3 * DAY, APPRAISED, ALLOWANCE),
    )


def _step_is_slow(times: Times) -> Iterator[Told]:
    """What has been lying at the appraisal for three days leaves it, piece by piece."""
    ended = _let_go(times, HELD_AT_A_STEP, age_ms=3 * DAY, every_ms=200, procedure=ALLOWANCE)
    return together(beating(times), ended)


SURGED: Final = 500


def _surged(times: Times) -> Iterator[Told]:
    return together(worked(times), _held(times, SURGED, 2 * DAY, ""))


def _surge_is_worked_off(times: Times) -> Iterator[Told]:
    """What came all at once is settled after two days, and not after six hours as usual."""
    ended = _let_go(times, SURGED // 2, age_ms=2 * DAY, every_ms=200, step="")
    return together(beating(times), ended)


NONE: Final = "none"
INCIDENTS: Final[Mapping[str, Incident]] = {
    NONE: Incident(
        what="Nothing happens: the control run",
        past=worked,
        present=_all_is_well,
    ),
    "source-silent": Incident(
        what="{agency}-onestop falls silent: neither events nor heartbeats",
        alert="SourceInterrupted",
        severity="page",
        past=worked,
        present=_falls_silent,
    ),
    "surge": Incident(
        what=f"{SURGED} dossiers came to {{agency}} at once two days ago, and are settled now",
        alert="ServiceDegraded",
        severity="ticket",
        of=Of.AGENCY,
        past=_surged,
        present=_surge_is_worked_off,
    ),
    "slow-step": Incident(
        what=f"At {{agency}}, {HELD_AT_A_STEP} dossiers leave a step after three days, not three hours",
        alert="StepStuck",
        severity="ticket",
        of=Of.AGENCY,
        past=_held_at_a_step,
        present=_step_is_slow,
    ),
    "portal-degraded": Incident(
        what=f"{PORTAL} answers six of ten requests with 5xx",
        alert="PortalDegraded",
        severity="page",
        of=Of.PORTAL,
        past=worked,
        present=_all_is_well,  # the portal's requests are told apart: `asking`
    ),
    "clock-skew": Incident(
        what="The clock of {agency}-onestop is 47 minutes slow",
        alert="SourceClockOff",
        severity="ticket",
        past=_before_this_hour,
        present=_clock_goes_wrong,
    ),
    "bulk-backdating": Incident(
        what=f"{BACKDATED} dossiers of {{agency}} are ended at once, for days before",
        alert="DossiersBackdated",
        severity="ticket",
        of=Of.AGENCY,
        past=_with_open_ones,
        present=_backdates,
    ),
}
