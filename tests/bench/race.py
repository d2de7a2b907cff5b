"""One lap of one contestant: a process of its own, from its first record to its last one."""

import asyncio
import json
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from monitor.domain.mandate import Mandate
from monitor.ledger.migrate import migrate
from monitor.ledger.sources import INBOUND, Source, Sources
from tests.bench.child import Task
from tests.bench.job import Expected
from tests.bench.ledger import check
from tests.bench.servers import Cores, Servers
from tests.bench.usage import cpu_seconds, peak_mb
from tests.servers.topics import create_topic

LOOK_SECONDS: Final = 0.02
PATIENCE_SECONDS: Final = 60  # for a process to begin

Progressed = Callable[[int], None]
# What is done with a lap's ledger, from before its worker starts until after its end.
Beside = Callable[[str], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lap:
    """What one lap took. Seconds of CPU are of the lap alone, without start and end."""

    seconds: float
    python: float
    postgres: float
    broker: float
    peak_mb: float
    lock_wait: float = 0.0  # seconds that sessions of PostgreSQL waited for locks, sampled
    records: int = 0  # where a contestant reads only the first ones


class Failed(Exception):
    """A contestant ended early or counted wrongly; the text says which, with its log."""


@dataclass(slots=True)
class Child:
    """A running contestant."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    def check(self) -> None:
        if self.process.returncode is not None:
            raise self.failed(f"ended with {self.process.returncode}")

    def failed(self, why: str) -> Failed:
        end = self.log.read_text(errors="replace").splitlines()[-15:]
        return Failed("\n".join([f"{self.name} {why}", *end]))

    async def said(self, word: str, within_s: float | None = None) -> str:
        """The rest of its next line, which begins with a word."""
        assert self.process.stdout is not None
        try:
            async with asyncio.timeout(within_s):
                line = (await self.process.stdout.readline()).decode().strip()
        except TimeoutError:
            raise self.failed(f"did not say {word!r} in {within_s} s") from None
        if not line.startswith(word):
            raise self.failed(f"said {line!r} where {word!r} was awaited")
        return line.removeprefix(word).strip()


class Meter:
    """Reads the clocks of a lap at its beginning and its end."""

    def __init__(self, servers: Servers, *pids: int) -> None:
        self._servers = servers
        self._pids = pids
        self._began = self._read()

    def _read(self) -> tuple[float, float, float, float]:
        return (
            time.perf_counter(),
            cpu_seconds(self._pids),
            self._servers.postgres_seconds(),
            self._servers.broker_seconds(),
        )

    def lap(self, records: int, lock_wait: float = 0.0) -> Lap:
        seconds, python, postgres, broker = (
            end - began for began, end in zip(self._began, self._read(), strict=True)
        )
        return Lap(
            seconds=seconds,
            python=python,
            postgres=postgres,
            broker=broker,
            peak_mb=sum(peak_mb(pid) for pid in self._pids),
            lock_wait=lock_wait,
            records=records,
        )


@asynccontextmanager
async def running(
    name: str,
    arguments: list[str],
    *,
    folder: Path,
    cores: Cores,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Child]:
    """`python -m …` on the worker's core; killed at the end if it has not ended by itself."""
    log = folder / f"{name}.log"
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=sink,
            env={**os.environ, **(environment or {})},
            start_new_session=True,  # Ctrl-C is ours to pass on
        )
    cores.give_worker(process.pid)
    child = Child(name, process, log)
    try:
        yield child
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def lap_of_module(module: str, task: Task, servers: Servers, cores: Cores) -> Lap:
    """A lap of a contestant of this folder, which says itself when it begins and is done."""
    arguments = [f"tests.bench.{module}", *task.arguments()]
    async with running(module, arguments, folder=servers.folder, cores=cores) as child:
        await child.said("began", within_s=PATIENCE_SECONDS)
        meter = Meter(servers, child.process.pid)
        counted = json.loads(await child.said("done"))
        lap = meter.lap(task.records)
        if (counted["records"], counted["refused"]) != (task.records, 0):
            raise child.failed(f"counted {counted} of {task.records} records")
        return lap


async def lap_of_worker(
    task: Task,
    servers: Servers,
    cores: Cores,
    expected: Expected,
    progressed: Progressed,
    *,
    workers: int = 1,
    settings: Mapping[str, str] | None = None,
    beside: Beside | None = None,
) -> Lap:
    """A lap of `emc worker`, one or several, against a new ledger, until that holds every record.

    Then the ledger is compared. `beside` is what else is done with the ledger meanwhile.
    """
    database = await servers.postgres.create()
    dsn = servers.postgres.dsn(database)
    connection = await asyncpg.connect(dsn)
    try:
        async with AsyncExitStack() as stack:
            if beside is not None:
                await stack.enter_async_context(beside(dsn))
            lap = await lap_on(
                dsn, task, servers, cores, progressed, workers=workers, settings=settings
            )
        catalogue = "EMC_REFERENCE" in (settings or {})
        if differences := await check(connection, expected, catalogue=catalogue):
            raise Failed("booked wrongly:\n" + "\n".join(differences))
    finally:
        await connection.close()
        await servers.postgres.drop(database)
    return lap


