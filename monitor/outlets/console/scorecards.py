"""Sets of indicators, and a set's scorecard for a scope and period."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from markupsafe import Markup

from monitor.domain import indicator_words
from monitor.domain.indicator import TOTAL, Figure, Indicator, IndicatorSet, Standing, Sum
from monitor.domain.period import Period, Span
from monitor.domain.scope import Scope
from monitor.domain.zone import date_of
from monitor.ledger import published
from monitor.ledger.balances import NotKnown
from monitor.ledger.indicator_sets import valid_in
from monitor.ledger.official import By, Ground, NoSuch, Official, Published
from monitor.ledger.together import Together
from monitor.outlets.api.asked import Format, Parameter, one_of
from monitor.outlets.api.desk import Desk
from monitor.outlets.console import charts, shown
from monitor.outlets.console.asked import SORT, a_sort
from monitor.outlets.console.chosen import (
    CHOICES,
    SET,
    choices,
    kinds,
    period_of,
    scope_of,
    valid,
)
from monitor.outlets.console.connections import in_order
from monitor.outlets.console.find import plain
from monitor.outlets.console.page import WITH_FIGURES, Drawn, Page, Shown, Table, Visit
from monitor.outlets.console.shown import Number
from monitor.outlets.report import breakdowns, said, words
from monitor.outlets.report.headings import UNLISTED, of_scope
from monitor.outlets.report.said import Said
from monitor.outlets.report.sheet import Form
from monitor.outlets.report.sheet import Table as Cells

FORM_06B: Final = breakdowns.FORM_06B
FILTER: Final = Parameter(
    name="q",
    says="Only indicators whose name or identifier has all these words.",
    read=str.strip,
    schema={"type": "string", "maxLength": 100},
    example="dung han",
    usual="",
)
EACH: Final = Parameter(
    name="each",
    says="Also a row for each unit, or each procedure, in the layout of form II.06b.",
    read=one_of(By),
    schema={"type": "string", "enum": list(By)},
    example="unit",
)
ORDER: Final = Parameter(
    name="order",
    says="A column that the rows of `each` are sorted by; with - before it the largest first.",
    read=a_sort,
    schema={"type": "string"},
    example="-received_total",
)


async def every(desk: Desk, visit: Visit) -> Shown:
    """The sets; last month then and now; what was published."""
    scope = await scope_of(desk, visit)
    period = period_of(desk, visit)
    there = await desk.officials.sets(visit["known_at"])
    sets = [one for versions in there.values() if (one := valid_in(versions, period))]
    last = Period.holding(Span.MONTH, date_of(desk.today(visit.in_force.policy))).before
    latest = await published.listed(desk.pool, last=3)
    ranked = await _ranked_in(desk, visit, period)
    return Drawn(
        template="scorecards.html",
        values={
            **choices(desk, visit, scope, period),
            "sets": sets,
            "last": last,
            "of_last": [
                one for versions in there.values() if (one := valid_in(versions, last))
            ],
            "kinds": () if ranked is None else kinds(visit, ranked),
            "ranked": lambda one: (
                ranked if ranked is not None and valid_in(there[one.id], ranked) else None
            ),
            "most": lambda one: sum(
                (points for points in one.most.values() if points is not None), Decimal(0)
            ),
            "published": bool(latest),
        },
    )


async def _ranked_in(desk: Desk, visit: Visit, period: Period) -> Period | None:
    """The period whose rankings the visitor may see: this one, or the one before where it is not over."""
    if visit.visitor.sees_all:
        return period
    try:
        as_of_day = (await desk.officials.ground(visit["known_at"])).known.as_of_day
    except NotKnown:
        return None
    return next((one for one in (period, period.before) if one.last_day < as_of_day), None)


async def one_set(desk: Desk, visit: Visit) -> Shown:
    """All figures of a set, group by group, with what stands beside them."""
    scope = await scope_of(desk, visit)
    period = period_of(desk, visit)
    try:
        at = await desk.officials.ground(visit["known_at"])
    except NotKnown as error:
        if visit["known_at"] is not None:
            raise
        return _nothing(desk, visit, scope, period, str(error))
    set_id: str = visit["set"]
    whole = desk.officials.scorecard(set_id, scope, period, known_at=at, trend=True)
    if visit["format"] is Format.CSV:
        card = await whole
        return _sheet(visit, card, _chosen(visit, card))
    each: By | None = visit["each"]
    if each is None and set_id == FORM_06B:
        each = By.UNIT
    async with Together() as together:
        now = together.create_task(whole)
        later = together.create_task(_as_now(desk, visit, scope, period))
        parts = together.create_task(_form(desk, visit, scope, period, each, at))
        leads = together.create_task(valid(desk, visit))
    card, since, form = now.result(), later.result(), parts.result()
    figures = _chosen(visit, card)
    unlisted = UNLISTED.of(visit.language)  # told once, below the table
    return Drawn(
        template="scorecard.html",
        values={
            **choices(desk, visit, scope, period, leads.result()),
            "card": card,
            "set": card.set,
            "about": of_scope(card.about).of(visit.language),
            "groups": _groups(visit, card, figures),
            "found": len(figures),
            "figure": lambda one: shown.of_figure(visit, card, one),
            "points": lambda one: shown.of_figure(visit, card, one, points=True),
            "total": _total(visit, card),
            "sum": lambda name, one: _sum(visit, card, name, one),
            "source": lambda one: said.source(one).of(visit.language),
            "in_before": lambda one: _earlier(visit, card, one),
            "earlier_period": period.before,
            "reason": lambda one: _reason(visit, one),
            "since": lambda one: _since(visit, since, one),
            "apart": lambda one: _apart(since, one),
            "compared": since is not None,
            "targets": [one for one in card.scorecard.figures if one.indicator.target],
            "of_target": lambda one: _target(visit, one),
            "due": lambda one: (
                date_of(one.indicator.target.due_day)
                if one.indicator.target.due_day is not None
                else None
            ),
            "basis": lambda one: said.BASES[str(one)].of(visit.language),
            "beside": lambda one: _published(visit, card.beside(one)),
            "beside_total": _published(visit, card.published.get(TOTAL)),
            "form": form,
            "form_said": lambda value: said.shown(value, visit.language).removesuffix(unlisted),
            "by_code": _by_code(form, unlisted),
            "is_text": lambda column: column.form is Form.TEXT,
            "of_columns": _columns(visit, card, form),
            "keys": [] if form is None else _keys(card.set, form),
            "each": each,
            "bys": list(By),
            "signs": _signs(visit, card),
            "chart": await _chart(visit, card),
            "chart_rows": [
                (
                    visit.one_of(group.name_vi, group.name_en),
                    *_points(visit, card.scorecard.groups[group.id]),
                )
                for group in card.set.groups
            ],
            "as_of": shown.as_of(visit, card.known),
            "words": {name: getattr(words, name).of(visit.language) for name in _WORDS},
            "said_word": lambda word: word.of(visit.language),
        },
    )


async def _as_now(desk: Desk, visit: Visit, scope: Scope, period: Period) -> Official | None:
    """The same as known now, where the page is of an earlier time."""
    if visit["known_at"] is None:
        return None
    try:
        return await desk.officials.scorecard(visit["set"], scope, period)
    except NoSuch:
        return None  # the set is no longer valid in that period


async def _form(
    desk: Desk, visit: Visit, scope: Scope, period: Period, each: By | None, at: Ground
) -> Cells | None:
    """A row for each unit or procedure."""
    if each is None:
        return None
    found = await desk.officials.breakdown(visit["set"], scope, period, by=each, known_at=at)
    return _ordered(visit, breakdowns.matrix(found), found.whole.set)


def _keys(of: IndicatorSet, form: Cells) -> list[str]:
    """What the columns of a form are called in an address."""
    return ["number", "name", *breakdowns.columns_of(of), "checks"][: len(form.columns)]


def _ordered(visit: Visit, form: Cells, of: IndicatorSet) -> Cells:
    """Its rows by a column; the whole, which they add up to, stays last."""

    def by(place: int) -> Any:
        if form.columns[place].form is Form.TEXT:
            return lambda row: plain(said.shown(row[place], visit.language))
        return lambda row: row[place] if isinstance(row[place], int | Decimal) else None

    *rows, whole = form.rows
    keys = {name: by(place) for place, name in enumerate(_keys(of, form))}
    return replace(form, rows=[*in_order(rows, keys, visit["order"]), whole])


_WORDS: Final = (
    "INDICATOR", "VALUE", "NUMERATOR", "DENOMINATOR", "SCORE", "MOST", "VALUE_BEFORE", "CHANGE",
    "OFFICIAL", "OFFICIAL_APART", "NOTE", "TARGET", "DISTANCE", "DUE", "SOURCE", "BASIS", "TOTAL",
    "BAND", "TARGETS", "CHECKS", "LEFT", "RIGHT", "DIFFERENCE", "AGREES", "DIFFERS", "NOT_CHECKED",
    "SCORES", "NOT_OVER", "BESIDE", "REVERSE", "UNIT",
)  # fmt: skip


def _nothing(desk: Desk, visit: Visit, scope: Any, period: Period, why: str) -> Drawn:
    """That no cut was made yet."""
    return Drawn(
        template="scorecard_none.html",
        values={**choices(desk, visit, scope, period), "why": why},
    )


def _chosen(visit: Visit, card: Official) -> list[Figure]:
    """Those with the words that are looked for, in the order of a column; else as the set has them."""
    words_ = plain(visit["q"]).split()
    found = [
        one
        for one in card.scorecard.figures
        if all(word in plain(f"{_name(visit, one)} {one.indicator.id}") for word in words_)
    ]
    keys: dict[str, Any] = {
        "name": lambda one: plain(_name(visit, one)),
        "value": lambda one: one.shown,
        "numerator": lambda one: one.numerator,
        "denominator": lambda one: one.denominator,
        "before": lambda one: _shown_before(card, one),
        "change": card.change,
        "score": lambda one: one.score,
        "most": lambda one: one.most,
    }
    return in_order(found, keys, visit["sort"])


def _name(visit: Visit, one: Figure) -> str:
    return visit.one_of(one.indicator.name_vi, one.indicator.name_en)


def _shown_before(card: Official, one: Figure) -> Decimal | None:
    earlier = card.earlier(one)
    return None if earlier is None else earlier.shown


def _sheet(visit: Visit, card: Official, figures: Sequence[Figure]) -> Table:
    """The table as it is ordered and filtered; the report's own CSV has all of it."""
    return Table(
        name=f"{card.set.id}-{card.period}-{card.about.scope}",
        columns=(
            "indicator", "name", "group", "standing", "value", "unit", "numerator", "denominator",
            "value_before", "change", "points", "most_points", "set", "set_version", "period",
            "scope", "cut",
        ),
        rows=[
            (
                one.indicator.id, _name(visit, one), one.indicator.group, one.standing.value,
                one.shown, one.indicator.unit.value, one.numerator, one.denominator,
                _shown_before(card, one), card.change(one), one.score, one.most, card.set.id,
                card.set.version, str(card.period), str(card.about.scope), card.known.cut,
            )
            for one in figures
        ],
    )  # fmt: skip


