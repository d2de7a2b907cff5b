"""Official figures: what a set of indicators says, and how it is evaluated for one scope and period.

All formulas come from files (`monitor.reference.indicators`); here is only what any of them may be
made of: sums of facts, a quotient, what to do where its denominator is 0, points, and rounding.
Everything is exact (whole numbers and fractions); decimals are for what is shown, half up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cache, cached_property, lru_cache
from typing import Final, NamedTuple, assert_never

from monitor.domain.deadlines import HOUR_MS, Basis
from monitor.domain.deadlines import Unit as LimitUnit
from monitor.domain.event import Channel
from monitor.domain.facts import Fact, Facts, Term
from monitor.domain.period import Span
from monitor.domain.reckoning import WORKING_DAY_MS
from monitor.domain.traits import Trait
from monitor.domain.zone import DAY_MS

TOTAL: Final = "total"  # in the place of an indicator: the points, of those that are known


MILLION: Final = 10**6  # a claim's value is asked for in millionths


class Kind(StrEnum):
    """Whom a figure is about. Bodies that answer on the national portal as ministries are such."""

    COUNTRY = "country"
    MINISTRY = "ministry"
    PROVINCE = "province"
    DEPARTMENT = "department"
    DIVISION = "division"
    DISTRICT = "district"
    COMMUNE = "commune"
    CENTRE = "centre"


class Unit(StrEnum):
    """In what a figure is shown."""

    PERCENT = "percent"
    COUNT = "count"  # a plain number: there is no denominator
    POINTS = "points"  # a mean of points
    HOURS = "hours"  # means of milliseconds; by the clock on the wall
    DAYS = "days"
    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"  # of eight hours


_ONE: Final[Mapping[Unit, Fraction]] = {
    Unit.PERCENT: Fraction(1, 100),
    Unit.COUNT: Fraction(1),
    Unit.POINTS: Fraction(1),
    Unit.HOURS: Fraction(HOUR_MS),
    Unit.DAYS: Fraction(DAY_MS),
    Unit.WORKING_HOURS: Fraction(HOUR_MS),
    Unit.WORKING_DAYS: Fraction(WORKING_DAY_MS),
}


class IfZero(StrEnum):
    """What an indicator is where its denominator is 0."""

    NULL = "null"
    ZERO = "zero"
    FULL_MARKS = "full_marks"
    LAST_YEAR = "last_year"  # a part of last year's denominator stands in; 0 without last year


class Scoring(StrEnum):
    """How a ratio becomes points."""

    NONE = "none"  # shown only
    SHARE = "share"  # most * ratio
    CAPPED = "capped"  # most * ratio / threshold, and no more than most
    VALUE = "value"  # the ratio is a mean of points itself
    STEPS = "steps"  # the points of the highest step reached


class Direction(StrEnum):
    """Which way is better."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


class Standing(StrEnum):
    """What kind of answer a figure is; none of them is another."""

    NUMBER = "number"
    NULL = "null"  # no ratio: nothing to measure, or nobody knows
    NOT_APPLICABLE = "not_applicable"  # not of this kind of agency; no method issued
    NO_DATA = "no_data"  # before go-live, or not connected
    TOO_FEW = "too_few"  # fewer than the set asks for


class Why(StrEnum):
    """Why a figure is not a plain quotient, or what to know of one that is."""

    NOTHING_TO_MEASURE = "nothing_to_measure"  # denominator 0
    NOTHING_COUNTS_ZERO = "nothing_counts_zero"  # denominator 0, by rule 0
    NOTHING_FULL_MARKS = "nothing_full_marks"  # denominator 0, by rule full marks
    LAST_YEARS = "last_years"  # denominator 0, a part of last year's stands in
    NO_LAST_YEAR = "no_last_year"  # that was to stand in, and there is none
    UNKNOWN = "unknown"  # a fact or a claim that nobody knows
    DEPENDS = "depends"  # multiplied by another indicator's ratio, which is none
    METHOD_NOT_ISSUED = "method_not_issued"
    NOT_OF_THIS_KIND = "not_of_this_kind"
    NOT_OF_THIS_KIND_FULL_MARKS = "not_of_this_kind_full_marks"
    ONE_PROCEDURE_ONLY = "one_procedure_only"
    BEFORE_GO_LIVE = "before_go_live"
    NOT_CONNECTED = "not_connected"  # nobody is registered who speaks for it
    SILENT = "silent"  # somebody is and has gone live, and nothing was ever heard of it
    NOT_BEGUN = "not_begun"  # the period
    BELOW_MINIMUM = "below_minimum"
    LARGER_UNKNOWN = "larger_unknown"  # what may be larger than the denominator is not known
    SHARE_STATED = "share_stated"  # a claim of the share alone, without its two numbers
    LIST_INCOMPLETE = "list_incomplete"  # the catalogue has fewer than the list
    OTHER_UNIT = (
        "other_unit"  # the procedure's limit is in another unit: read the figure beside
    )


