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

# Thanh Hoá has 180 good ones of 210 where nine tenths are asked for, Huế 950 of 970.
_OBJECTIVES: Final = """
    INSERT INTO objective (objective, version, indicator, period, calendar, owner, basis, target,
        minimum, said)
    VALUES ('on-time-766', 'abc123', 'on_time_766', 'month', 'national', 'Văn phòng Chính phủ',
        'assumption', 9000, 30, '{{"name": "on-time-766", "title_vi": "Hồ sơ đúng hạn",
        "title_en": "Settled on time", "owner": "Văn phòng Chính phủ", "minimum": 30, "targets":
        [{{"good": 9000, "basis": "assumption", "article": "Decision 766", "valid_from": 19000}}]}}');
    INSERT INTO objective_standing (objective, scope, state, since_ms, judged_ms, first_day, good, bad,
        burning, alert)
    VALUES ('on-time-766', 'agency:H56', 'burning', {now} - 7200000, {now}, {day} - 20, 180, 30,
            '{{"3d": [80, 20], "1d": [10, 10]}}', '3d/1d'),
           ('on-time-766', 'agency:H57', 'good', {now} - 864000000, {now}, {day} - 20, 950, 20,
            '{{"3d": [50, 1], "1d": [0, 0]}}', ''),
           ('on-time-766', 'country', 'idle', {now} - 864000000, {now}, {day} - 20, 0, 0,
            '{{"3d": [0, 0], "1d": [0, 0]}}', '');
    INSERT INTO objective_spell (objective, scope, since_ms, until_ms, state, version, good, bad)
    VALUES ('on-time-766', 'agency:H56', {now} - 864000000, {now} - 7200000, 'good', 'abc123', 90, 2),
           ('on-time-766', 'agency:H56', {now} - 7200000, NULL, 'burning', 'abc123', 180, 30);
    INSERT INTO objective_version (objective, known_ms, version, said)
    VALUES ('on-time-766', {now} - 864000000, 'abc123', '{{}}');
    INSERT INTO service_standing (agency, grp, state, reasons, since_ms, judged_ms, open, open_then,
        completed, median_ms, limit_ms, title_vi, title_en)
    VALUES ('H56', 'land', 'degraded', '{{backlog_and_slow}}', {now} - 7200000, {now}, 90, 40, 61,
            432000000, 288000000, 'Đất đai', 'Land'),
           ('H57', 'land', 'well', '{{}}', {now} - 7200000, {now}, 10, 12, 33, 28800000, 288000000, 'Đất đai', 'Land');
"""

_BOOKS: Final = """
    INSERT INTO quarantine (topic, partition, "offset", source, reason, detail, size, hash, sealed,
        arrived, state, tries, settled_at)
    VALUES ('emc.dossiers', 0, 901, 'H57-onestop', 'missing_field', 'data.state', 311, '\\x00', '\\x736563726574',
            to_timestamp({now} / 1000.0), 'held', 1, NULL),
           ('emc.dossiers', 0, 902, 'H57-onestop', 'missing_field', 'data.state', 312, '\\x00', NULL,
            to_timestamp({now} / 1000.0), 'held', 0, NULL),
           ('emc.dossiers', 0, 903, 'H57-onestop', 'outside_mandate', 'data.agency', 313, '\\x00', NULL,
            to_timestamp({now} / 1000.0), 'returned', 1, to_timestamp({now} / 1000.0));
    INSERT INTO reconciled (name, compared, differing, stale, ended_at)
    VALUES ('balances', 1204, 0, 0, to_timestamp({now} / 1000.0 - 3600)),
           ('dossiers', 4, 3, 1, to_timestamp({now} / 1000.0 - 3600));
    INSERT INTO position (topic, partition, next, epoch, owner, generation, cluster)
    VALUES ('emc.petitions', 7, 123456, 3, 'worker-2', 9, 'here');
"""


async def written(dsn: str) -> None:
    """Put it in."""
    at = now()
    at_ms = int(at.timestamp() * 1000)
    today = (at_ms + 7 * HOUR_MS) // DAY_MS
    connection = await asyncpg.connect(dsn)
    try:
        for script in (_CONNECTIONS, _OBJECTIVES, _BOOKS):
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
