"""Rounds beside the stream, done by one of the many that may: whoever holds a lock of the ledger.

Nothing here may touch a stream. Whatever fails is logged, the connection is left, and after a
pause it is tried again; meanwhile another process's rounds may take the lead.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import perf_counter
from typing import Any, Final, Protocol

import structlog

from monitor.ledger.connections import leads
from monitor.ledger.follower import connect
from monitor.ledger.ledger import AWAY
from monitor.reference.sets import ReadsDifferently

PATIENCE_SECONDS: Final = 60.0
SHORTEST_PAUSE_SECONDS: Final = 0.5  # after a failure
LONGEST_PAUSE_SECONDS: Final = 20.0  # and rest
REST: Final = 9  # times as long as a round took; no longer than the longest pause
CLOSE_SECONDS: Final = 0.5  # to say farewell, also when the process is asked to end

_NOT_NOW: Final[tuple[type[BaseException], ...]] = (*AWAY, ReadsDifferently)


class Rounds(Protocol):
    """What who leads does, again and again."""

    async def round(self, connection: Any) -> bool:
        """Do one; whether there is more to do at once."""

    def left(self) -> None:
        """The lead is lost: another may have done what is kept from the last round."""


@asynccontextmanager
async def leading(
    dsn: str,
    rounds: Rounds,
    *,
    lock: int,
    name: str,
    seconds: float,
    patience_seconds: float = PATIENCE_SECONDS,
) -> AsyncIterator[None]:
    """Do rounds within the block, about so many seconds apart, while the lock is ours.

    A statement that takes longer than the patience is given up.
    """
    task = asyncio.create_task(_lead(dsn, rounds, lock, name, seconds, patience_seconds))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _lead(
    dsn: str, rounds: Rounds, lock: int, name: str, seconds: float, patience_seconds: float
) -> None:
    say = structlog.get_logger(name)
    pause = SHORTEST_PAUSE_SECONDS
    while True:
        try:
            async with connected(dsn, patience_seconds) as connection:
                while True:
                    more = False
                    began = perf_counter()
                    if await leads(connection, lock):
                        more = await rounds.round(connection)
                        pause = SHORTEST_PAUSE_SECONDS
                    if not more:
                        # Streams are followed by the same loop: what took long is not soon due again.
                        rest = min(REST * (perf_counter() - began), LONGEST_PAUSE_SECONDS)
                        await asyncio.sleep(jittered(max(seconds, rest)))
        except _NOT_NOW as error:
            say.warning("later", error=repr(error))
        except Exception:  # noqa: BLE001 - a bug of ours: streams go on, what was judged stays
            say.exception("failed; trying again")
        rounds.left()
        await asyncio.sleep(jittered(pause))
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


@asynccontextmanager
async def connected(dsn: str, patience_seconds: float = PATIENCE_SECONDS) -> AsyncIterator[Any]:
    """A connection of its own, left without farewell where the server does not answer."""
    connection = await connect(dsn, patience_seconds=patience_seconds)
    try:
        yield connection
    finally:
        # The lock must not outlive us.
        try:
            await connection.close(timeout=CLOSE_SECONDS)
        except AWAY:
            connection.terminate()


def jittered(seconds: float) -> float:
    """So that processes started together do not go on in step."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
