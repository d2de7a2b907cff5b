"""The sums that objectives are judged by: kept beside the balances, for a few hundred scopes.

What is open by due day is the sum of all movements there ever were, and a nation has tens of
millions of accounts: nobody can sum them once a minute. So they are summed once, from the
balances, and from then on what the journal has added is added. The sums follow the follower's
watermark, below which nothing can appear in the journal any more; they are as exact as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from monitor.domain.hours import KEPT_DAYS
from monitor.domain.view import Cell
from monitor.domain.watched import How, Kept, Watched
from monitor.ledger.follower import STEP

KEPT: Final = 130  # days: a quarter, sixty working days with Tết among them
CELLS_AT_ONCE: Final = 2_000  # placing them takes a hundredth of a second of the process
FILL_SECONDS: Final = 3_600.0  # of a measure, from the balances of years

_CELL: Final = ", ".join(f"cell.{name}" for name in Cell._fields)

# Lines of balances or journal, summed into what is kept. First by the scopes that they belong to,
# of which there are some hundred sets: only what is left of millions of lines is given to each.
_ADD: Final = """
    WITH line AS MATERIALIZED (
        SELECT line.measure, line.day, line.slot, cell.channel, cell.level, place.scopes,
               sum_whole(line.amount) AS amount
        FROM {source} AS line
        JOIN cell ON cell.id = line.cell
        JOIN objective_cell AS place ON place.cell = line.cell
        GROUP BY 1, 2, 3, 4, 5, 6
    ), spread AS MATERIALIZED (
        SELECT line.*, here.scope FROM line, unnest(line.scopes) AS here (scope)
    )
    INSERT INTO objective_sum AS held (account, part, scope, day, slot, amount)
    SELECT asked.account,
           CASE WHEN asked.how = {by_due} AND (line.slot < 0 OR line.day > line.slot)
                THEN asked.part + 1 ELSE asked.part END,
           asked.scope,
           CASE asked.how WHEN {by_due} THEN line.slot
                          WHEN {stock} THEN greatest(line.day, $1) ELSE line.day END,
           CASE WHEN asked.how = {by_slot} THEN line.slot ELSE -1 END,
           sum(line.amount * asked.weight)::int8
    FROM spread AS line
    JOIN unnest($2::text[], $3::int2[], $4::int2[], $5::int2[], $6::int4[], $7::int2[], $8::int2[],
                $9::int2[])
         AS asked (account, part, how, measure, weight, channel, level, scope)
         ON asked.measure = line.measure AND asked.scope = line.scope
    WHERE (asked.channel = 0 OR asked.channel = line.channel)
      AND (asked.level = 0 OR asked.level = line.level)
      AND (asked.how IN ({by_due}, {stock}) OR line.day >= $1)
    GROUP BY 1, 2, 3, 4, 5 HAVING sum(line.amount * asked.weight) <> 0
    ON CONFLICT (account, part, scope, day, slot)
    DO UPDATE SET amount = held.amount + excluded.amount
