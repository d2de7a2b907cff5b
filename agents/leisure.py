"""Cyclic garbage is looked for at times of our own, not in the middle of folding.

A dossier at hand is a dozen objects without cycles, freed when the last reference goes. Left to
itself the collector walks all of them again and again, which cost more than the folding, and
even a walk of the young ones each second a tenth of it (docs/explanation/performance.md). So it
is switched off, and everything is walked once in a long while, so that memory stays flat
however long a worker runs: what is left over in cycles are errors and ended tasks.

Large blocks, what a fetch brings and what a booking copies, are kept for the next one: glibc
would give each back to the system, and have every page of it cleared and mapped again.
"""

import asyncio
import ctypes
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

FULL_SECONDS: Final = 600.0

# Of glibc's mallopt: what is larger is mapped apart, what is free at the end is given back.
_M_MMAP_THRESHOLD: Final = -3
_M_TRIM_THRESHOLD: Final = -1
LARGEST_KEPT_BYTES: Final = 32 * 1024 * 1024  # the most that glibc takes
MOST_KEPT_BYTES: Final = 256 * 1024 * 1024


@asynccontextmanager
async def collecting_at_leisure() -> AsyncIterator[None]:
    """Keep the collector off within the block, but for collections between tasks."""
    _keep_large_blocks()
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


def _keep_large_blocks() -> None:
    """Where the C library is another one, it does as it likes."""
    with suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, LARGEST_KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, MOST_KEPT_BYTES)


async def _collect() -> None:
    while True:
        await asyncio.sleep(FULL_SECONDS)
        gc.unfreeze()
        gc.collect()
        gc.freeze()
