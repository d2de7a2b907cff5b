"""The desk of inbound topics between a log, an outbox and a ledger that all fail."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from agents import desk
from agents.batch import LogUnavailable
from agents.edge import Edge
from agents.ingest.desk import InboundDesk
from agents.ingest.health import IngestHealth
from agents.keys import Keys
from agents.quarantine import Quarantine, Seal
from agents.register import Snapshot
from monitor.domain.mandate import Mandate
from monitor.domain.zone import Zone
from monitor.ledger.sources import Source
from monitor.ledger.unit import Partition, Unit
from tests.agents.test_desk import DeskLedger, MemoryLog, often
from tests.simulation.broker import Written
from tests.whole.service import life

ONE, TWO = Partition("emc.in.one", 0), Partition("emc.in.two", 0)


@dataclass
class Topics:
    """An outbox in memory: what is put in arrives later, or never."""

    rng: random.Random
    arrived: list[tuple[bytes, bytes]] = field(default_factory=list)
    waiting: list[tuple[bytes, bytes]] = field(default_factory=list)
    put_in: int = 0
    dropped: int = 0
    fails: float = 0.0
    opened: int = 0

    async def open(self) -> None:
        self.waiting.clear()
        self.put_in = 0
        await asyncio.sleep(0)
        if self.rng.random() < self.fails:
            raise LogUnavailable("open")
        self.opened += 1

    def put(self, topic: str, key: bytes, value: bytes) -> None:
        assert topic == "emc.dossiers"
        self.waiting.append((key, value))
        self.put_in += 1

    async def room(self) -> None:
        await asyncio.sleep(0)

    def cut(self) -> int:
        return self.put_in

    async def acknowledged(self, cut: int) -> None:
        while self.put_in - len(self.waiting) < cut:
            await asyncio.sleep(0.0005)
            some = self.rng.randrange(1, 200)
            self.arrived += self.waiting[:some]
            del self.waiting[:some]
            if self.rng.random() < self.fails:
                raise LogUnavailable("acknowledged")


class Watching(DeskLedger):
    """No position may be booked before everything behind it has arrived."""

    def __init__(
        self, topics: Topics, admitted: Mapping[Partition, list[bytes | None]]
    ) -> None:
        super().__init__()
        self.topics = topics
        self.admitted = admitted
        self.ahead: list[str] = []

    async def book(self, unit: Unit) -> None:
        assert unit.epoch is None
        there = {value for _, value in self.topics.arrived}
        for here, move in unit.moves.items():
            for offset in range(move.start, move.next):
                value = self.admitted[here][offset]
                if value is not None and value not in there:
                    self.ahead.append(f"{here} at {offset}")
        await super().book(unit)


@dataclass
class Entrance:
    """A desk with everything around it in memory."""

    desk: InboundDesk
    ledger: Watching
    log: MemoryLog
    topics: Topics
    admitted: dict[Partition, list[bytes | None]]
    generation: int = 0

    async def assign(self) -> None:
        self.generation += 1
        self.log.fence += 1
        claimed = await self.desk.take_over([ONE, TWO], self.generation)
        with suppress(LogUnavailable):
            await self.log.seek_to(claimed)

    async def booked(self) -> None:
        async with asyncio.timeout(30):
            while any(self.ledger.next_of(p) < len(self.log.written[p]) for p in (ONE, TWO)):
                if self.desk.failed.done():
                    self.desk.failed.result()
                await asyncio.sleep(0.005)


def entrance(seed: int) -> Entrance:
    rng = random.Random(seed)
    snapshot = Snapshot(
        tuple(
            Source(code=code, name=code, owner="H56", mandates=(Mandate("*"),))
            for code in ("one", "two")
        ),
        1,
    )

    def edge() -> Edge:
        return Edge(lambda: snapshot, Keys.of("", "secret"), Zone())

    written: dict[Partition, list[Written]] = {ONE: [], TWO: []}
    admitted: dict[Partition, list[bytes | None]] = {ONE: [], TWO: []}
    apart = edge()
    for record in life(100, seed=seed, bad=0.03):
        here = rng.choice((ONE, TWO))
        written[here].append(
            Written(len(written[here]), record.at_ms, record.key.encode(), record.value)
        )
        found = apart.admit(here.topic[7:], record.value, (), record.at_ms)
        admitted[here].append(getattr(found, "value", None))
    topics = Topics(rng)
    ledger, log = Watching(topics, admitted), MemoryLog(written, rng)
    made = InboundDesk(
        ledger=ledger,
        log=log,
        claim=ledger.claim_all,
        edge=edge(),
        outbox=topics,  # type: ignore[arg-type]  # of the same form
        quarantine=Quarantine(Seal.from_text(Seal.new_key())),
        health=IngestHealth(),
        now_ms=lambda: 1_785_719_551_000,
    )
    return Entrance(made, ledger, log, topics, admitted)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def pauses() -> Iterator[float]:
        while True:
            yield 0.002

    monkeypatch.setattr(desk, "_pauses", pauses)
    monkeypatch.setattr(desk, "UNIT_SECONDS", 0.002)
    monkeypatch.setattr(desk, "UNIT_RECORDS", 150)
    monkeypatch.setattr(desk, "LOST_SECONDS", 0.1)


@pytest.mark.parametrize("seed", range(6))
async def test_no_position_runs_ahead_of_what_has_arrived_whatever_fails(seed: int):
    here = entrance(seed)
    rng = random.Random(seed)
    here.topics.fails = 0.1 if seed else 0
    here.ledger.fails = often(random.Random(seed), 0.05 if seed % 2 else 0)
    here.ledger.loses = often(random.Random(-seed), 0.1 if seed % 3 else 0)
    following = asyncio.create_task(here.desk.follow(here.log.batches()))
    await here.assign()
    for _ in range(seed):
        await asyncio.sleep(rng.uniform(0, 0.02))
        await here.assign()

    await here.booked()
    await here.desk.close()
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following

    assert here.ledger.ahead == []
    sent = Counter(value for values in here.admitted.values() for value in values if value)
    arrived = Counter(value for _, value in here.topics.arrived)
    assert arrived.keys() == sent.keys()
    assert all(arrived[value] >= times for value, times in sent.items())
    refused = sum(value is None for values in here.admitted.values() for value in values)
    assert len(here.ledger.refusals) == refused > 0
    assert here.ledger.tallied() == Counter(refused=refused)
    if not seed:
        assert arrived == sent, "without failures nothing is sent twice"


async def test_a_position_booked_too_early_would_be_noticed(monkeypatch: pytest.MonkeyPatch):
    here = entrance(1)
    here.topics.fails = 0.3

    async def at_once(unit: Unit) -> None:
        await here.ledger.book(unit)

    monkeypatch.setattr(here.desk, "_store", at_once)
    following = asyncio.create_task(here.desk.follow(here.log.batches()))
    await here.assign()
    await here.booked()
    await here.desk.close()
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following

    assert here.ledger.ahead != []