def _groups(
    visit: Visit, card: Official, figures: Sequence[Figure]
) -> list[tuple[str, Sum | None, Sequence[Figure]]]:
    """Name, points, figures; those of no group last, without a name. One group where a column sorts."""
    if visit["sort"] is not None:
        return [("", None, figures)]
    known = {one.id for one in card.set.groups}
    found: list[tuple[str, Sum | None, Sequence[Figure]]] = []
    for group in card.set.groups:
        own = [one for one in figures if one.indicator.group == group.id]
        if own:
            named = visit.one_of(group.name_vi, group.name_en)
            found.append((named, card.scorecard.groups[group.id], own))
    others = [one for one in figures if one.indicator.group not in known]
    return [*found, ("", None, others)] if others else found


def _total(visit: Visit, card: Official) -> Number:
    return _sum(visit, card, visit.t("scores.points"), card.scorecard.sum)


def _sum(visit: Visit, card: Official, title: str, sum_: Sum) -> Number:
    """Points of a group or of all, and of what is not in them."""
    points = f"{shown.number(visit, sum_.total)} / {shown.number(visit, sum_.out_of)}"
    lines = [
        (visit.t("meaning.what"), visit.t("scores.total.is")),
        (visit.t("scores.points"), points),
        (visit.t("scores.unknown"), shown.number(visit, sum_.unknown)),
        (visit.t("scores.empty"), shown.number(visit, sum_.empty)),
        (words.SET.of(visit.language), f"{card.set.id} {card.set.version}"),
        *shown.as_of(visit, card.known),
    ]
    return shown.counted(visit, sum_.total, title, *lines)


