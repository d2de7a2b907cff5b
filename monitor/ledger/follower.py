"""The follower: seals the journal at cuts, and makes balances and closings of what is sealed.

A number of the journal is drawn before its booking commits, so bookings become visible out of
the order of their numbers. Whoever sums up to the highest number seen loses what commits later
under a lower one. So a cut is *sealed*: its number is read, whoever may hold a lower one is
waited for, and only then is it published (ARCHITECTURE.md §2.5).

Everything here runs on one connection that holds the follower's lock. When the connection goes,
so does the lock, and whatever was under way is undone with it.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Final, NamedTuple, cast

import asyncpg

from monitor.domain.zone import Zone, date_of, day_number
from monitor.ledger import late, reading_book
from monitor.ledger.locks import FOLLOWER

STEP: Final = 1_000  # numbers of the journal that one transaction folds, each a page of lines
RUNS: Final = 16  # of a measure, a day and a level, before they are merged
SMALLEST_STEP: Final = 10  # after steps that took too long
# Of one round: cuts must go on while much is to be folded, and balances while much is to close.
FOLDING_SECONDS: Final = 15.0
CLOSING_SECONDS: Final = 2.0
READING_SECONDS: Final = 5.0

_FIRST_LOOK_SECONDS: Final = 0.005
_LONGEST_LOOK_SECONDS: Final = 0.1

# A worker that hangs keeps its session and so the lock; a machine that is gone keeps it for the
# two hours that TCP takes to notice. The server ends both, and another worker takes over.
_SESSION: Final = {
    "application_name": "emc follower",
    "idle_session_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "20",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}

_HOME: Final = Zone()

Connection = Any  # asyncpg ships no types


class Cut(NamedTuple):
    """A number of the journal up to which no row can appear any more."""

    seq: int
    read_at: datetime  # UTC; whatever was committed before this is in the cut
    sealed_at: datetime  # UTC; when it was published


class Round(NamedTuple):
    """What one round of the follower did."""

    folded: int  # numbers of the journal
    closed: int  # numbers of the journal summed into a closing
    left: bool  # whether there is more to fold right now


async def connect(dsn: str, *, patience_seconds: float = 60) -> Connection:
    """A connection to follow on, which the server ends when we hang."""
    return await asyncpg.connect(
        dsn, server_settings=_SESSION, command_timeout=patience_seconds, timeout=10
    )


class Follower:
    """One of many that may follow; only who leads does anything."""

    def __init__(self, connection: Connection, zone: Zone, *, step: int = STEP) -> None:
        self._connection = connection
        self._zone = zone
        self._step = step
        self._leading = False

    async def leads(self) -> bool:
        """Whether this connection has the follower's lock, taken now if it is free.

        Once taken it is held until the connection ends.
        """
        if not self._leading:
            self._leading = await self._connection.fetchval(
                "SELECT pg_try_advisory_lock($1)", FOLLOWER
            )
        return self._leading

    async def round(self) -> Round:
        """Seal what there is, fold it, and go on with closings. Only for who leads."""
        cut = await seal(self._connection)
        await close_month(self._connection, self._zone)
        folded = closed = 0
        numbers = 0
        ends = perf_counter() + FOLDING_SECONDS
        while perf_counter() < ends:
            numbers = await fold(self._connection, cut, self._zone, step=self._step)
            if not numbers:
                break
            folded += numbers
        ends = perf_counter() + CLOSING_SECONDS
        while perf_counter() < ends:
            summed = await close(self._connection, step=self._step)
            if not summed:
                break
            closed += summed
        adding = await reading_book.follow(self._connection, READING_SECONDS)
        return Round(folded, closed, left=numbers > 0 or adding)


async def seal(connection: Connection, *, patience_seconds: float | None = None) -> Cut:
    """Publish a cut at the journal's last number, once nothing can be added below it.

    Waits for every transaction that has drawn a number, up to `patience_seconds` if given, then
    raises `TimeoutError`; holds no lock meanwhile. Where no number was drawn since the last
    cut, that cut is returned, read at the present time.
    """
    seq, read_at = await connection.fetchrow(
        "SELECT CASE WHEN is_called THEN last_value ELSE 0 END, statement_timestamp()"
        " FROM journal_seq_seq"
    )
    last = await last_cut(connection)
    if last is not None and last.seq >= seq:
        return last._replace(read_at=read_at)
    # Whoever draws a number locks the sequence, softly and until its transaction ends, so those
    # that hold this lock now are all that may have drawn one up to `seq` and not committed.
    # The snapshot's transaction ids would not do: a number may be drawn before an id is given,
    # and old transactions of others would be waited for.
    running = await _drawing(connection)
    async with asyncio.timeout(patience_seconds):
        look = _FIRST_LOOK_SECONDS
        while running:
            await asyncio.sleep(look)
            look = min(look * 2, _LONGEST_LOOK_SECONDS)
            running &= await _drawing(connection)
    await connection.execute(
        """
        INSERT INTO cut (seq, read_at, sealed_at)
        SELECT $1, $2, greatest(clock_timestamp(), (SELECT max(sealed_at) FROM cut))
        ON CONFLICT (seq) DO NOTHING
        """,
        seq,
        read_at,
    )
    return Cut(
        *await connection.fetchrow(
            "SELECT seq, read_at, sealed_at FROM cut WHERE seq = $1", seq
        )
    )


async def _drawing(connection: Connection) -> set[str]:
    """The transactions that have drawn a number of the journal and not ended."""
    rows = await connection.fetch(
        "SELECT DISTINCT virtualtransaction FROM pg_locks"
        " WHERE locktype = 'relation' AND relation = 'journal_seq_seq'::regclass"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND mode = 'RowExclusiveLock' AND granted AND pid IS DISTINCT FROM pg_backend_pid()"
    )
    return {row["virtualtransaction"] for row in rows}


async def last_cut(connection: Connection) -> Cut | None:
    """The latest cut; None before the first."""
    row = await connection.fetchrow(
        "SELECT seq, read_at, sealed_at FROM cut ORDER BY seq DESC LIMIT 1"
    )
    return None if row is None else Cut(*row)


# Lines as they stand in the journal: what of an account comes again is summed when runs merge.
_FOLD: Final = """
    INSERT INTO balance_run (measure, day, level, seq, cells, slots, amounts, last_slot)
    SELECT measure, day, 0, $2, array_agg(cell), array_agg(slot), array_agg(amount), max(slot)
    FROM journal WHERE seq > $1 AND seq <= $2
    GROUP BY measure, day
    RETURNING measure, day
