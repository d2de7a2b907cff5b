"""The sums that readings are made of, kept beside the balances by agency, month and procedure.

What is summed is asked for: a sum that somebody wanted is filled from the balances, some days at a
time, and from then on what the journal adds is added to it. All of it moves in one transaction with
the watermark that says how far the journal is in the sums. It is one of their own, behind the
balances' by no more than a moment: many bookings meet in the same sums, so that larger steps than
those of the balances cost less, and a sum that is to be filled holds nobody up.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import IntEnum
from functools import lru_cache
from time import perf_counter
from typing import Any, Final, NamedTuple

from monitor.domain.composition import HIGHEST, LOWEST, Sum
from monitor.domain.traits import Trait

PAGES_AT_ONCE: Final = 4_000  # of the journal
LINES_AT_ONCE: Final = 2_000_000  # of the balances, about
MOST_SUMS: Final = 1_000  # that are kept; further ones are answered from the books
DAYS_LOOKED_AT: Final = 1_000
_LINE_BYTES: Final = 4  # of a line in one of the arrays of a run


class Procedures(IntEnum):
    """Of whom a sum is also kept by procedure."""

    OF_NOBODY = 0
    OF_LEVEL1 = 1  # of ministries and provinces
    OF_ALL = 2
    COUNTED = 3  # of all, and which of them there is more than nothing of


class Wanted(NamedTuple):
    """A sum, and how it is asked for."""

    sum: Sum
    stock: bool  # what stood at some time is asked of it
    procedures: Procedures  # and by procedure


_COLUMNS: Final = (
    "measures, weights, due, first_slot, last_slot, channel, level, having_all, lacking_all,"
    " having_any, stock, procedures"
)


# As one text: each page asks some times, and what there is changes a few times in a ledger's life.
_KNOWN: Final = """
    SELECT string_agg(concat_ws('|', number, filled_until, array_to_string(measures, ' '),
                                array_to_string(weights, ' '), due::int, first_slot, last_slot, channel,
                                level, having_all, lacking_all, having_any, stock::int, procedures), E'\n')
    FROM reading_sum
