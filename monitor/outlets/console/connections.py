"""Connections: who sends and who does not, since when, and what each source's own count says.

An agency sees the sources that it, or an agency below it, owns.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Final, TypeVar

from monitor.domain.connection import Class
from monitor.domain.event import Kind, State
from monitor.domain.zone import DAY_MS, date_of, day_number
from monitor.ledger import connections as ledger
from monitor.ledger.connections import Reconciliation, Standing
from monitor.outlets.access import refusal
from monitor.outlets.api.asked import Format, Parameter, a_day, a_name, in_path, number, one_of
from monitor.outlets.api.desk import Desk
from monitor.outlets.console import spells
from monitor.outlets.console.asked import SORT
from monitor.outlets.console.now import name_of
from monitor.outlets.console.page import WITH_FIGURES, Drawn, Page, Shown, Table, Visit
from monitor.outlets.console.shown import Number, ago, counted, lasting, when
from monitor.outlets.console.shown import number as written
from monitor.outlets.console.spells import Stood
from monitor.outlets.problem import Code, Problem

COLOURS: Final[Mapping[str, str]] = {
    Class.NOT_CONNECTED: "var(--bad)",
    Class.INTERRUPTED: "var(--bad)",
    Class.UNDETERMINED: "var(--strong)",
    Class.PARTIAL: "var(--warn)",
    Class.MISMATCH: "var(--series-4)",
    Class.UNRECONCILED: "var(--series-5)",
    Class.CONNECTED: "var(--good)",
}
_KINDS: Final = {int(one): one.name.lower() for one in Kind}
_STATES: Final = {int(one): one.name.lower() for one in State}
_T = TypeVar("_T")
BEFORE_DAYS: Final = 60  # of claims and windows that are shown
CLASS: Final = Parameter(
    name="class",
    says="Only sources of this class.",
    read=one_of(Class),
    schema={"type": "string", "enum": list(Class)},
    example="interrupted",
)
SOURCE: Final = in_path(
    Parameter(
        name="source",
        says="A source's code.",
        read=a_name,
        schema={"type": "string"},
        example="H56-onestop",
    )
)
DAYS: Final = Parameter(
    name="days",
    says="How many days back the line of states goes.",
    read=number(1, 366),
    schema={"type": "integer", "minimum": 1, "maximum": 366, "default": 30},
    example="7",
    usual="30",
)
DAY: Final = Parameter(
    name="day",
    says="A day whose claim is shown by kind of event.",
    read=a_day,
    schema={"type": "string", "format": "date"},
    example="2026-08-14",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A source: what the register says of it, how it stands, and its last claim."""

    stands: Standing
    name: str
    owner: str
    owner_name: str
    status: str  # of the register; "" where it is not in it
    kind: str
    go_live: date | None
    claiming: bool
    heartbeat_seconds: int | None
    day: int | None  # that was claimed last
    claimed: int | None
    counted: int | None
    differing: int | None
    uptime: Number

    @property
    def missing(self) -> int | None:
        """How much more was claimed than came."""
        if self.claimed is None or self.counted is None:
            return None
        return max(0, self.claimed - self.counted)


LINES: Final = """
    SELECT connection.source, coalesce(source.name, '') AS name, coalesce(source.owner, '') AS owner,
           coalesce(source.status, '') AS status, coalesce(source.kind, '') AS kind, source.go_live,
           coalesce(source.claiming, false) AS claiming, source.heartbeat_seconds,
           last.day, last.claimed, last.counted, last.differing
    FROM connection LEFT JOIN source ON source.code = connection.source
    LEFT JOIN LATERAL (
        SELECT day, claimed, counted, differing FROM comparison
        WHERE comparison.source = connection.source ORDER BY day DESC, at_ms DESC LIMIT 1
    ) AS last ON true
"""
# Of each day how it stands now.
COMPARED: Final = """
    SELECT DISTINCT ON (day) day, claim, claimed, counted, differing, at_ms FROM comparison
    WHERE source = $1 AND day >= $2 ORDER BY day DESC, at_ms DESC
"""
_WINDOWS: Final = """
    SELECT name, from_ms, to_ms, announced_ms, reason, force_majeure, cancelled, units
    FROM maintenance WHERE source = $1 AND to_ms >= $2 ORDER BY from_ms DESC, name
"""


async def all_lines(desk: Desk, visit: Visit) -> list[Line]:
    """What the visitor may see, who is not connected first."""
    async with desk.pool.acquire() as connection:
        stands = {one.source: one for one in await ledger.standings(connection)}
        rows = await connection.fetch(LINES)
    places = visit.in_force.places
    found = [
        _line(visit, stands[row["source"]], row)
        for row in rows
        if row["source"] in stands and visit.visitor.may_see(row["owner"], places)
    ]
    order = list(Class)
    return sorted(
        found, key=lambda one: (order.index(Class(one.stands.word)), one.stands.since_ms)
    )