class Reason(NamedTuple):
    why: Why
    what: str = ""  # a term as `written`, an indicator, a number

    def __str__(self) -> str:
        return f"{self.why}: {self.what}" if self.what else self.why.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Points."""

    rule: Scoring
    most: Fraction
    threshold: Fraction = Fraction(1)  # of CAPPED: from where all points are given
    steps: tuple[tuple[Fraction, Fraction], ...] = ()  # of STEPS: from which ratio how many

    def points(self, ratio: Fraction) -> Fraction:
        """Of a ratio; never below 0 or above `most`."""
        match self.rule:
            case Scoring.CAPPED:
                return self._of_most(ratio / self.threshold)
            case Scoring.VALUE:
                found = ratio
            case Scoring.STEPS:
                found = max(
                    (points for least, points in self.steps if ratio >= least),
                    default=Fraction(0),
                )
            case _:
                return self._of_most(ratio)
        return min(self.most, max(_NOTHING, found))

    def _of_most(self, part: Fraction) -> Fraction:
        # In whole numbers: fractions take ten times as long to be compared.
        if part.numerator <= 0:
            return _NOTHING
        if part.numerator >= part.denominator:
            return self.most
        return self.most * part


_NOTHING: Final = Fraction(0)
UNSCORED: Final = Score(rule=Scoring.NONE, most=Fraction(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What somebody wants a figure to be, by when."""

    value: Fraction  # in the indicator's unit: 80 is 80 %
    due_day: int | None  # the last day to reach it
    source: str
    basis: Basis
    source_vi: str = ""  # "": as `source`


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One indicator, as its file defines it."""

    id: str
    group: str
    name_vi: str
    name_en: str
    definition_vi: str
    definition_en: str
    source: str
    basis: Basis
    numerator: tuple[Term, ...]
    denominator: tuple[Term, ...]  # none: a count
    or_if_larger: tuple[Term, ...] = ()  # another denominator, which counts where it is larger
    times: str = ""  # multiplied by this indicator's ratio, which stands before it
    excluded: tuple[Term, ...] = ()  # left out of both sides, shown beside
    if_zero: IfZero = IfZero.NULL
    last_year: Mapping[Span, int] | None = None  # of LAST_YEAR: by what its total is divided
    unit: Unit = Unit.PERCENT
    decimals: int = 2
    score: Score = UNSCORED
    kinds: frozenset[Kind] = frozenset(Kind)
    one_procedure: bool = False  # of a scope that is one procedure only
    limit_unit: LimitUnit | None = None  # meant for procedures whose limit is in this unit
    direction: Direction = Direction.UP
    target: Target | None = None
    minimum: int = 0  # fewer in the denominator are too few
    listed: int = 0  # how many a national list has; the country's catalogue may have fewer
    method_issued: bool = True  # False: not applicable until a claim says by which method
    reverse_engineered: bool = False
    beside: tuple[str, ...] = ()  # indicators to be shown next to it
    note_vi: str = ""
    note_en: str = ""
    source_vi: str = ""  # "": as `source`

    @property
    def stated(self) -> Term | None:
        """Where it is one claim over its other part: the claim of the share alone."""
        sides = (*self.numerator, *self.denominator)
        if (
            self.unit is Unit.PERCENT
            and len(self.numerator) == len(self.denominator) == 1
            and len({(term.fact, term.claim) for term in sides}) == 1
            and sides[0].fact is Fact.CLAIM
        ):
            return replace(sides[0], sign=1, part="value")
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    id: str
    name_vi: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A verdict on a total, from so many of a hundred points on."""

    least: Fraction
    id: str
    name_vi: str
    name_en: str
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Two sums that must be equal."""

    id: str
    name_vi: str
    name_en: str
    left: tuple[Term, ...]
    right: tuple[Term, ...]


class VolumeClass(NamedTuple):
    """Agencies with at least so many dossiers, and too few for the class above."""

    id: str
    least: int


@dataclass(frozen=True)
class IndicatorSet:
    """One version of a set."""

    id: str
    version: str  # as its owner numbers it
    hash: str  # of all that its file says
    title_vi: str
    title_en: str
    owner: str
    source: str
    basis: Basis
    valid_from: int  # day; periods that begin on it or later
    valid_until: int | None  # the first day that it is no longer valid
    indicators: tuple[Indicator, ...]
    groups: tuple[Group, ...] = ()
    bands: tuple[Band, ...] = ()  # highest first
    bands_of: Fraction = Fraction(100)  # the points that bands are of
    band_from: Fraction = Fraction(0)  # no band while fewer points than this are known
    checks: tuple[Check, ...] = ()
    full_marks_for: frozenset[Kind] = frozenset()  # for what is not applicable to them
    score_decimals: int = 2
    ranked_by: str = ""  # an indicator, or TOTAL
    rank_minimum: int = 0
    volume_classes: tuple[VolumeClass, ...] = ()  # highest first
    source_vi: str = ""  # "": as `source`

    @cached_property
    def by_id(self) -> Mapping[str, Indicator]:
        return {each.id: each for each in self.indicators}

    @cached_property
    def most(self) -> Mapping[str, Decimal | None]:
        """The points that each can have, as shown; None: it has none."""
        return {
            one.id: None
            if one.score.rule is Scoring.NONE
            else rounded(one.score.most, self.score_decimals)
            for one in self.indicators
        }

    @cached_property
    def stated(self) -> Mapping[str, Term | None]:
        """Of each, the claim of its share alone, if there can be one."""
        return {one.id: one.stated for one in self.indicators}

    @cached_property
    def terms(self) -> frozenset[Term]:
        """All that `evaluate` asks for, each as it asks: without a sign."""
        sides = [
            *((*one.numerator, *one.denominator, *one.or_if_larger, *one.excluded)
              for one in self.indicators),
            *((*check.left, *check.right) for check in self.checks),
        ]  # fmt: skip
        return frozenset(
            [
                *(replace(term, sign=1) for side in sides for term in side),
                *(term for term in self.stated.values() if term is not None),
            ]
        )

    @cached_property
    def terms_of_last_year(self) -> frozenset[Term]:
        """Likewise, of the calendar year before; most sets ask for nothing of it."""
        return frozenset(
            replace(term, sign=1)
            for one in self.indicators
            if one.last_year
            for term in (*one.denominator, *one.or_if_larger)
        )

    @cached_property
    def scored(self) -> bool:
        return any(each.score.rule is not Scoring.NONE for each in self.indicators)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """An indicator, evaluated."""

    indicator: Indicator
    standing: Standing
    numerator: int | None = None
    # What it was divided by: the larger of two, or last year's part, rounded to a whole number.
    denominator: int | None = None
    ratio: Fraction | None = None  # exact; with `times` it is not the plain quotient
    factor: Fraction | None = None  # the ratio by which `times` multiplies it; None: not known
    shown: Decimal | None = None  # in the indicator's unit
    score: Decimal | None = None
    most: Decimal | None = None  # points that it could have; None: it has none
    excluded: int | None = None
    distance: Decimal | None = (
        None  # to the target, in the indicator's unit; below it: negative
    )
    reason: Reason | None = None

    @property
    def percent(self) -> Decimal | None:
        return self.shown if self.indicator.unit is Unit.PERCENT else None

    @property
    def factor_percent(self) -> Decimal | None:
        """The factor as it is shown."""
        if self.factor is None:
            return None
        return rounded(self.factor * 100, self.indicator.decimals)


class Sum(NamedTuple):
    """Points of figures, of a group's or of all."""

    total: Decimal | None  # None: no figure has points
    out_of: Decimal  # what those that have points could have had
    empty: Decimal  # points of figures with nothing to measure
    unknown: Decimal  # points of figures that nobody knows, that lack data or are too few
    stated: Decimal = Decimal(0)  # what all could have, as the set states it

    @property
    def applicable(self) -> Decimal:
        """What those could have that are asked of this kind of agency."""
        return self.out_of + self.empty + self.unknown

    @property
    def elsewhere(self) -> Decimal:
        """What those could have that are not asked of it."""
        return self.stated - self.applicable

    @property
    def complete(self) -> bool:
        """Whether nothing rests on what is unknown."""
        return not self.unknown


