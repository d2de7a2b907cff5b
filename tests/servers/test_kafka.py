"""What only the real broker can show: it is killed, frozen, and loses a leader, and keeps its word."""

import asyncio
from collections.abc import Callable

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import MessageSizeTooLargeError

from tests.servers.kafka import KafkaCluster, KafkaNode
from tests.servers.topics import consume, create_topic, produce


async def test_what_was_acknowledged_survives_a_kill(kafka: KafkaNode) -> None:
    topic = await create_topic(kafka.bootstrap)
    await produce(kafka.bootstrap, topic, [b"before"])

    kafka.kill()
    await asyncio.to_thread(kafka.start)
    await produce(kafka.bootstrap, topic, [b"after"])

    records = await consume(kafka.bootstrap, topic, 2)
    assert [record.value for record in records] == [b"before", b"after"]


async def test_a_frozen_broker_goes_on_when_it_thaws(kafka: KafkaNode) -> None:
    topic = await create_topic(kafka.bootstrap)

    kafka.freeze()
    sending = asyncio.create_task(produce(kafka.bootstrap, topic, [b"patient"]))
    await asyncio.sleep(1)
    sent_while_frozen = sending.done()
    kafka.thaw()
    await sending

    assert not sent_while_frozen
    assert [record.value for record in await consume(kafka.bootstrap, topic, 1)] == [b"patient"]


async def test_a_record_of_ten_megabytes_passes(kafka: KafkaNode) -> None:
    topic = await create_topic(kafka.bootstrap)
    huge = b"x" * 10_000_000

    await produce(kafka.bootstrap, topic, [huge], largest=16 << 20)

    [record] = await consume(kafka.bootstrap, topic, 1)
    assert record.value == huge


async def test_a_topic_may_allow_less_than_the_broker(kafka: KafkaNode) -> None:
    topic = await create_topic(kafka.bootstrap, settings={"max.message.bytes": "1000"})

    with pytest.raises(MessageSizeTooLargeError):
        await produce(kafka.bootstrap, topic, [b"x" * 2_000])


@pytest.mark.slow
async def test_three_nodes_lose_the_leader_and_nothing_else(
    kafka_cluster: Callable[..., KafkaCluster],
) -> None:
    cluster = await asyncio.to_thread(kafka_cluster, nodes=3)
    topic = await create_topic(cluster.bootstrap, replication=3)
    await produce(cluster.bootstrap, topic, [b"before"])

    leader = await _leader_of(cluster, topic)
    leader.kill()
    await produce(cluster.bootstrap, topic, [b"without"])
    await asyncio.to_thread(leader.start)
    await produce(cluster.bootstrap, topic, [b"after"])

    records = await consume(cluster.bootstrap, topic, 3)
    assert [record.value for record in records] == [b"before", b"without", b"after"]


async def _leader_of(cluster: KafkaCluster, topic: str) -> KafkaNode:
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await admin.start()
    try:
        [described] = await admin.describe_topics([topic])
    finally:
        await admin.close()
    number = described["partitions"][0]["leader"]
    [leader] = [node for node in cluster.nodes if node.node == number]
    return leader
