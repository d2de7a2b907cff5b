"""Puts canonical records on their topics, and says of each whether Kafka has it.

Whoever asks waits for the acknowledgement of all in-sync replicas. Records of all requests that
wait for a partition travel together: while one batch of it is under way the next one fills, so
that a busy gateway makes large batches and an idle one waits for nobody.

Of a record that was not acknowledged in time two things may be true. It lay here, and was taken
back: it is not on its topic and never will be. Or it was under way: it may be there. Both are
answered with "send again"; what is there twice then is one event to the ledger, by its identity.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Protocol

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from agents.murmur import murmur2
from agents.trouble import of_brokers

LARGEST_BATCH: Final = 512 * 1024  # bytes that travel together to a partition
RECORD_OVERHEAD: Final = 64  # bytes, at most, that Kafka's format puts around a record
AWAY_SECONDS: Final = 3.0  # a batch under way for longer says that Kafka is away
LOOK_SECONDS: Final = 30.0  # between two looks at how many partitions there are
MISSING_SECONDS: Final = 3.0  # the same, while a topic is not there
AGAIN_SECONDS: Final = 1.0  # between two tries to connect
STOP_SECONDS: Final = 10.0  # for what is under way when a connection is given up


class Outcome(Enum):
    """What became of a record."""

    WRITTEN = "written"  # all in-sync replicas have it
    NOT_WRITTEN = "not_written"  # it is not on its topic, and will not be
    UNKNOWN = "unknown"  # it was under way: it may be there


class Addressed(Protocol):
    """A record and where it goes."""

    @property
    def topic(self) -> str: ...
    @property
    def key(self) -> bytes: ...
    @property
    def value(self) -> bytes: ...


class Full(Exception):
    """So much is waiting for Kafka that no more is taken on."""


class Away(Exception):
    """Kafka does not answer, or does not have the topic."""


class _Order:
    """The records of one caller; done when each has its outcome, or the caller's patience ends."""

    __slots__ = ("done", "open", "outcomes")

    def __init__(self, records: int, done: "asyncio.Future[None]") -> None:
        self.outcomes: list[Outcome | None] = [None] * records
        self.open = records
        self.done = done

    def settle(self, places: Sequence[int], outcome: Outcome) -> None:
        for place in places:
            self.outcomes[place] = outcome
        self.open -= len(places)
        if not self.open:
            self.end()

    def end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


@dataclass(slots=True, eq=False)
class _Lane:
    """A partition: what waits for it, and since when a batch of it is under way."""

    topic: str
    partition: int
    waiting: deque[tuple[_Order, int, bytes, bytes]] = field(default_factory=deque)
    since: float | None = None


@dataclass(slots=True, eq=False)
class _Connection:
    """A producer, and what it has under way, which is cancelled when it is given up."""

    producer: AIOKafkaProducer
    sent: set["asyncio.Future[Any]"] = field(default_factory=set)
    given_up: bool = False

    def gone(self) -> bool:
        """Asked anew each time: it changes while something is waited for."""
        return self.given_up


