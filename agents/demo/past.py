"""What the demo has behind it when it is opened: all of last month and this one so far, closed and corrected.

A ledger whose first cut is sealed before it has its past has nothing to compare last month with. So
the past is booked first and sealed then, and only then arrive a few dossiers of last month that
were withheld: what they change is a change after closing.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import asyncpg
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from agents.demo.feed import Feed, Given
from agents.demo.scrape import scraped
from agents.demo.service import Running
from agents.generate.model import DOSSIERS, PETITIONS, Record
from monitor.ledger.locks import FOLLOWER

# Of the largest, so that nobody takes their clocks to be wrong.
LATE_OF: Final = ("H26", "H29")
ONE_OF: Final = 20  # of their dossiers of last month is told late
MOST_LATE: Final = 12
_CHUNK: Final = 1_000
_LOOK_SECONDS: Final = 0.3


def last_month(today: date) -> date:
    """Its first day."""
    return (today.replace(day=1) - timedelta(days=1)).replace(day=1)


@dataclass
class Past:
    """Splits what a country tells: the past, what of it is told late, and what comes from now on."""

    records: Iterator[Record]
    now_ms: int
    month: date  # whose dossiers are told late
    silent: Callable[[Record], bool]  # of a source that has fallen silent: sent by nobody
    late: list[Record] = field(default_factory=list)
    _first: Record | None = None

    def past(self) -> Iterator[Record]:
        """All up to now, in order; what is to be told late is kept for later."""
        of_month = f"{self.month:%y%m}"
        seen: dict[str, bool] = {}
        for record in self.records:
            if record.at_ms > self.now_ms:
                self._first = record
                return
            if self.silent(record):
                continue
            if (
                record.topic == DOSSIERS
                and record.key.startswith(LATE_OF)
                and record.key.partition("-")[2].startswith(of_month)
            ):
                if record.key not in seen:
                    number = len(seen) + 1
                    seen[record.key] = not number % ONE_OF and number <= ONE_OF * MOST_LATE
                if seen[record.key]:
                    self.late.append(record)
                    continue
            yield heard(record)

    def present(self) -> Iterator[Record]:
        """What comes from now on, each when it is due; once the past was taken."""
        if self._first is not None:
            yield self._first
        for record in self.records:
            if not self.silent(record):
                yield record


def heard(record: Record, at_ms: int | None = None) -> Record:
    """The same as news and not as history: told when it happened, or late."""
    said = orjson.loads(record.value)
    said["data"].pop("backfill", None)
    return record._replace(value=orjson.dumps(said), at_ms=at_ms or record.at_ms)


def given(record: Record) -> Given:
    """As it is sent."""
    topic = PETITIONS if record.topic == PETITIONS else ""
    return Given(record.key.encode(), record.value, record.at_ms, topic)


class Unsealed:
    """Keeps every worker from sealing cuts, as long as it is held: it has the follower's lock."""

    def __init__(self) -> None:
        self._connection: Any = None

    async def begin(self, database: str) -> None:
        """Before any worker is there."""
        self._connection = await asyncpg.connect(database)
        await self._connection.execute("SELECT pg_advisory_lock($1)", FOLLOWER)

    async def end(self) -> None:
        """From here on a worker seals."""
        await self._connection.close()

    @classmethod
    @asynccontextmanager
    async def held(cls) -> AsyncIterator["Unsealed"]:
        """Ended with the block at the latest, when PostgreSQL may be gone already."""
        one = cls()
        try:
            yield one
        finally:
            if one._connection is not None:
                one._connection.terminate()


async def lived(
    past: Past, service: Running, feed: Feed, unsealed: Unsealed, console: Console
) -> int:
    """Send and book the past, have it sealed, and tell what is late; how many dossiers that were."""
    progress = Progress(
        TextColumn("{task.description:>23}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        transient=True,
    )
    with progress:
        booking = progress.add_task("booking the past", total=None)
        chunk: list[Given] = []
        for record in past.past():
            chunk.append(given(record))
            if len(chunk) == _CHUNK:
                await feed.send(chunk)
                chunk = []
                progress.update(booking, total=feed.sent)
        await feed.send(chunk)
        await feed.flush()
        progress.update(booking, total=feed.sent)
        while (booked := await _booked(service)) < feed.sent:
            progress.update(booking, completed=booked)
            await asyncio.sleep(_LOOK_SECONDS)
    await unsealed.end()
    await _sealed(service)
    now_ms = time.time_ns() // 1_000_000
    await feed.send(given(heard(record, now_ms)) for record in past.late)
    return len({record.key for record in past.late})


async def _booked(service: Running) -> int:
    service.check()
    shown = await asyncio.to_thread(scraped, f"{service.address}/metrics")
    return sum(shown.records.values()) if shown is not None else 0


async def _sealed(service: Running) -> None:
    """Wait until a worker has sealed the past and made its balances."""
    connection = await asyncpg.connect(service.database)
    try:
        while not await connection.fetchval(
            "SELECT EXISTS (SELECT FROM cut, follower WHERE cut.seq > 0 AND follower.seq >= cut.seq)"
        ):
            service.check()
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        await connection.close()
