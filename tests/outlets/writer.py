"""A writer of a real ledger: books what a test says, at the next offset of its partition."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Self

from monitor.domain.view import Cell
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import migrate
from monitor.ledger.unit import (
    DossierRow,
    Move,
    Partition,
    TallyKey,
    TotalKey,
    Unit,
)


class Writer:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._positions: dict[Partition, tuple[int, int]] = {}  # epoch, next

    @classmethod
    @asynccontextmanager
    async def on(cls, dsn: str) -> AsyncIterator[Self]:
        await migrate(dsn)
        async with Ledger.open(dsn, connections=2) as ledger:
            yield cls(ledger)

    async def book(
        self,
        totals: Mapping[TotalKey, tuple[int, int]] | None = None,
        *,
        shard: int = 0,
        tallies: Mapping[TallyKey, int] | None = None,
        dossiers: Sequence[DossierRow] = (),
        records: int = 1,
    ) -> None:
        partition = Partition("emc.dossiers", shard)
        if partition not in self._positions:
            claimed = await self.ledger.claim(
                [partition],
                owner="test",
                generation=1,
                cluster="test",
                beginnings={partition: 0},
            )
            self._positions[partition] = (claimed[partition].epoch, claimed[partition].next)
        epoch, start = self._positions[partition]
        await self.ledger.book(
            Unit(
                shard=shard,
                moves={partition: Move(epoch, start, start + records, b"hash")},
                totals=dict(totals or {}),
                tallies=dict(tallies or {}),
                dossiers=list(dossiers),
            )
        )
        self._positions[partition] = (epoch, start + records)

    async def cell(self, agency: str, channel: int, level: int) -> int:
        cell = Cell(agency, "", "1.004194", channel, "", level)
        return (await self.ledger.number([cell]))[cell]


def dossier(key: str, *, outcome: int, cell: int | None, due_ms: int | None) -> DossierRow:
    return DossierRow(key, 1, outcome, cell, due_ms, b"", b"")
