"""The worker's own app and batch transport with the decode alone: what its folding, posting and
booking cost is the distance from here.
"""

import asyncio
import uuid
from collections.abc import AsyncIterable, Collection, Mapping
from typing import Any

from agents.batch import Batch
from agents.settings import Settings
from agents.streaming import AppLog, build_app
from monitor.domain.zone import Zone
from monitor.ledger.unit import Partition
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS
from schemas.refusal import Refused
from tests.bench.child import Task, began, done, wait_to_end


class Reader:
    """Stands where the desk stands: reads every partition from its beginning, keeps nothing."""

    def __init__(self, records: int) -> None:
        self._decode = Decoder(Zone(), DOSSIERS).decode
        self._awaited = records
        self.read = 0
        self.refused = 0
        self.finished = asyncio.Event()

    async def take_over(
        self, partitions: Collection[Partition], generation: int
    ) -> Mapping[Partition, int]:
        if partitions:
            began()
        return dict.fromkeys(partitions, 0)

    async def follow(self, batches: AsyncIterable[Batch]) -> None:
        async for batch in batches:
            for record in batch.records:
                event = self._decode(
                    record.value or b"",
                    headers=record.headers,
                    record_time_ms=record.timestamp,
                )
                if isinstance(event, Refused):
                    self.refused += 1
            self.read += len(batch.records)
            if self.read >= self._awaited:
                self.finished.set()


async def transport(task: Task) -> None:
    reader: Any = Reader(task.records)
    app = build_app(
        Settings(kafka=task.bootstrap, brisk=1),
        reader,
        AppLog(),
        name="transport",
        group=f"bench-transport-{uuid.uuid4().hex}",
        topics=[task.topic],
    )
    await app.start()
    try:
        await reader.finished.wait()
        done(records=reader.read, refused=reader.refused)
    finally:
        await app.stop()


if __name__ == "__main__":
    asyncio.run(transport(Task.given()))
    wait_to_end()
