"""Is this the log that the ledger's positions belong to? Asked at every claim."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from agents.batch import LogUnavailable, Record
from agents.desk import record_hash
from agents.kafka import Kafka
from monitor.ledger.ledger import Ledger, Position
from monitor.ledger.unit import Partition

FETCH_MS: Final = 10_000

# Where a person reads what to do (docs/how-to/position.md).
_OR_ACCEPT: Final = (
    "start with a new ledger, or give up what is lost with `emc position accept-loss`"
)


class LogReplaced(Exception):
    """The topic or broker is not the one that the ledger's position belongs to, or was cut."""


class Claimant:
    """Claims partitions in the ledger after making sure that the log is still the same."""

    def __init__(self, ledger: Ledger, *, kafka: Kafka, owner: str, group: str) -> None:
        self._ledger = ledger
        self._kafka = kafka
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
            beginnings,
            owner=self._owner,
            group=self._group,
            generation=generation,
            cluster=cluster,
            beginnings=beginnings,
        )

    async def _look(
        self, partitions: Collection[Partition], known: Mapping[Partition, Position]
    ) -> tuple[str, Mapping[Partition, int]]:
        """The cluster, and where the partitions begin, once the log has proved the same.

        A partition that is left out is not claimed.
        """
        async with looking(self._kafka) as look:
            beginnings = await look.beginnings(partitions)
            complaints = await look.complaints(known, beginnings)
        self._complain(complaints)
        return look.cluster, {at: b for at, b in beginnings.items() if at not in complaints}

    def _complain(self, complaints: Mapping[Partition, str]) -> None:
        """Partitions that are not the log that the ledger has read; raises for any of them."""
        for partition in sorted(complaints):
            raise LogReplaced(complaints[partition])


@dataclass(frozen=True, slots=True)
class Look:
    """A look at the log itself, by a consumer that belongs to no group."""

    cluster: str
    consumer: AIOKafkaConsumer
    admin: AIOKafkaAdminClient

    async def present(self, topics: Collection[str]) -> set[Partition]:
        """The partitions that these topics have now."""
        # All are asked for: some brokers make a topic that is asked for by its name.
        return {
            Partition(described["topic"], partition["partition"])
            for described in await self.admin.describe_topics()
            if described["topic"] in topics
            for partition in described["partitions"]
        }

    async def beginnings(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The first offsets that are retained."""
        found = await self.consumer.beginning_offsets([TopicPartition(*p) for p in partitions])
        return {Partition(*tp): offset for tp, offset in found.items()}

    async def ends(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """The offsets that the next records will have."""
        found = await self.consumer.end_offsets([TopicPartition(*p) for p in partitions])
        return {Partition(*tp): offset for tp, offset in found.items()}

    async def at(
        self, partitions: Collection[Partition], ms: int
    ) -> dict[Partition, int | None]:
        """The first records of this time (ms since 1970) or later; None: there is none yet."""
        found = await self.consumer.offsets_for_times(
            {TopicPartition(*partition): ms for partition in partitions}
        )
        return {Partition(*tp): None if at is None else at.offset for tp, at in found.items()}

    async def complaints(
        self, known: Mapping[Partition, Position], beginnings: Mapping[Partition, int]
    ) -> dict[Partition, str]:
        """Why partitions are not the log that the ledger has read, with the remedies."""
        found = {}
        for partition, position in known.items():
            said = _other_cluster(partition, position, self.cluster) or _cut_off(
                partition, position, beginnings[partition]
            )
            if said:
                found[partition] = said
        rest = {at: position for at, position in known.items() if at not in found}
        return found | await _other_records(self.consumer, rest, beginnings)


@asynccontextmanager
async def looking(kafka: Kafka, *, committed: bool = False) -> AsyncIterator[Look]:
    """Raises `KafkaError` where no broker answers.

    With `committed` a log ends where the first transaction begins that is still open.
    """
    admin = AIOKafkaAdminClient(**kafka.client())
    consumer = AIOKafkaConsumer(
        **kafka.client(),
        isolation_level="read_committed" if committed else "read_uncommitted",
        auto_offset_reset="none",
        enable_auto_commit=False,
        max_partition_fetch_bytes=16 * 1024 * 1024,
    )
    try:
        await admin.start()
        described = await admin.describe_cluster()
        await consumer.start()
        # A task of the consumer's that is cancelled before its first step takes whoever stops
        # the consumer with it.
        await asyncio.sleep(0)
        yield Look(str(described.get("cluster_id") or ""), consumer, admin)
    finally:
        await consumer.stop()
        await admin.close()


def _name(partition: tuple[str, int]) -> str:
    return f"{partition[0]}[{partition[1]}]"


def _other_cluster(partition: Partition, position: Position, cluster: str) -> str:
    if position.cluster == cluster:
        return ""
    return (
        f"{_name(partition)}: the ledger was read from cluster {position.cluster!r}, this one"
        f" is {cluster!r}; connect to the right brokers, {_OR_ACCEPT}"
    )


def _cut_off(partition: Partition, position: Position, beginning: int) -> str:
    if position.next >= beginning:
        return ""
    return (
        f"{_name(partition)}: the ledger goes on at {position.next}, the log begins at"
        f" {beginning}: retention has cut what was never read; restore the log, {_OR_ACCEPT}"
    )


async def _other_records(
    consumer: AIOKafkaConsumer,
    known: Mapping[Partition, Position],
    beginnings: Mapping[Partition, int],
) -> dict[Partition, str]:
    """The record before each position must be the one that was booked, while it is retained.

    That the log reaches as far as the position follows from it; the end that a broker lists is
    not asked, because not every broker lists it right after a batch.
    """
    awaited = {
        TopicPartition(*partition): position
        for partition, position in known.items()
        if position.last_hash is not None and beginnings[partition] < position.next
    }
    found: dict[Partition, str] = {}
    if not awaited:
        return found
    consumer.assign(list(awaited))
    for tp, position in awaited.items():
        consumer.seek(tp, position.next - 1)
    while awaited:
        try:
            fetched = await consumer.getmany(*awaited, timeout_ms=FETCH_MS, max_records=1)
        except OffsetOutOfRangeError as error:
            short = list(error.args[0])
        else:
            found |= {
                Partition(*tp): said
                for tp, records in fetched.items()
                if (said := _other_record(tp, awaited.pop(tp), records[0]))
            }
            if fetched:
                continue
            short = [
                tp
                for tp, position in awaited.items()
                if (end := consumer.highwater(tp)) is not None and end < position.next
            ]
        if not short:
            raise LogUnavailable("the log did not return the last booked records")
        found |= {Partition(*tp): _short(tp, awaited.pop(tp)) for tp in short}
    return found


def _other_record(tp: TopicPartition, position: Position, first: Record) -> str:
    if first.offset != position.next - 1 or record_hash(first) == position.last_hash:
        return ""
    return (
        f"{_name(tp)}: the record at {first.offset} is not the one that was booked:"
        f" the topic was made anew; restore it, {_OR_ACCEPT}"
    )


def _short(tp: TopicPartition, position: Position) -> str:
    return (
        f"{_name(tp)}: the ledger goes on at {position.next}, the log does not reach that far;"
        f" restore it, {_OR_ACCEPT}"
    )
