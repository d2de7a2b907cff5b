"""Who sends and is not in the register is on /metrics, by what they named themselves with."""

from datetime import UTC, datetime

import asyncpg

from monitor.ledger.migrate import migrate
from monitor.ledger.sources import Sources, Unknown, Via
from tests.outlets.test_serve import serving

NOON = datetime(2026, 11, 27, 5, tzinfo=UTC)


async def test_records_of_unknown_senders_are_shown_and_nothing_of_who_they_are(database):
    await migrate(database)
    async with asyncpg.create_pool(database, min_size=0, max_size=1) as pool:
        await Sources(pool).note_unknown(
            [
                Unknown(
                    via=via,
                    said=said,
                    address="10.9.9.9",
                    records=records,
                    first_seen=NOON,
                    last_seen=NOON,
                )
                for via, said, records in (
                    (Via.SITE, "271", 12),
                    (Via.SITE, "272", 30),
                    (Via.TOKEN, "a02dce89", 1),
                )
            ]
        )

    async with serving(database) as service:
        shown = (await service.get("/metrics")).text

    assert 'emc_unknown_sender_records_total{via="site"} 42.0' in shown
    assert 'emc_unknown_sender_records_total{via="token"} 1.0' in shown
    assert 'emc_unknown_sender_records_total{via="topic"} 0.0' in shown
    assert "10.9.9.9" not in shown
