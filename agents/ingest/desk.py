"""The desk of inbound topics: what a source has sent goes through the edge, and on to its topic.

A position is booked once Kafka has everything that was read before it. After a crash between
the two some of it is sent again, which the ledger knows by its identity.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, Final

from agents.batch import Batch, Record
from agents.desk import Claim, Desk, Ledger, Log, Turns, fault
from agents.diversion import Watch
from agents.edge import Edge
from agents.health import WorkerHealth
from agents.ingest.outbox import Cut, Outbox
from agents.quarantine import Quarantine
from monitor.ledger.sources import INBOUND
from monitor.ledger.unit import Unit
from schemas.refusal import Refused

LOG_APPEND_TIME: Final = 1  # of a record whose time is the broker's


class InboundDesk(Desk):
    """Where records of sources become canonical ones. One a process."""

    name: ClassVar[str] = "emc.ingest"

    def __init__(
        self,
        *,
        ledger: Ledger,
        log: Log,
        claim: Claim,
        edge: Edge,
        outbox: Outbox,
        quarantine: Quarantine,
        health: WorkerHealth,
        now_ms: Callable[[], int],
        diversion: Watch | None = None,
    ) -> None:
        self._edge = edge
        self._outbox = outbox
        self._cut: Cut = {}  # of the unit that is being booked
        self._handed_on = 0
        super().__init__(
            ledger=ledger,
            log=log,
            claim=claim,
            quarantine=quarantine,
            health=health,
            now_ms=now_ms,
            diversion=diversion,
        )

    def _clear_unit(self) -> None:
        super()._clear_unit()
        self._admitted: Counter[str] = Counter()

    async def _prepare(self) -> None:
        await self._outbox.open()

    async def _fold(self, batch: Batch, begin: int) -> None:
        source = batch.partition.topic.removeprefix(INBOUND)
        admit, put = self._edge.admit, self._outbox.put
        turns = Turns()
        admitted = 0
        for record in batch.records:
            if record.offset < begin:
                continue
            try:
                found = admit(source, record.value, record.headers, self._arrival_ms(record))
            except Exception as error:  # noqa: BLE001 - a fault of ours in one record must not stop the rest
                found = fault(source, "", error)
            if isinstance(found, Refused):
                # Whose it is, the topic tells, also where nothing of the record can be read.
                named = Refused(found.reason, found.detail, source, found.id)
                self._refuse(named, batch.partition, record)
            else:
                put(found.topic, found.key, found.value)
                admitted += 1
            if turns.over():
                await asyncio.sleep(0)
        if admitted:
            self._admitted[source] += admitted
        await self._outbox.room()

    def _arrival_ms(self, record: Record) -> int:
        """When the broker took it; a producer's own time is not believed."""
        if getattr(record, "timestamp_type", LOG_APPEND_TIME) == LOG_APPEND_TIME:
            return record.timestamp
        return self._now_ms()

    def _accepted(self) -> Iterable[Mapping[str, int]]:
        return (self._admitted,)

    async def _seal(self) -> Unit:
        self._cut, self._handed_on = self._outbox.cut(), self._admitted.total()
        return Unit(epoch=None)

    async def _store(self, unit: Unit) -> None:
        await self._outbox.acknowledged(self._cut)
        await self._ledger.book(unit)
        self._health.events.labels("admitted").inc(self._handed_on)
