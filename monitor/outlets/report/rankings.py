"""A ranking as a report."""

from decimal import Decimal
from typing import Final

from monitor.domain.indicator import TOTAL, Scorecard, Standing, Unit, rounded
from monitor.domain.ranking import OfPart, Peers, value
from monitor.ledger import stated
from monitor.ledger.official import Position, Ranking
from monitor.outlets.digest.words import Language
from monitor.outlets.report import words
from monitor.outlets.report.headings import legend, lines, of_period, title
from monitor.outlets.report.said import KINDS, Said, Value, name, same, shown
from monitor.outlets.report.scorecards import or_standing
from monitor.outlets.report.sheet import Bar, Chart, Column, Form, Line, Report, Table

_VI, _EN = Language.VIETNAMESE, Language.ENGLISH
_REASONS: Final = 3  # named of what moved a value: the largest
_MOST_BARS: Final = 70


def report(ranking: Ranking) -> Report:
    """Who stands where, peer group by peer group."""
    who, period, by = words.RANKED[ranking.ranked], of_period(ranking.period), _by(ranking)
    return Report(
        kind="ranking",
        title=title(ranking.set),
        subtitle=Said(
            f"{words.RANKING.vi} {who.vi}, {period.vi}",
            f"{words.RANKING.en} {who.en}, {period.en}",
        ),
        lines=[
            Line(title=words.RANKED_BY, said=by),
            *lines(ranking.set, ranking.period, ranking.known),
        ],
        tables=[_table(ranking)],
        charts=_charts(ranking),
        notes=_notes(ranking),
        document=stated.ranking(ranking),
        sealed_at=ranking.known.sealed_at,
    )


def _by(ranking: Ranking) -> Said:
    if ranking.by == TOTAL:
        return words.POINTS_SHARE
    return name(ranking.set.by_id[ranking.by])


def _table(ranking: Ranking) -> Table:
    points = ranking.by == TOTAL
    groups = len({one.place.peers for one in ranking.positions}) > 1
    columns = [Column(title=words.PLACE, form=Form.COUNT, width=7)]
    if groups:
        columns.append(Column(title=words.PEERS, width=30))
    columns += [
        Column(title=words.AGENCY, width=34),
        Column(title=words.CODE, width=10),
        Column(title=words.VALUE, form=Form.DECIMAL),
        Column(title=words.VALUE_BEFORE, form=Form.DECIMAL),
        Column(title=words.MOVEMENT, form=Form.COUNT, signed=True),
    ]
    columns += (
        [
            Column(title=words.SCORE, form=Form.DECIMAL),
            Column(title=words.MOST, form=Form.DECIMAL),
            Column(title=words.BAND, width=14),
        ]
        if points
        else [
            Column(title=words.NUMERATOR, form=Form.COUNT, width=14),
            Column(title=words.DENOMINATOR, form=Form.COUNT, width=14),
        ]
    )
    columns += [
        Column(title=words.VOLUME, form=Form.COUNT, width=14),
        Column(title=words.CHANGED_BY, width=60),
    ]
    rows = [_row(ranking, one, points=points, groups=groups) for one in ranking.positions]
    return Table(name="figures", title=words.FIGURES, columns=columns, rows=rows)


def _row(ranking: Ranking, position: Position, *, points: bool, groups: bool) -> list[Value]:
    place = position.place
    row: list[Value] = [place.place]
    if groups:
        row.append(_peers(ranking, place.peers))
    row += [
        position.about.name or position.about.scope.agency,
        position.about.scope.agency,
        or_standing(place.value, standing(ranking, position)),
        value_before(ranking, position),
        place.movement,
    ]
    card = position.now.scorecard
    if points:
        row += [
            or_standing(card.total, standing(ranking, position)),
            card.out_of,
            None if card.band is None else Said(card.band.name_vi, card.band.name_en),
        ]
    else:
        figure = card.figure(ranking.by)
        row += [
            or_standing(figure.numerator, standing(ranking, position)),
            or_standing(figure.denominator, standing(ranking, position))
            if figure.indicator.denominator
            else None,
        ]
    row += [place.volume, _reason(ranking, position)]
    return row


