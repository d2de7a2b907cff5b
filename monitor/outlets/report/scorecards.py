"""A scorecard as a report."""

from decimal import Decimal
from fractions import Fraction
from typing import Final

from monitor.domain.indicator import TOTAL, Figure, Standing, Sum, Unit, rounded
from monitor.ledger import stated
from monitor.ledger.official import Official, Published
from monitor.outlets.digest.words import Language
from monitor.outlets.report import words
from monitor.outlets.report.headings import (
    legend,
    lines,
    of_day,
    of_period,
    of_scope,
    title,
)
from monitor.outlets.report.said import (
    BASES,
    Said,
    Value,
    definition,
    formula,
    name,
    points,
    reason,
    shown,
    source,
    unit,
    zero_rule,
)
from monitor.outlets.report.sheet import Bar, Chart, Column, Form, Line, Report, Table

HUNDRED: Final = Decimal(100)


def report(official: Official) -> Report:
    """All that a scorecard says."""
    card = official.scorecard
    notes = [] if official.over else [words.NOT_OVER]
    notes += _notes(official)
    tables = [_figures(official)]
    if any(figure.indicator.target for figure in card.figures):
        tables.append(_targets(official))
    if card.checked:
        tables.append(checks(official))
    tables.append(definitions(official))
    return Report(
        kind="scorecard",
        title=title(official.set),
        subtitle=_subtitle(official),
        lines=[
            Line(title=words.SCOPE, said=of_scope(official.about)),
            *lines(official.set, official.period, official.known),
        ],
        tables=tables,
        charts=charts(official),
        notes=notes,
        document=stated.scorecard(official),
        sealed_at=official.known.sealed_at,
    )


def _subtitle(official: Official) -> Said:
    scope, period = of_scope(official.about), of_period(official.period)
    return Said(f"{scope.vi}, {period.vi}", f"{scope.en}, {period.en}")


def _figures(official: Official) -> Table:
    card = official.scorecard
    scored, beside = official.set.scored, bool(official.published)
    trend, factor = official.before is not None, _has_factor(official)
    columns = [
        # Where ids are words, names say the same and better.
        Column(title=words.ID, width=9, detail=_are_words(official)),
        Column(title=words.INDICATOR, width=46),
        Column(title=words.NUMERATOR, form=Form.COUNT, width=14),
        Column(title=words.DENOMINATOR, form=Form.COUNT, width=14),
        *([Column(title=words.FACTOR, form=Form.DECIMAL)] if factor else []),
        Column(title=words.VALUE, form=Form.DECIMAL),
        Column(title=words.UNIT, width=10),
    ]
    if trend:
        columns += [
            Column(title=words.VALUE_BEFORE, form=Form.DECIMAL),
            Column(title=words.CHANGE, form=Form.DECIMAL, signed=True),
        ]
    if scored:
        columns += [
            Column(title=words.SCORE, form=Form.DECIMAL),
            Column(title=words.MOST_KNOWN, form=Form.DECIMAL),
            Column(title=words.MOST, form=Form.DECIMAL),
        ]
    if beside:
        columns += [
            Column(title=words.OFFICIAL, form=Form.DECIMAL),
            Column(title=words.OFFICIAL_APART, form=Form.DECIMAL, signed=True),
        ]
    columns.append(Column(title=words.NOTE, width=50))
    rows: list[list[Value]] = []
    strong: set[int] = set()
    for group in official.set.groups or (None,):
        if group is not None and scored:
            strong.add(len(rows))
            sum_ = card.groups[group.id]
            rows.append(
                _sum_row(
                    group.id,
                    Said(group.name_vi, group.name_en),
                    sum_,
                    None,
                    beside=beside,
                    trend=trend,
                    factor=factor,
                )
            )
        rows += [
            _row(official, figure, scored=scored, beside=beside)
            for figure in card.figures
            if group is None or figure.indicator.group == group.id
        ]
    if scored:
        strong.add(len(rows))
        row = _sum_row(
            "",
            words.TOTAL,
            card.sum,
            official.published.get(TOTAL),
            beside=beside,
            trend=trend,
            factor=factor,
        )
        if card.band is not None:
            row[-1] = Said(
                f"{words.BAND.vi}: {card.band.name_vi}", f"{words.BAND.en}: {card.band.name_en}"
            )
        rows.append(row)
    return Table(
        name="figures",
        title=words.FIGURES,
        columns=columns,
        rows=rows,
        strong=frozenset(strong),
    )


