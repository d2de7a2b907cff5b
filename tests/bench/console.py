"""`python -m tests.bench.console`: pages of the console with a million dossiers, and many open ones.

The ledger is that of `tests.bench.official`; `emc serve` runs as an operator runs it. Each page is opened some
hundred times over HTTP, gzip included. Then so many pages listen at /live, while nothing and while something is
booked, and the CPU of `emc serve` is read.

--dossiers N    default 1,000,000
--times N       of each page; default 200
--pages N       that listen; default 500
"""

import argparse
import asyncio
import shutil
import time
from pathlib import Path
from statistics import quantiles
from tempfile import mkdtemp
from typing import Any

import asyncpg
import httpx

from monitor.ledger import reading_book
from monitor.ledger.follower import fold, seal
from monitor.ledger.indicator_sets import store
from monitor.ledger.official import Officials, Ranked
from monitor.outlets.console.now import FIGURES
from monitor.reference.indicators import load_sets
from monitor.reference.policy import load_reference
from tests.bench.official import MONTH, SHIPPED, fill
from tests.ledger.fill import feeding
from tests.outlets.api.service import POLICY, REFERENCE, Serve, event, now, visitors
from tests.servers.postgres import Postgres, _served

PATHS = ("/", "/?by=on_time&sort=-emc&lang=en", "/definitions/qd766", "/find?q=thanh+hoa")
LISTEN_SECONDS = 10


async def measure(dsn: str, folder: Path, dossiers: int, times: int, pages: int) -> None:
    connection = await fill(dsn, dossiers, load_reference(SHIPPED))
    await store(connection, load_sets(SHIPPED))
    await _book(dsn)  # by the shipped files, which are the ledger's from then on
    await fold(connection, await seal(connection))  # a cut of this policy's time
    # As the worker that evaluates official figures asks: then the follower keeps them.
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool:
        officials = Officials(pool)
        for set_id in {set_id for set_id, _ in FIGURES.values()}:
            await officials.ranking(set_id, MONTH, kind=Ranked.PROVINCES)
    began = time.perf_counter()
    while await reading_book.follow(connection, 60):
        pass
    print(f"sums filled: {time.perf_counter() - began:.0f} s")
    held = await visitors(dsn)
    said = {"EMC_DATABASE": dsn, "EMC_API_PATIENCE_SECONDS": "600", "EMC_API_CONNECTIONS": "4"}
    serve = Serve(said, folder / "serve.log")
    await asyncio.to_thread(serve.start)
    try:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=serve.url, timeout=600, limits=limits) as client:
            origin = {"origin": serve.url}
            await client.post("/sign-in", data={"token": held["national"]}, headers=origin)
            for path in PATHS:
                began = time.perf_counter()
                size = len((await client.get(path)).raise_for_status().content)
                first = time.perf_counter() - began
                taken = []
                for _ in range(times):
                    began = time.perf_counter()
                    (await client.get(path)).raise_for_status()
                    taken.append(1_000 * (time.perf_counter() - began))
                cuts = quantiles(taken, n=100)
                print(
                    f"{path:<34} p50 {cuts[49]:6.1f} ms  p95 {cuts[94]:6.1f} ms"
                    f"  first {1_000 * first:7.0f} ms  {size / 1_000:5.0f} kB",
                    flush=True,
                )
            await listened(client, serve, dsn, pages)
    finally:
        await asyncio.to_thread(serve.stop)
        await connection.close()


async def listened(client: httpx.AsyncClient, serve: Serve, dsn: str, pages: int) -> None:
    """So many open pages: CPU of `emc serve` without and with bookings."""

    async def listen() -> None:
        async with client.stream("GET", "/live") as live:
            async for _ in live.aiter_lines():
                pass

    open_ = [asyncio.create_task(listen()) for _ in range(pages)]
    await asyncio.sleep(8)
    for name, booking in (("at rest", False), ("while one books a second", True)):
        cpu, began = _cpu(serve), time.perf_counter()
        queries = await _queries(dsn)
        for second in range(1, LISTEN_SECONDS + 1):
            if booking:
                await _book(dsn)
            await asyncio.sleep(max(0, began + second - time.perf_counter()))
        took = time.perf_counter() - began
        share = (_cpu(serve) - cpu) / took
        asked = (await _queries(dsn)) - queries
        print(f"{pages} pages {name}: {share:.2f} of a core, {asked / took:.1f} transactions/s")
    for task in open_:
        task.cancel()
    await asyncio.gather(*open_, return_exceptions=True)


async def _book(dsn: str) -> None:
    at = now()
    record = event(f"H56.14-{at:%y%m%d}-{at:%H%M%S%f}", 1, 2, f"{at:%m-%dT%H:%M}")
    at_ms = int(at.timestamp() * 1000)
    async with feeding(dsn, POLICY, now_ms=at_ms, reference=REFERENCE) as feeder:
        await feeder.hear([record._replace(at_ms=at_ms)])


def _cpu(serve: Serve) -> float:
    """Seconds of CPU that it has taken."""
    process: Any = serve._process
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def _queries(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(
            await connection.fetchval(
                "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
            )
        )
    finally:
        await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--pages", type=int, default=500)
    given = parser.parse_args()
    folder = Path(mkdtemp(prefix="emc-bench-"))
    try:
        with _served(folder / "data") as server:
            own = Postgres(server)
            name = asyncio.run(own.create())
            asyncio.run(
                measure(own.dsn(name), folder, given.dossiers, given.times, given.pages)
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
