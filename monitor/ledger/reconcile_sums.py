"""Whether the sums that readings are made of are what their lines add up to.

Some sums at a time, so that no sort or hash grows with the number of sums: those of the same
measures together, because they are made of the same lines. Lines are read from the balances, brought
back to the sums' own watermark by the journal; whether the balances are right is another check's.
Nothing here is shared with what keeps the sums (monitor/ledger/reading_book.py) but the tables.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from monitor.domain.composition import HIGHEST, LOWEST, Sum
from monitor.domain.traits import Trait
from monitor.ledger.follower import Cut
from monitor.ledger.reading_book import Procedures
from monitor.ledger.reading_sums import Books
from monitor.ledger.reconcile import NAMED

SUMS_AT_ONCE: Final = 16


class Kept(NamedTuple):
    """An amount that is not kept as it should be. `sum` is None where it is of no sum."""

    sum: Sum | None
    what: str  # month, day, procedure, procedures; or of no sum agency, last day
    reach: int  # 1: all that was booked below a ministry or province
    place: str
    day: int  # of months the first; `LOWEST`: all time
    procedure: str
    ours: int
    theirs: int


@dataclass(frozen=True, slots=True)
class FoundKept:
    """How many amounts were compared, and those that differ."""

    compared: int
    differing: int
    first: tuple[Kept, ...] = ()
    numbers: frozenset[int] = frozenset()  # of the sums that differ; 0 where it is of no sum
    sums: int = 0
    filling: int = 0  # sums that are not filled to their end

    def with_more(self, other: "FoundKept") -> "FoundKept":
        """This and what was found of further sums."""
        return FoundKept(
            self.compared + other.compared,
            self.differing + other.differing,
            (*self.first, *other.first)[:NAMED],
            self.numbers | other.numbers,
        )


_MONTH: Final = "date_trunc('month', date '1970-01-01' + day)::date - date '1970-01-01'"

# What sums had of each agency and day, by procedure where they are kept so.
_PARTS: Final = """
    asked AS MATERIALIZED (
        SELECT kept.*, one.measure, one.weight
        FROM reading_sum AS kept, unnest(kept.measures, kept.weights) AS one (measure, weight)
        WHERE kept.number BETWEEN $1::int2 AND $2::int2
    ), part AS MATERIALIZED (
        SELECT asked.number, asked.due, asked.stock, asked.procedures,
               cell.agency COLLATE "C" AS agency, cell.level1,
               CASE asked.procedures WHEN 0 THEN '' ELSE cell.procedure END COLLATE "C" AS procedure,
               CASE WHEN asked.due AND line.slot > line.day THEN line.slot ELSE line.day END AS day,
               sum_whole(line.amount * asked.weight) AS amount
        FROM ({lines}) AS line JOIN asked USING (measure) JOIN cell ON cell.id = line.cell
        WHERE line.day < asked.filled_until
          AND line.slot >= asked.first_slot AND line.slot <= asked.last_slot
          AND asked.channel IN (0, cell.channel) AND asked.level IN (0, cell.level)
          AND (line.slot & (asked.having_all | asked.lacking_all)) = asked.having_all
          AND (asked.having_any = 0 OR (line.slot & asked.having_any) <> 0)
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ), place AS (
        SELECT number, due, stock, procedures, 0 AS reach, agency AS place, procedure, day, amount
        FROM part
        UNION ALL
        SELECT number, due, stock, procedures, 1, level1, procedure, day, amount FROM part
    )
