"""Working calendars from `deploy/reference/calendars/*.toml`.

Public holidays are the `holidays` library's; what a government decides year by year is the
file's, each decision with its number and the day from which it is known.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

import holidays
import msgspec

from monitor.domain.calendar import FIRST_DAY, LAST_DAY, Sessions, Week, WorkCalendar
from monitor.domain.codes import agency_code
from monitor.domain.deadlines import Basis
from monitor.domain.zone import HO_CHI_MINH, Zone, date_of, day_number
from monitor.reference.complaints import Complaints
from monitor.reference.toml import TomlFile, read_toml

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SESSION: Final = re.compile(r"([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])")
_MINUTE_MS: Final = 60_000


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sessions a weekday, of all agencies or of some and all below them."""

    basis: Basis
    source: str
    agencies: tuple[str, ...] = ()
    valid_from: date = date_of(FIRST_DAY)
    mon: tuple[str, ...] = ()
    tue: tuple[str, ...] = ()
    wed: tuple[str, ...] = ()
    thu: tuple[str, ...] = ()
    fri: tuple[str, ...] = ()
    sat: tuple[str, ...] = ()
    sun: tuple[str, ...] = ()
    make_up: tuple[str, ...]


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a government decided about single days."""

    number: str
    decided: date
    basis: Basis
    source: str
    known_from: date | None = None  # if it was published later than it was decided
    off: tuple[date, ...] = ()
    make_up: tuple[date, ...] = ()  # days off by their weekday that are worked instead
    work: tuple[
        date, ...
    ] = ()  # days off, of the library or an earlier decision, that are none
    announces_until: date | None = None
    note: str = ""

    @property
    def known_day(self) -> int:
        return day_number(self.known_from or self.decided)


class CalendarFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A calendar as it is written down."""

    hours: tuple[Hours, ...]
    announced_until: date
    country: str = ""  # as `holidays` names it; without one there are no holidays but ours
    zone: str = HO_CHI_MINH
    makeup_days_count: bool = True
    decisions: tuple[Decision, ...] = ()


class _Swap(NamedTuple):
    off: int
    make_up: int


@dataclass(frozen=True, slots=True)
class _Known:
    """The calendar days as known from one day on."""

    since: int
    off: frozenset[int]
    make_up: frozenset[int]
    announced_until: int


@dataclass(frozen=True, slots=True)
class Calendars:
    """One file's calendars: by agency, and by what was decided until a day."""

    name: str
    zone: Zone
    makeup_days_count: bool
    file: TomlFile = field(repr=False, compare=False)
    written: CalendarFile = field(repr=False, compare=False)
    _weeks: Mapping[str, tuple[tuple[int, Week], ...]] = field(repr=False)  # "": all others
    _known: tuple[_Known, ...] = field(repr=False)  # ascending by `since`
    _built: dict[tuple[str, int], WorkCalendar] = field(default_factory=dict, repr=False)

    def calendar(self, agency: str = "") -> WorkCalendar:
        """The calendar of an agency with all decisions in force."""
        return self._build(agency, len(self._known) - 1)

    def calendar_known_at(self, day: int, agency: str = "") -> WorkCalendar:
        """The calendar as known at the end of a day: a decision counts from 00:00 of its date."""
        place = bisect_right(self._known, day, key=lambda known: known.since) - 1
        return self._build(agency, max(place, 0))

    def owners(self) -> tuple[str, ...]:
        """The agencies that have hours of their own."""
        return tuple(sorted(filter(None, self._weeks)))

    def _build(self, agency: str, place: int) -> WorkCalendar:
        owner = self._owner(agency)
        if (calendar := self._built.get((owner, place))) is None:
            known = self._known[place]
            calendar = self._built[owner, place] = WorkCalendar(
                zone=self.zone,
                weeks=self._weeks[owner],
                off=known.off,
                make_up=known.make_up,
                makeup_days_count=self.makeup_days_count,
                announced_until=known.announced_until,
            )
        return calendar

    def _owner(self, agency: str) -> str:
        """The nearest one above an agency, or itself, that has hours of its own."""
        owner = agency_code(agency)
        while owner and owner not in self._weeks:
            owner = owner.rpartition(".")[0]
        return owner


def load_calendars(
    folder: Path, *, makeup_days_count: bool | None = None
) -> dict[str, Calendars]:
    """The calendars of a folder by the name of their file."""
    return {
        path.stem: load_calendar(path, makeup_days_count=makeup_days_count)
        for path in sorted(folder.glob("*.toml"))
    }


