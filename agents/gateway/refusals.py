"""Refused events on their way into the ledger's quarantine, without anybody waiting for it.

The caller has his answer already. While the ledger is away they wait here, within a bound; past
it the bytes are given up and the count is kept: reasons and sources are few.
"""

import asyncio
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Final

import asyncpg
import structlog

from agents.gateway.health import GatewayHealth
from agents.quarantine import Quarantine
from monitor.domain.measures import Tally
from monitor.ledger.ledger import UNAVAILABLE
from monitor.ledger.turned_away import TurnedAway
from monitor.ledger.unit import Partition, Refusal, TallyKey, Unit
from schemas.decode import Headers
from schemas.refusal import Refused

TOPIC: Final = "http"  # in the quarantine: what was never on any topic
SHARD: Final = -2  # of tallies: no partition's, and not the quarantine's own
MOST_WAITING: Final = 5_000
MOST_BYTES: Final = 16 * 1024 * 1024
TOGETHER: Final = 200
ROUND_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 5.0
QUOTA_SECONDS: Final = 60.0  # between two looks at what each source has in quarantine
CLOSE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Received:
    """A refused event as a record, of which the quarantine keeps key, headers and value."""

    offset: int
    timestamp: int
    value: bytes
    headers: Sequence[tuple[str, bytes]]
    key: bytes | None = None


class Refusals:
    """What waits for the ledger."""

    def __init__(
        self,
        ledger: TurnedAway,
        quarantine: Quarantine,
        health: GatewayHealth,
        *,
        instance: int,
    ) -> None:
        self._ledger = ledger
        self._quarantine = quarantine
        self._health = health
        # A number drawn by each process: it tells whose count an offset is of.
        self._partition = Partition(TOPIC, instance)
        self._offset = 0
        self._waiting: deque[Refusal] = deque()
        self._bytes = 0
        self._tallies: Counter[TallyKey] = Counter()
        self._trying: Unit | None = None
        self._looked: float | None = None
        self._wake = asyncio.Event()
        self._say = structlog.get_logger("emc.gateway")

    def put(
        self, source: str, refused: Refused, value: bytes, headers: Headers, arrival_ms: int
    ) -> None:
        """Returns at once. `source` is whose token it was, whatever the event says."""
        known = Refused(refused.reason, refused.detail, source, refused.id)
        record = _Received(self._offset, arrival_ms, value, headers)
        self._offset += 1
        self._tallies[TallyKey(Tally.REFUSED, source, known.reason)] += 1
        if len(self._waiting) >= MOST_WAITING or self._bytes >= MOST_BYTES:
            self._health.quarantine_lost.inc()
        else:
            refusal = self._quarantine.admit(known, self._partition, record)
            self._waiting.append(refusal)
            self._bytes += len(refusal.sealed or b"")
            self._health.quarantine_waiting.set(len(self._waiting))
        self._wake.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Written within the block; at its end once more, for a few seconds at most."""
        writing = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
            with suppress(TimeoutError, *UNAVAILABLE, asyncpg.PostgresError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    while self._tallies or self._waiting:
                        await self._write()
            if self._waiting:
                self._health.quarantine_lost.inc(len(self._waiting))
                self._say.error(
                    "the ledger is away: refused events are lost", records=len(self._waiting)
                )

    async def _keep(self) -> None:
        pause = ROUND_SECONDS
        while True:
            await self._wake.wait()
            await asyncio.sleep(pause)
            try:
                await self._write()
            except (*UNAVAILABLE, asyncpg.PostgresError) as error:
                if pause == ROUND_SECONDS:
                    self._say.warning(
                        "the ledger takes no refused events now; they wait",
                        error=type(error).__name__,
                    )
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                pause *= random.uniform(0.75, 1.25)  # noqa: S311 - jitter
                continue
            pause = ROUND_SECONDS
            if not self._tallies and not self._waiting:
                self._wake.clear()

    async def _write(self) -> None:
        """The first of those waiting, with all counts, in one transaction.

        What was tried is tried again unchanged: whether a commit took place that nobody
        acknowledged is told by the refusals in it.
        """
        await self._look()
        if self._trying is None:
            first = list(islice(self._waiting, TOGETHER))
            self._trying = Unit(SHARD, tallies=dict(self._tallies), refusals=first)
        await self._ledger.keep(self._trying)
        for refusal in self._trying.refusals:
            self._waiting.popleft()
            self._bytes -= len(refusal.sealed or b"")
        self._tallies.subtract(self._trying.tallies)
        self._tallies = +self._tallies
        self._trying = None
        self._health.quarantine_waiting.set(len(self._waiting))

    async def _look(self) -> None:
        """Others fill the quotas too: other gateways, workers, whoever settles records."""
        now = asyncio.get_running_loop().time()
        if self._looked is None or now - self._looked > QUOTA_SECONDS:
            self._quarantine.remember(await self._ledger.sealed_by_source())
            self._looked = now
