"""Refused events of those who wait for no worker: kept and counted, without a position."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import asyncpg

from monitor.ledger.again import undisturbed
from monitor.ledger.ledger import add_tallies, put_by, quarantine, sealed_by_source
from monitor.ledger.unit import Unit


class TurnedAway:
    """The quarantine, for whoever takes records in over something else than Kafka.

    Needs no more of the ledger than that: see the role `emc_edge` in deploy/postgresql/roles.sql.
    """

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def sealed_by_source(self) -> Mapping[str, int]:
        """How many refused records with their bytes each source has in quarantine."""
        return await sealed_by_source(self._pool)

    async def keep(self, unit: Unit) -> None:
        """The refusals and tallies of a unit, all or none.

        May be called again with the same unit after one of `ledger.UNAVAILABLE`: refusals that
        are there already tell that it was booked.
        """
        await undisturbed(lambda: self._keep(unit))

    async def _keep(self, unit: Unit) -> None:
        with suppress(asyncpg.UniqueViolationError):
            async with self._pool.acquire() as connection, connection.transaction():
                await quarantine(connection, unit)
                await add_tallies(connection, unit)
                await put_by(connection, unit)
