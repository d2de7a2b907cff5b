"""A broker with partitioned logs and a consumer group, and the consumer that a worker has of it.

The consumer does what `agents.transport` does with the real one: fences, seeks done apart from
the loop that delivers, one batch a partition and fetch, nothing read before it was sought.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from agents.batch import Batch, LogUnavailable, Record
from monitor.ledger.unit import Partition
from tests.simulation.loop import SimulatedLoop
from tests.simulation.wire import Weather

HEARTBEAT_SECONDS: Final = 0.25
SESSION_SECONDS: Final = 1.0  # without a heartbeat, then a member is put out
REBALANCE_SECONDS: Final = 0.5  # for members to join again
ASSIGNED_SECONDS: Final = 6.0  # that Faust waits for a claim
BUFFERED: Final = 8  # batches between consumer and agent

# Claims in the ledger: where to read these partitions from, in this generation.
TakeOver = Callable[[Collection[Partition], int], Awaitable[Mapping[Partition, int]]]


@dataclass(frozen=True, slots=True)
class Written:
    """A record of a log."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class Member:
    """A consumer as its group knows it."""

    seen: float
    joining: "asyncio.Future[tuple[int, frozenset[Partition]]] | None" = None


@dataclass
class Broker:
    """Logs by partition, and one group of consumers."""

    loop: SimulatedLoop
    rng: random.Random
    weather: Weather
    note: Callable[[str], None]
    logs: dict[Partition, list[Record]] = field(default_factory=dict)
    away: bool = False
    generation: int = 0
    members: dict["Consumer", Member] = field(default_factory=dict)
    rebalancing: bool = False
    _rebalance: int = 0  # tells one from the next

    def start(self) -> None:
        """Watch the members from now on."""
        self.loop.later(HEARTBEAT_SECONDS, self._look_at_members)

    def write(self, here: Partition, record: Record) -> None:
        """Append a record; a partition that is new is shared out anew."""
        if here not in self.logs:
            self.logs[here] = []
            self.rebalance("a partition more")
        self.logs[here].append(record)

    def be_away(self, seconds: float) -> None:
        """Answer nobody for so long."""
        self.note("broker away")
        self.away = True

        def back() -> None:
            self.note("broker back")
            self.away = False
            for member in self.members.values():
                member.seen = self.loop.now

        self.loop.later(seconds, back)

    async def hop(self) -> None:
        """A message there or back; `LogUnavailable` while nobody answers."""
        await asyncio.sleep(self.rng.random() * 0.003)
        if self.away:
            await asyncio.sleep(self.rng.random() * 0.2)
            raise LogUnavailable("the broker is away")

    # -- the group -----------------------------------------------------------------------

    def _look_at_members(self) -> None:
        if not self.away:
            for consumer, member in list(self.members.items()):
                if self.loop.now - member.seen > SESSION_SECONDS and member.joining is None:
                    self.leave(consumer)
        self.loop.later(HEARTBEAT_SECONDS, self._look_at_members)

    def leave(self, consumer: "Consumer") -> None:
        """A member is gone, or taken for gone."""
        if self.members.pop(consumer, None) is not None:
            self.rebalance(f"without {consumer.name}")

    def rebalance(self, why: str) -> None:
        """Have every member join again."""
        if self.rebalancing:
            return
        self.note(f"rebalance: {why}")
        self.rebalancing = True
        self._rebalance += 1
        this = self._rebalance
        self.loop.later(REBALANCE_SECONDS, lambda: self._share_out(this, late=True))

    def join(self, consumer: "Consumer") -> "asyncio.Future[tuple[int, frozenset[Partition]]]":
        """Resolved when all have joined, or those who have not are put out."""
        member = self.members.setdefault(consumer, Member(self.loop.now))
        member.seen = self.loop.now
        member.joining = joining = self.loop.create_future()
        self.rebalance(f"with {consumer.name}")
        if all(member.joining for member in self.members.values()):
            self._share_out(self._rebalance, late=False)
        return joining

    def _share_out(self, this: int, *, late: bool) -> None:
        if not self.rebalancing or this != self._rebalance:
            return
        if late:
            for consumer in [c for c, member in self.members.items() if not member.joining]:
                self.note(f"{consumer.name} put out")
                del self.members[consumer]
        self.rebalancing = False
        if not self.members:
            return
        self.generation += 1
        shares: list[set[Partition]] = [set() for _ in self.members]
        partitions = sorted(self.logs)
        self.rng.shuffle(partitions)
        for number, here in enumerate(partitions):
            shares[number % len(shares)].add(here)
        for (consumer, member), share in zip(self.members.items(), shares, strict=True):
            joining, member.joining = member.joining, None
            member.seen = self.loop.now
            self.note(f"generation {self.generation}: {consumer.name} has {sorted(share)}")
            if joining is not None and not joining.done():
                joining.set_result((self.generation, frozenset(share)))

    def beat(self, consumer: "Consumer", generation: int) -> bool:
        """A heartbeat; False: join again."""
        member = self.members.get(consumer)
        if member is None or self.rebalancing or generation != self.generation:
            return False
        member.seen = self.loop.now
        return True


