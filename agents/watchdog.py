"""Looks from outside whether the worker still moves, and sees to it that it does.

Between the broker and the desk lie two libraries, threads and tasks, any of which may wait for
something that never comes. Whatever the cause, it shows in one way: there are records to book,
broker and ledger both answer, and the position stands still. Then the worker rejoins its group,
which begins everything between broker and desk anew; if the position still does not move, it
ends for its supervisor. While the broker or the ledger does not answer, nothing is counted: an
outage is waited for, however long.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

import structlog
from aiokafka.errors import KafkaError

from agents.batch import LogUnavailable
from agents.kafka import Kafka
from agents.logidentity import Look, looking
from agents.probes import Pulse
from monitor.ledger.ledger import UNAVAILABLE, Position
from monitor.ledger.unit import Partition

LOOK_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 5.0  # who takes longer does not answer


class Stuck(Exception):
    """A partition does not move although everything answers; the supervisor starts it again."""


class Verdict(Enum):
    """What to do after a look."""

    FINE = "fine"
    REJOIN = "rejoin"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True)
class Sight:
    """A partition at one look: where the ledger stands, and whether there is more to book."""

    next: int
    more: bool


class Watchdog:
    """The judgement alone: looks come in with their time, verdicts go out."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._since: dict[Partition, tuple[int, float]] = {}  # where it stands, since when
        self._rejoined: dict[Partition, int] = {}  # where it stood when we rejoined for it

    def look(
        self, sights: Mapping[Partition, Sight] | None, now: float
    ) -> tuple[Verdict, Partition | None]:
        """The verdict, and the partition that it is about; None: somebody did not answer."""
        if sights is None:
            self._since.clear()
            return Verdict.FINE, None
        verdict: tuple[Verdict, Partition | None] = Verdict.FINE, None
        # Partitions that are no longer ours are somebody else's to watch.
        since, self._since = self._since, {}
        for partition, sight in sights.items():
            if self._rejoined.get(partition, sight.next) != sight.next:
                del self._rejoined[partition]
            at, began = since.get(partition, (sight.next, now))
            if not sight.more or at != sight.next:
                began = now
            self._since[partition] = sight.next, began
            if now - began < self._patience_s or verdict[0] is Verdict.GIVE_UP:
                continue
            again = partition in self._rejoined
            verdict = (Verdict.GIVE_UP if again else Verdict.REJOIN), partition
        if verdict[0] is Verdict.REJOIN:
            # It begins anew for all of them, so each has its time again.
            for partition, (at, began) in self._since.items():
                if now - began >= self._patience_s:
                    self._rejoined[partition] = at
                self._since[partition] = at, now
        return verdict


class Stream(Protocol):
    """What is asked of the consumer."""

    def assigned(self) -> Collection[Partition]: ...
    def fetched(self, partition: Partition) -> int | None: ...
    async def reading(self, partitions: Collection[Partition]) -> Mapping[Partition, int]: ...
    async def rejoin(self) -> None: ...


class Positions(Protocol):
    """What is asked of the ledger."""

    async def positions(
        self, partitions: Collection[Partition]
    ) -> Mapping[Partition, Position]: ...


class Eye:
    """Sees what the verdict needs, or that somebody does not answer."""

    def __init__(
        self,
        stream: Stream,
        ledger: Positions,
        kafka: Kafka,
        *,
        committed: bool = False,
        answers: Callable[[], bool] = lambda: True,
    ) -> None:
        """`committed`: what a transaction has written is nothing to book before its commit.
        `answers`: whether everything else that a booking waits for does.
        """
        self._stream = stream
        self._ledger = ledger
        self._kafka = kafka
        self._committed = committed
        self._answers = answers
        self.ledger_answers = False

    async def watch(
        self, see: Callable[[Mapping[Partition, Sight] | None], Awaitable[None]]
    ) -> None:
        """Look every other second until cancelled, or something is wrong with this code."""
        while True:
            try:
                async with looking(self._kafka, committed=self._committed) as look:
                    while True:
                        await see(await self._sights(look))
                        await asyncio.sleep(LOOK_SECONDS)
            except (KafkaError, OSError, TimeoutError):
                # The ledger is asked all the same: readiness hangs on it.
                await self._positions(())
            await see(None)
            await asyncio.sleep(LOOK_SECONDS)

    async def _sights(self, look: Look) -> Mapping[Partition, Sight] | None:
        ours = frozenset(self._stream.assigned())
        positions = await self._positions(ours)
        if positions is None or not self._answers():
            return None
        # What this raises closes the look, and the next one begins with other connections.
        async with asyncio.timeout(ANSWER_SECONDS):
            ends = await look.ends(positions)
        reading: Mapping[Partition, int] = {}
        with suppress(LogUnavailable, TimeoutError):  # the thread hangs: that is lag too
            async with asyncio.timeout(ANSWER_SECONDS):
                reading = await self._stream.reading(positions.keys())
        return {
            partition: Sight(at.next, self._more(partition, at.next, ends[partition], reading))
            for partition, at in positions.items()
        }

    def _more(
        self, partition: Partition, following: int, end: int, reading: Mapping[Partition, int]
    ) -> bool:
        """Whether there is anything to book. The end alone would not tell: what a transaction
        leaves in the log has offsets too, and no records.
        """
        if following >= end:
            return False
        fetched = self._stream.fetched(partition)
        return reading.get(partition, following) < end or (
            fetched is not None and fetched > following
        )

    async def _positions(
        self, partitions: Collection[Partition]
    ) -> Mapping[Partition, Position] | None:
        self.ledger_answers, found = False, None
        with suppress(*UNAVAILABLE):
            async with asyncio.timeout(ANSWER_SECONDS):
                found = await self._ledger.positions(partitions)
                self.ledger_answers = True
        return found


async def keep_watch(
    eye: Eye,
    stream: Stream,
    pulse: Pulse,
    *,
    patience_s: float,
    claimed: Callable[[], int | None],
    give_up: Callable[[Exception], None],
    acted: Callable[[str], None],
) -> None:
    """Watch one worker until cancelled; with a patience of 0 only tell how it fares."""
    say = structlog.get_logger("emc.watchdog")
    dog = Watchdog(patience_s)

    async def see(sights: Mapping[Partition, Sight] | None) -> None:
        pulse.tell(claimed(), ledger_answers=eye.ledger_answers)
        if not patience_s:
            return
        verdict, partition = dog.look(sights, time.monotonic())
        if partition is None:
            return
        name = f"{partition.topic}[{partition.partition}]"
        acted(verdict.value)
        if verdict is Verdict.GIVE_UP:
            give_up(
                Stuck(
                    f"{name} has not moved for {2 * patience_s:.0f} s although broker and ledger"
                    " answer, and rejoining the group did not help; start the worker again, and"
                    " report this with its log"
                )
            )
            return
        say.warning("nothing moves, rejoining the group", partition=name, seconds=patience_s)
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await stream.rejoin()

    while True:
        try:
            await eye.watch(see)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # One that leaked out of a library: nobody has asked us to end.
            await asyncio.sleep(LOOK_SECONDS)
        except Exception as error:  # noqa: BLE001 - a bug: a worker that nobody watches must not go on
            give_up(error)
            return
