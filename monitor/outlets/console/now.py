"""Country now: today as it goes, what moved, what is in trouble, and provinces on a map and ranked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from markupsafe import Markup

from monitor.domain.codes import level1
from monitor.domain.facts import Fact, Term
from monitor.domain.indicator import Figure
from monitor.domain.period import Period, Span
from monitor.domain.scope import Scope
from monitor.domain.zone import date_of
from monitor.ledger import dues, objectives, readings, releases
from monitor.ledger.balances import NotKnown
from monitor.ledger.connections import STANDING, Standing
from monitor.ledger.official import At, NoSuch, Official, Position, Ranked, Ranking
from monitor.ledger.today import NOTHING, Moving
from monitor.outlets.api.asked import Format, Parameter, an_agency, one_of
from monitor.outlets.api.desk import Desk
from monitor.outlets.console import charts, tiles, worst
from monitor.outlets.console.asked import SORT, WHEN
from monitor.outlets.console.live import MOVED_MINUTES, Live, State, share
from monitor.outlets.console.page import (
    EVERYBODY,
    Drawn,
    Elsewhere,
    Page,
    Shown,
    Table,
    Visit,
)
from monitor.outlets.console.remembered import Remembered
from monitor.outlets.console.shown import Number, counted, number, of_figure

DAYS: Final = 30
BESIDE: Final = ("decree-224-19", "settled_on_time")
MOST_LISTED: Final = 8


class By(StrEnum):
    """By what provinces are coloured and ranked."""

    EMC = "emc"
    ON_TIME = "on_time"


FIGURES: Final[Mapping[By, tuple[str, str]]] = {
    By.EMC: ("emc", "full_process_dossier_share"),
    By.ON_TIME: BESIDE,
}
BY: Final = Parameter(
    name="by",
    says="By what provinces are coloured and ranked.",
    read=one_of(By),
    schema={"type": "string", "enum": list(By)},
    example="on_time",
    usual=By.EMC.value,
)
KIND: Final = Parameter(
    name="kind",
    says="Who is ranked.",
    read=one_of(Ranked),
    schema={"type": "string", "enum": list(Ranked)},
    example="ministries",
    usual=Ranked.PROVINCES.value,
)

WHY: Final = Parameter(
    name="why",
    says="Of which agency the reasons are told; without, of the worst.",
    read=an_agency,
    schema={"type": "string"},
    example="H56",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A row of the ranking."""

    code: str
    name: str
    position: Position
    figures: Mapping[By, Number]
    then: Number | None  # what is known now, where the page is of then
    today: Moving | None  # None: not open to who asks


