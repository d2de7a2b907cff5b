"""What has just moved, by when its booking was sealed."""

import asyncpg

from monitor.ledger.today import drawn, moved
from tests.ledger.fill import feeding
from tests.outlets.api.service import POLICY, RECORDS, REFERENCE, filled, life, now


async def test_what_a_young_ledger_began_with_has_not_just_moved(database: str) -> None:
    await filled(database, RECORDS)  # and its first cut is sealed

    async with asyncpg.create_pool(database, min_size=1, max_size=1) as pool:
        since_ms = int(now().timestamp() * 1000) - 5 * 60_000
        assert await moved(pool, POLICY, since_ms, await drawn(pool)) == []

        at_ms = int(now().timestamp() * 1000)
        async with feeding(database, POLICY, now_ms=at_ms, reference=REFERENCE) as feeder:
            await feeder.hear(life("H57.03-260803-0002", "08-06T10:00"))
        [one] = await moved(pool, POLICY, since_ms, await drawn(pool))

    assert (one.agency, one.received, one.completed, one.returned) == ("H57", 1, 1, 0)