def _has_factor(official: Official) -> bool:
    """Whether any figure is multiplied by another: 3/3 may then be 0 %, and must say why."""
    return any(one.times for one in official.set.indicators)


def _are_words(official: Official) -> bool:
    return max((len(one) for one in official.set.by_id), default=0) > _LONG_ID


_LONG_ID: Final = 12


def _row(official: Official, figure: Figure, *, scored: bool, beside: bool) -> list[Value]:
    indicator = figure.indicator
    without = _without(figure)
    row: list[Value] = [
        indicator.id,
        name(indicator),
        or_standing(figure.numerator, without),
        or_standing(figure.denominator, without) if indicator.denominator else None,
    ]
    if _has_factor(official):
        factor = or_standing(figure.factor_percent, Standing.NULL)
        row.append(factor if indicator.times else None)
    row += [or_standing(figure.shown, without), unit(indicator)]
    if official.before is not None:
        earlier = official.earlier(figure)
        row += [
            None if earlier is None else or_standing(earlier.shown, _without(earlier)),
            official.change(figure),
        ]
    if scored:
        stated_ = official.set.most[indicator.id]
        unscored = stated_ is None
        row += [
            None if unscored else or_standing(figure.score, without),
            None if figure.score is None else figure.most,
            stated_,
        ]
    if beside:
        published = official.beside(figure)
        row += _beside(published, official.apart(figure))
    row.append(_note(official, figure))
    return row


def _without(figure: Figure) -> Standing:
    """What stands where a number would."""
    return Standing.NULL if figure.standing is Standing.NUMBER else figure.standing


def or_standing(value: Decimal | int | None, standing: Standing) -> Value:
    return standing if value is None else value


def _beside(published: Published | None, difference: Decimal | None) -> list[Value]:
    if published is None:
        return [None, None]
    if published.not_issued:
        return [Standing.NOT_APPLICABLE, None]
    return [published.value, difference]


def _sum_row(
    code: str,
    named: Said,
    sum_: Sum,
    published: Published | None,
    *,
    beside: bool,
    trend: bool,
    factor: bool,
) -> list[Value]:
    total = Standing.NULL if sum_.total is None else sum_.total
    row: list[Value] = [code, named, None, None, None, None]
    row += [None] if factor else []
    row += [None, None] if trend else []
    row += [total, sum_.out_of, sum_.stated]
    if beside:
        ours = sum_.total
        apart = (
            None
            if ours is None or published is None or published.value is None
            else ours - published.value
        )
        row += _beside(published, apart)
    row.append(None)
    return row


def _note(official: Official, figure: Figure) -> Said | None:
    """Why it is no plain quotient, and what else to know of it."""
    said = [found] if (found := reason(figure)) else []
    indicator = figure.indicator
    if indicator.times:
        said.append(
            Said(
                f"nhân với tỷ lệ của {indicator.times}", f"times the ratio of {indicator.times}"
            )
        )
    if figure.excluded:
        said.append(
            Said(
                f"không tính {shown(figure.excluded, Language.VIETNAMESE)}",
                f"{shown(figure.excluded, Language.ENGLISH)} left out",
            )
        )
    if indicator.reverse_engineered:
        said.append(words.REVERSE)
    published = official.beside(figure)
    if published is not None:
        said.append(Said(f"đã công bố: {published.source}", f"published: {published.source}"))
    if not said:
        return None
    return Said("; ".join(one.vi for one in said), "; ".join(one.en for one in said))


def _notes(official: Official) -> list[Said]:
    sum_ = official.scorecard.sum
    found: list[Said] = []
    for left, sentence in (
        (sum_.unknown, words.UNKNOWN_POINTS),
        (sum_.empty, words.EMPTY_POINTS),
        (sum_.elsewhere, words.ELSEWHERE_POINTS),
    ):
        if left:
            found.append(
                Said(
                    sentence.vi.format(n=shown(left, Language.VIETNAMESE)),
                    sentence.en.format(n=shown(left, Language.ENGLISH)),
                )
            )
    if official.published:
        found.append(words.BESIDE)
    used = [figure.standing for figure in official.scorecard.figures]
    if official.scorecard.sum.total is None and official.set.scored:
        used.append(Standing.NULL)
    if signs := legend(used).vi:
        found.append(
            Said(f"{words.LEGEND.vi}: {signs}", f"{words.LEGEND.en}: {legend(used).en}")
        )
    return found


