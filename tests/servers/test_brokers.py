"""What the fast broker and the real one both do: one suite, so that the fast one cannot drift."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import TopicAlreadyExistsError

from tests.servers.topics import Broker, consume, create_topic, produce


@pytest.fixture(params=["tansu", "kafka"])
def broker(request: pytest.FixtureRequest) -> Broker:
    chosen: Broker = request.getfixturevalue(request.param)
    return chosen


async def test_what_is_produced_is_consumed_in_order(broker: Broker) -> None:
    topic = await create_topic(broker.bootstrap)

    await produce(broker.bootstrap, topic, [b"one", b"two", b"three"])

    records = await consume(broker.bootstrap, topic, 3)
    assert [record.value for record in records] == [b"one", b"two", b"three"]
    assert [record.offset for record in records] == [0, 1, 2]


async def test_key_headers_and_timestamp_arrive_as_they_were_sent(broker: Broker) -> None:
    topic = await create_topic(broker.bootstrap)
    headers = [("ce_type", b"dossier.state.v1"), ("ce_source", "Thừa Thiên Huế".encode())]

    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
        await producer.send_and_wait(
            topic, b"{}", key=b"H56.14", headers=headers, timestamp_ms=1_785_719_551_000
        )

    [record] = await consume(broker.bootstrap, topic, 1)
    assert record.key == b"H56.14"
    assert list(record.headers) == headers
    assert record.timestamp == 1_785_719_551_000


async def test_a_partition_is_chosen_by_the_sender(broker: Broker) -> None:
    topic = await create_topic(broker.bootstrap, partitions=3)

    await produce(broker.bootstrap, topic, [b"second"], partition=1)
    await produce(broker.bootstrap, topic, [b"third"], partition=2)

    records = await consume(broker.bootstrap, topic, 2, partitions=3)
    assert {(record.partition, record.value) for record in records} == {
        (1, b"second"),
        (2, b"third"),
    }


async def test_a_topic_is_made_once(broker: Broker) -> None:
    topic = await create_topic(broker.bootstrap)

    with pytest.raises(TopicAlreadyExistsError):
        await create_topic(broker.bootstrap, topic, exactly=True)


async def test_a_group_goes_on_where_it_committed(broker: Broker) -> None:
    topic = await create_topic(broker.bootstrap)
    await produce(broker.bootstrap, topic, [b"one", b"two", b"three"])

    first = await _read_as_group(broker, topic, 2)
    second = await _read_as_group(broker, topic, 1)

    assert first == [b"one", b"two"]
    assert second == [b"three"]


async def _read_as_group(broker: Broker, topic: str, count: int) -> list[bytes]:
    values: list[bytes] = []
    async with AIOKafkaConsumer(
        topic,
        bootstrap_servers=broker.bootstrap,
        group_id=f"readers-of-{topic}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # Tansu waits half of this before it lets a group begin.
        session_timeout_ms=2_000,
        heartbeat_interval_ms=300,
    ) as consumer:
        async with asyncio.timeout(30):
            while len(values) < count:
                record = await consumer.getone()
                values.append(record.value)
                await consumer.commit(
                    {TopicPartition(topic, record.partition): record.offset + 1}
                )
    return values


async def test_a_fetch_says_where_the_partition_ends(broker: Broker) -> None:
    topic = await create_topic(broker.bootstrap)
    await produce(broker.bootstrap, topic, [b"one", b"two"])
    partition = TopicPartition(topic, 0)

    async with AIOKafkaConsumer(bootstrap_servers=broker.bootstrap) as consumer:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        await consumer.getone()
        end = consumer.highwater(partition)

    assert end == 2


@pytest.mark.parametrize(
    "broker",
    [
        pytest.param(
            "tansu",
            marks=pytest.mark.xfail(
                strict=True,
                reason="Tansu 0.6.0 answers ListOffsets with the first offset of the last batch, plus one",
            ),
        ),
        "kafka",
    ],
    indirect=True,
)
async def test_the_ends_of_a_partition_can_be_asked_for(broker: Broker) -> None:
    """Where this fails, an end must be taken from a fetch, as in the test above."""
    topic = await create_topic(broker.bootstrap)
    await produce(broker.bootstrap, topic, [b"one", b"two"])
    partition = TopicPartition(topic, 0)

    async with AIOKafkaConsumer(bootstrap_servers=broker.bootstrap) as consumer:
        beginnings = await consumer.beginning_offsets([partition])
        ends = await consumer.end_offsets([partition])

    assert beginnings == {partition: 0}
    assert ends == {partition: 2}
