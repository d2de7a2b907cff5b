"""Readings: the ledger's answers to official figures, for scopes and periods, at a sealed cut.

What is known now is what was known at the newest cut that the follower has folded: a reading says
which, and asked again at that cut it gives the same. None is an answer: nobody knows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from monitor.domain.composition import COMPLAINT, Share, Sum, Window, made_of
from monitor.domain.event import Channel, Level
from monitor.domain.facts import ANY, Fact, Facts, Term
from monitor.domain.period import Period
from monitor.domain.scope import COUNTRY, Reach, Scope
from monitor.ledger.balances import NotKnown
from monitor.ledger.follower import Cut
from monitor.ledger.reading_sums import Books, Stretches, Sums, from_books, marks_of
from monitor.ledger.register_then import Registered, heard, register_then
from monitor.reference.hierarchy import Hierarchy, hierarchy
from monitor.reference.policy import Reference
from monitor.reference.services import Services, national, of, services_on


class By(StrEnum):
    """What a scope's facts are broken down by."""

    PROCEDURE = "procedure"
    CHANNEL = "channel"
    LEVEL = "level"
    PART = "part"  # the agencies directly below


@dataclass(frozen=True, slots=True)
class Stated:
    """What a claim states, of whom and when."""

    numerator: int | None
    denominator: int | None


@dataclass(frozen=True)
class Reading:
    """Facts of scopes in a period, as known at a cut."""

    cut: Cut
    known_at: datetime  # when the cut was published
    reference: str  # hash of the reference set by which agencies and procedures are told
    period: Period
    as_of_day: int  # what is said of the end of the period is said of 24:00 of this day
    _known: "_Known" = field(repr=False, compare=False)

    def facts(self, scope: Scope) -> Facts:
        """The facts of one of the scopes that were read; `KeyError` of a term that was not."""
        return self._known.facts(scope, self.period)

    def heard(self, scope: Scope) -> bool:
        """Whether anybody who speaks for a scope has gone live by the end of the period."""
        return self._known.heard(scope, self.period)


async def read(
    pool: Any,
    reference: Reference,
    scopes: Sequence[Scope],
    period: Period,
    terms: Iterable[Term],
    *,
    cut: Cut | None = None,
    today: int,
) -> Reading:
    """The facts that terms name, of scopes in a period, at a cut; now where there is none.

    Raises `Unanswerable` for a term that no account tells, `NotKnown` before the first cut.
    """
    [reading] = await series(pool, reference, scopes, [period], terms, cut=cut, today=today)
    return reading


async def series(
    pool: Any,
    reference: Reference,
    scopes: Sequence[Scope],
    periods: Sequence[Period],
    terms: Iterable[Term],
    *,
    cut: Cut | None = None,
    today: int,
) -> list[Reading]:
    """The same of several periods, all at one cut."""
    known = await _read(pool, reference, scopes, periods, set(terms), cut=cut, today=today)
    return [
        Reading(
            known.cut,
            known.cut.sealed_at,
            reference.version,
            period,
            min(period.last_day, today),
            known,
        )
        for period in periods
    ]


async def breakdown(
    pool: Any,
    reference: Reference,
    scope: Scope,
    period: Period,
    terms: Iterable[Term],
    by: By,
    *,
    cut: Cut | None = None,
    today: int,
) -> dict[str, Facts]:
    """A scope's facts by procedure, channel, level or the agencies directly below it, by code.

    Procedures of which every fact is 0 are left out. By channel and level, a term that asks for
    one already keeps it, and is 0 in the others.
    """
    wanted = set(terms)
    if by in (By.CHANNEL, By.LEVEL):
        return await _by_value(pool, reference, scope, period, wanted, by, cut=cut, today=today)
    scopes = [scope]
    if by is By.PART:
        booked = await booked_codes(pool)
        scopes = [
            replace_agency(scope, part)
            for part in hierarchy(reference.agencies, booked).parts(scope.agency)
        ]
    known = await _read(
        pool,
        reference,
        scopes,
        [period],
        wanted,
        cut=cut,
        today=today,
        by_procedure=by is By.PROCEDURE,
    )
    if by is By.PROCEDURE:
        scopes = [scope._replace(procedure=code) for code in known.procedures(scope)]
    facts = {
        one.procedure if by is By.PROCEDURE else one.agency: known.facts(one, period)
        for one in scopes
    }
    if by is By.PART:
        return facts
    return {code: found for code, found in facts.items() if any(found(term) for term in wanted)}


