"""`python -m tests.bench.burdens`: what a worker loses to late events and to scrapes.

The job of `make bench`, core measures, one worker on a core of its own, in turns: as it is; with
1 % and 20 % of the events late; with `emc serve` beside it on the other cores, whose 20,000 and
50,000 series are scraped every 5 seconds, gzipped, as Prometheus does.

--dossiers N    six records each and 1 % told again; default 60,000
--rounds N      laps of each; default 2
--only NAME     leave the others out; may be repeated
--every S       seconds between scrapes; default 5
--json FILE     the same figures for a machine
"""

import argparse
import asyncio
import gzip
import json
import re
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import asyncpg
import pytest
from rich.console import Console

from agents.demo.feed import Feed
from monitor.ledger.migrate import migrate
from tests.bench.__main__ import LOG_SETTINGS, PARTITIONS
from tests.bench.child import Task
from tests.bench.figures import Figures, report, versions
from tests.bench.job import Expected, chunks, records
from tests.bench.race import Beside, Failed, Lap, lap_of_worker
from tests.bench.servers import Cores, Servers, servers
from tests.servers.process import Server, ServerFailed
from tests.servers.topics import create_topic

WORKER: Final = "worker"
LATE: Final = {WORKER: 0.0, "late-1": 1.0, "late-20": 20.0}
SERIES: Final = {"series-20000": 20_000, "series-50000": 50_000}
ABOUT: Final = {
    WORKER: "emc worker, the core measures, nothing beside it",
    "late-1": "1 % of the events come after up to 20,000 others",
    "late-20": "20 % of them",
    "series-20000": "emc serve with 20,000 series, scraped",
    "series-50000": "emc serve with 50,000 series, scraped",
}
# More label sets than any of the budgets takes, each with what adds up to nothing.
_LABEL_SETS: Final = """
    INSERT INTO total (shard, measure, agency, channel, level, slot, class, credit, debit)
    SELECT 0, 2, 'H' || lpad(agency::text, 2, '0'), channel, level, -1, class, 1, 1
    FROM generate_series(1, 63) AS agency, generate_series(0, 3) AS channel,
         generate_series(0, 4) AS level, generate_series(0, 3) AS class
"""


class Scrapes:
    """What a scraper saw, over all laps of a contestant."""

    def __init__(self) -> None:
        self.series: list[int] = []
        self.seconds: list[float] = []
        self.size: list[int] = []
        self.failed: list[str] = []

    def said(self) -> str:
        if not self.seconds:
            return f"no scrape was answered: {self.failed[:3]}"
        return (
            f"{len(self.seconds)} scrapes of {max(self.series):,} series,"
            f" {max(self.size) / 1e6:.1f} MB each before compression, answered in"
            f" {median(self.seconds):.2f} s (median), {max(self.seconds):.2f} s (slowest);"
            f" {len(self.failed)} failed {self.failed[:3]}"
        )


def main() -> int:
    options = _options()
    console = Console(stderr=True)
    cores = Cores.here()
    cores.keep_to_others()
    try:
        with servers() as running:
            return asyncio.run(bench(options, running, cores, console))
    except KeyboardInterrupt:
        console.print("interrupted; the servers are stopped")
        return 130
    except (Failed, ServerFailed, pytest.fail.Exception, pytest.skip.Exception) as error:
        console.print(str(error), style="red", markup=False)
        return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.burdens", description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("--dossiers", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", action="append", choices=list(ABOUT))
    parser.add_argument("--every", type=float, default=5.0, help="seconds between scrapes")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


