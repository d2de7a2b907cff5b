"""What a source says of itself, from its own topic through `emc ingest` to how it stands."""

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agents.generate.model import Record
from monitor.domain.event import Kind
from monitor.domain.zone import HO_CHI_MINH, Zone
from schemas import encode
from schemas.event import (
    Answer,
    ClaimedCount,
    Heartbeat,
    Maintenance,
    MaintenanceReason,
    ReconciliationClaim,
    ServiceRequest,
    StateChanged,
)
from tests.servers.kafka import KafkaNode
from tests.whole.inbound import Front, front
from tests.whole.until import until

pytestmark = pytest.mark.slow

ZONE = Zone(HO_CHI_MINH)


def said(code: str, now: int) -> list[Record]:
    day = ZONE.day(now)
    signals = (
        Heartbeat(source=code, id="h", claimed_ms=now, arrival_ms=now, interval_ms=60_000),
        Maintenance(
            source=code, id="m", claimed_ms=now, arrival_ms=now, window="w", from_ms=now - 1000,
            to_ms=now + 3_600_000, reason=MaintenanceReason.POWER, force_majeure=True,
        ),
        ReconciliationClaim(
            source=code, id="c", claimed_ms=now, arrival_ms=now, day=day, claim="2026-03-02",
            counts=(ClaimedCount(Kind.STATE, 2, 2),),
        ),
        StateChanged("H26.01-260302-0001", code, "e", now, now, 2, "1.004194", "H26.01"),
    )  # fmt: skip
    request = ServiceRequest(
        source=code, id="r", claimed_ms=now, arrival_ms=now, interface="GET /dossiers/{code}",
        answer=Answer.FAILED, duration_ms=2_600,
    )  # fmt: skip
    told = (*signals, request, request)  # the request twice, as after a crash
    return [Record(code, encode(signal), now) for signal in told]


async def test_signals_of_a_source_are_kept_and_its_connection_is_judged(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with front(kafka.bootstrap, database, tmp_path) as here:
        yesterday = datetime.now(UTC).date() - timedelta(days=1)  # noqa: TID251 - against real processes
        code = await here.register(
            "told",
            go_live=max(yesterday, date(2026, 6, 1)),
            names=frozenset({"GET /dossiers/{code}"}),
        )
        await asyncio.to_thread(here.ingest().start)
        await asyncio.to_thread(here.here.worker().start)
        now = time.time_ns() // 1_000_000
        await here.send(code, said(code, now))
        await here.taken_in()

        standing: Any = None

        async def judged() -> bool:
            nonlocal standing
            rows = await here.fetch("SELECT * FROM connection WHERE source = $1", code)
            standing = rows[0] if rows else None
            return standing is not None and None not in (
                standing["last_ms"],
                standing["beat_ms"],
            )

        await until(judged)
        assert (standing["class"], standing["trial"], standing["maintenance"]) == (
            "connected", False, True
        )  # fmt: skip
        assert abs(standing["last_ms"] - now) < 60_000
        rows = await here.fetch(
            "SELECT interface, trial, answer, bin, requests, ms FROM request WHERE source = $1",
            code,
        )
        assert [tuple(row) for row in rows] == [
            ("GET /dossiers/{code}", False, "5xx", 5, 1, 2_600)
        ]
        assert [tuple(row) for row in await compared(here, code)] == [("2026-03-02", 2, 1, 1)]


async def compared(here: Front, code: str) -> list[Any]:
    return await here.fetch(
        "SELECT claim, claimed, counted, differing FROM comparison WHERE source = $1"
        " ORDER BY at_ms DESC LIMIT 1",
        code,
    )
