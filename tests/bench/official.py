"""`python -m tests.bench.official`: the pages of official figures, with a million dossiers booked.

A year of invented dossiers of 57 ministries and provinces with their departments and communes is
written into the journal by SQL, with the lines that facts are made of; the follower seals, folds
and keeps the sums, as beside a worker. Then each page is read some hundred times, and beside it a
plain SELECT of one row, so that figures of two machines can be compared.

ranking   all facts of the indicator sets `emc` and `qd766`, of 57 ministries and provinces, a month
page      all of them of a province in a month and in the twelve months to it, and of all its parts

Then over HTTP, of an `emc serve` in a process of its own, by a client that keeps its connection: a
ranking, an agency's scorecard, a series of twelve months, a breakdown. Each is asked for *warm*, as
nothing has been booked since, and *cold*, after a dossier was booked, sealed and folded.

--dossiers N    default 1,000,000
--times N       of each page; default 200
--dsn DSN       of a ledger that was filled so before
--json FILE     the same figures for a machine
"""

import argparse
import asyncio
import gc
import json
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import quantiles
from tempfile import mkdtemp
from typing import Any

import asyncpg

from monitor.domain.facts import Term
from monitor.domain.period import Period
from monitor.domain.scope import Scope
from monitor.ledger import reading_book
from monitor.ledger.follower import fold, seal
from monitor.ledger.migrate import migrate
from monitor.ledger.readings import By, Reading, breakdown, read, series
from monitor.reference.indicators import load_sets
from monitor.reference.policy import Reference, load_reference
from tests.bench.answers import over_http
from tests.bench.nation import SHIPPED, books
from tests.bench.usage import cpu_seconds
from tests.servers.postgres import Postgres, _served

MONTH = Period.of("2026-10")
TODAY = MONTH.last_day + 10
FIRST_DAY = Period.of("2025-11").first_day
SETS = ("emc", "qd766")
TABLES = ("reading_month", "reading_day", "reading_procedure", "reading_services")


async def fill(dsn: str, dossiers: int, reference: Reference) -> Any:
    """The ledger, filled and followed; the connection that followed."""
    await migrate(dsn)
    connection: Any = await asyncpg.connect(dsn, command_timeout=3_600)
    began = time.perf_counter()
    lines = await books(connection, dossiers, reference, TODAY, TODAY - FIRST_DAY)
    await connection.execute("DROP TABLE told, handler; ANALYZE")
    print(f"{dossiers:,} dossiers, {lines:,} lines in {time.perf_counter() - began:.0f} s")
    began = time.perf_counter()
    cut = await seal(connection)
    while await fold(connection, cut):
        pass
    took = time.perf_counter() - began
    print(f"balances: {took:.0f} s, {took / lines * 1e6:.2f} µs a line")
    return connection


def terms_of(names: tuple[str, ...]) -> list[Term]:
    """All numerators and denominators of some sets."""
    found = {
        term
        for stored in load_sets(SHIPPED)
        if stored.set.id in names
        for one in stored.set.indicators
        for term in (*one.numerator, *one.denominator)
    }
    return sorted(found, key=repr)


Page = Callable[[], Awaitable[object]]


def pages(pool: Any, reference: Reference, terms: list[Term]) -> dict[str, Page]:
    """What is timed: read, and every fact asked for, as whoever evaluates would."""
    first = [
        Scope(code) for code, row in reference.agencies.at(TODAY).items() if not row.parent
    ]
    months = [MONTH]
    while len(months) < 12:
        months.insert(0, months[0].before)
    provinces = [scope for scope in first if scope.agency.startswith("H")]
    turn = iter(range(1 << 30))

    async def select() -> object:
        return await pool.fetchval("SELECT seq FROM follower")

    async def ranking() -> object:
        reading = await read(pool, reference, first, MONTH, terms, today=TODAY)
        return [_all(reading, scope, terms) for scope in first]

    async def page() -> object:
        scope = provinces[next(turn) % len(provinces)]
        readings = await series(pool, reference, [scope], months, terms, today=TODAY)
        found = [_all(reading, scope, terms) for reading in readings]
        below = await breakdown(pool, reference, scope, MONTH, terms, By.PART, today=TODAY)
        return found, {code: [facts(term) for term in terms] for code, facts in below.items()}

    return {"select": select, "ranking": ranking, "page": page}


