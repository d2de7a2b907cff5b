"""Loads what readings are made of, in one state of the database and at one cut."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any, Final

from monitor.domain.codes import level1
from monitor.domain.composition import COMPLAINT, Share, Sum, Window, made_of
from monitor.domain.facts import Fact, Term
from monitor.domain.period import Period
from monitor.domain.scope import Scope
from monitor.ledger import late, reading_book, reading_quick
from monitor.ledger.balances import NotKnown
from monitor.ledger.claims import Claim, Of, agency_of, standing, the_one
from monitor.ledger.follower import Cut
from monitor.ledger.reading_book import Procedures, Wanted
from monitor.ledger.reading_known import Found, Known, narrows, of_period
from monitor.ledger.reading_quick import Codes, Kept, Months
from monitor.ledger.reading_sums import (
    Between,
    Books,
    Place,
    Rows,
    Stretches,
    Sums,
    from_books,
    marks_of,
)
from monitor.ledger.register_then import register_then, spoke_by
from monitor.ledger.remembered import Remembered
from monitor.reference.agencies import Agencies
from monitor.reference.hierarchy import Coverage, Hierarchy, hierarchy
from monitor.reference.policy import Reference

# How many agencies there are tells whether it is old, because none ever goes.
_coverages: Remembered[Coverage] = Remembered()
_numbers: Remembered[Mapping[str, int]] = Remembered()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be read."""

    made: Mapping[Term, tuple[Share, ...]]
    whole: Mapping[Sum, Wanted]
    split: Mapping[Sum, Wanted]  # by procedure
    counts: Mapping[Sum, Wanted]  # to count procedures, where nothing else is asked of them
    passing: frozenset[Sum]  # of one period only, so that nobody keeps them

    @classmethod
    def of(
        cls,
        terms: Iterable[Term],
        scopes: Sequence[Scope],
        last_days: Sequence[int],
        *,
        by_procedure: bool,
    ) -> "Asked":
        """Of periods that end on these days."""
        made = {term: made_of(term) for term in terms}
        standing = {
            share.sum
            for shares in made.values()
            for share in shares
            if share.window is not Window.IN
        }
        narrowed = [narrows(scope) for scope in scopes]
        whole: dict[Sum, Wanted] = {}
        split: dict[Sum, Wanted] = {}
        counted: dict[Sum, Wanted] = {}
        passing: set[Sum] = set()
        for term, shares in made.items():
            if term.fact is Fact.COMPLAINTS:
                continue
            counts = term.fact is Fact.SERVICES_RECEIVED
            for share, day in product(shares, last_days):
                asked = of_period(share.sum, day)
                stock = share.sum in standing
                if share.sum.until_end:
                    passing.add(asked)
                if counts:
                    into = split if by_procedure or any(narrowed) else counted
                    into[asked] = Wanted(asked, stock, Procedures.COUNTED)
                elif by_procedure or any(narrowed):
                    split.setdefault(asked, Wanted(asked, stock, Procedures.OF_LEVEL1))
                if not counts and not all(narrowed):
                    whole[asked] = Wanted(asked, stock, Procedures.OF_NOBODY)
        return cls(made, whole, split, counted, frozenset(passing))


async def load(
    pool: Any,
    reference: Reference,
    scopes: Sequence[Scope],
    periods: Sequence[Period],
    terms: Iterable[Term],
    *,
    cut: Cut | None,
    today: int,
    by_procedure: bool = False,
) -> Known:
    """Read what the facts of scopes and periods are made of. Raises `Unanswerable`, `NotKnown`."""
    wished: list[Wanted] = []
    try:
        return await _load(
            pool, reference, scopes, periods, terms, wished,
            cut=cut, today=today, by_procedure=by_procedure,
        )  # fmt: skip
    finally:
        # Also of what took longer than it may: else it would take as long for ever.
        await _want(pool, wished)


