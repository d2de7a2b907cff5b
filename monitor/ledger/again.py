"""What PostgreSQL has undone for the sake of another transaction is done again."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg

# Certain not to have taken place, unlike what a lost connection leaves behind: the victim of a
# deadlock and of a conflict of serialisation. What they were to write is still the right thing.
UNDONE: Final[tuple[type[BaseException], ...]] = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
)
TRIES: Final = 6
FIRST_PAUSE_SECONDS: Final = 0.02


async def undisturbed(work: Callable[[], Awaitable[None]]) -> None:
    """Do a whole transaction, again after a pause if it was the one that had to give way.

    After so many tries the last error is raised: it is one of `ledger.UNAVAILABLE`, so whoever
    called reads positions and dossiers anew.
    """
    pause = FIRST_PAUSE_SECONDS
    for _ in range(TRIES - 1):
        try:
            await work()
        except UNDONE:
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, no secret
            pause *= 2
        else:
            return
    await work()
