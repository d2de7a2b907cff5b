"""Objectives: how each stands in each scope, what is left of its budget, and which services are degraded.

An agency sees the scopes of its own subtree; the country is nobody's own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import msgspec

from monitor.domain.indicator import Standing
from monitor.domain.objective import COUNTRY, WHOLE
from monitor.domain.service_level import State
from monitor.domain.zone import DAY_MS, date_of
from monitor.ledger import objectives as ledger
from monitor.ledger.objectives import Judged, Service, Stands
from monitor.outlets.access import refusal
from monitor.outlets.api.asked import Format, Parameter, a_name, in_path, one_of
from monitor.outlets.api.desk import Desk
from monitor.outlets.console import spells
from monitor.outlets.console.asked import SORT, a_sort
from monitor.outlets.console.connections import DAYS, in_order
from monitor.outlets.console.find import plain
from monitor.outlets.console.now import name_of
from monitor.outlets.console.page import WITH_FIGURES, Drawn, Page, Shown, Table, Visit
from monitor.outlets.console.shown import Number, counted, day, number, when
from monitor.outlets.console.spells import Stood
from monitor.outlets.problem import Code, Problem
from monitor.outlets.report import said

COLOURS: Final[Mapping[str, str]] = {
    State.SPENT: "var(--bad)",
    State.BURNING: "var(--warn)",
    State.NO_DATA: "var(--strong)",
    State.IDLE: "var(--shade-3)",
    State.TOO_FEW: "var(--line)",
    State.GOOD: "var(--good)",
}
# Who needs help first.
_ORDER: Final = (
    State.SPENT,
    State.BURNING,
    State.NO_DATA,
    State.TOO_FEW,
    State.IDLE,
    State.GOOD,
)
# Why there is no ratio.
_WITHOUT: Final = {State.NO_DATA: Standing.NO_DATA, State.TOO_FEW: Standing.NULL}
STATE: Final = Parameter(
    name="state",
    says="Only scopes in this state; empty: in any.",
    read=lambda text: one_of(State)(text) if text else None,
    schema={"type": "string", "enum": list(State)},
    example="burning",
)
OBJECTIVE: Final = in_path(
    Parameter(
        name="objective",
        says="An objective, by the name of its file.",
        read=a_name,
        schema={"type": "string"},
        example="on-time-766",
    )
)


class Tables(StrEnum):
    """What comes as CSV."""

    OBJECTIVES = "objectives"
    SERVICES = "services"


class Rows(StrEnum):
    """How much of long tables is shown."""

    ALL = "all"


MOST: Final = 30  # objectives listed, the worst first, unless all are asked for
MOST_SERVICES: Final = 12
TABLE: Final = Parameter(
    name="table",
    says="Which table comes as CSV.",
    read=one_of(Tables),
    schema={"type": "string", "enum": list(Tables)},
    example="services",
    usual=Tables.OBJECTIVES.value,
)
ROWS: Final = Parameter(
    name="rows",
    says="All objectives and services, and not only those that need help first.",
    read=one_of(Rows),
    schema={"type": "string", "enum": list(Rows)},
    example="all",
)
ORDER: Final = Parameter(
    name="order",
    says="A column that services are sorted by; with - before it the largest first.",
    read=a_sort,
    schema={"type": "string"},
    example="-open",
)
FILTER: Final = Parameter(
    name="q",
    says="Only objectives and services whose name, scope or code has all these words.",
    read=str.strip,
    schema={"type": "string", "maxLength": 100},
    example="thanh hoa",
    usual="",
)


def a_label(text: str) -> str:
    """A scope as objectives write it."""
    if not text or not all(one.isalnum() or one in ":,._-" for one in text):
        raise ValueError(f"{text!r} is no scope: write country, or agency:H56")
    return text


SCOPE: Final = Parameter(
    name="scope",
    says="The scope whose history is shown.",
    read=a_label,
    schema={"type": "string"},
    example="agency:H56",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An objective in a scope, as it stands."""

    stands: Stands
    title: str
    where: str  # the scope in words
    agency: str  # whose it is; "" is the country
    target: int
    ratio: Number
    budget: Number
    burns: Sequence[tuple[str, Number]]  # by window, the shortest first

    @property
    def fastest(self) -> Number | None:
        """The window that burns fastest."""
        known = [one for _, one in self.burns if one.value is not None]
        return max(known, key=lambda one: one.value or 0, default=None)