async def _load(
    pool: Any,
    reference: Reference,
    scopes: Sequence[Scope],
    periods: Sequence[Period],
    terms: Iterable[Term],
    wished: list[Wanted],
    *,
    cut: Cut | None,
    today: int,
    by_procedure: bool,
) -> Known:
    begun = [period for period in periods if period.first_day <= today]
    last_days = sorted({min(period.last_day, today) for period in begun})
    asked = Asked.of(terms, scopes, last_days, by_procedure=by_procedure)
    facts = {term.fact for term in asked.made}
    stretches = Stretches.of(begun, today)
    zone = reference.policy.zone
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        kept = await Kept.now(connection)
        at = await newest(connection, kept) if cut is None else cut
        coverage = await _coverage(pool, connection, reference.agencies, kept)
        is_late = (
            at.seq <= kept.seq
            and bool(stretches.bounds)
            and late.tells(kept.late_from, at.seq, at.sealed_at, stretches.bounds[-1] - 1, zone)
        )
        loading = _Loading(
            pool, connection, at, kept, stretches, scopes, coverage, is_late, wished
        )
        counted, services = await loading.services(asked)
        whole, split = await loading.found(
            replace(
                asked,
                split={
                    **asked.split,
                    **{one: two for one, two in asked.counts.items() if one not in counted},
                },
            )
        )
        books = await Books.at(connection, at, late=is_late)
        marks: Sequence[Sequence[Any]] = ()
        if begun and Fact.COMPLAINTS in facts:
            # They are few: of some provinces all cells would be gone through for them.
            await reading_quick.at_ease(connection)
            marks = await marks_of(
                connection, books, COMPLAINT, stretches, coverage.firsts(scopes)
            )
        loading.met.update(agency for agency, *_ in marks)
        connected = {}
        if Fact.SOURCES_CONNECTED in facts:
            for period in periods:
                ends_ms = zone.start_of(min(period.last_day, today) + 1)
                connected[period.last_day] = await _judged(connection, ends_ms, at)
        return Known(
            reference=reference,
            cut=at,
            today=today,
            made=asked.made,
            stretches=stretches,
            whole=whole,
            split=split,
            counted=counted,
            services=services,
            marks=marks,
            coverage=coverage.with_more(loading.met),
            register=await register_then(pool, connection, at.read_at, zone),
            spoke=await spoke_by(connection, at),
            connected=connected,
            claims=await _claims(connection, asked.made, scopes, periods, at),
        )


FEW_SUMS: Final = 24
_AS_USUAL: Final = (
    "SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on;"
    " SET LOCAL max_parallel_workers_per_gather = 2"
)


