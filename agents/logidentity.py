"""Is this the log that the ledger's positions belong to? Asked at every claim."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from agents.dossiers import record_hash
from monitor.ledger.ledger import Ledger, Position
from monitor.ledger.unit import Partition


class LogReplaced(Exception):
    """The topic or broker is not the one that the ledger's position belongs to, or was cut."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What a partition's log holds: from `beginning` to before `end`."""

    beginning: int
    end: int


class Claimant:
    """Claims partitions in the ledger after making sure that the log is still the same."""

    def __init__(self, ledger: Ledger, *, bootstrap: str, owner: str) -> None:
        self._ledger = ledger
        self._bootstrap = bootstrap
        self._owner = owner

    async def claim(
        self, partitions: Collection[Partition], generation: int
    ) -> Mapping[Partition, Position]:
        """Raises `LogReplaced` with the remedy, or `ClaimRefused`, or a sign of an outage."""
        if not partitions:
            return {}
        known = await self._ledger.positions(partitions)
        cluster = await _cluster_id(self._bootstrap)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            auto_offset_reset="none",
            enable_auto_commit=False,
            max_partition_fetch_bytes=16 * 1024 * 1024,
        )
        await consumer.start()
        try:
            extents = await _extents(consumer, partitions)
            for partition, position in known.items():
                _check_extent(partition, position, extents[partition], cluster)
            await _check_last_records(consumer, known, extents)
        finally:
            await consumer.stop()
        return await self._ledger.claim(
            partitions,
            owner=self._owner,
            generation=generation,
            cluster=cluster,
            beginnings={here: extent.beginning for here, extent in extents.items()},
        )


async def _cluster_id(bootstrap: str) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        described = await admin.describe_cluster()
    finally:
        await admin.close()
    return str(described.get("cluster_id") or "")


async def _extents(
    consumer: AIOKafkaConsumer, partitions: Collection[Partition]
) -> dict[Partition, Extent]:
    there = [TopicPartition(*partition) for partition in partitions]
    beginnings = await consumer.beginning_offsets(there)
    ends = await consumer.end_offsets(there)
    return {Partition(*tp): Extent(beginnings[tp], ends[tp]) for tp in there}


def _check_extent(
    partition: Partition, position: Position, extent: Extent, cluster: str
) -> None:
    name = f"{partition.topic}[{partition.partition}]"
    if position.cluster != cluster:
        raise LogReplaced(
            f"{name}: the ledger was read from cluster {position.cluster!r}, this one is"
            f" {cluster!r}; connect to the right brokers, or start with a new ledger"
        )
    if not extent.beginning <= position.next <= extent.end:
        raise LogReplaced(
            f"{name}: the ledger goes on at {position.next}, the log holds"
            f" {extent.beginning} to {extent.end}; restore the log, or start with a new ledger"
        )


async def _check_last_records(
    consumer: AIOKafkaConsumer,
    known: Mapping[Partition, Position],
    extents: Mapping[Partition, Extent],
) -> None:
    """The record before each position must be the one that was booked, while it is retained."""
    awaited = {
        TopicPartition(*partition): position
        for partition, position in known.items()
        if position.last_hash is not None and extents[partition].beginning < position.next
    }
    if not awaited:
        return
    consumer.assign(list(awaited))
    for tp, position in awaited.items():
        consumer.seek(tp, position.next - 1)
    while awaited:
        fetched = await consumer.getmany(*awaited, timeout_ms=10_000, max_records=len(awaited))
        if not fetched:
            raise TimeoutError("the log did not return the last booked records")
        for tp, records in fetched.items():
            position = awaited.pop(tp)
            first = records[0]
            if first.offset == position.next - 1 and record_hash(first) != position.last_hash:
                raise LogReplaced(
                    f"{tp.topic}[{tp.partition}]: the record at {first.offset} is not the one"
                    " that was booked: the topic was made anew; restore it, or start with a"
                    " new ledger"
                )