async def all_judged(desk: Desk) -> tuple[Judged, dict[str, Any]]:
    """How all stands, and what the files say."""
    async with desk.pool.acquire() as connection:
        judged = await ledger.read(connection)
        rows = await connection.fetch("SELECT objective, said::text AS said FROM objective")
    return judged, {row["objective"]: msgspec.json.decode(row["said"]) for row in rows}


def agency_of(label: str) -> str:
    """Whose a scope is; "" where it is no agency's."""
    parts = dict(part.partition(":")[::2] for part in label.split(","))
    return parts.get("unit") or parts.get("agency", "")


def _where(visit: Visit, label: str, groups: Mapping[str, str]) -> str:
    if label == COUNTRY:
        return visit.t("objectives.country")
    words = []
    for part in label.split(","):
        kind, _, name = part.partition(":")
        if kind in ("agency", "unit"):
            words.append(name_of(visit.in_force.agencies, name))
        elif kind == "channel":
            words.append(visit.t(f"objectives.channel.{name}"))
        else:
            words.append(groups.get(name, name))
    return ", ".join(words)


def groups_of(visit: Visit, judged: Judged) -> dict[str, str]:
    """Names of the groups of procedures, which services have."""
    return {
        one.group: visit.one_of(one.title_vi, one.title_en) or one.group
        for one in judged.services
    }


def in_working_time(visit: Visit, label: str) -> str:
    """`3d` in words: three days of working time."""
    number_, unit = label[:-1], label[-1:]
    if not number_.isdecimal() or unit not in ("m", "h", "d"):
        return label
    return visit.t(f"objectives.span.{unit}", n=number_)


def alerted(visit: Visit, alert: str) -> str:
    """`3d/1d` in words: over which times it burns; "" where it does not."""
    if not alert:
        return ""
    long, _, short = alert.partition("/")
    return visit.t(
        "objectives.alert",
        long=in_working_time(visit, long),
        short=in_working_time(visit, short),
    )


def open_standings(visit: Visit, judged: Judged, files: Mapping[str, Any]) -> list[Stands]:
    """What the visitor may see, who needs help first."""
    places = visit.in_force.places
    targets = {one.objective for one in judged.objectives}
    found = [
        one
        for one in judged.standings
        if one.objective in files
        and one.objective in targets
        and visit.visitor.may_see(agency_of(one.scope), places)
    ]
    return sorted(found, key=lambda one: (_ORDER.index(State(one.state)), one.since_ms))


def lines_of(
    visit: Visit, standings: Iterable[Stands], judged: Judged, files: Mapping[str, Any]
) -> list[Line]:
    """As the table has them."""
    targets = {one.objective: one.target for one in judged.objectives}
    groups = groups_of(visit, judged)
    return [
        _line(visit, one, files[one.objective], targets[one.objective], groups)
        for one in standings
    ]


def all_lines(visit: Visit, judged: Judged, files: Mapping[str, Any]) -> list[Line]:
    """Of all that the visitor may see, who needs help first."""
    return lines_of(visit, open_standings(visit, judged, files), judged, files)


