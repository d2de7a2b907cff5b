"""What is open and when it falls due: counts, a chart by day, and the dossiers, each look written down.

Always of now, to the last committed booking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from markupsafe import Markup

from monitor.domain.zone import date_of, day_number
from monitor.ledger import held
from monitor.ledger.held import Due, Fall, Holders, Open
from monitor.ledger.together import Together
from monitor.outlets.api.asked import Format, Parameter, a_day, one_of
from monitor.outlets.api.desk import Desk
from monitor.outlets.console import charts
from monitor.outlets.console.now import name_of
from monitor.outlets.console.page import Table, Visit
from monitor.outlets.console.shown import Number, counted, day, instant, lasting, when

MOST: Final = 200  # dossiers listed
MOST_IN_SHEET: Final = 5_000
BEFORE: Final = 10  # days back that have a bar of their own
AHEAD: Final = 20


DUE: Final = Parameter(
    name="due",
    says="Which open dossiers are listed.",
    read=one_of(Due),
    schema={"type": "string", "enum": list(Due)},
    example="tomorrow",
)
ON: Final = Parameter(
    name="on",
    says="The dossiers that fall due on a day are listed.",
    read=a_day,
    schema={"type": "string", "format": "date"},
    example="2026-08-14",
)
_ALARMING: Final = {Due.OVERDUE: "bad", Due.TODAY: "warn"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A row of the list."""

    token: str
    office: str
    where: str
    procedure: str
    called: str  # the procedure, by its name
    state: str  # in_process or paused
    due: str
    due_at: str  # ISO 8601
    against: str  # how late, or how long there is
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """All of it, as a page has it."""

    open: Number
    counts: Sequence[tuple[Due, Number, str]]
    chart: Markup | None
    keys: Sequence[tuple[str, str]]  # of the chart: words and colours
    days: Sequence[tuple[date | None, str, int]]  # None: no single day
    chosen: str  # what is listed, in words; "" where nothing is
    listed: Sequence[Dossier]
    all: int

    def number(self, due: Due) -> Number:
        return next(number for one, number, _ in self.counts if one is due)


async def read(desk: Desk, visit: Visit, of: Holders) -> Backlog:
    """Counts, and the dossiers that are asked for, once that is written down."""
    async with desk.pool.acquire() as connection:
        falls = await held.counts(connection, of, visit.in_force.policy, visit.now_ms)
    days = _days(visit, falls)
    async with Together() as together:
        chart = together.create_task(_chart(visit, days))
        listed = together.create_task(_listed(desk, visit, of, falls))
    there, found = listed.result()
    counts = dict.fromkeys(Due, 0)
    for fall in falls:
        counts[fall.due] += fall.dossiers
    return Backlog(
        open=_number(visit, "count.open", sum(counts.values()), "count.open.is"),
        counts=[
            (
                one,
                _number(visit, f"due.{one}", counts[one], "count.due.is"),
                _ALARMING.get(one, ""),
            )
            for one in Due
        ],
        chart=chart.result(),
        keys=[*_keys(visit, days).values()],
        days=[(on_, label, n) for on_, label, n, _ in days if n],
        chosen=_chosen(visit, visit["due"], visit["on"]),
        listed=found,
        all=there,
    )


async def _listed(
    desk: Desk, visit: Visit, of: Holders, falls: Sequence[Fall]
) -> tuple[int, Sequence[Dossier]]:
    """How many dossiers are asked for, and as many of them as a page has; each look is written down first."""
    due: Due | None = visit["due"]
    on = None if visit["on"] is None else day_number(visit["on"])
    if due is None and on is None:
        return 0, ()
    there = sum(
        one.dossiers
        for one in falls
        if (due is None or one.due is due) and (on is None or one.day == on)
    )
    most = MOST_IN_SHEET if visit["format"] is Format.CSV else MOST
    await desk.note(visit.visitor, visit.url(lang=None), dossiers=min(there, most))
    async with desk.pool.acquire() as connection:
        listed = await held.dossiers(
            connection, of, visit.in_force.policy, visit.now_ms, due=due, day=on, most=most
        )
    return there, [_dossier(visit, await desk.token(one.key), one) for one in listed]


def _number(visit: Visit, title: str, value: int, what: str) -> Number:
    return counted(
        visit,
        value,
        visit.t(title),
        (visit.t("meaning.what"), visit.t(what)),
        (visit.t("live.at"), when(visit, visit.now_ms)),
    )


def _chosen(visit: Visit, due: Due | None, on: date | None) -> str:
    said = [] if due is None else [visit.t(f"due.{due}")]
    if on is not None:
        said.append(visit.t("backlog.on", day=day(visit, on)))
    return " · ".join(said)


