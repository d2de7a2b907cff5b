"""Objectives from `objectives/*.toml`.

They move no figure, so they are no part of the policy: a change holds from the next judgement on,
and asks for no recompute. Which target held when is kept in the ledger (`objective_version`).
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from monitor.domain.calendar import LAST_DAY
from monitor.domain.deadlines import Basis
from monitor.domain.event import Level
from monitor.domain.objective import (
    CHANNELS,
    COUNTED,
    COUNTRY,
    LATENCIES,
    WHOLE,
    Alert,
    Indicator,
    Objective,
    Objectives,
    Period,
    Scope,
    Severity,
    Side,
    Span,
    Target,
    Window,
    fastest,
    side,
)
from monitor.domain.watched import Eligible, Watched
from monitor.domain.zone import date_of, day_number
from monitor.reference.agencies import UNLISTED, Agencies, AgencyKind, read_agencies
from monitor.reference.complaints import Complaints, nearest
from monitor.reference.groups import GROUPS, read_groups
from monitor.reference.procedures import Procedures, read_procedures
from monitor.reference.table import Row
from monitor.reference.toml import TomlFile, read_toml
from monitor.reference.typed import FIRST_DATE
from monitor.reference.validity import in_turn

OBJECTIVES: Final = "objectives"
MOST_SERIES: Final = 3_000  # of an instance's 20,000 (MEASURES.md §7)
SERIES_OF_A_SCOPE: Final = 5  # ratio, good, bad, budget, state; and one for each burn window
SERIES_OF_A_SERVICE: Final = 4

_MINISTRIES: Final = "ministries"
_PROVINCES: Final = "provinces"
_KINDS: Final[Mapping[str, frozenset[AgencyKind]]] = {
    _MINISTRIES: frozenset({AgencyKind.MINISTRY, AgencyKind.BODY}),
    _PROVINCES: frozenset({AgencyKind.PROVINCE}),
}
_WRITE_SCOPE: Final = (
    'write "country", "ministries", "provinces", "agency:H56" or "unit:H56.12", each with'
    ' ",group:NAME" or ",channel:online" if it is narrower'
)

_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_WINDOW: Final = re.compile(r"([1-9][0-9]?) (working_days|days)")
_MOST_DAYS: Final = {Period.WORKING_DAYS: 60, Period.DAYS: 90}
_WRITE_WINDOW: Final = 'write "month", "quarter", or "20 working_days"'
_SPAN: Final = re.compile(r"([1-9][0-9]{0,2})([mhd])")


class TargetRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much must be good, from when to when."""

    percent: float
    article: str
    article_vi: str = ""  # the same in Vietnamese; left out, pages have the other
    basis: Basis
    valid_from: date = FIRST_DATE
    valid_until: date | None = None


class AlertRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At which burn rate it is told, over a long window and a short one at its end."""

    severity: Severity = Severity.TICKET
    long: str
    short: str
    burn: float


class ObjectiveFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of `objectives/`, whose name is the objective's."""

    title_vi: str
    title_en: str
    indicator: Indicator
    limit_seconds: float | None = None
    scopes: tuple[str, ...] = ()
    window: str
    minimum: int
    owner: str
    targets: tuple[TargetRow, ...]
    alerts: tuple[AlertRow, ...] = ()


def load_objectives(folder: Path) -> Objectives:
    """A folder's objectives and groups; `Unusable` with every complaint about them."""
    return load_watched(folder).objectives


def in_force(folder: Path, objectives: Iterable[Objective], day: int) -> list[Objective]:
    """Each with the target of a day alone. Raises `Unusable` where one has none."""
    complaints = Complaints()
    found = []
    for one in objectives:
        target = one.target(day)
        if target is None:
            path = folder / OBJECTIVES / f"{one.name}.toml"
            lines = path.read_text("utf-8-sig").splitlines()
            line = next((n for n, text in enumerate(lines, 1) if text.startswith("[[t")), 1)
            complaints.add(
                path,
                line,
                f"no target is in force on {date_of(day)}",
                "add one that is, or take the file away",
            )
        else:
            found.append(replace(one, targets=(target,)))
    return complaints.settled(found)