"""

_FULL: Final = """
    SELECT measure, day, level FROM balance_run
    WHERE (measure, day) IN (SELECT * FROM unnest($1::int2[], $2::int4[]))
    GROUP BY measure, day, level HAVING count(*) >= $3
"""

_MERGE: Final = """
    WITH taken AS (
        DELETE FROM balance_run AS run
        USING unnest($1::int2[], $2::int4[], $3::int2[]) AS chosen (measure, day, level)
        WHERE (run.measure, run.day, run.level) = (chosen.measure, chosen.day, chosen.level)
        RETURNING run.*
    )
    INSERT INTO balance_run (measure, day, level, seq, cells, slots, amounts, last_slot)
    SELECT measure, day, level + 1, max(seq), array_agg(cell), array_agg(slot), array_agg(amount),
           max(slot)
    FROM (
        SELECT taken.measure, taken.day, taken.level, max(taken.seq) AS seq, line.cell, line.slot,
               sum_whole(line.amount) AS amount
        FROM taken, unnest(taken.cells, taken.slots, taken.amounts) AS line (cell, slot, amount)
        GROUP BY taken.measure, taken.day, taken.level, line.cell, line.slot
        HAVING sum_whole(line.amount) <> 0
    ) AS account
    GROUP BY measure, day, level
"""

_CLOSE: Final = """
    INSERT INTO closing_amount AS held (closing, measure, cell, day, slot, amount)
    SELECT $3, measure, cell, day, slot, sum_whole(amount)
    FROM journal WHERE seq > $1 AND seq <= $2
    GROUP BY measure, day, cell, slot HAVING sum_whole(amount) <> 0
    ORDER BY measure, day, cell, slot
    ON CONFLICT (measure, day, cell, slot, closing)
    DO UPDATE SET amount = held.amount + excluded.amount
