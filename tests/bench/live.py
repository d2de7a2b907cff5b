"""`python -m tests.bench.live`: what 500 open live pages cost a worker, and how fast an event reaches one.

Two parts, on a real Kafka and PostgreSQL. First the worker reads the same topic to its end in turns: alone,
beside `emc serve`, and beside `emc serve` with so many pages open; the worker has the last core to itself,
all else the others. Then acceptances come at a steady rate, without and with pages: CPU of worker and
`emc serve`, its memory, connections and transactions of PostgreSQL, and how long an event takes from
produce to an open page.

--pages N       default 500
--dossiers N    of the laps, six records each; default 10,000
--rounds N      default 3
--rate N        events a second of the second part; default 200
--seconds N     of each of its halves; default 20
--json FILE     the same figures for a machine
"""

import argparse
import asyncio
import json
import sys
import time
import uuid
from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

import asyncpg
import httpx
from aiokafka import AIOKafkaProducer

from agents.generate.model import Record
from agents.quarantine import Seal
from monitor.ledger.migrate import migrate
from tests.bench.burdens import _fill
from tests.bench.latency import at, process
from tests.bench.race import Beside, Lap, lap_of_worker
from tests.bench.servers import Cores, Servers, servers
from tests.bench.usage import cpu_seconds
from tests.outlets.api.service import Serve, event, now, visitors
from tests.servers.process import Server
from tests.servers.require import ROOT
from tests.servers.topics import create_topic

LAPS: Final = ("worker alone", "with emc serve", "with pages")
TOPIC: Final = "emc.dossiers"
SETTLE_SECONDS: Final = 3.0
WARM_SECONDS: Final = 3


@dataclass(frozen=True, slots=True)
class Steady:
    """What a half of the second part took."""

    pages: int
    events: int
    seconds: float
    worker_cpu: float  # of a core
    serve_cpu: float
    serve_mb: float
    connections: int  # that `emc serve` has to PostgreSQL
    transactions: float  # a second, of all
    waits_ms: tuple[float, float, float]  # p50, p95, most: from produce to an open page


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--dossiers", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    cores = Cores.here()
    cores.keep_to_others()
    with servers() as running:
        laps = asyncio.run(race(given, running, cores)) if given.rounds else {}
        steady = [
            asyncio.run(flow(running, cores, pages, given.rate, given.seconds))
            for pages in (1, given.pages, 1, given.pages)
        ]
    for name, some in laps.items():
        rates = sorted(one.records / one.seconds for one in some)
        cpu = median(one.python / one.records * 1e6 for one in some)
        base = median(one.python / one.records * 1e6 for one in laps[LAPS[0]])
        print(
            f"{name:<16} events/s {rates[0]:>7,.0f} / {median(rates):>7,.0f} / {rates[-1]:>7,.0f}"
            f"   worker {cpu:5.1f} µs an event ({cpu / base - 1:+.1%})"
            f"   PostgreSQL {median(one.postgres / one.records * 1e6 for one in some):5.1f} µs"
        )
    for one in steady:
        print(
            f"{one.pages:>4} pages, {one.events / one.seconds:,.0f} events/s: worker {one.worker_cpu:.3f} of a"
            f" core, emc serve {one.serve_cpu:.3f} and {one.serve_mb:,.0f} MB, {one.connections} connections,"
            f" {one.transactions:,.0f} transactions/s; to a page p50 {one.waits_ms[0]:,.0f}"
            f" p95 {one.waits_ms[1]:,.0f} most {one.waits_ms[2]:,.0f} ms"
        )
    if given.json:
        said = {
            "laps": {name: [asdict(one) for one in some] for name, some in laps.items()},
            "steady": [asdict(one) for one in steady],
        }
        given.json.write_text(json.dumps(said, indent=2) + "\n")
    return 0


# -- at full speed -----------------------------------------------------------------------------------


