"""A desk on a real ledger, fed from memory, and what two ledgers come to."""

import asyncio
import itertools
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from agents.batch import Batch
from agents.dossiers import DossierDesk
from agents.generate.model import Record, Scenario, records
from agents.health import WorkerHealth
from agents.quarantine import Quarantine
from agents.standing import Stands
from monitor.domain.view import Cell
from monitor.ledger.ledger import Ledger, Position
from monitor.ledger.migrate import migrate
from monitor.ledger.unit import Partition
from monitor.reference.sets import ReferenceSet, policy_of
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS
from tests.whole.until import until

HERE = Partition("t", 0)


@dataclass(frozen=True)
class Written:
    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Feed:
    """A log of one partition that grows."""

    written: list[Written] = field(default_factory=list)
    fence: int = 0
    at: int = 0
    pace_s: float = 0.0

    def write(self, given: Iterable[Record]) -> None:
        for record in given:
            self.written.append(
                Written(len(self.written), record.at_ms, record.key.encode(), record.value)
            )

    async def seek_to(self, positions: Mapping[Partition, int]) -> None:
        self.fence += 1
        self.at = positions[HERE]

    def fetched(self, partition: Partition) -> int | None:
        return self.at

    async def commit_to_kafka(self, positions: Mapping[Partition, int]) -> bool:
        return True

    async def rejoin(self) -> None:
        raise AssertionError("nobody else claims")

    async def batches(self) -> AsyncIterator[Batch]:
        while True:
            found = self.written[self.at : self.at + 40]
            if not found:
                await asyncio.sleep(0.005)
                continue
            batch = Batch(HERE, self.fence, self.at, found, len(self.written))
            self.at += len(found)
            await asyncio.sleep(self.pace_s)
            yield batch


@dataclass
class Office:
    """A desk that reads a feed into a ledger."""

    dsn: str
    ledger: Ledger
    feed: Feed
    desk: DossierDesk
    filled: int = 0  # records written before what is measured

    async def booked(self, within_s: float = 60) -> None:
        """Wait until all that was written is booked."""

        async def all_of_it() -> bool:
            if self.desk.failed.done():
                self.desk.failed.result()
            held = await self.ledger.positions([HERE])
            return held[HERE].next == len(self.feed.written)

        await until(all_of_it, within_s)


@asynccontextmanager
async def office(dsn: str, reference: ReferenceSet) -> AsyncIterator[Office]:
    """An open office; its worker goes by the reference set if the ledger has no other yet."""
    await migrate(dsn)
    policy = policy_of(reference)
    async with Ledger.open(dsn) as ledger:
        feed = Feed()

        async def claim(
            partitions: Collection[Partition], generation: int
        ) -> Mapping[Partition, Position]:
            return await ledger.claim(
                partitions,
                owner="me",
                generation=generation,
                cluster="c",
                beginnings={HERE: 0},
            )

        desk = DossierDesk(
            ledger=ledger,
            log=feed,
            claim=claim,
            decoder=Decoder(policy.zone, DOSSIERS),
            policy=policy,
            quarantine=Quarantine(None),
            health=WorkerHealth(),
            now_ms=lambda: 1_785_719_551_000,
            standing=Stands(ledger.policies, reference, policy).now,
        )
        feed.at = (await desk.take_over([HERE], 1))[HERE]
        following = asyncio.create_task(desk.follow(feed.batches()))
        try:
            yield Office(dsn, ledger, feed, desk)
        finally:
            await desk.close()
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following


def life(dossiers: int, seed: int = 1) -> list[Record]:
    scenario = Scenario(
        seed=seed,
        dossiers=dossiers,
        start=date(2026, 6, 1),
        days=30,
        duplicates=0.05,
        late=0.1,
        bad=0.01,
    )
    return list(records(scenario))


def halves(given: list[Record]) -> tuple[list[Record], list[Record]]:
    middle = len(given) // 2
    return given[:middle], given[middle:]


Balances = Mapping[tuple[Any, ...], int]


async def balances(dsn: str) -> Balances:
    """The journal's sums by measure, dimensions, day and slot."""
    rows = await fetch(
        dsn,
        f"SELECT measure, {', '.join(Cell._fields)}, day, slot, sum(amount)::bigint"
        " FROM journal JOIN cell ON cell.id = journal.cell"
        f" GROUP BY measure, {', '.join(Cell._fields)}, day, slot HAVING sum(amount) <> 0",
    )
    return {tuple(row)[:-1]: row[-1] for row in rows}


async def totals(dsn: str) -> Balances:
    """What is shown, over shards and classes."""
    rows = await fetch(
        dsn,
        "SELECT measure, agency, channel, level, slot, sum(credit - debit)::bigint FROM total"
        " GROUP BY 1, 2, 3, 4, 5 HAVING sum(credit - debit) <> 0",
    )
    return {tuple(row)[:-1]: row[-1] for row in rows}


async def columns(dsn: str) -> dict[str, Any]:
    """What stands beside each dossier's entries, its cell spelt out."""
    rows = await fetch(
        dsn,
        f"SELECT key, outcome, due_ms, {', '.join(Cell._fields)} FROM booked_now"
        " LEFT JOIN cell ON cell.id = booked_now.cell",
    )
    return {row["key"]: tuple(row)[1:] for row in rows}


async def fetch(dsn: str, query: str, *arguments: object) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(query, *arguments))
    finally:
        await connection.close()


def first_difference(ours: Balances, theirs: Balances) -> object:
    """For a message: one account that is not the same."""
    counted = Counter(dict(ours))
    counted.subtract(dict(theirs))
    return next(itertools.islice(((a, n) for a, n in counted.items() if n), 1), None)


def changed(shipped: Path, folder: Path) -> Path:
    """The shipped reference files with other hours, another precision and strategy."""
    shutil.copytree(shipped, folder)
    policy = folder / "policy.toml"
    text = policy.read_text()
    assert 'precision = "instant"' in text
    assert 'strategy = "shift"' in text
    text = text.replace('precision = "instant"', 'precision = "date"')
    text = text.replace('strategy = "shift"', 'strategy = "subtract"')
    policy.write_text(text)
    with (folder / "calendars" / "vietnam.toml").open("a") as calendar:
        calendar.write(
            '\n[[hours]]\nagencies = ["H26"]\nvalid_from = 2026-06-10\n'
            'mon = ["08:00-11:00"]\ntue = ["08:00-11:00"]\nwed = ["08:00-11:00"]\n'
            'make_up = ["08:00-11:00"]\nbasis = "law"\nsource = "a test"\n'
        )
    return folder