def replace_agency(scope: Scope, agency: str) -> Scope:
    """The same of another agency and all below it."""
    return scope._replace(agency=agency, reach=Reach.ALL)


_VALUES: Final[Mapping[By, tuple[int, ...]]] = {
    By.CHANNEL: tuple(map(int, Channel)),
    By.LEVEL: tuple(map(int, Level)),
}


async def _by_value(
    pool: Any,
    reference: Reference,
    scope: Scope,
    period: Period,
    terms: set[Term],
    by: By,
    *,
    cut: Cut | None,
    today: int,
) -> dict[str, Facts]:
    """By channel or level, of which 0, unsaid, is what all others leave."""
    values = [value for value in _VALUES[by] if value != ANY]
    name = str(by)
    narrowed = {
        (term, value): (
            replace(term, channel=value) if by is By.CHANNEL else replace(term, level=value)
        )
        for term in terms
        for value in values
        if getattr(term, name) in (ANY, value)
    }
    reading = await read(
        pool,
        reference,
        [scope],
        period,
        {*terms, *narrowed.values()},
        cut=cut,
        today=today,
    )
    whole = reading.facts(scope)

    def of_value(value: int) -> Facts:
        def fact(term: Term) -> int | None:
            asked = narrowed.get((term, value))
            return 0 if asked is None else whole(asked)

        return fact

    def unsaid(term: Term) -> int | None:
        if getattr(term, name) != ANY:
            return 0
        parts = [whole(term), *(whole(narrowed[term, value]) for value in values)]
        total, *said = [part for part in parts if part is not None]
        return None if len(said) + 1 < len(parts) else total - sum(said)

    return {str(value): of_value(value) for value in values} | {str(int(ANY)): unsaid}


# -- what is read --------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """A scope, and where it is in what was read."""

    scope: Scope
    agencies: frozenset[str]
    heard: bool  # whether anybody has gone live who speaks for it