"""


async def fold(
    connection: Connection, cut: Cut, zone: Zone = _HOME, *, step: int = STEP
) -> int:
    """Fold the next `step` numbers up to the cut into the balances; how many, 0 when done.

    What of them is late goes to the late lines, by the zone's months.
    Balances and watermark move in one transaction. The watermark's time moves when a cut is
    reached: in between, no instant divides what is in the balances from what is not.
    """
    async with connection.transaction():
        await _at_ease(connection)
        # Who else folds, though nobody should, waits here and then finds it done.
        done: int = await connection.fetchval("SELECT seq FROM follower FOR UPDATE")
        to = min(done + step, cut.seq)
        if to < done:
            return 0
        if to > done:
            await _merge(connection, await connection.fetch(_FOLD, done, to))
            await late.keep(connection, zone, done, to)
        await connection.execute(
            """
            UPDATE follower SET seq = $1::int8, folded_at = greatest(folded_at,
                CASE WHEN $1 = $2::int8 THEN $3::timestamptz ELSE (
                    SELECT read_at FROM cut WHERE seq <= $1 ORDER BY seq DESC LIMIT 1
                ) END),
                late_from = CASE WHEN late_seq = seq THEN late_from ELSE seq END, late_seq = $1
            """,
            to,
            cut.seq,
            cut.read_at,
        )
    return to - done


async def _merge(connection: Connection, touched: Sequence[tuple[int, int]]) -> None:
    """Of these measures and days: runs of a level that are many become one of the next."""
    while touched:
        full = await connection.fetch(
            _FULL, [measure for measure, _ in touched], [day for _, day in touched], RUNS
        )
        if full:
            await connection.execute(_MERGE, *map(list, zip(*full, strict=True)))
        touched = [(measure, day) for measure, day, _ in full]


async def _at_ease(connection: Connection) -> None:
    # What a crash of the server undoes is folded again, watermark and all: no need to flush. And
    # before the journal is analysed the planner would read all of it to find its end.
    await connection.execute(
        "SET LOCAL synchronous_commit = off; SET LOCAL work_mem = '64MB';"
        " SET LOCAL enable_seqscan = off"
    )


async def close_month(connection: Connection, zone: Zone) -> int | None:
    """Order a closing at the first cut published since the month began, unless there is one.

    Months are the zone's, of the time when cuts were published. The first month of a ledger
    needs none. Returns the number of the closing that was ordered.
    """
    last = await last_cut(connection)
    if last is None:
        return None
    first_day = date_of(zone.day(int(last.sealed_at.timestamp() * 1000))).replace(day=1)
    began = datetime.fromtimestamp(zone.start_of(day_number(first_day)) / 1000, UTC)
    # Looked at before anything is locked: once a month there is something to do.
    cut = await connection.fetchval(
        """
        SELECT seq FROM (
            SELECT seq FROM cut WHERE sealed_at >= $1 ORDER BY sealed_at, seq LIMIT 1
        ) AS first
        WHERE EXISTS (SELECT FROM cut WHERE sealed_at < $1)
          AND NOT EXISTS (SELECT FROM closing WHERE closing.seq >= first.seq)
        """,
        began,
    )
    return None if cut is None else await _order(connection, cut)


async def order_closing(connection: Connection) -> int | None:
    """Order a closing at the latest cut, which the follower then sums; its number.

    None where there is no cut later than the last closing.
    """
    last = await last_cut(connection)
    return None if last is None else await _order(connection, last.seq)


async def _order(connection: Connection, cut: int) -> int | None:
    """A closing begins where the one before ends, so they are ordered one at a time."""
    async with connection.transaction():
        await connection.execute("LOCK TABLE closing IN SHARE ROW EXCLUSIVE MODE")
        ordered = await connection.fetchval(
            "INSERT INTO closing (seq, folded)"
            " SELECT $1, coalesce(max(seq), 0) FROM closing"
            " HAVING coalesce(max(seq), -1) < $1 RETURNING seq",
            cut,
        )
    return cast("int | None", ordered)


async def close(connection: Connection, *, step: int = STEP) -> int:
    """Sum the next `step` numbers of the earliest closing that is open; how many, 0 if none is."""
    async with connection.transaction():
        await _at_ease(connection)
        row = await connection.fetchrow(
            "SELECT seq, folded FROM closing WHERE closed_at IS NULL ORDER BY seq LIMIT 1"
            " FOR UPDATE"
        )
        if row is None:
            return 0
        closing, done = row
        to = min(done + step, closing)
        await connection.execute(_CLOSE, done, to, closing)
        await connection.execute(
            "UPDATE closing SET folded = $2,"
            " closed_at = CASE WHEN $2 = seq THEN clock_timestamp() END WHERE seq = $1",
            closing,
            to,
        )
    return int(to - done)