class Now:
    """The page."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._kept = Remembered()
        self._rankings = Remembered(
            30
        )  # seconds of work with a nation's ledger; each names its cut
        self._kept_longer = Remembered(60)

    def pages(self) -> tuple[Page, ...]:
        """The one."""
        return (
            Page(
                path="/",
                name="now",
                title="now.title",
                open_to=EVERYBODY,
                parameters=(WHEN, BY, KIND, SORT, WHY),
                act=self.act,
                listed=True,
            ),
        )

    async def act(self, desk: Desk, visit: Visit) -> Shown:
        """For whoever asks: what he may see."""
        if not visit.visitor.sees_all and not visit.visitor.agency:
            return await public(desk)
        own = visit.visitor.agency
        if own and (own != level1(own) or not _of(visit, own)):
            # How it stands this minute is kept of ministries and provinces alone: no number is no 0.
            said = visit.written.get("period")
            return Elsewhere(to=visit.url(f"/agencies/{own}", period=said))
        period = visit["period"] or Period.holding(
            Span.MONTH, date_of(desk.today(visit.in_force.policy))
        )
        lines, ranking = await self._ranked(desk, visit, period)
        if visit["format"] is Format.CSV:
            return _sheet(visit, period, lines, ranking)
        state = await self._live.state()
        services, sources, names = await self._kept.get("trouble", lambda: _trouble(desk))
        worse, why = await self._worst(desk, visit, state, services, sources)
        chart, days = await self._days(desk, visit)
        agencies = visit.in_force.agencies
        return Drawn(
            template="now.html",
            values={
                "period": period,
                "by": visit["by"],
                "kind": visit["kind"],
                "bys": [(one, visit.t(f"now.by.{one}")) for one in By],
                "ranking": ranking,
                "lines": lines,
                "map": _map(visit, lines) if visit["kind"] is Ranked.PROVINCES else [],
                "legend": _legend(visit, lines),
                "state": state,
                "headline": headline(visit, state),
                "worst": worse,
                "why": why,
                "least_open": worst.LEAST_OPEN,
                "moved": [
                    (tiles.brief(name_of(agencies, one.agency)), one)
                    for one in state.moved[:MOST_LISTED]
                ]
                if visit.visitor.sees_all
                else [],
                "moved_minutes": MOVED_MINUTES,
                "moved_all": {
                    what: sum(getattr(one, what) for one in state.moved)
                    for what in ("received", "completed", "returned")
                },
                "services": [
                    (name_of(agencies, one.agency), one)
                    for one in services
                    if one.state == "degraded" and _of(visit, one.agency)
                ],
                "services_judged": bool(services),
                "sources": [
                    one for one, owner in sources if _in_trouble(one) and _of(visit, owner)
                ],
                "sources_judged": bool(sources),
                "names": names,
                "chart": chart,
                "days": days,
                "most": DAYS,
            },
        )

    async def _worst(
        self,
        desk: Desk,
        visit: Visit,
        state: State,
        services: Sequence[objectives.Service],
        sources: Sequence[tuple[Standing, str]],
    ) -> tuple[Sequence[worst.Bad], worst.Why | None]:
        """The worst of today, and why one is as it is: the worst, or whom the visitor points at."""
        agencies = state.today.agencies

        def name(code: str) -> str:
            return tiles.brief(name_of(visit.in_force.agencies, code))

        found: list[worst.Bad] = []
        code: str = visit["why"] or visit.visitor.agency
        if visit.visitor.sees_all:
            provinces = visit["kind"] is Ranked.PROVINCES
            of = [one for one in agencies if (one in tiles.PLACES) is provinces]
            found = worst.worst(agencies, of, name)
        else:
            code = visit.visitor.agency
        if not code and found:
            code = found[0].code
        if not code:
            return found, None
        policy = visit.in_force.policy
        lying = await self._kept_longer.get(
            ("overdue", visit.in_force.hash),
            lambda: dues.overdue(desk.pool, policy, visit.now_ms),
        )
        bad = worst.Bad(code=code, name=name(code), now=agencies.get(code, NOTHING))
        return found, worst.why(
            visit,
            bad,
            lying,
            [one for one in services if one.agency == code and one.state == "degraded"],
            [one for one, owner in sources if owner == code and _in_trouble(one)],
        )

    async def _ranked(
        self, desk: Desk, visit: Visit, period: Period
    ) -> tuple[list[Line], Ranking | None]:
        """Every agency of the kind; nobody where the period is not over and is others' affair."""
        kind, by, then = visit["kind"], visit["by"], visit["known_at"]
        try:
            ground = await desk.officials.ground(then)
        except NotKnown:
            if then is not None:
                raise
            return [], None  # no cut yet
        if not visit.visitor.sees_all and ground.known.as_of_day <= period.last_day:
            return [], None
        try:
            ranking, beside = await self._both(desk, period, kind, by, then)
            now = None if then is None else (await self._both(desk, period, kind, by, None))[0]
        except NoSuch:
            return [], None
        today = self._live.last
        moving = today.today.agencies if today else {}
        since = {} if now is None else {one.about.scope: one for one in now.positions}
        lines = []
        other = By.ON_TIME if by is By.EMC else By.EMC
        for position in ranking.positions:
            scope = position.about.scope
            figures = {by: of_figure(visit, position.now, _figure(position.now, by))}
            if (official := beside.get(scope)) is not None:
                figures[other] = of_figure(visit, official, _figure(official, other))
            later = since.get(scope)
            lines.append(
                Line(
                    code=scope.agency,
                    name=tiles.brief(position.about.name or scope.agency),
                    position=position,
                    figures=figures,
                    then=None
                    if later is None
                    else of_figure(visit, later.now, _figure(later.now, by)),
                    # A ranking of what is over is everybody's, how others stand now is not.
                    today=moving.get(scope.agency, NOTHING)
                    if _of(visit, scope.agency)
                    else None,
                )
            )
        return _sorted(lines, visit["sort"]), ranking

    async def _both(
        self, desk: Desk, period: Period, kind: Ranked, by: By, at: At
    ) -> tuple[Ranking, Mapping[Scope, Official]]:
        """The ranking, and the other of both figures at the same cut."""

        async def made() -> tuple[Ranking, Mapping[Scope, Official]]:
            ranking = await desk.officials.ranking(
                FIGURES[by][0], period, kind=kind, by=FIGURES[by][1], known_at=at
            )
            other = FIGURES[By.ON_TIME if by is By.EMC else By.EMC][0]
            scopes = [one.about.scope for one in ranking.positions]
            try:
                found = await desk.officials.scorecards(
                    other, scopes, period, known_at=ranking.known.cut
                )
            except NoSuch:
                found = []
            return ranking, {one.about.scope: one for one in found}

        found: tuple[Ranking, Mapping[Scope, Official]] = await self._rankings.get(
            (period, kind, by, at), made
        )
        return found

    async def _days(
        self, desk: Desk, visit: Visit
    ) -> tuple[Markup | None, Sequence[tuple[int, int | None, int | None]]]:
        """Received and completed a day."""
        scope = Scope(visit.visitor.agency) if visit.visitor.agency else Scope()
        today = desk.today(visit.in_force.policy)
        reference = visit.in_force.reference
        if reference is None:
            return None, ()
        days: list[tuple[int, int | None, int | None]] = await self._kept_longer.get(
            ("days", scope, today), lambda: _by_day(desk, reference, scope, today)
        )
        if not days:
            return None, ()
        named = (visit.t("now.received"), visit.t("now.completed"))
        rows = [
            {"day": date_of(day).isoformat(), "what": what, "n": amount}
            for day, *amounts in days
            for what, amount in zip(named, amounts, strict=True)
        ]
        chart = await charts.draw(
            charts.series(rows, x="day", y="n", colour="what"),
            language=visit.language.value,
            label=visit.t("now.chart", n=DAYS),
            width=460,
            height=220,
        )
        return chart, days