"""

Told = tuple[Mapping[Wanted, int], frozenset[Wanted]]


async def known(connection: Any) -> Told:
    """The sums that are filled, with their numbers, and all that are asked for."""
    return _told(await connection.fetchval(_KNOWN) or "")


@lru_cache(maxsize=8)
def _told(written: str) -> Told:
    asked = []
    for line in written.splitlines():
        number, until, measures, weights, *values = line.split("|")
        wanted = _wanted(measures, weights, *map(int, values))
        asked.append((int(number), int(until), wanted))
    return (
        {one: number for number, until, one in asked if until == HIGHEST},
        frozenset(one for _, _, one in asked),
    )


async def want(connection: Any, wanted: Collection[Wanted]) -> None:
    """Ask for sums: the follower fills those that are not kept yet."""
    if await connection.fetchval("SELECT count(*) FROM reading_sum") + len(wanted) > MOST_SUMS:
        return
    await connection.executemany(
        f"INSERT INTO reading_sum ({_COLUMNS})"  # noqa: S608 - constants
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
        [_values(one) for one in sorted(wanted)],
    )


def _values(wanted: Wanted) -> tuple[Any, ...]:
    asked = wanted.sum
    measures, weights = zip(*asked.measures, strict=True)
    return (
        list(measures),
        list(weights),
        asked.due,
        asked.first_slot,
        asked.last_slot,
        asked.channel,
        asked.level,
        int(asked.having),
        int(asked.lacking),
        int(asked.any_of),
        wanted.stock,
        int(wanted.procedures),
    )


def _wanted(
    measures: str,
    weights: str,
    due: int,
    first_slot: int,
    last_slot: int,
    channel: int,
    level: int,
    having: int,
    lacking: int,
    any_of: int,
    stock: int,
    procedures: int,
) -> Wanted:
    asked = Sum(
        tuple(zip(map(int, measures.split()), map(int, weights.split()), strict=True)),
        first_slot,
        last_slot,
        bool(due),
        channel,
        level,
        Trait(having),
        Trait(lacking),
        Trait(any_of),
    )
    return Wanted(asked, bool(stock), Procedures(procedures))


# In the place of a join with the months: what a planner guesses of what was just made is 1 row.
_MONTH: Final = "date_trunc('month', date '1970-01-01' + day)::date - date '1970-01-01'"

# Lines are held against what each sum asks of them, then added wherever they belong.
_ADD: Final = f"""
    WITH asked AS MATERIALIZED (
        SELECT kept.*, one.measure, one.weight
        FROM reading_sum AS kept, unnest(kept.measures, kept.weights) AS one (measure, weight)
        WHERE {{asked}}
    ), line AS MATERIALIZED (
        {{lines}}
    ), added AS MATERIALIZED (
        SELECT asked.number, asked.due, asked.stock, asked.procedures,
               cell.agency COLLATE "C" AS agency, cell.level1,
               CASE WHEN asked.procedures > 0 THEN cell.procedure ELSE '' END COLLATE "C" AS procedure,
               CASE WHEN asked.due THEN greatest(line.day, line.slot) ELSE line.day END AS day,
               sum_whole(line.amount * asked.weight) AS amount
        FROM line
        JOIN asked ON asked.measure = line.measure
        JOIN cell ON cell.id = line.cell
        WHERE line.day < {{until}}
          AND line.slot BETWEEN asked.first_slot AND asked.last_slot
          AND (asked.channel = 0 OR asked.channel = cell.channel)
          AND (asked.level = 0 OR asked.level = cell.level)
          AND line.slot & asked.having_all = asked.having_all
          AND line.slot & asked.lacking_all = 0
          AND (asked.having_any = 0 OR line.slot & asked.having_any <> 0)
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum_whole(line.amount * asked.weight) <> 0
    ), placed AS MATERIALIZED (
        SELECT number, due, stock, agency, level1, day, sum_whole(amount) AS amount
        FROM added GROUP BY 1, 2, 3, 4, 5, 6
    ), by_month AS MATERIALIZED (
        SELECT number, stock, agency, level1, {_MONTH} AS month, sum_whole(amount) AS amount
        FROM placed GROUP BY 1, 2, 3, 4, 5
    ), months AS (
        INSERT INTO reading_month AS held (reach, place, month, amounts)
        SELECT reach, place, month, amounts_of(array_agg(number), array_agg(amount))
        FROM (
            SELECT reach, place, month, number, sum_whole(amount) AS amount
            FROM (
                SELECT 0 AS reach, agency AS place, month, number, amount FROM by_month
                UNION ALL SELECT 1, level1, month, number, amount FROM by_month
                UNION ALL SELECT 0, agency, {LOWEST}, number, amount FROM by_month WHERE stock
                UNION ALL SELECT 1, level1, {LOWEST}, number, amount FROM by_month WHERE stock
            ) AS part
            GROUP BY 1, 2, 3, 4 HAVING sum_whole(amount) <> 0
        ) AS one
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (reach, place, month)
        DO UPDATE SET amounts = amounts_added(held.amounts, excluded.amounts)
    ), days AS (
        INSERT INTO reading_day AS held (reach, place, day, amounts)
        SELECT reach, place, day, amounts_of(array_agg(number), array_agg(amount))
        FROM (
            SELECT reach, place, day, number, sum_whole(amount) AS amount
            FROM (
                SELECT 0 AS reach, agency AS place, day, number, amount FROM placed WHERE due
                UNION ALL SELECT 1, level1, day, number, amount FROM placed
            ) AS part
            GROUP BY 1, 2, 3, 4 HAVING sum_whole(amount) <> 0
        ) AS one
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (reach, place, day)
        DO UPDATE SET amounts = amounts_added(held.amounts, excluded.amounts)
    ), handled AS MATERIALIZED (
        SELECT number, stock, procedures, agency, level1, procedure, {_MONTH} AS month,
               sum_whole(amount) AS amount
        FROM added WHERE procedures > 0
        GROUP BY 1, 2, 3, 4, 5, 6, 7
    ), by_procedure AS MATERIALIZED (
        SELECT reach, place, month, number, procedure, sum_whole(amount) AS amount
        FROM (
            SELECT 1 AS reach, level1 AS place, month, number, procedure, amount FROM handled
            UNION ALL SELECT 1, level1, {LOWEST}, number, procedure, amount
            FROM handled WHERE stock
            UNION ALL SELECT 0, agency, month, number, procedure, amount
            FROM handled WHERE procedures > 1
            UNION ALL SELECT 0, agency, {LOWEST}, number, procedure, amount
            FROM handled WHERE procedures > 1 AND stock
        ) AS part
        GROUP BY 1, 2, 3, 4, 5 HAVING sum_whole(amount) <> 0
    ), procedures AS (
        INSERT INTO reading_procedure AS held (reach, place, month, sum, procedure, amount)
        SELECT * FROM by_procedure ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT (reach, place, month, sum, procedure)
        DO UPDATE SET amount = held.amount + excluded.amount
        RETURNING reach, place, month, sum AS number, procedure, amount
    ), met AS (
        -- Beside each other, not joined: of neither the planner knows how many there are.
        SELECT reach, place, month, number, procedure, sum(now) AS now, sum(more) AS more
        FROM (
            SELECT reach, place, month, number, procedure, amount AS now, 0 AS more FROM procedures
            UNION ALL
            SELECT reach, place, month, number, procedure, 0, amount FROM by_procedure
        ) AS one
        WHERE number IN (SELECT number FROM reading_sum WHERE procedures > 2)
        GROUP BY 1, 2, 3, 4, 5
    ), turned AS (
        SELECT reach, place, month, number, array_agg(procedure) AS codes
        FROM met WHERE month <> {LOWEST} AND (now > 0) <> (now - more > 0)
        GROUP BY 1, 2, 3, 4
    ), places AS (
        INSERT INTO reading_place (agency, level1)
        SELECT DISTINCT agency, level1 FROM placed ON CONFLICT DO NOTHING
    )
    SELECT coalesce(max(day), {LOWEST}) AS last_day, NULL::int2 AS reach, NULL AS place,
           NULL::int4 AS month, NULL::int2 AS sum, NULL::text[] AS codes
    FROM placed WHERE NOT due
    UNION ALL SELECT NULL, reach, place, month, number, codes FROM turned
