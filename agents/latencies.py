"""Keeps the sums and quantiles behind latency metrics, beside the stream.

Every worker runs one, the one that leads adds what the journal has and judges once a minute. No
stream waits for it, and no balance.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from time import perf_counter
from typing import Any, Final

from agents.leading import leading
from monitor.domain.policy import Policy
from monitor.domain.zone import DAY_MS
from monitor.ledger import latencies, requests
from monitor.ledger.locks import LATENCIES
from monitor.ledger.policies import Ruling

ROUND_SECONDS: Final = 30.0
ADDING_SECONDS: Final = 2.0  # of a round: while much is booked, streams need the ledger more
JUDGE_SECONDS: Final = 60.0
BRISK_SECONDS: Final = 0.5
ROUNDS_A_SWEEP: Final = 160  # about an hour


def keeping(
    dsn: str,
    own: Policy,
    *,
    now_ms: Callable[[], int],
    brisk: bool = False,
) -> AbstractAsyncContextManager[None]:
    """Keep latencies within the block, by the policy in force whenever they are judged.

    `own` is for a ledger that has no policy yet.
    """
    return leading(
        dsn,
        Keeper(own, now_ms=now_ms, brisk=brisk),
        lock=LATENCIES,
        name="emc.latencies",
        seconds=BRISK_SECONDS if brisk else ROUND_SECONDS,
    )


class Keeper:
    """One of many that may keep; only who leads does anything."""

    def __init__(
        self,
        own: Policy,
        *,
        now_ms: Callable[[], int],
        brisk: bool = False,
    ) -> None:
        self._ruling = Ruling(own)
        self._now_ms = now_ms
        self._judge_ms = int((BRISK_SECONDS if brisk else JUDGE_SECONDS) * 1000)
        self._judged_at = -self._judge_ms
        self._rounds = 0

    async def round(self, connection: Any) -> bool:
        """Add what the balances have, and judge if it is time."""
        now = self._now_ms()
        # A day more than is ever asked for, whatever the zone.
        kept = now // DAY_MS - latencies.KEPT_DAYS - 1
        ends = perf_counter() + ADDING_SECONDS
        while await latencies.add(connection, kept) and perf_counter() < ends:
            pass
        if now - self._judged_at >= self._judge_ms:
            await self._judge(connection, now)
            self._judged_at = now
        if self._rounds % ROUNDS_A_SWEEP == 0:
            await latencies.sweep(connection, kept)
            await requests.sweep(connection)
        self._rounds += 1
        return False

    def left(self) -> None:
        """Nothing is kept that another could have done."""

    async def _judge(self, connection: Any, now: int) -> None:
        _, policy = await self._ruling.now(connection)
        if policy.legal is None:
            return  # without reference files there are no clocks
        calendar = policy.legal.calendars.calendar()
        today = policy.zone.day(now)
        if not calendar.first_day <= today <= calendar.last_day:
            return
        first = latencies.window(calendar, today)
        await latencies.judge(connection, first, today, policy.present, now)
