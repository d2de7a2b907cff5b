"""`python -m tests.bench.restart`: how long partitions stand still when workers come and go.

Events come in at a steady rate while `emc worker` runs with the settings that it comes with. Then

killed        the only worker is killed (-9) and started again at once
killed, named the same with EMC_INSTANCE_ID, by which the group knows it again
joined        a second worker joins
left          one of the two is asked to end (SIGTERM)
lost          one of two is killed and stays away, as when its machine is gone

and it is told how long after that the first position moved, how long after the start of the new
process, and how long the partition that stood still longest has not moved.

--rate N        events a second; default 400
--seconds N     looked at after each; default 75
--dossiers N    of them known before; default 2,000
"""

import argparse
import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from typing import Final

import asyncpg
from aiokafka import AIOKafkaProducer
from rich.console import Console
from rich.table import Table

from agents.generate.peers import job
from tests.bench.__main__ import LOG_SETTINGS, PARTITIONS
from tests.bench.latency import process
from tests.bench.servers import Servers, servers
from tests.servers.process import Server
from tests.servers.topics import create_topic

LOOK_SECONDS: Final = 0.05
STEADY_SECONDS: Final = 10.0
PATIENCE_SECONDS: Final = 120.0


@dataclass
class Moves:
    """When each partition's position was seen to move."""

    positions: dict[int, int] = field(default_factory=dict)
    times: dict[int, list[float]] = field(default_factory=dict)

    def look(self, positions: dict[int, int], now: float) -> None:
        for partition, at in positions.items():
            if self.positions.get(partition) != at:
                self.times.setdefault(partition, []).append(now)
        self.positions.update(positions)

    def first_after(self, since: float) -> float | None:
        """Seconds until any partition moved."""
        later = [at for times in self.times.values() for at in times if at > since]
        return min(later) - since if later else None

    def longest_after(self, since: float, until: float) -> float:
        """How long the partition that stood still longest did so."""
        longest = 0.0
        for times in self.times.values():
            seen = [since, *(at for at in times if since < at < until), until]
            longest = max(longest, *(b - a for a, b in pairwise(seen)))
        return longest


class Place:
    """A topic with events coming in, a ledger, and workers on them."""

    def __init__(self, running: Servers, dsn: str, topic: str) -> None:
        self._running = running
        self._settings = {
            "EMC_KAFKA": running.bootstrap,
            "EMC_DATABASE": dsn,
            "EMC_TOPIC": topic,
            "EMC_GROUP": f"group-{topic}",
            "EMC_WORKER_METRICS_PORT": "0",
        }
        self._number = 0
        self.moves = Moves()
        self.workers: list[Server] = []

    def worker(self, **settings: str) -> Server:
        self._number += 1
        server = process(
            "worker", "partitions claimed", {**self._settings, **settings}, self._running.folder
        )
        server.log = self._running.folder / f"worker-{self._number}.log"
        self.workers.append(server)
        return server


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.restart", description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("--rate", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=75)
    parser.add_argument("--dossiers", type=int, default=2_000)
    options = parser.parse_args()
    table = Table(title=f"{options.rate} events/s, {PARTITIONS} partitions; seconds")
    table.add_column("what happens")
    for column in ("first progress", "after the start", "longest standstill"):
        table.add_column(column, justify="right")
    with servers() as running:
        for name, happens in HAPPENINGS.items():
            told = asyncio.run(_one(running, options, happens))
            table.add_row(name, *("–" if one is None else f"{one:.1f}" for one in told))
    Console(width=None if sys.stdout.isatty() else 100).print(table)
    return 0


# Does something to the workers; tells when, and when a new process was started, if one was.
Happens = Callable[[Place], Awaitable[tuple[float, float | None]]]


async def _one(
    running: Servers, options: argparse.Namespace, happens: Happens
) -> tuple[float | None, float | None, float]:
    async with at_work(running, options) as place:
        at, started = await happens(place)
        await asyncio.sleep(max(0.0, at + options.seconds - time.monotonic()))
        first = place.moves.first_after(at)
        return (
            first,
            None if started is None or first is None else first - (started - at),
            place.moves.longest_after(at, at + options.seconds),
        )


@asynccontextmanager
async def at_work(running: Servers, options: argparse.Namespace) -> AsyncIterator[Place]:
    topic = await create_topic(
        running.bootstrap, "emc.dossiers", partitions=PARTITIONS, settings=LOG_SETTINGS
    )
    dsn = running.postgres.dsn(await running.postgres.create())
    place = Place(running, dsn, topic)
    tasks = [
        asyncio.create_task(_produce(running.bootstrap, topic, options)),
        asyncio.create_task(_watch(dsn, place.moves)),
    ]
    try:
        yield place
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for worker in place.workers:
            await asyncio.to_thread(worker.stop)


async def _produce(bootstrap: str, topic: str, options: argparse.Namespace) -> None:
    """The job over and over: what was told before is a duplicate, and moves the position too."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        began = time.monotonic()
        for number, record in enumerate(cycle(list(job(options.dossiers)))):
            ahead = began + number / options.rate - time.monotonic()
            if ahead > 0.002:
                await asyncio.sleep(ahead)
            await producer.send(
                topic, record.value, key=record.key.encode(), timestamp_ms=record.at_ms
            )


async def _watch(dsn: str, moves: Moves) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        while True:
            with contextlib.suppress(asyncpg.UndefinedTableError):
                rows = await connection.fetch("SELECT partition, next FROM position")
                moves.look(dict(map(tuple, rows)), time.monotonic())
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        connection.terminate()


async def _steady(place: Place, workers: int, **settings: str) -> None:
    """So many workers run, and every partition has moved again and again for a while."""
    for _ in range(workers):
        await asyncio.to_thread(place.worker(**settings).start)
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        await asyncio.sleep(STEADY_SECONDS)
        now = time.monotonic()
        quiet = place.moves.longest_after(now - STEADY_SECONDS, now)
        if len(place.moves.times) == PARTITIONS and quiet < 2:
            return
        if now > until:
            raise TimeoutError(f"not steady after {PATIENCE_SECONDS:.0f} s")


async def killed(place: Place, **settings: str) -> tuple[float, float | None]:
    await _steady(place, 1, **settings)
    at = time.monotonic()
    place.workers[0].kill()
    started = time.monotonic()
    place.worker(**settings).launch()
    return at, started


async def named(place: Place) -> tuple[float, float | None]:
    return await killed(place, EMC_INSTANCE_ID="one")


async def joined(place: Place) -> tuple[float, float | None]:
    await _steady(place, 1)
    at = time.monotonic()
    place.worker().launch()
    return at, at


async def left(place: Place) -> tuple[float, float | None]:
    await _steady(place, 2)
    at = time.monotonic()
    place.workers[1].ask_to_end()
    return at, None


async def lost(place: Place) -> tuple[float, float | None]:
    await _steady(place, 2)
    at = time.monotonic()
    place.workers[1].kill()
    return at, None


HAPPENINGS: Final[dict[str, Happens]] = {
    "killed": killed,
    "killed, named": named,
    "joined": joined,
    "left": left,
    "lost": lost,
}


if __name__ == "__main__":
    sys.exit(main())