def _earlier(visit: Visit, card: Official, one: Figure) -> tuple[str, Decimal | None]:
    """What it was in the period before, and the change."""
    earlier = card.earlier(one)
    if earlier is None:
        return said.EMPTY, None
    text = shown.number(visit, earlier.shown)
    if earlier.shown is None and earlier.standing is not Standing.NUMBER:
        text = said.SIGNS[earlier.standing]
    return text, card.change(one)


def _reason(visit: Visit, one: Figure) -> str:
    """Why it is no plain quotient."""
    found = said.reason(one)
    parts = [] if found is None else [found.of(visit.language)]
    if found is None and one.standing is not Standing.NUMBER:
        parts.append(said.STANDINGS[one.standing].of(visit.language))
    if one.indicator.reverse_engineered:
        parts.append(words.REVERSE.of(visit.language))
    return "; ".join(parts)


def _later(since: Official | None, one: Indicator) -> Figure | None:
    if since is None or one.id not in since.set.by_id:
        return None
    return since.scorecard.figure(one.id)


def _since(visit: Visit, since: Official | None, one: Figure) -> Number | None:
    """The same as known now."""
    found = _later(since, one.indicator)
    return None if found is None or since is None else shown.of_figure(visit, since, found)


def _apart(since: Official | None, one: Figure) -> Decimal | None:
    found = _later(since, one.indicator)
    if found is None or found.shown is None or one.shown is None:
        return None
    return found.shown - one.shown


