"""A digest as values: the sums of an agency, of its parts, and how the parts share the forecast."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from monitor.domain.calendar import WorkCalendar
from monitor.domain.codes import level1
from monitor.domain.forecast import WITHIN, Forecast
from monitor.domain.zone import date_of
from monitor.ledger.dues import Part

MOST_LINES: Final = 10  # of units, and of procedures


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Dossiers by when they fall due, seen from the beginning of a day; paused ones included."""

    overdue: int = 0
    paused: int = 0  # of the overdue ones
    today: int = 0
    in_1: int = (
        0  # by the end of the first working day after today, days off before it included
    )
    in_2: int = 0  # of the second
    expected: tuple[float | None, ...] = (None,) * len(WITHIN)  # overdue later; None: not known

    @property
    def any(self) -> bool:
        """Whether there is anything to tell."""
        return bool(
            self.overdue
            or self.today
            or self.in_1
            or self.in_2
            or any(map(_rounded, self.expected))
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A unit or a procedure, with its sums."""

    code: str
    name: str  # "" where the reference files have none
    sums: Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """All that one digest says."""

    agency: str
    name: str
    day: date
    is_working_day: bool
    next_days: tuple[date, date]  # the first and second working day after it
    then: tuple[date, ...]  # the days at whose beginning is forecast
    pace: float | None
    sums: Sums
    units: tuple[Line, ...]  # those with the most, and what there is beyond them
    more_units: int
    procedures: tuple[Line, ...]
    more_procedures: int
    link: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What codes are called; "" for one that nobody has listed."""

    agency: Callable[[str], str]
    procedure: Callable[[str], str]


def made(
    agency: str,
    parts: Iterable[tuple[Part, int]],
    outlook: Forecast | None,
    *,
    day: int,
    calendar: WorkCalendar,
    names: Names,
    link: str = "",
) -> Digest:
    """The digest of an agency, from the parts of what it and all below it have open."""
    days = _Days(calendar, day)
    total = _Counted()
    units: dict[tuple[str, str], _Counted] = {}
    procedures: dict[str, _Counted] = {}
    for part, dossiers in parts:
        unit = units.setdefault(_unit_of(part), _Counted())
        procedure = procedures.setdefault(part.procedure, _Counted())
        for counted in (total, unit, procedure):
            counted.add(part, dossiers, days)
    lines = sorted(
        (
            Line(
                code if code != agency or not unit else "",
                unit or names.agency(code),
                counted.sums(_shares(outlook, total, counted)),
            )
            for (code, unit), counted in units.items()
        ),
        key=_weight,
    )
    of_procedures = sorted(
        (
            Line(code, names.procedure(code), counted.sums(_shares(outlook, total, counted)))
            for code, counted in procedures.items()
        ),
        key=_weight,
    )
    lines, of_procedures = (
        [one for one in some if one.sums.any] for some in (lines, of_procedures)
    )
    return Digest(
        agency=agency,
        name=names.agency(agency),
        day=date_of(day),
        is_working_day=calendar.is_working_day(day),
        next_days=(date_of(days.first), date_of(days.second)),
        then=tuple(date_of(until) for until in days.then),
        pace=None if outlook is None else outlook.pace,
        sums=total.sums(_whole(outlook)),
        units=tuple(lines[:MOST_LINES]),
        more_units=max(0, len(lines) - MOST_LINES),
        procedures=tuple(of_procedures[:MOST_LINES]),
        more_procedures=max(0, len(of_procedures) - MOST_LINES),
        link=link,
    )


def _unit_of(part: Part) -> tuple[str, str]:
    """Who holds a dossier: the agency below level 1, or a unit of the agency of level 1 itself."""
    return part.agency, part.unit if part.agency == level1(part.agency) else ""


def _weight(line: Line) -> tuple[float, ...] | tuple[float | str, ...]:
    sums = line.sums
    last = sums.expected[-1] or 0.0
    return (-sums.overdue, -sums.today, -last, -sums.in_1, -sums.in_2, line.code, line.name)


class _Days:
    """Which day means what, by an agency's calendar."""

    def __init__(self, calendar: WorkCalendar, today: int) -> None:
        self.today = today
        self.first = calendar.add_working_days(today, 1)
        self.second = calendar.add_working_days(today, 2)
        begins = calendar.next_working_day(today)
        self.then = tuple(calendar.add_working_days(begins, within) for within in WITHIN)


class _Counted:
    """Sums being made."""

    def __init__(self) -> None:
        self.overdue = self.paused = self.today = self.in_1 = self.in_2 = 0
        self.due = [0] * len(WITHIN)

    def add(self, part: Part, dossiers: int, days: _Days) -> None:
        slot = part.slot
        if slot < days.today:
            self.overdue += dossiers
            self.paused += dossiers if part.paused else 0
            return
        if slot == days.today:
            self.today += dossiers
        elif slot <= days.first:
            self.in_1 += dossiers
        elif slot <= days.second:
            self.in_2 += dossiers
        for place, until in enumerate(days.then):
            if slot < until:
                self.due[place] += dossiers

    def sums(self, expected: tuple[float | None, ...]) -> Sums:
        return Sums(
            overdue=self.overdue,
            paused=self.paused,
            today=self.today,
            in_1=self.in_1,
            in_2=self.in_2,
            expected=expected,
        )


def _whole(outlook: Forecast | None) -> tuple[float | None, ...]:
    if outlook is None:
        return (None,) * len(WITHIN)
    found = (outlook.ahead[within].outlook for within in WITHIN)
    return tuple(None if one is None else one.expected for one in found)


def _shares(
    outlook: Forecast | None, total: _Counted, part: _Counted
) -> tuple[float | None, ...]:
    """A part's share of what is expected: by its share of what is overdue, and of what falls due."""
    shares: list[float | None] = []
    for place, within in enumerate(WITHIN):
        found = None if outlook is None else outlook.ahead[within].outlook
        if found is None:
            shares.append(None)
            continue
        of_overdue = found.of_overdue * part.overdue / total.overdue if total.overdue else 0.0
        due = total.due[place]
        shares.append(of_overdue + (found.of_due * part.due[place] / due if due else 0.0))
    return tuple(shares)


def _rounded(expected: float | None) -> int:
    return 0 if expected is None else int(expected + 0.5)


def by_agency(
    parts: Mapping[Part, int], present: Callable[[str], str]
) -> dict[str, list[tuple[Part, int]]]:
    """The parts of each ministry and province, as it stands today."""
    found: dict[str, list[tuple[Part, int]]] = {}
    for part, dossiers in parts.items():
        found.setdefault(present(level1(part.agency)), []).append((part, dossiers))
    return found
