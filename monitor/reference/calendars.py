"""Working calendars from `deploy/reference/calendars/*.toml`.

Public holidays are the `holidays` library's; what a government decides year by year is the
file's, each decision with its number and the day from which it is known.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Final, NamedTuple

import holidays
import msgspec

from monitor.domain.calendar import FIRST_DAY, LAST_DAY, Sessions, Week, WorkCalendar
from monitor.domain.codes import agency_code
from monitor.domain.deadlines import Basis
from monitor.domain.zone import HO_CHI_MINH, Zone, date_of, day_number

_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SESSION: Final = re.compile(r"([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])")
_MINUTE_MS: Final = 60_000


# By what msgspec says, first match first.
_REMEDIES: Final[Mapping[str, str]] = {
    "unknown field": "remove it, or correct its name",
    "missing required field": "add it",
    "enum value": "write one of " + ", ".join(f'"{basis}"' for basis in Basis),
    "Expected `date`": "write a date as 2026-01-02, without quotes or a time",
    "Expected `array`": "write a list in brackets",
    "Expected `bool`": "write true or false",
    "Expected `str`": "write it in quotes",
    "": "write the table as the shipped calendars do",
}


class Unusable(Exception):
    """A reference file that cannot be used: `file:line: reason and remedy`."""


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
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"{path}:1: cannot be read ({error}): give a UTF-8 text file") from error
    file = _decode(path, text)
    complaints = _Complaints(path, text)
    weeks = _weeks(file, complaints)
    try:
        zone = Zone(file.zone)
    except ValueError as error:
        raise complaints.about("zone", f'{error}: write one, as "{HO_CHI_MINH}"') from error
    public, swaps = _public_holidays(file, complaints)
    makeup = file.makeup_days_count if makeup_days_count is None else makeup_days_count
    known = _known(file, public, swaps, weeks, complaints)
    return Calendars(path.stem, zone, makeup, weeks, known)


def _decode(path: Path, text: str) -> CalendarFile:
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        raise Unusable(f"{path}:{line}: no TOML ({error}): correct the syntax") from error
    try:
        return msgspec.convert(
            raw, CalendarFile, builtin_types=(datetime, date, time), str_keys=True
        )
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$")
        unknown = re.search(r"unknown field `(.*)`", reason)
        keys = where.rstrip("`").removeprefix(".") or "."
        if unknown:
            keys = f"{keys}.{unknown[1]}".lstrip(".")
        remedy = next(remedy for sign, remedy in _REMEDIES.items() if sign in reason)
        raise _Complaints(path, text).about(keys, f"{reason}: {remedy}") from error


def _weeks(
    file: CalendarFile, complaints: "_Complaints"
) -> dict[str, tuple[tuple[int, Week], ...]]:
    weeks: dict[str, dict[int, Week]] = {}
    for place, hours in enumerate(file.hours):
        where = f"hours[{place}]"
        week = _week(hours, where, complaints)
        for owner in hours.agencies or ("",):
            code = agency_code(owner)
            held = weeks.setdefault(code, {})
            if (start := day_number(hours.valid_from)) in held:
                whose = f"agency {code}" if code else "all agencies"
                raise complaints.about(
                    where,
                    f"hours of {whose} from {hours.valid_from} are given twice: remove one",
                )
            held[start] = week
    if "" not in weeks:
        raise complaints.about(
            "hours", "no hours for agencies in general: add [[hours]] without `agencies`"
        )
    general = weeks[""]
    return {
        # Before an agency's own hours begin, it keeps the general ones.
        owner: tuple(
            sorted(
                ({day: week for day, week in general.items() if day < min(held)} | held).items()
            )
        )
        for owner, held in weeks.items()
    }


def _week(hours: Hours, where: str, complaints: "_Complaints") -> Week:
    laid_out: dict[str, Sessions] = {}
    for key in (*_WEEKDAYS, "make_up"):
        sessions: list[tuple[int, int]] = []
        for text in getattr(hours, key):
            match = _SESSION.fullmatch(text)
            if not match:
                raise complaints.about(
                    f"{where}.{key}", f'{text!r} is no session: write "07:00-11:30"'
                )
            hour, minute, to_hour, to_minute = map(int, match.groups())
            sessions.append(
                ((hour * 60 + minute) * _MINUTE_MS, (to_hour * 60 + to_minute) * _MINUTE_MS)
            )
        try:
            Week(days=(tuple(sessions),) + ((),) * 6, make_up=())
        except ValueError as error:
            raise complaints.about(
                f"{where}.{key}", f"{error}: give them in order, without overlap, until 24:00"
            ) from error
        laid_out[key] = tuple(sessions)
    return Week(days=tuple(laid_out[key] for key in _WEEKDAYS), make_up=laid_out["make_up"])


def _public_holidays(
    file: CalendarFile, complaints: "_Complaints"
) -> tuple[frozenset[int], list[_Swap]]:
    """The library's days off without its swaps, and the swaps."""
    if not file.country:
        return frozenset(), []
    years = range(date_of(FIRST_DAY).year, date_of(LAST_DAY).year + 1)
    try:
        found = holidays.country_holidays(file.country, years=years)
    except NotImplementedError as error:
        raise complaints.about(
            "country", f"{error} write the two letters of one that `holidays` has"
        ) from error
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
    file: CalendarFile,
    public: frozenset[int],
    swaps: Iterable[_Swap],
    weeks: Mapping[str, tuple[tuple[int, Week], ...]],
    complaints: "_Complaints",
) -> tuple[_Known, ...]:
    """What was known from when on: the library's days, then decision after decision."""
    named = {day_number(day) for decision in file.decisions for day in decision.off}
    undated = [swap for swap in swaps if swap.off not in named]
    off = set(public | {swap.off for swap in undated})
    make_up = {swap.make_up for swap in undated}
    until = day_number(file.announced_until)
    known = [_Known(day_number(date.min), frozenset(off), frozenset(make_up), until)]
    _check_decisions(file, public, weeks, complaints)
    for decision in sorted(file.decisions, key=lambda decision: decision.known_day):
        declared = set(map(day_number, decision.off))
        worked = set(map(day_number, decision.make_up))
        off = (off | declared) - worked - set(map(day_number, decision.work))
        make_up = (make_up | worked) - declared
        if decision.announces_until:
            until = max(until, day_number(decision.announces_until))
        known.append(_Known(decision.known_day, frozenset(off), frozenset(make_up), until))
    return tuple(known)


