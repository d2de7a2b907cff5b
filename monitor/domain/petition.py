"""Petitions (phản ánh, kiến nghị): from the set of one's events to its view and its entries.

Indicators 5.1 to 5.3 of Decision 766, and the complaints of 5.4 (DOMAIN.md §2.2). A petition is a
subject as a dossier is: its entries are a pure function of the set of its events and the policy, so
that any order of arrival books the same, and history can be booked anew.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple, Protocol, TypeVar

from monitor.domain.binding import ClockLimit, ClockUnit, by_when
from monitor.domain.calendar import WorkCalendar
from monitor.domain.fold import FUTURE_MS, untried
from monitor.domain.identity import Repeat
from monitor.domain.measures import (
    FIXED_IN_TIME,
    FIXED_LATE,
    FIXED_UNCERTAIN,
    NO_SLOT,
    TRIAL,
    Clock,
    Measure,
)
from monitor.domain.policy import Policy
from monitor.domain.post import Account, Entries
from monitor.domain.view import Cell
from monitor.domain.zone import Zone


class PetitionState(StrEnum):
    """Where a petition (phản ánh, kiến nghị) is: its clocks are Decision 766, formula 5.2."""

    RECEIVED = "received"
    REFUSED = "refused"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    SUPPLEMENT_RECEIVED = "supplement_received"
    ANSWERED = "answered"
    PUBLISHED = "published"


class PetitionClass(StrEnum):
    """What a petition is about (Decision 766, indicator 5.1)."""

    POLICY = "policy"  # policies and procedures
    CONDUCT = "conduct"  # the conduct of officials


class About(IntEnum):
    """The same as a number: the slot of what is counted by class. Kept in the ledger."""

    UNSAID = 0
    POLICY = 1
    CONDUCT = 2


ABOUT: Final = {
    None: About.UNSAID,
    PetitionClass.POLICY: About.POLICY,
    PetitionClass.CONDUCT: About.CONDUCT,
}

# Of states claimed for one instant, and without a sequence of the source's own.
_RANK: Final = {
    state: rank
    for rank, state in enumerate(
        (
            PetitionState.RECEIVED,
            PetitionState.SUPPLEMENT_REQUESTED,
            PetitionState.SUPPLEMENT_RECEIVED,
            PetitionState.REFUSED,
            PetitionState.ANSWERED,
            PetitionState.PUBLISHED,
        )
    )
}


class Told(Protocol):
    """What `schemas.event.Petition` is. Its reactions are totals; None and "" are unsaid."""

    @property
    def __struct_fields__(self) -> tuple[str, ...]: ...
    @property
    def petition(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def claimed_ms(self) -> int: ...
    @property
    def arrival_ms(self) -> int: ...
    @property
    def agency(self) -> str: ...
    @property
    def state(self) -> PetitionState: ...
    @property
    def about(self) -> PetitionClass | None: ...
    @property
    def dossier(self) -> str: ...
    @property
    def procedure(self) -> str: ...
    @property
    def likes(self) -> int | None: ...
    @property
    def dislikes(self) -> int | None: ...
    @property
    def repeated(self) -> bool | None: ...
    @property
    def revision(self) -> int: ...
    @property
    def sequence(self) -> int: ...
    @property
    def trial(self) -> bool: ...


T = TypeVar("T", bound=Told)


# -- identity: as that of a dossier's events (`monitor.domain.identity`) ------------------------

_NOT_CONTENT: Final = frozenset({"petition", "source", "id", "arrival_ms", "trial"})


def content(event: Told) -> dict[str, object]:
    """All that a statement says: everything but its identity, arrival and trial."""
    return {
        name: getattr(event, name)
        for name in event.__struct_fields__
        if name not in _NOT_CONTENT
    }


def repeat(known: Told, further: Told) -> Repeat:
    """How a further statement relates to the known one of the same identity."""
    if content(known) == content(further):
        earlier = (further.trial, further.arrival_ms) < (known.trial, known.arrival_ms)
        return Repeat.EARLIER if earlier else Repeat.DUPLICATE
    return Repeat.REPLACES if _weight(further) > _weight(known) else Repeat.OVERRULED


def _weight(event: Told) -> tuple[int, int, bytes]:
    text = json.dumps(content(event), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return event.revision, event.claimed_ms, digest


def settled(events: Iterable[T]) -> list[T]:
    """Of each identity the statement that stands, with the earliest arrival of equal ones."""
    stands: dict[tuple[str, str], T] = {}
    for event in events:
        identity = (event.source, event.id)
        known = stands.get(identity)
        if known is None or repeat(known, event) in (Repeat.EARLIER, Repeat.REPLACES):
            stands[identity] = event
    return list(stands.values())


# -- the view ----------------------------------------------------------------------------------


def effective_ms(event: Told) -> int:
    """When the event counts as having happened (MEASURES.md §2)."""
    future = event.claimed_ms - event.arrival_ms > FUTURE_MS
    return event.arrival_ms if future else event.claimed_ms


def order_key(event: Told) -> tuple[int, int, int, str, str]:
    """Effective time, the source's sequence, rank of the state, identity in byte order."""
    return effective_ms(event), event.sequence, _RANK[event.state], event.source, event.id


