"""Does the ledger still have what it acknowledged? A standby promoted too early does not.

A commit that PostgreSQL acknowledged may be missing after a failover without synchronous
replication, or after an older copy was restored. The positions tell: they never go back in a
ledger that has lost nothing. The log is read again from where the ledger stands, so that the
figures come right; but somebody must know, because they were lower meanwhile, and because what
the log no longer holds is lost.
"""

from collections.abc import Mapping

import structlog

from agents.health import WorkerHealth
from monitor.ledger.ledger import Position
from monitor.ledger.unit import Partition


class Acknowledged:
    """How far the ledger has said that it has booked, of every partition this process held."""

    def __init__(self, health: WorkerHealth) -> None:
        self._health = health
        self._next: dict[Partition, int] = {}
        self._say = structlog.get_logger("emc.ledger")

    def note(self, partition: Partition, following: int) -> None:
        """The ledger has acknowledged a booking up to this position."""
        self._next[partition] = following

    def compare(self, positions: Mapping[Partition, Position]) -> int:
        """How many records the ledger has lost since, told once; 0 is the normal answer.

        Others may have booked further meanwhile: a position ahead is no news.
        """
        lost = 0
        for partition, position in positions.items():
            expected = self._next.get(partition, position.next)
            if position.next < expected:
                lost += expected - position.next
                self._say.error(
                    "the ledger is behind what it had acknowledged: a standby was promoted"
                    " before it had caught up, or an older copy restored; reading the log"
                    " again from there",
                    partition=f"{partition.topic}[{partition.partition}]",
                    acknowledged=expected,
                    ledger=position.next,
                )
            self._next[partition] = position.next
        self._health.ledger_behind.inc(lost)
        return lost
