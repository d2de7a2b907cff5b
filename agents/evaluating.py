"""Official figures of the periods under way, evaluated beside the stream by the worker that leads.

Metrics and dashboards read what is kept of it, so that all instances show the same; and every
scorecard that has changed goes to `emc.indicators`, as the Government's reporting system and
command centre would take it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from agents.kafka import Kafka
from agents.leading import leading
from agents.topics import missing_topics
from monitor.domain.period import Period, Span
from monitor.domain.scope import Scope
from monitor.domain.zone import date_of
from monitor.ledger import official_now
from monitor.ledger.balances import NotKnown
from monitor.ledger.locks import OFFICIAL
from monitor.ledger.official import Known, NoSuch, Official, Officials, Ranked, ranked_of
from monitor.ledger.stated import as_bytes, scorecard
from schemas.scorecard import enveloped

ROUND_SECONDS: Final = 60.0
BRISK_SECONDS: Final = 1.0
TELL_MS: Final = 15 * 60_000  # no scorecard of a period under way is told more often
SCOPES_AT_ONCE: Final = 4  # the stream goes on in between
FORGET_MS: Final = 400 * 86_400_000


@asynccontextmanager
async def evaluating(
    dsn: str, kafka: Kafka, topic: str, *, now_ms: Callable[[], int], brisk: bool = False
) -> AsyncIterator[None]:
    """Evaluate within the block."""
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1, command_timeout=600) as pool:
        rounds = Evaluation(Officials(pool), kafka, topic, now_ms=now_ms, brisk=brisk)
        async with leading(
            dsn,
            rounds,
            lock=OFFICIAL,
            name="emc.official",
            seconds=BRISK_SECONDS if brisk else ROUND_SECONDS,
        ):
            yield


class Evaluation:
    """One of many that may evaluate; only who leads does."""

    def __init__(
        self,
        officials: Officials,
        kafka: Kafka,
        topic: str,
        *,
        now_ms: Callable[[], int],
        brisk: bool = False,
    ) -> None:
        self._officials = officials
        self._kafka = kafka
        self._topic = topic
        self._now_ms = now_ms
        self._tell_ms = 0 if brisk else TELL_MS
        self._known: Known | None = None
        self._left_to_tell = False
        self._warned = False
        self._say = structlog.get_logger("emc.official")

    async def round(self, connection: Any) -> bool:
        """Evaluate what is new since the last round, and tell of what has changed."""
        try:
            ground = await self._officials.ground(None)
        except NotKnown:
            return False  # nothing has been sealed yet
        if ground.known == self._known and not self._left_to_tell:
            return False
        now = self._now_ms()
        last = await official_now.told(connection)
        keep: list[official_now.Evaluated] = []
        tell: list[tuple[Official, bytes]] = []
        self._left_to_tell = False
        for period in periods(ground.known.as_of_day):
            shown = period.last_day >= ground.known.as_of_day
            scopes = [
                Scope(),
                *ranked_of(Ranked.MINISTRIES, period, ground.reference),
                *ranked_of(Ranked.PROVINCES, period, ground.reference),
            ]
            async for official in self._evaluated(scopes, period, ground.known.cut):
                if shown:
                    keep += official_now.rows(official)
                said, before = (
                    official_now.digest(official),
                    last.get(official_now.key(official)),
                )
                if before is not None and before.digest == said:
                    continue
                if before is None or official.over or now - before.at_ms >= self._tell_ms:
                    tell.append((official, said))
                else:
                    self._left_to_tell = True
        await official_now.keep(connection, keep, ground.known, now)
        self._known = ground.known
        await self._tell(connection, tell, now)
        return False

    async def _evaluated(
        self, scopes: Sequence[Scope], period: Period, cut: int
    ) -> AsyncIterator[Official]:
        for set_id in await self._officials.sets():
            for first in range(0, len(scopes), SCOPES_AT_ONCE):
                some = scopes[first : first + SCOPES_AT_ONCE]
                try:
                    found = await self._officials.scorecards(set_id, some, period, known_at=cut)
                except NoSuch:
                    break  # no version of the set is valid in this period
                for one in found:
                    yield one
                await asyncio.sleep(0)

    async def _tell(
        self, connection: Any, tell: Iterable[tuple[Official, bytes]], now: int
    ) -> None:
        """At least once: what the brokers have and the ledger does not know is told again."""
        tell = list(tell)
        if not tell:
            return
        if not await self._there_is():
            self._left_to_tell = True
            return
        producer = AIOKafkaProducer(**self._kafka.client(), acks="all", compression_type="gzip")
        try:
            await producer.start()
            for official, _ in tell:
                name = official_now.key(official)
                document = enveloped(
                    scorecard(official), name, official.known.cut, official.known.sealed_at
                )
                await producer.send(self._topic, as_bytes(document), key=name.encode())
            await producer.flush()
        except (KafkaError, OSError) as error:
            self._left_to_tell = True
            self._say.warning("not told, trying again", topic=self._topic, error=repr(error))
            return
        finally:
            await producer.stop()
        told = [(official_now.key(official), said) for official, said in tell]
        await official_now.tell(connection, told, now)
        await official_now.forget(connection, now - FORGET_MS)

    async def _there_is(self) -> bool:
        try:
            missing = await missing_topics(self._kafka, [self._topic])
        except (KafkaError, OSError) as error:
            self._say.warning("not told, trying again", topic=self._topic, error=repr(error))
            return False
        if missing and not self._warned:
            self._say.warning(
                "there is no topic of official figures, and nobody is told of any until there is"
                " one; `emc topics` makes it",
                topic=self._topic,
            )
        self._warned = bool(missing)
        return not missing

    def left(self) -> None:
        """Another may have evaluated meanwhile."""
        self._known = None


def periods(today: int) -> tuple[Period, ...]:
    """The month and year under way, and those before them, which corrections still change."""
    month = Period.holding(Span.MONTH, date_of(today))
    year = Period.holding(Span.YEAR, date_of(today))
    return (month, year, month.before, year.before)
