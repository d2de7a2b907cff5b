"""The same province through the monitor itself: desks, journal, balances, claims, official figures."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from agents.generate.model import PETITIONS, Record
from agents.health import WorkerHealth
from agents.petitions import PetitionDesk
from agents.quarantine import Quarantine
from agents.signals import KEEP
from agents.standing import Stands
from monitor.ledger.follower import connect, fold, seal
from monitor.ledger.indicator_sets import keep_sets
from monitor.ledger.ledger import Ledger, Position
from monitor.ledger.official import Officials
from monitor.ledger.unit import Partition
from monitor.reference.indicators import load_sets
from monitor.reference.sets import set_of
from schemas.decode import Decoder
from schemas.event import ExternalClaim
from schemas.kinds import PETITIONS as PETITION_TOPIC
from schemas.kinds import SIGNALS
from tests.ledger.fill import Feeder, NoLog, feeding
from tests.official.province import Province

HERE = Partition(PETITIONS, 0)
NOW_MS = 1_795_000_000_000  # November 2026: all of it is history


@asynccontextmanager
async def officials(dsn: str, province: Province, folder: Path) -> AsyncIterator[Officials]:
    """Official figures of a ledger that has heard the whole province."""
    reference, policy = set_of(folder)
    dossiers = [record for record in province.records if record.topic != PETITIONS]
    async with feeding(dsn, policy, now_ms=NOW_MS, reference=reference) as feeder:
        await feeder.hear(dossiers)
    await _petitions(dsn, [r for r in province.records if r.topic == PETITIONS], folder)
    await keep_sets(dsn, load_sets(folder))
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4) as pool:
        decoder = Decoder(policy.zone, SIGNALS)
        for record in province.claims:
            claim = decoder.decode(record.value, record_time_ms=record.at_ms)
            assert isinstance(claim, ExternalClaim)
            await KEEP[ExternalClaim](pool, claim)
        await folded(dsn)
        yield Officials(pool)


async def folded(dsn: str) -> None:
    """The journal sealed, and the balances and summaries brought up to it."""
    follower = await connect(dsn)
    try:
        cut = await seal(follower)
        while await fold(follower, cut):
            pass
    finally:
        await follower.close()


async def _petitions(dsn: str, records: list[Record], folder: Path) -> None:
    reference, policy = set_of(folder)
    async with Ledger.open(dsn) as ledger:

        async def claim(
            partitions: Collection[Partition], generation: int
        ) -> Mapping[Partition, Position]:
            return await ledger.claim(
                partitions,
                owner="test",
                generation=generation,
                cluster="test",
                beginnings={HERE: 0},
            )

        desk = PetitionDesk(
            ledger=ledger,
            log=NoLog(),
            claim=claim,
            decoder=Decoder(policy.zone, PETITION_TOPIC),
            policy=policy,
            quarantine=Quarantine(None),
            health=WorkerHealth(),
            now_ms=lambda: NOW_MS,
            standing=Stands(ledger.policies, reference, policy).now,
        )
        await desk.take_over([HERE], 1)
        feeder = Feeder(desk, 0, HERE)
        await feeder.hear(records)
        await feeder.booked()
        await desk.close()
