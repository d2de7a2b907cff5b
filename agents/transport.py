"""Faust's Kafka transport, in batches, with positions that the ledger keeps.

Faust moves one message at a time and remembers itself what it has committed; both are replaced
here and nothing else is (TERRAIN: some thirty times the speed, and positions that cannot run
ahead of the effects). What this depends on inside Faust has a regression test.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from typing import Any, Final

import aiokafka
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import KafkaError, NoOffsetForPartitionError
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage, Message

from agents.batch import Batch, LogUnavailable, Record
from monitor.ledger.unit import Partition

# Asked on every assignment: where to read these partitions from, in this generation of the
# group. A partition left out is not read until `BatchConsumer.seek_to` says where.
Claim = Callable[[set[Partition], int], Awaitable[Mapping[Partition, int]]]

NOTHING_TO_READ_SECONDS: Final = 0.2
READING_SECONDS: Final = 0.5
# Of one answer, all partitions together: a batch's worth, so that the next one is on its way while
# this one is folded, and its memory is used again. A larger record comes all the same.
FETCH_BYTES: Final = 8 * 1024 * 1024


class _NothingRead(dict[TP, int | None]):
    """Faust's memory of offsets, emptied: the fence tells what was read ahead of a seek."""

    def __getitem__(self, tp: TP) -> None:
        return None

    def __setitem__(self, tp: TP, offset: int | None) -> None:
        pass


class _Unwrapped(dict[Any, Any]):
    """Fetched and not yet unpacked: aiokafka's own record is handed on, not copied into another.

    It has all that a `Record` has, and a copy of each costs as much as reading it from the log.
    """

    def __init__(self, already: Mapping[Any, Any]) -> None:
        super().__init__()
        for tp, fetched in already.items():
            self[tp] = fetched

    def __setitem__(self, tp: Any, fetched: Any) -> None:
        # What failed to be fetched stands here too.
        if isinstance(fetched, FetchResult):
            fetched._partition_records._consumer_record = _as_it_is  # noqa: SLF001
        super().__setitem__(tp, fetched)


def _as_it_is(_tp: Any, record: Record) -> Record:
    return record


class _Thread(driver.AIOKafkaConsumerThread):
    """Makes a consumer that asks for what Faust has no setting for."""

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_bytes = FETCH_BYTES  # noqa: SLF001
        return consumer


class _CommittedThread(_Thread):
    """Reads what a transaction wrote once it is committed, and never what was aborted.

    Faust asks for that only in its own exactly-once mode, of which nothing else is wanted here.
    """

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # noqa: SLF001 - looked at when it starts
        return consumer

    def highwater(self, tp: TP) -> int:
        """Up to where there is something to read now; 0 where nothing is left.

        What a transaction leaves behind has offsets and is nothing to read, nor is what was
        written in one that is open: neither is lag.
        """
        consumer = self._ensure_consumer()
        end: int = consumer.last_stable_offset(tp) or 0
        assigned = consumer._subscription.subscription.assignment  # noqa: SLF001
        state = assigned.state_value(tp)
        if state is not None and state.has_valid_position and state.position >= end:
            return 0
        return end


