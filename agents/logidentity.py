"""Is this the log that the ledger's positions belong to? Asked at every claim."""

from collections.abc import Collection, Mapping
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from agents.batch import LogUnavailable
from agents.dossiers import record_hash
from monitor.ledger.ledger import Ledger, Position
from monitor.ledger.unit import Partition

FETCH_MS: Final = 10_000


class LogReplaced(Exception):
    """The topic or broker is not the one that the ledger's position belongs to, or was cut."""


class Claimant:
    """Claims partitions in the ledger after making sure that the log is still the same."""

    def __init__(self, ledger: Ledger, *, bootstrap: str, owner: str, group: str) -> None:
        self._ledger = ledger
        self._bootstrap = bootstrap
        self._owner = owner
        self._group = group

    async def claim(
        self, partitions: Collection[Partition], generation: int
    ) -> Mapping[Partition, Position]:
        """Raises `LogReplaced` with the remedy, the refusals of `Ledger.claim`, or a sign of an
        outage, `LogUnavailable` if it is the broker's.
        """
        if not partitions:
            return {}
        known = await self._ledger.positions(partitions)
        try:
            cluster, beginnings = await self._look(partitions, known)
        except KafkaError as error:
            raise LogUnavailable(repr(error)) from error
        return await self._ledger.claim(
            partitions,
            owner=self._owner,
            group=self._group,
            generation=generation,
            cluster=cluster,
            beginnings=beginnings,
        )

    async def _look(
        self, partitions: Collection[Partition], known: Mapping[Partition, Position]
    ) -> tuple[str, Mapping[Partition, int]]:
        """The cluster, and where the partitions begin, once the log has proved the same."""
        cluster = await _cluster_id(self._bootstrap)
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            auto_offset_reset="none",
            enable_auto_commit=False,
            max_partition_fetch_bytes=16 * 1024 * 1024,
        )
        try:
            await consumer.start()
            there = [TopicPartition(*partition) for partition in partitions]
            found = await consumer.beginning_offsets(there)
            beginnings = {Partition(*tp): offset for tp, offset in found.items()}
            for partition, position in known.items():
                _check_cluster(partition, position, cluster)
                _check_beginning(partition, position, beginnings[partition])
            await _check_last_records(consumer, known, beginnings)
        finally:
            await consumer.stop()
        return cluster, beginnings


async def _cluster_id(bootstrap: str) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        described = await admin.describe_cluster()
    finally:
        await admin.close()
    return str(described.get("cluster_id") or "")


def _name(partition: tuple[str, int]) -> str:
    return f"{partition[0]}[{partition[1]}]"


def _check_cluster(partition: Partition, position: Position, cluster: str) -> None:
    if position.cluster != cluster:
        raise LogReplaced(
            f"{_name(partition)}: the ledger was read from cluster {position.cluster!r}, this one"
            f" is {cluster!r}; connect to the right brokers, or start with a new ledger"
        )


def _check_beginning(partition: Partition, position: Position, beginning: int) -> None:
    if position.next < beginning:
        raise LogReplaced(
            f"{_name(partition)}: the ledger goes on at {position.next}, the log begins at"
            f" {beginning}: retention has cut what was never read; restore the log, or start"
            " with a new ledger"
        )


async def _check_last_records(
    consumer: AIOKafkaConsumer,
    known: Mapping[Partition, Position],
    beginnings: Mapping[Partition, int],
) -> None:
    """The record before each position must be the one that was booked, while it is retained.

    That the log reaches as far as the position follows from it; the end that a broker lists is
    not asked, because not every broker lists it right after a batch.
    """
    awaited = {
        TopicPartition(*partition): position
        for partition, position in known.items()
        if position.last_hash is not None and beginnings[partition] < position.next
    }
    if not awaited:
        return
    consumer.assign(list(awaited))
    for tp, position in awaited.items():
        consumer.seek(tp, position.next - 1)
    while awaited:
        try:
            fetched = await consumer.getmany(*awaited, timeout_ms=FETCH_MS, max_records=1)
        except OffsetOutOfRangeError as error:
            raise _cut(*next(iter(awaited.items()))) from error
        for tp, records in fetched.items():
            position = awaited.pop(tp)
            first = records[0]
            if first.offset == position.next - 1 and record_hash(first) != position.last_hash:
                raise LogReplaced(
                    f"{_name(tp)}: the record at {first.offset} is not the one that was booked:"
                    " the topic was made anew; restore it, or start with a new ledger"
                )
        if not fetched:
            for tp, position in awaited.items():
                end = consumer.highwater(tp)
                if end is not None and end < position.next:
                    raise _cut(tp, position)
            raise LogUnavailable("the log did not return the last booked records")


def _cut(tp: TopicPartition, position: Position) -> LogReplaced:
    return LogReplaced(
        f"{_name(tp)}: the ledger goes on at {position.next}, the log does not reach that far;"
        " restore it, or start with a new ledger"
    )