"""

_AMOUNTS: Final = f"""
    WITH {_PARTS}, both_sides AS (
        SELECT number, 'month' AS what, reach, place, {_MONTH} AS day, '' COLLATE "C" AS procedure,
               amount AS ours, 0 AS theirs
        FROM place
        UNION ALL SELECT number, 'month', reach, place, {LOWEST}, '', amount, 0 FROM place WHERE stock
        UNION ALL SELECT number, 'day', reach, place, day, '', amount, 0
        FROM place WHERE due OR reach = 1
        UNION ALL SELECT number, 'procedure', reach, place, {_MONTH}, procedure, amount, 0
        FROM place WHERE procedures >= 2 OR procedures = 1 AND reach = 1
        UNION ALL SELECT number, 'procedure', reach, place, {LOWEST}, procedure, amount, 0
        FROM place WHERE stock AND (procedures >= 2 OR procedures = 1 AND reach = 1)
        UNION ALL SELECT $1::int2 - 1 + n, 'month', reach, place, month, '', 0, amount
        FROM reading_month, unnest(amounts[$1::int2:$2::int2]) WITH ORDINALITY AS one (amount, n)
        WHERE amount <> 0
        UNION ALL SELECT $1::int2 - 1 + n, 'day', reach, place, day, '', 0, amount
        FROM reading_day, unnest(amounts[$1::int2:$2::int2]) WITH ORDINALITY AS one (amount, n)
        WHERE amount <> 0
        UNION ALL SELECT sum, 'procedure', reach, place, month, procedure, 0, amount
        FROM reading_procedure WHERE sum BETWEEN $1::int2 AND $2::int2
    )
    SELECT number, what, reach, place, day, procedure, sum_whole(ours) AS ours,
           sum_whole(theirs) AS theirs, sum_whole(ours) <> sum_whole(theirs) AS differs
    FROM both_sides GROUP BY 1, 2, 3, 4, 5, 6
"""  # noqa: S608 - constants
# Which procedures are counted: bits that are not said are 0.
_COUNTED: Final = f"""
    WITH {_PARTS}, had AS (
        SELECT number, reach, place, {_MONTH} AS day, procedure
        FROM place WHERE procedures = 3
        GROUP BY 1, 2, 3, 4, 5 HAVING sum_whole(amount) > 0
    ), ours AS (
        SELECT had.number, reach, place, day, count(*) AS amount,
               bits_of(array_agg(code.number) FILTER (WHERE code.number IS NOT NULL)) AS bits
        FROM had LEFT JOIN reading_code AS code ON code.code = had.procedure
        GROUP BY 1, 2, 3, 4
    ), theirs AS (
        SELECT sum AS number, reach, place, month AS day, rtrim(procedures, '\\x00') AS bits
        FROM reading_services WHERE sum BETWEEN $1::int2 AND $2::int2
    )
    SELECT number, 'procedures' AS what, reach, place, day, '' AS procedure,
           coalesce(ours.amount, 0) AS ours, coalesce(bit_count(theirs.bits), 0) AS theirs,
           coalesce(ours.amount, 0) <> coalesce(bit_count(theirs.bits), 0)
           OR coalesce(ours.bits, '') <> coalesce(theirs.bits, '') AS differs
    FROM ours FULL JOIN theirs USING (number, reach, place, day)
"""  # noqa: S608 - constants
# Without these the sums of an agency are not found, or taken for those of a whole month.
_UNKNOWN: Final = f"""
    SELECT 0 AS number, 'agency' AS what, 0 AS reach, place, {LOWEST} AS day, '' AS procedure,
           1 AS ours, count(known.agency) AS theirs, count(known.agency) = 0 AS differs
    FROM reading_month LEFT JOIN reading_place AS known ON known.agency = place
    WHERE reach = 0 GROUP BY place
    UNION ALL
    SELECT 0, 'last day', 1, '', LEAST(last_day, seen.day), '', 1, 0, true
    FROM reading_book, (
        SELECT max(day) AS day FROM reading_day
        WHERE day > (SELECT last_day FROM reading_book) AND EXISTS (
            SELECT FROM reading_sum WHERE NOT due AND amounts[number] <> 0)
    ) AS seen
    WHERE seen.day > last_day