class BatchConsumer(driver.Consumer):
    """Yields one message per partition and fetch, and commits only what it is told to."""

    fence: int = 0
    committed: bool = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ahead: dict[TP, int] = {}  # what is fetched next
        self._sought_after = 0  # fence of the last seek done in the thread
        self._fetched_after = 0  # and of the one that the last fetch was made after

    def _new_consumer_thread(self) -> _Thread:
        kind = _CommittedThread if self.committed else _Thread
        return kind(self, loop=self.loop, beacon=self.beacon)

    async def claim(
        self, partitions: set[Partition], generation: int
    ) -> Mapping[Partition, int]:
        """Where to read from: see `batch_transport`, which gives each app its own."""
        raise NotImplementedError

    def _reset_state(self) -> None:
        super()._reset_state()
        # Faust drops what lies before the last message it saw, also after a seek backwards.
        self._read_offset = _NothingRead()

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Message]]:
        """One message a partition: its value is the `Batch` of fetched records."""
        try:
            fetched, active = await self._wait_next_records(timeout)
        except NoOffsetForPartitionError:
            # Assigned and not sought yet, because the claim takes its time.
            await asyncio.sleep(NOTHING_TO_READ_SECONDS)
            return
        # Only the thread knows which seek these were read after: we may have waited for the end
        # of a whole rebalance, and what is dropped here without need is never read again.
        fence = self._fetched_after
        if not fetched or self.should_stop or fence != self.fence:
            return
        starts = {}
        for tp, records in fetched.items():
            # Also of what is not delivered: the one that follows then shows that it is missing.
            starts[tp] = self._ahead.get(tp, -1)
            if records:
                self._ahead[tp] = records[-1].offset + 1
        for tp, records in fetched.items():
            if fence != self.fence or not self.flow_active:
                return  # a seek, a rebalance or a stop: it will be read again
            if not records or (active is not None and tp not in active):
                continue
            end = self.highwater(tp)
            self.app.monitor.track_tp_end_offset(tp, end)
            batch = Batch(Partition(*tp), fence, starts[tp], records, end or 0)
            yield tp, self._message(tp, batch)

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:
        return await self._thread.call_thread(self._fetch, active_partitions, timeout)

    async def _fetch(self, active_partitions: Any, timeout: float) -> Any:
        """In the thread, where seeks are done too, so that their order is known."""
        consumer = self._thread._ensure_consumer()  # noqa: SLF001
        fetcher = consumer._fetcher  # noqa: SLF001
        if not isinstance(fetcher._records, _Unwrapped):  # noqa: SLF001
            fetcher._records = _Unwrapped(fetcher._records)  # noqa: SLF001
        fetched = await self._thread._fetch_records(  # noqa: SLF001
            consumer,
            active_partitions,
            timeout=timeout,
            max_records=consumer._max_poll_records,  # noqa: SLF001
        )
        self._fetched_after = self._sought_after
        return fetched

    def fetched(self, partition: Partition) -> int | None:
        """Up to where this partition has been fetched, delivered or not."""
        return self._ahead.get(TP(*partition))

    async def reading(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Where these are read next, records or not; raises `LogUnavailable` if not known."""
        try:
            found: Mapping[Partition, int] = await self._thread.call_thread(
                self._reading, partitions
            )
        except ConsumerNotStarted as error:
            raise LogUnavailable(repr(error)) from error
        return found

    async def _reading(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        consumer = self._thread._ensure_consumer()  # noqa: SLF001
        found = {}
        for here in partitions:
            tp = aiokafka.TopicPartition(*here)
            # A position that was never sought would be waited for.
            with suppress(KafkaError, TimeoutError):
                found[here] = await asyncio.wait_for(consumer.position(tp), READING_SECONDS)
        return found

    def _message(self, tp: TP, batch: Batch) -> ConsumerMessage:
        last = batch.records[-1]
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0,
            0,
            [],
            None,
            batch,  # type: ignore[arg-type]  # a value that only our agents receive
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Where the ledger says, not Kafka; called by Faust once the assignment is known."""
        self.fence += 1
        self._ahead.clear()
        assigned = {Partition(*tp) for tp in self.assignment()}
        claimed = await self.claim(assigned, self.app.consumer_generation_id)
        # Left to itself the consumer would begin these where the group has last committed.
        self.pause_partitions({TP(*partition) for partition in assigned - claimed.keys()})
        with suppress(LogUnavailable):  # assigned anew meanwhile, so we are asked again
            await self.seek_to(claimed)
        return {TP(*partition): offset for partition, offset in claimed.items()}

    async def seek_to(self, positions: Mapping[Partition, int]) -> None:
        """Read these partitions from there, backwards too; what was read ahead is dropped.

        Raises `LogUnavailable` if one of them is taken from us at this moment.
        """
        self.fence += 1
        held = self.assignment()
        there = {tp: offset for here, offset in positions.items() if (tp := TP(*here)) in held}
        self._ahead = dict(there)
        try:
            await self._thread.call_thread(self._seek_all, there, self.fence)
        except KafkaError as error:
            raise LogUnavailable(repr(error)) from error
        self.resume_partitions(set(there))

    async def _seek_all(self, positions: Mapping[TP, int], fence: int) -> None:
        consumer = self._thread._ensure_consumer()  # noqa: SLF001
        for tp, offset in positions.items():
            consumer.seek(aiokafka.TopicPartition(*tp), offset)
        self._sought_after = fence

    async def commit_to_kafka(self, positions: Mapping[Partition, int]) -> bool:
        """Tell the group's coordinator what the ledger holds, for the tools that show lag."""
        done: bool = await self._thread.call_thread(self._commit_all, positions)
        return done

    async def _commit_all(self, positions: Mapping[Partition, int]) -> bool:
        consumer = self._thread._ensure_consumer()  # noqa: SLF001
        held = consumer.assignment()
        offsets = {
            tp: offset
            for here, offset in positions.items()
            if (tp := aiokafka.TopicPartition(*here)) in held
        }
        try:
            if offsets:
                await consumer.commit(offsets)
        except KafkaError:
            # A rebalance or an outage: the ledger's position is the one that counts.
            return False
        return True

    async def rejoin(self) -> None:
        """Ask for a new generation of the group."""
        await self._thread.call_thread(self._request_rejoin)

    async def _request_rejoin(self) -> None:
        self._thread._ensure_consumer()._coordinator.request_rejoin()  # noqa: SLF001

    # Faust's own bookkeeping of acknowledgements and commits is not used.

    def ack(self, message: Message) -> bool:
        """Nothing to remember: a batch is done when the ledger has booked it."""
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Not Faust's to decide: see `commit_to_kafka`."""
        return False

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        await asyncio.sleep(0)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's livelock log reports idle partitions as stuck; our watchdog looks itself."""


def batch_transport(
    claim_positions: Claim, *, committed: bool = False
) -> type[driver.Transport]:
    """A transport class whose consumers ask `claim_positions` where to read."""
    only_committed = committed

    class Consumer(BatchConsumer):
        committed = only_committed

        async def claim(
            self, partitions: set[Partition], generation: int
        ) -> Mapping[Partition, int]:
            return await claim_positions(partitions, generation)

    class BatchTransport(driver.Transport):
        pass

    BatchTransport.Consumer = Consumer
    return BatchTransport
