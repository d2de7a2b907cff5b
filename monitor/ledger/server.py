"""Is it still the same server? A failover may bring one that lacks what was acknowledged.

A promoted standby, and a copy restored to a point in time, begin a new timeline. Whatever a
process remembers of the ledger, as the numbers of cells, may then be of rows that are not
there, or that will be given to others. So with the first connection to another timeline all
such memory goes, and nothing is booked before the positions have been read anew.
"""

from collections.abc import Callable
from typing import Any


class AnotherServer(ConnectionError):
    """Another server, or another timeline, has the ledger now; positions must be read again."""


class StandbyStill(ConnectionError):
    """The server is a standby that is not promoted yet: what it has may be old."""


class SameServer:
    """What every new connection of a pool is held against."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._known: str | None = None
        self._noticed = False  # a change that nobody has acted upon yet

    async def recognise(self, connection: Any) -> None:
        """Raises `AnotherServer` the first time it is, `StandbyStill` while it is none to use."""
        found = await connection.fetchval(
            "SELECT CASE WHEN NOT pg_is_in_recovery() THEN"
            " system_identifier || '/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)"
            " END FROM pg_control_system()"
        )
        if found is None:
            raise StandbyStill("the ledger's server is a standby; waiting for its promotion")
        before, self._known = self._known, found
        if before is not None and before != found:
            self._noticed = True
            self._changed()
            self.check()

    def check(self) -> None:
        """Raises `AnotherServer` while nobody has accepted a change: what is in hand is void."""
        if self._noticed:
            raise AnotherServer(f"the ledger is now on server/timeline {self._known}")

    def accept(self) -> None:
        """Go on with the server there is: what was in hand has been dropped."""
        self._noticed = False