async def race(
    given: argparse.Namespace, running: Servers, cores: Cores
) -> dict[str, list[Lap]]:
    """Laps in turns."""
    task, expected = await _fill(running, given.dossiers, 0.0)
    found: dict[str, list[Lap]] = {name: [] for name in LAPS}
    for _ in range(given.rounds):
        for name, pages in zip(LAPS, (None, 0, given.pages), strict=True):
            beside = None if pages is None else _with(running.folder, pages)
            lap = await lap_of_worker(
                task, running, cores, expected, lambda _: None, beside=beside
            )
            found[name].append(lap)
            print(f"{name:<16} {lap.records / lap.seconds:>9,.0f} events/s", flush=True)
    return found


def _with(folder: Path, pages: int) -> Beside:
    @asynccontextmanager
    async def beside(dsn: str) -> AsyncIterator[None]:
        await migrate(dsn)
        async with served(dsn, folder) as (serve, cookie), open_pages(serve.url, cookie, pages):
            yield

    return beside


# -- at a steady rate --------------------------------------------------------------------------------


async def flow(running: Servers, cores: Cores, pages: int, rate: int, seconds: int) -> Steady:
    """Acceptances of today: the first page counts those that the country has received."""
    dsn = running.postgres.dsn(await running.postgres.create())
    topic = await create_topic(
        running.bootstrap, TOPIC, partitions=8, settings={"retention.ms": "-1"}
    )
    settings = {
        "EMC_KAFKA": running.bootstrap,
        "EMC_DATABASE": dsn,
        "EMC_TOPIC": topic,
        "EMC_GROUP": f"live-{uuid.uuid4().hex}",
        "EMC_QUARANTINE_KEY": Seal.new_key(),
        "EMC_REFERENCE": str(ROOT / "deploy" / "reference"),
        "EMC_WORKER_METRICS_PORT": "0",
    }
    worker = process("worker", "partitions claimed", settings, running.folder)
    await asyncio.to_thread(worker.start)
    try:
        cores.give_worker(worker.pid)
        async with AsyncExitStack() as stack:
            serve, cookie = await stack.enter_async_context(served(dsn, running.folder))
            seen = Seen()
            await stack.enter_async_context(open_pages(serve.url, cookie, pages, seen))
            # What is new to the ledger is numbered, and what is made once is made.
            await produce(running.bootstrap, topic, rate, WARM_SECONDS)
            already = rate * WARM_SECONDS
            await asyncio.wait_for(seen.all_of(already), 60)
            await asyncio.sleep(SETTLE_SECONDS)
            before, began = await _clocks(dsn, worker, serve), time.monotonic()
            sent = await produce(running.bootstrap, topic, rate, seconds, already)
            took = time.monotonic() - began
            after = await _clocks(dsn, worker, serve)
            await asyncio.wait_for(seen.all_of(already + len(sent)), 60)
            memory = _memory_mb(serve.pid)
            held = _connections(serve)
    finally:
        await asyncio.to_thread(worker.stop)
    waits = sorted(
        1_000 * (seen.when(number) - when) for number, when in enumerate(sent, already + 1)
    )
    return Steady(
        pages=pages,
        events=len(sent),
        seconds=took,
        worker_cpu=(after[0] - before[0]) / took,
        serve_cpu=(after[1] - before[1]) / took,
        serve_mb=memory,
        connections=held,
        transactions=(after[2] - before[2]) / took,
        waits_ms=(at(waits, 0.5), at(waits, 0.95), waits[-1]),
    )


async def produce(
    bootstrap: str, topic: str, rate: int, seconds: int, already: int = 0
) -> list[float]:
    """When each acceptance was handed over."""
    sent = []
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        began = time.monotonic()
        for number in range(rate * seconds):
            ahead = began + number / rate - time.monotonic()
            if ahead > 0.002:
                await asyncio.sleep(ahead)
            record = accepted(already + number)
            sent.append(time.monotonic())
            await producer.send(topic, record.value, key=record.key.encode())
        await producer.flush()
    return sent