class Writer:
    """The way to Kafka, shared by all requests."""

    def __init__(
        self,
        connection: Mapping[str, Any],
        *,
        topics: Sequence[str],
        idempotent: bool,
        most_bytes: int,
        patience_s: float,
    ) -> None:
        """`connection` is what every Kafka client of ours is made with."""
        self._how = connection
        self._topics = topics
        self._idempotent = idempotent
        self._most_bytes = most_bytes
        self._patience_s = patience_s
        self._loop = asyncio.get_running_loop()
        self._connection: _Connection | None = None
        self._counts: dict[str, int] = {}  # partitions of each topic
        self._missing: set[str] = set()
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._sending: set[asyncio.Task[None]] = set()
        self._broken = asyncio.Event()
        self._say = structlog.get_logger("emc.gateway")
        self.bytes = 0  # that wait for Kafka

    def away(self) -> str | None:
        """Why nothing can be written now, if so."""
        if self._connection is None:
            return "there is no connection to Kafka"
        now = self._loop.time()
        for lane in self._lanes.values():
            if lane.since is not None and now - lane.since > AWAY_SECONDS:
                return "Kafka does not acknowledge"
        if not self._counts:
            return "Kafka has none of the topics"
        return None

    def full(self, more: int = 0) -> bool:
        """Whether so much is waiting that `more` bytes are not taken on."""
        return bool(self.bytes) and self.bytes + more > self._most_bytes

    async def write(self, records: Sequence[Addressed]) -> list[Outcome]:
        """Returns when each record has its outcome, at the latest when the patience ends.

        Raises `Away` or `Full` when nothing was taken on.
        """
        if why := self.away():
            raise Away(why)
        size = sum([len(one.value) + len(one.key) + RECORD_OVERHEAD for one in records])
        if self.full(size):
            raise Full
        if not records:
            return []
        order = _Order(len(records), self._loop.create_future())
        patience = self._loop.call_later(self._patience_s, order.end)
        self.bytes += size
        try:
            self._line_up(order, records)
            await order.done
        finally:
            patience.cancel()
            self.bytes -= size
            if order.open:
                self._take_back(order)
        return [outcome or Outcome.UNKNOWN for outcome in order.outcomes]

    def _line_up(self, order: _Order, records: Sequence[Addressed]) -> None:
        lanes, counts = self._lanes, self._counts
        for place, record in enumerate(records):
            count = counts.get(record.topic)
            if count is None:  # Kafka does not have the topic
                order.settle((place,), Outcome.NOT_WRITTEN)
                continue
            # As the Java client does it, so that all writers put a dossier on one partition.
            where = (record.topic, (murmur2(record.key) & 0x7FFFFFFF) % count)
            lane = lanes.get(where)
            if lane is None:
                lane = lanes[where] = _Lane(*where)
            lane.waiting.append((order, place, record.key, record.value))
            if lane.since is None:
                self._start(lane)

    def _take_back(self, order: _Order) -> None:
        """What still lies here is withdrawn; what is under way is no longer waited for."""
        for lane in self._lanes.values():
            if any(one[0] is order for one in lane.waiting):
                mine = [one[1] for one in lane.waiting if one[0] is order]
                lane.waiting = deque(one for one in lane.waiting if one[0] is not order)
                order.settle(mine, Outcome.NOT_WRITTEN)

    def _start(self, lane: _Lane) -> None:
        if self._connection is not None:
            lane.since = self._loop.time()
            # A task begins on the loop's next turn: what came in this one goes along.
            task = self._loop.create_task(self._send(lane, self._connection))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send(self, lane: _Lane, connection: _Connection) -> None:
        """Batch after batch, as long as something waits."""
        while lane.waiting and not connection.gone():
            lane.since = self._loop.time()
            batch = connection.producer.create_batch()
            travelling = _fill(batch, lane.waiting)
            sent: asyncio.Future[Any] | None = None
            try:
                sent = await connection.producer.send_batch(
                    batch, lane.topic, partition=lane.partition
                )
                connection.sent.add(sent)
                written = await sent is not None
            except asyncio.CancelledError:
                if not connection.gone():
                    raise
                written = False
            except (KafkaError, OSError, AssertionError) as error:
                # An assertion is how the client says that a partition is not known to it.
                written = False
                self._say.warning(
                    "Kafka did not take a batch",
                    topic=lane.topic,
                    partition=lane.partition,
                    error=type(error).__name__,
                )
            if sent is not None:
                connection.sent.discard(sent)
            outcome = Outcome.WRITTEN if written else Outcome.UNKNOWN
            for order, places in travelling.items():
                order.settle(places, outcome)
            if not written:
                self._broken.set()
                break
        lane.since = None
        # What waits now is sent once there is a connection again, or taken back.
        if lane.waiting and self._connection not in (None, connection):
            self._start(lane)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connected within the block, as far as Kafka is there; at its end all is flushed."""
        keeping = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await asyncio.gather(*self._sending, return_exceptions=True)
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
            await self._give_up()

    async def _keep(self) -> None:
        """Connects, again after each failure, and looks at the partitions now and then."""
        told = False
        while True:
            self._broken.clear()
            try:
                if self._connection is None:
                    await self._connect()
                    self._say.info("connected to Kafka")
                told = False
                pause = LOOK_SECONDS if await self._look() else MISSING_SECONDS
            except (KafkaError, OSError) as error:
                if not told:
                    why = await of_brokers(self._how, error)
                    self._say.warning("Kafka is away", error=why)
                    told = True
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(self._broken.wait(), pause)
            if self._broken.is_set():
                # A producer that failed once may have a hole in its sequence: another one, with
                # an id of its own, begins afresh.
                await self._give_up()
                await asyncio.sleep(AGAIN_SECONDS)

    async def _connect(self) -> None:
        producer = AIOKafkaProducer(
            **self._how,
            client_id="emc-gateway",
            acks="all",
            enable_idempotence=self._idempotent,
            max_batch_size=LARGEST_BATCH,
            max_request_size=64 * LARGEST_BATCH,
            request_timeout_ms=10_000,
            metadata_max_age_ms=60_000,
        )
        try:
            await producer.start()
        except BaseException:
            await _stop(producer)
            raise
        self._connection = _Connection(producer)
        for lane in self._lanes.values():
            if lane.waiting and lane.since is None:
                self._start(lane)

    async def _look(self) -> bool:
        """How many partitions each topic has; whether all are there."""
        if self._connection is None:
            return False
        asking = self._connection.producer.partitions_for
        found = await asyncio.gather(*map(asking, self._topics), return_exceptions=True)
        for topic, partitions in zip(self._topics, found, strict=True):
            if isinstance(partitions, set):
                self._counts[topic] = len(partitions)
                self._missing.discard(topic)
            elif not isinstance(partitions, KafkaError | OSError):
                raise partitions
            elif topic not in self._missing:
                self._missing.add(topic)
                self._say.error(
                    "a topic cannot be had; its events are answered with 503",
                    topic=topic,
                    error=type(partitions).__name__,
                )
        return not self._missing

    async def _give_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await _stop(connection.producer)
            connection.given_up = True
            for sent in tuple(connection.sent):
                sent.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)


def _fill(
    batch: Any, waiting: "deque[tuple[_Order, int, bytes, bytes]]"
) -> dict[_Order, list[int]]:
    """As many of those waiting as the batch takes, by whose they are."""
    travelling: dict[_Order, list[int]] = {}
    now_ms = time.time_ns() // 1_000_000
    append = batch.append
    while waiting:
        order, place, key, value = waiting[0]
        if append(timestamp=now_ms, key=key, value=value) is None:
            break
        waiting.popleft()
        places = travelling.get(order)
        if places is None:
            travelling[order] = [place]
        else:
            places.append(place)
    return travelling


async def _stop(producer: AIOKafkaProducer) -> None:
    """Sends what it has; a broker that is gone does not hold it up for long."""
    with suppress(TimeoutError, KafkaError, OSError):
        async with asyncio.timeout(STOP_SECONDS):
            await producer.flush()
    # What `stop` does once it has flushed, which it would wait for without end.
    producer._closed = True  # noqa: SLF001
    with suppress(TimeoutError, KafkaError, OSError):
        async with asyncio.timeout(STOP_SECONDS):
            await producer._sender.close()  # noqa: SLF001
            await producer.client.close()
