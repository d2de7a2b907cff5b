"""Endpoints of official figures.

All numbers come from `monitor.ledger.official` and `readings`; scorecards, rankings and differences are
the documents of `emc report`, the same bytes for the same cut and set.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date
from functools import wraps
from typing import Any, Final

from monitor.domain.composition import Unanswerable, made_of
from monitor.domain.facts import Fact, Facts, Term
from monitor.domain.indicator import (
    Figure,
    Indicator,
    IndicatorSet,
    Scoring,
    Standing,
    Why,
)
from monitor.domain.indicator import written as as_text
from monitor.domain.period import Period
from monitor.domain.scope import Scope
from monitor.domain.zone import date_of
from monitor.ledger import stated
from monitor.ledger.balances import NotKnown
from monitor.ledger.behind import NoSuchPage, behind
from monitor.ledger.official import By, NoSuch, Official, Ranked, chosen
from monitor.ledger.official import Known as KnownAt
from monitor.ledger.readings import By as Parts
from monitor.ledger.readings import breakdown, read, series
from monitor.outlets.access import refusal
from monitor.outlets.api import documents, shapes
from monitor.outlets.api.asked import (
    AFTER,
    KNOWN_AT,
    LIMIT,
    MOST_PERIODS,
    PERIOD,
    SCOPE,
    Asked,
    Parameter,
    a_name,
    a_page,
    a_period,
    an_instant,
    in_path,
    one_of,
)
from monitor.outlets.api.desk import Desk
from monitor.outlets.api.endpoint import EVERYBODY, WITH_FIGURES, Endpoint, Kept
from monitor.outlets.api.written import Answer, answer, stating
from monitor.outlets.problem import Code, Problem

MOST_OF_A_SET: Final = 60  # periods of a series of a set: five years of months
_TIMES: Final = frozenset(
    {Fact.ELAPSED, Fact.WORKED, Fact.ELAPSED_RECEIVED, Fact.WORKED_RECEIVED}
)
_OF_PETITIONS: Final = frozenset(
    {
        Fact.PETITIONS,
        Fact.PETITIONS_ON_TIME,
        Fact.PETITIONS_LATE,
        Fact.PETITIONS_SATISFIED,
        Fact.COMPLAINTS,
    }
)
# Those that a scope and a period say all about.
FACTS: Final = tuple(fact for fact in Fact if fact not in (Fact.CLAIM, Fact.AGENCIES))

Act = Callable[[Desk, Asked], Awaitable[Answer]]


def _answering(act: Act) -> Act:
    """What official figures do not know, as problems."""

    @wraps(act)
    async def done(desk: Desk, asked: Asked) -> Answer:
        try:
            return await act(desk, asked)
        except NoSuch as error:
            raise _problem(
                Code.NOT_FOUND, error, "look at /api/v1/sets and /api/v1/agencies"
            ) from None
        except NotKnown as error:
            raise _problem(
                Code.NOT_KNOWN, error, "ask for a later time, or for what is known now"
            ) from None
        except Unanswerable as error:
            raise Problem(
                Code.WRONG_PARAMETER, str(error), "ask for it without", parameter="fact"
            ) from None

    return done


def _problem(code: Code, error: Exception, usual: str) -> Problem:
    detail, _, remedy = str(error).partition("; ")
    return Problem(code, detail, remedy or usual)


# -- what several of them say ---------------------------------------------------------------------


def known(at: KnownAt) -> shapes.Known:
    """As of what."""
    return shapes.Known(
        cut=at.cut,
        sealed_at=stated.instant(at.sealed_at),
        as_of_day=date_of(at.as_of_day),
        zone=at.zone,
        reference=at.reference,
        policy_epoch=at.epoch,
        rules_version=at.rules,
    )


def figure_line(of: Official, one: Figure) -> shapes.FigureLine:
    """One figure of one scope and period."""
    return shapes.FigureLine(
        scope=str(of.about.scope),
        name=of.about.name or None,
        period=str(of.period),
        indicator=one.indicator.id,
        standing=one.standing,
        numerator=one.numerator,
        denominator=one.denominator,
        factor=one.factor_percent,
        value=one.shown,
        unit=one.indicator.unit,
        score=one.score,
        max_score=one.most,
        reason=None if one.reason is None else str(one.reason),
        set_version=of.set.version,
        set_hash=of.set.hash,
    )


def figure_lines(
    officials: Iterable[Official], indicator: str | None
) -> Iterable[shapes.FigureLine]:
    for of in officials:
        for one in of.scorecard.figures:
            if indicator in (None, one.indicator.id):
                yield figure_line(of, one)


def _has(indicators: IndicatorSet, indicator: str | None) -> Indicator | None:
    """Raises `NoSuch`."""
    if indicator is None:
        return None
    if indicator not in indicators.by_id:
        raise NoSuch(
            f"the set {indicators.id} has no indicator {indicator!r};"
            f" there are {', '.join(indicators.by_id)}"
        )
    return indicators.by_id[indicator]


def _periods(asked: Asked, most: int) -> list[Period]:
    first, last = asked["from"], asked["to"]
    if first.span is not last.span or last.first_day < first.first_day:
        raise Problem(
            Code.WRONG_PARAMETER,
            f"{first} to {last} is no series",
            "write two periods of one length, the earlier first, as from=2026-01&to=2026-08",
            parameter="to",
        )
    found = [first]
    while found[-1].first_day < last.first_day:
        if len(found) == most:
            raise Problem(
                Code.WRONG_PARAMETER,
                f"{first} to {last} has more than {most} periods",
                "ask for fewer, or for longer ones",
                parameter="to",
            )
        found.append(Period.holding(first.span, date_of(found[-1].last_day + 1)))
    return found


# -- definitions -----------------------------------------------------------------------------------


@_answering
async def sets(desk: Desk, _: Asked) -> Answer:
    lines = tuple(
        _set(version)
        for versions in (await desk.officials.sets()).values()
        for version in versions
    )
    return answer(shapes.Sets(sets=lines), shapes.SetVersion, lines)


@_answering
async def set_(desk: Desk, asked: Asked) -> Answer:
    there = await desk.officials.sets()
    period = asked["period"]
    if period is None:
        in_force = await desk.in_force()
        period = Period.of(date_of(desk.today(in_force.policy)).isoformat())
    found = chosen(there, asked["set"], period)
    lines = tuple(map(_indicator, found.indicators))
    about = _set(found)
    return answer(
        shapes.SetDefinition(set=about, indicators=lines),
        shapes.IndicatorLine,
        lines,
        shapes.UsedSet(set=found.id, set_version=found.version, set_hash=found.hash),
    )


def _set(one: IndicatorSet) -> shapes.SetVersion:
    return shapes.SetVersion(
        set=one.id,
        set_version=one.version,
        set_hash=one.hash,
        title_vi=one.title_vi,
        title_en=one.title_en,
        owner=one.owner,
        basis=one.basis,
        source=one.source,
        source_vi=one.source_vi or one.source,
        valid_from=date_of(one.valid_from),
        valid_until=None if one.valid_until is None else date_of(one.valid_until),
        indicators=len(one.indicators),
        has_points=one.scored,
    )


def _indicator(one: Indicator) -> shapes.IndicatorLine:
    target = one.target
    due: date | None = None
    if target is not None and target.due_day is not None:
        due = date_of(target.due_day)
    return shapes.IndicatorLine(
        indicator=one.id,
        group=one.group,
        name_vi=one.name_vi,
        name_en=one.name_en,
        definition_vi=one.definition_vi,
        definition_en=one.definition_en,
        numerator_is=stated.terms(one.numerator),
        denominator_is=stated.terms(one.denominator),
        times=one.times or None,
        unit=one.unit,
        zero_rule=one.if_zero,
        scoring=one.score.rule,
        max_points=None if one.score.rule is Scoring.NONE else float(one.score.most),
        direction=one.direction,
        target=None if target is None else float(target.value),
        target_due=due,
        target_source="" if target is None else target.source,
        target_source_vi="" if target is None else target.source_vi or target.source,
        applies_to=tuple(sorted(one.kinds)),
        minimum=one.minimum,
        basis=one.basis,
        source=one.source,
        source_vi=one.source_vi or one.source,
        reverse_engineered=one.reverse_engineered,
        method_issued=one.method_issued,
        note_vi=one.note_vi,
        note_en=one.note_en,
    )


# -- documents of reports ----------------------------------------------------------------------------


@_answering
async def scorecard(desk: Desk, asked: Asked) -> Answer:
    await desk.admit(asked.visitor, asked["scope"])
    # With the period before, as `emc report` has it: both give the same bytes.
    found = await desk.officials.scorecard(
        asked["set"], asked["scope"], asked["period"], known_at=asked["known_at"], trend=True
    )
    return stating(stated.scorecard(found))


@_answering
async def ranking(desk: Desk, asked: Asked) -> Answer:
    period: Period = asked["period"]
    if not asked.visitor.sees_all:
        # Peers are shown to each other when a period is over: how they fare today is their own.
        ground = await desk.officials.ground(asked["known_at"])
        if ground.known.as_of_day <= period.last_day:
            raise refusal(asked.visitor, f"the ranking of {period}, which is not over,")
    found = await desk.officials.ranking(
        asked["set"],
        period,
        kind=asked["kind"],
        by=asked["by"] or "",
        known_at=asked["known_at"],
    )
    return stating(stated.ranking(found))


@_answering
async def difference(desk: Desk, asked: Asked) -> Answer:
    await desk.admit(asked.visitor, asked["scope"])
    found = await desk.officials.difference(
        asked["set"],
        asked["scope"],
        asked["period"],
        then=asked["then"],
        now=asked["known_at"],
    )
    return stating(stated.difference(found))


# -- figures, line by line --------------------------------------------------------------------------


@_answering
async def trend(desk: Desk, asked: Asked) -> Answer:
    scope: Scope = asked["scope"]
    await desk.admit(asked.visitor, scope)
    periods = _periods(asked, MOST_OF_A_SET)
    found = await desk.officials.series(
        asked["set"], scope, periods, known_at=asked["known_at"]
    )
    _has(found[-1].set, asked["indicator"])
    lines = tuple(figure_lines(found, asked["indicator"]))
    return _figures(asked["set"], found[0].known, lines, None)


@_answering
async def broken_down(desk: Desk, asked: Asked) -> Answer:
    await desk.admit(asked.visitor, asked["scope"])
    found = await desk.officials.breakdown(
        asked["set"],
        asked["scope"],
        asked["period"],
        by=asked["by"],
        known_at=asked["known_at"],
    )
    _has(found.whole.set, asked["indicator"])
    rows = {str(row.about.scope): row for row in found.rows}
    shown, next_ = a_page(rows, asked)
    lines = tuple(figure_lines((rows[code] for code in shown), asked["indicator"]))
    return _figures(asked["set"], found.whole.known, lines, next_)


def _figures(
    set_id: str, at: KnownAt, lines: tuple[shapes.FigureLine, ...], next_: str | None
) -> Answer:
    about = known(at)
    return answer(
        shapes.Figures(set=set_id, known=about, figures=lines, next=next_),
        shapes.FigureLine,
        lines,
        shapes.NamedSet(set=set_id),
        about,
        next_=next_,
    )


@_answering
async def reasons(desk: Desk, asked: Asked) -> Answer:
    await desk.admit(asked.visitor, asked["scope"])
    period: Period = asked["period"]
    found = await desk.officials.why(
        asked["set"],
        asked["scope"],
        period,
        by=asked["by"],
        known_at=asked["known_at"],
    )
    lines = tuple(
        shapes.ReasonLine(
            procedure=one.part or None,
            numerator_before=one.before.numerator,
            denominator_before=one.before.denominator,
            numerator=one.now.numerator,
            denominator=one.now.denominator,
            by_numerator=float(one.by_numerator),
            by_denominator=float(one.by_denominator),
        )
        for one in found
    )
    body = shapes.Reasons(
        set=asked["set"],
        indicator=asked["by"],
        scope=str(asked["scope"]),
        period=str(period),
        period_before=str(period.before),
        reasons=lines,
    )
    return answer(
        body, shapes.ReasonLine, lines, shapes.Of(scope=body.scope, period=body.period)
    )


# -- facts --------------------------------------------------------------------------------------------


@_answering
async def balances(desk: Desk, asked: Asked) -> Answer:
    scope: Scope = asked["scope"]
    period: Period = asked["period"]
    by: Parts | None = asked["by"]
    await desk.admit(asked.visitor, scope)
    ground = await desk.officials.ground(asked["known_at"])
    await desk.officials.check([scope], ground)
    terms = _terms(asked["fact"])
    today = ground.known.as_of_day
    silent = Why.NOT_BEGUN if period.first_day > today else None
    found: dict[str | None, Facts] = {}
    shown: Sequence[str | None] = [None]
    next_ = None
    if by is None:
        reading = await read(
            desk.pool, ground.reference, [scope], period, terms, cut=ground.cut, today=today
        )
        found[None] = reading.facts(scope)
        silent = reading.silence(scope)
    else:
        parts = await breakdown(
            desk.pool,
            ground.reference,
            scope,
            period,
            terms,
            by,
            cut=ground.cut,
            today=today,
        )
        found.update(parts)
        shown, next_ = a_page(parts, asked)
    names = _Names(ground.reference, by, min(period.last_day, today))
    lines = tuple(
        line
        for part in shown
        for line in _fact_lines(period, part, names.of(part), terms, found[part], silent)
    )
    about = known(ground.known)
    return answer(
        shapes.Balances(
            scope=str(scope),
            period=str(period),
            by=by,
            known=about,
            facts=lines,
            next=next_,
        ),
        shapes.FactLine,
        lines,
        shapes.OfScope(scope=str(scope)),
        about,
        next_=next_,
    )


@_answering
async def fact_series(desk: Desk, asked: Asked) -> Answer:
    scope: Scope = asked["scope"]
    await desk.admit(asked.visitor, scope)
    periods = _periods(asked, MOST_PERIODS)
    ground = await desk.officials.ground(asked["known_at"])
    await desk.officials.check([scope], ground)
    terms = _terms(asked["fact"])
    found = await series(
        desk.pool,
        ground.reference,
        [scope],
        periods,
        terms,
        cut=ground.cut,
        today=ground.known.as_of_day,
    )
    lines = tuple(
        line
        for one in found
        for line in _fact_lines(
            one.period, None, None, terms, one.facts(scope), one.silence(scope)
        )
    )
    about = known(ground.known)
    return answer(
        shapes.FactSeries(scope=str(scope), known=about, facts=lines),
        shapes.FactLine,
        lines,
        shapes.OfScope(scope=str(scope)),
        about,
    )


def _terms(facts: Sequence[Fact] | None) -> list[Term]:
    return [Term(fact=fact) for fact in facts or FACTS]


def _fact_lines(
    period: Period,
    part: str | None,
    name: str | None,
    terms: Iterable[Term],
    facts: Facts,
    silent: Why | None,
) -> Iterable[shapes.FactLine]:
    without = Standing.NULL if silent is None else Standing.NO_DATA
    for term in terms:
        value = facts(term)
        yield shapes.FactLine(
            period=str(period),
            part=part,
            name=name,
            fact=term.fact,
            standing=Standing.NUMBER if value is not None else without,
            reason=silent if value is None else None,
            value=value,
            unit="ms" if term.fact in _TIMES else "count",
        )


class _Names:
    """What parts are called."""

    def __init__(self, reference: Any, by: Parts | None, day: int) -> None:
        self._reference = reference
        self._by = by
        self._day = day

    def of(self, part: str | None) -> str | None:
        if part is None:
            return None
        if self._by is Parts.PROCEDURE:
            row = self._reference.procedures.on(part, self._day)
            return None if row is None else str(row.name_vi)
        if self._by is Parts.PART:
            rows = self._reference.agencies.rows(part)
            return str(rows[-1].value.name) if rows else None
        return None


# -- dossiers behind a number ---------------------------------------------------------------------------


@_answering
async def dossiers(desk: Desk, asked: Asked) -> Answer:
    """Those that a fact counts, or the facts that a side of an indicator is a sum of."""
    scope: Scope = asked["scope"]
    period: Period = asked["period"]
    visitor = asked.visitor
    if not await desk.admits(visitor, scope):
        raise await desk.refuse(visitor, str(scope), asked.address)
    ground = await desk.officials.ground(None)
    await desk.officials.check([scope], ground)
    terms = await _behind(desk, asked)
    place, following = _from(asked["after"])
    if place >= len(terms):
        raise _no_page()
    try:
        found = await behind(
            desk.pool,
            ground.reference,
            scope,
            period,
            terms[place],
            today=ground.known.as_of_day,
            following=following,
            most=asked["limit"],
            as_tokens=False,
        )
    except NoSuchPage:
        raise _no_page() from None
    term = terms[place]
    lines = []
    for key in found.dossiers:
        token = await desk.token(key)
        lines.append(
            shapes.DossierLine(
                dossier=key if visitor.sees_codes else token,
                token=token,
                fact=as_text(term),
                times=term.sign,
            )
        )
    next_ = None
    if found.following is not None:
        next_ = asked.after(f"{place}.{found.following}")
    elif place + 1 < len(terms):
        next_ = asked.after(f"{place + 1}.")
    page = shapes.DossierPage(
        scope=str(scope),
        period=str(period),
        as_of_day=date_of(min(ground.known.as_of_day, period.last_day)),
        dossiers=tuple(lines),
        next=next_,
    )
    made = answer(
        page,
        shapes.DossierLine,
        lines,
        shapes.Of(scope=page.scope, period=page.period),
        next_=next_,
    )
    # Before anything of it leaves.
    await desk.note(visitor, asked.address, dossiers=len(lines))
    return made


async def _behind(desk: Desk, asked: Asked) -> list[Term]:
    """The terms whose dossiers are asked for."""
    facts, set_id, indicator = asked["fact"], asked["set"], asked["indicator"]
    if facts is not None and set_id is None and indicator is None:
        terms = _terms(facts)
    elif facts is None and set_id is not None and indicator is not None:
        found = _has(chosen(await desk.officials.sets(), set_id, asked["period"]), indicator)
        assert found is not None  # noqa: S101 - an indicator was named
        terms = list(found.numerator if asked["side"] == "numerator" else found.denominator)
    else:
        raise Problem(
            Code.WRONG_PARAMETER,
            "which number is meant is not said",
            "give `fact`, or `set` and `indicator`",
            parameter="fact",
        )
    counted = [term for term in terms if made_of(term) and term.fact not in _OF_PETITIONS]
    if not counted:
        raise Problem(
            Code.WRONG_PARAMETER,
            "no dossiers are behind this number",
            "it comes from the catalogue, the register, petitions or a claim, or the indicator has"
            " no such side",
            parameter="indicator" if facts is None else "fact",
        )
    return counted


def _from(after: str | None) -> tuple[int, str | None]:
    """Of which term, and where in it."""
    if after is None:
        return 0, None
    place, dot, following = after.partition(".")
    if not dot or not place.isascii() or not place.isdigit() or len(place) > 2:
        raise _no_page()
    return int(place), following or None


def _no_page() -> Problem:
    return Problem(
        Code.WRONG_PARAMETER,
        "it was not given out by this ledger",
        "follow the link `next` of the page before, or leave it out to begin anew",
        parameter="after",
    )


# -- what they take ---------------------------------------------------------------------------------------


def _facts(text: str) -> list[Fact]:
    read_one = one_of(Fact)
    return list(dict.fromkeys(read_one(word) for word in text.split(",")))


def _side(text: str) -> str:
    if text not in ("numerator", "denominator"):
        raise ValueError(f"{text!r} is no side: write numerator or denominator")
    return text


SET: Final = Parameter(
    name="set",
    says="A set of indicators; `/api/v1/sets` lists them.",
    read=a_name,
    schema={"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"},
    example="emc",
)
INDICATOR: Final = Parameter(
    name="indicator",
    says="Only this indicator of the set.",
    read=a_name,
    schema={"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"},
    example="online_share",
)
BY: Final = Parameter(
    name="by",
    says="The indicator to rank by; if left out the points, or of a set without points its first.",
    read=a_name,
    schema={"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"},
    example="online_share",
)
OF_WHOM: Final = Parameter(
    name="kind",
    says="Who is ranked against each other.",
    read=one_of(Ranked),
    schema={"type": "string", "enum": list(Ranked), "default": Ranked.PROVINCES.value},
    example="provinces",
    usual=Ranked.PROVINCES.value,
)
THEN: Final = Parameter(
    name="then",
    says="The earlier instant: as known at the last cut that was published by then.",
    read=an_instant,
    schema={"type": "string", "format": "date-time"},
    example="2026-09-01T00:00:00Z",
    required=True,
)
FROM: Final = Parameter(
    name="from",
    says="The first period of the series; its length is that of all.",
    read=a_period,
    schema=PERIOD.schema,
    example="2026-01",
    required=True,
)
TO: Final = Parameter(
    name="to",
    says=f"The last period, of the same length. At most {MOST_PERIODS} of facts, {MOST_OF_A_SET} of a set.",
    read=a_period,
    schema=PERIOD.schema,
    example="2026-08",
    required=True,
)
FACT: Final = Parameter(
    name="fact",
    says="Only these facts, with commas between: "
    + ", ".join(f"`{fact}`" for fact in FACTS)
    + ". All if left out.",
    read=_facts,
    schema={"type": "string", "maxLength": 200},
    example="received_in_period,completed",
)
BY_PART: Final = Parameter(
    name="by",
    says="Broken down by `procedure`, `channel`, `level` of service, or `part`: the agencies directly"
    " below.",
    read=one_of(Parts),
    schema={"type": "string", "enum": list(Parts)},
    example="procedure",
)
BY_UNIT: Final = Parameter(
    name="by",
    says="Broken down by `procedure`, or by `unit`: the agencies directly below, and the scope's own.",
    read=one_of(By),
    schema={"type": "string", "enum": list(By), "default": By.UNIT.value},
    example="unit",
    usual=By.UNIT.value,
)
SIDE: Final = Parameter(
    name="side",
    says="Of an indicator: which side of the quotient.",
    read=_side,
    schema={
        "type": "string",
        "enum": ["numerator", "denominator"],
        "default": "numerator",
    },
    example="numerator",
    usual="numerator",
)
OF_PERIOD: Final = Parameter(
    name="period",
    says="As it is valid when this period begins; today if left out.",
    read=a_period,
    schema=PERIOD.schema,
    example="2026-08",
)
BY_NEEDED: Final = Parameter(
    name="by",
    says="The indicator whose change is explained.",
    read=a_name,
    schema=BY.schema,
    example="online_share",
    required=True,
)

ENDPOINTS: Final = (
    Endpoint(
        path="/sets",
        name="sets",
        summary="Sets of indicators, each version that is known.",
        tag="definitions",
        open_to=EVERYBODY,
        kept=Kept.SHARED,
        act=sets,
        body=shapes.Sets,
    ),
    Endpoint(
        path="/sets/{set}",
        name="set",
        summary="What every indicator of a set means: sums, zero rule, points, source.",
        tag="definitions",
        open_to=EVERYBODY,
        kept=Kept.SHARED,
        parameters=(in_path(SET), OF_PERIOD),
        act=set_,
        body=shapes.SetDefinition,
        problems=(404,),
    ),
    Endpoint(
        path="/scorecards/{set}",
        name="scorecard",
        summary="All figures of a set for a scope and a period.",
        says="The document of `emc report`: the same bytes for the same cut and version of the set.",
        tag="figures",
        open_to=WITH_FIGURES,
        parameters=(in_path(SET), SCOPE, PERIOD, KNOWN_AT),
        act=scorecard,
        body=documents.SCORECARD,
        problems=(404,),
    ),
    Endpoint(
        path="/rankings/{set}",
        name="ranking",
        summary="Agencies of a kind among each other: place, movement, and what moved it.",
        says="The document of `emc report --rank`. An agency may read rankings of all its peers once the"
        " period is over.",
        tag="figures",
        open_to=WITH_FIGURES,
        parameters=(in_path(SET), PERIOD, OF_WHOM, BY, KNOWN_AT),
        act=ranking,
        body=documents.RANKING,
        problems=(404,),
    ),
    Endpoint(
        path="/rankings/{set}/reasons",
        name="reasons",
        summary="What each procedure did to the change of a share since the period before.",
        says="What they did adds up to the change.",
        tag="figures",
        open_to=WITH_FIGURES,
        parameters=(in_path(SET), SCOPE, PERIOD, BY_NEEDED, KNOWN_AT),
        act=reasons,
        body=shapes.Reasons,
        problems=(404,),
    ),
    Endpoint(
        path="/differences/{set}",
        name="difference",
        summary="A period's figures as known at two cuts, and what lies between.",
        says="Corrections after closing, with how many dossiers came and went. `known_at` is the later"
        " instant.",
        tag="figures",
        open_to=WITH_FIGURES,
        parameters=(in_path(SET), SCOPE, PERIOD, THEN, KNOWN_AT),
        act=difference,
        body=documents.DIFFERENCE,
        problems=(404,),
    ),
    Endpoint(
        path="/breakdowns/{set}",
        name="breakdown",
        summary="A set's figures of a scope's parts: its units, or its procedures.",
        says="`limit` is of parts. Procedures without any dossier are left out.",
        tag="figures",
        open_to=WITH_FIGURES,
        parameters=(in_path(SET), SCOPE, PERIOD, BY_UNIT, INDICATOR, KNOWN_AT, LIMIT, AFTER),
        act=broken_down,
        body=shapes.Figures,
        problems=(404,),
    ),
    Endpoint(
        path="/series/{set}",
        name="series",
        summary="A set's figures of a scope over several periods, all at one cut.",
        says="Each period by the version of the set that is valid in it.",
        tag="figures",
        open_to=WITH_FIGURES,
        parameters=(in_path(SET), SCOPE, FROM, TO, INDICATOR, KNOWN_AT),
        act=trend,
        body=shapes.Figures,
        problems=(404,),
    ),
    Endpoint(
        path="/balances",
        name="balances",
        summary="The facts that figures are made of, for a scope and a period.",
        says="Whole numbers, as docs/reference/measures.md defines them. `limit` is of parts.",
        tag="figures",
        open_to=WITH_FIGURES,
        parameters=(SCOPE, PERIOD, FACT, BY_PART, KNOWN_AT, LIMIT, AFTER),
        act=balances,
        body=shapes.Balances,
        problems=(404,),
    ),
    Endpoint(
        path="/series",
        name="facts",
        summary="Facts of a scope over several periods, all at one cut.",
        tag="figures",
        open_to=WITH_FIGURES,
        parameters=(SCOPE, FROM, TO, FACT, KNOWN_AT),
        act=fact_series,
        body=shapes.FactSeries,
        problems=(404,),
    ),
    Endpoint(
        path="/dossiers",
        name="dossiers",
        summary="The dossiers (hồ sơ) behind a number.",
        says="Behind a `fact`, or behind a side of an indicator (`set`, `indicator`, `side`): what it is"
        " a sum of comes one fact after the other, with the sign that it has in the sum. As they are"
        " booked now. A page may have fewer than `limit`, even none, and yet a next one. Every page is"
        " written down before it is answered.",
        tag="dossiers",
        open_to=WITH_FIGURES,
        kept=Kept.NOT,
        parameters=(SCOPE, PERIOD, FACT, SET, INDICATOR, SIDE, LIMIT, AFTER),
        act=dossiers,
        body=shapes.DossierPage,
        problems=(404,),
    ),
)