async def _by_day(
    desk: Desk, reference: Any, scope: Scope, today: int
) -> list[tuple[int, int | None, int | None]]:
    received, completed = Term(fact=Fact.RECEIVED), Term(fact=Fact.COMPLETED)
    periods = [Period(Span.DAY, day, day) for day in range(today - DAYS + 1, today + 1)]
    try:
        found = await readings.series(
            desk.pool, reference, [scope], periods, [received, completed], today=today
        )
    except NotKnown:  # no cut yet
        return []
    return [
        (one.period.first_day, one.facts(scope)(received), one.facts(scope)(completed))
        for one in found
    ]


async def _trouble(
    desk: Desk,
) -> tuple[tuple[objectives.Service, ...], tuple[tuple[Standing, str], ...], Mapping[str, str]]:
    """Services as last judged; connections with the agency whose source it is; sources' names."""
    judged = await objectives.read(desk.pool)
    rows = await desk.pool.fetch(STANDING)
    known = await desk.pool.fetch("SELECT code, owner, name FROM source")
    owners = {row["code"]: row["owner"] for row in known}
    names = {row["code"]: row["name"] for row in known}
    found = (Standing(*row) for row in rows)
    return judged.services, tuple((one, owners.get(one.source, "")) for one in found), names


def _in_trouble(one: Standing) -> bool:
    return not one.trial and one.word != "connected" and not one.maintenance


def _of(visit: Visit, agency: str) -> bool:
    return visit.visitor.may_see(agency, visit.in_force.places)


def _figure(official: Official, by: By) -> Figure:
    return official.scorecard.figure(FIGURES[by][1])


def name_of(agencies: Any, code: str) -> str:
    """An agency's name as it is today; its code where no file has one."""
    rows = agencies.rows(code) if code in agencies else ()
    return str(rows[-1].value.name) if rows else code