def load_calendar(path: Path, *, makeup_days_count: bool | None = None) -> Calendars:
    """The calendars of one file; `makeup_days_count` overrules what the file says."""
    complaints = Complaints()
    found = read_calendar(path, complaints, makeup_days_count=makeup_days_count)
    return complaints.settled(found)


def read_calendar(
    path: Path, complaints: Complaints, *, makeup_days_count: bool | None = None
) -> Calendars | None:
    read = read_toml(path, CalendarFile, complaints)
    if read is None:
        return None
    file, written = read
    before = len(complaints)
    weeks = _weeks(file, written.hours)
    zone = None
    try:
        zone = Zone(written.zone)
    except ValueError as error:
        file.complain("zone", str(error), f'write one, as "{HO_CHI_MINH}"')
    public, swaps = _public_holidays(file, written.country)
    made_up = {swap.make_up for swap in swaps}
    _check_decisions(file, written.decisions, public, made_up, weeks)
    if zone is None or len(complaints) > before:
        return None
    makeup = written.makeup_days_count if makeup_days_count is None else makeup_days_count
    known = _known(written, public, swaps)
    return Calendars(path.stem, zone, makeup, file, written, weeks, known)


def _weeks(
    file: TomlFile, all_hours: Sequence[Hours]
) -> dict[str, tuple[tuple[int, Week], ...]]:
    weeks: dict[str, dict[int, Week]] = {"": {}}
    for place, hours in enumerate(all_hours):
        where = f"hours[{place}]"
        week = _week(file, hours, where)
        for owner in hours.agencies or ("",):
            code = agency_code(owner)
            held = weeks.setdefault(code, {})
            if (start := day_number(hours.valid_from)) in held:
                whose = f"agency {code}" if code else "all agencies"
                file.complain(
                    where,
                    f"hours of {whose} from {hours.valid_from} are given twice",
                    "remove one",
                )
            held[start] = week
    general = weeks[""]
    if not general:
        file.complain(
            "hours", "no hours for agencies in general", "add [[hours]] without `agencies`"
        )
    return {
        # Before an agency's own hours begin, it keeps the general ones.
        owner: tuple(
            sorted(
                ({day: week for day, week in general.items() if day < min(held)} | held).items()
            )
        )
        for owner, held in weeks.items()
        if held
    }


def _week(file: TomlFile, hours: Hours, where: str) -> Week:
    laid_out = {
        key: _sessions(file, getattr(hours, key), f"{where}.{key}")
        for key in (*_WEEKDAYS, "make_up")
    }
    return Week(days=tuple(laid_out[key] for key in _WEEKDAYS), make_up=laid_out["make_up"])


def _sessions(file: TomlFile, texts: Iterable[str], where: str) -> Sessions:
    """The sessions of a day; none after a complaint."""
    sessions: list[tuple[int, int]] = []
    for text in texts:
        match = _SESSION.fullmatch(text)
        if not match:
            file.complain(where, f"{text!r} is no session", 'write "07:00-11:30"')
            return ()
        hour, minute, to_hour, to_minute = map(int, match.groups())
        sessions.append(
            ((hour * 60 + minute) * _MINUTE_MS, (to_hour * 60 + to_minute) * _MINUTE_MS)
        )
    try:
        Week(days=(tuple(sessions),) + ((),) * 6, make_up=())
    except ValueError as error:
        file.complain(where, str(error), "give them in order, without overlap, until 24:00")
        return ()
    return tuple(sessions)


def _public_holidays(file: TomlFile, country: str) -> tuple[frozenset[int], list[_Swap]]:
    """The library's days off without its swaps, and the swaps."""
    if not country:
        return frozenset(), []
    years = range(date_of(FIRST_DAY).year, date_of(LAST_DAY).year + 1)
    try:
        found = holidays.country_holidays(country, years=years)
    except NotImplementedError as error:
        file.complain(
            "country",
            str(error).rstrip("."),
            "write the two letters of one that `holidays` has",
        )
        return frozenset(), []
    swaps = list(_swaps(getattr(found, "special_public_holidays", {})))
    swapped = {swap.off for swap in swaps}
    return frozenset(day for day in map(day_number, found) if day not in swapped), swaps


