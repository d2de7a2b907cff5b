"""Releases for the public, made beside the stream: every worker may, the one that leads does."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import structlog

from agents.leading import leading
from monitor.domain.zone import Zone, date_of
from monitor.ledger.locks import RELEASES
from monitor.ledger.releasing import Passed, make_next
from monitor.reference.releases import Public

# At the most: the server ends a connection that is idle for a minute.
ROUND_SECONDS: Final = 50.0
BRISK_SECONDS: Final = 0.5
PATIENCE_SECONDS: Final = 600.0  # three months of a nation are read for a pattern


def releasing(
    dsn: str, public: Public, zone: Zone, *, now_ms: Callable[[], int], brisk: bool = False
) -> AbstractAsyncContextManager[None]:
    """Make what is due within the block."""
    return leading(
        dsn,
        Releasing(public, zone, now_ms=now_ms),
        lock=RELEASES,
        name="emc.releases",
        seconds=BRISK_SECONDS if brisk else ROUND_SECONDS,
        patience_seconds=PATIENCE_SECONDS,
    )


class Releasing:
    """One of many that may make releases; only who leads does."""

    def __init__(self, public: Public, zone: Zone, *, now_ms: Callable[[], int]) -> None:
        self._public = public
        self._zone = zone
        self._now_ms = now_ms
        self._passed = Passed()
        self._say = structlog.get_logger("emc.releases")

    async def round(self, connection: Any) -> bool:
        """Make one that is due; whether there may be more."""
        made = await make_next(
            connection, self._public, self._zone, self._now_ms(), self._passed
        )
        if made is None:
            return False
        self._say.info(
            "released",
            table=made.table,
            first_day=date_of(made.first_day).isoformat(),
            last_day=date_of(made.last_day).isoformat(),
            cut=made.cut,
            shown=made.shown,
            cells=made.cells,
        )
        return True

    def left(self) -> None:
        """Cuts and periods are what they were, whoever leads."""