@dataclass(frozen=True)
class _Known:
    """All that was read for some scopes and periods."""

    reference: Reference
    cut: Cut
    today: int
    made: Mapping[Term, tuple[Share, ...]]
    numbers: Mapping[Sum, int]
    sums: Sums
    marks: Sequence[Sequence[Any]]  # of complaints: agency, procedure, mark, stretch, amount
    hierarchy: Hierarchy
    register: Sequence[Registered]
    connected: Mapping[int, Mapping[str, bool]]  # by the last day of a period, by source
    claims: Mapping[tuple[str, str, int, int], Stated]  # by indicator, agency, days
    _meanings: dict[Scope, Callable[[str], bool]] = field(default_factory=dict)

    def facts(self, scope: Scope, period: Period) -> Facts:
        place = _Place(scope, self.hierarchy.holds(scope), self.heard(scope, period))
        return lambda term: self._fact(place, period, term)

    def heard(self, scope: Scope, period: Period) -> bool:
        day = min(period.last_day, self.today)
        return heard(self.register, scope, day, self.hierarchy)

    def _fact(self, place: _Place, period: Period, term: Term) -> int | None:
        shares = self.made[term]
        day = min(period.last_day, self.today)
        if period.first_day > self.today:
            return None
        scope = place.scope
        match term.fact:
            case Fact.CLAIM:
                return self._claim(scope, period, term)
            case Fact.SERVICES:
                return self._services(day).count(scope, term)
            case Fact.AGENCIES:
                return self._agencies(scope, day, term.kind)
            case Fact.SOURCES:
                return len(self._sources(scope, day)) if self.register else None
            case Fact.SOURCES_CONNECTED:
                return self._connected(scope, period, day) if self.register else None
            case _:
                pass
        if not heard(self.register, scope, day, self.hierarchy):
            return None
        if term.fact is Fact.SERVICES_RECEIVED:
            return self._received(place, period, term, shares[0])
        if term.fact is Fact.COMPLAINTS:
            return self._complaints(place, period)
        return sum(share.weight * self._amount(place, period, day, share) for share in shares)

    def _complaints(self, place: _Place, period: Period) -> int:
        """Distinct dossiers that petitions complain about: their marks are the slots."""
        day = min(period.last_day, self.today)
        first, after = self.sums.stretches.within(Window.IN, period, day)
        found: dict[int, int] = {}
        for agency, procedure, mark, stretch, amount in self.marks:
            if (
                first <= stretch < after
                and agency in place.agencies
                and self._meant(place.scope, procedure)
            ):
                found[mark] = found.get(mark, 0) + amount
        return sum(1 for petitions in found.values() if petitions > 0)

    def procedures(self, scope: Scope) -> list[str]:
        """The procedures of which anything was found in a scope."""
        agencies = self.hierarchy.holds(scope)
        return sorted(
            {
                procedure
                for number in self.numbers.values()
                for agency, procedure in self.sums.places(number)
                if agency in agencies and self._meant(scope, procedure)
            }
        )

    def _amount(self, place: _Place, period: Period, day: int, share: Share) -> int:
        first, after = self.sums.stretches.within(share.window, period, day)
        lines = self._lines(place, of_period(share.sum, day))
        return sum(sum(amounts[first:after]) for _, amounts in lines)

    def _received(self, place: _Place, period: Period, term: Term, share: Share) -> int:
        """Distinct procedures of which more than 0 were received."""
        day = min(period.last_day, self.today)
        first, after = self.sums.stretches.within(share.window, period, day)
        received: dict[str, int] = {}
        for procedure, amounts in self._lines(place, share.sum):
            received[procedure] = received.get(procedure, 0) + sum(amounts[first:after])
        catalogue = self._services(day) if term.tag or term.online else None
        return sum(
            1
            for procedure, dossiers in received.items()
            if dossiers > 0 and (catalogue is None or catalogue.has(procedure, term))
        )

    def _lines(self, place: _Place, asked: Sum) -> Iterator[tuple[str, Sequence[int]]]:
        found = self.sums.places(self.numbers[asked])
        for (agency, procedure), amounts in found.items():
            if agency in place.agencies and self._meant(place.scope, procedure):
                yield procedure, amounts

    def _meant(self, scope: Scope, procedure: str) -> bool:
        if scope not in self._meanings:
            self._meanings[scope] = meant(scope, self.reference)
        return self._meanings[scope](procedure)

    def _services(self, day: int) -> Services:
        return services_on(self.reference, day)

    def _agencies(self, scope: Scope, day: int, kind: str) -> int:
        agencies = self.reference.agencies
        below = (
            agencies.descendants(scope.agency, day) if scope.agency else agencies.at(day).keys()
        )
        return sum(
            1
            for code in below
            if (row := agencies.on(code, day)) and (not kind or row.kind == kind)
        )

    def _sources(self, scope: Scope, day: int) -> list[str]:
        return [
            source.code
            for source in self.register
            if source.live(day) and source.speaks_for(scope, self.hierarchy)
        ]

    def _connected(self, scope: Scope, period: Period, day: int) -> int | None:
        sources = self._sources(scope, day)
        judged = self.connected.get(period.last_day, {})
        if sources and judged.keys().isdisjoint(sources):
            return None
        return sum(judged.get(source, False) for source in sources)

    def _claim(self, scope: Scope, period: Period, term: Term) -> int | None:
        key = (term.claim, scope.agency or COUNTRY, period.first_day, period.last_day)
        stated = self.claims.get(key)
        if stated is None or scope.procedure or scope.reach is not Reach.ALL:
            return None
        return stated.denominator if term.part == "denominator" else stated.numerator


def of_period(asked: Sum, day: int) -> Sum:
    """The sum whose slots are those up to a period's last day, where that is asked for."""
    return asked._replace(last_slot=day, until_end=False) if asked.until_end else asked


def meant(scope: Scope, reference: Reference) -> Callable[[str], bool]:
    """Tells of a procedure whether a scope means it: all, one with its own forms, a sector's."""
    if scope.reach is Reach.SECTOR:
        sector = sectors(reference).get(reference.agencies.present(scope.agency), frozenset())
        return lambda code: (
            not sector.isdisjoint((code, national(code)))
            and (not scope.procedure or of(scope.procedure, code))
        )
    if scope.procedure:
        return lambda code: of(scope.procedure, code)
    return lambda _: True


def sectors(reference: Reference) -> dict[str, frozenset[str]]:
    """The procedures of each ministry's sector, by the catalogue's last word on each."""
    found: dict[str, set[str]] = {}
    for code, ministry in reference.procedures.ministries().items():
        found.setdefault(reference.agencies.present(ministry), set()).add(code)
    return {ministry: frozenset(codes) for ministry, codes in found.items()}