def load_watched(folder: Path) -> Watched:
    """A folder's objectives with all that the ledger's sums for them depend on; `Unusable`."""
    complaints = Complaints()
    agencies = read_agencies(folder / "agencies", complaints)
    procedures = read_procedures(folder / "procedures", complaints)
    objectives = complaints.settled(read_objectives(folder, complaints, agencies, procedures))
    return Watched(
        objectives=objectives,
        agencies=_Reader(agencies, frozenset()).first_level,
        heirs=agencies.heirs(),
        eligible=tuple(
            Eligible(
                valid_from=day_number(row.value.valid_from),
                valid_until=None
                if row.value.valid_until is None
                else day_number(row.value.valid_until),
                full=int(row.value.level) == Level.FULL,
            )
            for row in procedures.rows()
            if row.value.eligible
        ),
    )


def read_objectives(
    folder: Path, complaints: Complaints, agencies: Agencies, procedures: Procedures
) -> Objectives:
    """Those that fit, after every complaint about the others."""
    groups, slowing = read_groups(folder / GROUPS, complaints, procedures)
    reader = _Reader(agencies, frozenset(group.name for group in groups))
    found = []
    for path in sorted((folder / OBJECTIVES).glob("*.toml")):
        read = read_toml(path, ObjectiveFile, complaints)
        if read is not None:
            file, said = read
            before = len(complaints)
            objective = reader.objective(file, said)
            if len(complaints) == before:
                found.append((file, objective))
    made = Objectives(
        objectives=tuple(objective for _, objective in found), groups=groups, slowing=slowing
    )
    _check_series([file for file, _ in found], made, reader, complaints)
    return made


def series(objectives: Objectives, agencies: int) -> int:
    """How many series all of it comes to, where so many ministries and provinces are watched."""
    of_scopes = sum(
        len(each.scopes) * (SERIES_OF_A_SCOPE + len(each.spans)) for each in objectives.legal()
    )
    return of_scopes + agencies * len(objectives.groups) * SERIES_OF_A_SERVICE


def _check_series(
    files: Sequence[TomlFile], made: Objectives, reader: "_Reader", complaints: Complaints
) -> None:
    found = series(made, len(reader.first_level))
    if found > MOST_SERIES and files:
        most = max(
            range(len(files)),
            key=lambda place: len(made.objectives[place].scopes),
        )
        complaints.add(
            files[most].path,
            files[most].line("scopes"),
            f"all objectives and groups come to {found:,} series, at most {MOST_SERIES:,}",
            f"name fewer scopes; this one has {len(made.objectives[most].scopes)}",
        )


