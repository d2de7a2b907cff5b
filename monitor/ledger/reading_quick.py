"""The sums that are kept, read for the places and periods of a reading.

Months are read whole where a period takes them whole, or where nothing lies in what it leaves of
one; else days, which are kept of ministries and provinces, and of agencies for what falls due. What
stood before the periods is all there ever was, less what came from then on. A sum that cannot be
told so is read from the books.
"""

import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import count
from typing import Any, Final, NamedTuple

from monitor.domain.composition import HIGHEST, LOWEST, Sum
from monitor.domain.zone import date_of, day_number
from monitor.ledger.follower import Cut
from monitor.ledger.reading_book import Procedures, Wanted, known
from monitor.ledger.reading_sums import (
    MOST_TAKEN_BACK,
    Between,
    Place,
    Rows,
    Stretches,
    Sums,
    from_books,
)


class Kept(NamedTuple):
    """The sums that are kept, and how far."""

    seq: int  # the journal is in them up to here
    folded: int  # and up to here in the balances
    last_day: int  # no entry is on a later one
    places: int
    late_from: int | None  # and from here on late lines are kept
    numbers: Mapping[Wanted, int]
    asked: frozenset[Wanted]  # these, and those that are being filled

    def number(self, wanted: Wanted) -> tuple[Wanted, int] | None:
        """The sum that is kept and tells what is wanted, which may tell more."""
        for stock in (wanted.stock, True):
            for procedures in range(wanted.procedures, len(Procedures)):
                one = Wanted(wanted.sum, stock, Procedures(procedures))
                if one in self.numbers:
                    return one, self.numbers[one]
        return None

    @classmethod
    async def now(cls, connection: Any) -> "Kept":
        """As a transaction finds them that sees one state."""
        seq, folded, last_day, places, late_from = await connection.fetchrow(
            "SELECT book.seq, follower.seq, last_day, places,"
            " CASE WHEN late_seq = follower.seq THEN late_from END"
            " FROM reading_book AS book, follower"
        )
        return cls(seq, folded, last_day, places, late_from, *await known(connection))

    def near(self, cut: Cut) -> bool:
        """Whether what the journal has between them and a cut is less than the books have."""
        return abs(self.seq - cut.seq) <= MOST_TAKEN_BACK


@dataclass(frozen=True, slots=True)
class Months:
    """How periods lie in months."""

    bounds: tuple[int, ...]
    first: int  # the month that the first bound is in
    last: int  # the month that the last day is in
    parted: tuple[int, ...]  # months of which a bound takes a part
    open: bool  # and nothing lies after any bound in such a month

    @classmethod
    def of(cls, stretches: Stretches, last_day: int) -> "Months":
        """Where no entry is on a day later than one."""
        bounds = stretches.bounds
        within = [bound for bound in bounds if month_of(bound) != bound]
        return cls(
            bounds,
            month_of(bounds[0]),
            month_of(bounds[-1] - 1),
            tuple(sorted({month_of(bound) for bound in within})),
            all(bound > last_day for bound in within),
        )

    @property
    def rest(self) -> tuple[int, int] | None:
        """The days of the month under way that are to come, where they alone are left out."""
        begins = self.bounds[-1]
        if not self.open or self.parted != (month_of(begins),):
            return None
        if any(month_of(begins) < bound < begins for bound in self.bounds):
            return None
        return begins, after(month_of(begins)) - 1

    def whole(self, asked: Sum) -> bool:
        """Whether months tell all of a sum."""
        return not self.parted or (self.open and not asked.due)


def month_of(day: int) -> int:
    """The first day of the month that a day is in."""
    return day_number(date_of(day).replace(day=1))