def _targets(official: Official) -> Table:
    rows: list[list[Value]] = []
    for figure in official.scorecard.figures:
        target = figure.indicator.target
        if target is None:
            continue
        decimals = figure.indicator.decimals
        rows.append(
            [
                figure.indicator.id,
                name(figure.indicator),
                or_standing(figure.shown, figure.standing),
                _value(target.value, decimals),
                unit(figure.indicator),
                figure.distance,
                None if target.due_day is None else of_day(target.due_day),
                source(target),
                BASES[target.basis.value],
            ]
        )
    return Table(
        name="targets",
        title=words.TARGETS,
        columns=[
            Column(title=words.ID, width=9),
            Column(title=words.INDICATOR, width=46),
            Column(title=words.VALUE, form=Form.DECIMAL),
            Column(title=words.TARGET, form=Form.DECIMAL),
            Column(title=words.UNIT, width=10),
            Column(title=words.DISTANCE, form=Form.DECIMAL, signed=True),
            Column(title=words.DUE),
            Column(title=words.SOURCE, width=40),
            Column(title=words.BASIS, width=18),
        ],
        rows=rows,
    )


def _value(value: Fraction, decimals: int) -> Decimal:
    return rounded(value, decimals)


def checks(official: Official) -> Table:
    """Sums that must be equal, and whether they are."""
    rows: list[list[Value]] = []
    for one in official.scorecard.checked:
        verdict = words.NOT_CHECKED
        if one.difference is not None:
            verdict = words.DIFFERS if one.difference else words.AGREES
        rows.append(
            [
                Said(one.check.name_vi, one.check.name_en),
                or_standing(one.left, Standing.NULL),
                or_standing(one.right, Standing.NULL),
                or_standing(one.difference, Standing.NULL),
                verdict,
            ]
        )
    return Table(
        name="checks",
        title=words.CHECKS,
        columns=[
            Column(title=words.CHECKS, width=60),
            Column(title=words.LEFT, form=Form.COUNT, width=14),
            Column(title=words.RIGHT, form=Form.COUNT, width=14),
            Column(title=words.DIFFERENCE, form=Form.COUNT),
            Column(title=words.NOTE, width=24),
        ],
        rows=rows,
    )


def definitions(official: Official) -> Table:
    """What each figure means."""
    return Table(
        name="definitions",
        title=words.DEFINITIONS,
        columns=[
            Column(title=words.ID, width=9),
            Column(title=words.INDICATOR, width=36),
            Column(title=words.DEFINITION, width=60),
            Column(title=words.FORMULA, width=70),
            Column(title=words.IF_ZERO, width=18),
            Column(title=words.POINTS, width=30),
            Column(title=words.BASIS, width=18),
            Column(title=words.SOURCE, width=44),
        ],
        rows=[
            [
                one.id,
                name(one),
                definition(one),
                formula(one),
                zero_rule(one),
                points(one),
                BASES[one.basis.value],
                source(one),
            ]
            for one in official.set.indicators
        ],
    )


def charts(official: Official) -> list[Chart]:
    """Points by group where there are points, and shares."""
    card = official.scorecard
    found: list[Chart] = []
    if official.set.scored and official.set.groups:
        bars = []
        most = max((card.groups[g.id].stated for g in official.set.groups), default=Decimal(0))
        for group in official.set.groups:
            sum_ = card.groups[group.id]
            bars.append(
                Bar(
                    label=Said(group.name_vi, group.name_en),
                    parts=() if sum_.total is None else (sum_.total,),
                    of=sum_.stated,
                    said=_points(sum_),
                )
            )
        if most:
            found.append(Chart(title=words.SCORES, most=most, bars=bars))
    shares = [one for one in card.figures if one.indicator.unit is Unit.PERCENT]
    if shares:
        found.append(
            Chart(
                title=words.SHARES,
                most=max((HUNDRED, *(one.shown for one in shares if one.shown is not None))),
                bars=[_share(one) for one in shares],
            )
        )
    return found


def _points(sum_: Sum) -> Said:
    def said(language: Language) -> str:
        total = shown(Standing.NULL if sum_.total is None else sum_.total, language)
        known, most = shown(sum_.out_of, language), shown(sum_.stated, language)
        return f"{total} / {known} / {most}"

    return Said(said(Language.VIETNAMESE), said(Language.ENGLISH))


def _share(figure: Figure) -> Bar:
    target = figure.indicator.target
    value = or_standing(figure.shown, figure.standing)
    return Bar(
        label=name(figure.indicator),
        parts=() if figure.shown is None else (max(figure.shown, Decimal(0)),),
        mark=None if target is None else _value(target.value, figure.indicator.decimals),
        said=Said(shown(value, Language.VIETNAMESE), shown(value, Language.ENGLISH)),
    )
