"""Judges once a minute what falls due at every agency, beside the stream; of many workers one leads.

The forecast rests on what was open when the day began, so that it is made anew once an hour only,
for what arrives late.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from agents.leading import leading
from monitor.domain.policy import Policy
from monitor.ledger import dues
from monitor.ledger.dues import Outlooks
from monitor.ledger.locks import DUES
from monitor.ledger.policies import Ruling

# At the most: the server ends a connection that is idle for a minute.
JUDGE_SECONDS: Final = 50.0
PATIENCE_SECONDS: Final = 600.0  # ten working days of a nation are read at once
BRISK_SECONDS: Final = 0.5
FORECAST_MS: Final = 3_600_000
BRISK_FORECAST_MS: Final = 5_000


def judging_dues(
    dsn: str, own: Policy, *, now_ms: Callable[[], int], brisk: bool = False
) -> AbstractAsyncContextManager[None]:
    """Judge within the block; `own` is the policy of a ledger that has none yet."""
    return leading(
        dsn,
        Dues(own, now_ms=now_ms, brisk=brisk),
        lock=DUES,
        name="emc.dues",
        seconds=BRISK_SECONDS if brisk else JUDGE_SECONDS,
        patience_seconds=PATIENCE_SECONDS,
    )


class Dues:
    """One of many that may judge; only who leads does."""

    def __init__(self, own: Policy, *, now_ms: Callable[[], int], brisk: bool = False) -> None:
        self._ruling = Ruling(own)
        self._now_ms = now_ms
        self._forecast_ms = BRISK_FORECAST_MS if brisk else FORECAST_MS
        self._outlooks: Outlooks | None = None
        self._made_ms = 0
        self._epoch = -1

    async def round(self, connection: Any) -> bool:
        """Judge once."""
        active, policy = await self._ruling.now(connection)
        now, epoch = self._now_ms(), 0 if active is None else active.epoch
        today = policy.zone.day(now)
        known = self._outlooks
        if (
            known is None
            or known.day != today
            or epoch != self._epoch
            or now - self._made_ms >= self._forecast_ms
        ):
            known = self._outlooks = await dues.outlooks(connection, policy, today)
            self._made_ms, self._epoch = now, epoch
        await dues.keep(connection, await dues.judge(connection, policy, now, known))
        return False

    def left(self) -> None:
        """The outlook is of the day and the epoch, whoever makes it."""
