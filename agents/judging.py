"""Objectives judged beside the stream: every worker may, the one that leads does so once a minute.

Nothing here may touch the stream. Whatever fails is logged, the connection is left, and after a
pause it is tried again; meanwhile another worker may take the lead.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import structlog

from monitor.domain.policy import Policy
from monitor.domain.watched import Watched
from monitor.ledger import objective_book, objectives
from monitor.ledger.connections import leads
from monitor.ledger.follower import connect
from monitor.ledger.judging import judge_all
from monitor.ledger.ledger import UNAVAILABLE
from monitor.ledger.locks import OBJECTIVES

ROUND_SECONDS: Final = 10.0  # between two rounds of summing
JUDGE_SECONDS: Final = 60.0
BRISK_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 20.0  # after failures
CLOSE_SECONDS: Final = 0.5
ROUNDS_A_SWEEP: Final = 400  # about an hour


@asynccontextmanager
async def judging(
    dsn: str,
    watched: Watched,
    policy: Policy,
    *,
    now_ms: Callable[[], int],
    brisk: bool = False,
) -> AsyncIterator[None]:
    """Judge objectives and services within the block."""
    judge = Judge(watched, policy, now_ms=now_ms, brisk=brisk)
    task = asyncio.create_task(judge.keep(dsn))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Judge:
    """One of many that may judge; only who leads does anything."""

    def __init__(
        self,
        watched: Watched,
        policy: Policy,
        *,
        now_ms: Callable[[], int],
        brisk: bool = False,
    ) -> None:
        if policy.legal is None:
            raise ValueError("objectives go by working time: a policy without law has none")
        self._watched = watched
        self._zone = policy.zone
        self._calendars = policy.legal.calendars
        self._now_ms = now_ms
        self._round_seconds = BRISK_SECONDS if brisk else ROUND_SECONDS
        self._judge_ms = int((BRISK_SECONDS if brisk else JUDGE_SECONDS) * 1000)
        self._judged_ms: int | None = None
        self._rounds = 0
        self._say = structlog.get_logger("emc.objectives")

    async def keep(self, dsn: str) -> None:
        """Sum and judge until cancelled."""
        pause = 0.5
        while True:
            try:
                async with _connected(dsn) as connection:
                    while True:
                        left = False
                        if await leads(connection, OBJECTIVES):
                            left = await self.round(connection)
                            pause = 0.5
                        if not left:
                            await asyncio.sleep(_jittered(self._round_seconds))
            except UNAVAILABLE as error:
                self._say.warning("judging objectives later", error=repr(error))
            except Exception:  # noqa: BLE001 - a bug of ours: streams go on, verdicts stay as they are
                self._say.exception("judging objectives failed; trying again")
            self._judged_ms = None  # another may have led meanwhile, with other files
            await asyncio.sleep(_jittered(pause))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def round(self, connection: Any) -> bool:
        """Sum what is new, judge what is due; whether there is more to sum at once."""
        now = self._now_ms()
        today = self._zone.day(now)
        if self._judged_ms is None:
            await objective_book.prepare(connection, self._watched)
            changed = await objectives.keep_versions(connection, self._watched, now)
            if changed:
                self._say.info("objectives changed", objectives=changed)
        done = await objective_book.follow(connection, self._watched, today)
        due = self._judged_ms is None or now - self._judged_ms >= self._judge_ms
        ready = done.whole and not done.left and due
        if ready and await objective_book.stands_at_cut(connection):
            judged = await judge_all(
                connection, self._watched, self._zone, self._calendars, now
            )
            await objectives.keep(connection, judged)
            self._judged_ms = now
        if self._rounds % ROUNDS_A_SWEEP == 0:
            await objective_book.sweep(connection, today)
        self._rounds += 1
        return done.left


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