def _check_decisions(
    file: CalendarFile,
    public: frozenset[int],
    weeks: Mapping[str, tuple[tuple[int, Week], ...]],
    complaints: "_Complaints",
) -> None:
    else_off = public.union(*(map(day_number, decision.off) for decision in file.decisions))
    for place, decision in enumerate(file.decisions):
        where = f"decisions[{place}]"
        if decision.known_from and decision.known_from < decision.decided:
            raise complaints.about(
                f"{where}.known_from",
                f"known from {decision.known_from}, before it was decided: correct one of both",
            )
        if twice := {*decision.off} & {*decision.make_up, *decision.work}:
            raise complaints.about(
                f"{where}.make_up" if twice & {*decision.make_up} else f"{where}.work",
                f"{min(twice)} is both off and worked: keep one",
            )
        for day in decision.make_up:
            # A Saturday with sessions of its own may still be made a full day.
            usual = weeks[""][0][1].days[day.weekday()] if day.weekday() < 5 else ()
            if usual and day_number(day) not in else_off:
                raise complaints.about(
                    f"{where}.make_up",
                    f"{day} is a {day:%A}, a working day already: "
                    "correct the date, or leave it out",
                )
        for day in decision.work:
            if day_number(day) not in else_off:
                raise complaints.about(
                    f"{where}.work",
                    f"{day} is no holiday and off by no decision: leave it out, or move it to make_up",
                )


class _Complaints(NamedTuple):
    """Finds the line of a file that a complaint is about."""

    path: Path
    text: str

    def about(self, keys: str, reason: str) -> Unusable:
        return Unusable(f"{self.path}:{self._line(keys)}: {reason}")

    def _line(self, keys: str) -> int:
        """The line of `decisions[2].off`; of its table if it has none; 1 if there is neither."""
        table, _, key = keys.rpartition(".")
        if not table and "[" in key:
            table, key = key, ""
        table, _, index = table.partition("[")
        key = key.partition("[")[0]
        wanted = int(index.partition("]")[0]) if index else -1
        seen, here, found = -1, not table, 1
        for number, line in enumerate(self.text.splitlines(), start=1):
            bare = line.strip()
            if bare.startswith("["):
                seen += bare.startswith(f"[[{table}]]")
                here = bool(table) and bare.startswith(f"[[{table}]]") and seen == wanted
                found = number if here else found
            elif here and key and re.match(rf"{re.escape(key)}\s*=", bare):
                return number
        return found