def _days(visit: Visit, falls: Sequence[Fall]) -> list[tuple[date | None, str, int, str]]:
    """Days around today, each with a label, how many, and how alarming; what is beyond drawn together."""
    today = instant(visit, visit.now_ms).date()
    first, last = today - timedelta(BEFORE), today + timedelta(AHEAD)
    by_day: dict[date, dict[str, int]] = {}
    before = after = without = 0
    for fall in falls:
        if fall.day is None:
            without += fall.dossiers
            continue
        on = date_of(fall.day)
        if on < first:
            before += fall.dossiers
        elif on > last:
            after += fall.dossiers
        else:
            of = by_day.setdefault(on, {})
            of[fall.due] = of.get(fall.due, 0) + fall.dossiers
    found: list[tuple[date | None, str, int, str]] = [
        (None, visit.t("backlog.earlier", day=_short(first)), before, "overdue")
    ]
    for n in range(BEFORE + AHEAD + 1):
        on = first + timedelta(n)
        of = by_day.get(on, {})
        kind = "overdue" if on < today else "today" if on == today else "later"
        late = of.pop("overdue", 0) if on == today else 0
        if late:
            found.append(
                (on, f"{_short(on)} ({visit.t('backlog.today_late')})", late, "overdue")
            )
        found.append((on, _short(on), sum(of.values()), kind))
    found.append((None, visit.t("backlog.later", day=_short(last)), after, "later"))
    found.append((None, visit.t("backlog.without"), without, "none"))
    return found


def _short(on: date) -> str:
    return f"{on:%d/%m}"


_COLOURS: Final[Mapping[str, str]] = {
    "overdue": "bad",
    "today": "series-5",
    "later": "series-1",
    "none": "series-6",
}


def _keys(
    visit: Visit, days: Sequence[tuple[date | None, str, int, str]]
) -> dict[str, tuple[str, str]]:
    """By kind its word and its colour, of those that there are."""
    there = {kind for _, _, n, kind in days if n}
    return {
        kind: (visit.t(f"due.{kind}"), colour)
        for kind, colour in _COLOURS.items()
        if kind in there
    }


async def _chart(
    visit: Visit, days: Sequence[tuple[date | None, str, int, str]]
) -> Markup | None:
    if not any(n for _, _, n, _ in days):
        return None
    keys = _keys(visit, days)
    # A part of today that is late already stands on the same bar.
    rows = [
        {"day": label.partition(" (")[0], "n": n, "kind": keys[kind][0]}
        for _, label, n, kind in days
        if n
    ]
    order = list(dict.fromkeys(label.partition(" (")[0] for _, label, _, _ in days))
    spec = {
        "data": {"values": rows},
        "mark": {"type": "bar"},
        "encoding": {
            "x": {
                "field": "day",
                "type": "ordinal",
                "title": None,
                "scale": {"domain": order},
                "axis": {"labelAngle": -45, "labelOverlap": False},
            },
            "y": {
                "field": "n",
                "type": "quantitative",
                "title": None,
                "axis": charts.whole(n for _, _, n, _ in days),
            },
            "color": {
                "field": "kind",
                "type": "nominal",
                "title": None,
                "scale": {
                    "domain": [word for word, _ in keys.values()],
                    "range": [f"var(--{colour})" for _, colour in keys.values()],
                },
                "legend": None,
            },
        },
    }
    return await charts.draw(
        spec,
        language=visit.language.value,
        label=visit.t("backlog.chart"),
        width=1240,
        height=170,
    )


def _dossier(visit: Visit, token: str, one: Open) -> Dossier:
    in_force = visit.in_force
    against, late, due_at = "", False, None
    if one.due_ms is not None:
        due_at = instant(visit, one.due_ms)
        ms = visit.now_ms - one.due_ms
        late = ms > 0
        key = "backlog.late_by" if late else "backlog.left"
        against = visit.t(key, time=lasting(visit, abs(ms)))
    called = None
    if in_force.reference is not None and one.procedure:
        called = in_force.reference.procedures.on(
            one.procedure, in_force.policy.zone.day(visit.now_ms)
        )
    return Dossier(
        token=token,
        office=one.office,
        where=name_of(in_force.agencies, one.office),
        procedure=one.procedure,
        called=""
        if called is None
        else visit.one_of(called.name_vi, called.name_en or called.name_vi),
        state="paused" if one.paused else "in_process",
        due=when(visit, one.due_ms),
        due_at="" if due_at is None else due_at.isoformat(),
        against=against,
        late=late,
    )


def sheet(name: str, found: Backlog) -> Table:
    """The dossiers that are listed."""
    return Table(
        name=name,
        columns=("token", "procedure", "agency", "agency_name", "state", "due_at"),
        rows=[
            (one.token, one.procedure, one.office, one.where, one.state, one.due_at)
            for one in found.listed
        ],
    )
