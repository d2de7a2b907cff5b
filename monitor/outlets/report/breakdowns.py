"""A set's figures by sub-unit or procedure as a report; form II.06b in its official layout."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from monitor.domain.indicator import Figure, IndicatorSet, Unit
from monitor.ledger import stated
from monitor.ledger.official import Breakdown, Official
from monitor.outlets.digest.words import Language
from monitor.outlets.report import words
from monitor.outlets.report.headings import legend, lines, of_period, of_scope, title
from monitor.outlets.report.said import Said, Value, name, same, shown
from monitor.outlets.report.scorecards import checks, definitions, or_standing
from monitor.outlets.report.sheet import Bar, Chart, Column, Form, Line, Report, Table

# Columns of form II.06b, in its order: sums before their parts. Two of ours stand in brackets,
# without which the sums would not meet.
FORM_06B: Final = "report-06b"
_LAYOUT: Final = (
    "received_total", "received_online", "received_direct_postal", "carried_over", "handed_net",
    "processed_total", "processed_early", "processed_on_time", "processed_late",
    "processed_unjudged",
    "in_process_total", "in_process_within", "in_process_beyond",
    "paused", "returned",
)  # fmt: skip
_OF_THE_CHART: Final = ("processed_early", "processed_on_time", "processed_late")
_MOST_BARS: Final = 40


def report(breakdown: Breakdown) -> Report:
    """Rows, then the whole, which they add up to where they are counts."""
    whole = breakdown.whole
    notes = [] if whole.over else [words.NOT_OVER]
    notes += _notes(breakdown)
    tables = [matrix(breakdown)]
    if whole.scorecard.checked:
        tables.append(checks(whole))
    tables.append(definitions(whole))
    scope, period = of_scope(whole.about), of_period(whole.period)
    how = words.BY[breakdown.by]
    return Report(
        kind="breakdown",
        title=title(whole.set),
        subtitle=Said(
            f"{scope.vi}, {period.vi}, {how.vi}", f"{scope.en}, {period.en}, {how.en}"
        ),
        lines=[
            Line(title=words.SCOPE, said=scope),
            *lines(whole.set, whole.period, whole.known),
        ],
        tables=tables,
        charts=_charts(breakdown),
        notes=notes,
        document=stated.breakdown(breakdown),
        sealed_at=whole.known.sealed_at,
        form=True,
    )


def columns_of(indicators: IndicatorSet) -> list[str]:
    """Indicators in the order of the columns."""
    if indicators.id == FORM_06B:
        known = [one for one in _LAYOUT if one in indicators.by_id]
        return known + [one.id for one in indicators.indicators if one.id not in _LAYOUT]
    return [one.id for one in indicators.indicators]


def matrix(breakdown: Breakdown) -> Table:
    """Its rows and columns."""
    whole = breakdown.whole
    ids = columns_of(whole.set)
    groups = {group.id: Said(group.name_vi, group.name_en) for group in whole.set.groups}
    columns = [
        Column(title=words.NUMBER, form=Form.COUNT, width=6),
        Column(title=words.ROW[breakdown.by], width=44),
    ]
    for one in ids:
        indicator = whole.set.by_id[one]
        columns.append(
            Column(
                title=name(indicator),
                form=Form.COUNT if indicator.unit is Unit.COUNT else Form.DECIMAL,
                above=groups.get(indicator.group),
                width=12,
            )
        )
    if whole.scorecard.checked:
        columns.append(Column(title=words.CHECKS, width=14))
    rows: list[Sequence[Value]] = [
        [place, _label(row), *_values(row, ids), *_verdict(row)]
        for place, row in enumerate(breakdown.rows, 1)
    ]
    rows.append([None, words.WHOLE, *_values(whole, ids), *_verdict(whole)])
    return Table(
        name="figures",
        title=words.FIGURES,
        columns=columns,
        rows=rows,
        strong=frozenset({len(rows) - 1}),
        numbered=whole.set.id == FORM_06B,
    )


def _label(row: Official) -> Said:
    if row.about.scope.procedure:
        code = row.about.scope.procedure
        return same(f"{code} {row.about.name}".strip())
    return of_scope(row.about)


def _values(of: Official, ids: Sequence[str]) -> list[Value]:
    figures = {figure.indicator.id: figure for figure in of.scorecard.figures}
    return [_value(figures[one]) for one in ids]


def _value(figure: Figure) -> Value:
    value = or_standing(figure.shown, figure.standing)
    if figure.indicator.unit is Unit.COUNT and isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value
    return value


def _verdict(of: Official) -> list[Value]:
    """Whether what must be equal is, in one cell; nothing where there is nothing to check."""
    found = [one.difference for one in of.scorecard.checked]
    if not found:
        return []
    if any(found):
        return [words.DIFFERS]
    return [words.NOT_CHECKED if None in found else words.AGREES]


def _notes(breakdown: Breakdown) -> list[Said]:
    used = [
        figure.standing
        for one in (breakdown.whole, *breakdown.rows)
        for figure in one.scorecard.figures
    ]
    found = []
    if breakdown.whole.set.id == FORM_06B:
        found.append(words.FORM_NOTE)
    if (signs := legend(used)).vi:
        found.append(Said(f"{words.LEGEND.vi}: {signs.vi}", f"{words.LEGEND.en}: {signs.en}"))
    return found


def _charts(breakdown: Breakdown) -> list[Chart]:
    """Of the form: how what was processed stands to its time, by row."""
    known = breakdown.whole.set.by_id
    if breakdown.whole.set.id != FORM_06B or any(one not in known for one in _OF_THE_CHART):
        return []
    bars = []
    for row in breakdown.rows[:_MOST_BARS]:
        parts = [row.scorecard.figure(one).shown for one in _OF_THE_CHART]
        if any(part is None for part in parts):
            continue
        whole = [part for part in parts if part is not None]
        bars.append(
            Bar(
                label=_label(row),
                parts=tuple(whole),
                said=Said(
                    " / ".join(shown(int(part), Language.VIETNAMESE) for part in whole),
                    " / ".join(shown(int(part), Language.ENGLISH) for part in whole),
                ),
            )
        )
    most = max((sum(bar.parts, Decimal(0)) for bar in bars), default=Decimal(0))
    if not most:
        return []
    return [
        Chart(
            title=words.PROCESSED,
            most=most,
            bars=bars,
            parts=tuple(name(known[one]) for one in _OF_THE_CHART),
        )
    ]
