"""Topics of a test's own, and the two things one does with them, by the plainest client."""

import asyncio
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code


class Broker(Protocol):
    """What a test needs to know of the broker it talks to."""

    bootstrap: str


async def create_topic(
    bootstrap: str,
    name: str = "emc.test",
    *,
    partitions: int = 1,
    replication: int = 1,
    settings: Mapping[str, str] | None = None,
    exactly: bool = False,
) -> str:
    """Make a topic and return its name, which has a suffix of its own unless it is to be exact."""
    topic = name if exactly else f"{name}-{uuid.uuid4().hex[:12]}"
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        answer = await admin.create_topics(
            [
                NewTopic(
                    name=topic,
                    num_partitions=partitions,
                    replication_factor=replication,
                    topic_configs=dict(settings or {}),
                )
            ]
        )
    finally:
        await admin.close()
    for _, code, *_ in answer.topic_errors:
        if code:
            raise for_code(code)(f"{topic} was not made")
    await leaders_known(bootstrap, topic, partitions)
    return topic


async def partitions_of(bootstrap: str, topic: str) -> int:
    """How many a topic has."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        [described] = await admin.describe_topics([topic])
    finally:
        await admin.close()
    return len(described["partitions"])


async def leaders_known(
    bootstrap: str, topic: str, partitions: int, within_s: float = 20
) -> None:
    """Wait until every partition of a new topic has a leader, so that what follows does not race."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        async with asyncio.timeout(within_s):
            while True:
                [described] = await admin.describe_topics([topic])
                led = [p for p in described["partitions"] if p["leader"] >= 0]
                if not described["error_code"] and len(led) == partitions:
                    return
                await asyncio.sleep(0.05)
    finally:
        await admin.close()


async def produce(
    bootstrap: str,
    topic: str,
    values: Iterable[bytes],
    *,
    partition: int | None = None,
    headers: Sequence[tuple[str, bytes]] = (),
    largest: int = 1 << 20,
) -> None:
    """Send, and return when all replicas have everything."""
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_request_size=largest
    ) as producer:
        sent = [
            await producer.send(topic, value, partition=partition, headers=list(headers))
            for value in values
        ]
        await asyncio.gather(*sent)


async def consume(
    bootstrap: str, topic: str, count: int, *, partitions: int = 1, within_s: float = 30
) -> list[ConsumerRecord]:
    """The first `count` records, in order within each partition, read without a group."""
    assigned = [TopicPartition(topic, partition) for partition in range(partitions)]
    records: list[ConsumerRecord] = []
    async with AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=16 << 20,
    ) as consumer:
        consumer.assign(assigned)
        await consumer.seek_to_beginning(*assigned)
        async with asyncio.timeout(within_s):
            while len(records) < count:
                fetched = await consumer.getmany(timeout_ms=200)
                for run in fetched.values():
                    records.extend(run)
    return records
