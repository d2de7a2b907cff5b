"""Puts admitted records on their canonical topics, and knows up to where Kafka has them.

Nobody waits to put a record in. Each partition has a lane: while one batch of it is under way
the next one fills, so that much at once travels in large batches and little of it at once. A
lane keeps its order. Whoever books a position first waits for everything put in before it.

An idempotent producer repeats a batch until it is there, or fails for good; then all is given
up, and what was put in since the last booking is read and put in again. What is on its topic
twice then is one event to the ledger, by its identity.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from agents.batch import LogUnavailable
from agents.murmur import murmur2

LARGEST_BATCH: Final = 512 * 1024  # bytes that travel together to a partition
MOST_FULL: Final = 128  # such batches that may lie here before nothing more is folded: 64 MB
LARGEST_REQUEST: Final = 16 * 1024 * 1024  # with the batches of all partitions of a broker
ANSWER_SECONDS: Final = 30.0  # without anything acknowledged: then another producer is made
START_SECONDS: Final = 10.0
END_SECONDS: Final = 60.0  # for a producer that was given up; nobody waits for it


class _Lane:
    """What is on its way to one partition."""

    __slots__ = ("acknowledged", "filling", "full", "put", "sending", "where")

    def __init__(self, where: tuple[str, int]) -> None:
        self.where = where
        self.filling: Any = None  # the batch that takes the next record
        self.full: deque[Any] = deque()  # batches before it
        self.put = 0
        self.acknowledged = 0
        self.sending: asyncio.Task[None] | None = None

    def next(self) -> Any:
        """The batch that travels next; None if there is nothing."""
        if self.full:
            return self.full.popleft()
        batch, self.filling = self.filling, None
        return batch


# Up to which record of each lane something was put in.
Cut = Mapping[_Lane, int]


class Outbox:
    """The way to the canonical topics; it takes records once it was opened."""

    def __init__(
        self,
        connection: Mapping[str, Any],
        *,
        topics: Collection[str],
        idempotent: bool,
        now_ms: Callable[[], int],
    ) -> None:
        """`connection` is what every Kafka client of ours is made with; `topics` must exist."""
        self._connection = connection
        self._topics = topics
        self._idempotent = idempotent
        self._now_ms = now_ms
        self._producer: AIOKafkaProducer | None = None
        self._partitions: dict[str, int] = {}
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._broken: BaseException | None = None
        self.away = False  # Kafka took nothing, the last time that something was to go there
        self._moved = asyncio.Event()  # something was acknowledged, or nothing more will be
        self._ending: set[asyncio.Task[None]] = set()
        self._hash = lru_cache(maxsize=65_536)(murmur2)
        self._say = structlog.get_logger("emc.ingest")

    async def open(self) -> None:
        """Be ready to take records: empty, connected, every topic there.

        Raises `LogUnavailable` where Kafka does not answer, or lacks a topic.
        """
        self.drop()
        if self._producer is None:
            self._producer = await self._connected()
        for topic in self._topics:
            try:
                async with asyncio.timeout(START_SECONDS):
                    found = await self._producer.partitions_for(topic)
            except (KafkaError, OSError, TimeoutError) as error:
                raise LogUnavailable(f"no partitions of {topic}: {error!r}") from error
            self._partitions[topic] = len(found)

    def look(self) -> None:
        """Topics may have got partitions since."""
        if self._producer is not None:
            for topic in self._partitions:
                if found := self._producer.client.cluster.partitions_for_topic(topic):
                    self._partitions[topic] = len(found)

    async def _connected(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            **self._connection,
            client_id="emc-ingest",
            acks="all",
            enable_idempotence=self._idempotent,
            max_batch_size=LARGEST_BATCH,
            max_request_size=LARGEST_REQUEST,
            metadata_max_age_ms=60_000,
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                await producer.start()
        except (KafkaError, OSError, TimeoutError) as error:
            self._give_up(producer)
            raise LogUnavailable(repr(error)) from error
        except BaseException:
            self._give_up(producer)
            raise
        return producer

    def put(self, topic: str, key: bytes, value: bytes) -> None:
        """Send it after all that goes to the same partition."""
        # As the Java client does it, so that all writers put a dossier on one partition.
        where = (topic, (self._hash(key) & 0x7FFFFFFF) % self._partitions[topic])
        lane = self._lanes.get(where)
        if lane is None:
            lane = self._lanes[where] = _Lane(where)
        batch = lane.filling
        if batch is None:
            batch = lane.filling = self._batch()
        now_ms = self._now_ms()
        if batch.append(timestamp=now_ms, key=key, value=value) is None:
            lane.full.append(batch)
            batch = lane.filling = self._batch()
            batch.append(timestamp=now_ms, key=key, value=value)
        lane.put += 1
        if lane.sending is None:
            # A task begins on the loop's next turn: what comes in this one goes along.
            lane.sending = asyncio.create_task(self._send(lane, self._producer))

    def _batch(self) -> Any:
        if self._producer is None:
            raise LogUnavailable("there is no producer")
        return self._producer.create_batch()

    async def _send(self, lane: _Lane, producer: AIOKafkaProducer) -> None:
        """Batch after batch, as long as there is one."""
        topic, partition = lane.where
        try:
            while (batch := lane.next()) is not None:
                records = batch.record_count()
                sent = await producer.send_batch(batch, topic, partition=partition)
                await sent
                lane.acknowledged += records
                self.away = False
                self._moved.set()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, nothing more can be said of this lane
            if producer is self._producer:
                self._broken, self.away = error, True
                self._moved.set()
        finally:
            lane.sending = None

    def cut(self) -> Cut:
        """What has been put in so far, as `acknowledged` takes it."""
        return {lane: lane.put for lane in self._lanes.values() if lane.put > lane.acknowledged}

    async def acknowledged(self, cut: Cut) -> None:
        """Returns when Kafka has all of it; raises `LogUnavailable` when it will not have it."""
        await self._until(lambda: all(lane.acknowledged >= put for lane, put in cut.items()))

    async def room(self) -> None:
        """Returns when more may be put in; raises `LogUnavailable` when Kafka takes no more."""
        await self._until(
            lambda: sum([len(lane.full) for lane in self._lanes.values()]) < MOST_FULL
        )

    async def _until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            if self._broken is not None:
                raise LogUnavailable(f"Kafka took no more: {self._broken!r}") from self._broken
            self._moved.clear()
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._moved.wait()
            except TimeoutError as error:
                if self._moved.is_set():
                    continue
                self._broken, self.away = error, True
                raise LogUnavailable(
                    f"Kafka has acknowledged nothing for {ANSWER_SECONDS:.0f} s"
                ) from error

    def drop(self) -> None:
        """Forget what was put in. What is under way may still get there; nobody waits for it."""
        unfinished = False
        for lane in self._lanes.values():
            unfinished |= lane.sending is not None
            if lane.sending is not None:
                lane.sending.cancel()
        self._lanes = {}
        if self._producer is not None and (unfinished or self._broken is not None):
            # A sequence with a hole is refused for good: another producer begins afresh.
            self._give_up(self._producer)
            self._producer = None
        self._broken = None

    async def close(self) -> None:
        """End; what is not acknowledged by now is read again."""
        self.drop()
        if self._producer is not None:
            self._give_up(self._producer)
            self._producer = None
        if self._ending:
            await asyncio.wait(self._ending, timeout=1)
        for task in self._ending:
            task.cancel()

    def _give_up(self, producer: AIOKafkaProducer) -> None:
        task = asyncio.create_task(self._end(producer))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _end(self, producer: AIOKafkaProducer) -> None:
        """Without the flush that `stop` begins with: what was not sent is not wanted any more."""
        producer._closed = True  # noqa: SLF001
        with suppress(TimeoutError, KafkaError, OSError):
            async with asyncio.timeout(END_SECONDS):
                if producer._sender is not None:  # noqa: SLF001
                    await producer._sender.close()  # noqa: SLF001
                await producer.client.close()
