"""The settings of a command, with the reference set that is active in the ledger.

What compares or folds what is booked must go by the policy under which it was booked, also
where `EMC_REFERENCE` has not followed the last recompute, or has run ahead of the next one.
"""

import asyncio
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg

from agents.settings import Settings
from monitor.domain.policy import Precision
from monitor.ledger.ledger import UNAVAILABLE
from monitor.ledger.policies import Policies
from monitor.reference.sets import PLAIN, ReferenceSet, written


@contextmanager
def as_active(settings: Settings) -> Iterator[Settings]:
    """Within the block, settings that name the active set; as given where the ledger has none.

    A ledger that does not answer is for the command to speak of. Not within a running loop.
    """
    try:
        stored = asyncio.run(_active(settings.database))
    except (*UNAVAILABLE, asyncpg.PostgresError, ValueError):
        stored = None
    if stored is None:
        yield settings
    elif PLAIN in stored.files:
        said = tomllib.loads(stored.files[PLAIN].decode())
        yield replace(
            settings, reference="", zone=said["zone"], precision=Precision(said["precision"])
        )
    else:
        with TemporaryDirectory(prefix="emc-reference-") as name:
            written(stored, Path(name))
            yield replace(settings, reference=name)


async def _active(dsn: str) -> ReferenceSet | None:
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        policies = Policies(pool)
        active = await policies.active()
        return None if active is None else await policies.load(active.reference)
