"""The floor: bare aiokafka and the typed decode. Nothing is remembered, nothing is stored."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.streaming import LARGEST_FETCH
from monitor.domain.zone import Zone
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS
from schemas.refusal import Refused
from tests.bench.child import Task, began, done, wait_to_end


async def floor(task: Task) -> None:
    decode = Decoder(Zone(), DOSSIERS).decode
    read = refused = 0
    async with AIOKafkaConsumer(
        bootstrap_servers=task.bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=LARGEST_FETCH,
    ) as consumer:
        there = [TopicPartition(task.topic, partition) for partition in range(task.partitions)]
        consumer.assign(there)
        await consumer.seek_to_beginning(*there)
        began()
        while read < task.records:
            fetched = await consumer.getmany(timeout_ms=200, max_records=20_000)
            for records in fetched.values():
                for record in records:
                    event = decode(
                        record.value, headers=record.headers, record_time_ms=record.timestamp
                    )
                    if isinstance(event, Refused):
                        refused += 1
                read += len(records)
        done(records=read, refused=refused)


if __name__ == "__main__":
    asyncio.run(floor(Task.given()))
    wait_to_end()