@dataclass
class _Loading:
    """Finds sums: where they are kept, else in the books."""

    pool: Any
    connection: Any
    cut: Cut
    kept: Kept
    stretches: Stretches
    scopes: Sequence[Scope]
    coverage: Coverage
    late: bool  # whether all that was booked since the cut, of these periods, is late
    wished: list[Wanted]  # sums that are to be kept, and are not asked for yet
    met: set[str] = field(default_factory=set)  # agencies in the books

    async def services(self, asked: Asked) -> tuple[dict[Sum, int], Codes]:
        """Procedures to be counted: of each sum that is kept its number, and what it has."""
        if not self._near:
            return {}, Codes({}, {})
        months = Months.of(self.stretches, self.kept.last_day)
        chosen: dict[Wanted, int] = {}
        for wanted in asked.counts.values():
            found = self.kept.number(wanted)
            if found is not None and months.whole(wanted.sum):
                chosen[found[0]] = found[1]
        if not chosen:
            return {}, Codes({}, {})
        await reading_quick.at_ease(self.connection)
        numbers = await _code_numbers(self.pool, self.connection)
        codes = await reading_quick.codes(self.connection, months, chosen, self._cover, numbers)
        if self.kept.seq != self.cut.seq:
            codes = await reading_quick.turn_between(
                self.connection,
                codes,
                months,
                self._between,
                chosen,
                self.stretches,
                self._cover,
                self.coverage.level1,
                self._firsts,
            )
        return {wanted.sum: number for wanted, number in chosen.items()}, codes

    async def found(self, asked: Asked) -> tuple[dict[Sum, Found], dict[Sum, Found]]:
        """The sums of whole scopes, and those by procedure."""
        whole: dict[Sum, Found] = {}
        split: dict[Sum, Found] = {}
        if self._near:
            await reading_quick.at_ease(self.connection)
            whole = await self._kept(asked.whole, by_procedure=False)
            split = await self._kept(asked.split, by_procedure=True)
        wanted = [*asked.whole.values(), *asked.split.values()]
        if len(asked.split) <= FEW_SUMS:
            # By procedure of every agency they are many rows: no whole sets of them are kept.
            wanted = [*asked.whole.values(), *map(self._of_whom, asked.split.values())]
        self.wished += {
            one
            for one in wanted
            if one.sum not in asked.passing
            and one not in self.kept.asked
            and self.kept.number(one) is None
        }
        slow = {one: two for one, two in asked.whole.items() if one not in whole}
        slow_split = {one: two for one, two in asked.split.items() if one not in split}
        if slow or slow_split:
            await self.connection.execute(_AS_USUAL)
        together = {one: two for one, two in slow.items() if one in slow_split}
        books = await Books.at(self.connection, self.cut, late=self.late)
        for of_them, by_procedure, into in (
            ({k: v for k, v in slow.items() if k not in together}, False, (whole,)),
            ({k: v for k, v in slow_split.items() if k not in together}, True, (split,)),
            (together, True, (whole, split)),
        ):
            numbers = {one: number for number, one in enumerate(of_them)}
            sums = await from_books(
                self.connection,
                books,
                numbers,
                [one for one, wanted in of_them.items() if wanted.stock],
                self.stretches,
                by_procedure=by_procedure,
                firsts=self._firsts,
            )
            self.met.update(agency for _, (_, agency), _, _ in sums.items())
            for one, number in numbers.items():
                for found in into:
                    found[one] = Found(sums, number, kept=False)

        return whole, split

    async def _kept(
        self, asked: Mapping[Sum, Wanted], *, by_procedure: bool
    ) -> dict[Sum, Found]:
        months = Months.of(self.stretches, self.kept.last_day)
        places = self._cover
        chosen: dict[Wanted, int] = {}
        rests: dict[Wanted, int] = {}
        for wanted in asked.values():
            found = self.kept.number(self._of_whom(wanted) if by_procedure else wanted)
            if found is None:
                continue
            if reading_quick.told(months, found[0], places, by_procedure=by_procedure):
                chosen[found[0]] = found[1]
            elif found[0].sum.due and months.rest is not None:
                rests[found[0]] = found[1]
        chosen |= rests
        sums: Sums | Rows
        if by_procedure:
            sums = await reading_quick.by_procedure(
                self.connection, months, self.stretches, chosen, places, self._procedure
            )
            await self._less_the_rest(sums, months, rests)
        else:
            sums = await reading_quick.plain(
                self.connection, months, self.stretches, chosen, places
            )
        self.met |= await reading_quick.add_between(
            self.connection,
            sums,
            self._between,
            chosen,
            self.coverage.level1,
            with_procedure=by_procedure,
            firsts=self._firsts,
        )
        return {wanted.sum: Found(sums, number, kept=True) for wanted, number in chosen.items()}

    async def _less_the_rest(
        self, sums: Sums, months: Months, asked: Mapping[Wanted, int]
    ) -> None:
        """Take off what falls due in the rest of the month, which its sums by procedure have too."""
        if months.rest is None or not asked:
            return
        first, last = months.rest
        of_rest = {
            wanted.sum._replace(
                first_slot=max(wanted.sum.first_slot, first),
                last_slot=min(wanted.sum.last_slot, last),
            ): number
            for wanted, number in asked.items()
        }
        await self.connection.execute(_AS_USUAL)
        to_come = await from_books(
            self.connection,
            await Books.at(self.connection, self.cut._replace(seq=self.kept.seq)),
            of_rest,
            list(of_rest),
            Stretches((first, last + 1)),
            by_procedure=True,
            firsts=self._firsts,
        )
        await reading_quick.at_ease(self.connection)
        for number, (_, agency), procedure, (_, amount) in to_come.items():
            for place in ((0, agency), (1, self.coverage.level1.get(agency, ""))):
                sums.add(number, place, procedure, len(self.stretches.bounds) - 1, -amount)

    def _of_whom(self, wanted: Wanted) -> Wanted:
        """By procedure of all agencies, where others than ministries and provinces are asked of."""
        if self._cover:
            above = all(reach for reach, _ in self._cover)
        else:  # of a ledger of which no sums are kept yet
            above = all(level1(scope.agency) == scope.agency for scope in self.scopes)
        if above:
            return wanted
        return wanted._replace(procedures=max(wanted.procedures, Procedures.OF_ALL))

    @property
    def _near(self) -> bool:
        """Whether it is little that the sums differ by from what was known at the cut."""
        return bool(self.stretches.bounds) and (self.late or self.kept.near(self.cut))

    @property
    def _between(self) -> Between:
        return Between(self.kept.seq, self.cut.seq, self.late)

    @cached_property
    def _firsts(self) -> frozenset[str] | None:
        return self.coverage.firsts(self.scopes)

    @cached_property
    def _procedure(self) -> str:
        """The one that all scopes are narrowed to; "": all, or several."""
        named = {scope.procedure for scope in self.scopes}
        return named.pop() if len(named) == 1 else ""

    @cached_property
    def _cover(self) -> frozenset[Place]:
        places: frozenset[Place] = frozenset()
        return places.union(*map(self.coverage.of, self.scopes))