def headline(visit: Visit, state: State) -> list[tuple[str, Number]]:
    """The numbers of today, live."""
    agency = visit.visitor.agency
    own = state.today.agencies.get(agency, NOTHING) if agency else state.today.country
    named = agency or "country"
    rule = visit.t("now.rule_766" if state.today.by_766 else "now.rule_plain")
    stood = (visit.t("meaning.known"), visit.t("live.on"))
    basis = (visit.t("meaning.basis"), rule)

    def one(
        what: str, value: int | Decimal | None, *lines: tuple[str, str], unit: str = ""
    ) -> tuple[str, Number]:
        title = visit.t(f"now.{what}")
        live = f"{named}.{'on_time_share' if what == 'on_time' else what}"
        says = (visit.t("meaning.what"), visit.t(f"now.{what}.is"))
        return title, counted(visit, value, title, says, *lines, stood, unit=unit, live=live)

    percent = share(own)
    judged = f"{number(visit, own.on_time)} / {number(visit, own.on_time + own.late)}"
    return [
        one("received", own.received),
        one("completed", own.completed),
        one(
            "on_time",
            None if percent is None else Decimal(str(percent)),
            (visit.t("meaning.parts"), judged),
            basis,
            unit="%",
        ),
        one("open", own.open),
        one("overdue", own.overdue),
    ]


_KEYS: Final[Mapping[str, Any]] = {
    "place": lambda one: one.position.place.place,
    "agency": lambda one: one.name.removeprefix("TP. "),
    "volume": lambda one: one.position.place.volume,
    "emc": lambda one: _value(one, By.EMC),
    "on_time": lambda one: _value(one, By.ON_TIME),
    "movement": lambda one: one.position.place.movement,
    "received": lambda one: one.today.received,
    "open": lambda one: one.today and one.today.open,
    "overdue": lambda one: one.today and one.today.overdue,
}


def _value(one: Line, by: By) -> Any:
    found = one.figures.get(by)
    return found.value if found is not None and found.known else None


def _sorted(lines: list[Line], sort: str | None) -> list[Line]:
    """By a column; what has no value stays last. As ranked where the column is not one of ours."""
    key = _KEYS.get((sort or "").removeprefix("-"))
    if key is None:
        return lines
    known = [one for one in lines if key(one) is not None]
    known.sort(key=key, reverse=(sort or "").startswith("-"))
    return known + [one for one in lines if key(one) is None]


def _map(visit: Visit, lines: Sequence[Line]) -> list[dict[str, Any]]:
    by = visit["by"]
    values = {
        one.code: None if (value := _value(one, by)) is None else float(value) for one in lines
    }
    shade = tiles.shades(values)
    return [
        {
            "row": tiles.PLACES[one.code][0],
            "column": tiles.PLACES[one.code][1],
            "shade": shade[one.code],
            "name": one.name.removeprefix("TP. "),
            "code": one.code,
            "number": one.figures[by],
        }
        for one in lines
        if one.code in tiles.PLACES and by in one.figures
    ]


def _legend(visit: Visit, lines: Sequence[Line]) -> list[tuple[int, str, str]]:
    """The least and the most of each shade."""
    by = visit["by"]
    values = {one.code: _value(one, by) for one in lines if one.code in tiles.PLACES}
    shade = tiles.shades({code: None if v is None else float(v) for code, v in values.items()})
    found = []
    for step in range(1, tiles.SHADES + 1):
        within = [values[code] for code, one in shade.items() if one == step]
        if within:
            found.append((step, number(visit, min(within)), number(visit, max(within))))
    return found


def _sheet(
    visit: Visit, period: Period, lines: Sequence[Line], ranking: Ranking | None
) -> Table:
    cut = None if ranking is None else ranking.known.cut
    return Table(
        name=f"{visit['kind']}-{period}",
        columns=(
            "place", "of", "agency", "name", "received", "emc_full_process_percent",
            "settled_on_time_percent", "movement", "open_now", "overdue_now", "period", "cut",
        ),
        rows=[
            (
                one.position.place.place,
                one.position.place.of,
                one.code,
                one.name,
                one.position.place.volume,
                _value(one, By.EMC),
                _value(one, By.ON_TIME),
                one.position.place.movement,
                one.today and one.today.open,
                one.today and one.today.overdue,
                str(period),
                cut,
            )
            for one in lines
        ],
    )  # fmt: skip


# -- the public's --------------------------------------------------------------------------------


async def public(desk: Desk) -> Shown:
    """What was released, newest first."""
    async with desk.pool.acquire() as connection:
        found = []
        for table in await releases.tables(connection):
            listed = await releases.listed(connection, table.name, most=31)
            latest = None
            if listed:
                latest = await releases.read(connection, table.name, listed[0].last_day)
            found.append((table, listed, latest))
    return Drawn(template="public.html", values={"tables": found})