def _columns(
    visit: Visit, card: Official, form: Cells | None
) -> list[tuple[str, Iterable[tuple[str, str]]]]:
    """Of each column of a form: its indicator, and what its numbers are; "" where it is of none."""
    if form is None:
        return []
    ids = ["", "", *breakdowns.columns_of(card.set)]
    ids += [""] * (len(form.columns) - len(ids))
    return [(one, _meant(visit, card, one) if one else ()) for one in ids]


def _meant(visit: Visit, card: Official, name: str) -> list[tuple[str, str]]:
    one = card.set.by_id[name]
    basis = said.BASES[str(one.basis)].of(visit.language)
    source = said.source(one).of(visit.language)
    return [
        (visit.t("meaning.what"), visit.one_of(one.definition_vi, one.definition_en)),
        (visit.t("meaning.rule"), visit.one_of(*indicator_words.formula(one))),
        (visit.t("meaning.basis"), f"{basis}: {source}" if source else basis),
        (words.PERIOD.of(visit.language), shown.span(visit, card.period)),
        *shown.as_of(visit, card.known),
    ]


def _by_code(form: Cells | None, unlisted: str) -> int:
    """How many rows are of units that no file names."""
    if form is None:
        return 0
    return sum(
        any(isinstance(one, Said) and unlisted in one.vi + one.en for one in row)
        for row in form.rows
    )


def _target(visit: Visit, one: Figure) -> str:
    target = one.indicator.target
    assert target is not None  # noqa: S101 - only those that have one are shown
    value = float(target.value)
    return shown.number(visit, Decimal(str(int(value) if value == int(value) else value)))


def _published(visit: Visit, one: Published | None) -> Mapping[str, Any] | None:
    if one is None:
        return None
    text = (
        said.SIGNS[Standing.NOT_APPLICABLE]
        if one.not_issued
        else shown.number(visit, one.value)
    )
    return {"text": text, "source": one.source, "survey": one.survey}


def _signs(visit: Visit, card: Official) -> list[tuple[str, str]]:
    """What the signs mean that stand on this page."""
    used = {one.standing for one in card.scorecard.figures}
    if card.set.scored and any(one.total is None for one in card.scorecard.groups.values()):
        used.add(Standing.NULL)
    return [
        (sign, said.STANDINGS[standing].of(visit.language))
        for standing, sign in said.SIGNS.items()
        if standing in used
    ]


def _points(visit: Visit, sum_: Sum) -> tuple[str, str]:
    return shown.number(visit, sum_.total), shown.number(visit, sum_.out_of)


async def _chart(visit: Visit, card: Official) -> Markup | None:
    """Points by group, of what could be had."""
    if not card.set.scored or not card.set.groups:
        return None
    got, left = visit.t("scores.got"), visit.t("scores.left")
    rows: list[dict[str, Any]] = []
    for group in card.set.groups:
        sum_ = card.scorecard.groups[group.id]
        named = visit.one_of(group.name_vi, group.name_en)
        points = sum_.total or Decimal(0)
        rows += [
            {"group": named, "what": got, "n": float(points), "order": 0},
            {"group": named, "what": left, "n": float(sum_.out_of - points), "order": 1},
        ]
    return await charts.draw(
        bars(rows, parts=(got, left)),
        language=visit.language.value,
        label=words.SCORES.of(visit.language),
        width=420,
        height=34 * len(card.set.groups),
    )


def bars(rows: Sequence[Mapping[str, Any]], *, parts: tuple[str, str]) -> dict[str, Any]:
    """Two parts of a whole, a bar for each `group`."""
    return {
        "data": {"values": list(rows)},
        "mark": {"type": "bar", "height": {"band": 0.62}},
        "encoding": {
            "y": {"field": "group", "type": "nominal", "title": None, "sort": None,
                  "axis": {"labelLimit": 260, "ticks": False, "domain": False}},
            "x": {"field": "n", "type": "quantitative", "title": None, "axis": {"tickCount": 5}},
            "order": {"field": "order"},
            "color": {"field": "what", "type": "nominal", "title": None,
                      "scale": {"domain": list(parts), "range": ["var(--series-1)", "var(--shade-0)"]},
                      "legend": None},
        },
    }  # fmt: skip


PAGES: Final = (
    Page(
        path="/scorecards",
        name="scorecards",
        title="scores.title",
        open_to=WITH_FIGURES,
        parameters=CHOICES,
        act=every,
        listed=True,
    ),
    Page(
        path="/scorecards/{set}",
        name="scorecard",
        title="scores.title",
        open_to=WITH_FIGURES,
        parameters=(SET, *CHOICES, EACH, SORT, ORDER, FILTER),
        act=one_set,
    ),
)