@dataclass(frozen=True, slots=True, kw_only=True)
class PetitionView:
    """What is known of a petition. Instants are those of the first telling; None: never told."""

    began_ms: int  # the first of whatever was told
    received_ms: int | None = None
    asked_ms: int | None = None
    supplied_ms: int | None = None
    refused_ms: int | None = None
    answered_ms: int | None = None
    published_ms: int | None = None
    # As last said; what is unsaid changes nothing.
    agency: str = ""
    procedure: str = ""
    dossier: str = ""
    about: About = About.UNSAID
    likes: int = 0
    dislikes: int = 0
    repeated: bool = False
    trial: bool = False

    @property
    def received(self) -> int:
        """On whose day it was received: where nobody says so, the first that was heard of it."""
        return self.began_ms if self.received_ms is None else self.received_ms

    @property
    def settled_ms(self) -> int | None:
        """When it was refused or answered; what is published has been answered by then."""
        ends = [
            ms
            for ms in (self.refused_ms, self.answered_ms, self.published_ms)
            if ms is not None
        ]
        return max(min(ends), self.received) if ends else None

    @property
    def is_refused(self) -> bool:
        """Whether it was settled by refusing it."""
        return self.refused_ms is not None and self.refused_ms == min(
            ms
            for ms in (self.refused_ms, self.answered_ms, self.published_ms)
            if ms is not None
        )

    @property
    def cell(self) -> Cell:
        """Whose figures it is in: who has to answer, and the procedure it is about."""
        return Cell(self.agency, "", self.procedure, 0, "", 0)


_INSTANTS: Final = {
    PetitionState.RECEIVED: "received_ms",
    PetitionState.SUPPLEMENT_REQUESTED: "asked_ms",
    PetitionState.SUPPLEMENT_RECEIVED: "supplied_ms",
    PetitionState.REFUSED: "refused_ms",
    PetitionState.ANSWERED: "answered_ms",
    PetitionState.PUBLISHED: "published_ms",
}


def fold(events: Iterable[Told]) -> PetitionView:
    """The view of a petition from all its events, in any order. At least one event."""
    heard: Sequence[Told] = sorted(settled(events), key=order_key)
    heard, trial = untried(heard)
    instants: dict[str, int] = {}
    said: dict[str, object] = {}
    for event in heard:
        instants.setdefault(_INSTANTS[event.state], effective_ms(event))
        for name in ("agency", "procedure", "dossier"):
            if text := getattr(event, name):
                said[name] = text
        if event.about is not None:
            said["about"] = ABOUT[event.about]
        for name in ("likes", "dislikes", "repeated"):
            if (value := getattr(event, name)) is not None:
                said[name] = value
    began_ms = effective_ms(heard[0])
    return PetitionView(began_ms=began_ms, trial=trial, **instants, **said)  # type: ignore[arg-type] # its fields, by name


# -- its clocks --------------------------------------------------------------------------------


