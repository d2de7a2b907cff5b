"""Waiting for what another process, or another task, brings about."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(
    condition: Callable[[], bool] | Callable[[], Awaitable[bool]],
    within_s: float = 20,
    look_s: float = 0.02,
) -> None:
    """Return once the condition holds; raises TimeoutError if it does not in time."""
    async with asyncio.timeout(within_s):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(look_s)