class _Reader:
    """Reads objectives against the agencies and groups that there are."""

    def __init__(self, agencies: Agencies, groups: frozenset[str]) -> None:
        self._agencies = agencies
        self._groups = groups
        present = agencies.at(LAST_DAY)
        self._of_kind = {
            word: tuple(code for code, found in present.items() if found.kind in kinds)
            for word, kinds in _KINDS.items()
        }

    @property
    def first_level(self) -> tuple[str, ...]:
        """Ministries and provinces that go on."""
        return tuple(code for codes in self._of_kind.values() for code in codes)

    def objective(self, file: TomlFile, said: ObjectiveFile) -> Objective:
        """What a file says; what is wrong with it is complained of."""
        name = file.path.stem
        if not _NAME.fullmatch(name):
            file.complain(
                "", f"{name!r} is no name of an objective", "write lower case: on-time-766.toml"
            )
        if not said.owner.strip():
            file.complain("owner", "nobody owns it", "write who answers for it")
        if said.minimum < 1:
            file.complain(
                "minimum",
                f"a minimum of {said.minimum} lets a single dossier decide",
                "write how many are enough to judge, as 30",
            )
        window = _window(file, said)
        targets = _targets(file, said)
        return Objective(
            name=name,
            title_vi=said.title_vi,
            title_en=said.title_en,
            indicator=said.indicator,
            targets=targets,
            window=window,
            minimum=said.minimum,
            scopes=self._scopes(file, said),
            alerts=_alerts(file, said, window, targets),
            owner=said.owner.strip(),
            limit_ms=_limit_ms(file, said),
            version=hashlib.sha256(file.text.encode()).hexdigest()[:16],
        )

    # -- scopes ---------------------------------------------------------------------------------

    def _scopes(self, file: TomlFile, said: ObjectiveFile) -> tuple[Scope, ...]:
        if side(said.indicator) is Side.TECHNICAL:
            if said.scopes:
                file.complain(
                    "scopes",
                    f"{said.indicator} holds for every portal and interface that is seen",
                    "remove scopes",
                )
            return ()
        if not said.scopes:
            file.complain("scopes", "no scope", _WRITE_SCOPE)
        found: list[Scope] = []
        for text in said.scopes:
            for scope in self._expanded(file, text, said.indicator):
                if scope in found:
                    file.complain("scopes", f"{scope.label} stands twice", "keep one")
                else:
                    found.append(scope)
        return tuple(found)

    def _expanded(self, file: TomlFile, text: str, indicator: Indicator) -> Iterable[Scope]:
        first, *narrower = (part.strip() for part in text.split(","))
        places = self._places(file, text, first)
        if not places and ":" in first and first.split(":")[0] in ("group", "channel"):
            places, narrower = [Scope()], [first, *narrower]
        for part in narrower:
            word, _, value = part.partition(":")
            if word == "group" and value in self._groups:
                places = [place._replace(group=value) for place in places]
            elif word == "channel" and value in CHANNELS:
                places = [place._replace(channel=CHANNELS[value]) for place in places]
                if COUNTED[indicator].by_channel:
                    file.complain(
                        "scopes",
                        f"{text!r}: of one channel {indicator} is 0 or 1 by its meaning",
                        "remove the channel",
                    )
            else:
                known = {
                    "group": self._groups,
                    "channel": CHANNELS,
                }.get(word, ())
                meant = nearest(value, known)
                file.complain(
                    "scopes",
                    f"{text!r}: unknown {word} {value!r}"
                    if known
                    else f"unknown scope {text!r}",
                    f"write {word}:{meant}" if meant else _WRITE_SCOPE,
                )
                return ()
        if COUNTED[indicator].from_catalogue and places != [Scope()]:
            file.complain(
                "scopes",
                f"{text!r}: {indicator} is counted of the catalogue, which is the country's",
                'write scopes = ["country"]',
            )
        return places

    def _places(self, file: TomlFile, text: str, first: str) -> list[Scope]:
        if first == COUNTRY:
            return [Scope()]
        if first in self._of_kind:
            return [Scope(agency=code) for code in self._of_kind[first]]
        word, _, code = first.partition(":")
        if word in ("agency", "unit"):
            return self._listed(file, text, word, code)
        if word not in ("group", "channel"):
            meant = nearest(first, [COUNTRY, *self._of_kind])
            file.complain(
                "scopes",
                f"unknown scope {text!r}",
                f"write {meant}" if meant else _WRITE_SCOPE,
            )
        return []

    def _listed(self, file: TomlFile, text: str, word: str, code: str) -> list[Scope]:
        present = self._agencies.present(code)
        whole = code in self.first_level
        if code not in self._agencies:
            file.complain("scopes", f"{text!r}: agency {code} is not listed", UNLISTED)
        elif present != code:
            file.complain(
                "scopes", f"{text!r}: {code} is no longer in being", f"write {word}:{present}"
            )
        elif whole != (word == "agency"):
            right = "agency" if whole else "unit"
            file.complain(
                "scopes",
                f"{text!r}: {code} is {'a ministry or province' if whole else 'below one'}",
                f"write {right}:{code}",
            )
        else:
            return [Scope(agency=code) if whole else Scope(unit=code)]
        return []


# -- targets, windows, alerts ------------------------------------------------------------------


def _targets(file: TomlFile, said: ObjectiveFile) -> tuple[Target, ...]:
    if not said.targets:
        file.complain("targets", "no target", "add [[targets]] with percent, article and basis")
    rows: defaultdict[str, list[Row[TargetRow]]] = defaultdict(list)
    for place, row in enumerate(said.targets):
        where = f"targets[{place}]"
        rows["the target"].append(Row(file.path, file.line(where), row))
        if not 0 < row.percent <= 100:
            file.complain(
                f"{where}.percent", f"a target of {row.percent:g} %", "write 0.01 to 100"
            )
        elif round(row.percent * 100) != row.percent * 100:
            file.complain(
                f"{where}.percent",
                f"a target of {row.percent} %",
                "write two decimals at most",
            )
    return tuple(
        Target(
            good=round(row.value.percent * WHOLE / 100),
            basis=row.value.basis,
            article=row.value.article,
            article_vi=row.value.article_vi,
            valid_from=day_number(row.value.valid_from),
            valid_until=None
            if row.value.valid_until is None
            else day_number(row.value.valid_until),
        )
        for held in in_turn(rows, file.complaints).values()
        for row in held
    )


