"""Finished dossiers made small in place, and those past retention made a line without events.

Rows are read as they lie on disk, some blocks at a time: dossiers that ended together lie
together, where an order by code would jump through the whole table. Each batch is one short
transaction that takes only rows nobody else is writing, and only as they were read, so that a
worker's booking always wins. A row that moves meanwhile is met by the next run.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

import asyncpg

from monitor.domain.view import Outcome
from monitor.ledger.forms import DEFLATED, RETIRED, Sums
from monitor.ledger.locks import ARCHIVE
from monitor.ledger.unit import OUTCOME_NUMBERS, TRIAL_OUTCOMES

BLOCKS: Final = 32  # read at a time: some two thousand dossiers

FINISHED: Final = tuple(
    trial + OUTCOME_NUMBERS[outcome]
    for trial in (0, TRIAL_OUTCOMES)
    for outcome in (
        Outcome.WITHDRAWN_UNACCEPTED,
        Outcome.REFUSED,
        Outcome.COMPLETED,
        Outcome.RETURNED,
    )
)


class UnderWay(Exception):
    """Something else is done to the ledger that has to end first; the text says what."""


@dataclass(frozen=True, slots=True)
class Row:
    """A finished dossier as it lies in the ledger."""

    key: str
    stamp: int  # the transaction that wrote the row: nobody has, as long as it is the same
    form: int
    booked_form: int
    events: bytes
    booked: bytes


class Archive:
    """The dossiers' table on one connection."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def open(cls, dsn: str) -> AsyncIterator[Self]:
        """Raises `UnderWay` where another one is open, however that was started."""
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            await connection.execute("SET client_min_messages = warning")
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", ARCHIVE):
                raise UnderWay("another run archives or retires dossiers of this ledger")
            yield cls(connection)
        finally:
            await connection.close(timeout=5)

    @property
    def connection(self) -> "asyncpg.Connection[Any]":
        """For what else is to be read of the same ledger."""
        return self._connection

    async def blocks(self) -> int:
        """How many blocks the dossiers take now."""
        found: int = await self._connection.fetchval(
            "SELECT pg_relation_size('dossier') / current_setting('block_size')::int8"
        )
        return found

    async def finished(
        self, block: int, *, archived_too: bool, blocks: int = BLOCKS, most: int | None = None
    ) -> list[Row]:
        """Finished dossiers that lie in so many blocks from this one on, retired ones never."""
        rows = await self._connection.fetch(
            "SELECT key, xmin::text::int8, form, booked_form, events, booked FROM dossier"
            " WHERE ctid >= $1 AND ctid < $2 AND outcome = ANY($3)"
            " AND form <> $4 AND (form = 0 OR booked_form = 0 OR $5) LIMIT $6",
            (block, 0),
            (block + blocks, 0),
            list(FINISHED),
            RETIRED,
            archived_too,
            most,
        )
        return [Row(*row) for row in rows]

    async def dictionary(self) -> tuple[int, bytes] | None:
        """The last dictionary and its number."""
        row = await self._connection.fetchrow(
            "SELECT number, content FROM dictionary ORDER BY number DESC LIMIT 1"
        )
        return None if row is None else (row["number"], row["content"])

    async def keep_dictionary(self, content: bytes) -> int:
        """The number under which a new dictionary is kept."""
        number: int = await self._connection.fetchval(
            "INSERT INTO dictionary (content) VALUES ($1) RETURNING number", content
        )
        return number

    async def shrink(
        self, number: int, archived: Mapping[tuple[str, int], tuple[bytes, bytes]]
    ) -> int:
        """Put archived events and entries in place of the plain ones; how many rows took them.

        By key and stamp as they were read. The version stays, because what the dossier is has
        not changed: a worker that has it at hand may go on.
        """
        async with self._connection.transaction():
            free = await self._free(archived)
            await self._connection.execute(
                """
                UPDATE dossier SET form = $1, booked_form = $2,
                       events = packed.events, booked = packed.booked
                FROM unnest($3::text[], $4::bytea[], $5::bytea[]) AS packed (key, events, booked)
                WHERE dossier.key = packed.key
                """,
                number,
                DEFLATED,
                [key for key, _ in free],
                [archived[row][0] for row in free],
                [archived[row][1] for row in free],
            )
        return len(free)

    async def retire(self, sums_of: Mapping[tuple[str, int], Sums]) -> int:
        """Let events and entries go and add the entries to what is retired; how many dossiers.

        By key and stamp as they were read. The version is raised: whoever has the dossier at
        hand books no more of it.
        """
        async with self._connection.transaction():
            await self._no_recompute()
            free = await self._free(sums_of)
            await self._connection.execute(
                "UPDATE dossier SET form = $1, version = version + 1, cell = NULL, due_ms = NULL,"
                " events = '', booked = '', booked_form = 0 WHERE key = ANY($2::text[])",
                RETIRED,
                [key for key, _ in free],
            )
            sums = _added(sums_of[row] for row in free)
            await self._connection.execute(
                """
                INSERT INTO retired_sum AS held (measure, cell, day, slot, amount)
                SELECT * FROM unnest($1::int2[], $2::int4[], $3::int4[], $4::int4[], $5::int8[])
                ON CONFLICT (measure, cell, day, slot) DO UPDATE
                SET amount = held.amount + excluded.amount
                """,
                *([account[place] for account in sums] for place in range(4)),
                list(sums.values()),
            )
        return len(free)

    async def _no_recompute(self) -> None:
        """None begins until our transaction has ended; raises `UnderWay` if one is not over.

        It would give entries to dossiers whose sums are already among the retired.
        """
        if await self._connection.fetchval(
            "SELECT (SELECT recomputing IS NOT NULL FROM policy_in_force())"
            " OR EXISTS (SELECT FROM rebooked)"
        ):
            raise UnderWay("a recompute is not over, its dossiers cannot be retired yet")

    async def _free(self, wanted: Collection[tuple[str, int]]) -> Sequence[tuple[str, int]]:
        """Those of these rows that are as they were read and that nobody else is writing."""
        rows = await self._connection.fetch(
            "SELECT key, xmin::text::int8 FROM dossier WHERE key = ANY($1::text[]) AND form <> $2"
            " ORDER BY key FOR UPDATE SKIP LOCKED",
            [key for key, _ in wanted],
            RETIRED,
        )
        return [row for key, stamp in rows if (row := (key, stamp)) in wanted]


def _added(several: Iterable[Sums]) -> dict[tuple[int, int, int, int], int]:
    added: dict[tuple[int, int, int, int], int] = {}
    for sums in several:
        for account, amount in sums.items():
            added[account] = added.get(account, 0) + amount
    return dict(sorted(added.items()))