def standing(ranking: Ranking, position: Position) -> Standing:
    """Why there is no value, where there is none."""
    return standing_of(position.now.scorecard, ranking.by)


def value_before(ranking: Ranking, position: Position) -> Value:
    """What it was in the period before."""
    then = position.before.scorecard
    found = standing_of(then, ranking.by)
    return or_standing(value(then, ranking.by), found)


def standing_of(card: Scorecard, by: str) -> Standing:
    if by == TOTAL or by not in card.set.by_id:
        return Standing.NULL
    found = card.figure(by).standing
    return Standing.NULL if found is Standing.NUMBER else found


def _peers(ranking: Ranking, peers: Peers) -> Said:
    """The kind, and from how many dossiers on."""
    kind = KINDS[peers.kind]
    found = next(
        (one for one in ranking.set.volume_classes if one.id == peers.volume_class), None
    )
    if found is None:
        return kind
    return Said(
        f"{kind.vi}, nhóm {found.id}: từ {shown(found.least, _VI)} hồ sơ",
        f"{kind.en}, class {found.id}: {shown(found.least, _EN)} dossiers and more",
    )


def _reason(ranking: Ranking, position: Position) -> Said | None:
    """Why it has no place, or what moved it."""
    if position.place.unranked is not None:
        said = words.UNRANKED[position.place.unranked]
        n = ranking.minimum
        return Said(said.vi.format(n=n), said.en.format(n=n))
    if position.by_indicator:
        return _list([(one.indicator, one.change) for one in position.by_indicator[:_REASONS]])
    if position.by_procedure:
        return _list(
            [(one.part or "–", points(one)) for one in position.by_procedure[:_REASONS]]
        )
    return None


def points(part: OfPart) -> Decimal:
    """What a procedure did to a share, in percentage points."""
    return rounded(part.change * 100, 2)


def _list(parts: list[tuple[str, Decimal]]) -> Said:
    return Said(
        "; ".join(f"{what} {shown(change, _VI, signed=True)}" for what, change in parts),
        "; ".join(f"{what} {shown(change, _EN, signed=True)}" for what, change in parts),
    )


def _notes(ranking: Ranking) -> list[Said]:
    notes = [] if ranking.known.as_of_day > ranking.period.last_day else [words.NOT_OVER]
    notes.append(words.TIES)
    used = [standing(ranking, position) for position in ranking.positions]
    if (signs := legend(used)).vi:
        notes.append(Said(f"{words.LEGEND.vi}: {signs.vi}", f"{words.LEGEND.en}: {signs.en}"))
    return notes


def _charts(ranking: Ranking) -> list[Chart]:
    """One a peer group."""
    found = []
    in_turn = dict.fromkeys(one.place.peers for one in ranking.positions)
    percent = ranking.by != TOTAL and ranking.set.by_id[ranking.by].unit is Unit.PERCENT
    for peers in in_turn:
        bars = [
            Bar(
                label=same(position.about.name or position.about.scope.agency),
                parts=(position.place.value,),
                said=Said(shown(position.place.value, _VI), shown(position.place.value, _EN)),
            )
            for position in ranking.positions
            if position.place.peers == peers
            and position.place.value is not None
            and position.place.value >= 0
        ][:_MOST_BARS]
        most = max((bar.parts[0] for bar in bars), default=Decimal(0))
        if percent or ranking.by == TOTAL:
            most = max(most, Decimal(100))
        if most:
            by, who = _by(ranking), _peers(ranking, peers)
            found.append(
                Chart(
                    title=Said(f"{by.vi}: {who.vi}", f"{by.en}: {who.en}"), most=most, bars=bars
                )
            )
    return found