def _window(file: TomlFile, said: ObjectiveFile) -> Window:
    technical = side(said.indicator) is Side.TECHNICAL
    found = None
    if said.window in (Period.MONTH, Period.QUARTER):
        found = Window(Period(said.window))
    elif match := _WINDOW.fullmatch(said.window):
        found = Window(Period(match[2]), int(match[1]))
    if found is None or found.n > _MOST_DAYS.get(found.period, 1):
        file.complain(
            "window",
            f"{said.window!r} is no window",
            f"{_WRITE_WINDOW}; at most 60 working_days, or 90 days of a technical one",
        )
        return Window(Period.DAYS if technical else Period.MONTH)
    if technical != (found.period is Period.DAYS):
        file.complain(
            "window",
            f"{said.indicator} is {side(said.indicator)}, and does not go by {found.period}",
            'write "30 days"' if technical else _WRITE_WINDOW,
        )
    return found


def _alerts(
    file: TomlFile, said: ObjectiveFile, window: Window, targets: Sequence[Target]
) -> tuple[Alert, ...]:
    found = []
    for place, row in enumerate(said.alerts):
        where = f"alerts[{place}]"
        before = len(file.complaints)
        long, short = (
            _span(file, said.indicator, f"{where}.{key}", getattr(row, key))
            for key in ("long", "short")
        )
        if len(file.complaints) == before:
            alert = Alert(severity=row.severity, long=long, short=short, burn=row.burn)
            _check_alert(file, said, where, alert, window)
            found.append(alert)
        _check_burn(file, where, row, targets)
    if said.alerts and said.indicator in COUNTED and COUNTED[said.indicator].from_catalogue:
        file.complain(
            "alerts",
            f"{said.indicator} is counted of the catalogue, in which nothing burns",
            "remove the alerts; the state tells when it is below its target",
        )
    return tuple(found)


def _span(file: TomlFile, indicator: Indicator, where: str, text: str) -> Span:
    match = _SPAN.fullmatch(text)
    if match is None:
        file.complain(where, f"{text!r} is no time", 'write "4h", "1d" or "10d"')
        return Span(1, "d")
    span = Span(int(match[1]), match[2])
    counting = COUNTED.get(indicator)
    if counting is None or span.unit == "d":
        return span
    if counting.open:
        reason = "becomes overdue with the opening of a working day, and not by the hour"
    elif not counting.hourly:
        reason = "is kept by the day"
    elif span.unit == "m":
        reason = "is kept by the hour"
    else:
        return span
    file.complain(where, f"{text!r}, but {indicator} {reason}", 'write days, as "1d"')
    return span


def _check_alert(
    file: TomlFile, said: ObjectiveFile, where: str, alert: Alert, window: Window
) -> None:
    on = side(said.indicator)
    long_ms, short_ms = alert.long.ms(on), alert.short.ms(on)
    if short_ms >= long_ms:
        file.complain(
            f"{where}.short",
            f"the short window, {alert.short.label}, is not shorter than {alert.long.label}",
            "write less: it tells when the burning has ended",
        )
    if long_ms > window.least_ms:
        file.complain(
            f"{where}.long",
            f"{alert.long.label} is longer than the objective's window, {said.window}, may be",
            "write less, or a longer window",
        )
    if on is Side.LEGAL and alert.severity is Severity.PAGE:
        file.complain(
            f"{where}.severity",
            "a page for a legal objective: nobody can settle dossiers at night",
            f'write "{Severity.TICKET}"',
        )


def _check_burn(file: TomlFile, where: str, row: AlertRow, targets: Sequence[Target]) -> None:
    if row.burn < 1:
        file.complain(
            f"{where}.burn",
            f"a burn rate of {row.burn:g} never spends the budget",
            "write 1 or more",
        )
    for target in targets:
        most = fastest(target.good)
        asked = f"{target.ratio * 100:g} %"
        if most is None:
            file.complain(
                where,
                f"a target of {asked} leaves no budget that could burn",
                "write less than 100, or remove the alerts: the state tells of the first one",
            )
        elif row.burn > most:
            file.complain(
                f"{where}.burn",
                f"a burn rate of {row.burn:g} cannot be reached with a target of {asked}:"
                f" if all is bad it is {most:.4g}",
                f"write at most {most:.4g}; 1 spends the budget just in the window",
            )


def _limit_ms(file: TomlFile, said: ObjectiveFile) -> int | None:
    slow = said.indicator in LATENCIES
    if slow and (said.limit_seconds is None or said.limit_seconds <= 0):
        file.complain(
            "limit_seconds" if said.limit_seconds is not None else "indicator",
            f"{said.indicator} without a limit",
            "write limit_seconds, as 2.5: what takes longer is bad",
        )
    if not slow and said.limit_seconds is not None:
        file.complain("limit_seconds", f"{said.indicator} has no limit here", "remove it")
    return None if said.limit_seconds is None else round(said.limit_seconds * 1000)
