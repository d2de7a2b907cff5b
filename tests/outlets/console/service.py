"""A running `emc serve` on an invented country's ledger, as `make demo` has it after some minutes."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Final

import asyncpg

from agents.generate.model import DOSSIERS, Record, Scenario, live
from tests.ledger.fill import feeding
from tests.outlets.api.service import POLICY, REFERENCE, Here, event, folded, here, now
from tests.outlets.console import ops

SEED: Final = 9
PAST: Final = 2_500  # dossiers of the last weeks
NEAR: Final = 400  # events of the last moments
SETTLED: Final = range(12)  # dossiers of last month


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


# As the keeper of connections and services leaves them, beside those of `ops`: most well, some not.
_TROUBLE: Final = """
    INSERT INTO source (code, name, owner, kind, status, go_live, zone, claiming, heartbeat_seconds)
    SELECT code, name, owner, 'system', 'live', '2026-01-05', 'Asia/Ho_Chi_Minh', false, NULL
    FROM (VALUES ('H26-onestop', 'Một cửa Hà Nội', 'H26'), ('H12-onestop', 'Một cửa Cà Mau', 'H12'),
                 ('G05-onestop', 'Một cửa Bộ Tài chính', 'G05')) AS said (code, name, owner);
    INSERT INTO connection (source, trial, class, since_ms, judged_ms, last_ms, beat_ms, silence_ms,
        working_ms, connected_ms, p50_ms, p95_ms, maintenance, facts)
    SELECT code, false, class, {now} - since, {now}, {now} - silent, NULL, 3600000, 0, 0, 900, 4000, false, '[]'
    FROM (VALUES ('H26-onestop', 'connected', 90000000, 20000),
                 ('H12-onestop', 'partial', 720000, 31000),
                 ('G05-onestop', 'connected', 900000000, 45000)) AS said (code, class, since, silent);
    INSERT INTO service_standing (agency, grp, state, reasons, since_ms, judged_ms, open, open_then,
        completed, median_ms, limit_ms, title_vi, title_en)
    VALUES ('H17', 'land', 'degraded', '{{backlog_and_slow}}', {now} - 7200000, {now}, 90, 40, 60,
            400000000, 300000000, 'Đất đai', 'Land'),
           ('H26', 'civil-status', 'well', '{{}}', {now} - 7200000, {now}, 10, 12, 60, 40000000,
            300000000, 'Hộ tịch', 'Civil status');
"""


async def troubled(database: str) -> None:
    """Some sources and services in trouble, objectives missed, records refused."""
    await ops.written(database)
    at_ms = int(now().timestamp() * 1000)
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(_TROUBLE.format(now=f"{at_ms}::int8"))
    finally:
        await connection.close()


def last_month() -> datetime:
    """Its 5th, at eight in the morning."""
    first = now().astimezone(timezone(timedelta(hours=7))).replace(day=1)
    return (first - timedelta(days=1)).replace(day=5, hour=8, minute=0, second=0, microsecond=0)


def settled(number: int, arrived: datetime | None = None) -> list[Record]:
    """A dossier of Thanh Hoá of last month, completed the next day; told at once, or only now."""
    began = last_month()
    code = f"H56.14-{began:%y%m%d}-{number:04}"
    told = []
    for place, (state, at) in enumerate(((2, began), (9, began + timedelta(days=1)))):
        said = json.loads(event(code, place, state, "08-03T08:00", channel=2).value)
        said["time"] = at.isoformat()
        said["arrival"] = (arrived or at).isoformat()
        said["data"]["due_at"] = (began + timedelta(days=7)).isoformat()
        told.append(Record(code, json.dumps(said).encode(), int(at.timestamp() * 1000)))
    return told


async def corrected(database: str, near: Sequence[Record]) -> None:
    """After last month was closed one more dossier of it arrives, and what just happened."""
    await asyncio.sleep(0.05)  # what comes now comes after the cut was read
    at = now() + timedelta(seconds=1)
    at_ms = int(at.timestamp() * 1000)
    late = [one._replace(at_ms=at_ms) for one in settled(len(SETTLED), arrived=now())]
    async with feeding(database, POLICY, now_ms=at_ms, reference=REFERENCE) as feeder:
        await feeder.hear([*late, *near])
    await folded(database)


async def used(found: Here) -> None:
    """As after some minutes: what pages ask for was asked before, and the follower keeps its sums."""
    async with ops.signed_in(found, "national") as client:
        for path in ("/", "/agencies/H56", "/agencies/H26.01", "/procedures/1.004194"):
            await client.get(path)  # the first may take longer than the service is patient
    await folded(found.database)


@asynccontextmanager
async def nation(dsn: str, folder: Path, dossiers: int = PAST) -> AsyncIterator[Here]:
    """The country, served."""
    before = [one for number in SETTLED for one in settled(number)]
    records = await asyncio.to_thread(lambda: list(country(dossiers)))
    async with here(dsn, folder, fill=[*before, *records[:-NEAR]]) as found:
        await corrected(dsn, records[-NEAR:])
        await troubled(dsn)
        await used(found)
        yield found
