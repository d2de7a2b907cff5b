"""How a scope fares: counts and shares of a period and of the twelve months up to it, all at one cut.

One reading for all of a scope's months, one for its parts, one for its procedures. They do not wait
for each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any, Final

from markupsafe import Markup

from monitor.domain.event import Channel, Level
from monitor.domain.facts import Fact, Term
from monitor.domain.indicator import Standing, total
from monitor.domain.indicator_words import FACTS
from monitor.domain.period import Period, Span
from monitor.domain.scope import Scope
from monitor.domain.zone import date_of
from monitor.ledger.balances import NotKnown
from monitor.ledger.official import Fared, Ground
from monitor.outlets.api.desk import Desk
from monitor.outlets.console import charts
from monitor.outlets.console.page import Table, Visit
from monitor.outlets.console.shown import Number, as_of, counted, of_figure, span
from monitor.outlets.console.shown import number as written

MONTHS: Final = 12
ON_TIME: Final = ("decree-224-19", "settled_on_time")
HEADLINE: Final = ("emc", "full_process_dossier_share")
MEANS: Final = (("decree-224-19", "mean_working_time"), ("decree-224-19", "mean_elapsed_time"))

RECEIVED: Final = Term(fact=Fact.RECEIVED)
COUNTS: Final[Mapping[str, tuple[Term, ...]]] = {
    "received": (RECEIVED,),
    "completed": (Term(fact=Fact.COMPLETED),),
    "returned": (Term(fact=Fact.RETURNED),),
    "open_end": (Term(fact=Fact.IN_PROCESS), Term(fact=Fact.PAUSED)),
}
_TERMS: Final = frozenset(term for terms in COUNTS.values() for term in terms)
_OF_PARTS: Final = frozenset(
    term for name, terms in COUNTS.items() for term in terms if name != "returned"
)
CHANNELS: Final = tuple(int(one) for one in Channel if one)
LEVELS: Final = tuple(int(one) for one in Level if one)
_BY_CHANNEL: Final = {one: Term(fact=Fact.RECEIVED, channel=one) for one in CHANNELS}
_BY_LEVEL: Final = {one: Term(fact=Fact.RECEIVED, level=one) for one in LEVELS}


@dataclass(frozen=True)
class Line:
    """Counts and shares of a scope in a period, as numbers of a page.

    Each is written when it is asked for: of hundreds of lines that are compared few are shown.
    """

    visit: Visit = field(repr=False)
    fared: Fared

    @cached_property
    def amounts(self) -> Mapping[str, int | None]:
        """Every count that was read."""
        found = {}
        for name, terms in COUNTS.items():
            try:
                values = [self.fared.facts(term) for term in terms]
            except KeyError:
                continue  # was not asked for
            known = [one for one in values if one is not None]
            found[name] = sum(known) if len(known) == len(values) else None
        return found

    @cached_property
    def counts(self) -> Mapping[str, Number]:
        return _Counts(self)

    @cached_property
    def on_time(self) -> Number:
        return figure(self.visit, self.fared, ON_TIME)

    @cached_property
    def headline(self) -> Number:
        return figure(self.visit, self.fared, HEADLINE)

    @property
    def received(self) -> int | None:
        return self.amounts["received"]

    @cached_property
    def late(self) -> int | None:
        """That ended late, as the share on time has it."""
        return late_of(self.fared)

    @property
    def idle(self) -> bool:
        """Whether nothing happened."""
        return not any(self.amounts.values())


class _Counts(dict[str, Number]):
    """The counts of a line, each written when it is first asked for."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def __missing__(self, name: str) -> Number:
        line = self._line
        found = self[name] = count(
            line.visit, line.fared, name, COUNTS[name], line.amounts[name]
        )
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A scope's period and its months, the earliest first."""

    now: Line
    months: Sequence[Line]
    means: Sequence[Number]
    channels: Sequence["Part"]
    levels: Sequence["Part"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Dossiers received by a channel, or at a level."""

    word: str
    count: Number
    share: Number


def months_to(period: Period, as_of: int) -> list[Period]:
    """Twelve, of which the last is the one that the period, or what is known of it, ends in."""
    found = [
        Period.holding(Span.MONTH, date_of(max(period.first_day, min(period.last_day, as_of))))
    ]
    while len(found) < MONTHS:
        found.append(found[-1].before)
    return found[::-1]


async def ground(desk: Desk, visit: Visit) -> Ground | None:
    """What all figures of a page rest on; None before the first cut."""
    try:
        return await desk.officials.ground(visit["known_at"])
    except NotKnown:
        if visit["known_at"] is not None:
            raise
        return None


async def whole(
    desk: Desk, visit: Visit, scope: Scope, period: Period, at: Ground | None
) -> Whole | None:
    """All of it; None before the first cut."""
    if at is None:
        return None
    months = months_to(period, desk.today(visit.in_force.policy))
    periods = months if period in months else [*months, period]
    read = await desk.officials.fared(
        [scope],
        periods,
        (ON_TIME, HEADLINE, *MEANS),
        _TERMS | set(_BY_CHANNEL.values()) | set(_BY_LEVEL.values()),
        known_at=at,
    )
    found = {one.period: one for [one] in read}
    now = found[period]
    return Whole(
        now=Line(visit, now),
        months=[Line(visit, found[one]) for one in months],
        means=[figure(visit, now, one) for one in MEANS],
        channels=_parts(visit, now, "channel", _BY_CHANNEL),
        levels=_parts(visit, now, "level", _BY_LEVEL),
    )


async def parts(
    desk: Desk, visit: Visit, scopes: Sequence[Scope], period: Period, at: Ground | None
) -> list[Line]:
    """The same scopes' period, read at once."""
    if not scopes or at is None:
        return []
    [read] = await desk.officials.fared(
        scopes, [period], (ON_TIME, HEADLINE), _OF_PARTS, known_at=at
    )
    return [Line(visit, one) for one in read]


async def by_procedure(
    desk: Desk, visit: Visit, scope: Scope, period: Period, at: Ground | None
) -> list[Line]:
    """Of each procedure of a scope that anything happened to."""
    if at is None:
        return []
    read = await desk.officials.fared_by_procedure(
        scope, period, (ON_TIME, HEADLINE), _OF_PARTS, known_at=at
    )
    return [one for one in (Line(visit, each) for each in read) if not one.idle or one.late]


def count(
    visit: Visit, of: Fared, name: str, terms: Sequence[Term], value: int | None
) -> Number:
    """A count with what it is. What nobody knows is no 0: nobody who would tell was connected."""
    return counted(
        visit,
        value,
        visit.t(f"count.{name}"),
        later=lambda: (
            (visit.t("meaning.what"), visit.t(f"count.{name}.is")),
            (
                visit.t("meaning.rule"),
                " + ".join(visit.one_of(*FACTS[one.fact]) for one in terms),
            ),
            (visit.t("fares.period"), span(visit, of.period)),
            *as_of(visit, of.known),
        ),
        standing=Standing.NO_DATA if value is None else None,
    )


def figure(visit: Visit, of: Fared, name: tuple[str, str]) -> Number:
    """A figure of a set; where no version of the set was valid or known, there is none."""
    found = of.figure(*name)
    if found is None:
        return Number(text="–", standing=Standing.NULL)
    return of_figure(visit, found, found.scorecard.figure(name[1]))


def late_of(of: Fared) -> int | None:
    """Denominator less numerator of the share on time."""
    of_set = of.sets.get(ON_TIME)
    one = None if of_set is None else of_set.by_id[ON_TIME[1]]
    if one is None or of.about.kind not in one.kinds:
        return None
    # Of hundreds of scopes that are put in order by it no more is wanted than both sides.
    on_time, judged = total(one.numerator, of.facts), total(one.denominator, of.facts)
    return None if on_time is None or judged is None else judged - on_time


def _parts(visit: Visit, of: Fared, group: str, terms: Mapping[int, Term]) -> list[Part]:
    """Of what was received, by channel or level, and what is said of neither."""
    total = of.facts(RECEIVED)
    said = {one: of.facts(term) for one, term in terms.items()}
    if total is None or None in said.values():
        return []
    rest = total - sum(one or 0 for one in said.values())
    return [
        _part(visit, of, f"mix.{group}.{value}", amount or 0, total)
        for value, amount in (*said.items(), (0, rest))
        if amount or value
    ]


def _part(visit: Visit, of: Fared, key: str, amount: int, total: int) -> Part:
    word = visit.t(key)
    return Part(
        word=word,
        count=counted(
            visit,
            amount,
            f"{visit.t('count.received')}: {word}",
            (visit.t("meaning.what"), visit.t("count.received.is")),
            (visit.t("fares.period"), span(visit, of.period)),
            *as_of(visit, of.known),
        ),
        share=share(
            visit,
            amount,
            total,
            f"{visit.t('mix.share')}: {word}",
            (visit.t("meaning.what"), visit.t("mix.share.is")),
            *as_of(visit, of.known),
        ),
    )


def share(
    visit: Visit,
    above: int,
    below: int,
    title: str,
    *lines: tuple[str, str],
    rounding: str = ROUND_HALF_UP,
) -> Number:
    """A share of a whole in per cent; of nothing there is none."""
    percent = None
    if below:
        percent = (Decimal(100 * above) / below).quantize(Decimal("0.1"), rounding)
    parts_ = f"{written(visit, above)} / {written(visit, below)}"
    return counted(visit, percent, title, *lines, (visit.t("meaning.parts"), parts_), unit="%")


# -- drawn -----------------------------------------------------------------------------------------


Charts = tuple[Markup, Markup]


async def drawn(visit: Visit, whole: Whole | None, merged: date | None) -> Charts | None:
    """Counts and shares a month; None where there was nothing."""
    months = () if whole is None else whole.months
    if all(one.idle for one in months):
        return None
    named = ("received", "completed")
    rows = [
        {"m": _month(one), "what": visit.t(f"count.{name}"), "n": one.amounts[name]}
        for one in months
        for name in named
        if one.amounts[name] is not None
    ]
    shares = [
        {"m": _month(one), "what": visit.t(f"share.{name}"), "n": float(number.value)}
        for one in months
        for name, number in (("on_time", one.on_time), ("headline", one.headline))
        if number.known and number.value is not None
    ]
    order = [_month(one) for one in months]
    when = None if merged is None else f"{merged:%m/%y}"
    mark = when if when in order else None
    language = visit.language.value
    return (
        await charts.draw(
            _drawn(
                rows,
                [visit.t(f"count.{name}") for name in named],
                order,
                mark,
                share=False,
            ),
            language=language,
            label=visit.t("trend.counts"),
            width=520,
            height=190,
        ),
        await charts.draw(
            _drawn(
                shares,
                [visit.t("share.on_time"), visit.t("share.headline")],
                order,
                mark,
                share=True,
            ),
            language=language,
            label=visit.t("trend.shares"),
            width=520,
            height=190,
        ),
    )


def _month(one: Line) -> str:
    return f"{date_of(one.fared.period.first_day):%m/%y}"


def _axis(order: Sequence[str]) -> dict[str, Any]:
    return {
        "field": "m",
        "type": "ordinal",
        "title": None,
        "sort": None,
        "scale": {"domain": list(order)},
        "axis": {"labelAngle": 0, "labelOverlap": "greedy"},
    }


def _colour(words: Sequence[str]) -> dict[str, Any]:
    """Each keeps its colour, also where one of them has nothing to show."""
    return {
        "field": "what",
        "type": "nominal",
        "title": None,
        "sort": None,
        "scale": {"domain": list(words)},
        "legend": None,  # the page's: half of what a chart takes would be its legend
    }


_BARS: Final[Mapping[str, Any]] = {"type": "bar"}
_LINES: Final[Mapping[str, Any]] = {"type": "line", "strokeWidth": 2, "point": True}


def _drawn(
    rows: Sequence[Mapping[str, Any]],
    words: Sequence[str],
    order: Sequence[str],
    merger: str | None,
    *,
    share: bool,
) -> dict[str, Any]:
    """Counts as bars, or shares as lines; with a rule where a merger took effect."""
    scale = {"scale": {"domain": [0, 100]}} if share else {}
    spec = {
        "data": {"values": list(rows)},
        "mark": _LINES if share else _BARS,
        "encoding": {
            "x": _axis(order),
            **({} if share else {"xOffset": {"field": "what", "sort": None}}),
            "y": {
                "field": "n",
                "type": "quantitative",
                "title": None,
                "axis": {"tickCount": 5} if share else charts.whole(one["n"] for one in rows),
                **scale,
            },
            "color": _colour(words),
        },
    }
    if merger is None:
        return spec
    rule = {
        "data": {"values": [{"m": merger}]},
        "mark": {"type": "rule", "strokeDash": [4, 3], "color": "var(--quiet)", "xOffset": 0},
        "encoding": {"x": _axis(order)},
    }
    return {"layer": [spec, rule]}


def sheet(name: str, found: Whole | None) -> Table:
    """The months as CSV."""
    return Table(
        name=name,
        columns=(
            "month", "received", "completed", "returned", "open_end", "on_time_percent",
            "full_process_percent", "cut",
        ),
        rows=[
            (
                str(one.fared.period),
                *(one.amounts[each] for each in COUNTS),
                one.on_time.value if one.on_time.known else None,
                one.headline.value if one.headline.known else None,
                one.fared.known.cut,
            )
            for one in (found.months if found else ())
        ],
    )  # fmt: skip
