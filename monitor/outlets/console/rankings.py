"""A ranking of a set: who stands where among its peers, how that moved, and what moved it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from monitor.domain.indicator import TOTAL, Direction, Standing, rounded
from monitor.domain.period import Period
from monitor.domain.ranking import OfPart, Peers, Unranked
from monitor.domain.scope import Scope
from monitor.ledger.balances import NotKnown
from monitor.ledger.indicator_sets import valid_in
from monitor.ledger.official import NoSuch, Position, Ranked, Ranking, chosen
from monitor.outlets.access import refusal
from monitor.outlets.api.asked import Format, Parameter, a_name, an_agency, one_of
from monitor.outlets.api.desk import Desk
from monitor.outlets.console import shown
from monitor.outlets.console.asked import SORT, WHEN
from monitor.outlets.console.chosen import SET, choices, kinds, period_of
from monitor.outlets.console.find import plain
from monitor.outlets.console.page import WITH_FIGURES, Drawn, Page, Shown, Table, Visit
from monitor.outlets.console.shown import Number
from monitor.outlets.report import rankings, said, words
from monitor.outlets.report.said import KINDS

BY: Final = Parameter(
    name="by",
    says="The indicator to rank by, or total; left out, what the set says.",
    read=a_name,
    schema={"type": "string"},
    example="online_share",
)
KIND: Final = Parameter(
    name="kind",
    says="Who is ranked.",
    read=one_of(Ranked),
    schema={"type": "string", "enum": list(Ranked)},
    example="provinces",
    usual=Ranked.PROVINCES.value,
)
WHY: Final = Parameter(
    name="why",
    says="An agency, whose movement is explained.",
    read=an_agency,
    schema={"type": "string"},
    example="H56",
)
FILTER: Final = Parameter(
    name="q",
    says="Only agencies whose name or code has this.",
    read=str.strip,
    schema={"type": "string", "maxLength": 100},
    example="thanh hoa",
    usual="",
)


class Line(NamedTuple):
    """A row."""

    code: str
    name: str
    position: Position
    value: Number
    before: str
    change: Decimal | None
    now: Number | None  # as known now, where the page is of then


class Part(NamedTuple):
    """What one procedure, or one indicator, did to the change."""

    code: str
    name: str
    before: str
    now: str
    did: Decimal


async def act(desk: Desk, visit: Visit) -> Shown:
    """All of it; the reasons of one movement where they are asked for."""
    period = period_of(desk, visit, over=not visit.visitor.sees_all)
    kind: Ranked = visit["kind"]
    then = visit["known_at"]
    try:
        ground = await desk.officials.ground(then)
    except NotKnown as error:
        if then is not None:
            raise
        return _nothing(desk, visit, period, str(error))
    as_of_day, sees_all = ground.known.as_of_day, visit.visitor.sees_all
    if not sees_all and as_of_day <= period.last_day:
        # Peers are shown to each other when a period is over: how they fare today is their own.
        raise refusal(visit.visitor, f"the ranking of {period}, which is not over,")
    there = await desk.officials.sets(then)
    indicators = chosen(there, visit["set"], period)
    by = visit["by"] or indicators.ranked_by or next(iter(indicators.by_id))
    ranking = await desk.officials.ranking(
        visit["set"], period, kind=kind, by=by, known_at=ground.cut.seq
    )
    since: Mapping[Scope, Position] = {}
    if then is not None:
        later = await desk.officials.ranking(visit["set"], period, kind=kind, by=by)
        since = {one.about.scope: one for one in later.positions}
    lines = [
        _line(visit, ranking, one, since.get(one.about.scope)) for one in ranking.positions
    ]
    if words_ := plain(visit["q"]).split():
        lines = [
            one
            for one in lines
            if all(word in plain(f"{one.code} {one.name}") for word in words_)
        ]
    lines = _sorted(lines, visit["sort"])
    if visit["format"] is Format.CSV:
        return _sheet(visit, ranking, lines)
    groups: dict[Peers, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.position.place.peers, []).append(line)
    why: str | None = visit["why"]
    explained = next((one for one in lines if one.code == why), None)
    reasons: Sequence[Part] = ()
    if explained is not None:
        reasons = await _reasons(desk, visit, ranking, explained.position)
    elif why is not None:
        raise NoSuch(f"{why} is not ranked here; look at the list")
    return Drawn(
        template="ranking.html",
        values={
            **choices(
                desk,
                visit,
                Scope(),
                period,
                lambda one: (
                    valid_in(there[visit["set"]], one) is not None
                    and (sees_all or one.last_day < as_of_day)
                ),
            ),
            "ranking": ranking,
            "set": ranking.set,
            "by": by,
            "by_name": _by_name(visit, ranking),
            "bys": _bys(visit, ranking),
            "kind": kind,
            "kinds": [one for one in Ranked if one is kind or one in kinds(visit, period)],
            "groups": [
                (_peers(visit, ranking, peers), len(lines), _apart(lines))
                for peers, lines in groups.items()
            ],
            "points": by == TOTAL,
            "unit": "" if by == TOTAL else said.unit(ranking.set.by_id[by]).of(visit.language),
            "falling": by != TOTAL and ranking.set.by_id[by].direction is Direction.DOWN,
            "explained": explained,
            "reasons": reasons,
            "reasons_sum": sum((one.did for one in reasons), Decimal(0)),
            "unranked": lambda one: (
                words.UNRANKED[one].of(visit.language).format(n=ranking.minimum)
            ),
            "before_period": period.before,
            "over": ranking.known.as_of_day > period.last_day,
            "ties": words.TIES.of(visit.language),
            "may_open": lambda code: visit.visitor.may_see(code, visit.in_force.places),
            "compared": then is not None,
        },
    )


def _nothing(desk: Desk, visit: Visit, period: Period, why: str) -> Drawn:
    return Drawn(
        template="scorecard_none.html",
        values={**choices(desk, visit, Scope(), period), "why": why},
    )


def _line(visit: Visit, ranking: Ranking, one: Position, later: Position | None) -> Line:
    before = rankings.value_before(ranking, one)
    place, then = one.place, before if isinstance(before, Decimal | int) else None
    return Line(
        code=one.about.scope.agency,
        name=one.about.name or one.about.scope.agency,
        position=one,
        value=_value(visit, ranking, one),
        before=said.shown(before, visit.language),
        change=None if then is None or place.value is None else place.value - then,
        now=None if later is None else _value(visit, ranking, later),
    )


def _value(visit: Visit, ranking: Ranking, one: Position) -> Number:
    card = one.now
    if ranking.by != TOTAL:
        return shown.of_figure(visit, card, card.scorecard.figure(ranking.by))
    sum_ = card.scorecard.sum
    points = f"{shown.number(visit, sum_.total)} / {shown.number(visit, sum_.out_of)}"
    return shown.counted(
        visit,
        one.place.value,
        words.POINTS_SHARE.of(visit.language),
        (visit.t("meaning.what"), visit.t("ranking.total.is")),
        (visit.t("scores.points"), points),
        (visit.t("scores.unknown"), shown.number(visit, sum_.unknown)),
        (words.SET.of(visit.language), f"{card.set.id} {card.set.version}"),
        *shown.as_of(visit, card.known),
    )


def _by_name(visit: Visit, ranking: Ranking) -> str:
    if ranking.by == TOTAL:
        return words.POINTS_SHARE.of(visit.language)
    return said.name(ranking.set.by_id[ranking.by]).of(visit.language)


def _bys(visit: Visit, ranking: Ranking) -> list[tuple[str, str]]:
    found = [(TOTAL, words.TOTAL.of(visit.language))] if ranking.set.scored else []
    return found + [
        (one.id, said.name(one).of(visit.language)) for one in ranking.set.indicators
    ]


def _peers(visit: Visit, ranking: Ranking, peers: Peers) -> str:
    kind = KINDS[peers.kind].of(visit.language)
    least = next(
        (one.least for one in ranking.set.volume_classes if one.id == peers.volume_class), None
    )
    if least is None:
        return kind
    return visit.t(
        "ranking.class", kind=kind, id=peers.volume_class, n=shown.number(visit, least)
    )


def _apart(lines: Sequence[Line]) -> list[tuple[Unranked | None, list[Line]]]:
    """Those with a place, then for each reason those without; each in the order of the list."""
    found: dict[Unranked | None, list[Line]] = {None: []}
    for line in lines:
        found.setdefault(line.position.place.unranked, []).append(line)
    return [(reason, rows) for reason, rows in found.items() if rows]


_KEYS: Final[Mapping[str, Any]] = {
    "place": lambda one: one.position.place.place,
    "agency": lambda one: plain(one.name),
    "value": lambda one: one.position.place.value,
    "change": lambda one: one.change,
    "movement": lambda one: one.position.place.movement,
    "volume": lambda one: one.position.place.volume,
}


def _sorted(lines: list[Line], sort: str | None) -> list[Line]:
    """By a column, what has no value last; as ranked where the column is not one of ours."""
    key = _KEYS.get((sort or "").removeprefix("-"))
    if key is None:
        return lines
    known = sorted(
        (one for one in lines if key(one) is not None),
        key=key,
        reverse=(sort or "").startswith("-"),
    )
    return known + [one for one in lines if key(one) is None]


async def _reasons(
    desk: Desk, visit: Visit, ranking: Ranking, position: Position
) -> list[Part]:
    """Indicators with their points; of a share the procedures, which add up to its change."""
    if ranking.by == TOTAL:
        return [
            Part(
                one.indicator,
                said.name(ranking.set.by_id[one.indicator]).of(visit.language)
                if one.indicator in ranking.set.by_id
                else one.indicator,
                shown.number(visit, one.before),
                shown.number(visit, one.now),
                one.change,
            )
            for one in position.by_indicator
        ]
    # An agency's procedures are its own affair.
    await desk.admit(visit.visitor, position.about.scope)
    parts = await desk.officials.why(
        ranking.set.id,
        position.about.scope,
        ranking.period,
        by=ranking.by,
        known_at=ranking.known.cut,
    )
    return [_of_procedure(visit, one) for one in parts]


def _of_procedure(visit: Visit, one: OfPart) -> Part:
    reference = visit.in_force.reference
    name = ""
    if reference is not None and one.part:
        rows = [row.value for row in reference.procedures.rows() if row.value.code == one.part]
        if rows:
            name = visit.one_of(rows[-1].name_vi, rows[-1].name_en or rows[-1].name_vi)
    return Part(
        one.part or said.EMPTY,
        name,
        f"{shown.number(visit, one.before.numerator)} / {shown.number(visit, one.before.denominator)}",
        f"{shown.number(visit, one.now.numerator)} / {shown.number(visit, one.now.denominator)}",
        rounded(one.change * 100, 2),
    )


def _sheet(visit: Visit, ranking: Ranking, lines: Sequence[Line]) -> Table:
    return Table(
        name=f"{ranking.set.id}-{ranking.period}-{visit['kind']}-{ranking.by}",
        columns=(
            "kind", "volume_class", "place", "of", "unranked", "agency", "name", "standing", "value",
            "value_before", "place_before", "movement", "received", "score", "out_of", "set",
            "set_version", "by", "period", "cut",
        ),
        rows=[
            (
                one.position.place.peers.kind.value,
                one.position.place.peers.volume_class or None,
                one.position.place.place,
                one.position.place.of,
                None if one.position.place.unranked is None else one.position.place.unranked.value,
                one.code,
                one.name,
                (Standing.NUMBER if one.value.known else one.value.standing).value,
                one.position.place.value,
                None if one.change is None or one.position.place.value is None
                else one.position.place.value - one.change,
                one.position.place.before,
                one.position.place.movement,
                one.position.place.volume,
                one.position.now.scorecard.total,
                one.position.now.scorecard.out_of,
                ranking.set.id,
                ranking.set.version,
                ranking.by,
                str(ranking.period),
                ranking.known.cut,
            )
            for one in lines
        ],
    )  # fmt: skip


PAGES: Final = (
    Page(
        path="/rankings/{set}",
        name="ranking",
        title="ranking.title",
        open_to=WITH_FIGURES,
        parameters=(SET, WHEN, KIND, BY, SORT, FILTER, WHY),
        act=act,
    ),
)