def _swaps(special: Mapping[int, tuple[object, ...]]) -> Iterator[_Swap]:
    # The library's table: year -> (month, day off, month, day worked[, year worked]), or a
    # tuple of such rows; rows of three are single holidays.
    for year, rows in special.items():
        for row in rows if isinstance(rows[0], tuple) else (rows,):
            match row:
                case (int(month), int(day), int(from_month), int(from_day)):
                    from_year = year
                case (int(month), int(day), int(from_month), int(from_day), int(from_year)):
                    pass
                case _:
                    continue
            worked = date(from_year, from_month, from_day)
            yield _Swap(day_number(date(year, month, day)), day_number(worked))


def _known(
    written: CalendarFile, public: frozenset[int], swaps: Iterable[_Swap]
) -> tuple[_Known, ...]:
    """What was known from when on: the library's days, then decision after decision."""
    named = {day_number(day) for decision in written.decisions for day in decision.off}
    undated = [swap for swap in swaps if swap.off not in named]
    off = set(public | {swap.off for swap in undated})
    make_up = {swap.make_up for swap in undated}
    until = day_number(written.announced_until)
    known = [_Known(day_number(date.min), frozenset(off), frozenset(make_up), until)]
    for decision in sorted(written.decisions, key=lambda decision: decision.known_day):
        declared = set(map(day_number, decision.off))
        worked = set(map(day_number, decision.make_up))
        off = (off | declared) - worked - set(map(day_number, decision.work))
        make_up = (make_up | worked) - declared
        if decision.announces_until:
            until = max(until, day_number(decision.announces_until))
        known.append(_Known(decision.known_day, frozenset(off), frozenset(make_up), until))
    return tuple(known)


def _check_decisions(
    file: TomlFile,
    decisions: Sequence[Decision],
    public: frozenset[int],
    made_up: Iterable[int],
    weeks: Mapping[str, tuple[tuple[int, Week], ...]],
) -> None:
    else_off = public.union(*(map(day_number, decision.off) for decision in decisions))
    # Holidays may be listed again, whatever their weekday.
    may_be_off = {
        *public,
        *made_up,
        *(day_number(day) for one in decisions for day in one.make_up),
    }
    for place, decision in enumerate(decisions):
        where = f"decisions[{place}]"
        if decision.known_from and decision.known_from < decision.decided:
            file.complain(
                f"{where}.known_from",
                f"known from {decision.known_from}, before it was decided",
                "correct one of both",
            )
        if twice := {*decision.off} & {*decision.make_up, *decision.work}:
            file.complain(
                f"{where}.make_up" if twice & {*decision.make_up} else f"{where}.work",
                f"{min(twice)} is both off and worked",
                "keep one",
            )
        _check_years(file, where, decision)
        for day in decision.off:
            if not _is_ever_worked(weeks, day) and day_number(day) not in may_be_off:
                file.complain(
                    f"{where}.off",
                    f"{day} is a {day:%A}, off already",
                    "correct the date, or leave it out",
                )
        for day in decision.make_up:
            # A Saturday with sessions of its own may still be made a full day.
            usual = _is_worked(weeks, day) and day.weekday() < 5
            if usual and day_number(day) not in else_off:
                file.complain(
                    f"{where}.make_up",
                    f"{day} is a {day:%A}, a working day already",
                    "correct the date, or leave it out",
                )
        for day in decision.work:
            if day_number(day) not in else_off:
                file.complain(
                    f"{where}.work",
                    f"{day} is no holiday and off by no decision",
                    "leave it out, or move it to make_up",
                )


def _check_years(file: TomlFile, where: str, decision: Decision) -> None:
    """A government decides on days of its own year and the next."""
    last = decision.decided.year + 1
    until = () if decision.announces_until is None else (decision.announces_until,)
    given = {
        "off": decision.off,
        "make_up": decision.make_up,
        "work": decision.work,
        "announces_until": until,
    }
    for key, days in given.items():
        for day in days:
            if day.year > last:
                file.complain(
                    f"{where}.{key}",
                    f"{day} lies beyond {last}, the year after it was decided",
                    "correct the year",
                )


def _is_ever_worked(weeks: Mapping[str, tuple[tuple[int, Week], ...]], day: date) -> bool:
    """Whether anybody's hours have sessions on its weekday."""
    return any(week.days[day.weekday()] for held in weeks.values() for _, week in held)


def _is_worked(weeks: Mapping[str, tuple[tuple[int, Week], ...]], day: date) -> bool:
    general = weeks.get("")
    return general is not None and bool(general[0][1].days[day.weekday()])
