"""Puts records on the canonical topic as a procedure system's client would."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple, Self

from aiokafka import AIOKafkaProducer

LARGEST_REQUEST = 16 * 1024 * 1024
IN_FLIGHT = 5_000  # records between two waits for the broker


class Given(NamedTuple):
    """A record to send."""

    key: bytes
    value: bytes
    timestamp_ms: int
    topic: str = ""  # another one than the feed's


class Feed:
    """A producer of one topic above all. A record that a retry repeats is a duplicate by its identity."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic
        self.sent = 0  # to its own topic
        self._in_flight = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, kafka: str, topic: str) -> AsyncIterator[Self]:
        """Connected; everything sent is with the broker when the block ends."""
        producer = AIOKafkaProducer(
            bootstrap_servers=kafka,
            acks="all",
            max_request_size=LARGEST_REQUEST,
            max_batch_size=128 * 1024,
            linger_ms=5,
        )
        await producer.start()
        try:
            yield cls(producer, topic)
        finally:
            await producer.stop()

    async def send(self, records: Iterable[Given]) -> None:
        """Send, and wait for the broker every few thousand records."""
        for record in records:
            await self._producer.send(
                record.topic or self._topic,
                record.value,
                key=record.key,
                timestamp_ms=record.timestamp_ms,
            )
            self.sent += not record.topic
            self._in_flight += 1
            if self._in_flight == IN_FLIGHT:
                await self.flush()

    async def flush(self) -> None:
        """Wait until the broker has everything."""
        self._in_flight = 0
        await self._producer.flush()