class Stream:
    """The batches that an agent iterates over."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Batch] = asyncio.Queue(BUFFERED)

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> Batch:
        return await self.queue.get()


class Consumer:
    """A worker's consumer: the `Log` that a desk knows, and what feeds its stream."""

    def __init__(self, broker: Broker, name: str, on_fetch: Callable[[], None]) -> None:
        self.name = name
        self._on_fetch = on_fetch
        self.fence = 0
        self.stream = Stream()
        self.take_over: TakeOver | None = None
        self.told: dict[Partition, int] = {}
        self._broker = broker
        self._rng = broker.rng
        self._generation = 0
        self._assigned: frozenset[Partition] = frozenset()
        self._flowing = False
        self._ahead: dict[Partition, int] = {}
        # The consumer proper lives in a thread, and knows first what is taken and given.
        self._in_thread: frozenset[Partition] = frozenset()
        self._next: dict[Partition, int] = {}  # where it reads on
        self._sought_after = 0
        self._fetched_after = 0
        self._assigning: asyncio.Task[None] | None = None
        self._rejoining = False

    # -- what the desk asks --------------------------------------------------------------

    def fetched(self, partition: Partition) -> int | None:
        return self._ahead.get(partition)

    async def seek_to(self, positions: Mapping[Partition, int]) -> None:
        self.fence += 1
        fence = self.fence
        there = {here: at for here, at in positions.items() if here in self._assigned}
        self._ahead = dict(there)
        await asyncio.sleep(self._rng.random() * 0.003)  # to the thread
        if not there.keys() <= self._in_thread:
            raise LogUnavailable("taken away at this moment")
        self._next.update(there)
        self._sought_after = fence
        await asyncio.sleep(self._rng.random() * 0.001)  # and back

    async def commit_to_kafka(self, positions: Mapping[Partition, int]) -> bool:
        try:
            await self._broker.hop()
        except LogUnavailable:
            return False
        self.told.update(positions)
        return True

    async def rejoin(self) -> None:
        await asyncio.sleep(self._rng.random() * 0.003)
        self._rejoining = True

    # -- membership ----------------------------------------------------------------------

    async def belong(self) -> None:
        """Be a member for as long as the worker lives."""
        while True:
            self._in_thread = frozenset()
            self._next.clear()
            await asyncio.sleep(self._rng.random() * 0.02)
            self._flowing = False
            self._assigned = frozenset()
            try:
                await self._broker.hop()
            except LogUnavailable:
                continue
            self._rejoining = False
            self._generation, self._in_thread = await self._broker.join(self)
            await asyncio.sleep(self._rng.random() * 0.003)
            self._assigned = self._in_thread
            if self._assigning and self._rng.random() < 0.5:
                self._assigning.cancel()
            self._assigning = asyncio.create_task(self._on_assigned())
            while await self._beat():
                await asyncio.sleep(HEARTBEAT_SECONDS * self._rng.uniform(0.5, 1.0))

    async def _beat(self) -> bool:
        if self._rejoining:
            return False
        try:
            await self._broker.hop()
        except LogUnavailable:
            return True
        return self._broker.beat(self, self._generation)

    async def _on_assigned(self) -> None:
        """As Faust and `BatchConsumer.seek_to_committed` do."""
        generation, assigned = self._generation, self._assigned
        self.fence += 1
        self._ahead.clear()
        assert self.take_over is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(ASSIGNED_SECONDS):
                claimed = await self.take_over(assigned, generation)
                with suppress(LogUnavailable):
                    await self.seek_to(claimed)
        if generation == self._generation:
            self._flowing = True

    def leave(self) -> None:
        """Say goodbye to the group."""
        self._broker.leave(self)

    # -- reading -------------------------------------------------------------------------

    async def read(self) -> None:
        """Fetch and deliver for as long as the worker lives."""
        while True:
            while not self._flowing:
                await asyncio.sleep(0.05)
            fetched = await self._fetch()
            fence = self._fetched_after
            if not fetched or fence != self.fence:
                continue
            self._on_fetch()
            starts = {}
            for here, records in fetched.items():
                starts[here] = self._ahead.get(here, -1)
                self._ahead[here] = records[-1].offset + 1
            for here, records in fetched.items():
                if fence != self.fence or not self._flowing:
                    break
                end = len(self._broker.logs[here])
                if self._rng.random() < self._broker.weather.lost_batches:
                    self._broker.note(f"{self.name} lost a batch of {here}")
                    continue
                await self.stream.queue.put(Batch(here, fence, starts[here], records, end))

    async def _fetch(self) -> dict[Partition, list[Record]]:
        rng, logs = self._rng, self._broker.logs
        try:
            await self._broker.hop()
        except LogUnavailable:
            return {}
        fetched = {}
        for here in sorted(self._next):
            at = self._next[here]
            records = logs[here][at : at + rng.randint(1, 20)]
            if records and rng.random() < 0.8:
                fetched[here] = records
                self._next[here] = at + len(records)
        self._fetched_after = self._sought_after
        if not fetched:
            await asyncio.sleep(0.05 + rng.random() * 0.15)
        await asyncio.sleep(rng.random() * 0.002)  # back from the thread
        return fetched