async def lap_on(
    dsn: str,
    task: Task,
    servers: Servers,
    cores: Cores,
    progressed: Progressed,
    *,
    workers: int = 1,
    settings: Mapping[str, str] | None = None,
) -> Lap:
    """A lap of workers on a ledger that may hold something already.

    It begins when all partitions are claimed and is done when the positions that are committed
    have reached the end of the topic.
    """
    environment = {
        "EMC_KAFKA": task.bootstrap,
        "EMC_DATABASE": dsn,
        "EMC_TOPIC": task.topic,
        "EMC_GROUP": f"bench-{uuid.uuid4().hex}",
        "EMC_WORKER_METRICS_PORT": "0",
        **(settings or {}),
    }
    connection = await asyncpg.connect(dsn)
    try:
        async with AsyncExitStack() as stack:
            children = [
                await stack.enter_async_context(
                    running(
                        f"worker-{number}",
                        ["monitor.cli", "worker"],
                        folder=servers.folder,
                        cores=cores,
                        environment=environment,
                    )
                )
                for number in range(workers)
            ]

            lap = await _until_booked(
                children, connection, task.topic, task.records, servers, progressed
            )
    finally:
        await connection.close()
    return lap


async def lap_of_ingest(
    task: Task, servers: Servers, cores: Cores, progressed: Progressed
) -> Lap:
    """A lap of `emc ingest`, from the topic of one source to a canonical one of the lap's own.

    It is done when the positions in the ledger have reached the end: by then Kafka has all of it.
    """
    database = await servers.postgres.create()
    dsn = servers.postgres.dsn(database)
    canonical = await create_topic(
        task.bootstrap,
        "emc.dossiers",
        partitions=task.partitions,
        settings={"retention.ms": "-1"},
    )
    await migrate(dsn)
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        await Sources(pool).add(
            Source(
                code=task.topic.removeprefix(INBOUND),
                name="bench",
                owner="H56",
                mandates=(Mandate("*"),),
            ),
            who="bench",
        )
    environment = {
        "EMC_KAFKA": task.bootstrap,
        "EMC_DATABASE": dsn,
        "EMC_TOPIC": canonical,
        "EMC_INGEST_GROUP": f"bench-{database}",
        "EMC_INGEST_METRICS_PORT": "0",
        "EMC_APPLICANT_KEY": "of the bench",
    }
    connection = await asyncpg.connect(dsn)
    try:
        async with running(
            "ingest",
            ["monitor.cli", "ingest"],
            folder=servers.folder,
            cores=cores,
            environment=environment,
        ) as child:
            lap = await _until_booked(
                [child], connection, task.topic, task.records, servers, progressed
            )
        handed_on = await _records_of(task.bootstrap, canonical, task.partitions)
        if handed_on != task.records:
            raise child.failed(f"handed on {handed_on:,} of {task.records:,} records")
    finally:
        await connection.close()
        await servers.postgres.drop(database)
    return lap


async def _records_of(bootstrap: str, topic: str, partitions: int) -> int:
    there = [TopicPartition(topic, partition) for partition in range(partitions)]
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        return sum((await consumer.end_offsets(there)).values())


async def _until_booked(
    children: Sequence[Child],
    connection: "asyncpg.Connection",
    topic: str,
    records: int,
    servers: Servers,
    progressed: Progressed,
) -> Lap:
    """From when all partitions are claimed until the ledger has every record; ends the children."""

    def check_all() -> None:
        for child in children:
            child.check()

    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await connection.fetchval("SELECT to_regclass('position')"):
            check_all()
            await asyncio.sleep(LOOK_SECONDS)
        while await _booked(connection, topic) is None:
            check_all()
            await asyncio.sleep(LOOK_SECONDS)
    meter = Meter(servers, *(child.process.pid for child in children))
    booked, waited = 0, 0.0
    looked = time.perf_counter()
    while booked < records:
        check_all()
        await asyncio.sleep(LOOK_SECONDS)
        booked = await _booked(connection, topic) or 0
        waiting: int = await connection.fetchval(_WAITING)
        now = time.perf_counter()
        waited, looked = waited + waiting * (now - looked), now
        progressed(booked)
    lap = meter.lap(records, waited)
    for child in children:
        child.process.terminate()
    for child in children:
        await asyncio.wait_for(child.process.wait(), PATIENCE_SECONDS)
    return lap


_WAITING: Final = (
    "SELECT count(*)::int4 FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


async def _booked(connection: "asyncpg.Connection", topic: str) -> int | None:
    """Records before the committed positions of a topic that begins at 0; None: not claimed."""
    booked: int | None = await connection.fetchval(
        "SELECT sum(next)::int8 FROM position WHERE topic = $1", topic
    )
    return booked
