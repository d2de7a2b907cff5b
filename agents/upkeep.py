"""What a worker archives beside its work: a hundred dossiers now and then, so that nobody waits."""

import asyncio
import random
from collections.abc import Callable
from typing import Final

import structlog

from agents.archive import DAY_MS, Run
from monitor.domain.policy import Policy
from monitor.ledger.archive import Archive, UnderWay
from monitor.ledger.forms import Forms
from monitor.ledger.ledger import AWAY

PAUSE_SECONDS: Final = 5.0  # a hundred dossiers in this time are 600 million a year
BLOCKS: Final = 64  # looked through at a time
MOST: Final = 100  # dossiers packed at a time: some ten milliseconds


async def archive_beside(
    dsn: str, policy: Policy, *, after_days: int, now_ms: Callable[[], int]
) -> None:
    """Archive round by round until cancelled. A ledger that is away is asked again."""
    say = structlog.get_logger("emc.upkeep")
    block = -1
    while True:
        await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
        run = Run(policy, quiet_since_ms=now_ms() - after_days * DAY_MS)
        try:
            async with Archive.open(dsn) as archive:
                blocks = max(await archive.blocks(), 1)
                if block < 0:
                    # Anywhere, or each worker would look where another has just been.
                    block = random.randrange(blocks)  # noqa: S311 - no secret
                elif block >= blocks:
                    block = 0
                full = await run.batch(
                    archive, Forms(archive.connection), block, blocks=BLOCKS, most=MOST
                )
        except UnderWay:
            continue
        except AWAY as error:
            say.warning("archiving later", error=repr(error))
            continue
        if run.done.archived:
            say.info("dossiers archived", dossiers=run.done.archived)
        if not full or not run.done.archived:
            block += BLOCKS