"""  # noqa: S608 - constants
_OF_THE_JOURNAL: Final = _ADD.format(
    asked=f"kept.filled_until > {LOWEST}",
    lines="SELECT measure, cell, day, slot, amount FROM journal WHERE seq > $1 AND seq <= $2"
    " AND measure IN (SELECT measure FROM asked)",
    until="asked.filled_until",
)
_OF_THE_BALANCES: Final = _ADD.format(
    asked="kept.number = ANY($4::int2[])",
    lines="SELECT measure, cell, day, slot, amount FROM balance_line"
    " WHERE measure = ANY($3::int2[]) AND day >= $1::int4 AND day < $2::int8",
    until="$2::int8",
)
_BOOKED: Final = (
    "UPDATE reading_book SET seq = greatest(seq, $1), last_day = greatest(last_day, $2),"
    " places = (SELECT count(*) FROM reading_place)"
)


# Procedures of which there is now more than nothing, or no longer, are the other way from now on.
_CODES_MET: Final = (
    "INSERT INTO reading_code (code) SELECT DISTINCT met FROM unnest($1::text[]) AS met"
    " WHERE NOT EXISTS (SELECT FROM reading_code WHERE code = met)"
)
_TURN: Final = """
    INSERT INTO reading_services AS held (reach, place, month, sum, procedures)
    SELECT reach, place, month, sum, bits_of(array_agg(known.number))
    FROM unnest($1::int2[], $2::text[], $3::int4[], $4::int2[], $5::text[])
         AS turned (reach, place, month, sum, code)
    JOIN reading_code AS known USING (code)
    GROUP BY 1, 2, 3, 4
    ON CONFLICT (reach, place, month, sum)
    DO UPDATE SET procedures = bits_turned(held.procedures, excluded.procedures)