class Run(NamedTuple):
    """One clock: from when it runs, before which instant it has to end, and when it did."""

    clock: Clock
    from_ms: int
    before_ms: int
    done_ms: int | None
    limit: ClockLimit

    @property
    def broken(self) -> bool:
        """Whether it ended too late. One that runs has still to be asked."""
        return self.done_ms is not None and self.done_ms >= self.before_ms


class PetitionVerdict(StrEnum):
    """How a settled petition stands by formula 5.2."""

    ON_TIME = "on_time"
    LATE = "late"
    UNJUDGED = "unjudged"  # nobody knows when it was received, or no limit binds: in no ratio


class Stand(NamedTuple):
    """Where a day left an open petition: the slot of the stock from that day on."""

    day: int
    slot: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the law's side of a policy makes of a petition."""

    runs: tuple[Run, ...] = ()
    verdict: PetitionVerdict | None = None  # None: not settled
    # From 24:00 of this day on it is late, if nothing happens meanwhile; None: never.
    late_from: int | None = None
    before_ms: int | None = None  # while it is open: the instant at which its time has run out
    stands: tuple[Stand, ...] = ()  # each from its day on, until it is settled
    answer_elapsed_ms: int | None = None
    answer_worked_ms: int | None = None


def judge(view: PetitionView, policy: Policy) -> Judged:
    """Its clocks, and how it stands by formula 5.2. Without the law's side nothing is judged."""
    zone, legal = policy.zone, policy.legal
    received = view.received
    elapsed_ms = None
    if view.settled_ms is not None and not view.is_refused and view.received_ms is not None:
        elapsed_ms = view.settled_ms - received
    if legal is None:
        plain = _until_settled(view, zone, [Stand(zone.day(received), NO_SLOT)])
        return Judged(stands=plain, answer_elapsed_ms=elapsed_ms)
    end = view.settled_ms
    known = legal.calendars
    try:
        calendar = (
            known.calendar(view.agency)
            if end is None
            else known.calendar_known_at(zone.day(end), view.agency)
        )
        limits = {
            clock: limit
            for clock in _CLOCKS
            if (limit := legal.limits(clock, zone.day(received))) is not None
            and limit.unit is not ClockUnit.NONE
        }
        if view.received_ms is not None and Clock.PETITION_ANSWER in limits:
            found = _Reckoning(view, zone, calendar, limits).judged()
            worked = calendar.worked_ms(received, end) if elapsed_ms and end else None
            return Judged(
                runs=found.runs,
                verdict=found.verdict,
                late_from=found.late_from,
                before_ms=found.before_ms,
                stands=found.stands,
                answer_elapsed_ms=elapsed_ms,
                answer_worked_ms=worked,
            )
    except ValueError:  # an instant beyond the calendar: nothing can be said of it
        pass
    unjudged = [Stand(zone.day(received), FIXED_UNCERTAIN)]
    return Judged(
        verdict=None if end is None else PetitionVerdict.UNJUDGED,
        stands=_until_settled(view, zone, unjudged),
        answer_elapsed_ms=elapsed_ms,
    )


_CLOCKS: Final = (
    Clock.PETITION_REFUSAL,
    Clock.PETITION_SUPPLEMENT,
    Clock.PETITION_ANSWER,
    Clock.PETITION_PUBLICATION,
)