def after(month: int) -> int:
    """The first day of the month after."""
    first = date_of(month)
    return day_number(date(first.year + first.month // 12, first.month % 12 + 1, 1))


def told(
    months: Months, kept: Wanted, places: Collection[Place], *, by_procedure: bool
) -> bool:
    """Whether a kept sum tells what is asked of it, of places, by procedure or not."""
    if months.whole(kept.sum):
        return True
    return not by_procedure and (kept.sum.due or all(reach for reach, _ in places))


# Each row as PostgreSQL sends an array: the driver takes ten times as long to read one.
_MONTHS: Final = """
    SELECT held.reach, held.place, held.month, false, array_send(held.amounts)
    FROM unnest($1::int2[], $2::text[]) AS here (reach, place)
    JOIN reading_month AS held ON held.reach = here.reach AND held.place = here.place COLLATE "C"
     AND held.month {within}
"""
_DAYS: Final = """
    UNION ALL
    SELECT held.reach, held.place, held.day, true, array_send(held.amounts)
    FROM unnest($1::int2[], $2::text[]) AS here (reach, place)
    CROSS JOIN unnest($5::int4[], $6::int4[]) AS parted (month, following)
    JOIN reading_day AS held ON held.reach = here.reach AND held.place = here.place COLLATE "C"
     AND held.day >= parted.month AND held.day < parted.following
"""
_IN_MONTHS: Final = _MONTHS.format(within="BETWEEN $3 AND $4")
_OF_STOCKS: Final = f" UNION ALL {_MONTHS.format(within=f'= {LOWEST}')}"
_HERE: Final = "unnest($1::int2[], $2::text[]) AS here (reach, place)"
# Codes of procedures have no line breaks in them that anybody could have told from a blank.
_BY_PROCEDURE: Final = """
    SELECT reach, place, array_to_string(array_agg(procedure), E'\\n'), array_send(array_agg(sum)),
           array_send(array_agg(stretch)), array_send(array_agg(amount))
    FROM ({parts}) AS line
    GROUP BY 1, 2
"""
_SUMMED_BY_PROCEDURE: Final = """
    SELECT part.reach, part.place, part.procedure, part.sum, part.stretch,
           sum_whole(part.amount) AS amount
    FROM ({parts}) AS part
    GROUP BY 1, 2, 3, 4, 5
"""
_PROCEDURES_HERE: Final = f"""
    FROM {_HERE}
    JOIN reading_procedure AS held
      ON held.reach = here.reach AND held.place = here.place COLLATE "C"
"""
_PROCEDURES_IN_MONTHS: Final = f"""
    SELECT held.reach, held.place, held.procedure, held.sum,
           width_bucket(held.month, $3::int4[]) AS stretch, held.amount
    {_PROCEDURES_HERE} AND held.month BETWEEN $4 AND $5 AND held.sum = ANY($6::int2[]){{only}}
"""
_PROCEDURES_OF_STOCKS: Final = f"""
    UNION ALL
    SELECT held.reach, held.place, held.procedure, held.sum, {HIGHEST}, held.amount
    {_PROCEDURES_HERE} AND held.month > $5 AND held.sum = ANY($7::int2[]){{only}}
    UNION ALL
    SELECT held.reach, held.place, held.procedure, held.sum, {LOWEST}, held.amount
    {_PROCEDURES_HERE} AND held.month = {LOWEST} AND held.sum = ANY($7::int2[]){{only}}
"""


_BITS: Final = f"""
    SELECT held.reach, held.place, held.sum, width_bucket(held.month, $3::int4[]) AS stretch,
           held.procedures
    FROM {_HERE}
    JOIN reading_services AS held
      ON held.reach = here.reach AND held.place = here.place COLLATE "C"
     AND held.month BETWEEN $4 AND $5 AND held.sum = ANY($6::int2[])
"""  # noqa: S608 - constants
# What sums of procedures had in some places and months.
_HAD: Final = """
    SELECT met.reach, met.place, met.number, met.stretch, met.code, sum_whole(held.amount)
    FROM unnest($1::int2[], $2::text[], $3::int2[], $4::int4[], $5::text[])
         AS met (reach, place, number, stretch, code)
    JOIN reading_procedure AS held
      ON held.reach = met.reach AND held.place = met.place COLLATE "C" AND held.sum = met.number
     AND held.procedure = met.code COLLATE "C"
     AND held.month BETWEEN $7 AND $8 AND width_bucket(held.month, $6::int4[]) = met.stretch
    GROUP BY 1, 2, 3, 4, 5
"""


Question = tuple[str, list[Any]]


def plain_question(
    months: Months, asked: Mapping[Wanted, int], places: Collection[Place]
) -> Question:
    """What is asked of PostgreSQL for sums of places."""
    ordered = sorted(places)
    stocks = any(wanted.stock for wanted in asked)
    query, values = (
        _IN_MONTHS,
        [
            [reach for reach, _ in ordered],
            [place for _, place in ordered],
            months.first,
            HIGHEST if stocks else months.last,
        ],
    )
    if stocks:
        query += _OF_STOCKS
    if not all(months.whole(wanted.sum) for wanted in asked):
        query += _DAYS
        values += [list(months.parted), [after(month) for month in months.parted]]
    return query, values


def question_by_procedure(
    months: Months,
    asked: Mapping[Wanted, int],
    places: Collection[Place],
    procedure: str = "",
) -> Question:
    """What is asked of PostgreSQL for sums of places by procedure; of one and its forms, or of all."""
    stocks = [number for wanted, number in asked.items() if wanted.stock]
    values, parts = _where(months, asked, places), _PROCEDURES_IN_MONTHS
    if stocks:
        parts += _PROCEDURES_OF_STOCKS
        values.append(stocks)
    only = ""
    if procedure:
        # The next character after a dot: forms of it begin with it and a dot.
        values += [procedure, f"{procedure}/"]
        only = (
            f' AND held.procedure >= ${len(values) - 1} COLLATE "C"'
            f' AND held.procedure < ${len(values)} COLLATE "C"'
        )
    parts = parts.replace("{only}", only)
    if months.first < months.last:
        parts = _SUMMED_BY_PROCEDURE.format(parts=parts)
    return _BY_PROCEDURE.format(parts=parts), values


def question_of_codes(
    months: Months, asked: Mapping[Wanted, int], places: Collection[Place]
) -> Question:
    """What is asked of PostgreSQL for procedures to be counted."""
    return _BITS, _where(months, asked, places)


# Reach and place, number of a sum, stretch and procedure.
Met = tuple[int, str, int, int, str]


def question_of_met(months: Months, met: Collection[Met]) -> Question:
    """What is asked of PostgreSQL for single procedures of sums."""
    columns = map(list, zip(*met, strict=True))
    return _HAD, [*columns, list(months.bounds), months.first, months.last]


def _where(months: Months, asked: Mapping[Wanted, int], places: Collection[Place]) -> list[Any]:
    ordered = sorted(places)
    return [
        [reach for reach, _ in ordered],
        [place for _, place in ordered],
        list(months.bounds),
        months.first,
        months.last,
        list(asked.values()),
    ]


async def at_ease(connection: Any) -> None:
    """For what is read by index, however few its rows are guessed to be, and at once."""
    await connection.execute(
        "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL jit = off;"
        " SET LOCAL max_parallel_workers_per_gather = 0"
    )


async def plain(
    connection: Any,
    months: Months,
    stretches: Stretches,
    asked: Mapping[Wanted, int],
    places: Collection[Place],
) -> Rows:
    """Sums of places. `asked` has the numbers under which sums are kept."""
    in_days = {number for wanted, number in asked.items() if not months.whole(wanted.sum)}
    found = Rows(stretches, max(asked.values(), default=0), frozenset(months.parted), in_days)
    if not asked or not places:
        return found
    query, values = plain_question(months, asked, places)
    for reach, place, day, is_day, amounts in await connection.fetch(query, *values):
        found.add_row((reach, place), day, _amounts(amounts), is_day=is_day)
    return found


async def by_procedure(
    connection: Any,
    months: Months,
    stretches: Stretches,
    asked: Mapping[Wanted, int],
    places: Collection[Place],
    procedure: str = "",
) -> Sums:
    """Sums of places and procedures, of whole months; of one procedure and its forms, or of all."""
    found = Sums(stretches)
    if not asked or not places:
        return found
    stocks = {number for wanted, number in asked.items() if wanted.stock}
    query, values = question_by_procedure(months, asked, places, procedure)
    for reach, place, procedures, *columns in await connection.fetch(query, *values):
        found.add_kept((reach, place), procedures.split("\n"), _arrays(*columns), stocks)
    return found


class Codes(NamedTuple):
    """Procedures by number, and of each sum those of which there was more than nothing."""

    numbers: Mapping[str, int]
    found: Mapping[int, Mapping[tuple[Place, int], int]]  # by stretch of a place, as bits

    def bits(self, codes: Collection[str]) -> int:
        """Those of some procedures; of one that never came to anything there is none."""
        found = 0
        for code in codes:
            if code in self.numbers:
                found |= 1 << self.numbers[code]
        return found


async def codes(
    connection: Any,
    months: Months,
    asked: Mapping[Wanted, int],
    places: Collection[Place],
    numbers: Mapping[str, int],
) -> Codes:
    """By the number of each sum of dossiers, whose amounts are never below 0 in any place.

    A procedure that counts in one of several places or months counts in all of them together: no
    amounts are needed to count each once.
    """
    found: dict[int, dict[tuple[Place, int], int]] = {number: {} for number in asked.values()}
    if asked and places:
        query, values = question_of_codes(months, asked, places)
        for reach, place, number, stretch, procedures in await connection.fetch(query, *values):
            of_sum, key = found[number], ((reach, place), stretch)
            of_sum[key] = of_sum.get(key, 0) | int.from_bytes(procedures, "little")
    return Codes(numbers, found)


def _met_in(
    places: Collection[Place], moved: Sums, level1: Mapping[str, str]
) -> dict[Met, int]:
    """What was moved of procedures in places."""
    found: dict[Met, int] = {}
    for number, (_, agency), code, amounts in moved.items():
        for reach, place in ((0, agency), (1, level1.get(agency, ""))):
            # Of an agency that no sums are kept of yet it is not known what scopes hold it.
            if agency in level1 and (reach, place) not in places:
                continue
            for stretch, amount in enumerate(amounts):
                if amount:
                    met = (reach, place, number, stretch, code)
                    found[met] = found.get(met, 0) + amount
    return found


async def turn_between(
    connection: Any,
    codes: Codes,
    months: Months,
    between: Between,
    asked: Mapping[Wanted, int],
    stretches: Stretches,
    places: Collection[Place],
    level1: Mapping[str, str],
    firsts: Collection[str] | None,
) -> Codes:
    """Bring procedures of places from the sums' watermark to a cut, by what was booked between."""
    moved = await from_books(
        connection, between, {one.sum: number for one, number in asked.items()}, (), stretches,
        by_procedure=True, firsts=firsts,
    )  # fmt: skip
    more = _met_in(places, moved, level1)
    if not more:
        return codes
    query, values = question_of_met(months, more)
    rows = await connection.fetch(query, *values)
    for *met, amount in rows:
        more[tuple(met)] += amount
    # One that is met for the first time has no number yet.
    numbers = dict(codes.numbers)
    free = count(max(numbers.values(), default=-1) + 1)
    for *_, code in more:
        if code not in numbers:
            numbers[code] = next(free)
    found = {number: dict(of_sum) for number, of_sum in codes.found.items()}
    for (reach, place, number, stretch, code), amount in more.items():
        key, bit = ((reach, place), stretch), 1 << numbers[code]
        had = found[number].get(key, 0)
        found[number][key] = had | bit if amount > 0 else had & ~bit
    return Codes(numbers, found)


# How PostgreSQL sends an array: its number of elements in the header, each after its length.
_COUNT: Final = struct.Struct(">12xi")
_HEADER_BYTES: Final = 20


@cache
def _elements(size: int) -> struct.Struct:
    return struct.Struct(">" + "4xq" * size)


def _amounts(sent: bytes) -> tuple[int, ...]:
    (size,) = _COUNT.unpack_from(sent)
    return _elements(size).unpack_from(sent, _HEADER_BYTES)


def _arrays(
    sums: bytes, stretches: bytes, amounts: bytes
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """The elements of three arrays of one length; the driver takes ten times as long."""
    (size,) = _COUNT.unpack_from(sums)
    return (
        struct.unpack_from(">" + "4xh" * size, sums, _HEADER_BYTES),
        struct.unpack_from(">" + "4xi" * size, stretches, _HEADER_BYTES),
        struct.unpack_from(">" + "4xq" * size, amounts, _HEADER_BYTES),
    )


async def add_between(
    connection: Any,
    found: Sums | Rows,
    between: Between,
    asked: Mapping[Wanted, int],
    level1: Mapping[str, str],
    *,
    with_procedure: bool,
    firsts: Collection[str] | None,
) -> set[str]:
    """Bring sums from their watermark to a cut, by what was booked between them.

    Returns the agencies that were met there: of some no sums are kept.
    """
    met: set[str] = set()
    if between.watermark == between.cut or not asked:
        return met
    moved = await from_books(
        connection,
        between,
        {wanted.sum: number for wanted, number in asked.items()},
        [wanted.sum for wanted in asked if wanted.stock],
        found.stretches,
        by_procedure=with_procedure,
        firsts=firsts,
    )
    for number, (_, agency), procedure, amounts in moved.items():
        met.add(agency)
        for place in ((0, agency), (1, level1.get(agency, ""))):
            for stretch, amount in enumerate(amounts):
                found.add(number, place, procedure, stretch, amount)
    return met
