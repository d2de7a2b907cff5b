"""Every objective and service judged by what the ledger has: which sums to ask for, and what they say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from monitor.domain.calendar import WorkCalendar
from monitor.domain.connection import Class
from monitor.domain.degraded import Diagnosis, Fared, diagnose
from monitor.domain.measures import FIXED_IN_TIME, FIXED_LATE
from monitor.domain.objective import (
    COUNTED,
    Counting,
    Objective,
    Scope,
    Span,
    Target,
    look_back,
)
from monitor.domain.policy import Calendars
from monitor.domain.service_level import Counted, Observed, Standing, judge
from monitor.domain.watched import SERVICE, Kept, Watched
from monitor.domain.zone import Zone, day_number
from monitor.ledger import objective_book
from monitor.ledger.objective_book import Question
from monitor.ledger.sources import Kind, Source, Status, read_all

_FIRST: Final = -(1 << 30)
_LAST: Final = 1 << 30


class Found(NamedTuple):
    """How an objective stands in a scope, with all that it rests on."""

    objective: Objective
    target: Target
    scope: Scope
    first_day: int  # of the window
    observed: Observed
    standing: Standing


class Examined(NamedTuple):
    """How a service fares."""

    agency: str
    group: str
    fared: Fared
    diagnosis: Diagnosis
    title_vi: str
    title_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """All of it, at one instant."""

    now_ms: int
    found: Sequence[Found]
    examined: Sequence[Examined]


async def judge_all(
    connection: Any, watched: Watched, zone: Zone, calendars: Calendars, now_ms: int
) -> Judgement:
    """Judge everything that is asked for, by the sums as they are."""
    today = zone.day(now_ms)
    asking = _Asking(watched, zone, calendars, now_ms)
    cases = [
        (objective, target, scope)
        for objective in watched.objectives.legal()
        if (target := objective.target(today)) is not None
        for scope in objective.scopes
    ]
    questions: dict[tuple[int, str, str], list[Question]] = {}
    for place, (objective, _, scope) in enumerate(cases):
        for (word, side), asked in asking.questions(objective, scope).items():
            questions[place, word, side] = asked
    # One state of the ledger: sums, and who is connected.
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        answers = await objective_book.sums(connection, questions)
        connected = await _connected(connection, today)
        examined = await _examine(connection, asking)
    heard = {
        scope.owner
        for place, (_, _, scope) in enumerate(cases)
        if answers.get((place, "ever", ""), 0) != 0
    }
    found = []
    for place, (objective, target, scope) in enumerate(cases):
        calendar = asking.calendar(scope)
        first = objective.window.first_day(today, calendar)
        window = _window(watched, objective, answers, place, today)
        observed = Observed(
            window=window,
            ended=answers.get((place, "ended", ""), window.total),
            worked_ms=calendar.worked_ms(zone.start_of(first), now_ms),
            back={
                span.label: Counted(
                    answers[place, span.label, "good"], answers[place, span.label, "bad"]
                )
                for span in objective.spans
            },
            told=COUNTED[objective.indicator].from_catalogue
            or connected.tells(scope, heard=scope.owner in heard),
        )
        found.append(
            Found(
                objective,
                target,
                scope,
                first,
                observed,
                judge(objective, target, observed),
            )
        )
    return Judgement(now_ms=now_ms, found=found, examined=examined)


def _window(
    watched: Watched,
    objective: Objective,
    answers: Mapping[tuple[int, str, str], int],
    place: int,
    today: int,
) -> Counted:
    if COUNTED[objective.indicator].from_catalogue:
        return watched.services(today)
    return Counted(answers[place, "window", "good"], answers[place, "window", "bad"])


class _Asking:
    """Which sums say how an objective stands."""

    def __init__(self, watched: Watched, zone: Zone, calendars: Calendars, now_ms: int) -> None:
        self.watched = watched
        self.zone = zone
        self.now_ms = now_ms
        self.today = zone.day(now_ms)
        self._calendars = calendars

    def calendar(self, scope: Scope) -> WorkCalendar:
        return self._calendars.calendar(scope.owner)

    def questions(
        self, objective: Objective, scope: Scope
    ) -> dict[tuple[str, str], list[Question]]:
        """By window, `window` or the label of a span, and side.

        `ended` tells what of the window is not open, `ever` of any event.
        """
        counting = COUNTED[objective.indicator]
        if counting.from_catalogue:
            return {}
        account = str(objective.indicator)
        calendar = self.calendar(scope)
        ask = _Questions(account, self.watched.numbers[scope], counting, self.today)
        first = objective.window.first_day(self.today, calendar)
        asked = {
            ("window", "good"): ask.good(first),
            ("window", "bad"): ask.bad(first),
            ("ended", ""): ask.ended(first),
            ("ever", ""): ask.ever(),
        }
        for span in objective.spans:
            good, bad = self._back(span, calendar, ask)
            asked[span.label, "good"], asked[span.label, "bad"] = good, bad
        return asked

    def _back(
        self, span: Span, calendar: WorkCalendar, ask: "_Questions"
    ) -> tuple[list[Question], list[Question]]:
        back = look_back(span, self.now_ms, self.zone, calendar)
        if not ask.counting.hourly:
            return (
                [ask.days(Kept.GOOD, back.from_day)],
                [ask.days(Kept.BAD, back.from_day)],
            )
        good = ask.hours(Kept.GOOD_HOURS, back.from_day, back.from_hour)
        if not ask.counting.open:
            return [good], [ask.hours(Kept.BAD_HOURS, back.from_day, back.from_hour)]
        overdue = ask.between(Kept.DUE_WHEN_DUE, back.first_due, back.last_due)
        return [good], [overdue]


class _Questions(NamedTuple):
    """Sums of an account in a scope."""

    account: str
    scope: int
    counting: Counting
    today: int

    def between(self, kept: Kept, first: int, last: int) -> Question:
        return Question(self.account, kept, self.scope, first, last)

    def days(self, kept: Kept, first: int) -> Question:
        return self.between(kept, first, self.today)

    def hours(self, kept: Kept, first: int, hour: int) -> Question:
        return Question(self.account, kept, self.scope, first, self.today, hour)

    def open(self, first: int, last: int) -> list[Question]:
        """Open now, and due on these days."""
        return [self.between(kept, first, last) for kept in (Kept.DUE_WHEN_DUE, Kept.DUE_SINCE)]

    def good(self, first: int) -> list[Question]:
        found = [self.days(Kept.GOOD, first)]
        if self.counting.open_in_time_is_good:
            found += self.open(self.today, _LAST)
            found += self.open(FIXED_IN_TIME, FIXED_IN_TIME)
        return found

    def bad(self, first: int) -> list[Question]:
        found = [self.days(Kept.BAD, first)]
        if self.counting.open:
            found += self.open(0, self.today - 1)
            found += self.open(FIXED_LATE, FIXED_LATE)
        return found

    def ended(self, first: int) -> list[Question]:
        return [self.days(Kept.GOOD, first), self.days(Kept.BAD, first)]

    def ever(self) -> list[Question]:
        return [
            self.between(kept, _FIRST, _LAST)
            for kept in (Kept.GOOD, Kept.BAD, Kept.DUE_WHEN_DUE, Kept.DUE_SINCE)
        ]


# -- who tells ---------------------------------------------------------------------------------


class _Connected(NamedTuple):
    """Live systems, and those of them that tell something."""

    live: Sequence[Source]
    lost: frozenset[str]  # codes
    silent: frozenset[str]  # lost, or interrupted

    def tells(self, scope: Scope, *, heard: bool) -> bool:
        """Whether anybody would tell of a scope: a live system that is connected.

        While the last system of an agency is interrupted, dossiers that it has settled stay open
        here and fall overdue: that is no verdict on the agency. The country is judged as long as
        any system is not lost. Where none is registered: whether anything was ever heard of the
        agency.
        """
        systems = [source for source in self.live if _speaks_for(source, scope.owner)]
        if not systems:
            return heard
        mute = self.silent if scope.owner else self.lost
        return any(source.code not in mute for source in systems)


def _speaks_for(source: Source, agency: str) -> bool:
    """Whether a source tells of an agency, of all of it or of a part; "" is the country."""
    return not agency or any(
        mandate.reaches(agency) or mandate.agency.startswith(agency + ".")
        for mandate in source.mandates
    )


async def _connected(connection: Any, today: int) -> _Connected:
    classes = {
        row["source"]: row["class"]
        for row in await connection.fetch("SELECT source, class FROM connection")
    }
    live = [
        source
        for source in await read_all(connection)
        if source.status is Status.LIVE
        and source.kind is Kind.SYSTEM
        and source.go_live is not None
        and day_number(source.go_live) <= today
    ]

    def of(*words: Class) -> frozenset[str]:
        return frozenset(code for code, word in classes.items() if word in words)

    return _Connected(
        live, lost=of(Class.NOT_CONNECTED), silent=of(Class.NOT_CONNECTED, Class.INTERRUPTED)
    )


# -- services ----------------------------------------------------------------------------------


async def _examine(connection: Any, asking: _Asking) -> list[Examined]:
    watched, today = asking.watched, asking.today
    slowing = watched.objectives.slowing
    groups = {group.name: group for group in watched.objectives.groups}
    services = [scope for account, scope in watched.pairs if account == SERVICE]
    questions: dict[tuple[Scope, str], Iterable[Question]] = {}
    begins: dict[Scope, int] = {}
    for scope in services:
        calendar = asking.calendar(scope)
        # Working days up to and with today, if it is one.
        before = slowing.recent_days - calendar.is_working_day(today)
        begins[scope] = calendar.add_working_days(today, -before)
        number = watched.numbers[scope]
        for word, last in (("now", today), ("then", begins[scope] - 1)):
            questions[scope, word] = [Question(SERVICE, Kept.OPEN, number, _FIRST, last)]
    answers = await objective_book.sums(connection, questions)
    completed = {
        first: await objective_book.bins(connection, first, today)
        for first in set(begins.values())
    }
    examined = []
    for scope in services:
        fared = Fared(
            open=answers[scope, "now"],
            open_then=answers[scope, "then"],
            bins=completed[begins[scope]].get(watched.numbers[scope], {}),
            limit_ms=groups[scope.group].limit_ms,
        )
        group = groups[scope.group]
        examined.append(
            Examined(
                scope.agency,
                scope.group,
                fared,
                diagnose(fared, slowing),
                group.title_vi,
                group.title_en,
            )
        )
    return examined
