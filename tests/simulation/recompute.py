"""`emc recompute` in a simulated process: as `agents.recompute.run` goes about it, and as killable."""

import asyncio
import random
from collections.abc import Sequence
from typing import Final

from agents.recompute.rebook import Rebooker
from monitor.domain.policy import Policy
from monitor.ledger.ledger import UNAVAILABLE
from monitor.ledger.recompute import Found, Overtaken, Rebooked, RecomputeEnded
from monitor.ledger.unit import Entry
from monitor.reference.sets import ReferenceSet, policy_of
from tests.simulation import epochs
from tests.simulation.loop import Process, SimulatedLoop
from tests.simulation.wire import Release, RemoteLedger, RemotePolicies, Server, Session

CHILDREN: Final = 2
FEW_TOUCHED: Final = 2  # bookings that the switch itself will follow
MOST_ROUNDS: Final = 20
MERGED: Final = 2  # dossiers in one transaction

# What it does besides, between beginning and the end.
DEEDS: Final = (
    "keep",
    "commit range",
    "prepare switch",
    "hold bookings",
    "commit switch",
    "merge",
)


class OfAnotherRelease(Exception):
    """The recompute under way is of other rules than this release's."""


class Recompute:
    """One process. It begins one to `reference`, or goes on with the one under way, or gives it up."""

    def __init__(
        self,
        name: str,
        *,
        loop: SimulatedLoop,
        rng: random.Random,
        server: Server,
        release: Release,
        reference: ReferenceSet | None,
        gives_up: bool = False,
    ) -> None:
        self.name = name
        self.process = Process(name)
        self.ended = False
        self.failure: BaseException | None = None
        self._loop = loop
        self._rng = rng
        self._server = server
        self.release = release
        self._reference = reference
        self._gives_up = gives_up
        self._policies = RemotePolicies(server, self.process, release)
        self._ledger = RemoteLedger(server, self.process, release)

    @property
    def alive(self) -> bool:
        """Neither dead nor ended; perhaps it stands still."""
        return not self.ended

    def start(self) -> None:
        self._loop.start(self._work(), self.process)

    async def _work(self) -> None:
        try:
            while not await self._to_the_end():
                await asyncio.sleep(self._rng.random() * 0.3)
        except Exception as error:  # noqa: BLE001 - the history says whether that is right
            self.failure = error
        self.ended = True

    async def _to_the_end(self) -> bool:
        """Whether it is at its end; False: the ledger was away, and it can go on."""
        try:
            with self._server.connected(self.process) as session:
                await session.ask("alone", lambda _: session.lasting.lock(epochs.ALONE))
                await self._begin_or_go_on(session)
                await self._merge(session)
        except UNAVAILABLE:
            return False
        return True

    async def _begin_or_go_on(self, session: Session) -> None:
        progress = await session.ask("under way", epochs.under_way)
        if self._gives_up:
            await session.ask("abandon", epochs.abandon)
            await session.commit("commit abandon")
            return
        if progress is None and self._reference is not None:
            reference, rules = self._reference, self.release.rules
            await self._merge(session)
            await session.ask("begin", lambda to: epochs.begin(to, reference, rules))
            await session.commit("commit begin")
            # Whatever happens from here on, it is gone on with.
            self._reference = None
            progress = await session.ask("under way", epochs.under_way)
        if progress is None:
            return
        if progress.rules != self.release.rules:
            raise OfAnotherRelease
        dossiers = self._rng.choice((1, 2, 5))
        await session.ask("lay out", lambda to: epochs.lay_out(to, dossiers))
        await session.commit("commit lay out")
        policy = policy_of(await self._policies.load(progress.reference))
        rebooker = _Rebooker(self._ledger, self.release.policy(policy))
        for _ in range(MOST_ROUNDS):
            await self._rebook(progress.epoch, rebooker)
            now = await session.ask("under way", epochs.under_way)
            session.begin()
            if now is None or (not now.ranges_left and now.touched <= FEW_TOUCHED):
                break
        try:
            await epochs.switch(session.ask, progress.epoch, rebooker)
        except RecomputeEnded:  # we had switched, and were not told
            session.begin()
            return
        await session.commit("commit switch")
        self._server.note(f"epoch {progress.epoch} rules")

    async def _rebook(self, epoch: int, rebooker: Rebooker) -> None:
        """Children, each of which may fail for itself."""
        children = [
            asyncio.create_task(self._child(epoch, rebooker))
            for _ in range(self._rng.randint(1, CHILDREN))
        ]
        for found in await asyncio.gather(*children, return_exceptions=True):
            if isinstance(found, Exception) and not isinstance(
                found, (RecomputeEnded, Overtaken, *UNAVAILABLE)
            ):
                raise found

    async def _child(self, epoch: int, rebooker: Rebooker) -> None:
        with self._server.connected(self.process) as session:
            while await epochs.rebook_range(session.ask, epoch, rebooker) is not None:
                session.begin()
            session.begin()
            most = self._rng.choice((1, 3, 500))
            while await epochs.rebook_touched(session.ask, epoch, rebooker, most):
                session.begin()

    async def _merge(self, session: Session) -> None:
        session.begin()
        last: str | None = ""
        while last is not None:
            after = last
            last = await session.ask("merge", lambda to: epochs.merge(to, after, MERGED))  # noqa: B023 - asked at once
            await session.commit("commit merge")
        await session.ask("clear", epochs.clear)
        await session.commit("commit clear")


class _Rebooker(Rebooker):
    """The release's own, on a simulated ledger."""

    def __init__(self, ledger: RemoteLedger, policy: Policy) -> None:
        super().__init__(ledger, policy)  # type: ignore[arg-type] # it asks it for numbers only

    async def __call__(self, rows: Sequence[Found]) -> tuple[list[Rebooked], dict[Entry, int]]:
        await asyncio.sleep(0)  # elsewhere things go on meanwhile
        return await super().__call__(rows)
