"""Official figures as they are known at a cut: sets, readings and claims joined.

Everything that shows an official figure takes it from here, so that a report, the interface, the
console and a metric agree. What others have published stands beside what is counted, with the
difference, and never takes its place.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from typing import Any, Final, NamedTuple, TypeVar

from monitor.domain.codes import level1
from monitor.domain.deadlines import Unit as LimitUnit
from monitor.domain.facts import Fact, Facts, Term
from monitor.domain.indicator import (
    TOTAL,
    Figure,
    Indicator,
    IndicatorSet,
    Kind,
    Scorecard,
    Standing,
    Unit,
    Why,
    evaluate,
    total,
)
from monitor.domain.period import Period, Span
from monitor.domain.ranking import (
    Entry,
    OfIndicator,
    OfPart,
    Part,
    Place,
    by_indicator,
    by_part,
    rank,
)
from monitor.domain.scope import Reach, Scope
from monitor.domain.zone import date_of
from monitor.ledger.balances import NotKnown, cut_at
from monitor.ledger.between import Between, Moved, between
from monitor.ledger.claims import PERCENT, agency_of, official, standing, the_one
from monitor.ledger.follower import Cut
from monitor.ledger.indicator_sets import Version, known_sets, valid_in, versions
from monitor.ledger.policies import load
from monitor.ledger.reading_known import sectors
from monitor.ledger.reading_load import newest, parts
from monitor.ledger.reading_quick import Kept
from monitor.ledger.readings import By as Parts
from monitor.ledger.readings import Reading, breakdown, series
from monitor.ledger.together import Together
from monitor.ledger.unit import BookingClass
from monitor.reference.agencies import Agency, AgencyKind
from monitor.reference.complaints import nearest
from monitor.reference.indicators import set_from
from monitor.reference.policy import Reference
from monitor.reference.sets import reference_of

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """As of what: the same again gives the same figures, whatever is booked since."""

    cut: int  # a number of the journal
    sealed_at: datetime  # UTC; when the cut was published
    as_of_day: int  # the day of that in the policy's zone: what is open is judged at its end
    reference: str  # hash of the reference set in force then; "": none
    epoch: int  # of the policy in force then
    rules: int
    zone: str


@dataclass(frozen=True, slots=True)
class Ground:
    """What figures at one cut rest on. Given as a time, all that is asked by it is of one cut."""

    cut: Cut
    known: Known
    reference: Reference


# None: as known now; a number: at this cut; an instant: at the latest cut published by then.
At = datetime | int | Ground | None


class About(NamedTuple):
    """Whom figures are about."""

    scope: Scope
    kind: Kind
    name: str  # of the agency, as its files say; "" where they do not


class Published(NamedTuple):
    """An official value as somebody claims it: of this scope and exactly this period."""

    value: Decimal | None
    unit: str  # as claimed: percent, points, count
    numerator: int | None
    denominator: int | None
    source: str
    survey: str
    not_issued: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Official:
    """A set's figures for one scope and one period."""

    about: About
    period: Period
    known: Known
    scorecard: Scorecard
    published: Mapping[str, Published]  # by indicator, and `TOTAL`
    before: Scorecard | None = None  # of the period before, where a trend was asked for

    @property
    def set(self) -> IndicatorSet:
        return self.scorecard.set

    @property
    def over(self) -> bool:
        """Whether the period had ended when this was known."""
        return self.known.as_of_day > self.period.last_day

    def apart(self, figure: Figure) -> Decimal | None:
        """Ours less the published one, where both are numbers of one unit."""
        return apart(figure.shown, figure.score, figure.indicator.unit, self.beside(figure))

    def beside(self, figure: Figure) -> Published | None:
        return self.published.get(figure.indicator.id)

    def earlier(self, figure: Figure) -> Figure | None:
        """The same of the period before."""
        if self.before is None or figure.indicator.id not in self.before.set.by_id:
            return None
        return self.before.figure(figure.indicator.id)

    def change(self, figure: Figure) -> Decimal | None:
        """Since the period before, where both were measured: 0 by rule is no starting point."""
        earlier = self.earlier(figure)
        if earlier is None or earlier.shown is None or figure.shown is None:
            return None
        if Why.NOTHING_COUNTS_ZERO in _why(earlier, figure):
            return None
        return figure.shown - earlier.shown


def _why(*figures: Figure) -> set[Why]:
    return {one.reason.why for one in figures if one.reason is not None}


class By(StrEnum):
    """What figures are broken down by."""

    UNIT = "unit"  # the agencies directly below, and the scope's own
    PROCEDURE = "procedure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The figures of a scope, and of its parts, known at one cut."""

    whole: Official
    by: By
    rows: Sequence[Official]


def apart(
    shown: Decimal | None, score: Decimal | None, unit: Unit, published: Published | None
) -> Decimal | None:
    if published is None or published.value is None:
        return None
    ours = score if published.unit == "points" and unit is not Unit.POINTS else shown
    if ours is None or (published.unit not in ("points", unit.value)):
        return None
    return ours - published.value


class Ranked(StrEnum):
    """Who is ranked against each other."""

    MINISTRIES = "ministries"
    PROVINCES = "provinces"
    COMMUNES = "communes"
    DEPARTMENTS = "departments"


