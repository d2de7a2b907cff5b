"""Puts the events of a recorded log on the canonical topic."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaProducer

from agents.kafka import Kafka
from agents.replay.log import RowStream
from agents.replay.offline import KnownEvents
from agents.replay.rows import Row
from schemas.encode import encode
from schemas.event import Canonical

LARGEST_REQUEST: Final = 16 * 1024 * 1024
FLUSH_SECONDS: Final = 30
BREATH: Final = 200  # events between two turns of the loop, on which the sender runs too

Acknowledged = asyncio.Future[Any]


class Sent(msgspec.Struct):
    """What went out. `events` are those acknowledged by all in-sync replicas."""

    records: int = 0
    refused: int = 0
    events: int = 0
    derived: int = 0  # of them, those that follow from the columns of a case
    complete: bool = False  # the log was read to its end


async def produce(
    stream: RowStream, sent: Sent, *, brokers: Kafka, topic: str, speed: float | None = None
) -> None:
    """Sends all events of the stream, at most `speed` records a second.

    `sent` is counted up as events are acknowledged, so that it also tells the truth when this
    is cancelled: what was handed over by then is still flushed. Raises `KafkaError` if the
    broker takes no more.
    """
    producer = AIOKafkaProducer(
        **brokers.client(),
        client_id="emc-replay",
        acks="all",
        # Not idempotent: what a retry repeats or reorders changes no figure, for events have
        # identities, and the embedded broker hands out no producer ids.
        max_request_size=LARGEST_REQUEST,
        max_batch_size=256 * 1024,
        linger_ms=20,
    )
    sending = _Sending(producer, topic, sent)
    pace = _Pace(speed)
    try:
        await producer.start()
        for row in stream.rows():
            await sending.send(row)
            sent.records, sent.refused = stream.records, stream.refused
            if sending.failed:
                break
            await pace.keep()
        else:
            sent.complete = True
    finally:
        sent.records, sent.refused = stream.records, stream.refused
        with suppress(TimeoutError):  # a broker that is gone does not hold up the end
            await asyncio.wait_for(producer.stop(), FLUSH_SECONDS)
        await asyncio.sleep(0)  # the last acknowledgements call back on the loop's next turn
    if sending.failed:
        sent.complete = False
        raise sending.failed[0]


class _Sending:
    """Rows on their way to the broker; what comes back is counted or kept as a failure."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, sent: Sent) -> None:
        self._producer = producer
        self._topic = topic
        self._sent = sent
        self._known = KnownEvents()
        self.failed: list[BaseException] = []

    async def send(self, row: Row) -> None:
        for event in row.derived:
            if self._known.is_new(event):
                await self._send(event, self._derived)
        await self._send(row.event, self._acknowledged)

    async def _send(self, event: Canonical, then: Callable[[Acknowledged], None]) -> None:
        future = await self._producer.send(
            self._topic, encode(event), key=event.dossier.encode()
        )
        future.add_done_callback(then)

    def _acknowledged(self, future: Acknowledged) -> None:
        if future.cancelled():
            return
        if error := future.exception():
            self.failed.append(error)
        else:
            self._sent.events += 1

    def _derived(self, future: Acknowledged) -> None:
        before = self._sent.events
        self._acknowledged(future)
        self._sent.derived += self._sent.events - before


class _Pace:
    """Keeps to a number of records a second; without one, only lets the sender run."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._number = 0
        self._started = asyncio.get_running_loop().time()

    async def keep(self) -> None:
        self._number += 1
        if self._speed:
            ahead = self._started + self._number / self._speed
            ahead -= asyncio.get_running_loop().time()
            if ahead > 0:
                await asyncio.sleep(ahead)
        if self._number % BREATH == 0:
            await asyncio.sleep(0)
