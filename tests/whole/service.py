"""A worker as an operator runs it, a topic and a ledger of its own, and what has been put on it."""

import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import count, takewhile
from pathlib import Path
from typing import Any, Final

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from agents.generate.model import Record, Scenario, records
from agents.quarantine import Seal
from agents.recount import Recount
from monitor.domain.policy import Policy
from monitor.ledger.ledger import UNAVAILABLE
from tests.servers.process import Server, ServerFailed
from tests.servers.topics import create_topic
from tests.whole import ledger_checks

LARGEST: Final = 16 << 20
KEY: Final = Seal.new_key()


class Worker(Server):
    """`emc worker` with settings of its own, or another process like it."""

    def __init__(
        self,
        settings: Mapping[str, str],
        log: Path,
        command: Sequence[str] = ("monitor.cli", "worker"),
    ) -> None:
        super().__init__(
            log.stem,
            [sys.executable, "-m", *command],
            log=log,
            ready=lambda server: "partitions claimed" in server.said(),
            environment=settings,
            patience_s=60,
        )

    def send(self, number: int) -> None:
        self._alive().send_signal(number)

    def ended(self, within_s: float) -> int:
        """The exit status of a worker that is to end by itself or was asked to."""
        assert self._process is not None, "was not started"
        status = self._process.wait(within_s)
        self._process = None
        return status

    async def says(self, words: str, within_s: float = 30) -> None:
        """Wait until its log of this start has these words."""
        deadline = time.monotonic() + within_s
        while words not in self.said():
            if not self.running:
                raise ServerFailed(f"{self.name} ended without {words!r}\n{self.tail()}")
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.name} never said {words!r}\n{self.tail()}")
            await asyncio.sleep(0.05)


@dataclass
class Stage:
    """One topic, one ledger, the workers on them, and an account of what was produced."""

    bootstrap: str
    database: str
    topic: str
    folder: Path
    partitions: int
    recount: Recount = field(default_factory=Recount)
    ends: Counter[int] = field(default_factory=Counter)
    workers: list[Worker] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def petitions(self) -> str:
        """The topic of petitions, which is not there unless a test makes it."""
        return f"{self.topic}-petitions"

    def worker(self, **settings: str) -> Worker:
        """A worker that is not started yet; settings in lower case, without `EMC_`."""
        chosen = {
            "kafka": self.bootstrap,
            "database": self.database,
            "topic": self.topic,
            "petitions_topic": self.petitions,
            "group": f"group-{self.topic}",
            "quarantine_key": KEY,
            "worker_metrics_port": "0",
            "brisk": "1",
            **settings,
        }
        environment = {f"EMC_{name.upper()}": value for name, value in chosen.items()}
        worker = Worker(environment, self.folder / f"worker-{next(self._numbers)}.log")
        self.workers.append(worker)
        return worker

    async def produce(
        self, given: Iterable[Record], *, per_second: int = 0, headers: Any = ()
    ) -> None:
        """Put records on the topic and into the recount."""
        async with AIOKafkaProducer(
            bootstrap_servers=self.bootstrap,
            acks="all",
            linger_ms=5,
            max_batch_size=128 * 1024,
            max_request_size=LARGEST,
        ) as producer:
            began = time.monotonic()
            sent = []
            for number, record in enumerate(given, 1):
                self.recount.add(record.value or b"", record.at_ms)
                sent.append(
                    await producer.send(
                        self.topic,
                        record.value,
                        key=record.key.encode(),
                        timestamp_ms=record.at_ms,
                    )
                )
                if number % 200 == 0:
                    ahead = (
                        number / per_second - (time.monotonic() - began) if per_second else 0
                    )
                    await asyncio.sleep(max(0, ahead))
            for future in sent:
                there = await future
                self.ends[there.partition] = max(self.ends[there.partition], there.offset + 1)

    async def booked(self, within_s: float = 60) -> None:
        """Wait until the ledger has everything that was produced."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                positions = await ledger_checks.booked_until(self.database, self.topic)
            except (*UNAVAILABLE, asyncpg.UndefinedTableError):
                positions = {}
            if self.ends and all(
                positions.get(partition) == end for partition, end in self.ends.items()
            ):
                return
            if time.monotonic() > deadline:
                tails = "\n".join(worker.tail() for worker in self.workers)
                raise AssertionError(
                    f"the ledger stands at {positions}, the log ends at {self.ends}\n{tails}"
                )
            await asyncio.sleep(0.1)

    async def booked_beyond(self, records: int, within_s: float = 60) -> int:
        """Wait until the ledger has booked so many records; how many it has then."""
        connection = await asyncpg.connect(self.database)
        try:
            async with asyncio.timeout(within_s):
                while True:
                    booked: int = await connection.fetchval(
                        "SELECT coalesce(sum(next), 0)::bigint FROM position WHERE topic = $1",
                        self.topic,
                    )
                    if booked >= records:
                        return booked
                    await asyncio.sleep(0.005)
        finally:
            await connection.close()

    async def disagreements(self, policy: Policy = ledger_checks.PLAIN) -> list[str]:
        """What is wrong with the ledger; nothing, if all is well."""
        ends = {partition: self.ends[partition] for partition in range(self.partitions)}
        return [
            *await ledger_checks.drift(self.database, self.topic, ends, policy),
            *await ledger_checks.differences(self.database, self.recount.result()),
        ]

    async def committed(self, group: str = "") -> dict[int, int]:
        """What the group's coordinator believes to be read."""
        async with AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap,
            group_id=group or f"group-{self.topic}",
            enable_auto_commit=False,
        ) as consumer:
            return {
                partition: await consumer.committed(TopicPartition(self.topic, partition)) or 0
                for partition in range(self.partitions)
            }


@asynccontextmanager
async def streaming(here: Stage, per_second: int, *, keyed: bool = True) -> AsyncIterator[None]:
    """Events that go on coming until the block has ended."""
    enough = asyncio.Event()
    rng = random.Random(5)
    events: Iterator[Record] = takewhile(lambda _: not enough.is_set(), life(50_000))
    if not keyed:
        events = (event._replace(key=str(rng.random())) for event in events)
    producing = asyncio.create_task(here.produce(events, per_second=per_second))
    try:
        yield
    finally:
        enough.set()
        await producing


@asynccontextmanager
async def stage(
    bootstrap: str, database: str, folder: Path, *, partitions: int = 4, **settings: str
) -> AsyncIterator[Stage]:
    """A topic of this test's own; workers still running at the end are ended."""
    # Records carry the time they tell of, and retention goes by that: it would cut them unread.
    topic = await create_topic(
        bootstrap,
        "emc.dossiers",
        partitions=partitions,
        settings={"retention.ms": "-1", **settings},
    )
    here = Stage(bootstrap, database, topic, folder, partitions)
    try:
        yield here
    finally:
        for worker in here.workers:
            if worker.running:
                worker.thaw()
                worker.kill()


def life(dossiers: int, *, seed: int = 1, bad: float = 0.01) -> Iterator[Record]:
    """Events of invented dossiers, with duplicates, late ones and broken ones."""
    return records(
        Scenario(
            seed=seed,
            dossiers=dossiers,
            start=date(2026, 6, 1),
            days=30,
            duplicates=0.05,
            late=0.05,
            bad=bad,
        )
    )