"""
_HOWS: Final = {how.name.lower(): int(how) for how in How}
_FROM_BALANCES: Final = _ADD.format(
    source="(SELECT * FROM balance_line WHERE measure = $10 AND day >= $11)", **_HOWS
)
_NEW_LINES: Final = (
    "journal JOIN objective_measure AS known USING (measure)"
    " WHERE journal.seq > $10 AND journal.seq <= $11 AND journal.seq > known.seq"
)
_FROM_JOURNAL: Final = _ADD.format(
    source=f"(SELECT measure, cell, day, slot, amount FROM {_NEW_LINES})",  # noqa: S608 - our constants
    **_HOWS,
)


class Following(NamedTuple):
    """How far the sums have come."""

    whole: bool  # all that is asked for is summed
    left: bool  # there is more to add right now


async def prepare(connection: Any, watched: Watched) -> None:
    """Begin anew where other sums are asked for than are kept."""
    labels = [scope.label for scope in watched.scopes]
    async with connection.transaction():
        if watched.digest == await connection.fetchval("SELECT digest FROM objective_book"):
            return
        for table in ("objective_sum", "objective_cell", "objective_measure"):
            await connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our constants
        await connection.execute(
            "UPDATE objective_book SET digest = $1, scopes = $2", watched.digest, labels
        )


async def follow(connection: Any, watched: Watched, today: int) -> Following:
    """Sum one measure that is not summed yet, else add some of what the journal has added."""
    summed = {
        row["measure"]
        for row in await connection.fetch("SELECT measure FROM objective_measure")
    }
    missing = sorted({asked.measure for asked in watched.asked} - summed)
    if missing:
        await _fill(connection, watched, missing[0], today)
        return Following(whole=len(missing) == 1, left=True)
    added = await _add(connection, watched, today)
    return Following(whole=True, left=added == STEP)


async def stands_at_cut(connection: Any) -> bool:
    """Whether no transaction is in the sums by half: they end at a cut.

    While a recompute's lines are folded, some steps long, half of each verdict has moved.
    """
    return bool(
        await connection.fetchval(
            "SELECT seq = 0 OR EXISTS (SELECT FROM cut WHERE cut.seq = known.seq)"
            " FROM (SELECT min(seq) AS seq FROM objective_measure) AS known"
        )
    )


async def _fill(connection: Any, watched: Watched, measure: int, today: int) -> None:
    await _place_all(connection, watched)
    floor = _floor(today)
    bounded = all(
        asked.how in (How.BY_DAY, How.BY_SLOT)
        for asked in watched.asked
        if asked.measure == measure
    )
    # Balances and watermark of one instant: the journal goes on where they end.
    async with connection.transaction(isolation="repeatable_read"):
        seq = await connection.fetchval("SELECT seq FROM follower")
        await connection.execute(
            _FROM_BALANCES,
            *_arguments(watched, floor),
            measure,
            floor if bounded else -(1 << 31),
            timeout=FILL_SECONDS,
        )
        await connection.execute(
            "INSERT INTO objective_measure (measure, seq) VALUES ($1, $2)", measure, seq
        )


async def _add(connection: Any, watched: Watched, today: int) -> int:
    """How many numbers of the journal were gone through."""
    begins, until = await connection.fetchrow(
        "SELECT (SELECT min(seq) FROM objective_measure), (SELECT seq FROM follower)"
    )
    if begins is None or until <= begins:
        return 0
    ends = min(until, begins + STEP)
    async with connection.transaction():
        await _place(
            connection,
            watched,
            await connection.fetch(
                f"SELECT cell.id, {_CELL} FROM cell WHERE id IN ("  # noqa: S608 - our constants
                f" SELECT cell FROM {_NEW_LINES.replace('$10', '$1').replace('$11', '$2')})"
                " AND NOT EXISTS (SELECT FROM objective_cell WHERE objective_cell.cell = cell.id)",
                begins,
                ends,
            ),
        )
        await connection.execute(
            _FROM_JOURNAL, *_arguments(watched, _floor(today)), begins, ends
        )
        await connection.execute("UPDATE objective_measure SET seq = greatest(seq, $1)", ends)
    return int(ends - begins)


async def _place_all(connection: Any, watched: Watched) -> None:
    """Say of every cell to which scopes it belongs; those that come later are met in the journal."""
    last = await connection.fetchval("SELECT coalesce(max(cell), 0) FROM objective_cell")
    while True:
        rows = await connection.fetch(
            f"SELECT cell.id, {_CELL} FROM cell WHERE id > $1 AND step = '' AND source = ''"  # noqa: S608 - our constants
            " ORDER BY id LIMIT $2",
            last,
            CELLS_AT_ONCE,
        )
        if not rows:
            break
        await _place(connection, watched, rows)
        last = rows[-1]["id"]
    # Numbers of cells are drawn before they commit: one may have come below those we saw.
    rows = await connection.fetch(
        f"SELECT cell.id, {_CELL} FROM cell WHERE step = '' AND source = '' AND NOT EXISTS"  # noqa: S608 - our constants
        " (SELECT FROM objective_cell WHERE objective_cell.cell = cell.id) ORDER BY id"
    )
    await _place(connection, watched, rows)


async def _place(connection: Any, watched: Watched, rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        await connection.executemany(
            "INSERT INTO objective_cell (cell, scopes) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            [(number, watched.places(Cell(*cell))) for number, *cell in rows],
        )


def _arguments(watched: Watched, floor: int) -> list[Any]:
    numbers = watched.numbers
    rows = [
        (*one, numbers[scope])
        for one in watched.asked
        for account, scope in watched.pairs
        if account == one.account
    ]
    return [floor, *map(list, zip(*rows, strict=True))]


def _floor(today: int) -> int:
    return today - KEPT


_TOGETHER: Final = """
    WITH old AS (
        DELETE FROM objective_sum WHERE part = $1 AND day >= 0 AND day < $2
        RETURNING account, scope, day, amount
    )
    INSERT INTO objective_sum AS held (account, part, scope, day, slot, amount)
    SELECT account, $3, scope, {day}, -1, sum(amount)::int8 FROM old GROUP BY 1, 3, 4
    ON CONFLICT (account, part, scope, day, slot)
    DO UPDATE SET amount = held.amount + excluded.amount