def _line(visit: Visit, stands: Standing, row: Mapping[str, Any]) -> Line:
    said = {name: value for name, value in row.items() if name != "source"}
    return Line(
        stands=stands,
        owner_name=name_of(visit.in_force.agencies, said["owner"]) if said["owner"] else "",
        uptime=_uptime(visit, stands),
        **said,
    )


def _uptime(visit: Visit, one: Standing) -> Number:
    percent = None
    if one.working_ms > 0:
        # Cut and not rounded: 100 is never less than all of it.
        percent = (Decimal(one.connected_ms) * 100 / one.working_ms).quantize(
            Decimal("0.1"), ROUND_FLOOR
        )
    parts = f"{lasting(visit, one.connected_ms)} / {lasting(visit, one.working_ms)}"
    return counted(
        visit,
        percent,
        visit.t("connections.uptime"),
        (visit.t("meaning.what"), visit.t("connections.uptime.is")),
        (visit.t("meaning.parts"), parts),
        (visit.t("connections.judged"), when(visit, one.judged_ms)),
        unit="%",
    )


_KEYS: Final[Mapping[str, Any]] = {
    "source": lambda one: one.stands.source,
    "owner": lambda one: one.owner_name,
    "class": lambda one: list(Class).index(Class(one.stands.word)),
    "since": lambda one: one.stands.since_ms,
    "last": lambda one: one.stands.last_ms,
    "silence": lambda one: one.stands.silence_ms,
    "uptime": lambda one: one.uptime.value,
    "missing": lambda one: one.missing,
    "differing": lambda one: one.differing,
}


def in_order(lines: list[_T], keys: Mapping[str, Any], sort: str | None) -> list[_T]:
    """By a column; what has no value stays last. As they are where the column is not one of ours."""
    key = keys.get((sort or "").removeprefix("-"))
    if key is None:
        return lines
    known = [one for one in lines if key(one) is not None]
    known.sort(key=key, reverse=(sort or "").startswith("-"))
    return known + [one for one in lines if key(one) is None]


async def every(desk: Desk, visit: Visit) -> Shown:
    """All sources, by class; or those of one class."""
    lines = await all_lines(desk, visit)
    many = Counter(one.stands.word for one in lines)
    shown = [one for one in lines if visit["class"] in (None, one.stands.word)]
    shown = in_order(shown, _KEYS, visit["sort"])
    if visit["format"] is Format.CSV:
        return _sheet(shown)
    return Drawn(
        template="connections.html",
        values={
            "lines": shown,
            "classes": [(word.value, many[word]) for word in Class],
            "all": len(lines),
            "judged_ms": max((one.stands.judged_ms for one in lines), default=None),
            "lasting": lambda ms: lasting(visit, ms),
            "facts": lambda one: _facts(visit, one.stands),
        },
    )


def _sheet(lines: Sequence[Line]) -> Table:
    return Table(
        name="connections",
        columns=(
            "source", "name", "owner", "trial", "class", "since_ms", "last_event_ms",
            "expected_silence_ms", "connected_ms_this_month", "working_ms_this_month",
            "claimed_day", "claimed", "counted", "missing", "differing", "judged_ms",
        ),
        rows=[
            (
                one.stands.source,
                one.name,
                one.owner,
                one.stands.trial,
                one.stands.word,
                one.stands.since_ms,
                one.stands.last_ms,
                one.stands.silence_ms,
                one.stands.connected_ms,
                one.stands.working_ms,
                None if one.day is None else date_of(one.day).isoformat(),
                one.claimed,
                one.counted,
                one.missing,
                one.differing,
                one.stands.judged_ms,
            )
            for one in lines
        ],
    )  # fmt: skip


# -- one source ----------------------------------------------------------------------------------


