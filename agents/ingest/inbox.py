"""Which inbound topics are read: those of the register that are there and as they have to be.

A source that is added is taken up while the others flow: the group assigns anew, every position
is the ledger's, and nobody loses his. What is wrong with one topic stops no other one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from agents.batch import LogUnavailable
from agents.ingest.health import IngestHealth
from agents.kafka import Kafka
from agents.logidentity import Claimant, looking
from agents.topics import TopicState, inbound_states
from monitor.ledger.ledger import UNAVAILABLE, Ledger
from monitor.ledger.unit import Partition

LOOK_SECONDS: Final = 15.0
BRISK_LOOK_SECONDS: Final = 1.0
REGISTER_SECONDS: Final = 0.5  # between two looks at the snapshot, which costs nothing

_WRONG: Final = {
    TopicState.MISSING: "its topic is not there, or we may not see it; make it",
    TopicState.PRODUCERS_TIME: "its topic is not LogAppendTime, so that nobody could tell when a"
    " record came; set message.timestamp.type",
}


class InboundClaimant(Claimant):
    """Claims what is still the log that was read; what is not is left out, and told."""

    def __init__(self, ledger: Ledger, *, kafka: Kafka, owner: str, group: str) -> None:
        super().__init__(ledger, kafka=kafka, owner=owner, group=group)
        self.left_out: Mapping[Partition, str] = {}
        self._say = structlog.get_logger("emc.ingest")

    def _complain(self, complaints: Mapping[Partition, str]) -> None:
        for partition, complaint in sorted(complaints.items()):
            if self.left_out.get(partition) != complaint:
                self._say.error("a source's topic is not read", complaint=complaint)
        self.left_out = dict(complaints)

    async def mended(self) -> bool:
        """Whether one of those that were left out could be claimed now."""
        if not self.left_out:
            return False
        known = await self._ledger.positions(self.left_out.keys())
        async with looking(self._kafka) as look:
            here = await look.present({partition.topic for partition in self.left_out})
            known = {partition: at for partition, at in known.items() if partition in here}
            beginnings = await look.beginnings(known)
            complaints = await look.complaints(known, beginnings)
        return any(partition not in complaints for partition in known)


class Inbox:
    """Keeps the subscription as the register and the brokers have it."""

    def __init__(
        self,
        kafka: Kafka,
        claimant: InboundClaimant,
        health: IngestHealth,
        *,
        registered: Callable[[], Collection[str]],
        stranger: Callable[[str], None] = lambda _: None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        """`registered` tells the topics of all sources in the register; `stranger` is told of one
        that belongs to none of them.
        """
        self._kafka = kafka
        self._claimant = claimant
        self._health = health
        self._registered = registered
        self._stranger = stranger
        self._look_seconds = look_seconds
        self._states: Mapping[str, TopicState] = {}
        self._reading: frozenset[str] = frozenset()
        self._say = structlog.get_logger("emc.ingest")

    async def first(self, waiting: Callable[[], None]) -> frozenset[str]:
        """The topics to begin with, once there is any; `waiting` is called at each look."""
        if not self._registered():
            self._say.warning("no source is registered yet: `emc source add` registers one")
        while not (found := await self._readable()):
            waiting()
            await self._pause()
        self._reading = found
        return found

    async def keep(
        self,
        read: Callable[[Collection[str]], Awaitable[None]],
        rejoin: Callable[[], Awaitable[None]],
    ) -> None:
        """Have other topics read whenever they are others, until cancelled."""
        while True:
            await self._pause()
            found = await self._readable()
            # Nothing at all cannot be subscribed to, and is no reason to leave what is read.
            if found and found != self._reading:
                self._say.info(
                    "other topics are read from now on",
                    added=sorted(found - self._reading),
                    removed=sorted(self._reading - found),
                )
                with suppress(LogUnavailable):  # not that far yet: at the next look
                    await read(found)
                    self._reading = found
            elif await self._mended():
                await rejoin()

    async def _pause(self) -> None:
        """Until the register has changed, or it is time to look at the topics again."""
        before = frozenset(self._registered())
        for _ in range(round(self._look_seconds / REGISTER_SECONDS)):
            await asyncio.sleep(REGISTER_SECONDS)
            if frozenset(self._registered()) != before:
                return

    async def _readable(self) -> frozenset[str]:
        topics = self._registered()
        try:
            states = await inbound_states(self._kafka, topics)
        except (KafkaError, OSError, TimeoutError) as error:
            self._say.warning("the topics cannot be looked at", error=repr(error))
            return self._reading
        for topic, state in sorted(states.items()):
            if self._states.get(topic) is state:
                continue
            if state is TopicState.NOBODYS:
                self._stranger(topic)
            elif state in _WRONG:
                self._say.error(
                    "a source cannot be read: "
                    + _WRONG[state]
                    + " (docs/how-to/connect-kafka.md)",
                    topic=topic,
                )
        self._states = states
        broken = {partition.topic for partition in self._claimant.left_out}
        self._health.show_topics(
            {
                topic: TopicState.ANOTHER_LOG
                if state is TopicState.READ and topic in broken
                else state
                for topic, state in states.items()
            }
        )
        return frozenset(topic for topic, state in states.items() if state is TopicState.READ)

    async def _mended(self) -> bool:
        try:
            return await self._claimant.mended()
        except (KafkaError, LogUnavailable, *UNAVAILABLE):
            return False