"""  # noqa: S608 - constants


async def kept_sums(connection: Any) -> FoundKept:
    """All of them, as a transaction finds them that sees one state."""
    asked = await connection.fetch(
        "SELECT number, filled_until, measures, weights, first_slot, last_slot, due, channel, level,"
        " having_all, lacking_all, having_any, procedures FROM reading_sum ORDER BY number"
    )
    # Of millions of lines each is guessed to be the only one.
    await connection.execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_sort = off")
    row = await connection.fetchrow("SELECT seq, now() AS at FROM reading_book")
    books = await Books.at(connection, Cut(row["seq"], row["at"], row["at"]))
    lines = books.lines("measure = ANY($3::int2[])", firsts=None)
    found = await _differing(connection, _UNKNOWN, {})
    for start in range(0, len(asked), SUMS_AT_ONCE):
        some = {row["number"]: row for row in asked[start : start + SUMS_AT_ONCE]}
        measures = {measure for row in some.values() for measure in row["measures"]}
        counted = any(row["procedures"] == Procedures.COUNTED for row in some.values())
        for question in (_AMOUNTS, _COUNTED) if counted else (_AMOUNTS,):
            found = found.with_more(
                await _differing(
                    connection,
                    question.format(lines=lines),
                    some,
                    min(some),
                    max(some),
                    list(measures),
                )
            )
    filling = sum(1 for row in asked if row["filled_until"] < HIGHEST)
    return replace(found, sums=len(asked), filling=filling)


async def _differing(
    connection: Any, amounts: str, sums: Mapping[int, Any], *arguments: object
) -> FoundKept:
    compared, differing, numbers = await connection.fetchrow(
        "SELECT count(*), count(*) FILTER (WHERE differs),"  # noqa: S608 - our constants
        f" array_agg(DISTINCT number) FILTER (WHERE differs) FROM ({amounts}) AS amount",
        *arguments,
    )
    first = []
    if differing:
        first = await connection.fetch(
            "SELECT number, what, reach, place, day, procedure, ours, theirs"  # noqa: S608
            f" FROM ({amounts}) AS amount WHERE differs"
            f" ORDER BY number, what, day, place, reach, procedure LIMIT {NAMED}",
            *arguments,
        )
    return FoundKept(
        compared=compared,
        differing=differing,
        numbers=frozenset(numbers or ()),
        first=tuple(
            Kept(_sum(sums[number]) if number in sums else None, *rest)
            for number, *rest in first
        ),
    )


def _sum(row: Mapping[str, Any]) -> Sum:
    return Sum(
        tuple(zip(row["measures"], row["weights"], strict=True)),
        row["first_slot"],
        row["last_slot"],
        row["due"],
        row["channel"],
        row["level"],
        Trait(row["having_all"]),
        Trait(row["lacking_all"]),
        Trait(row["having_any"]),
    )


async def fill_anew(connection: Any, numbers: Collection[int]) -> int:
    """Empty sums, which the follower then fills; until it has, readings come from the books.

    0 among the numbers, which none has, is all of them. Returns how many.
    """
    async with connection.transaction():
        # Who adds or fills holds this row until it has committed.
        await connection.execute("SELECT FROM reading_book FOR UPDATE")
        if 0 in numbers:
            numbers = [
                row["number"]
                for row in await connection.fetch("SELECT number FROM reading_sum")
            ]
        chosen = list(numbers)
        for table in ("reading_month", "reading_day"):
            await connection.execute(
                f"UPDATE {table} SET amounts = ARRAY("  # noqa: S608 - our constants
                "SELECT CASE WHEN number = ANY($1::int2[]) THEN 0 ELSE amount END"
                " FROM unnest(amounts) WITH ORDINALITY AS one (amount, number) ORDER BY number)"
                " WHERE EXISTS (SELECT FROM unnest($1::int2[]) AS number WHERE amounts[number] <> 0)",
                chosen,
            )
        for table in ("reading_procedure", "reading_services"):
            await connection.execute(
                f"DELETE FROM {table} WHERE sum = ANY($1::int2[])",  # noqa: S608
                chosen,
            )
        await connection.execute(
            "UPDATE reading_sum SET filled_until = DEFAULT WHERE number = ANY($1::int2[])",
            chosen,
        )
    return len(chosen)