def _all(reading: Reading, scope: Scope, terms: list[Term]) -> list[int | None]:
    facts = reading.facts(scope)
    return [facts(term) for term in terms]


async def measure(
    dsn: str, dossiers: int, times: int, folder: Path, *, filled: bool
) -> dict[str, Any]:
    reference = load_reference(SHIPPED)
    terms = terms_of(SETS)
    connection = (
        await asyncpg.connect(dsn, command_timeout=3_600)
        if filled
        else await fill(dsn, dossiers, reference)
    )
    figures: dict[str, Any] = {"dossiers": dossiers, "terms": len(terms)}
    async with asyncpg.create_pool(dsn, min_size=2, max_size=2) as pool:
        asked = pages(pool, reference, terms)
        began = time.perf_counter()
        await asked["ranking"]()
        if not filled:
            took = figures["ranking_from_books_s"] = time.perf_counter() - began
            print(f"ranking from the books: {took:.1f} s")
        began = time.perf_counter()
        while await reading_book.follow(connection, 60):
            pass
        sums = await connection.fetchval("SELECT count(*) FROM reading_sum")
        print(f"{sums} sums filled: {time.perf_counter() - began:.0f} s")
        for table in TABLES:
            rows, size = await connection.fetchrow(
                f"SELECT count(*), pg_total_relation_size('{table}') FROM {table}"
            )
            figures[table] = {"rows": rows, "bytes": size}
            print(f"{table}: {rows:,} rows, {size / 1e6:,.0f} MB")
        await connection.execute("VACUUM ANALYZE")
        for name, page in asked.items():
            for _ in range(len(reference.agencies.first_level())):  # each province's once
                await page()
            gc.collect()
            gc.freeze()
            taken = []
            servers = [
                row["pid"]
                for row in await pool.fetch(
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                )
            ]
            used = time.process_time(), cpu_seconds(servers)
            for _ in range(times):
                began = time.perf_counter()
                await page()
                taken.append(1_000 * (time.perf_counter() - began))
            cuts = quantiles(taken, n=100)
            figures[name] = {
                "p50_ms": cuts[49],
                "p99_ms": cuts[98],
                "cpu_ms": 1_000 * (time.process_time() - used[0]) / times,
                "server_cpu_ms": 1_000 * (cpu_seconds(servers) - used[1]) / times,
            }
    plain = figures["select"]["p50_ms"]
    for name in ("select", "ranking", "page"):
        p50, p99 = figures[name]["p50_ms"], figures[name]["p99_ms"]
        print(
            f"{name:>8}  p50 {p50:7.2f} ms  p99 {p99:7.2f} ms"
            f"  {p50 / plain:6.0f} and {p99 / plain:.0f} times a plain SELECT;"
            f" CPU {figures[name]['cpu_ms']:.1f} ms here, {figures[name]['server_cpu_ms']:.1f} ms"
            " in PostgreSQL"
        )
    await connection.close()
    figures["http"] = await over_http(dsn, folder, times)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--dsn")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    folder = Path(mkdtemp(prefix="emc-bench-"))

    def done(dsn: str, *, filled: bool) -> None:
        figures = asyncio.run(measure(dsn, given.dossiers, given.times, folder, filled=filled))
        if given.json:
            given.json.write_text(json.dumps(figures, indent=2) + "\n")

    try:
        if given.dsn:
            done(given.dsn, filled=True)
        else:
            with _served(folder / "data") as server:
                own = Postgres(server)
                done(own.dsn(asyncio.run(own.create())), filled=False)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
