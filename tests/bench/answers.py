"""Official figures over HTTP, of a running `emc serve`, while something is booked beside it or not."""

import asyncio
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

import asyncpg
import httpx

from monitor.ledger import reading_book
from monitor.ledger.follower import fold, seal
from monitor.ledger.indicator_sets import store
from monitor.outlets.serve import LOADED_SECONDS
from monitor.reference.indicators import load_sets
from tests.bench.usage import cpu_seconds
from tests.ledger.fill import feeding
from tests.outlets.api.service import API, POLICY, REFERENCE, Serve, event, now, visitors
from tests.servers.require import ROOT

ASKED = {
    "ranking, emc": "rankings/emc?period=2026-10&kind=provinces",
    "ranking, qd766": "rankings/qd766?period=2026-10&kind=provinces",
    "ranking of ministries": "rankings/qd766?period=2026-10&kind=ministries",
    "scorecard": "scorecards/qd766?period=2026-10&scope=H56",
    "series": "series/qd766?scope=H56&from=2025-11&to=2026-10",
    "breakdown": "breakdowns/emc?scope=H56&period=2026-10&by=unit&limit=200",
}


async def _told(dsn: str) -> None:
    """One dossier more, received now in a commune of Thanh Hoá."""
    at = now()
    record = event(f"H56.14-{at:%y%m%d}-{at:%H%M%S%f}", 1, 2, f"{at:%m-%dT%H:%M}")
    at_ms = int(at.timestamp() * 1_000)
    async with feeding(dsn, POLICY, now_ms=at_ms, reference=REFERENCE) as feeder:
        await feeder.hear([record._replace(at_ms=at_ms)])


def _cpu_seconds(serve: Serve) -> float:
    process: Any = serve._process
    return cpu_seconds([process.pid])


async def over_http(dsn: str, folder: Path, times: int) -> dict[str, Any]:
    """How long each answer takes, when nothing was booked since the last one and when something was."""
    connection: Any = await asyncpg.connect(dsn, command_timeout=3_600)
    await store(connection, load_sets(ROOT / "deploy" / "reference"))
    # Of those of the last time nobody has more than hashes.
    await connection.execute(
        "UPDATE access_token SET revoked_at = now() WHERE revoked_at IS NULL"
    )
    held = await visitors(dsn)

    async def book() -> None:
        await _told(dsn)
        await fold(connection, await seal(connection))
        while await reading_book.follow(connection, 60):
            pass

    await book()
    settings = {"EMC_DATABASE": dsn, "EMC_API_PATIENCE_SECONDS": "600"}
    serve = Serve(settings, folder / "serve.log")
    await asyncio.to_thread(serve.start)
    figures: dict[str, Any] = {}
    try:
        async with httpx.AsyncClient(
            base_url=serve.url,
            timeout=600,
            headers={"authorization": f"Bearer {held['national']}"},
        ) as client:

            async def answer(path: str) -> int:
                response = await client.get(f"{API}/{path}")
                response.raise_for_status()
                return len(response.content)

            for (
                path
            ) in ASKED.values():  # what it has to read from the books is kept from now on
                await answer(path)
            await book()
            for path in (*ASKED.values(),) * 5:
                await answer(path)
            await asyncio.sleep(LOADED_SECONDS)  # until it is as after any start
            for name, path in ASKED.items():
                for state in ("warm", "cold"):
                    taken, used, size = [], 0.0, 0
                    for _ in range(times):
                        if state == "cold":
                            await book()
                        before = _cpu_seconds(serve)
                        began = time.perf_counter()
                        size = await answer(path)
                        taken.append(1_000 * (time.perf_counter() - began))
                        used += _cpu_seconds(serve) - before
                    cuts = quantiles(taken, n=100)
                    figures[f"{name}, {state}"] = {
                        "p50_ms": cuts[49],
                        "p99_ms": cuts[98],
                        "cpu_ms": 1_000 * used / times,
                        "bytes": size,
                    }
                    print(
                        f"{name:>22} {state}  p50 {cuts[49]:6.1f} ms  p99 {cuts[98]:6.1f} ms"
                        f"  CPU {1_000 * used / times:5.1f} ms  {size / 1e3:4.0f} kB",
                        flush=True,
                    )
    finally:
        await asyncio.to_thread(serve.stop)
        await connection.close()
    return figures
