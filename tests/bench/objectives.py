"""`python -m tests.bench.objectives`: what the sums of objectives cost on a large ledger.

Balances and journal are written by SQL as a tenth of a nation would leave them in half a year: many
accounts with a few dossiers each. Timed are the first making of the sums, a minute's journal, one
judgement, and what `emc serve` reads.

--cells N       accounts' cells; default 40,000
--days N        days with flows; default 130
--minute N      lines of the journal in a minute; default 20,000
"""

import argparse
import asyncio
import shutil
import time
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import asyncpg

from monitor.domain.measures import HOURS, Clock, Measure, Part, clock_measure
from monitor.domain.zone import Zone
from monitor.ledger import objective_book, objectives
from monitor.ledger.judging import judge_all
from monitor.ledger.migrate import migrate
from monitor.reference.objectives import load_watched
from monitor.reference.policy import load_policy
from tests.servers.postgres import Postgres, _served
from tests.servers.require import ROOT

SHIPPED = ROOT / "deploy" / "reference"
TODAY = Zone().day(1_795_000_000_000)  # 2026-11-18
NOW = Zone().start_of(TODAY) + 38_000_000
FLOWS = (
    Measure.ON_TIME_766, Measure.LATE_766, Measure.EARLY_06B, Measure.ON_TIME_06B,
    Measure.LATE_06B, Measure.ON_TIME_FIRST_DUE, Measure.LATE_FIRST_DUE, Measure.ACCEPTED,
    clock_measure(Clock.ACCEPTANCE, Part.WITHIN), clock_measure(Clock.PROCESSING, Part.WORKED_BINS),
)  # fmt: skip
STOCKS = (
    Measure.IN_PROCESS, Measure.PAUSED, Measure.IN_PROCESS_766, Measure.PAUSED_766,
    Measure.IN_PROCESS_06B, Measure.IN_PROCESS_FIRST_DUE,
)  # fmt: skip

CELLS = """
    INSERT INTO cell (agency, unit, procedure, channel, sub_channel, level, step, holder, source)
    SELECT 'H' || lpad((n % 63 + 1)::text, 2, '0') || '.' || (n / 63 % 60 + 1), '',
           (ARRAY['1.001193', '1.012753', '2.000720', '1.004194', '2.000815'])[n % 5 + 1],
           n % 3 + 1, n::text, 4, '', 0, ''
    FROM generate_series(1, $1) AS n
"""
RUNS = """
    INSERT INTO balance_run (measure, day, level, seq, cells, slots, amounts)
    SELECT m, d, 0, 1, array_agg(id), array_agg($4::int + CASE WHEN $5 THEN d + id % 30 ELSE 0 END),
           array_agg(1::int8)
    FROM unnest($1::int2[]) AS m, generate_series($2::int4, $3::int4) AS d,
         LATERAL (SELECT id FROM cell WHERE (id + d) % 3 = 0) AS chosen
    GROUP BY m, d
"""
MINUTE = """
    INSERT INTO journal_page (class, measures, cells, days, slots, amounts)
    SELECT 0, array_agg(m), array_agg(id), array_agg($2::int4), array_agg(-1), array_agg(1::int8)
    FROM (SELECT id, ($3::int2[])[id % cardinality($3) + 1] AS m,
                 row_number() OVER () / 300 AS page
          FROM cell, generate_series(1, 1 + $1 / (SELECT count(*) FROM cell)::int) LIMIT $1) AS line
    GROUP BY page
"""


async def measure(dsn: str, cells: int, days: int, minute: int) -> None:
    await migrate(dsn)
    connection: Any = await asyncpg.connect(dsn, command_timeout=3_600)
    watched, policy = load_watched(SHIPPED), load_policy(SHIPPED)
    assert policy.legal is not None
    await connection.execute(CELLS, cells)
    first = TODAY - days
    hours = [HOURS + one for one in FLOWS[:8]]
    await connection.execute(RUNS, list(map(int, FLOWS)), first, TODAY, -1, False)
    await connection.execute(RUNS, hours, TODAY - 35, TODAY, 9, False)
    await connection.execute(RUNS, list(map(int, STOCKS)), first, TODAY, 0, True)
    await connection.execute("UPDATE follower SET seq = 1")
    await connection.execute("ANALYZE")
    lines = await connection.fetchval("SELECT sum(cardinality(cells)) FROM balance_run")
    print(f"{cells:,} cells, {lines:,} lines of balances")

    began = time.perf_counter()
    await objective_book.prepare(connection, watched)
    while not (done := await objective_book.follow(connection, watched, TODAY)).whole:
        pass
    took = time.perf_counter() - began
    print(f"sums made from the balances: {took:.1f} s, {lines / took:,.0f} lines a second")
    rows = await connection.fetchval("SELECT count(*) FROM objective_sum")
    size = await connection.fetchval("SELECT pg_total_relation_size('objective_sum')")
    print(f"{len(watched.pairs)} pairs: {rows:,} rows of sums, {size / 1e6:.0f} MB")

    await connection.execute(MINUTE, minute, TODAY, list(map(int, FLOWS)))
    await connection.execute("UPDATE follower SET seq = (SELECT max(seq) FROM journal_page)")
    await connection.execute("ANALYZE objective_sum; ANALYZE objective_cell")
    began = time.perf_counter()
    done = await objective_book.follow(connection, watched, TODAY)
    print(f"{minute:,} lines of the journal: {time.perf_counter() - began:.2f} s {done}")

    for _ in range(2):
        began, cpu = time.perf_counter(), time.process_time()
        judged = await judge_all(connection, watched, policy.zone, policy.legal.calendars, NOW)
        took, here = time.perf_counter() - began, time.process_time() - cpu
        print(f"{len(judged.found)} standings and {len(judged.examined)} services judged:"
              f" {took:.2f} s, of it {here:.2f} s of this process")  # fmt: skip
        began = time.perf_counter()
        await objectives.keep(connection, judged)
        print(f"kept: {time.perf_counter() - began:.2f} s")
    began = time.perf_counter()
    await objectives.read(connection)
    print(f"read by serve: {time.perf_counter() - began:.3f} s")
    await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=40_000)
    parser.add_argument("--days", type=int, default=130)
    parser.add_argument("--minute", type=int, default=20_000)
    given = parser.parse_args()
    folder = Path(mkdtemp(prefix="emc-bench-"))
    try:
        with _served(folder / "data") as server:
            own = Postgres(server)
            name = asyncio.run(own.create())
            asyncio.run(measure(own.dsn(name), given.cells, given.days, given.minute))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
