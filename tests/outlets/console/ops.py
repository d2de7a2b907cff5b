"""A small ledger whose connections, objectives and refusals are written by hand, served."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg
import httpx

from tests.outlets.api.service import Here, here, now

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

# Thanh Hoá's is away since an hour and a half, and was connected for two days before; Huế's agrees.
_CONNECTIONS: Final = """
    INSERT INTO source (code, name, owner, kind, status, go_live, zone, claiming, heartbeat_seconds)
    VALUES ('H56-onestop', 'Một cửa Thanh Hoá', 'H56', 'system', 'live', '2026-01-05',
            'Asia/Ho_Chi_Minh', true, 60),
           ('H57-onestop', 'Một cửa Huế', 'H57', 'system', 'live', '2026-01-05',
            'Asia/Ho_Chi_Minh', false, NULL);
    INSERT INTO connection (source, trial, class, since_ms, judged_ms, last_ms, beat_ms, silence_ms,
        working_ms, connected_ms, p50_ms, p95_ms, maintenance, facts)
    VALUES ('H56-onestop', false, 'interrupted', {now} - 5400000, {now}, {now} - 5400000, NULL,
            2700000, 360000000, 357840000, 900, 154000, false,
            '[{{"fact": "waiting", "since_ms": null, "detail": "41"}}]'),
           ('H57-onestop', false, 'connected', {now} - 900000000, {now}, {now} - 60000, {now} - 60000,
            7200000, 360000000, 360000000, 900, 4000, false, '[]');
    INSERT INTO connection_spell (source, since_ms, until_ms, class)
    VALUES ('H56-onestop', {now} - 864000000, {now} - 172800000, 'partial'),
           ('H56-onestop', {now} - 172800000, {now} - 5400000, 'connected'),
           ('H56-onestop', {now} - 5400000, NULL, 'interrupted');
    INSERT INTO claim (source, day, claim, chunks, arrived_ms, complete_ms)
    VALUES ('H56-onestop', {day} - 1, 'first', 1, {now}, {now});
    INSERT INTO claim_count (source, day, claim, kind, state, events)
    VALUES ('H56-onestop', {day} - 1, 'first', 1, 2, 1212), ('H56-onestop', {day} - 1, 'first', 1, 4, 180);
    INSERT INTO counted (source, day, kind, state, events, late, another, last_ms)
    VALUES ('H56-onestop', {day} - 1, 1, 2, 1205, 4, 1, {now}), ('H56-onestop', {day} - 1, 1, 4, 182, 0, 0, {now});
    INSERT INTO comparison (source, day, at_ms, claim, claimed, counted, differing)
    VALUES ('H56-onestop', {day} - 1, {now} - 9000000, 'first', 1392, 1300, 92),
           ('H56-onestop', {day} - 1, {now}, 'first', 1392, 1387, 9),
           ('H56-onestop', {day} - 2, {now} - 90000000, 'before', 800, 800, 0);
    INSERT INTO maintenance (source, name, from_ms, to_ms, units, reason, force_majeure, cancelled,
        claimed_ms, announced_ms)
    VALUES ('H56-onestop', 'nang-cap-12', {now} + 864000000, {now} + 871200000, '{{}}', 'upgrade', false,
            false, {now}, {now});
"""


async def written(dsn: str) -> None:
    """Put it in."""
    at = now()
    at_ms = int(at.timestamp() * 1000)
    today = (at_ms + 7 * HOUR_MS) // DAY_MS
    connection = await asyncpg.connect(dsn)
    try:
        for script in (_CONNECTIONS,):
            await connection.execute(script.format(now=f"{at_ms}::int8", day=today))
    finally:
        await connection.close()


@asynccontextmanager
async def office(dsn: str, folder: Path) -> AsyncIterator[Here]:
    """Served."""
    async with here(dsn, folder) as found:
        await written(dsn)
        yield found


@asynccontextmanager
async def signed_in(found: Here, role: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of somebody with a role."""
    async with httpx.AsyncClient(base_url=found.serve.url, timeout=30) as client:
        if role:
            answer = await client.post(
                "/sign-in",
                data={"token": found.held[role]},
                headers={"origin": found.serve.url},
            )
            assert answer.status_code == 303, answer.text
        yield client