class _Reckoning:
    """A petition whose receipt is known, under limits of which the answer's is one."""

    def __init__(
        self,
        view: PetitionView,
        zone: Zone,
        calendar: WorkCalendar,
        limits: Mapping[Clock, ClockLimit],
    ) -> None:
        self._view = view
        self._zone = zone
        self._calendar = calendar
        self._limits = limits
        self._received = view.received
        self._end = end = view.settled_ms
        # Papers that were asked for once it was settled, or that came without being asked for,
        # change no clock.
        self._asked: int | None = None
        if view.asked_ms is not None and (end is None or view.asked_ms < end):
            self._asked = max(view.asked_ms, self._received)
        self._supplied: int | None = None
        supplied = view.supplied_ms
        if self._asked is not None and supplied is not None and supplied >= self._asked:
            self._supplied = supplied if end is None or supplied <= end else None
        self._runs: list[Run] = []
        self._late: list[int] = []  # days on which something was seen to be late
        self._stands: list[Stand] = []

    def judged(self) -> Judged:
        zone, end = self._zone, self._end
        answer = self._run(Clock.PETITION_ANSWER, self._received, end)
        self._stands.append(Stand(zone.day(self._received), zone.day(answer.before_ms)))
        waits = False
        if self._asked is not None:
            waits = self._supplied is None
            answer = self._after_papers(answer, self._asked, self._supplied)
        if end is None and waits:
            return self._judged(None)
        self._runs.append(answer)
        if end is None:
            self._late.append(zone.day(answer.before_ms))
            return self._judged(None, before_ms=answer.before_ms)
        if answer.broken:
            # While it waited for papers it was in time; its settlement ended that.
            self._late.append(zone.day(end if waits else answer.before_ms))
        for run in self._shown_by_settling(answer.from_ms, end):
            self._runs.append(run)
            if run.broken:
                self._late.append(zone.day(end))
        return self._judged(PetitionVerdict.LATE if self._late else PetitionVerdict.ON_TIME)

    def _after_papers(self, answer: Run, asked: int, supplied: int | None) -> Run:
        """The answer's clock as it runs once papers were asked for."""
        day = self._zone.day
        over = answer._replace(done_ms=asked)
        if over.broken:  # asking for papers gives no time back that had run out
            self._runs.append(over)
            self._late.append(day(answer.before_ms))
        if self._has(Clock.PETITION_SUPPLEMENT):
            request = self._run(Clock.PETITION_SUPPLEMENT, self._received, asked)
            self._runs.append(request)
            if request.broken:
                self._late.append(day(asked))
        self._stands.append(Stand(day(asked), FIXED_LATE if self._late else FIXED_IN_TIME))
        if supplied is not None:
            answer = self._run(Clock.PETITION_ANSWER, supplied, self._end)
            slot = FIXED_LATE if self._late else day(answer.before_ms)
            self._stands.append(Stand(day(supplied), slot))
        return answer

    def _shown_by_settling(self, start_ms: int, end: int) -> Iterator[Run]:
        view = self._view
        if view.is_refused:
            if self._has(Clock.PETITION_REFUSAL):
                yield self._run(Clock.PETITION_REFUSAL, start_ms, end)
            return
        published = view.published_ms
        if published is None or view.answered_ms is None:
            return
        if self._has(Clock.PETITION_PUBLICATION):
            yield self._run(Clock.PETITION_PUBLICATION, end, max(published, end))

    def _judged(
        self, verdict: PetitionVerdict | None, *, before_ms: int | None = None
    ) -> Judged:
        return Judged(
            runs=tuple(self._runs),
            verdict=verdict,
            before_ms=before_ms,
            late_from=min(self._late, default=None),
            stands=_until_settled(self._view, self._zone, self._stands),
        )

    def _has(self, clock: Clock) -> bool:
        return clock in self._limits

    def _run(self, clock: Clock, from_ms: int, done_ms: int | None) -> Run:
        limit = self._limits[clock]
        before_ms = out_of_time(limit, from_ms, self._calendar, self._zone)
        return Run(clock, from_ms, before_ms, done_ms, limit)


def out_of_time(limit: ClockLimit, from_ms: int, calendar: WorkCalendar, zone: Zone) -> int:
    """The first instant that is too late.

    Formula 5.2 holds working days against working days, at the end of a period too: the whole of
    the last one is in time, and whatever day off follows it (assumption).
    """
    if limit.unit is ClockUnit.WORKING_DAYS:
        return zone.start_of(calendar.add_working_days(zone.day(from_ms), limit.n + 1))
    last_ms = by_when(limit, from_ms, calendar, zone)
    assert last_ms is not None  # noqa: S101 - limits that bind nothing have been left out
    return last_ms + 1


