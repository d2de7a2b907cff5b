"""Cyclic garbage is looked for at times of our own, not in the middle of folding.

A dossier at hand is a dozen objects without cycles, freed when the last reference goes. Left to
itself the collector walks all of them again and again, which cost more than the folding, and
even a walk of the young ones each second a tenth of it (docs/explanation/performance.md). So it
is switched off, and everything is walked once in a long while, so that memory stays flat
however long a worker runs: what is left over in cycles are errors and ended tasks.
"""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

FULL_SECONDS: Final = 600.0


@asynccontextmanager
async def collecting_at_leisure() -> AsyncIterator[None]:
    """Keep the collector off within the block, but for collections between tasks."""
    gc.collect()
    gc.freeze()
    gc.disable()
    collecting = asyncio.create_task(_collect())
    try:
        yield
    finally:
        collecting.cancel()
        with suppress(asyncio.CancelledError):
            await collecting
        gc.unfreeze()
        gc.enable()


async def _collect() -> None:
    while True:
        await asyncio.sleep(FULL_SECONDS)
        gc.unfreeze()
        gc.collect()
        gc.freeze()
