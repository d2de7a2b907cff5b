"""When a dossier is due: limits, and what a pause does to the due date (MEASURES.md §5)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple, assert_never

from monitor.domain.calendar import WorkCalendar

HOUR_MS: Final = 3_600_000


class Basis(StrEnum):
    """How sure a rule is (MEASURES.md, preamble)."""

    LAW = "law"
    PRACTICE = "practice"
    ASSUMPTION = "assumption"


class Rule(StrEnum):
    """A step of the reasoning that gave a due date, in the order it was taken."""

    NEXT_OPENING = "next_opening"
    HOURS = "hours"
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    OFF_DAY_MOVED = "off_day_moved"
    RESTARTED = "restarted"
    SUBTRACTED = "subtracted"
    SHIFTED = "shifted"


class Ground(NamedTuple):
    says: str
    source: str
    basis: Basis


RULES: Final[Mapping[Rule, Ground]] = {
    Rule.NEXT_OPENING: Ground(
        "received off hours counts as received at the next opening",
        "provincial engine, DOMAIN.md §3.4",
        Basis.PRACTICE,
    ),
    Rule.HOURS: Ground(
        "hours are counted in working time",
        "provincial engine, DOMAIN.md §3.4: 8 hours are a working day",
        Basis.PRACTICE,
    ),
    Rule.WORKING_DAYS: Ground(
        "working days: the working day after receipt is day 1, due when the last day closes",
        "provincial engine, DOMAIN.md §3.4; that the day ends at its close",
        Basis.ASSUMPTION,
    ),
    Rule.CALENDAR_DAYS: Ground(
        "calendar days: the day after receipt is day 1, due when the last day closes",
        "provincial engine, DOMAIN.md §3.4; that the day ends at its close",
        Basis.ASSUMPTION,
    ),
    Rule.OFF_DAY_MOVED: Ground(
        "a limit in calendar days that ends on a day off ends on the next working day",
        "provincial engine, DOMAIN.md §3.4",
        Basis.PRACTICE,
    ),
    Rule.RESTARTED: Ground(
        "the limit starts again from zero when the dossier is complete",
        "Decree 61/2018/NĐ-CP Art. 19(4)",
        Basis.LAW,
    ),
    Rule.SUBTRACTED: Ground(
        "the elapsed time of completed supplements does not count",
        "Decision 766/QĐ-TTg, formula 2.1",
        Basis.PRACTICE,
    ),
    Rule.SHIFTED: Ground(
        "the working time that was paused is given back after the due date",
        "provincial engine, DOMAIN.md §3.4; that it is counted in working time",
        Basis.ASSUMPTION,
    ),
}


class Unit(StrEnum):
    HOURS = "hours"
    CALENDAR_DAYS = "calendar_days"
    WORKING_DAYS = "working_days"


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a procedure may take. 0 is the day of receipt itself, or its opening."""

    n: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.n < 0:
            raise ValueError(f"a limit is not negative: {self.n} {self.unit}")


@dataclass(frozen=True, slots=True)
class Due:
    """A due date of ours and how it came about. A due sent by a source is never one of these."""

    due_ms: int
    provisional: bool  # it lies beyond the announced schedule and may move with the next one
    rules: tuple[Rule, ...]


def due(receipt_ms: int, limit: Limit, calendar: WorkCalendar) -> Due:
    start = calendar.next_opening(receipt_ms)
    rules = [] if start == receipt_ms else [Rule.NEXT_OPENING]
    match limit.unit:
        case Unit.HOURS:
            rules.append(Rule.HOURS)
            due_ms = calendar.add_worked(start, limit.n * HOUR_MS)
        case Unit.WORKING_DAYS:
            rules.append(Rule.WORKING_DAYS)
            day = calendar.add_working_days(calendar.zone.day(start), limit.n)
            due_ms = calendar.close_of(day)
        case Unit.CALENDAR_DAYS:
            rules.append(Rule.CALENDAR_DAYS)
            named = calendar.zone.day(start) + limit.n
            day = calendar.next_working_day(named)
            if day != named:
                rules.append(Rule.OFF_DAY_MOVED)
            due_ms = calendar.close_of(day)
        case _:
            assert_never(limit.unit)
    return _due(due_ms, rules, calendar)


class Pause(NamedTuple):
    """The clock stood from one instant to another, or still stands."""

    from_ms: int
    until_ms: int | None


class Strategy(StrEnum):
    """What a pause does to a due date of ours (DOMAIN.md §3.4); chosen per deployment."""

    RESTART = "restart"
    SUBTRACT = "subtract"
    SHIFT = "shift"


def suspended(
    strategy: Strategy,
    first: Due,
    pauses: Iterable[Pause],
    *,
    limit: Limit,
    calendar: WorkCalendar,
) -> Due | None:
    """The due date after the pauses; None while it is unknown."""
    match strategy:
        case Strategy.RESTART:
            return restart(first, pauses, limit=limit, calendar=calendar)
        case Strategy.SUBTRACT:
            return subtract(first, pauses, calendar=calendar)
        case Strategy.SHIFT:
            return shift(first, pauses, calendar=calendar)
        case _:
            assert_never(strategy)


def restart(
    first: Due, pauses: Iterable[Pause], *, limit: Limit, calendar: WorkCalendar
) -> Due | None:
    """The limit counted anew from the end of the last pause; none while one still lasts."""
    last = first
    ends: list[int] = []
    for pause in pauses:
        if pause.until_ms is None:
            return None
        ends.append(max(pause.from_ms, pause.until_ms))
    if ends:
        last = due(max(ends), limit, calendar)
        last = replace(last, rules=(Rule.RESTARTED, *last.rules))
    return last


def subtract(first: Due, pauses: Iterable[Pause], *, calendar: WorkCalendar) -> Due:
    """Elapsed time of completed pauses added: end - paused <= due is end <= due + paused."""
    paused = sum(until - begin for begin, until in _completed(pauses))
    if not paused:
        return first
    return _due(first.due_ms + paused, [*first.rules, Rule.SUBTRACTED], calendar)


def shift(first: Due, pauses: Iterable[Pause], *, calendar: WorkCalendar) -> Due:
    """Working time of completed pauses added, so that what was left to work still is."""
    paused = sum(calendar.worked_ms(begin, until) for begin, until in _completed(pauses))
    if not paused:
        return first
    due_ms = calendar.add_worked(first.due_ms, paused)
    return _due(due_ms, [*first.rules, Rule.SHIFTED], calendar)


def _due(due_ms: int, rules: Iterable[Rule], calendar: WorkCalendar) -> Due:
    return Due(due_ms, calendar.is_provisional(calendar.zone.day(due_ms)), tuple(rules))


def _completed(pauses: Iterable[Pause]) -> list[tuple[int, int]]:
    """Completed pauses in order, those that touch joined: no moment is given back twice."""
    joined: list[tuple[int, int]] = []
    for begin, until in sorted(
        (p.from_ms, p.until_ms) for p in pauses if p.until_ms is not None
    ):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], until))
        elif begin < until:
            joined.append((begin, until))
    return joined
