"""The same province the whole way: to a topic of Kafka, booked by workers as operators run them.

The events are produced in the order of their arrival, in two parts with a look at the ledger in
between. Claims come by `emc claim import`. Nothing here calls the monitor's own code for anything that
is booked, folded or kept.
"""

import asyncio
import csv
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer

from agents.generate.model import PETITIONS, Record
from monitor.ledger.locks import OFFICIAL
from tests.official.province import Province
from tests.servers.topics import create_topic
from tests.whole.service import Stage, Worker, stage

KEPT = 2**31 - 1  # `filled_until` of a sum that is filled
COLUMNS = (
    *("indicator", "agency", "from", "to", "numerator", "denominator", "value", "unit"),
    *("respondents", "survey", "not_issued"),
)
Tell = Callable[[str, int, int], None]  # what is done, how much of it, of how much


def nobody(_what: str, _done: int, _of: int) -> None:
    """Of progress that nobody watches."""


@dataclass
class Way:
    """A ledger, the topics before it, and the workers between."""

    stage: Stage
    folder: Path  # of reference files
    indicators: str  # the topic that official figures are told on
    tell: Tell
    brisk: bool
    held: Any  # a connection that keeps workers from evaluating figures
    workers: list[Worker] = field(default_factory=list)
    sent: int = 0  # records

    async def evaluated(self, within_s: float = 300) -> None:
        """Let a worker evaluate what was sealed last, as it does once a minute, and wait for it."""
        await self.held.execute("SELECT pg_advisory_unlock_all()")
        async with asyncio.timeout(within_s):
            while not await self.held.fetchval(
                "SELECT cut = (SELECT max(seq) FROM cut) FROM official_round"
            ):
                self._alive()
                await asyncio.sleep(0.2)

    @property
    def database(self) -> str:
        return self.stage.database

    async def work(self, how_many: int) -> None:
        """Have so many workers."""
        settings = {
            "reference": str(self.folder),
            "indicators_topic": self.indicators,
            "brisk": str(int(self.brisk)),
        }
        while len(self.workers) < how_many:
            worker = self.stage.worker(**settings)
            await asyncio.to_thread(worker.start)
            self.workers.append(worker)

    async def killed(self) -> None:
        """Kill all workers, whatever they are at, and have as many others."""
        how_many = len(self.workers)
        for worker in self.workers:
            worker.kill()
        self.workers.clear()
        await self.work(how_many)

    async def send(self, records: Iterable[Record]) -> None:
        """Put records on their topics; all of them are there when this returns."""
        given = list(records)
        self.sent += len(given)
        topics = {PETITIONS: self.stage.petitions}
        async with AIOKafkaProducer(
            bootstrap_servers=self.stage.bootstrap, acks="all", linger_ms=5
        ) as producer:
            for first in range(0, len(given), 2_000):
                some = given[first : first + 2_000]
                sent = [
                    await producer.send(
                        topics.get(one.topic, self.stage.topic),
                        one.value,
                        key=one.key.encode(),
                        timestamp_ms=one.at_ms,
                    )
                    for one in some
                ]
                await asyncio.gather(*sent)
                self.tell("produced", first + len(some), len(given))

    async def claim(self, claims: Iterable[Mapping[str, Any]]) -> None:
        """Bring in what others state, as an operator does."""
        path = self.stage.folder / "claims.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.DictWriter(file, COLUMNS)
            rows.writeheader()
            rows.writerows(
                {**one, "not_issued": "true" if one.get("not_issued") else ""} for one in claims
            )
        await emc(self.database, "claim", "import", str(path), "--source", "said")

    async def followed(self, within_s: float = 900) -> None:
        """Wait until all that was produced is booked, in a cut, in the balances and in the sums."""
        # By what was sent: the embedded broker tells ends of its logs that are behind.
        ends = self.sent
        connection = await asyncpg.connect(self.database)
        try:
            async with asyncio.timeout(within_s):
                while (booked := await self._booked(connection)) < ends:
                    self.tell("booked", booked, ends)
                    self._alive()
                    await asyncio.sleep(0.2)
                last = await connection.fetchval("SELECT last_value FROM journal_seq_seq")
                while (
                    done := await connection.fetchval("SELECT seq FROM reading_book")
                ) < last:
                    self.tell("followed", done, last)
                    self._alive()
                    await asyncio.sleep(0.2)
        finally:
            await connection.close()

    async def kept(self, within_s: float = 900) -> int:
        """Wait until every sum that was asked for is filled; how many there are."""
        connection = await asyncpg.connect(self.database)
        try:
            async with asyncio.timeout(within_s):
                while True:
                    filled, asked = await connection.fetchrow(
                        "SELECT count(*) FILTER (WHERE filled_until = $1), count(*)"
                        " FROM reading_sum",
                        KEPT,
                    )
                    self.tell("filled", filled, asked)
                    if filled == asked:
                        return int(asked)
                    self._alive()
                    await asyncio.sleep(0.2)
        finally:
            await connection.close()

    def _alive(self) -> None:
        dead = [worker for worker in self.workers if not worker.running]
        assert not dead, "\n".join(worker.tail() for worker in dead)

    async def _booked(self, connection: Any) -> int:
        return int(
            await connection.fetchval("SELECT coalesce(sum(next), 0)::int8 FROM position")
        )


async def emc(database: str, *arguments: str) -> bytes:
    """What a command of an operator prints."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "monitor.cli", *arguments],
        env={**os.environ, "EMC_DATABASE": database},
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, (arguments, done.stdout.decode(), done.stderr.decode())
    return done.stdout


@asynccontextmanager
async def way(
    bootstrap: str,
    database: str,
    province: Province,
    folder: Path,
    *,
    tell: Tell = nobody,
    brisk: bool = True,
) -> AsyncIterator[Way]:
    """Topics of a province's own; workers that still run at the end are ended."""
    reference = province.files(folder)
    async with stage(bootstrap, database, folder) as here:
        forever = {"retention.ms": "-1"}
        await create_topic(
            bootstrap,
            here.petitions,
            partitions=here.partitions,
            settings=forever,
            exactly=True,
        )
        indicators = await create_topic(bootstrap, "emc.indicators", settings=forever)
        held: Any = await asyncpg.connect(database)
        try:
            # Or they would evaluate the whole country with every cut that is made on the way.
            await held.execute("SELECT pg_advisory_lock($1)", OFFICIAL)
            yield Way(here, reference, indicators, tell, brisk, held)
        finally:
            await held.close()
