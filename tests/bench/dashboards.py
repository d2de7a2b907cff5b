"""What the queries of dashboards cost on a ledger with a nation's month in it.

`python -m tests.bench.dashboards [DOSSIERS_A_DAY]`. The books are made up by PostgreSQL itself: of a
working day a line for each dossier of each measure, of cells that 60,000 combinations of agency,
procedure and channel make, in balances merged as far as a follower merges them; and open dossiers.
"""

import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from monitor.ledger.migrate import migrate
from tests.outlets.dashboards.shipped import Range, queries, sql
from tests.servers.postgres import Postgres, _served

DAYS = 30
CELLS = 60_000
OPEN = 1_000_000
MEASURES = (2, 5, 6, 8, 9, 11, 12, 13, 20, 30, 31, 33, 34, 35, 37, 38, 251, 252, 292)

FILL = """
INSERT INTO cell (agency, unit, procedure, channel, sub_channel, level)
SELECT 'H' || lpad((1 + n % 56)::text, 2, '0') || '.' || (100 + n % 150), '',
       '1.' || lpad((n / 56)::text, 6, '0'), 1 + n % 3, '', 2 + n % 3
FROM generate_series(0, {cells} - 1) AS n;
INSERT INTO balance_run (measure, day, level, seq, cells, slots, amounts)
SELECT measure, day, 2, part, array_agg(1 + (line * 7919 + measure) % {cells} ORDER BY line),
       array_agg(CASE WHEN measure IN (12, 13) THEN day + (line % 20)::int
                      WHEN measure = 292 THEN (line % 40)::int ELSE -1 END ORDER BY line),
       array_agg(1 ORDER BY line)
FROM generate_series(0, {a_day} - 1) AS line, unnest(ARRAY{measures}::smallint[]) AS measure,
     generate_series(grafana_day(now()) - {days} + 1, grafana_day(now())) AS day,
     LATERAL (SELECT line / 5000 AS part) AS parts
GROUP BY measure, day, part;
INSERT INTO total (shard, measure, agency, channel, level, slot, class, credit, debit)
SELECT 0, measure, 'H' || lpad(agency::text, 2, '0'), channel, level, slot, 0, 40, 10
FROM unnest(ARRAY[12, 13]::smallint[]) AS measure, generate_series(1, 56) AS agency,
     generate_series(1, 3) AS channel, generate_series(2, 4) AS level,
     generate_series(grafana_day(now()) - 300, grafana_day(now()) + 60) AS slot;
INSERT INTO dossier (key, version, rules, outcome, cell, due_ms, events, booked, epoch)
SELECT 'H56.12-260302-' || n, 1, 4, 4, 1 + n % {cells},
       (extract(epoch FROM now()) * 1000)::bigint + (n % 2000000000) - 500000000,
       repeat('e', 900)::bytea, repeat('b', 900)::bytea, 1
FROM generate_series(1, {open}) AS n;
ANALYZE;
"""


def main(a_day: int) -> None:
    with tempfile.TemporaryDirectory(prefix="emc-dashboards-") as folder:
        Path(folder).chmod(0o755)
        with _served(Path(folder) / "data") as server:
            asyncio.run(fill_and_measure(Postgres(server), a_day))


async def fill_and_measure(server: Postgres, a_day: int) -> None:
    dsn = server.dsn(await server.create())
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    began = time.monotonic()
    await connection.execute(
        FILL.format(cells=CELLS, a_day=a_day, days=DAYS, open=OPEN, measures=list(MEASURES))
    )
    print(f"filled in {time.monotonic() - began:.0f} s")
    await measure(connection)
    await connection.close()


async def measure(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    agencies = [
        row[0] for row in await connection.fetch("SELECT DISTINCT agency FROM grafana_total")
    ]
    values = {
        "agency": agencies,
        "channel": ["direct", "online", "postal", "unsaid"],
        "source": ["s"],
        "objective": ["o"],
        "scope": ["country"],
        "due": ["overdue"],
    }
    now = datetime.fromtimestamp(time.time(), UTC)
    print("| panel | a week | a month |\n|---|---|---|")
    for asked in queries():
        if "rawSql" not in asked.target:
            continue
        took = []
        for days in (7, DAYS):
            over = Range(now - timedelta(days=days), now + timedelta(minutes=1))
            query = sql(asked.target["rawSql"], values, over)
            began = time.monotonic()
            await connection.fetch(query)
            took.append(f"{time.monotonic() - began:.2f} s")
        english = asked.panel["title"].partition(" · ")[2]
        print(f"| {asked.dashboard}: {english} | {' | '.join(took)} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
