"""Records into a real ledger through the worker's own desk, without a broker between."""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice

from agents.batch import Batch
from agents.desk import Desk
from agents.dossiers import DossierDesk
from agents.generate.model import Record
from agents.health import WorkerHealth
from agents.quarantine import Quarantine
from agents.standing import Stands
from monitor.domain.policy import Policy
from monitor.ledger.ledger import Ledger, Position
from monitor.ledger.migrate import migrate
from monitor.ledger.unit import Partition
from monitor.reference.sets import ReferenceSet
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS

HERE = Partition("emc.dossiers", 0)
AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Written:
    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class NoLog:
    """Of a log that is given to the desk by hand, there is nothing to ask for."""

    fence = 0

    def fetched(self, partition: Partition) -> int | None:
        return None

    async def seek_to(self, positions: Mapping[Partition, int]) -> None:
        return None

    async def commit_to_kafka(self, positions: Mapping[Partition, int]) -> bool:
        return True

    async def rejoin(self) -> None:
        return None


class Feeder:
    """A desk at which a test hands in records."""

    def __init__(self, desk: Desk, at: int, here: Partition = HERE) -> None:
        self.desk = desk
        self._at = at
        self._here = here

    async def hear(self, records: Iterable[Record]) -> int:
        """Fold them and have them booked as units fill up; how many there were."""
        began = self._at
        for some in _runs(records):
            written = [
                Written(self._at + place, record.at_ms, record.key.encode(), record.value)
                for place, record in enumerate(some)
            ]
            start, self._at = self._at, self._at + len(some)
            await self.desk.take(Batch(self._here, 0, start, written, self._at))
            if self.desk.failed.done():
                self.desk.failed.result()
        return self._at - began

    async def booked(self) -> None:
        await self.desk._hand_over(wait=True)
        if self.desk._booking is not None:
            await self.desk._booking
        assert not self.desk._lost, "the desk fell back"


def _runs(records: Iterable[Record]) -> Iterator[list[Record]]:
    remaining = iter(records)
    while some := list(islice(remaining, AT_ONCE)):
        yield some


@asynccontextmanager
async def feeding(
    dsn: str,
    policy: Policy,
    *,
    now_ms: int,
    at_hand: int = 200_000,
    reference: ReferenceSet | None = None,
) -> AsyncIterator[Feeder]:
    """A desk on a migrated ledger, that owns the only partition; all is booked at the end.

    With `reference`, the set that the policy is of, it is the ledger's too.
    """
    await migrate(dsn)
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

        desk = DossierDesk(
            ledger=ledger,
            log=NoLog(),
            claim=claim,
            decoder=Decoder(policy.zone, DOSSIERS),
            policy=policy,
            quarantine=Quarantine(None),
            health=WorkerHealth(),
            now_ms=lambda: now_ms,
            at_hand=at_hand,
            standing=Stands(ledger.policies, reference, policy).now if reference else None,
        )
        positions = await desk.take_over([HERE], 1)
        feeder = Feeder(desk, positions[HERE])
        yield feeder
        await feeder.booked()
        await desk.close()
