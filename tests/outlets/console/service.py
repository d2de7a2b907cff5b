"""A running `emc serve` on an invented country's ledger, as `make demo` has it after some minutes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Final

import asyncpg

from agents.generate.model import DOSSIERS, Record, Scenario, live
from tests.outlets.api.service import Here, here, now

SEED: Final = 9
PAST: Final = 2_500  # dossiers of the last weeks
NEAR: Final = 400  # events of the last moments


def country(dossiers: int = PAST) -> Iterator[Record]:
    """A month, and what just happened."""
    now_ms = int(now().timestamp() * 1000)
    told = live(Scenario(seed=SEED, dossiers=dossiers, official=True), now_ms, 20)
    kept = (one for one in told if one.topic == DOSSIERS)
    for one in kept:
        if one.at_ms > now_ms:
            break
        yield one
    yield from islice(kept, NEAR)


# As the keeper of connections and services leaves them: most well, some not.
_TROUBLE: Final = """
    INSERT INTO connection (source, trial, class, since_ms, judged_ms, last_ms, beat_ms, silence_ms,
        working_ms, connected_ms, p50_ms, p95_ms, maintenance, facts)
    SELECT code, false, class, $1::int8 - since, $1, $1 - since, NULL, 3600000, 0, 0, 900, 4000, false, '[]'
    FROM (VALUES ('H26-onestop', 'connected', 90000000), ('H56-onestop', 'interrupted', 5400000),
                 ('H12-onestop', 'partial', 720000), ('G05-onestop', 'connected', 900000000))
        AS said (code, class, since)
"""
_DEGRADED: Final = """
    INSERT INTO service_standing (agency, grp, state, reasons, since_ms, judged_ms, open, open_then,
        completed, median_ms, limit_ms)
    VALUES ('H17', 'dat-dai', 'degraded', '{backlog_and_slow}', $1::int8 - 7200000, $1, 90, 40, 60,
            400000000, 300000000),
           ('H26', 'ho-tich', 'well', '{}', $1 - 7200000, $1, 10, 12, 60, 40000000, 300000000)
"""


async def troubled(database: str) -> None:
    """Some sources and a service in trouble."""
    at_ms = int(now().timestamp() * 1000)
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(_TROUBLE, at_ms)
        await connection.execute(_DEGRADED, at_ms)
    finally:
        await connection.close()


@asynccontextmanager
async def nation(dsn: str, folder: Path, dossiers: int = PAST) -> AsyncIterator[Here]:
    """The country, served."""
    records = await asyncio.to_thread(lambda: list(country(dossiers)))
    async with here(dsn, folder, fill=records) as found:
        await troubled(dsn)
        yield found