class Checked(NamedTuple):
    """A check, evaluated; None: a side is not known."""

    check: Check
    left: int | None
    right: int | None

    @property
    def difference(self) -> int | None:
        return None if self.left is None or self.right is None else self.left - self.right


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """All figures of a set for one scope and period."""

    set: IndicatorSet
    kind: Kind
    figures: tuple[Figure, ...]
    groups: Mapping[str, Sum]
    sum: Sum
    band: Band | None
    checked: tuple[Checked, ...]

    @property
    def total(self) -> Decimal | None:
        return self.sum.total

    @property
    def out_of(self) -> Decimal:
        return self.sum.out_of

    @property
    def complete(self) -> bool:
        return self.sum.complete

    def figure(self, indicator: str) -> Figure:
        """Raises `KeyError` where the set has none of the name."""
        for each in self.figures:
            if each.indicator.id == indicator:
                return each
        raise KeyError(indicator)


def rounded(value: Fraction, decimals: int) -> Decimal:
    """Half up; below 0 by size, as people round."""
    return _rounded(value.numerator, value.denominator, decimals)


@lru_cache(maxsize=10_000)
def _rounded(numerator: int, denominator: int, decimals: int) -> Decimal:
    """In whole numbers: a ranking of the country rounds some thousand times, mostly the same small ones."""
    scaled = 2 * abs(numerator) * 10**decimals
    whole = (scaled + denominator) // (2 * denominator)
    return Decimal(whole if numerator >= 0 else -whole).scaleb(-decimals)