_RANKED: Final = {
    Ranked.MINISTRIES: (AgencyKind.MINISTRY, AgencyKind.BODY),
    Ranked.PROVINCES: (AgencyKind.PROVINCE,),
    Ranked.COMMUNES: (AgencyKind.COMMUNE,),
    Ranked.DEPARTMENTS: (AgencyKind.DEPARTMENT,),
}
_KINDS: Final = {
    AgencyKind.MINISTRY: Kind.MINISTRY,
    AgencyKind.BODY: Kind.MINISTRY,
    AgencyKind.PROVINCE: Kind.PROVINCE,
    AgencyKind.DEPARTMENT: Kind.DEPARTMENT,
    AgencyKind.DIVISION: Kind.DIVISION,
    AgencyKind.DISTRICT: Kind.DISTRICT,
    AgencyKind.COMMUNE: Kind.COMMUNE,
    AgencyKind.CENTRE: Kind.CENTRE,
}
ANSWERS: Final = 16  # of a kind, that are remembered
REMEMBERED: Final = 4  # reference sets: the one in force, and those of cuts that are asked for


VOLUME: Final = Term(fact=Fact.RECEIVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Who stands where in a ranking, and what moved it since the period before."""

    place: Place
    now: Official
    before: Official
    by_indicator: tuple[OfIndicator, ...] = ()  # where points are ranked by
    by_procedure: tuple[OfPart, ...] = ()  # where a share is

    @property
    def about(self) -> About:
        return self.now.about


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Agencies of a kind by an indicator or by their points, the best first."""

    set: IndicatorSet
    ranked: Ranked
    by: str  # an indicator, or `TOTAL`
    period: Period
    known: Known
    minimum: int
    positions: Sequence[Position]


class Cause(StrEnum):
    """Why figures of one period differ between two cuts."""

    WENT_ON = "went_on"  # the period was not over at the earlier one
    BOOKED = "booked"  # dossiers or petitions were booked that belong to it
    RECOMPUTED = "recomputed"  # all was booked anew, by other rules or reference files
    SET_CHANGED = "set_changed"  # another version of the set was known
    CLAIMED = "claimed"  # claims came or were corrected


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A figure at two cuts. What moved its sides is None where it is no count of the books."""

    before: Figure | None  # None: the set that was known then had no such indicator
    after: Figure | None
    numerator: Moved | None
    denominator: Moved | None

    @property
    def indicator(self) -> Indicator:
        figure = self.after or self.before
        assert figure is not None  # noqa: S101 - one of the two has it
        return figure.indicator

    @property
    def same(self) -> bool:
        """Whether it says the same, and of as many."""
        return said(self.before) == said(self.after)


def said(figure: Figure | None) -> tuple[Any, ...]:
    """All that is published of a figure."""
    if figure is None:
        return ()
    return (
        figure.standing, figure.numerator, figure.denominator, figure.shown, figure.score,
        figure.most,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One scope and period, as known at two cuts, and what lies between."""

    before: Official
    after: Official
    changes: Sequence[Change]
    causes: Sequence[Cause]
    booked: Mapping[str, Moved]  # by booking class: entries of all these figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Fared:
    """Facts of a scope in a period, and single figures made of facts of the same reading."""

    about: About
    period: Period
    known: Known
    facts: Facts
    sets: Mapping[tuple[str, str], IndicatorSet]  # by set and indicator; each has no other
    evaluated: Callable[[IndicatorSet], Official]

    def figure(self, set_id: str, indicator: str) -> Official | None:
        """Evaluated when it is asked for; None where the set had no version or no such indicator."""
        of = self.sets.get((set_id, indicator))
        return None if of is None else self.evaluated(of)


class NoSuch(LookupError):
    """A set, an agency or a cut that there is none of; the text says which there are."""


def _kept(answers: dict[K, V], asked: K, answer: V, most: int) -> V:
    """Remember an answer, and forget the oldest where there are too many."""
    while len(answers) >= most:
        del answers[next(iter(answers))]
    answers[asked] = answer
    return answer


def _nobody(_done: int, _of: int) -> None:
    """Of progress that nobody watches."""


class Officials:
    """Official figures of one ledger; reference sets are kept once they are read."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._references: dict[str, Reference] = {}
        self._then: dict[tuple[str, int], Reference] = {}  # with the agencies of a day
        # Of cuts, and the policy in force then: they are the same for ever.
        self._rankings: dict[tuple[Any, ...], Ranking] = {}
        self._differences: dict[tuple[Any, ...], Difference] = {}
        self._sets: dict[tuple[Version, ...], Mapping[str, Sequence[IndicatorSet]]] = {}

    async def sets(self, at: datetime | None = None) -> Mapping[str, Sequence[IndicatorSet]]:
        """The sets that are known, by id; each with its versions by their validity."""
        async with self._pool.acquire() as connection:
            return await known_sets(connection, at)

    # -- what is asked for -----------------------------------------------------------------------

    async def scorecard(
        self,
        set_id: str,
        scope: Scope,
        period: Period,
        *,
        known_at: At = None,
        set_hash: str | None = None,
        trend: bool = False,
    ) -> Official:
        """A set's figures for one scope and period, as known now or at a cut.

        `trend`: also those of the period before, at the same cut and by the same set.
        """
        [found] = await self.scorecards(
            set_id, [scope], period, known_at=known_at, set_hash=set_hash, trend=trend
        )
        return found

    async def scorecards(
        self,
        set_id: str,
        scopes: Sequence[Scope],
        period: Period,
        *,
        known_at: At = None,
        set_hash: str | None = None,
        trend: bool = False,
    ) -> list[Official]:
        """The same of many scopes, read at once."""
        ground = await self.ground(known_at)
        indicators = await self._set(set_id, period, ground, set_hash)
        periods = [period, period.before] if trend else [period]
        found, *earlier = await self._of_periods(indicators, scopes, periods, ground)
        if not trend:
            return found
        [before] = earlier
        return [
            replace(one, before=other.scorecard)
            for one, other in zip(found, before, strict=True)
        ]

    async def series(
        self,
        set_id: str,
        scope: Scope,
        periods: Sequence[Period],
        *,
        known_at: At = None,
    ) -> list[Official]:
        """One scope's figures in several periods, all at one cut, each by the set of its time."""
        ground = await self.ground(known_at)
        found: list[Official] = []
        sets = [await self._set(set_id, period, ground, None) for period in periods]
        for _, group in groupby(zip(sets, periods, strict=True), lambda pair: pair[0].hash):
            together = list(group)
            of_set = await self._of_periods(
                together[0][0], [scope], [period for _, period in together], ground
            )
            found += [one for [one] in of_set]
        return found

    async def breakdown(
        self,
        set_id: str,
        scope: Scope,
        period: Period,
        *,
        by: By,
        known_at: At = None,
        set_hash: str | None = None,
    ) -> Breakdown:
        """A scope's figures, and those of its parts; parts of which everything is 0 are left out."""
        ground = await self.ground(known_at)
        indicators = await self._set(set_id, period, ground, set_hash)
        if by is By.UNIT:
            below = await parts(self._pool, ground.reference, scope.agency)
            scopes = [scope._replace(agency=code, reach=Reach.ALL) for code in sorted(below)]
            if scope.agency and scope.reach is Reach.ALL:
                scopes.insert(0, scope._replace(reach=Reach.OWN))
            whole, *found = await self._officials(indicators, [scope, *scopes], period, ground)
        else:
            [whole] = await self._officials(indicators, [scope], period, ground)
            by_procedure = await breakdown(
                self._pool,
                ground.reference,
                scope,
                period,
                indicators.terms,
                Parts.PROCEDURE,
                cut=ground.cut,
                today=ground.known.as_of_day,
            )
            found = [
                _evaluated(
                    indicators,
                    self._about(scope._replace(procedure=code), period, ground),
                    period,
                    ground.known,
                    facts,
                    None,
                    {},
                    limit_unit=_limit_unit(scope._replace(procedure=code), period, ground),
                )
                for code, facts in sorted(by_procedure.items())
            ]
        rows = [one for one in found if not _idle(one)]
        return Breakdown(whole=whole, by=by, rows=tuple(rows))

    async def fared(
        self,
        scopes: Sequence[Scope],
        periods: Sequence[Period],
        wanted: Collection[tuple[str, str]],
        terms: Collection[Term] = (),
        *,
        known_at: At = None,
    ) -> list[list[Fared]]:
        """Single figures (set and indicator) and facts beside them, read in one go: by period, by scope.

        A figure whose set was not valid in a period, or not known, is left out there.
        """
        ground = await self.ground(known_at)
        await self.check(scopes, ground)
        sets = await self._single(wanted, periods, ground)
        asked = {
            *terms,
            *(term for one in sets for each in one.values() for term in each.terms),
        }
        readings = await self._read(scopes, periods, asked, ground)
        return [
            [
                self._fared(
                    of, scope, period, ground, reading.facts(scope), reading.silence(scope)
                )
                for scope in scopes
            ]
            for of, period, reading in zip(sets, periods, readings, strict=True)
        ]

    async def fared_by_procedure(
        self,
        scope: Scope,
        period: Period,
        wanted: Collection[tuple[str, str]],
        terms: Collection[Term] = (),
        *,
        known_at: At = None,
    ) -> list[Fared]:
        """The same of each procedure of a scope that anything is to be told of."""
        ground = await self.ground(known_at)
        await self.check([scope], ground)
        [of] = await self._single(wanted, [period], ground)
        found = await breakdown(
            self._pool,
            ground.reference,
            scope,
            period,
            {*terms, *(term for each in of.values() for term in each.terms)},
            Parts.PROCEDURE,
            cut=ground.cut,
            today=ground.known.as_of_day,
        )
        return [
            self._fared(of, scope._replace(procedure=code), period, ground, facts, None)
            for code, facts in sorted(found.items())
        ]

    async def _single(
        self,
        wanted: Collection[tuple[str, str]],
        periods: Sequence[Period],
        ground: Ground,
    ) -> list[dict[tuple[str, str], IndicatorSet]]:
        """Of each period the sets cut down to what is wanted of them."""
        async with self._pool.acquire() as connection:
            known = await self._known_sets(connection, ground.cut.sealed_at)
        found: list[dict[tuple[str, str], IndicatorSet]] = []
        for period in periods:
            found.append({})
            for set_id, indicator in wanted:
                of = valid_in(known.get(set_id, ()), period)
                if of is not None and indicator in of.by_id:
                    found[-1][set_id, indicator] = only(of, indicator)
        return found

    def _fared(
        self,
        sets: Mapping[tuple[str, str], IndicatorSet],
        scope: Scope,
        period: Period,
        ground: Ground,
        facts: Facts,
        silent: Why | None,
    ) -> Fared:
        about = self._about(scope, period, ground)
        return Fared(
            about=about,
            period=period,
            known=ground.known,
            facts=_booked(facts, ground.known.rules),
            sets=sets,
            evaluated=lambda of: _evaluated(
                of,
                about,
                period,
                ground.known,
                facts,
                None,
                {},
                silent=silent,
                limit_unit=_limit_unit(scope, period, ground),
            ),
        )

    async def difference(
        self,
        set_id: str,
        scope: Scope,
        period: Period,
        *,
        then: At,
        now: At = None,
    ) -> Difference:
        """One scope's figures of a period as known at two cuts, and what moved each."""
        earlier, later = await self.ground(then), await self.ground(now)
        if earlier.cut.seq > later.cut.seq:
            raise NoSuch(
                f"the cut {earlier.cut.seq} is later than {later.cut.seq}: give the earlier one as"
                " the one that is compared with"
            )
        at_both = [await self._set(set_id, period, ground, None) for ground in (earlier, later)]
        sides = [
            side for one in at_both[1].indicators for side in (one.numerator, one.denominator)
        ]
        hashes = tuple(one.hash for one in at_both)
        asked = (hashes, scope, period, earlier.known, later.known)
        if (known := self._differences.get(asked)) is not None:
            return known
        async with Together() as together:
            figures = [
                together.create_task(self._officials(of, [scope], period, ground))
                for of, ground in zip(at_both, (earlier, later), strict=True)
            ]
            moved = together.create_task(self._moved(scope, period, sides, earlier, later))
        [before], [after] = (one.result() for one in figures)
        found, claimed = moved.result()
        difference = Difference(
            before=before,
            after=after,
            changes=_changes(before, after, found.sides),
            causes=_causes(before, after, found, claimed=claimed),
            booked={_CLASSES_SAID[BookingClass(one)]: of for one, of in found.booked.items()},
        )
        return _kept(self._differences, asked, difference, ANSWERS)

    async def _moved(
        self,
        scope: Scope,
        period: Period,
        sides: Sequence[tuple[Term, ...]],
        earlier: Ground,
        later: Ground,
    ) -> tuple[Between, bool]:
        """What was booked between two cuts, and whether anything was claimed."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            found = await between(
                connection,
                later.reference,
                scope,
                period,
                sides,
                earlier.cut,
                later.cut,
                as_of=later.known.as_of_day,
                sector=lambda ministry: sectors(later.reference).get(ministry, frozenset()),
            )
            return found, await _claimed(connection, earlier.cut, later.cut, scope, period)

    async def ranking(
        self,
        set_id: str,
        period: Period,
        *,
        kind: Ranked,
        by: str = "",
        reasons: bool = False,
        known_at: At = None,
        set_hash: str | None = None,
        progressed: Callable[[int, int], None] = _nobody,
    ) -> Ranking:
        """All agencies of a kind, and where they stood in the period before.

        `by`: an indicator, or `TOTAL`; left out, what the set says.
        `reasons`: also which procedures moved a share, for which each agency is read twice more.
        """
        ground = await self.ground(known_at)
        indicators = await self._set(set_id, period, ground, set_hash)
        by = by or indicators.ranked_by or next(iter(indicators.by_id))
        minimum, classes = indicators.rank_minimum, indicators.volume_classes
        if by != TOTAL and by not in indicators.by_id:
            raise NoSuch(_no_indicator(indicators, by))
        if by == TOTAL and not indicators.scored:
            raise NoSuch(
                f"the set {indicators.id} has no points: rank by one of"
                f" {', '.join(indicators.by_id)}"
            )
        scopes = ranked_of(kind, period, ground.reference)
        if not scopes:
            raise NoSuch(
                f"the reference files list no {kind} in {period}: add them to agencies/*.csv"
            )
        asked = (indicators.hash, period, kind, by, reasons, ground.known)
        if (known := self._rankings.get(asked)) is not None:
            return known
        # Agencies as they stood when the period ended, in both periods: by those of today one that has
        # taken over others since would be ranked with their dossiers, beside them.
        ground = self._as_of(period.last_day, ground)
        # Of the period before, nothing is shown but what is ranked by.
        needed = indicators if by == TOTAL else only(indicators, by)
        periods = [period, period.before]
        volumes = await self._readings(indicators, scopes, periods, ground, also=[VOLUME])
        now, before = await self._of_readings(
            indicators, scopes, periods, volumes, ground, earlier=needed
        )
        earlier = rank(_entries(before, volumes[1]), by, classes=classes, minimum=minimum)
        places = rank(
            _entries(now, volumes[0]), by, classes=classes, minimum=minimum, before=earlier
        )
        earlier_of = {str(one.about.scope): one for one in before}
        since = {str(one.about.scope): one for one in now}
        positions = []
        for done, place in enumerate(places):
            progressed(done, len(places))
            one, other = since[place.scope], earlier_of[place.scope]
            positions.append(
                Position(
                    place=place,
                    now=one,
                    before=other,
                    by_indicator=by_indicator(other.scorecard, one.scorecard)
                    if by == TOTAL
                    else (),
                    by_procedure=await self._by_procedure(by, one, period, ground)
                    if reasons and by != TOTAL
                    else (),
                )
            )
        progressed(len(places), len(places))
        ranking = Ranking(
            set=indicators,
            ranked=kind,
            by=by,
            period=period,
            known=ground.known,
            minimum=minimum,
            positions=tuple(positions),
        )
        return _kept(self._rankings, asked, ranking, ANSWERS)

    async def why(
        self, set_id: str, scope: Scope, period: Period, *, by: str, known_at: At = None
    ) -> tuple[OfPart, ...]:
        """What each procedure did to the change of a share since the period before."""
        ground = await self.ground(known_at)
        indicators = await self._set(set_id, period, ground, None)
        if by not in indicators.by_id:
            raise NoSuch(_no_indicator(indicators, by))
        [now] = await self._officials(indicators, [scope], period, ground)
        return await self._by_procedure(by, now, period, ground)

    async def _by_procedure(
        self, by: str, now: Official, period: Period, ground: Ground
    ) -> tuple[OfPart, ...]:
        indicator = now.set.by_id[by]
        if not indicator.denominator:
            return ()
        sides = (indicator.numerator, indicator.denominator)
        halves: list[dict[str, Part]] = []
        for one in (period.before, period):
            found = await breakdown(
                self._pool,
                ground.reference,
                now.about.scope,
                one,
                {replace(term, sign=1) for side in sides for term in side},
                Parts.PROCEDURE,
                cut=ground.cut,
                today=ground.known.as_of_day,
            )
            parts = {}
            for code, facts in found.items():
                numerator, denominator = (total(side, facts) for side in sides)
                if numerator is not None and denominator is not None:
                    parts[code] = Part(numerator, denominator)
            halves.append(parts)
        return by_part(*halves) or ()

    # -- what it rests on ------------------------------------------------------------------------

    async def ground(self, known_at: At) -> Ground:
        """The cut, and the policy in force when it was published.

        Raises `NotKnown` where there is no such cut.
        """
        if isinstance(known_at, Ground):
            return known_at
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            cut = await _cut(connection, known_at)
            row = await connection.fetchrow(
                "SELECT epoch, rules, reference FROM policy WHERE activated_at <= $1"
                " ORDER BY activated_at DESC, epoch DESC LIMIT 1",
                cut.sealed_at,
            )
            if row is None:
                raise NotKnown(
                    "no policy was in force then: a worker registers one when it starts"
                )
            epoch, rules, hash_ = row
            reference = await self._reference(connection, hash_)
        zone = reference.policy.zone
        return Ground(
            cut,
            Known(
                cut=cut.seq,
                sealed_at=cut.sealed_at,
                as_of_day=zone.day(int(cut.sealed_at.timestamp() * 1000)),
                reference=hash_,
                epoch=epoch,
                rules=rules,
                zone=zone.name,
            ),
            reference,
        )

    def _as_of(self, day: int, ground: Ground) -> Ground:
        """The same, with agencies as they stood on a day; as they are, where none has changed since."""
        asked = (ground.known.reference, day)
        if asked not in self._then:
            then = ground.reference.agencies.as_of(day)
            same = then == ground.reference.agencies
            reference = ground.reference if same else replace(ground.reference, agencies=then)
            _kept(self._then, asked, reference, ANSWERS)
        return replace(ground, reference=self._then[asked])

    async def check(self, scopes: Sequence[Scope], ground: Ground) -> None:
        """Raises `NoSuch` for an agency of which nothing can be known.

        A unit that no file lists is measured all the same, once anything is booked of it.
        """
        unlisted = {one.agency for one in scopes if not _listed(one, ground.reference)}
        if not unlisted:
            return
        async with self._pool.acquire() as connection:
            unknown = await connection.fetchval(_NEVER_BOOKED, sorted(unlisted))
        if unknown is not None:
            raise NoSuch(
                f"{unknown} is in no list of agencies and nothing was ever booked of it; write"
                " country, or an agency of agencies/*.csv or one below it that sends"
            )

    async def _reference(self, connection: Any, hash_: str) -> Reference:
        known = self._references.get(hash_)
        if known is None:
            stored = await load(connection, hash_)
            try:
                # In a thread: a tenth of a second for a nation's files.
                known = await asyncio.to_thread(reference_of, stored)
            except LookupError:
                raise NotKnown(
                    "this ledger is booked without reference files (EMC_REFERENCE), and official"
                    " figures need them: run `emc recompute --reference FOLDER`"
                ) from None
            _kept(self._references, hash_, known, REMEMBERED)
        return known

    async def _set(
        self, set_id: str, period: Period, ground: Ground, set_hash: str | None
    ) -> IndicatorSet:
        async with self._pool.acquire() as connection:
            if set_hash is not None:
                return await _set_of(connection, set_hash)
            known = await self._known_sets(connection, ground.cut.sealed_at)
        return chosen(known, set_id, period)

    async def _known_sets(
        self, connection: Any, at: datetime
    ) -> Mapping[str, Sequence[IndicatorSet]]:
        """Read anew only where other versions were known than are remembered."""
        there = await versions(connection)
        known = tuple(one for one in there if one.known_at <= at)
        if known not in self._sets:
            _kept(self._sets, known, await known_sets(connection, at), REMEMBERED)
        return self._sets[known]

    def _about(self, scope: Scope, period: Period, ground: Ground) -> About:
        reference = ground.reference
        day = min(period.last_day, ground.known.as_of_day)
        if scope.procedure:
            row = reference.procedures.on(scope.procedure, day)
            name = "" if row is None else row.name_vi
            return About(scope, self._kind(scope.agency, day, reference), name)
        agency = _row(reference, scope.agency, day)
        return About(
            scope,
            self._kind(scope.agency, day, reference),
            "" if agency is None else agency.name,
        )

    @staticmethod
    def _kind(code: str, day: int, reference: Reference) -> Kind:
        if not code:
            return Kind.COUNTRY
        agency = _row(reference, code, day)
        # A unit that a deployment does not list is measured all the same.
        return Kind.CENTRE if agency is None else _KINDS[agency.kind]

    async def _officials(
        self,
        indicators: IndicatorSet,
        scopes: Sequence[Scope],
        period: Period,
        ground: Ground,
    ) -> list[Official]:
        [found] = await self._of_periods(indicators, scopes, [period], ground)
        return found

    async def _of_periods(
        self,
        indicators: IndicatorSet,
        scopes: Sequence[Scope],
        periods: Sequence[Period],
        ground: Ground,
    ) -> list[list[Official]]:
        """The figures of all scopes in each period, read in one go."""
        readings = await self._readings(indicators, scopes, periods, ground)
        return await self._of_readings(indicators, scopes, periods, readings, ground)

    async def _readings(
        self,
        indicators: IndicatorSet,
        scopes: Sequence[Scope],
        periods: Sequence[Period],
        ground: Ground,
        *,
        also: Collection[Term] = (),
    ) -> list[Reading]:
        """What a set, and further terms, ask for: of the periods, then of each one's last year."""
        await self.check(scopes, ground)
        years = [one.year_before for one in periods] if indicators.terms_of_last_year else []
        return await self._read(
            scopes,
            [*periods, *years],
            {*indicators.terms, *indicators.terms_of_last_year, *also},
            ground,
        )

    async def _of_readings(
        self,
        indicators: IndicatorSet,
        scopes: Sequence[Scope],
        periods: Sequence[Period],
        readings: Sequence[Reading],
        ground: Ground,
        *,
        earlier: IndicatorSet | None = None,
    ) -> list[list[Official]]:
        """`earlier`: of all periods but the first no more than this part of the set."""
        years = readings[len(periods) :]
        found = []
        for place, period in enumerate(periods):
            evaluated = earlier if earlier is not None and place else indicators
            reading = readings[place]
            last_year = years[place] if years else None
            published = await self._published(indicators, scopes, period, ground)
            found.append(
                [
                    _evaluated(
                        evaluated,
                        self._about(scope, period, ground),
                        period,
                        ground.known,
                        reading.facts(scope),
                        None if last_year is None else last_year.facts(scope),
                        published.get(scope, {}),
                        silent=reading.silence(scope),
                        limit_unit=_limit_unit(scope, period, ground),
                    )
                    for scope in scopes
                ]
            )
        return found

    async def _read(
        self,
        scopes: Sequence[Scope],
        periods: Sequence[Period],
        terms: Collection[Term],
        ground: Ground,
    ) -> list[Reading]:
        return await series(
            self._pool,
            ground.reference,
            scopes,
            periods,
            terms,
            cut=ground.cut,
            today=ground.known.as_of_day,
        )

    async def _published(
        self,
        indicators: IndicatorSet,
        scopes: Sequence[Scope],
        period: Period,
        ground: Ground,
    ) -> dict[Scope, dict[str, Published]]:
        asked = {}
        for one in (*indicators.by_id, TOTAL):
            asked[official(indicators.id, one)] = one
            asked.setdefault(official(indicators.id, one, percent=True), one)
        agencies = {code: scope for scope in scopes if (code := agency_of(scope)) is not None}
        async with self._pool.acquire() as connection:
            claims = await standing(
                connection,
                indicators=list(asked),
                agencies=list(agencies),
                first_day=period.first_day,
                last_day=period.last_day,
                cut=ground.cut.seq,
            )
        found: dict[Scope, dict[str, Published]] = {}
        for (name, agency, *_), claim in the_one(claims).items():
            beside = found.setdefault(agencies[agency], {})
            # Where somebody claims points and a share of one indicator, points stand.
            if asked[name] not in beside or not name.endswith(f":{PERCENT}"):
                beside[asked[name]] = Published(
                    claim.value,
                    claim.unit,
                    claim.numerator,
                    claim.denominator,
                    claim.source,
                    claim.survey,
                    claim.not_issued,
                )
        return found


def _changes(
    before: Official, after: Official, moved: Sequence[Moved | None]
) -> tuple[Change, ...]:
    """Of every indicator that either set has, in the later one's order."""
    then = {figure.indicator.id: figure for figure in before.scorecard.figures}
    found = []
    for place, figure in enumerate(after.scorecard.figures):
        found.append(
            Change(
                before=then.pop(figure.indicator.id, None),
                after=figure,
                numerator=moved[2 * place],
                denominator=moved[2 * place + 1],
            )
        )
    gone = [
        Change(before=figure, after=None, numerator=None, denominator=None)
        for figure in then.values()
    ]
    return (*found, *gone)


def _causes(
    before: Official, after: Official, found: Between, *, claimed: bool
) -> tuple[Cause, ...]:
    recomputed = before.known.epoch != after.known.epoch
    moved = any(
        one.came or one.went
        for class_, one in found.booked.items()
        if class_ != BookingClass.RECOMPUTE
    )
    held = {
        Cause.WENT_ON: not before.over and before.known.as_of_day != after.known.as_of_day,
        Cause.BOOKED: moved,
        Cause.RECOMPUTED: recomputed,
        Cause.SET_CHANGED: before.set.hash != after.set.hash,
        Cause.CLAIMED: claimed,
    }
    return tuple(cause for cause, holds in held.items() if holds)


async def _claimed(connection: Any, then: Cut, now: Cut, scope: Scope, period: Period) -> bool:
    """Whether a claim of this scope and period came between two cuts."""
    agency = agency_of(scope)
    if agency is None:
        return False
    at_both = [
        await standing(
            connection,
            agencies=[agency],
            first_day=period.first_day,
            last_day=period.last_day,
            cut=cut.seq,
        )
        for cut in (then, now)
    ]
    return at_both[0] != at_both[1]


_CLASSES_SAID: Final = {
    BookingClass.LIVE: "live",
    BookingClass.LATE: "late",
    BookingClass.BACKFILL: "backfill",
    BookingClass.RECOMPUTE: "recompute",
}


def chosen(
    known: Mapping[str, Sequence[IndicatorSet]], set_id: str, period: Period
) -> IndicatorSet:
    """The version of a set that is valid when a period begins. Raises `NoSuch`."""
    if set_id not in known:
        there = ", ".join(sorted(known)) or "none: a worker stores them when it starts"
        meant = nearest(set_id, known)
        raise NoSuch(
            f"there is no set of indicators {set_id!r};"
            + (f" did you mean {meant}?" if meant else "")
            + f" There are: {there}"
        )
    if (found := valid_in(known[set_id], period)) is not None:
        return found
    valid = "; ".join(
        f"from {date_of(one.valid_from)}"
        + (f" until {date_of(one.valid_until - 1)}" if one.valid_until else "")
        for one in known[set_id]
    )
    raise NoSuch(f"the set {set_id!r} is not valid in {period}: it is {valid}")


def only(indicators: IndicatorSet, by: str) -> IndicatorSet:
    """A set with one indicator, and those whose ratio it is multiplied by."""
    wanted = {by}
    for one in reversed(indicators.indicators):
        if one.id in wanted and one.times:
            wanted.add(one.times)
    return replace(
        indicators,
        indicators=tuple(one for one in indicators.indicators if one.id in wanted),
        groups=(),
        checks=(),
    )


def _entries(officials: Sequence[Official], volumes: Reading) -> list[Entry]:
    return [
        Entry(
            str(one.about.scope),
            one.about.kind,
            volumes.facts(one.about.scope)(VOLUME),
            one.scorecard,
        )
        for one in officials
    ]


async def _set_of(connection: Any, hash_: str) -> IndicatorSet:
    """The very version that was used. Raises `NoSuch`."""
    row = await connection.fetchrow(
        "SELECT file, content FROM indicator_set JOIN indicator_text USING (hash)"
        " WHERE hash = $1 ORDER BY known_at LIMIT 1",
        hash_,
    )
    if row is None:
        raise NoSuch(f"the ledger has no set of indicators with the hash {hash_}")
    return await asyncio.to_thread(set_from, row["file"], row["content"])


def ranked_of(kind: Ranked, period: Period, reference: Reference) -> list[Scope]:
    """The agencies of a kind on a period's last day."""
    return [
        Scope(code)
        for code, agency in reference.agencies.at(period.last_day).items()
        if agency.kind in _RANKED[kind]
    ]


def _no_indicator(indicators: IndicatorSet, asked: str) -> str:
    meant = nearest(asked, indicators.by_id)
    return (
        f"the set {indicators.id} has no indicator {asked!r};"
        + (f" did you mean {meant}?" if meant else "")
        + f" There are: {', '.join(indicators.by_id)}"
    )


# A dot parts an agency and what is below it; the sign after the dot is the slash.
_NEVER_BOOKED: Final = """
    SELECT asked FROM unnest($1::text[]) AS asked
    WHERE NOT EXISTS (SELECT FROM cell WHERE agency = asked)
      AND NOT EXISTS (SELECT FROM cell WHERE agency >= asked || '.' AND agency < asked || '/')
    LIMIT 1
"""


def _listed(scope: Scope, reference: Reference) -> bool:
    """Whether the files list an agency. Raises `NoSuch` where they do not even list what is above."""
    agency = scope.agency
    if not agency or reference.agencies.rows(agency):
        return True
    if not reference.agencies.rows(level1(agency)):
        meant = nearest(agency, reference.agencies.codes())
        raise NoSuch(
            f"{agency} is in no list of agencies"
            + (f"; did you mean {meant}?" if meant else "")
            + "; write country, or an agency of agencies/*.csv or below one"
        )
    return False


def _limit_unit(scope: Scope, period: Period, ground: Ground) -> LimitUnit | None:
    """In what the limit of a scope's one procedure is said when a period ends."""
    if not scope.procedure:
        return None
    day = min(period.last_day, ground.known.as_of_day)
    return ground.reference.procedures.limit_unit(scope.procedure, day)


def _row(reference: Reference, code: str, day: int) -> Agency | None:
    """As it is on a day; as it last was, where it has ended or is not yet."""
    agencies = reference.agencies
    found = agencies.on(code, day)
    rows = agencies.rows(code)
    return found or (rows[-1].value if rows else None)


def _evaluated(
    indicators: IndicatorSet,
    about: About,
    period: Period,
    known: Known,
    facts: Facts,
    last_year: Facts | None,
    published: Mapping[str, Published],
    *,
    silent: Why | None = None,
    limit_unit: LimitUnit | None = None,
) -> Official:
    card = _scorecard(
        indicators,
        about.kind,
        _booked(facts, known.rules),
        period.span,
        last_year and _booked(last_year, known.rules),
        one_procedure=bool(about.scope.procedure),
        limit_unit=limit_unit,
        silent=silent,
    )
    return Official(
        about=about, period=period, known=known, scorecard=card, published=published
    )


# What follows from facts follows from them again: they are read anew, each time, and only what
# `evaluate` makes of the same ones is remembered.
_cards: dict[tuple[object, ...], tuple[IndicatorSet, Scorecard]] = {}
_REMEMBERED: Final = 10_000


def _scorecard(
    indicators: IndicatorSet,
    kind: Kind,
    facts: Facts,
    span: Span,
    last_year: Facts | None,
    *,
    one_procedure: bool,
    limit_unit: LimitUnit | None,
    silent: Why | None,
) -> Scorecard:
    key = (
        id(indicators),
        kind,
        span,
        limit_unit,
        one_procedure,
        silent,
        tuple(map(facts, indicators.terms)),
        last_year and tuple(map(last_year, indicators.terms_of_last_year)),
    )
    same_set, card = _cards.get(key, (None, None))
    if card is None or same_set is not indicators:
        card = evaluate(
            indicators,
            kind,
            facts,
            span=span,
            last_year=last_year,
            one_procedure=one_procedure,
            limit_unit=limit_unit,
            silent=silent,
        )
        if len(_cards) >= _REMEMBERED:
            _cards.clear()
        _cards[key] = indicators, card
    return card


# From this rules version on dossiers are booked by traits, ratings and times by receipt day.
_TRAITS_SINCE: Final = 6
_SINCE_TRAITS: Final = frozenset(
    {
        Fact.TIMED_RECEIVED, Fact.ELAPSED_RECEIVED, Fact.WORKED_RECEIVED,
        Fact.RATINGS, Fact.RATINGS_SATISFIED,
    }
)  # fmt: skip


def _booked(facts: Facts, rules: int) -> Facts:
    """What was not booked yet is not known: it is not 0."""
    if rules >= _TRAITS_SINCE:
        return facts

    def known(term: Term) -> int | None:
        by_traits = term.having or term.lacking or term.any_of
        # What the catalogue says of services was never booked, and is known all the same.
        if (by_traits and term.fact is not Fact.SERVICES) or term.fact in _SINCE_TRAITS:
            return None
        return facts(term)

    return known


def _idle(of: Official) -> bool:
    """Whether nothing is there to be told of: every figure is known, and is of 0."""
    return all(
        one.standing in (Standing.NUMBER, Standing.NULL)
        and one.numerator == 0
        and not one.denominator
        for one in of.scorecard.figures
    )


async def _cut(connection: Any, known_at: datetime | int | None) -> Cut:
    """The newest, the one of a number, or the last by an instant. Raises `NotKnown`."""
    if known_at is None:
        return await newest(connection, await Kept.now(connection))
    if isinstance(known_at, datetime):
        return await cut_at(connection, known_at)
    row = await connection.fetchrow(
        "SELECT seq, read_at, sealed_at FROM cut WHERE seq = $1", known_at
    )
    if row is not None:
        return Cut(*row)
    first, last = await connection.fetchrow("SELECT min(seq), max(seq) FROM cut")
    if first is None:
        raise NotKnown("there is no cut yet; a worker makes the first")
    raise NotKnown(
        f"there is no cut {known_at}: cuts are numbers of the journal from {first} to {last};"
        " ask for a time instead, and the latest cut by then is taken"
    )