def accepted(number: int) -> Record:
    """A dossier that an agency accepts now."""
    moment = now()
    agency = ("H56", "H26", "H57", "H17", "H12")[number % 5]
    local = moment + timedelta(hours=7)
    return event(f"{agency}.14-{local:%y%m%d}-{number:07}", 1, 2, f"{local:%m-%dT%H:%M}")


async def _clocks(dsn: str, worker: Server, serve: Server) -> tuple[float, float, int]:
    return (
        cpu_seconds([worker.pid]),
        cpu_seconds([serve.pid]),
        int(
            await _ask(
                dsn,
                "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()",
            )
        ),
    )


def _connections(serve: Server) -> int:
    """By the sockets that the process holds: PostgreSQL is reached through one of the file system."""
    ports = set()
    for one in Path(f"/proc/{serve.pid}/fd").iterdir():
        try:
            ports.add(str(one.readlink()))
        except OSError:
            continue
    peers = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()]
    ours = {
        f"socket:[{fields[6]}]"
        for fields in peers[1:]
        if len(fields) >= 7 and fields[5] == "03"
    }
    return len(ports & ours)


async def _ask(dsn: str, query: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def _memory_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [resident] = [line for line in lines if line.startswith("VmRSS")]
    return int(resident.split()[1]) * 1024 / 1e6


# -- pages -------------------------------------------------------------------------------------------


@asynccontextmanager
async def served(dsn: str, folder: Path) -> AsyncIterator[tuple[Serve, str]]:
    """`emc serve`, and the cookie of somebody who sees the country."""
    held = await visitors(dsn)
    serve = Serve({"EMC_DATABASE": dsn}, folder / "serve.log")
    await asyncio.to_thread(serve.start)
    try:
        async with httpx.AsyncClient(base_url=serve.url, timeout=60) as client:
            answer = await client.post(
                "/sign-in", data={"token": held["national"]}, headers={"origin": serve.url}
            )
        [cookie] = [f"{name}={value}" for name, value in answer.cookies.items()]
        yield serve, cookie
    finally:
        await asyncio.to_thread(serve.stop)


class Seen:
    """What a page was told of the dossiers received today, and when."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.times: list[float] = []
        self._news = asyncio.Event()

    def told(self, line: bytes) -> None:
        if line.startswith(b"data: "):
            values = json.loads(line[6:])["values"]
            if values.get("country.received") is not None:
                self.counts.append(values["country.received"])
                self.times.append(time.monotonic())
                self._news.set()

    async def all_of(self, events: int) -> None:
        while not self.counts or self.counts[-1] < events:
            self._news.clear()
            await self._news.wait()

    def when(self, number: int) -> float:
        """That so many had been received."""
        return self.times[bisect_left(self.counts, number)]


@asynccontextmanager
async def open_pages(
    url: str, cookie: str, pages: int, seen: Seen | None = None
) -> AsyncIterator[None]:
    """So many pages that listen, by one connection each."""
    host, port = url.removeprefix("http://").split(":")
    heard = asyncio.Semaphore(0)

    async def listen(number: int) -> None:
        reader, writer = await asyncio.open_connection(host, int(port), limit=1 << 20)
        writer.write(
            f"GET /live HTTP/1.1\r\nhost: {host}:{port}\r\ncookie: {cookie}\r\n\r\n".encode()
        )
        try:
            status = await reader.readline()
            if b" 200 " not in status:
                raise AssertionError(status.decode())
            heard.release()
            while line := await reader.readline():
                if number == 0 and seen is not None:
                    seen.told(line)
        finally:
            writer.close()

    listening: Sequence[asyncio.Task[None]] = [
        asyncio.create_task(listen(number)) for number in range(pages)
    ]
    for _ in range(pages):
        await asyncio.wait_for(heard.acquire(), 60)
    try:
        yield
    finally:
        for one in listening:
            one.cancel()
        await asyncio.gather(*listening, return_exceptions=True)


if __name__ == "__main__":
    sys.exit(main())
