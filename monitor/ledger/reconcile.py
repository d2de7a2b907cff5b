"""Whether the ledger's books agree: one state of it, read over several connections.

Every sum here is made by PostgreSQL, which spills to disk what does not fit into memory; what
dossiers have booked is unpacked elsewhere, a few blocks at a time, and copied into a temporary
table to be summed with the rest.
"""

import struct
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

import asyncpg

from monitor.domain.measures import CONSUMED_BINS, HOURS, SHOWN
from monitor.domain.zone import Zone
from monitor.ledger import late
from monitor.ledger.checks import Check
from monitor.ledger.forms import RETIRED, Sums, plain_booked
from monitor.ledger.packing import unpack_entries

BLOCKS: Final = 8  # of the dossiers' table, read at a time: some hundred dossiers
NAMED: Final = 20  # differing accounts or dossiers that are named; all are counted
_WORK_MEM: Final = "64MB"  # for one sort or hash of a session, before it spills

_ENTRY: Final = struct.Struct(">hihiiiiiiiq")
_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER: Final = b"\xff\xff"


class Difference(NamedTuple):
    """An account that two books disagree on. `agency` to `level` are those of totals only."""

    measure: int
    cell: int | None
    day: int | None
    slot: int
    ours: int  # by the journal
    theirs: int
    agency: str = ""
    channel: int = 0
    level: int = 0
    booking_class: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """How many accounts a comparison had, and those that differ."""

    compared: int
    differing: int
    first: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far the follower is."""

    rows: int  # of the journal that are not in the balances yet
    folded_at: datetime


class Recorded(NamedTuple):
    """What the last run of a check found."""

    name: str
    compared: int
    differing: int
    stale: int
    ended_ms: int


class Books:
    """One committed state of the ledger. Others may join it by the name of its snapshot."""

    def __init__(self, connection: "asyncpg.Connection[Any]", snapshot: str) -> None:
        self._connection = connection
        self.snapshot = snapshot

    @classmethod
    @asynccontextmanager
    async def open(cls, dsn: str) -> AsyncIterator[Self]:
        """The state as of now."""
        async with connected(dsn) as connection:
            # Before the transaction, in which nothing may be made; its rows may be written.
            await connection.execute(
                "CREATE TEMP TABLE entry (measure smallint, cell integer, day integer,"
                " slot integer, amount bigint)"
            )
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
                yield cls(connection, snapshot)

    async def blocks(self) -> int:
        """How many blocks the dossiers lie in."""
        found: int = await self._connection.fetchval(
            "SELECT pg_relation_size('dossier') / current_setting('block_size')::int8"
        )
        return found

    async def add(self, entries: bytes) -> None:
        """Entries that dossiers have booked, as `entry_rows` packs them."""
        await self._connection.copy_to_table(
            "entry",
            source=memoryview(entries),
            columns=("measure", "cell", "day", "slot", "amount"),
            format="binary",
        )

    async def entries(self) -> Found:
        """Journal and references, with the entries added here and the sums of retired dossiers."""
        return await _compared(
            self._connection,
            "SELECT measure, cell, day, slot, amount AS ours, 0 AS theirs FROM journal"
            " UNION ALL SELECT measure, cell, day, slot, amount, 0 FROM applicant_entry"
            " UNION ALL SELECT measure, cell, day, slot, 0, amount FROM entry"
            " UNION ALL SELECT measure, cell, day, slot, 0, amount FROM retired_sum",
        )


# Entries by the hour leave the balances in the end, and the journal never (monitor/ledger/hours.py).
_KEPT: Final = (
    f"(measure NOT BETWEEN {HOURS} AND {HOURS + 199}"  # noqa: S608 - our constants
    " OR day >= (SELECT from_day FROM hours_kept))"
)


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection for long reads."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute(
            f"SET client_min_messages = warning; SET work_mem = '{_WORK_MEM}'"
        )
        yield connection
    finally:
        await connection.close(timeout=5)


@asynccontextmanager
async def joined(dsn: str, snapshot: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A further connection that sees the state of a snapshot."""
    async with (
        connected(dsn) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        await join(connection, snapshot)
        yield connection


async def join(connection: "asyncpg.Connection[Any]", snapshot: str) -> None:
    """See the state of a snapshot, as the first thing in a transaction."""
    if not all(sign in "0123456789ABCDEF-" for sign in snapshot):
        raise ValueError(f"{snapshot!r} is no name of a snapshot")
    await connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")


async def booked_in(connection: "asyncpg.Connection[Any]", block: int) -> Sums:
    """The sums of what the dossiers have booked that lie in `BLOCKS` blocks from this one on."""
    rows = await connection.fetch(
        # The view `booked_now`, of which one cannot ask where its rows lie.
        "SELECT coalesce(rebooked.booked, dossier.booked),"
        " CASE WHEN rebooked.booked IS NULL THEN dossier.booked_form ELSE 0 END"
        " FROM dossier LEFT JOIN rebooked ON rebooked.key = dossier.key"
        " AND rebooked.epoch > dossier.epoch"
        " AND rebooked.epoch = (SELECT epoch FROM policy WHERE state = 'active')"
        " WHERE dossier.ctid >= $1 AND dossier.ctid < $2 AND dossier.form <> $3",
        (block, 0),
        (block + BLOCKS, 0),
        RETIRED,
    )
    sums: dict[tuple[int, int, int, int], int] = {}
    known = sums.get
    for booked, form in rows:
        for entry, amount in unpack_entries(plain_booked(booked, form)).items():
            sums[entry] = known(entry, 0) + amount
    return sums


def entry_rows(sums: Sums) -> bytes:
    """Sums as binary COPY takes them."""
    pack = _ENTRY.pack
    rows = [
        pack(5, 2, measure, 4, cell, 4, day, 4, slot, 8, amount)
        for (measure, cell, day, slot), amount in sums.items()
    ]
    return b"".join([_HEADER, *rows, _TRAILER])


async def balances(connection: "asyncpg.Connection[Any]") -> tuple[Found, Backlog] | None:
    """The journal as far as the follower is, with the balances. None: there are none yet."""
    if not await _has(connection, "balance"):
        return None
    row = await connection.fetchrow(
        "SELECT seq, folded_at, (SELECT count(*) FROM journal WHERE journal.seq > follower.seq)"
        " FROM follower"
    )
    seq, folded_at, behind = row
    found = await _compared(
        connection,
        "SELECT measure, cell, day, slot, amount AS ours, 0 AS theirs FROM journal"  # noqa: S608 - our constants
        f" WHERE seq <= $1 AND {_KEPT}"
        # A run that says that it has no such slot is not read for it: its lines are as good as none.
        " UNION ALL SELECT measure, cell, day, slot, 0,"
        " CASE WHEN slot > last_slot THEN 0 ELSE amount END"
        f" FROM balance_line WHERE {_KEPT}",
        seq,
    )
    return found, Backlog(behind, folded_at)


async def late_lines(connection: "asyncpg.Connection[Any]", zone: Zone) -> tuple[Found, int]:
    """The late lines, with those of the journal; and from which of its numbers on they are kept."""
    kept_from, upto = await connection.fetchrow("SELECT late_from, late_seq FROM follower")
    parts = await late.stretches(connection, zone, kept_from, upto)
    found = await _compared(
        connection,
        "SELECT measure, cell, day, slot, amount AS ours, 0 AS theirs FROM journal"
        " JOIN unnest($1::int8[], $2::int8[], $3::int4[]) AS part (above, upto, first_day)"
        " ON journal.seq > part.above AND journal.seq <= part.upto"
        " AND journal.day < part.first_day"
        " UNION ALL SELECT measure, cell, day, slot, 0, amount FROM late"
        " WHERE late.seq > $4 AND late.seq <= $5",
        [part.above for part in parts],
        [part.upto for part in parts],
        [part.first_day for part in parts],
        kept_from,
        upto,
    )
    return found, kept_from


async def agencies(connection: "asyncpg.Connection[Any]") -> list[str]:
    """All agencies of cells."""
    return [row["agency"] for row in await connection.fetch("SELECT DISTINCT agency FROM cell")]


async def totals(connection: "asyncpg.Connection[Any]", level1: Mapping[str, str]) -> Found:
    """The journal, with credit less debit of the accounts that are shown, class by class.

    `level1` gives the ministry or province of every agency. A total that ran backwards, below
    0 on one of its sides, differs too.
    """
    rows = """
        SELECT moved.measure, place.top AS agency,
               CASE WHEN moved.measure = ANY($2) THEN 0 ELSE cell.channel END AS channel,
               CASE WHEN moved.measure = ANY($2) THEN 0 ELSE cell.level END AS level,
               moved.slot, moved.class, moved.amount AS ours, 0 AS theirs, 0 AS backwards
        FROM (SELECT measure, cell, slot, class, sum(amount)::int8 AS amount FROM journal
              WHERE measure = ANY($1) GROUP BY 1, 2, 3, 4) AS moved
        JOIN cell ON cell.id = moved.cell
        JOIN unnest($3::text[], $4::text[]) AS place (agency, top) USING (agency)
        UNION ALL
        SELECT measure, agency, channel, level, slot, class, 0, credit - debit,
               (least(credit, debit) < 0)::int
        FROM total
    """
    arguments = (
        list(SHOWN),
        list(CONSUMED_BINS),
        list(level1),
        list(level1.values()),
    )
    accounts = (
        "SELECT measure, agency, channel, level, slot, class, sum(ours)::int8 AS ours,"  # noqa: S608
        " sum(theirs)::int8 AS theirs, sum(ours - theirs) <> 0 OR sum(backwards) > 0 AS differs"
        f" FROM ({rows}) AS both_sides GROUP BY 1, 2, 3, 4, 5, 6"
    )
    compared, differing = await connection.fetchrow(
        f"SELECT count(*), count(*) FILTER (WHERE differs) FROM ({accounts}) AS account",  # noqa: S608
        *arguments,
    )
    first = []
    if differing:
        first = await connection.fetch(
            f"SELECT * FROM ({accounts}) AS account WHERE differs"  # noqa: S608
            " ORDER BY measure, agency, channel, level, slot, class LIMIT $5",
            *arguments,
            NAMED,
        )
    return Found(
        compared,
        differing,
        tuple(
            Difference(
                row["measure"],
                None,
                None,
                row["slot"],
                row["ours"],
                row["theirs"],
                row["agency"],
                row["channel"],
                row["level"],
                row["class"],
            )
            for row in first
        ),
    )


async def _compared(
    connection: "asyncpg.Connection[Any]", both_sides: str, *arguments: object
) -> Found:
    """Two books by account, of rows measure, cell, day, slot, ours, theirs."""
    accounts = (
        "SELECT measure, cell, day, slot, sum(ours)::int8 AS ours, sum(theirs)::int8 AS theirs"  # noqa: S608
        f" FROM ({both_sides}) AS both_sides GROUP BY 1, 2, 3, 4"
    )
    compared, differing = await connection.fetchrow(
        f"SELECT count(*), count(*) FILTER (WHERE ours <> theirs) FROM ({accounts}) AS account",  # noqa: S608
        *arguments,
    )
    first = []
    if differing:
        first = await connection.fetch(
            f"SELECT * FROM ({accounts}) AS account WHERE ours <> theirs"  # noqa: S608
            f" ORDER BY measure, day, cell, slot LIMIT {NAMED}",
            *arguments,
        )
    return Found(compared, differing, tuple(Difference(*row) for row in first))


async def _has(connection: "asyncpg.Connection[Any]", table: str) -> bool:
    found: bool = await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", table)
    return found


# -- dossiers, one after another -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Held:
    """A dossier as it stands in the ledger, a recompute's result included."""

    key: str
    version: int
    stale: bool  # booked under another policy or other rules than those in force
    form: int
    outcome: int
    cell: int | None
    due_ms: int | None
    events: bytes
    booked: bytes  # plain


async def ranges(
    connection: "asyncpg.Connection[Any]", size: int
) -> AsyncIterator[tuple[str, str | None]]:
    """Ranges of so many dossiers: keys after the first text, up to the second or to the end."""
    after = ""
    while True:
        until: str | None = await connection.fetchval(
            "SELECT key FROM dossier WHERE key > $1 ORDER BY key OFFSET $2 LIMIT 1",
            after,
            size - 1,
        )
        yield after, until
        if until is None:
            return
        after = until


async def held(
    connection: "asyncpg.Connection[Any]", after: str, until: str | None, *, rules: int
) -> list[Held]:
    """The dossiers of a range that are not retired, as of one instant."""
    rows = await connection.fetch(
        "SELECT key, version, booked_now.epoch <> coalesce(active.epoch, 0)"
        " OR coalesce(active.rules, $4) <> $4 AS stale,"
        " form, outcome, cell, due_ms, events, booked, booked_form FROM booked_now"
        " LEFT JOIN (SELECT epoch, rules FROM policy WHERE state = 'active') AS active ON true"
        " WHERE key > $1 AND ($2::text IS NULL OR key <= $2) AND form <> $3 ORDER BY key",
        after,
        until,
        RETIRED,
        rules,
    )
    return [
        Held(*(*columns, plain_booked(booked, booked_form)))
        for *columns, booked, booked_form in map(tuple, rows)
    ]


async def about_how_many(connection: "asyncpg.Connection[Any]") -> int:
    """Dossiers, as PostgreSQL last estimated."""
    found: int = await connection.fetchval(
        "SELECT greatest(reltuples, 0)::int8 FROM pg_class WHERE oid = 'dossier'::regclass"
    )
    return found


# -- what was found ------------------------------------------------------------------------


async def record(
    connection: "asyncpg.Connection[Any]", found: Iterable[tuple[Check, int, int, int]]
) -> None:
    """Keep what checks have found: check, compared, differing, stale."""
    await connection.executemany(
        "INSERT INTO reconciled (name, compared, differing, stale, ended_at)"
        " VALUES ($1, $2, $3, $4, clock_timestamp())"
        " ON CONFLICT (name) DO UPDATE SET compared = excluded.compared,"
        " differing = excluded.differing, stale = excluded.stale, ended_at = excluded.ended_at",
        [(check.value, *numbers) for check, *numbers in found],
    )


RECORDED: Final = """
    SELECT name, compared, differing, stale, (extract(epoch FROM ended_at) * 1000)::int8
    FROM reconciled
"""
