"""Ctrl-C before there is anything to show: all that was begun is undone, and nothing is said of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Interrupted(Exception):
    """Somebody has stopped the demo before it came to its end."""


@asynccontextmanager
async def unless(stop: asyncio.Event) -> AsyncIterator[None]:
    """The block is left with `Interrupted` as soon as `stop` is set."""
    limit = asyncio.timeout(None)
    try:
        async with limit:
            stopping = asyncio.create_task(_end(limit, stop))
            try:
                yield
            finally:
                stopping.cancel()
    except TimeoutError:
        if limit.expired():
            raise Interrupted from None
        raise


async def _end(limit: asyncio.Timeout, stop: asyncio.Event) -> None:
    await stop.wait()
    limit.reschedule(asyncio.get_running_loop().time())
