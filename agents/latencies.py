"""Keeps the sums and quantiles behind latency metrics, beside the stream.

Every worker runs one, the one that leads adds what the journal has and judges once a minute.
Whatever fails is logged, the connection is left, and after a pause it is tried again: no stream
waits for it, and no balance.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from time import perf_counter
from typing import Any, Final

import structlog

from monitor.domain.policy import Policy
from monitor.domain.zone import DAY_MS
from monitor.ledger import latencies, requests
from monitor.ledger.connections import leads
from monitor.ledger.follower import connect
from monitor.ledger.ledger import UNAVAILABLE
from monitor.ledger.locks import LATENCIES
from monitor.ledger.policies import Ruling
from monitor.reference.sets import ReadsDifferently

ROUND_SECONDS: Final = 30.0
ADDING_SECONDS: Final = 2.0  # of a round: while much is booked, streams need the ledger more
JUDGE_SECONDS: Final = 60.0
BRISK_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 20.0  # after failures
CLOSE_SECONDS: Final = 0.5
ROUNDS_A_SWEEP: Final = 160  # about an hour

_NOT_NOW: Final[tuple[type[BaseException], ...]] = (*UNAVAILABLE, ReadsDifferently)


@asynccontextmanager
async def keeping(
    dsn: str,
    own: Policy,
    *,
    now_ms: Callable[[], int],
    brisk: bool = False,
) -> AsyncIterator[None]:
    """Keep latencies within the block, by the policy in force whenever they are judged.

    `own` is for a ledger that has no policy yet.
    """
    keeper = Keeper(own, now_ms=now_ms, brisk=brisk)
    task = asyncio.create_task(keeper.keep(dsn))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Keeper:
    """One of many that may keep; only who leads does anything."""

    def __init__(
        self,
        own: Policy,
        *,
        now_ms: Callable[[], int],
        brisk: bool = False,
    ) -> None:
        self._ruling = Ruling(own)
        self._now_ms = now_ms
        self._round_seconds = BRISK_SECONDS if brisk else ROUND_SECONDS
        self._judge_ms = int((BRISK_SECONDS if brisk else JUDGE_SECONDS) * 1000)
        self._judged_at = -self._judge_ms
        self._rounds = 0
        self._say = structlog.get_logger("emc.latencies")

    async def keep(self, dsn: str) -> None:
        """Add and judge until cancelled."""
        pause = 0.5
        while True:
            try:
                async with _connected(dsn) as connection:
                    while True:
                        if await leads(connection, LATENCIES):
                            await self.round(connection)
                            pause = 0.5
                        await asyncio.sleep(_jittered(self._round_seconds))
            except _NOT_NOW as error:
                self._say.warning("keeping latencies later", error=repr(error))
            except Exception:  # noqa: BLE001 - a bug of ours: streams go on, latencies stay as judged
                self._say.exception("latencies failed; trying again")
            await asyncio.sleep(_jittered(pause))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def round(self, connection: Any) -> None:
        """Add what the balances have, and judge if it is time."""
        now = self._now_ms()
        # A day more than is ever asked for, whatever the zone.
        kept = now // DAY_MS - latencies.KEPT_DAYS - 1
        ends = perf_counter() + ADDING_SECONDS
        while await latencies.add(connection, kept) and perf_counter() < ends:
            pass
        if now - self._judged_at >= self._judge_ms:
            await self._judge(connection, now)
            self._judged_at = now
        if self._rounds % ROUNDS_A_SWEEP == 0:
            await latencies.sweep(connection, kept)
            await requests.sweep(connection)
        self._rounds += 1

    async def _judge(self, connection: Any, now: int) -> None:
        _, policy = await self._ruling.now(connection)
        if policy.legal is None:
            return  # without reference files there are no clocks
        calendar = policy.legal.calendars.calendar()
        today = policy.zone.day(now)
        if not calendar.first_day <= today <= calendar.last_day:
            return
        first = latencies.window(calendar, today)
        await latencies.judge(connection, first, today, policy.present, now)


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[Any]:
    connection = await connect(dsn)
    try:
        yield connection
    finally:
        try:
            await connection.close(timeout=CLOSE_SECONDS)
        except UNAVAILABLE:
            connection.terminate()


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
