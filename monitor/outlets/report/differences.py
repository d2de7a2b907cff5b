"""The same figures at two cuts, as a report: what changed after closing, and why."""

from decimal import Decimal

from monitor.domain.indicator import Figure, Standing
from monitor.domain.zone import Zone
from monitor.ledger import stated
from monitor.ledger.between import Moved
from monitor.ledger.official import Change, Difference, Known
from monitor.outlets.digest.words import Language
from monitor.outlets.report import words
from monitor.outlets.report.headings import legend, lines, of_period, of_scope, title
from monitor.outlets.report.said import Said, Value, moment, name, reason, shown, unit
from monitor.outlets.report.scorecards import or_standing
from monitor.outlets.report.sheet import Column, Form, Line, Report, Table

_VI, _EN = Language.VIETNAMESE, Language.ENGLISH


def report(difference: Difference) -> Report:
    """Before, after, and what moved each figure."""
    after = difference.after
    scope, period = of_scope(after.about), of_period(after.period)
    return Report(
        kind="difference",
        title=title(after.set),
        subtitle=Said(
            f"{words.DIFFERENCE.vi}: {scope.vi}, {period.vi}",
            f"{words.DIFFERENCE.en}: {scope.en}, {period.en}",
        ),
        lines=[
            Line(title=words.SCOPE, said=scope),
            Line(title=words.THEN, said=_cut(difference.before.known)),
            Line(title=words.NOW, said=_cut(after.known)),
            *lines(after.set, after.period, after.known),
        ],
        tables=[_changes(difference)],
        charts=(),
        notes=_notes(difference),
        document=stated.difference(difference),
        sealed_at=after.known.sealed_at,
    )


def _cut(known: Known) -> Said:
    zone = Zone(known.zone)
    return Said(
        f"số {known.cut}, lúc {moment(known.sealed_at, zone, _VI)}",
        f"number {known.cut}, {moment(known.sealed_at, zone, _EN)}",
    )


def _changes(difference: Difference) -> Table:
    scored = difference.after.set.scored
    columns = [
        Column(title=words.ID, width=9),
        Column(title=words.INDICATOR, width=40),
        Column(title=words.BEFORE, form=Form.DECIMAL, above=words.VALUE),
        Column(title=words.AFTER, form=Form.DECIMAL, above=words.VALUE),
        Column(title=words.UNIT, width=10),
        Column(title=words.BEFORE, form=Form.COUNT, above=words.NUMERATOR),
        Column(title=words.AFTER, form=Form.COUNT, above=words.NUMERATOR),
        Column(title=words.CAME, form=Form.COUNT, above=words.NUMERATOR, signed=True),
        Column(title=words.WENT, form=Form.COUNT, above=words.NUMERATOR, signed=True),
        Column(title=words.BEFORE, form=Form.COUNT, above=words.DENOMINATOR),
        Column(title=words.AFTER, form=Form.COUNT, above=words.DENOMINATOR),
        Column(title=words.CAME, form=Form.COUNT, above=words.DENOMINATOR, signed=True),
        Column(title=words.WENT, form=Form.COUNT, above=words.DENOMINATOR, signed=True),
    ]
    if scored:
        columns += [
            Column(title=words.BEFORE, form=Form.DECIMAL, above=words.SCORE),
            Column(title=words.AFTER, form=Form.DECIMAL, above=words.SCORE),
        ]
    columns.append(Column(title=words.WHY, width=60))
    rows = [_row(one, scored=scored) for one in difference.changes]
    return Table(name="figures", title=words.FIGURES, columns=columns, rows=rows)


def _row(change: Change, *, scored: bool) -> list[Value]:
    before, after, indicator = change.before, change.after, change.indicator
    row: list[Value] = [
        indicator.id,
        name(indicator),
        _value(before),
        _value(after),
        unit(indicator),
        _of(before, "numerator"),
        _of(after, "numerator"),
        *_moved(change.numerator),
    ]
    if indicator.denominator:
        row += [
            _of(before, "denominator"),
            _of(after, "denominator"),
            *_moved(change.denominator),
        ]
    else:
        row += [None, None, None, None]
    if scored:
        row += [_of(before, "score"), _of(after, "score")]
    row.append(why(change))
    return row


def _value(figure: Figure | None) -> Value:
    return None if figure is None else or_standing(figure.shown, _standing(figure))


def _of(figure: Figure | None, side: str) -> Value:
    if figure is None:
        return None
    found: int | Decimal | None = getattr(figure, side)
    return or_standing(found, _standing(figure))


def _standing(figure: Figure) -> Standing:
    return Standing.NULL if figure.standing is Standing.NUMBER else figure.standing


def _moved(moved: Moved | None) -> list[Value]:
    return [None, None] if moved is None else [moved.came, -moved.went]


def why(change: Change) -> Said:
    """What happened to a figure, in a sentence."""
    if change.before is None:
        return words.NEW_INDICATOR
    if change.after is None:
        return words.GONE_INDICATOR
    if change.same:
        return words.UNCHANGED
    parts = [
        part
        for side, moved in (
            (words.NUMERATOR, change.numerator),
            (words.DENOMINATOR, change.denominator),
        )
        if moved is not None and (part := _sentence(side, moved))
    ]
    if change.before.standing is not change.after.standing:
        said = reason(change.after) or words.A_NUMBER
        parts.append(Said(f"nay: {said.vi}", f"now: {said.en}"))
    if not parts:
        return words.CHANGED_OTHERWISE
    return Said("; ".join(one.vi for one in parts), "; ".join(one.en for one in parts))


def _sentence(side: Said, moved: Moved) -> Said | None:
    if not moved.came and not moved.went:
        return None
    came, went = (Said(shown(one, _VI), shown(one, _EN)) for one in (moved.came, moved.went))
    return Said(
        f"{side.vi.lower()}: thêm {came.vi}, rút {went.vi}",
        f"{side.en.lower()}: {came.en} came, {went.en} went",
    )


def _notes(difference: Difference) -> list[Said]:
    found = [words.CAUSES[cause] for cause in difference.causes]
    if not found:
        found.append(words.NO_CAUSE)
    for class_, moved in difference.booked.items():
        said = words.CLASSES.get(class_, Said(class_, class_))
        found.append(
            Said(
                f"{said.vi}: thêm {shown(moved.came, _VI)}, rút {shown(moved.went, _VI)} bút toán",
                f"{said.en}: {shown(moved.came, _EN)} entries came,"
                f" {shown(moved.went, _EN)} went",
            )
        )
    used = [
        figure.standing
        for one in difference.changes
        for figure in (one.before, one.after)
        if figure is not None
    ]
    if (signs := legend(used)).vi:
        found.append(Said(f"{words.LEGEND.vi}: {signs.vi}", f"{words.LEGEND.en}: {signs.en}"))
    return found
