"""What the batch transport relies on inside Faust and aiokafka, held on every upgrade."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from agents.batch import Batch
from agents.streaming import TablelessApp
from agents.transport import BatchConsumer, batch_transport
from monitor.ledger.unit import Partition
from tests.servers.tansu import Tansu
from tests.servers.topics import create_topic, produce
from tests.whole.until import until


class Reader:
    """A Faust app with the batch transport, and what its agent was given."""

    def __init__(self, bootstrap: str, topic: str, start: Mapping[int, int]) -> None:
        self.topic = topic
        self.start = start
        self.claims: list[tuple[set[Partition], int]] = []
        self.batches: list[Batch] = []
        self.held = asyncio.Event()
        self.held.set()
        self.app = TablelessApp(
            f"reader-{topic}",
            broker=f"kafka://{bootstrap}",
            store="memory://",
            web_enabled=False,
            topic_disable_leader=True,
            topic_allow_declare=False,
            value_serializer="raw",
            key_serializer="raw",
            stream_wait_empty=False,
            stream_buffer_maxsize=8,
            broker_max_poll_records=10,
            broker_commit_interval=0.1,
            consumer_auto_offset_reset="none",
            broker_session_timeout=6.0,
            broker_heartbeat_interval=1.0,
            broker_rebalance_timeout=2.0,
        )
        self.app.transport = batch_transport(self._claim)(
            self.app.conf.broker_consumer, self.app, self.app.loop
        )
        self.app.agent(self.app.topic(topic, value_type=bytes), name="reader")(self._read)

    async def _claim(
        self, partitions: set[Partition], generation: int
    ) -> Mapping[Partition, int]:
        self.claims.append((partitions, generation))
        return {
            here: self.start[here.partition]
            for here in partitions
            if here.partition in self.start
        }

    async def _read(self, batches: AsyncIterable[Batch]) -> None:
        async for batch in batches:
            await self.held.wait()
            self.batches.append(batch)

    @property
    def consumer(self) -> BatchConsumer:
        assert isinstance(self.app.consumer, BatchConsumer)
        return self.app.consumer

    def values(self, *, fence: int = 0) -> list[int]:
        return [
            int(record.value or b"-1")
            for batch in self.batches
            if batch.fence >= fence
            for record in batch.records
        ]

    async def reads(self, count: int, *, fence: int = 0) -> list[int]:
        await until(lambda: len(self.values(fence=fence)) >= count)
        return self.values(fence=fence)


@asynccontextmanager
async def reading(
    bootstrap: str, topic: str, start: Mapping[int, int]
) -> AsyncIterator[Reader]:
    reader = Reader(bootstrap, topic, start)
    await reader.app.start()
    try:
        yield reader
    finally:
        await reader.app.stop()


@pytest.fixture
async def topic(tansu: Tansu) -> str:
    """A hundred records that say their offsets."""
    name = await create_topic(tansu.bootstrap)
    await produce(tansu.bootstrap, name, [str(n).encode() for n in range(100)], partition=0)
    return name


async def test_the_first_batch_starts_exactly_where_the_ledger_stands(tansu: Tansu, topic: str):
    async with reading(tansu.bootstrap, topic, {0: 37}) as reader:
        assert await reader.reads(63) == list(range(37, 100))

        [(partitions, _)] = reader.claims
        assert partitions == {Partition(topic, 0)}
        assert reader.batches[0].start == 37
        assert [batch.start for batch in reader.batches[1:]] == [
            batch.records[-1].offset + 1 for batch in reader.batches[:-1]
        ]
        assert reader.batches[-1].end == 100


async def test_records_are_handed_on_as_they_were_read(tansu: Tansu):
    """aiokafka would copy each into a `ConsumerRecord`, which costs as much as reading it."""
    topic = await create_topic(tansu.bootstrap)
    said = [("ce_id", b"a1"), ("ce_source", "Huế".encode())]
    await produce(tansu.bootstrap, topic, [b"0", b"1"], partition=0, headers=said)
    async with reading(tansu.bootstrap, topic, {0: 0}) as reader:
        await reader.reads(2)

        records = [record for batch in reader.batches for record in batch.records]
    assert not any(isinstance(record, ConsumerRecord) for record in records)
    assert [(r.offset, r.key, r.value, list(r.headers)) for r in records] == [
        (0, None, b"0", said),
        (1, None, b"1", said),
    ]
    assert all(record.timestamp > 1_700_000_000_000 for record in records)


async def test_a_seek_backwards_delivers_again(tansu: Tansu, topic: str):
    """Left to itself Faust drops what lies before the last message that it saw."""
    async with reading(tansu.bootstrap, topic, {0: 0}) as reader:
        await reader.reads(100)
        for back in (90, 0, 50):
            await reader.consumer.seek_to({Partition(topic, 0): back})
            fence = reader.consumer.fence

            assert await reader.reads(100 - back, fence=fence) == list(range(back, 100))


async def test_batches_read_ahead_of_a_seek_carry_a_fence_of_the_past(tansu: Tansu, topic: str):
    async with reading(tansu.bootstrap, topic, {0: 0}) as reader:
        reader.held.clear()
        await until(lambda: (reader.consumer.fetched(Partition(topic, 0)) or 0) >= 50)

        await reader.consumer.seek_to({Partition(topic, 0): 20})
        fence = reader.consumer.fence
        reader.held.set()

        assert await reader.reads(80, fence=fence) == list(range(20, 100))
        stale = [batch for batch in reader.batches if batch.fence < fence]
        assert stale
        assert all(batch.fence == fence for batch in reader.batches[len(stale) :])


async def test_seeks_at_any_moment_leave_no_gap(tansu: Tansu, topic: str):
    """After every seek a consecutive run starts exactly there, however it fell."""
    here = Partition(topic, 0)
    async with reading(tansu.bootstrap, topic, {0: 0}) as reader:
        for turn in range(60):
            await reader.consumer.seek_to({here: turn})
            await asyncio.sleep(turn % 7 / 300)
        await reader.reads(41, fence=reader.consumer.fence)

        runs: dict[int, list[Batch]] = {}
        for batch in reader.batches:
            runs.setdefault(batch.fence, []).append(batch)
        for batches in runs.values():
            offsets = [record.offset for batch in batches for record in batch.records]
            assert offsets == list(range(batches[0].start, batches[0].start + len(offsets)))


async def test_faust_itself_commits_nothing(tansu: Tansu, topic: str):
    async with reading(tansu.bootstrap, topic, {0: 0}) as reader:
        await reader.reads(100)
        await asyncio.sleep(1)  # ten of its commit intervals
        assert await committed(tansu, topic) is None

        assert await reader.consumer.commit_to_kafka({Partition(topic, 0): 42})

        assert await committed(tansu, topic) == 42
    assert await committed(tansu, topic) == 42


async def committed(tansu: Tansu, topic: str) -> int | None:
    async with AIOKafkaConsumer(
        bootstrap_servers=tansu.bootstrap,
        group_id=f"reader-{topic}",
        enable_auto_commit=False,
    ) as consumer:
        offset: int | None = await consumer.committed(TopicPartition(topic, 0))
    return offset


async def test_a_partition_that_is_not_claimed_waits_for_a_seek(tansu: Tansu):
    """Neither from Kafka's offset, nor ended by `auto_offset_reset=none`."""
    topic = await create_topic(tansu.bootstrap, partitions=2)
    for partition in (0, 1):
        await produce(
            tansu.bootstrap, topic, [str(n).encode() for n in range(30)], partition=partition
        )
    unclaimed = TopicPartition(topic, 1)
    async with AIOKafkaConsumer(
        bootstrap_servers=tansu.bootstrap, group_id=f"reader-{topic}", enable_auto_commit=False
    ) as consumer:
        consumer.assign([unclaimed])
        await consumer.commit({unclaimed: 5})
    async with reading(tansu.bootstrap, topic, {0: 10}) as reader:
        assert await reader.reads(20) == list(range(10, 30))
        await asyncio.sleep(1.5)
        assert {batch.partition.partition for batch in reader.batches} == {0}

        await reader.consumer.seek_to({Partition(topic, 1): 25})

        assert await reader.reads(5, fence=reader.consumer.fence) == list(range(25, 30))


async def test_a_rejoin_claims_again_in_a_later_generation_and_loses_nothing(
    tansu: Tansu, topic: str
):
    async with reading(tansu.bootstrap, topic, {0: 0}) as reader:
        await reader.reads(100)
        reader.start = {0: 60}
        await reader.consumer.rejoin()
        await until(lambda: len(reader.claims) == 2)
        await reader.reads(140)

        assert reader.values(fence=reader.consumer.fence) == list(range(60, 100))
        assert reader.claims[1][1] >= reader.claims[0][1]