def _in_unit(ratio: Fraction, one: Indicator) -> Decimal:
    unit = _ONE[one.unit]
    return _rounded(
        ratio.numerator * unit.denominator, ratio.denominator * unit.numerator, one.decimals
    )


@cache
def written(term: Term) -> str:
    """A term in one line, as a reason names it: `claim adults_online (numerator)`."""
    if term.fact is Fact.CLAIM:
        return f"claim {term.claim} ({term.part})"
    said = [
        f"channel={Channel(term.channel).name.lower()}" if term.channel else "",
        f"level={term.level}" if term.level else "",
        "online" if term.online else "",
        *(
            f"{word}={'+'.join(traits)}"
            for word, traits in (
                ("having", trait_names(term.having)),
                ("lacking", trait_names(term.lacking)),
                ("any_of", trait_names(term.any_of)),
            )
            if traits
        ),
        f"tag={term.tag}" if term.tag else "",
        f"kind={term.kind}" if term.kind else "",
    ]
    narrowed = ", ".join(word for word in said if word)
    return f"{term.fact}[{narrowed}]" if narrowed else term.fact.value


def trait_names(traits: Trait) -> list[str]:
    """As files write them."""
    return [one.name.lower() for one in Trait if one in traits and one.name]


def evaluate(
    indicators: IndicatorSet,
    kind: Kind,
    facts: Facts,
    *,
    span: Span,
    last_year: Facts | None = None,
    one_procedure: bool = False,
    limit_unit: LimitUnit | None = None,
    silent: Why | None = None,
) -> Scorecard:
    """All figures of a scope's facts.

    `limit_unit`: in what the one procedure's limit is. `last_year`: the facts of the calendar year
    before; None where there was none. `silent`: why the scope has no dossiers to count
    (BEFORE_GO_LIVE, NOT_CONNECTED, SILENT); its claims and its catalogue are looked at all the same.
    Of a period that has NOT_BEGUN nothing is.
    """
    asked = _Asked(indicators, kind, facts, span, last_year, one_procedure, limit_unit, silent)
    figures: dict[str, Figure] = {}
    for each in indicators.indicators:
        figures[each.id] = asked.figure(each, figures)
    found = tuple(figures.values())
    whole = _sum(found, indicators)
    return Scorecard(
        set=indicators,
        kind=kind,
        figures=found,
        groups={
            group.id: _sum(
                [each for each in found if each.indicator.group == group.id], indicators
            )
            for group in indicators.groups
        },
        sum=whole,
        band=_band(indicators, whole),
        checked=tuple(
            Checked(check, total(check.left, facts), total(check.right, facts))
            for check in indicators.checks
        ),
    )


def total(terms: Iterable[Term], facts: Facts) -> int | None:
    """Their sum; None where one of them is not known."""
    found = 0
    for term in terms:
        amount = facts(term if term.sign == 1 else _plain(term))
        if amount is None:
            return None
        found += term.sign * amount
    return found


@cache
def _plain(term: Term) -> Term:
    return replace(term, sign=1)


# Not counted of dossiers or petitions: known also of a scope that is silent.
_ELSEWHERE: Final = frozenset(
    {Fact.CLAIM, Fact.SERVICES, Fact.SOURCES, Fact.SOURCES_CONNECTED, Fact.AGENCIES}
)