def _line(
    visit: Visit, one: Stands, file: Mapping[str, Any], target: int, groups: Mapping[str, str]
) -> Line:
    title = visit.one_of(file["title_vi"], file["title_en"])
    where = _where(visit, one.scope, groups)
    asked = _asked(file, one.first_day, target)
    window = (visit.t("objectives.window_from"), day(visit, one.first_day))
    judged = (visit.t("connections.judged"), when(visit, one.judged_ms))
    goal = (visit.t("objectives.target"), f"≥ {percent(visit, target)}%")
    basis = (visit.t("meaning.basis"), _basis(visit, asked))
    parts = (
        visit.t("objectives.parts"),
        f"{number(visit, one.counted.good)} / {number(visit, one.counted.total)}",
    )
    ratio, left = one.counted.ratio, one.counted.budget_left(target)
    standing = None
    if ratio is None:
        standing = _WITHOUT.get(State(one.state), Standing.NULL)
    whole = f"{title} · {where}"
    return Line(
        stands=one,
        title=title,
        where=where,
        agency=agency_of(one.scope),
        target=target,
        ratio=counted(
            visit,
            None if ratio is None else _tenths(100 * one.counted.good, one.counted.total),
            whole,
            (visit.t("meaning.what"), visit.t("objectives.ratio.is")),
            parts,
            goal,
            basis,
            window,
            judged,
            unit="%",
            standing=standing,
        ),
        budget=counted(
            visit,
            None if left is None else _rounded(100 * left),
            whole,
            (visit.t("meaning.what"), visit.t("objectives.budget.is")),
            (visit.t("meaning.rule"), visit.t("objectives.budget.rule")),
            parts,
            goal,
            window,
            judged,
            unit="%",
            standing=standing,
        ),
        burns=[
            (
                label,
                counted(
                    visit,
                    None if (rate := back.burn(target)) is None else _rounded(rate),
                    f"{whole} · {in_working_time(visit, label)}",
                    (visit.t("meaning.what"), visit.t("objectives.burn.is")),
                    (
                        visit.t("objectives.parts"),
                        f"{number(visit, back.good)} / {number(visit, back.total)}",
                    ),
                    judged,
                    unit="×",
                ),
            )
            for label, back in sorted(one.back.items(), key=lambda item: _span(item[0]))
        ],
    )


def _span(label: str) -> int:
    # In minutes of working time; what is no span stays first.
    size = {"m": 1, "h": 60, "d": 480}.get(label[-1:], 0)
    return int(label[:-1]) * size if label[:-1].isdecimal() else 0