async def _read(
    pool: Any,
    reference: Reference,
    scopes: Sequence[Scope],
    periods: Sequence[Period],
    terms: set[Term],
    *,
    cut: Cut | None,
    today: int,
    by_procedure: bool = False,
) -> _Known:
    made = {term: made_of(term) for term in terms}
    begun = [period for period in periods if period.first_day <= today]
    numbers: dict[Sum, int] = {}
    standing: set[Sum] = set()
    for term, shares in made.items():
        if term.fact is Fact.COMPLAINTS:
            continue
        for share in shares:
            for period in begun:
                asked = of_period(share.sum, min(period.last_day, today))
                numbers.setdefault(asked, len(numbers))
            if share.window is not Window.IN:
                standing.add(share.sum)
    by_procedure = (
        by_procedure
        or any(scope.procedure or scope.reach is Reach.SECTOR for scope in scopes)
        or any(term.fact is Fact.SERVICES_RECEIVED for term in terms)
    )
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        at = await newest(connection) if cut is None else cut
        stretches = Stretches.of(begun, today)
        books = await Books.at(connection, at)
        sums = await from_books(
            connection, books, numbers, standing, stretches, by_procedure=by_procedure
        )
        marks: Sequence[Sequence[Any]] = ()
        if begun and any(term.fact is Fact.COMPLAINTS for term in terms):
            marks = await marks_of(connection, books, COMPLAINT, stretches)
        zone = reference.policy.zone
        register = await register_then(connection, at.read_at, zone)
        connected = {}
        if any(term.fact is Fact.SOURCES_CONNECTED for term in terms):
            for period in periods:
                ends_ms = zone.start_of(min(period.last_day, today) + 1)
                connected[period.last_day] = await _judged(connection, ends_ms, at)
        claims = {}
        if any(term.fact is Fact.CLAIM for term in terms):
            claims = await _claims(connection, scopes, periods, at)
        booked = await booked_codes(connection)
    return _Known(
        reference,
        at,
        today,
        made,
        numbers,
        sums,
        marks,
        hierarchy(reference.agencies, booked),
        register,
        connected,
        claims,
    )


async def newest(connection: Any) -> Cut:
    """The newest cut that the follower has folded. Raises `NotKnown`."""
    row = await connection.fetchrow(
        "SELECT seq, read_at, sealed_at FROM cut WHERE seq <= (SELECT seq FROM follower)"
        " ORDER BY seq DESC LIMIT 1"
    )
    if row is None:
        raise NotKnown("nothing is known of before the first cut; a worker makes one")
    return Cut(*row)


# Of each the next, by the index that begins with them: there are as many cells as dossiers may be.
_BOOKED: Final = """
    WITH RECURSIVE booked AS (
        (SELECT agency FROM cell ORDER BY agency LIMIT 1)
        UNION ALL
        SELECT (SELECT cell.agency FROM cell WHERE cell.agency > booked.agency
                ORDER BY cell.agency LIMIT 1)
        FROM booked WHERE booked.agency IS NOT NULL
    )
    SELECT agency FROM booked WHERE agency IS NOT NULL
"""


async def booked_codes(connection: Any) -> set[str]:
    """Every agency that anything is booked under."""
    return {row["agency"] for row in await connection.fetch(_BOOKED)}


async def _judged(connection: Any, ends_ms: int, cut: Cut) -> dict[str, bool]:
    """Which connections were whole at the end of a day, or at the cut if that is earlier."""
    at_ms = min(ends_ms, int(cut.read_at.timestamp() * 1000))
    rows = await connection.fetch(
        "SELECT source, class = 'connected' AS whole FROM connection_spell"
        " WHERE since_ms < $1 AND (until_ms IS NULL OR until_ms >= $1)",
        at_ms,
    )
    return {row["source"]: row["whole"] for row in rows}


async def _claims(
    connection: Any, scopes: Sequence[Scope], periods: Sequence[Period], cut: Cut
) -> dict[tuple[str, str, int, int], Stated]:
    """Of each figure claimed, the highest revision that had arrived, the last to arrive of these."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT ON (indicator, agency, from_day, to_day)
               indicator, agency, from_day, to_day, numerator, denominator
        FROM external_claim
        WHERE agency = ANY($1) AND from_day = ANY($2) AND arrived_ms <= $3 AND NOT not_issued
        ORDER BY indicator, agency, from_day, to_day, revision DESC, arrived_ms DESC, source, survey
        """,
        [scope.agency or COUNTRY for scope in scopes],
        [period.first_day for period in periods],
        int(cut.read_at.timestamp() * 1000),
    )
    return {
        (indicator, agency, first, last): Stated(numerator, denominator)
        for indicator, agency, first, last, numerator, denominator in rows
    }