def _until_settled(
    view: PetitionView, zone: Zone, stands: Iterable[Stand]
) -> tuple[Stand, ...]:
    """Of each day on which it was open at 24:00 and its slot changed, the last slot."""
    end = view.settled_ms
    last = {day: slot for day, slot in stands if end is None or day < zone.day(end)}
    return tuple(Stand(day, slot) for day, slot in last.items())


# -- what it books -----------------------------------------------------------------------------

_OPEN: Final = {
    About.UNSAID: Measure.PETITION_OPEN,
    About.POLICY: Measure.PETITION_OPEN_POLICY,
    About.CONDUCT: Measure.PETITION_OPEN_CONDUCT,
}
_UNSATISFIED: Final = {
    About.UNSAID: Measure.PETITION_UNSATISFIED,
    About.POLICY: Measure.PETITION_UNSATISFIED_POLICY,
    About.CONDUCT: Measure.PETITION_UNSATISFIED_CONDUCT,
}
_VERDICTS: Final = {
    PetitionVerdict.ON_TIME: Measure.PETITION_ON_TIME_766,
    PetitionVerdict.LATE: Measure.PETITION_LATE_766,
    PetitionVerdict.UNJUDGED: Measure.PETITION_UNJUDGED,
}


def post(view: PetitionView, policy: Policy) -> Entries:
    """All entries of a petition. Amounts are counts or milliseconds, never 0."""
    return posted(view, judge(view, policy), policy)


def posted(view: PetitionView, judged: Judged, policy: Policy) -> Entries:
    """The same, of one that has been judged."""
    day, cell, about = policy.zone.day, view.cell, int(view.about)
    received = day(view.received)
    rows: list[tuple[int, int, int, int]] = [(Measure.PETITION_RECEIVED, received, about, 1)]
    if view.dossier:
        rows.append((Measure.PETITION_COMPLAINT, received, mark_of(view.dossier), 1))
    end = view.settled_ms
    if end is not None:
        ended = day(end)
        how = Measure.PETITION_REFUSED if view.is_refused else Measure.PETITION_ANSWERED
        rows.append((how, ended, about, 1))
        if judged.verdict is not None:
            rows.append((_VERDICTS[judged.verdict], ended, about, 1))
        rows.append(
            (Measure.PETITION_ANSWER_ELAPSED, ended, NO_SLOT, judged.answer_elapsed_ms or 0)
        )
        rows.append(
            (Measure.PETITION_ANSWER_WORKED, ended, NO_SLOT, judged.answer_worked_ms or 0)
        )
        left: int | None = ended
    else:
        left = None
    if view.published_ms is not None:
        published = max(view.published_ms, view.received)
        rows.append((Measure.PETITION_PUBLISHED, day(published), about, 1))
    rows += _stock(_OPEN[view.about], judged.stands, left)
    if policy.legal is not None:
        # How an answer is taken is so in all periods, as what is corrected is.
        disliked = view.dislikes > view.likes or view.repeated
        since = received if disliked else judged.late_from
        if since is not None:
            rows.append((_UNSATISFIED[view.about], received, since, 1))
    entries: Entries = {}
    for measure, on_day, slot, amount in rows:
        if amount:
            number = TRIAL + measure if view.trial else int(measure)
            account = Account(number, cell, on_day, slot)
            entries[account] = entries.get(account, 0) + amount
    return {account: amount for account, amount in entries.items() if amount}


def _stock(
    measure: int, stands: Sequence[Stand], left: int | None
) -> Iterator[tuple[int, int, int, int]]:
    before: Stand | None = None
    for stand in stands:
        if before is not None:
            yield measure, stand.day, before.slot, -1
        yield measure, stand.day, stand.slot, 1
        before = stand
    if before is not None and left is not None:
        yield measure, left, before.slot, -1


def mark_of(dossier: str) -> int:
    """What tells a dossier that is complained about from others: 31 bits, so that it is a slot.

    Distinct marks of any places and days are counted, also as known then. Two dossiers out of
    the hundred thousand that a country complains about in a year share one.
    """
    digest = hashlib.blake2b(dossier.encode(), digest_size=4, person=b"emc complaint").digest()
    return int.from_bytes(digest) & 0x7FFF_FFFF