async def bench(
    options: argparse.Namespace, running: Servers, cores: Cores, console: Console
) -> int:
    names = options.only or list(ABOUT)
    jobs = {}
    for late in {LATE.get(name, 0.0) for name in names}:
        jobs[late] = await _fill(running, options.dossiers, late)
        console.print(f"{jobs[late][1].records:,} records, {late:g} % late", highlight=False)
    laps: dict[str, list[Lap]] = {name: [] for name in names}
    seen = {name: Scrapes() for name in names if name in SERIES}
    for number in range(1, options.rounds + 1):
        for name in names:
            task, expected = jobs[LATE.get(name, 0.0)]
            beside: Beside | None = None
            if name in SERIES:
                beside = scraping(running, SERIES[name], options.every, seen[name])
            lap = await lap_of_worker(
                task, running, cores, expected, lambda _: None, beside=beside
            )
            laps[name].append(lap)
            console.print(
                f"{name:>12}  lap {number}  {lap.records / lap.seconds:>9,.0f} events/s  exact",
                highlight=False,
            )
    [(_, expected), *_] = jobs.values()
    figures = Figures(
        laps=laps,
        about=ABOUT,
        settings={
            "records": expected.records,
            "bytes": expected.size,
            "duplicates": expected.duplicates,
            "dossiers": options.dossiers,
            "partitions": PARTITIONS,
            "rounds": options.rounds,
            "worker_cores": sorted(cores.worker),
            "other_cores": sorted(cores.others),
            "postgres": await running.postgres_settings(),
            "versions": versions(),
        },
    )
    out = Console(width=None if sys.stdout.isatty() else 140)
    report(figures, out)
    for name, scrapes in seen.items():
        out.print(f"{name}: {scrapes.said()}, every {options.every:g} s", highlight=False)
    if options.json:
        options.json.write_text(json.dumps(figures.as_json(), indent=2) + "\n")
    return 0


async def _fill(running: Servers, dossiers: int, late: float) -> tuple[Task, Expected]:
    """The job's records on a topic of their own."""
    expected, topic = Expected(), f"emc.late.{late:g}"
    await create_topic(
        running.bootstrap, topic, partitions=PARTITIONS, settings=LOG_SETTINGS, exactly=True
    )
    async with Feed.open(running.bootstrap, topic) as feed:
        for chunk in chunks(records(dossiers, expected, late), 5_000):
            await feed.send(chunk)
    return Task(running.bootstrap, topic, PARTITIONS, expected.records), expected


def scraping(running: Servers, series: int, every: float, scrapes: Scrapes) -> Beside:
    """`emc serve` on the lap's ledger, with as many series as its budget has room for."""

    @asynccontextmanager
    async def beside(dsn: str) -> AsyncIterator[None]:
        await migrate(dsn)
        connection = await asyncpg.connect(dsn)
        await connection.execute(_LABEL_SETS)
        await connection.close()
        serve = Server(
            "serve",
            [sys.executable, "-m", "tests.bench.serving", str(series)],
            log=running.folder / "serve.log",
            ready=lambda server: "serving: " in server.said(),
            environment={"EMC_DATABASE": dsn},
            patience_s=60,
        )
        await asyncio.to_thread(serve.start)
        address = serve.said().split("serving: ")[1].split()[0]
        scraper = asyncio.create_task(_scrape(f"{address}/metrics", every, scrapes))
        try:
            yield
        finally:
            scraper.cancel()
            await asyncio.to_thread(serve.stop)

    return beside


async def _scrape(address: str, every: float, scrapes: Scrapes) -> None:
    request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})

    def answer() -> bytes:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return gzip.decompress(reply.read())

    while True:
        began = time.monotonic()
        try:
            body: Any = await asyncio.to_thread(answer)
            scrapes.seconds.append(time.monotonic() - began)
            scrapes.size.append(len(body))
            found = re.search(rb"^emc_snapshot_series ([0-9.e+]+)$", body, re.MULTILINE)
            scrapes.series.append(int(float(found[1])) if found else 0)
        except OSError as error:
            scrapes.failed.append(repr(error))
        await asyncio.sleep(max(0.0, every - (time.monotonic() - began)))


if __name__ == "__main__":
    sys.exit(main())
