"""`python -m tests.bench.gateway`: requests and events a second that `emc gateway` takes in.

The gateway alone on the last core; Apache Kafka, PostgreSQL and the load, a process of its own,
on the others. An event counts when its request was answered with 202: Kafka has it then. At the
end the topic is counted: it must hold what was answered for.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from rich.console import Console
from rich.table import Table

from agents.generate.peers import job
from tests.bench.servers import Cores, Servers, servers
from tests.bench.usage import cpu_seconds, peak_mb
from tests.gateway.service import BATCH, LINES, STRUCTURED, Stage, stage

SECONDS: Final = 10
SOURCE: Final = "bench"
PARTITIONS: Final = 8

# Name, media type, events a request, connections.
LOADS: Final = (
    ("single", STRUCTURED, 1, 64),
    ("single, 8 callers", STRUCTURED, 1, 8),
    ("batch of 100", BATCH, 100, 16),
    ("batch of 500", BATCH, 500, 8),
    ("lines, 20,000", LINES, 20_000, 2),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.gateway")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each load")
    parser.add_argument("--tansu", action="store_true", help="instead of Apache Kafka")
    parser.add_argument("--only", action="append", help="names of loads, as they begin")
    parser.add_argument("--json", type=Path, help="the same figures for a machine")
    options = parser.parse_args()
    cores = Cores.here()
    cores.keep_to_others()
    with servers(real_kafka=not options.tansu) as running:
        rows = asyncio.run(measure(running, cores, options))
    table = Table(title="emc gateway on one core")
    for column in (
        "load", "requests/s", "events/s", "p50 ms", "p99 ms", "CPU µs/event", "core", "peak MB",
    ):  # fmt: skip
        table.add_column(column, justify="right" if column != "load" else "left")
    for row in rows:
        table.add_row(
            row["name"],
            f"{row['requests'] / row['seconds']:,.0f}",
            f"{row['events'] / row['seconds']:,.0f}",
            f"{row['p50_ms']:.1f}",
            f"{row['p99_ms']:.1f}",
            f"{1e6 * row['cpu'] / row['events']:.1f}",
            f"{row['cpu'] / row['seconds']:.0%}",
            f"{row['peak_mb']:.0f}",
        )
    Console(width=None if sys.stdout.isatty() else 110).print(table)
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1))
    return 0


async def measure(running: Servers, cores: Cores, options: Any) -> list[dict[str, Any]]:
    database = running.postgres.dsn(await running.postgres.create())
    rows = []
    async with stage(
        running.bootstrap,
        database,
        running.folder,
        partitions=PARTITIONS,
        source={"code": SOURCE, "mandates": ("*",)},
        kafka_idempotent="0" if options.tansu else "1",
        gateway_rate="0",
    ) as here:
        keep_alone(here.gateway.pid, cores)
        answered = 0
        for name, media, events, connections in LOADS:
            if options.only and not any(name.startswith(one) for one in options.only):
                continue
            row = await lap(here, name, media, events, connections, options.seconds)
            answered += row["events"]
            rows.append(row)
        there = await records(running.bootstrap, here.topic)
        if not options.tansu and there != answered:  # the offsets of Tansu are not counts
            raise AssertionError(f"{answered:,} events were accepted, {there:,} are in Kafka")
    return rows


def keep_alone(pid: int, cores: Cores) -> None:
    """On the last core, with all its threads."""
    for thread in Path(f"/proc/{pid}/task").iterdir() if cores.worker else ():
        os.sched_setaffinity(int(thread.name), cores.worker)


async def lap(
    here: Stage, name: str, media: str, events: int, connections: int, seconds: float
) -> dict[str, Any]:
    bodies = here.gateway.log.with_name("bodies")
    bodies.write_bytes(b"\n\x00\n".join(made(media, events)))
    host, _, port = here.gateway.url.removeprefix("http://").partition(":")
    task = {
        "host": host,
        "port": int(port),
        "path": "/v1/events",
        "token": here.token,
        "media": media,
        "bodies": str(bodies),
        "connections": connections,
        "seconds": seconds,
    }
    before = cpu_seconds([here.gateway.pid])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.load",
        json.dumps(task),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    found = json.loads(said)
    if set(found["statuses"]) != {"202"}:
        raise AssertionError(
            f"{name}: answered with {found['statuses']}\n{here.gateway.tail()}"
        )
    return {
        **found,
        "name": name,
        "events": found["requests"] * events,
        "cpu": cpu_seconds([here.gateway.pid]) - before,
        "peak_mb": peak_mb(here.gateway.pid),
    }


def made(media: str, events: int) -> Iterator[bytes]:
    """Bodies of so many events; enough of them that no cache of ours holds all."""
    given = (
        b'{"source":"%s",' % SOURCE.encode() + _without_source(record.value)
        for record in job(max(20_000, events * 8) // 6)
    )
    while part := list(islice(given, events)):
        if len(part) == events:
            yield {
                STRUCTURED: b"".join(part),
                BATCH: b"[" + b",".join(part) + b"]",
                LINES: b"\n".join(part) + b"\n",
            }[media]


def _without_source(value: bytes) -> bytes:
    event = json.loads(value)
    del event["source"]
    return json.dumps(event, separators=(",", ":")).encode()[1:]


async def records(bootstrap: str, topic: str) -> int:
    """How many the topic holds; of an idempotent producer's topic every offset is one."""
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap) as consumer:
        return sum((await consumer.end_offsets(partitions)).values())


if __name__ == "__main__":
    sys.exit(main())