def _tenths(above: int, below: int) -> Decimal:
    # Cut and not rounded: what misses 90 % is not said to have it.
    return Decimal(above * 10 // below).scaleb(-1)


def _rounded(value: float) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.1"))


def percent(visit: Visit, good: int) -> str:
    """Parts of ten thousand as per cent."""
    return number(visit, (Decimal(good) * 100 / WHOLE).normalize() + 0)


def _asked(file: Mapping[str, Any], first_day: int, good: int) -> Mapping[str, Any]:
    """The target of a file that is in force."""
    same = [one for one in file["targets"] if one["good"] == good]
    since = [one for one in same if one["valid_from"] <= first_day]
    found: Mapping[str, Any] = (since or same or file["targets"])[-1]
    return found


def _basis(visit: Visit, target: Mapping[str, Any]) -> str:
    # Versions before it had a Vietnamese text have the other only.
    article = visit.one_of(target.get("article_vi") or target["article"], target["article"])
    return f"{said.BASES[target['basis']].of(visit.language)}: {article}"


_KEYS: Final[Mapping[str, Any]] = {
    "objective": lambda one: one.title,
    "scope": lambda one: one.where,
    "state": lambda one: _ORDER.index(State(one.stands.state)),
    "since": lambda one: one.stands.since_ms,
    "ratio": lambda one: one.ratio.value,
    "target": lambda one: one.target,
    "budget": lambda one: one.budget.value,
    "burn": lambda one: None if one.fastest is None else one.fastest.value,
}


async def every(desk: Desk, visit: Visit) -> Shown:
    """All objectives in all scopes, and services."""
    judged, files = await all_judged(desk)
    lines = all_lines(visit, judged, files)
    many = Counter(one.stands.state for one in lines)
    shown = [
        one
        for one in lines
        if visit["state"] in (None, one.stands.state)
        and _named(visit, one.title, one.where, one.stands.objective, one.stands.scope)
    ]
    shown = in_order(shown, _KEYS, visit["sort"])
    watched = _services(visit, judged.services)
    services = [
        one
        for one in watched
        if _named(visit, one["title"], one["name"], one["one"].group, one["one"].agency)
    ]
    services = in_order(services, _SERVICE_KEYS, visit["order"])
    if visit["format"] is Format.CSV:
        return _sheet(shown) if visit["table"] is Tables.OBJECTIVES else _of_services(services)
    every_row = visit["rows"] is Rows.ALL
    return Drawn(
        template="objectives.html",
        values={
            "lines": shown if every_row else shown[:MOST],
            "found": len(shown),
            "all": len(lines),
            "states": [(state.value, many[state]) for state in _ORDER],
            "services": services if every_row else services[:MOST_SERVICES],
            "services_found": len(services),
            "services_all": len(watched),
            "services_many": Counter(one["one"].state for one in watched),
            "alerted": lambda alert: alerted(visit, alert),
            "judged_ms": max((one.stands.judged_ms for one in lines), default=None),
            "percent": lambda good: percent(visit, good),
        },
    )


def _services(visit: Visit, services: Sequence[Service]) -> list[dict[str, Any]]:
    """Degraded ones first; of each what it rests on."""
    places = visit.in_force.places
    found = [one for one in services if visit.visitor.may_see(one.agency, places)]
    found.sort(
        key=lambda one: (
            _SERVICE_ORDER.get(one.state, len(_SERVICE_ORDER)),
            -one.open,
            one.agency,
            one.group,
        )
    )
    return [
        {
            "one": one,
            "title": visit.one_of(one.title_vi, one.title_en) or one.group,
            "name": name_of(visit.in_force.agencies, one.agency),
            "median": _days(visit, one.median_ms),
            "limit": _days(visit, one.limit_ms),
        }
        for one in found
    ]


_SERVICE_ORDER: Final[Mapping[str, int]] = {"degraded": 0, "well": 1}
WORKING_DAY_MS: Final = 8 * 3_600_000


def _days(visit: Visit, ms: int | None) -> str:
    if ms is None:
        return said.EMPTY
    days = (Decimal(ms) / WORKING_DAY_MS).quantize(Decimal("0.1"))
    return visit.t("objectives.working_days", n=number(visit, days))


_SERVICE_KEYS: Final[Mapping[str, Any]] = {
    "group": lambda row: plain(row["title"]),
    "agency": lambda row: plain(row["name"]),
    "state": lambda row: _SERVICE_ORDER.get(row["one"].state, len(_SERVICE_ORDER)),
    "since": lambda row: row["one"].since_ms,
    "open_then": lambda row: row["one"].open_then,
    "open": lambda row: row["one"].open,
    "completed": lambda row: row["one"].completed,
    "median": lambda row: row["one"].median_ms,
    "limit": lambda row: row["one"].limit_ms,
}


def _named(visit: Visit, *names: str) -> bool:
    """Whether all words that are looked for are in one of these."""
    words = plain(visit["q"]).split()
    if not words:
        return True
    text = plain(" ".join(names))
    return all(word in text for word in words)


def _of_services(services: Sequence[Mapping[str, Any]]) -> Table:
    return Table(
        name="services",
        columns=(
            "group", "agency", "state", "reasons", "since_ms", "open_then", "open", "completed",
            "median_working_ms", "limit_working_ms", "judged_ms",
        ),
        rows=[
            (
                one.group, one.agency, one.state, " ".join(one.reasons), one.since_ms,
                one.open_then, one.open, one.completed, one.median_ms, one.limit_ms, one.judged_ms,
            )
            for one in (row["one"] for row in services)
        ],
    )  # fmt: skip


def _sheet(lines: Sequence[Line]) -> Table:
    return Table(
        name="objectives",
        columns=(
            "objective", "scope", "state", "since_ms", "good", "bad", "target_of_10000",
            "ratio_percent", "budget_left_percent", "burning", "window_from", "judged_ms",
        ),
        rows=[
            (
                one.stands.objective,
                one.stands.scope,
                one.stands.state,
                one.stands.since_ms,
                one.stands.counted.good,
                one.stands.counted.bad,
                one.target,
                one.ratio.value,
                one.budget.value,
                one.stands.alert,
                date_of(one.stands.first_day).isoformat(),
                one.stands.judged_ms,
            )
            for one in lines
        ],
    )  # fmt: skip


# -- one objective -------------------------------------------------------------------------------


async def objective(desk: Desk, visit: Visit) -> Shown:
    """What an objective asks, how all its scopes stand, and how one of them stood."""
    judged, files = await all_judged(desk)
    name = visit["objective"]
    asked = next((one for one in judged.objectives if one.objective == name), None)
    if asked is None or name not in files:
        raise Problem(
            Code.NOT_FOUND,
            f"no objective {name} is in force",
            "see /objectives; `emc objectives` shows all of them",
        )
    file = files[name]
    lines = [one for one in all_lines(visit, judged, files) if one.stands.objective == name]
    scope = visit["scope"]
    if scope is not None and not visit.visitor.may_see(agency_of(scope), visit.in_force.places):
        raise refusal(visit.visitor, scope)
    if scope is None and lines:
        scope = lines[0].stands.scope
    chosen = next((one for one in lines if one.stands.scope == scope), None)
    stood: list[tuple[Stood, ledger.Spell]] = []
    async with desk.pool.acquire() as connection:
        versions = await ledger.versions(connection, name)
        if scope is not None:
            stood = [
                (_stood(visit, one), one)
                for one in await ledger.spells(connection, name, scope)
            ]
    from_ms = visit.now_ms - visit["days"] * DAY_MS
    shown = [one for one, _ in stood if (one.until_ms or visit.now_ms) > from_ms]
    if visit["format"] is Format.CSV:
        return Table(
            name=f"objective-{name}",
            columns=("objective", "scope", "state", "since_ms", "until_ms", "version", "good", "bad"),
            rows=[
                (name, scope, one.state, one.since_ms, one.until_ms, one.version, *one.counted)
                for _, one in stood
            ],
        )  # fmt: skip
    where = "" if scope is None else _where(visit, scope, groups_of(visit, judged))
    label = visit.t("objectives.timeline", where=where, n=visit["days"])
    first_day = lines[0].stands.first_day if lines else 0
    return Drawn(
        template="objective.html",
        values={
            "title": visit.one_of(file["title_vi"], file["title_en"]),
            "asked": asked,
            "owner": file["owner"],
            "minimum": file["minimum"],
            "basis": _basis(visit, _asked(file, first_day, asked.target)),
            "lines": lines,
            "chosen": chosen,
            "where": where,
            "spans": [in_working_time(visit, label) for label, _ in lines[0].burns]
            if lines
            else [],
            "alerted": lambda alert: alerted(visit, alert),
            "indicator": visit.t(f"objectives.of.{asked.indicator}"),
            "window": window_of(visit, asked.period),
            "spells": spells.rows(visit, shown),
            "legend": spells.legend(shown),
            "chart": await spells.drawn(visit, shown, COLOURS, from_ms=from_ms, label=label),
            "label": label,
            "versions": list(reversed(versions)),
            "percent": lambda good: percent(visit, good),
        },
    )


def window_of(visit: Visit, label: str) -> str:
    """`month`, `20_working_days` in words."""
    number_, _, unit = label.partition("_")
    if number_.isdecimal():
        return visit.t(f"objectives.window.{unit}", n=number_)
    return visit.t(f"objectives.window.{label}")


def _stood(visit: Visit, one: ledger.Spell) -> Stood:
    return Stood(
        state=one.state,
        word=visit.t(f"objective.{one.state}"),
        since_ms=one.since_ms,
        until_ms=one.until_ms,
    )


PAGES: Final = (
    Page(
        path="/objectives",
        name="objectives",
        title="objectives.title",
        open_to=WITH_FIGURES,
        parameters=(STATE, SORT, ORDER, FILTER, ROWS, TABLE),
        act=every,
        listed=True,
    ),
    Page(
        path="/objectives/{objective}",
        name="objective",
        title="objectives.title",
        open_to=WITH_FIGURES,
        parameters=(OBJECTIVE, SCOPE, DAYS),
        act=objective,
    ),
)
