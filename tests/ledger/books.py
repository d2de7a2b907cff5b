"""Books written line by line: what a test says is booked, sealed and folded, and nothing else."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from monitor.domain.mandate import Mandate
from monitor.domain.view import Cell
from monitor.ledger.follower import Cut, connect, fold, seal
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import migrate
from monitor.ledger.sources import Kind, Source, Sources, Status


@dataclass
class Books:
    """A ledger, a follower's connection and a pool to read by."""

    dsn: str
    ledger: Ledger
    follower: Any
    pool: Any

    async def book(
        self,
        measure: int,
        agency: str,
        day: int,
        amount: int = 1,
        *,
        slot: int = -1,
        procedure: str = "1.004194",
        channel: int = 2,
        level: int = 4,
        unit: str = "",
    ) -> None:
        """A line of the journal."""
        number = await self.number(
            agency, procedure=procedure, channel=channel, level=level, unit=unit
        )
        await self.follower.execute(
            "INSERT INTO journal (measure, cell, day, slot, class, amount)"
            " VALUES ($1, $2, $3, $4, 0, $5)",
            measure,
            number,
            day,
            slot,
            amount,
        )

    async def number(
        self,
        agency: str,
        *,
        procedure: str = "1.004194",
        channel: int = 2,
        level: int = 4,
        unit: str = "",
    ) -> int:
        """The number of a cell."""
        cell = Cell(agency, unit, procedure, channel, "", level)
        return (await self.ledger.number([cell]))[cell]

    async def folded(self) -> Cut:
        """A cut above all that was booked, and the balances up to it."""
        cut = await seal(self.follower)
        while await fold(self.follower, cut):
            pass
        return cut

    async def live(self, code: str, go_live: datetime, *agencies: str) -> None:
        """A source in the register that speaks for agencies from a day on."""
        await Sources(self.pool).add(
            Source(
                code=code,
                name=code,
                owner=agencies[0],
                kind=Kind.SYSTEM,
                status=Status.LIVE,
                go_live=go_live.date(),
                mandates=tuple(Mandate(agency) for agency in agencies),
            ),
            who="test",
        )


@asynccontextmanager
async def books(dsn: str) -> AsyncIterator[Books]:
    """Books of an empty ledger."""
    await migrate(dsn)
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(Ledger.open(dsn, connections=1))
        follower = await connect(dsn)
        stack.push_async_callback(follower.close)
        pool = await stack.enter_async_context(asyncpg.create_pool(dsn, min_size=0, max_size=2))
        yield Books(dsn, ledger, follower, pool)


async def folded_then(connection: Any, cut: Cut) -> None:
    """As a worker of a release before migration 35 folds: it keeps no late lines."""
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO balance_run (measure, day, level, seq, cells, slots, amounts)"
            " SELECT measure, day, 0, $1, array_agg(cell), array_agg(slot), array_agg(amount)"
            " FROM journal WHERE seq > (SELECT seq FROM follower) AND seq <= $1"
            " GROUP BY measure, day",
            cut.seq,
        )
        await connection.execute(
            "UPDATE follower SET seq = $1, folded_at = $2", cut.seq, cut.read_at
        )