"""


async def sweep(connection: Any, today: int) -> None:
    """End sums that no window reaches any more; of stocks, draw together what must stay."""
    floor = _floor(today)
    async with connection.transaction():
        # What fell due long ago is open or not; how much of it was open on its day nobody asks.
        await connection.execute(
            _TOGETHER.format(day="day"), Kept.DUE_WHEN_DUE, floor, Kept.DUE_SINCE
        )
        await connection.execute(_TOGETHER.format(day="$2"), Kept.OPEN, floor, Kept.OPEN)
        await connection.execute(
            "DELETE FROM objective_sum WHERE (part = ANY($1) AND day < $2)"
            " OR (part = ANY($3) AND day < $4) OR amount = 0",
            [Kept.GOOD, Kept.BAD, Kept.WORKED],
            floor,
            [Kept.GOOD_HOURS, Kept.BAD_HOURS],
            today - KEPT_DAYS,
        )


class Question(NamedTuple):
    """Which days, and of the first one which slots, are to be summed."""

    account: str
    part: int
    scope: int  # its number
    first_day: int
    last_day: int
    first_slot: int = -(1 << 30)  # of the first day
    sign: int = 1


async def sums(connection: Any, questions: Mapping[Any, Iterable[Question]]) -> dict[Any, int]:
    """The sum of the questions of each key, in one query for all of them."""
    keys = list(questions)
    rows = [(place, *one) for place, key in enumerate(keys) for one in questions[key]]
    columns = list(zip(*rows, strict=True)) or [()] * 8
    found = await connection.fetch(
        """
        SELECT question.place, sum(held.amount * question.sign)::int8 AS amount
        FROM unnest($1::int4[], $2::text[], $3::int2[], $4::int2[], $5::int4[], $6::int4[],
                    $7::int4[], $8::int4[])
             AS question (place, account, part, scope, first_day, last_day, first_slot, sign)
        JOIN objective_sum AS held
             ON held.account = question.account AND held.part = question.part
             AND held.scope = question.scope
             AND held.day BETWEEN question.first_day AND question.last_day
             AND (held.day > question.first_day OR held.slot >= question.first_slot)
        GROUP BY question.place
        """,
        *map(list, columns),
    )
    answers = {keys[row["place"]]: row["amount"] for row in found}
    return {key: answers.get(key, 0) for key in keys}


async def bins(connection: Any, first_day: int, last_day: int) -> dict[int, dict[int, int]]:
    """Completed dossiers of services by scope and bin of working time."""
    found: dict[int, dict[int, int]] = {}
    for scope, slot, amount in await connection.fetch(
        "SELECT scope, slot, sum(amount)::int8 FROM objective_sum"
        " WHERE account = 'service' AND part = $1 AND day BETWEEN $2 AND $3"
        " GROUP BY scope, slot HAVING sum(amount) <> 0",
        int(Kept.WORKED),
        first_day,
        last_day,
    ):
        found.setdefault(scope, {})[slot] = amount
    return found
