"""`python -m tests.bench.latency`: from producing an event to seeing it on `/metrics`.

Dossiers of the generator are produced to a real Kafka at a steady rate; `emc worker` and
`emc serve` run as an operator runs them; `/metrics` is scraped without pause, and an event counts
as seen when the count of records has reached it. What a scrape itself takes is part of the time.
"""

import argparse
import asyncio
import sys
import time
import urllib.request
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaProducer
from rich.console import Console
from rich.table import Table

from agents.generate.model import Record, Scenario, records
from agents.quarantine import Seal
from tests.bench.servers import Servers, servers
from tests.servers.process import Server
from tests.servers.require import ROOT
from tests.servers.topics import create_topic

RATES: Final = (100, 1_000, 5_000)
SECONDS: Final = 20
PATIENCE_S: Final = 60
TOPIC: Final = "emc.dossiers"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.latency")
    parser.add_argument("--rate", type=int, action="append", help="events a second")
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--plain", action="store_true", help="without the law's measures")
    options = parser.parse_args()
    table = Table(title="from produce to visible on /metrics")
    for column in ("events/s", "events", "p50 ms", "p99 ms", "slowest ms"):
        table.add_column(column, justify="right")
    with servers() as running:
        for rate in options.rate or RATES:
            waits = asyncio.run(measure(running, rate, options.seconds, plain=options.plain))
            table.add_row(
                f"{rate:,}",
                f"{len(waits):,}",
                *(f"{1000 * at(waits, share):,.0f}" for share in (0.5, 0.99, 1)),
            )
    Console(width=None if sys.stdout.isatty() else 100).print(table)
    return 0


def at(waits: Sequence[float], share: float) -> float:
    """The wait that this share of all do not exceed."""
    return waits[min(len(waits) - 1, int(share * len(waits)))]


async def measure(running: Servers, rate: int, seconds: int, *, plain: bool) -> list[float]:
    """Every event's wait, in seconds, shortest first."""
    database = running.postgres.dsn(await running.postgres.create())
    topic = await create_topic(
        running.bootstrap, TOPIC, partitions=8, settings={"retention.ms": "-1"}
    )
    settings = {
        "EMC_KAFKA": running.bootstrap,
        "EMC_DATABASE": database,
        "EMC_TOPIC": topic,
        "EMC_GROUP": f"latency-{rate}",
        "EMC_QUARANTINE_KEY": Seal.new_key(),
        "EMC_REFERENCE": "" if plain else str(ROOT / "deploy" / "reference"),
        "EMC_WORKER_METRICS_PORT": "0",
        "EMC_SERVE_PORT": "0",
    }
    worker = process("worker", "partitions claimed", settings, running.folder)
    serve = process("serve", "serving: ", settings, running.folder)
    try:
        await asyncio.to_thread(worker.start)
        await asyncio.to_thread(serve.start)
        address = serve.said().split("serving: ")[1].split()[0]
        given = list(records(Scenario(dossiers=rate * seconds, seed=rate, days=30)))
        sent: list[float] = []
        seen = asyncio.create_task(watch(f"{address}/metrics", rate * seconds))
        await produce(running.bootstrap, topic, given[: rate * seconds], rate, sent)
        counts, times = await seen
        return sorted(
            times[bisect_left(counts, number)] - when for number, when in enumerate(sent, 1)
        )
    finally:
        await asyncio.to_thread(serve.stop)
        await asyncio.to_thread(worker.stop)


def process(name: str, ready: str, settings: dict[str, str], folder: Path) -> Server:
    return Server(
        name,
        [sys.executable, "-m", "monitor.cli", name],
        log=folder / f"{name}.log",
        ready=lambda server: ready in server.said(),
        environment=settings,
        patience_s=60,
    )


async def produce(
    bootstrap: str, topic: str, given: Sequence[Record], rate: int, sent: list[float]
) -> None:
    """Send at the rate; notes when each event was handed over."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        began = time.monotonic()
        for number, record in enumerate(given):
            ahead = began + number / rate - time.monotonic()
            if ahead > 0.002:
                await asyncio.sleep(ahead)
            sent.append(time.monotonic())
            await producer.send(topic, record.value, key=record.key.encode())
        await producer.flush()


async def watch(metrics: str, events: int) -> tuple[list[int], list[float]]:
    """What each scrape counted, and when it had been read."""
    counts: list[int] = []
    times: list[float] = []
    until = time.monotonic() + PATIENCE_S + SECONDS
    while not counts or counts[-1] < events:
        if time.monotonic() > until:
            raise TimeoutError(f"{counts[-1] if counts else 0} of {events} events were seen")
        counts.append(await asyncio.to_thread(counted, metrics))
        times.append(time.monotonic())
        await asyncio.sleep(0.02)
    return counts, times


def counted(metrics: str) -> int:
    with urllib.request.urlopen(metrics, timeout=10) as reply:
        lines = reply.read().decode().splitlines()
    return sum(
        int(float(line.rsplit(" ", 1)[1]))
        for line in lines
        if line.startswith("emc_records_total{")
    )


if __name__ == "__main__":
    sys.exit(main())
