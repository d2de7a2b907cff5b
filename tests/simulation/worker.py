"""A worker in a simulated process: what `agents.app.work` joins, with a consumer and a ledger of ours."""

import asyncio
import random
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Final

from agents.batch import LogUnavailable
from agents.desk import record_hash
from agents.diversion import NEVER_PERCENT, Watch
from agents.dossiers import DossierDesk
from agents.health import WorkerHealth
from agents.kafka import Kafka
from agents.logidentity import Claimant, LogReplaced
from agents.quarantine import Quarantine, Seal
from agents.standing import Standing, Stands
from monitor.domain.policy import Policy
from monitor.ledger.ledger import UNAVAILABLE, Position
from monitor.ledger.policies import OtherRules
from monitor.ledger.unit import Partition
from monitor.reference.sets import plain_set
from schemas.decode import Decoder
from schemas.event import Canonical
from tests.simulation.broker import Broker, Consumer
from tests.simulation.loop import Process, SimulatedLoop
from tests.simulation.wire import Release, RemoteLedger, RemotePolicies, Server

QUOTA: Final = 5  # sealed records a source may have; the others come without their bytes

# One for all: nothing hangs on what it counts, and a registry takes long to make.
HEALTH: Final = WorkerHealth()


class OpenSeal(Seal):
    """Closes nothing: a nonce would make two runs of a seed differ."""

    def __init__(self) -> None:
        """It has no key."""

    def close(self, content: bytes) -> bytes:
        return content


class SimulatedClaimant(Claimant):
    """Looks at a simulated log whether it is still the same."""

    def __init__(self, ledger: RemoteLedger, broker: Broker, owner: str) -> None:
        self._broker = broker
        super().__init__(ledger, kafka=Kafka.at(""), owner=owner, group="g")  # type: ignore[arg-type]

    async def _look(
        self, partitions: Collection[Partition], known: Mapping[Partition, Position]
    ) -> tuple[str, Mapping[Partition, int]]:
        await self._broker.hop()
        for here, position in known.items():
            log = self._broker.logs[here]
            if position.last_hash is None:
                continue
            if position.next > len(log) or (
                record_hash(log[position.next - 1]) != position.last_hash
            ):
                raise LogReplaced(f"{here} at {position.next}")
        return "cluster", dict.fromkeys(partitions, 0)


class Worker:
    """One process with a desk. Ends when told to, or by itself when it cannot go on."""

    def __init__(
        self,
        name: str,
        *,
        loop: SimulatedLoop,
        rng: random.Random,
        broker: Broker,
        server: Server,
        policy: Policy,
        release: Release,
        decoder: Decoder[Canonical],
        at_hand: int,
        make: type[DossierDesk] = DossierDesk,
    ) -> None:
        self.name = name
        self.release = release
        self._policy = policy  # of its own reference files
        self._stands = Stands(
            RemotePolicies(server, process := Process(name), release),  # type: ignore[arg-type]
            plain_set(policy),
            policy,
            release.rules,
        )
        self.clock_ahead_ms = 0
        self.process = process
        self.ended = False
        self.failure: BaseException | None = None
        self._loop = loop
        self._rng = rng
        self._broker = broker
        self._ledger = RemoteLedger(server, process, release)
        self._decoder = decoder
        self._at_hand = at_hand
        self._make = make
        self._stop: asyncio.Event | None = None
        self._following: asyncio.Task[None] | None = None
        self.consumer = Consumer(broker, name, lambda: server.does(self.process, "fetch", 0.01))

    @property
    def alive(self) -> bool:
        """Neither dead nor ended; perhaps it stands still."""
        return not self.ended

    def start(self, now_ms: Callable[[], int]) -> None:
        """Begin; `now_ms` is the machine's clock."""
        self._now_ms = now_ms
        self._stop = asyncio.Event()
        self._loop.start(self._work(), self.process)

    def stop(self) -> None:
        """SIGTERM."""
        assert self._stop is not None
        self._stop.set()

    def restart_agent(self) -> None:
        """Faust cancels an agent and starts it anew."""
        if self._following is not None:
            self._following.cancel()

    async def _standing(self) -> Standing:
        """As this release reads it."""
        standing = await self._stands.now()
        return Standing(standing.epoch, self.release.policy(standing.policy))

    async def _can_book(self) -> bool:
        """Before it joins the group, as `agents.app` looks; False: it has ended."""
        assert self._stop is not None
        while not self._stop.is_set():
            try:
                await self._standing()
            except OtherRules as error:
                self.failure = error
                break
            except UNAVAILABLE:
                await asyncio.sleep(self._rng.random() * 0.3)
            else:
                return True
        self.ended = True
        return False

    async def _work(self) -> None:
        if not await self._can_book():
            return
        desk = self._make(
            ledger=self._ledger,
            log=self.consumer,
            claim=SimulatedClaimant(self._ledger, self._broker, self.name).claim,
            decoder=self._decoder,
            policy=self._policy,
            standing=self._standing,
            quarantine=Quarantine(OpenSeal(), quota=QUOTA),
            health=HEALTH,
            now_ms=lambda: self._now_ms() + self.clock_ahead_ms,
            at_hand=self._at_hand,
            diversion=Watch(self._rng.choice((50, NEVER_PERCENT))),
        )
        self.consumer.take_over = desk.take_over
        assert self._stop is not None
        running = [
            asyncio.create_task(self._follow(desk)),
            asyncio.create_task(self.consumer.belong()),
            asyncio.create_task(self.consumer.read()),
            asyncio.create_task(self._stop.wait()),
        ]
        ends: list[asyncio.Future[None]] = [*running, desk.failed]  # type: ignore[list-item]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        await desk.close()
        for task in running:
            task.cancel()
        for found in await asyncio.gather(*running, return_exceptions=True):
            if isinstance(found, Exception):
                self.failure = found
        if desk.failed.done():
            self.failure = desk.failed.exception()
        with suppress(LogUnavailable):
            await self._broker.hop()
            self.consumer.leave()
        self.ended = True

    async def _follow(self, desk: DossierDesk) -> None:
        """The agent; when it is cancelled, another one takes its place."""
        while True:
            self._following = asyncio.create_task(desk.follow(self.consumer.stream))
            try:
                await asyncio.wait({self._following})
            except asyncio.CancelledError:
                self._following.cancel()
                raise
            if not self._following.cancelled():
                await self._following
