"""The follower beside the stream: every worker runs one, the one that leads makes the balances.

Nothing here may touch the stream. Whatever fails is logged and counted, the connection is left,
and after a pause the follower tries again; meanwhile another worker's may take the lead.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import structlog

from agents.health import WorkerHealth
from agents.leading import LONGEST_PAUSE_SECONDS, connected, jittered
from monitor.domain.zone import Zone
from monitor.ledger.follower import SMALLEST_STEP, STEP, Follower
from monitor.ledger.hours import SWEPT_ROWS, sweep
from monitor.ledger.ledger import AWAY

ROUND_SECONDS: Final = 5.0  # between two rounds; a watermark is promised within a minute
BRISK_ROUND_SECONDS: Final = 0.5
ROUNDS_A_SWEEP: Final = 700  # about an hour
ROUNDS_OF_TRUST: Final = 10  # after so many the server is taken to be well


@asynccontextmanager
async def following(
    dsn: str,
    zone: Zone,
    health: WorkerHealth,
    *,
    now_ms: Callable[[], int],
    round_seconds: float = ROUND_SECONDS,
) -> AsyncIterator[None]:
    """Follow the journal within the block; days and months end in the zone."""
    task = asyncio.create_task(_follow(dsn, zone, health, now_ms, round_seconds))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _follow(
    dsn: str,
    zone: Zone,
    health: WorkerHealth,
    now_ms: Callable[[], int],
    round_seconds: float,
) -> None:
    say = structlog.get_logger("emc.follower")
    step = STEP
    pause = 0.5
    while True:
        rounds = 0
        try:
            async with connected(dsn) as connection:
                follower = Follower(connection, zone, step=step)
                while True:
                    left = await _round(follower, health)
                    if rounds % ROUNDS_A_SWEEP == 0 and await follower.leads():
                        await _sweep(connection, zone, now_ms())
                    if not left:
                        await asyncio.sleep(jittered(round_seconds))
                    rounds += 1
        except AWAY as error:
            if isinstance(error, TimeoutError):  # a step that is too long, or a busy server
                step = max(SMALLEST_STEP, step // 2)
            health.follower_failures.labels("ledger_unavailable").inc()
            say.warning("following later", error=repr(error))
        except Exception:  # noqa: BLE001 - a bug of ours: the stream goes on, the watermark stands still
            health.follower_failures.labels("fault").inc()
            say.exception("the follower failed; trying again")
        finally:
            health.follower_leads.set(0)
        if rounds:
            pause = 0.5
        if rounds > ROUNDS_OF_TRUST:
            step = STEP
        await asyncio.sleep(jittered(pause))
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


async def _round(follower: Follower, health: WorkerHealth) -> bool:
    """Whether another round should follow at once."""
    if not await follower.leads():
        return False
    health.follower_leads.set(1)
    done = await follower.round()
    health.follower_folded.inc(done.folded)
    return done.left


async def _sweep(connection: Any, zone: Zone, now_ms: int) -> None:
    """Balances by the hour of days that are not kept any more."""
    while await sweep(connection, zone, now_ms) == SWEPT_ROWS:
        pass