class _Divided(NamedTuple):
    """A quotient before it is anything more, or why there is none."""

    ratio: Fraction | None
    denominator: int | None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is the same for all figures of a scorecard."""

    indicators: IndicatorSet
    kind: Kind
    facts: Facts
    span: Span
    last_year: Facts | None
    one_procedure: bool
    limit_unit: LimitUnit | None
    silent: Why | None

    def figure(self, each: Indicator, before: Mapping[str, Figure]) -> Figure:
        most = self.indicators.most[each.id]
        if self.kind not in each.kinds:
            full = most is not None and self.kind in self.indicators.full_marks_for
            return Figure(
                indicator=each,
                standing=Standing.NOT_APPLICABLE,
                score=most if full else None,
                most=most if full else None,
                reason=Reason(
                    Why.NOT_OF_THIS_KIND_FULL_MARKS if full else Why.NOT_OF_THIS_KIND
                ),
            )
        if each.one_procedure and not self.one_procedure:
            return Figure(
                indicator=each,
                standing=Standing.NOT_APPLICABLE,
                reason=Reason(Why.ONE_PROCEDURE_ONLY),
            )
        if self.silent is not None and (
            self.silent is Why.NOT_BEGUN
            or any(term.fact not in _ELSEWHERE for term in (*each.numerator, *each.denominator))
        ):
            return Figure(
                indicator=each,
                standing=Standing.NO_DATA,
                most=most,
                reason=Reason(self.silent),
            )
        return self._counted(each, most, before)

    def _counted(
        self, each: Indicator, most: Decimal | None, before: Mapping[str, Figure]
    ) -> Figure:
        numerator = total(each.numerator, self.facts)
        divided = self._divided(each, numerator)
        reason = divided.reason
        ratio = divided.ratio
        standing = Standing.NULL if ratio is None else Standing.NUMBER
        if reason and reason.why is Why.METHOD_NOT_ISSUED:
            standing, most = Standing.NOT_APPLICABLE, None
        if ratio is not None and 0 < (divided.denominator or 0) < each.minimum:
            ratio, standing = None, Standing.TOO_FEW
            reason = Reason(Why.BELOW_MINIMUM, str(each.minimum))
        other = before[each.times] if each.times else None
        if ratio and other is not None:  # 0 times whatever it may be is 0
            if other.ratio is None:
                ratio, standing = None, Standing.NULL
                reason = Reason(Why.DEPENDS, each.times)
            else:
                ratio, reason = ratio * other.ratio, reason or other.reason
        shown = None if ratio is None else _in_unit(ratio, each)
        score = None
        if most is not None and ratio is not None:
            score = rounded(each.score.points(ratio), self.indicators.score_decimals)
        elif reason and reason.why is Why.NOTHING_FULL_MARKS:
            score = most
        return Figure(
            indicator=each,
            standing=standing,
            numerator=numerator,
            denominator=divided.denominator,
            ratio=ratio,
            factor=None if other is None else other.ratio,
            shown=shown,
            score=score,
            most=most,
            excluded=total(each.excluded, self.facts) if each.excluded else None,
            # Of what is shown: whoever takes the target off the figure comes to the same.
            distance=None
            if shown is None or each.target is None
            else rounded(Fraction(shown) - each.target.value, each.decimals),
            reason=reason,
        )

    def _divided(self, each: Indicator, numerator: int | None) -> _Divided:
        if not each.denominator:
            if numerator is None:
                return _Divided(None, None, self._unknown(each, each.numerator))
            return _Divided(_whole(numerator), None)
        denominator, reason = self._denominator(each, self.facts)
        if denominator == 0:
            return self._of_nothing(each, numerator)
        if numerator is None or denominator is None:
            unknown = each.denominator if denominator is None else each.numerator
            return self._stated(each) or _Divided(
                None, denominator, self._unknown(each, unknown)
            )
        if self.kind is Kind.COUNTRY and denominator < each.listed:
            reason = Reason(Why.LIST_INCOMPLETE, str(each.listed))
        if None not in (self.limit_unit, each.limit_unit) and (
            self.limit_unit is not each.limit_unit
        ):
            reason = Reason(Why.OTHER_UNIT, str(self.limit_unit))
        return _Divided(_share(each, Fraction(numerator, denominator)), denominator, reason)

    def _stated(self, each: Indicator) -> _Divided | None:
        """The share as somebody stated it, where its two numbers are not known."""
        term = self.indicators.stated[each.id]
        value = None if term is None else self.facts(term)
        if value is None:
            return None
        return _Divided(
            _share(each, Fraction(value, 100 * MILLION)), None, Reason(Why.SHARE_STATED)
        )

    @staticmethod
    def _denominator(each: Indicator, facts: Facts) -> tuple[int | None, Reason | None]:
        found = total(each.denominator, facts)
        if found is None or not each.or_if_larger:
            return found, None
        other = total(each.or_if_larger, facts)
        if other is None:
            return found, Reason(Why.LARGER_UNKNOWN, _first_unknown(each.or_if_larger, facts))
        return max(found, other), None

    def _unknown(self, each: Indicator, terms: Iterable[Term]) -> Reason:
        what = _first_unknown(terms, self.facts)
        return Reason(Why.UNKNOWN if each.method_issued else Why.METHOD_NOT_ISSUED, what)

    def _of_nothing(self, each: Indicator, numerator: int | None) -> _Divided:
        match each.if_zero:
            case IfZero.NULL:
                return _Divided(None, 0, Reason(Why.NOTHING_TO_MEASURE))
            case IfZero.ZERO:
                return _Divided(Fraction(0), 0, Reason(Why.NOTHING_COUNTS_ZERO))
            case IfZero.FULL_MARKS:
                return _Divided(None, 0, Reason(Why.NOTHING_FULL_MARKS))
            case IfZero.LAST_YEAR:
                return self._of_last_year(each, numerator)
            case _:
                assert_never(each.if_zero)

    def _of_last_year(self, each: Indicator, numerator: int | None) -> _Divided:
        parts = (each.last_year or {}).get(self.span)
        if parts is None:
            return _Divided(
                None, 0, Reason(Why.NOTHING_TO_MEASURE, f"no part for a {self.span}")
            )
        if numerator is None:
            return _Divided(None, 0, self._unknown(each, each.numerator))
        if self.last_year is None:
            return _Divided(Fraction(0), 0, Reason(Why.NO_LAST_YEAR))
        whole, _ = self._denominator(each, self.last_year)
        if whole is None:
            what = _first_unknown(each.denominator, self.last_year)
            return _Divided(None, 0, Reason(Why.UNKNOWN, f"{what} of last year"))
        if whole == 0:
            return _Divided(Fraction(0), 0, Reason(Why.NO_LAST_YEAR))
        part = Fraction(whole, parts)
        return _Divided(
            _share(each, numerator / part),
            int(rounded(part, 0)),
            Reason(Why.LAST_YEARS, f"{whole}/{parts}"),
        )


_whole: Final = lru_cache(maxsize=10_000)(Fraction)


def _share(each: Indicator, ratio: Fraction) -> Fraction:
    """A share is not below 0, though what is taken off may be taken off twice."""
    return _NOTHING if ratio < 0 and each.unit is Unit.PERCENT else ratio


def _first_unknown(terms: Iterable[Term], facts: Facts) -> str:
    """The plain fact that is missing."""
    plain = map(_plain, terms)
    return next((written(term) for term in plain if facts(term) is None), "")


_NO_POINTS: Final = Sum(
    total=None, out_of=Decimal(0), empty=Decimal(0), unknown=Decimal(0), stated=Decimal(0)
)


def _sum(figures: Sequence[Figure], indicators: IndicatorSet) -> Sum:
    if not indicators.scored:
        return _NO_POINTS
    scores = [each.score for each in figures if each.score is not None]
    left = {False: Decimal(0), True: Decimal(0)}
    for each in figures:
        if each.most is not None and each.score is None:
            nothing = each.reason is not None and each.reason.why is Why.NOTHING_TO_MEASURE
            left[nothing] += each.most
    return Sum(
        total=sum(scores, Decimal(0)) if scores else None,
        out_of=sum(
            (each.most for each in figures if each.score is not None and each.most is not None),
            Decimal(0),
        ),
        empty=left[True],
        unknown=left[False],
        stated=sum(
            (indicators.most[each.indicator.id] or Decimal(0) for each in figures), Decimal(0)
        ),
    )


def _band(indicators: IndicatorSet, whole: Sum) -> Band | None:
    """By the share of the points that could be had, where enough of them are known."""
    if whole.total is None or not whole.out_of or whole.out_of < indicators.band_from:
        return None
    reached = Fraction(whole.total) / Fraction(whole.out_of) * indicators.bands_of
    return next((band for band in indicators.bands if reached >= band.least), None)
