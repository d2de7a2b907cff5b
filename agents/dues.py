"""Judges once a minute what falls due at every agency, beside the stream; of many workers one leads.

The forecast rests on what was open when the day began, so that it is made anew once an hour only,
for what arrives late. Whatever fails is logged, the connection is left, and it is tried again.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import structlog

from monitor.domain.policy import Policy
from monitor.ledger import dues
from monitor.ledger.connections import leads
from monitor.ledger.dues import Outlooks
from monitor.ledger.follower import connect
from monitor.ledger.ledger import UNAVAILABLE
from monitor.ledger.locks import DUES
from monitor.ledger.policies import Ruling
from monitor.reference.sets import ReadsDifferently

JUDGE_SECONDS: Final = (
    50.0  # at the most: the server ends a connection that is idle for a minute
)
BRISK_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 20.0  # after failures
FORECAST_MS: Final = 3_600_000
BRISK_FORECAST_MS: Final = 5_000
CLOSE_SECONDS: Final = 0.5
PATIENCE_SECONDS: Final = 600.0  # ten working days of a nation are read at once

_LATER: Final[tuple[type[BaseException], ...]] = (*UNAVAILABLE, ReadsDifferently)


@asynccontextmanager
async def judging_dues(
    dsn: str, own: Policy, *, now_ms: Callable[[], int], brisk: bool = False
) -> AsyncIterator[None]:
    """Judge within the block; `own` is the policy of a ledger that has none yet."""
    task = asyncio.create_task(Dues(own, now_ms=now_ms, brisk=brisk).judge(dsn))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Dues:
    """One of many that may judge; only who leads does."""

    def __init__(self, own: Policy, *, now_ms: Callable[[], int], brisk: bool = False) -> None:
        self._ruling = Ruling(own)
        self._now_ms = now_ms
        self._seconds = BRISK_SECONDS if brisk else JUDGE_SECONDS
        self._forecast_ms = BRISK_FORECAST_MS if brisk else FORECAST_MS
        self._outlooks: Outlooks | None = None
        self._made_ms = 0
        self._epoch = -1
        self._say = structlog.get_logger("emc.dues")

    async def judge(self, dsn: str) -> None:
        """Judge until cancelled."""
        pause = BRISK_SECONDS
        while True:
            try:
                connection = await connect(dsn, patience_seconds=PATIENCE_SECONDS)
                try:
                    while True:
                        if await leads(connection, DUES):
                            await self.round(connection)
                            pause = BRISK_SECONDS
                        await asyncio.sleep(_jittered(self._seconds))
                finally:
                    await _closed(connection)
            except _LATER as error:
                self._say.warning("judging what falls due later", error=repr(error))
            except Exception:  # noqa: BLE001 - a bug of ours: the stream goes on, dues stay as judged
                self._say.exception("judging what falls due failed; trying again")
            await asyncio.sleep(_jittered(pause))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def round(self, connection: Any) -> None:
        """Judge once."""
        active, policy = await self._ruling.now(connection)
        now, epoch = self._now_ms(), 0 if active is None else active.epoch
        today = policy.zone.day(now)
        known = self._outlooks
        if (
            known is None
            or known.day != today
            or epoch != self._epoch
            or now - self._made_ms >= self._forecast_ms
        ):
            known = self._outlooks = await dues.outlooks(connection, policy, today)
            self._made_ms, self._epoch = now, epoch
        await dues.keep(connection, await dues.judge(connection, policy, now, known))


async def _closed(connection: Any) -> None:
    try:
        await connection.close(timeout=CLOSE_SECONDS)
    except UNAVAILABLE:
        connection.terminate()


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