"""


async def _added(connection: Any, query: str, *values: Any) -> int:
    """Add what a query finds; the last day that anything is on."""
    (last_day, *_), *turned = await connection.fetch(query, *values)
    if turned:
        single = [(*where, code) for _, *where, codes in turned for code in codes]
        columns = [list(column) for column in zip(*single, strict=True)]
        await connection.execute(_CODES_MET, columns[-1])
        await connection.execute(_TURN, *columns)
    return int(last_day)


_IS_FILLING: Final = "SELECT EXISTS (SELECT FROM reading_sum WHERE filled_until > $1)"


async def follow(connection: Any, seconds: float) -> bool:
    """Add and fill what there is, for so long; whether there is more right now.

    Only for who leads the followers.
    """
    ends = perf_counter() + seconds
    while perf_counter() < ends:
        if not await add(connection) and not await fill(connection):
            return False
    return True


async def add(connection: Any, *, pages: int = PAGES_AT_ONCE) -> int:
    """Add the next pages that the balances have; how many, 0 when done."""
    async with connection.transaction():
        await _at_ease(connection)
        done, folded = await connection.fetchrow(
            "SELECT book.seq, follower.seq FROM reading_book AS book, follower FOR UPDATE OF book"
        )
        to = min(done + pages, folded)
        if to <= done:
            return 0
        last_day = LOWEST
        if await connection.fetchval(_IS_FILLING, LOWEST):
            last_day = await _added(connection, _OF_THE_JOURNAL, done, to)
        await connection.execute(_BOOKED, to, last_day)
    return int(to - done)


async def fill(connection: Any, *, lines: int = LINES_AT_ONCE) -> bool:
    """Fill sums that are not filled with some more days of the balances; False when none is left.

    Only where the sums have all that the balances have: then what is added goes on from there.
    """
    async with connection.transaction():
        await _at_ease(connection)
        # Of millions of lines each is guessed to be the only one: cells would be looked up one by one.
        await connection.execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_sort = off")
        row = await connection.fetchrow(
            "SELECT book.seq FROM reading_book AS book, follower"
            " WHERE book.seq = follower.seq FOR UPDATE"
        )
        since = await connection.fetchval(
            "SELECT min(filled_until) FROM reading_sum WHERE filled_until < $1", HIGHEST
        )
        if row is None or since is None:
            return False
        # Chosen once: whoever asks for another meanwhile must not find it filled with nothing.
        numbers, measures = await connection.fetchrow(
            "SELECT array_agg(DISTINCT number), array_agg(DISTINCT one.measure)"
            " FROM reading_sum, unnest(measures) AS one (measure) WHERE filled_until = $1",
            since,
        )
        until = await _until(connection, since, measures, lines)
        last_day = await _added(connection, _OF_THE_BALANCES, since, until, measures, numbers)
        await connection.execute(
            "UPDATE reading_sum SET filled_until = $2 WHERE number = ANY($1::int2[])",
            numbers,
            min(until, HIGHEST),
        )
        await connection.execute(_BOOKED, row["seq"], last_day)
    return True


async def _until(connection: Any, since: int, measures: Sequence[int], lines: int) -> int:
    """Before which day about so many lines lie."""
    rows = await connection.fetch(
        "SELECT day, sum(pg_column_size(cells))::int8 / $4 AS lines FROM balance_run"
        " WHERE measure = ANY($1::int2[]) AND day >= $2 GROUP BY day ORDER BY day LIMIT $3",
        measures,
        since,
        DAYS_LOOKED_AT,
        _LINE_BYTES,
    )
    met = 0
    for day, here in rows:
        met += here
        if met >= lines:
            return int(day) + 1
    return HIGHEST + 1 if len(rows) < DAYS_LOOKED_AT else int(rows[-1]["day"]) + 1


async def _at_ease(connection: Any) -> None:
    # What a crash undoes is added again, watermark and all.
    await connection.execute(
        "SET LOCAL synchronous_commit = off; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off"
    )