async def source(desk: Desk, visit: Visit) -> Shown:
    """One source: whether it is connected, since when not, and why that is said."""
    code = visit["source"]
    found = [one for one in await all_lines(desk, visit) if one.stands.source == code]
    if not found:
        # Whether another agency has such a source is not told either.
        if not visit.visitor.sees_all:
            raise refusal(visit.visitor, code)
        raise Problem(
            Code.NOT_FOUND,
            f"no source {code} was ever judged",
            "see /connections; `emc source list` shows the register",
        )
    [line] = found
    from_ms = visit.now_ms - visit["days"] * DAY_MS
    today = desk.today(visit.in_force.policy)
    async with desk.pool.acquire() as connection:
        stood = await ledger.spells(connection, code)
        compared = await connection.fetch(COMPARED, code, today - BEFORE_DAYS)
        windows = await connection.fetch(_WINDOWS, code, visit.now_ms - BEFORE_DAYS * DAY_MS)
        day = visit["day"]
        claim = None
        if day is not None:
            claim = await ledger.reconcile(connection, code, day_number(day))
    every_ = [
        Stood(
            state=one.word.value,
            word=visit.t(f"class.{one.word.value}"),
            since_ms=one.since_ms,
            until_ms=one.until_ms,
        )
        for one in stood
    ]
    shown = [one for one in every_ if (one.until_ms or visit.now_ms) > from_ms]
    if visit["format"] is Format.CSV:
        return Table(
            name=f"connection-{code}",
            columns=("source", "class", "since_ms", "until_ms"),
            rows=[(code, one.state, one.since_ms, one.until_ms) for one in shown],
        )
    label = visit.t("connections.timeline", n=visit["days"])
    return Drawn(
        template="connection.html",
        values={
            "line": line,
            "stands": line.stands,
            "headline": _headline(visit, line),
            "last_connected": _last_connected(every_),
            "spells": spells.rows(visit, shown),
            "chart": await spells.drawn(visit, shown, COLOURS, from_ms=from_ms, label=label),
            "legend": spells.legend(shown),
            "label": label,
            "facts": _facts(visit, line.stands),
            "compared": compared,
            "windows": windows,
            "claim": claim,
            "kinds": [] if claim is None else _kinds(visit, claim),
            "now_ms": visit.now_ms,
        },
    )


def _last_connected(stood: Sequence[Stood]) -> int | None:
    """Until when it was connected before all that came since; None where it is, or never was."""
    if not stood or stood[-1].state == Class.CONNECTED:
        return None
    return next((one.until_ms for one in reversed(stood) if one.state == Class.CONNECTED), None)


def _headline(visit: Visit, line: Line) -> list[tuple[str, Number]]:
    one = line.stands
    judged = (visit.t("connections.judged"), when(visit, one.judged_ms))

    def said(key: str, text: str | None, *lines: tuple[str, str]) -> tuple[str, Number]:
        title = visit.t(f"connections.{key}")
        empty = counted(
            visit,
            None if text is None else 0,
            title,
            (visit.t("meaning.what"), visit.t(f"connections.{key}.is")),
            *lines,
            judged,
        )
        if text is None:
            return title, empty
        return title, Number(text=text, meaning=empty.meaning)

    def ms(at: int | None) -> str | None:
        return None if at is None else ago(visit, at)

    def span(value: int | None) -> str | None:
        return None if value is None else seconds(visit, value)

    return [
        said("last", ms(one.last_ms), (visit.t("connections.at"), when(visit, one.last_ms))),
        said("silence", None if one.silence_ms is None else lasting(visit, one.silence_ms)),
        said("beat", ms(one.beat_ms), (visit.t("connections.at"), when(visit, one.beat_ms))),
        (visit.t("connections.uptime"), line.uptime),
        said("p50", span(one.p50_ms)),
        said("p95", span(one.p95_ms)),
    ]


def seconds(visit: Visit, ms: int) -> str:
    """A delay: seconds below two minutes, else as spans are written."""
    if ms < 120_000:
        return f"{written(visit, (Decimal(ms) / 1000).quantize(Decimal('0.1')))} s"
    return lasting(visit, ms)


def _facts(visit: Visit, one: Standing) -> list[tuple[str, str, str, str]]:
    """What is shown beside the class: word, meaning, since, detail."""
    return [
        (
            visit.t(f"fact.{fact['fact']}"),
            visit.t(f"fact.{fact['fact']}.is"),
            "" if fact["since_ms"] is None else when(visit, fact["since_ms"]),
            str(fact["detail"] or ""),
        )
        for fact in json.loads(one.facts)
    ]


def _kinds(
    visit: Visit, claim: Reconciliation
) -> list[tuple[str, int | None, int, int | None]]:
    """Of each kind and state: claimed, counted, counted less claimed; lists as rows of their own."""
    found: list[tuple[str, int | None, int, int | None]] = [
        (
            _kind(one.kind, one.state),
            one.claimed,
            one.counted,
            None if one.claimed is None else one.counted - one.claimed,
        )
        for one in claim.cells
    ]
    if (lists := claim.lists) is not None:
        found.append(
            (
                visit.t("connections.list"),
                lists.claimed,
                lists.counted,
                lists.counted - lists.claimed,
            )
        )
    return found


def _kind(kind: int, state: int) -> str:
    # The names that the events themselves have: a source's engineers look for these.
    name = _KINDS.get(kind, str(kind))
    return name if state < 0 else f"{name} {state} {_STATES.get(state, '')}".rstrip()


PAGES: Final = (
    Page(
        path="/connections",
        name="connections",
        title="connections.title",
        open_to=WITH_FIGURES,
        parameters=(CLASS, SORT),
        act=every,
        listed=True,
    ),
    Page(
        path="/connections/{source}",
        name="connection",
        title="connections.title",
        open_to=WITH_FIGURES,
        parameters=(SOURCE, DAYS, DAY),
        act=source,
    ),
)