async def _coverage(pool: Any, connection: Any, agencies: Agencies, kept: Kept) -> Coverage:
    """The agencies that sums are kept of, and to whom each belonged when booked."""
    last = _coverages.get(pool, kept.places)
    if last is not None and last.hierarchy.agencies is agencies:
        return last
    level1 = {
        row["agency"]: row["level1"]
        for row in await connection.fetch("SELECT agency, level1 FROM reading_place")
    }
    return _coverages.keep(pool, len(level1), Coverage(hierarchy(agencies, level1), level1))


async def _code_numbers(pool: Any, connection: Any) -> Mapping[str, int]:
    """The numbers of procedures, of which none ever goes."""
    last = await connection.fetchval("SELECT max(number) FROM reading_code")
    found = _numbers.get(pool, last)
    if found is not None:
        return found
    rows = await connection.fetch("SELECT code, number FROM reading_code")
    return _numbers.keep(pool, last, {row["code"]: row["number"] for row in rows})


async def parts(pool: Any, reference: Reference, agency: str) -> tuple[str, ...]:
    """The agencies directly below one ("": ministries and provinces), listed or booked."""
    async with pool.acquire() as connection:
        kept = await Kept.now(connection)
        if kept.numbers:
            coverage = await _coverage(pool, connection, reference.agencies, kept)
            return coverage.hierarchy.parts(agency)
        return hierarchy(reference.agencies, await booked_codes(connection)).parts(agency)


async def places(pool: Any, agencies: Agencies) -> Hierarchy:
    """Who is below whom, of all that is booked; as far as the sums are, where any are kept."""
    async with pool.acquire() as connection:
        kept = await Kept.now(connection)
        if kept.numbers:
            return (await _coverage(pool, connection, agencies, kept)).hierarchy
        return hierarchy(agencies, await booked_codes(connection))


async def _want(pool: Any, missed: Sequence[Wanted]) -> None:
    """Have the follower keep what had to be read from the books, if we may ask for it."""
    if not missed:
        return
    async with pool.acquire() as connection:
        if not await connection.fetchval(_MAY_ASK):
            return
        async with connection.transaction():
            # Whoever answers questions reads only, but for this.
            await connection.execute("SET TRANSACTION READ WRITE")
            await reading_book.want(connection, missed)


# Of a standby nothing can be asked.
_MAY_ASK: Final = "SELECT has_column_privilege('reading_sum', 'measures', 'INSERT') AND NOT pg_is_in_recovery()"


async def newest(connection: Any, kept: Kept | None = None) -> Cut:
    """The newest cut that is folded. Raises `NotKnown`.

    While much is to be folded the sums may be far behind the balances: then the newest of theirs.
    """
    if kept is None:
        kept = await Kept.now(connection)
    for upto in (kept.seq, kept.folded):
        row = await connection.fetchrow(
            "SELECT seq, read_at, sealed_at FROM cut WHERE seq <= $1 ORDER BY seq DESC LIMIT 1",
            upto,
        )
        if row is not None and (kept.folded - row["seq"] > FEW_PAGES or upto == kept.folded):
            return Cut(*row)
    raise NotKnown("nothing is known of before the first cut; a worker makes one")


FEW_PAGES: Final = 200  # of the journal, that are read in no time


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
    connection: Any,
    terms: Iterable[Term],
    scopes: Sequence[Scope],
    periods: Sequence[Period],
    cut: Cut,
) -> dict[Of, Claim]:
    """Of each figure that is asked for the claim that stands, and was known at the cut."""
    indicators = {term.claim for term in terms if term.fact is Fact.CLAIM}
    if not indicators:
        return {}
    claims = await standing(
        connection,
        indicators=indicators,
        agencies=[agency for scope in scopes if (agency := agency_of(scope))],
        first_day=periods[0].first_day if len(periods) == 1 else None,
        last_day=periods[0].last_day if len(periods) == 1 else None,
        cut=cut.seq,
    )
    return the_one(claims)
