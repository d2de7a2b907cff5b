"""A ledger in memory that keeps the rules of the real one, row locks included.

Transactions hold the rows they write until they end, and nobody sees what they wrote before; who
wants a row that is held waits, and looks again at what has become of it. One contract suite runs
against this and against PostgreSQL (test_contract.py).
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Final, Self

import asyncpg

from agents.shelf import unpack_events
from monitor.domain.view import Cell
from monitor.ledger.ledger import (
    LaterGeneration,
    OtherGroup,
    Position,
    PositionMoved,
    VersionConflict,
)
from monitor.ledger.packing import unpack_entries
from monitor.ledger.unit import DossierRow, Line, Partition, Refusal, TallyKey, TotalKey, Unit
from schemas.event import Canonical

FORGOTTEN_SECONDS: Final = 86_400.0  # `FORGOTTEN_AFTER` of the real ledger


class RolledBack(ConnectionError):
    """The transaction is no more: its session has ended."""


class Transaction:
    """One transaction. What it writes is seen when it commits, all at once."""

    def __init__(self, ledger: "MemoryLedger") -> None:
        self._ledger = ledger
        self._rows: list[Hashable] = []
        self._changes: list[Callable[[], None]] = []
        self.ended = False

    async def _lock(self, row: Hashable) -> None:
        holders, waiting = self._ledger.holders, self._ledger.waiting
        while holders.get(row, self) is not self:
            freed = asyncio.get_running_loop().create_future()
            waiting.setdefault(row, []).append(freed)
            await freed
        if self.ended:
            raise RolledBack(f"while it waited for {row}")
        if row not in holders:
            holders[row] = self
            self._rows.append(row)

    async def claim(
        self,
        partitions: Collection[Partition],
        *,
        owner: str,
        group: str,
        generation: int,
        cluster: str,
        beginnings: Mapping[Partition, int],
    ) -> dict[Partition, Position]:
        """As `Ledger.claim`, up to the commit."""
        ledger = self._ledger
        claimed = {}
        for here in sorted(partitions):
            await self._lock(here)
            held = ledger.positions_now.get(here)
            if held is None:
                at = Position(beginnings[here], 1, cluster, None, owner, group)
            else:
                forgotten = ledger.now() - ledger.moved_at[here] > FORGOTTEN_SECONDS
                if not forgotten and held.group != group:
                    raise OtherGroup(f"{here}: set EMC_GROUP to {held.group!r}")
                if not forgotten and ledger.generations[here] > generation:
                    raise LaterGeneration(f"{here}: generation {ledger.generations[here]}")
                at = replace(held, epoch=held.epoch + 1, owner=owner, group=group)
            claimed[here] = at

            def change(here: Partition = here, at: Position = at) -> None:
                ledger.positions_now[here] = at
                ledger.generations[here] = generation
                ledger.moved_at[here] = ledger.now()

            self._changes.append(change)
        return claimed

    async def move(self, unit: Unit) -> None:
        """Positions: each must be where the unit was read at, in the epoch of its claim."""
        ledger = self._ledger
        missed = 0
        for here, move in sorted(unit.moves.items()):
            if not self._stands(here, move.epoch, move.start):
                missed += 1  # not there to be updated: no row is locked
                continue
            await self._lock(here)
            if not self._stands(here, move.epoch, move.start):
                missed += 1
                continue

            def change(
                here: Partition = here, to: int = move.next, last: bytes = move.last_hash
            ) -> None:
                held = ledger.positions_now[here]
                ledger.positions_now[here] = replace(held, next=to, last_hash=last)
                ledger.moved_at[here] = ledger.now()

            self._changes.append(change)
        if missed:
            raise PositionMoved(f"{missed} of {len(unit.moves)} partitions")

    def _stands(self, here: Partition, epoch: int, start: int) -> bool:
        held = self._ledger.positions_now.get(here)
        if held is None or not self._ledger.checks_positions:
            return held is not None
        return (held.epoch, held.next) == (epoch, start)

    async def write(self, unit: Unit) -> None:
        """Dossiers, each one version on from the one on record; and all that is only added."""
        ledger = self._ledger
        missed = 0
        for row in sorted(unit.dossiers, key=lambda row: row.key.encode()):
            await self._lock(row.key)
            known = ledger.rows.get(row.key)
            if known and ledger.checks_versions and known.version != row.version - 1:
                missed += 1
        if missed:
            raise VersionConflict(f"{missed} of {len(unit.dossiers)} dossiers")
        for refusal in unit.refusals:
            await self._lock((refusal.partition, refusal.offset))
            if (refusal.partition, refusal.offset) in ledger.refusals:
                raise asyncpg.UniqueViolationError("quarantine_topic_partition_offset_key")
        self._changes.append(lambda: ledger.apply(unit))

    def commit(self) -> None:
        """Everything, or `RolledBack` and nothing."""
        if self.ended:
            raise RolledBack("before it could commit")
        for change in self._changes:
            change()
        self.rollback()

    def rollback(self) -> None:
        """Let go of the rows; after a commit nothing else is left to do."""
        self.ended = True
        holders, waiting = self._ledger.holders, self._ledger.waiting
        for row in self._rows:
            del holders[row]
            for freed in waiting.pop(row, []):
                if not freed.done():
                    freed.set_result(None)
        self._rows.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if failed is None:
            self.commit()
        else:
            self.rollback()


async def _at_once(_: str) -> None:
    await asyncio.sleep(0)


class MemoryLedger:
    """The tables, and what `monitor.ledger.ledger.Ledger` does with them."""

    def __init__(self, now: Callable[[], float] = lambda: 0.0) -> None:
        self.now = now  # seconds; for how long a claim is remembered
        self.positions_now: dict[Partition, Position] = {}
        self.generations: dict[Partition, int] = {}
        self.moved_at: dict[Partition, float] = {}
        self.rows: dict[str, DossierRow] = {}
        self.journal: Counter[Line] = Counter()
        self.totals: dict[tuple[int, TotalKey], tuple[int, int]] = {}  # shard; credit, debit
        self.tallies: Counter[TallyKey] = Counter()
        self.refusals: dict[tuple[Partition, int], Refusal] = {}
        self.numbers: dict[Cell, int] = {}
        self.cells_now: dict[int, Cell] = {}
        self.bookings = 0
        self.holders: dict[Hashable, Transaction] = {}  # who holds which row
        self.waiting: dict[Hashable, list[asyncio.Future[None]]] = {}
        # Awaited before the named call takes effect, and after: may take time, may raise.
        self.before: Callable[[str], Awaitable[None]] = _at_once
        self.after: Callable[[str], Awaitable[None]] = _at_once
        # Taken away where a test asks whether somebody would notice.
        self.checks_versions = True
        self.checks_positions = True

    def begin(self) -> Transaction:
        """A transaction that the caller sees through."""
        return Transaction(self)

    async def claim(
        self,
        partitions: Collection[Partition],
        *,
        owner: str,
        group: str = "",
        generation: int,
        cluster: str,
        beginnings: Mapping[Partition, int],
    ) -> dict[Partition, Position]:
        await self.before("claim")
        async with self.begin() as transaction:
            claimed = await transaction.claim(
                partitions,
                owner=owner,
                group=group,
                generation=generation,
                cluster=cluster,
                beginnings=beginnings,
            )
        await self.after("claim")
        return claimed

    async def book(self, unit: Unit) -> None:
        await self.before("book")
        async with self.begin() as transaction:
            await transaction.move(unit)
            await transaction.write(unit)
        await self.after("book")

    async def positions(self, partitions: Collection[Partition]) -> dict[Partition, Position]:
        await self.before("positions")
        return self.positions_of(partitions)

    def positions_of(self, partitions: Collection[Partition]) -> dict[Partition, Position]:
        return {
            here: self.positions_now[here] for here in partitions if here in self.positions_now
        }

    async def load(self, keys: Collection[str]) -> dict[str, DossierRow]:
        found = self.rows_of(keys)
        await self.before("load")
        return found

    def rows_of(self, keys: Collection[str]) -> dict[str, DossierRow]:
        return {key: replace(self.rows[key]) for key in keys if key in self.rows}

    async def number(self, cells: Iterable[Cell]) -> dict[Cell, int]:
        await self.before("number")
        return self.number_of(cells)

    def number_of(self, cells: Iterable[Cell]) -> dict[Cell, int]:
        for cell in sorted(set(cells) - self.numbers.keys()):
            number = len(self.numbers) + 1
            self.numbers[cell] = number
            self.cells_now[number] = cell
        return self.numbers

    async def cells(self, numbers: Collection[int]) -> dict[int, Cell]:
        await self.before("cells")
        return self.cells_now

    async def sealed_by_source(self) -> Mapping[str, int]:
        await self.before("sealed_by_source")
        return self.sealed_now()

    def sealed_now(self) -> Counter[str]:
        return Counter(
            refusal.source for refusal in self.refusals.values() if refusal.sealed is not None
        )

    def apply(self, unit: Unit) -> None:
        """All of a unit but its positions."""
        for row in unit.dossiers:
            self.rows[row.key] = replace(row)
        for booking_class, accounts in unit.journal.items():
            for entry, amount in accounts.items():
                self.journal[*entry, booking_class] += amount
        for total, (credit, debit) in unit.totals.items():
            had = self.totals.get((unit.shard, total), (0, 0))
            self.totals[unit.shard, total] = had[0] + credit, had[1] + debit
        for tally, amount in unit.tallies.items():
            self.tallies[tally] += amount
        for refusal in unit.refusals:
            self.refusals[refusal.partition, refusal.offset] = refusal
        self.bookings += 1

    # -- what tests read -----------------------------------------------------------------

    def next_of(self, here: Partition) -> int:
        """Where a partition is read from next; 0 if nobody has claimed it."""
        held = self.positions_now.get(here)
        return held.next if held else 0

    def tallied(self) -> Counter[str]:
        """Records by what became of them."""
        by_name: Counter[str] = Counter()
        for tally, amount in self.tallies.items():
            by_name[tally.name] += amount
        return by_name

    def net_totals(self) -> Counter[TotalKey]:
        """Credit less debit, over all shards."""
        net: Counter[TotalKey] = Counter()
        for (_, total), (credit, debit) in self.totals.items():
            net[total] += credit - debit
        return net

    def net_journal(self) -> Counter[tuple[int, ...]]:
        """Sums by measure, cell, day and slot, over all classes of booking."""
        net: Counter[tuple[int, ...]] = Counter()
        for line, amount in self.journal.items():
            net[line[:4]] += amount
        return net

    def booked(self) -> Counter[tuple[int, ...]]:
        """What all dossiers together say they have booked."""
        booked: Counter[tuple[int, ...]] = Counter()
        for row in self.rows.values():
            for entry, amount in unpack_entries(row.booked).items():
                booked[tuple(entry)] += amount
        return booked

    def events(self, key: str) -> list[Canonical]:
        """The events of a dossier on record."""
        return list(unpack_events(self.rows[key].events))
