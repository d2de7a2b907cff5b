"""A ledger in memory that keeps the rules of the real one, row locks included.

Transactions hold the rows they write until they end, and nobody sees what they wrote before; who
wants a row that is held waits, and looks again at what has become of it. One contract suite runs
against this and against PostgreSQL (test_contract.py).
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

import asyncpg

from monitor.domain.view import Cell
from monitor.ledger.ledger import (
    LaterGeneration,
    OtherGroup,
    Position,
    PositionMoved,
    VersionConflict,
)
from monitor.ledger.packing import unpack_entries
from monitor.ledger.policies import NO_EPOCH, ActivePolicy, PolicyChanged
from monitor.ledger.recompute import Rebooked
from monitor.ledger.unit import (
    DossierRow,
    Entry,
    Line,
    Partition,
    Refusal,
    TallyKey,
    TotalKey,
    Unit,
)
from monitor.reference.sets import ReferenceSet
from schemas.event import Canonical
from schemas.packed import unpack_events

if TYPE_CHECKING:
    from tests.simulation.epochs import Range

POLICY: Final = "policy"  # the lock of bookings, shared, and of activations, alone
FORGOTTEN_SECONDS: Final = 86_400.0  # `FORGOTTEN_AFTER` of the real ledger


class RolledBack(ConnectionError):
    """The transaction is no more: its session has ended."""


@dataclass(slots=True)
class Kept:
    """A policy on record."""

    epoch: int
    rules: int
    reference: str
    state: str


@dataclass(frozen=True, slots=True)
class RebookedRow:
    """What a dossier books in an epoch that a recompute leads to."""

    epoch: int
    row: Rebooked


class Transaction:
    """One transaction. What it writes is seen when it commits, all at once, and by itself before."""

    def __init__(self, ledger: "MemoryLedger") -> None:
        self.ledger = ledger
        self._rows: list[Hashable] = []
        self._changes: list[Callable[[], None]] = []
        self.ended = False
        # Of a recompute: what it has written, which it looks at again.
        self.taken: dict[int, str] = {}
        self.pending: list[dict[Entry, int]] = []
        self._rebooked: dict[str, RebookedRow] = {}

    def change(self, change: Callable[[], None]) -> None:
        """Have something written with the commit."""
        self._changes.append(change)

    async def lock(self, row: Hashable, *, shared: bool = False) -> None:
        """Hold a row until the end; wait for whoever holds it, or waits to hold it alone."""
        waiting, wanted = self.ledger.waiting, self.ledger.wanted
        if not self._may_hold(row, shared=shared):
            if not shared:
                wanted[row] += 1
            while not self._may_hold(row, shared=shared):
                freed = asyncio.get_running_loop().create_future()
                waiting.setdefault(row, []).append(freed)
                await freed
                if self.ended:
                    break
            if not shared:
                wanted[row] -= 1
                if not wanted[row]:
                    del wanted[row]
        if self.ended:
            self._wake(row)  # whoever waited behind us
            raise RolledBack(f"while it waited for {row}")
        self._hold(row, shared=shared)

    def try_lock(self, row: Hashable) -> bool:
        """Hold a row alone if nobody else holds it: `SKIP LOCKED`."""
        if self.ended or not self._may_hold(row, shared=False):
            return False
        self._hold(row, shared=False)
        return True

    def _may_hold(self, row: Hashable, *, shared: bool) -> bool:
        held = self.ledger.holders.get(row, {})
        if any(other is not self and not (shared and theirs) for other, theirs in held.items()):
            return False
        return not shared or self in held or row not in self.ledger.wanted

    def _hold(self, row: Hashable, *, shared: bool) -> None:
        held = self.ledger.holders.setdefault(row, {})
        if self not in held:
            self._rows.append(row)
        held[self] = shared and held.get(self, True)

    def _wake(self, row: Hashable) -> None:
        for freed in self.ledger.waiting.pop(row, []):
            if not freed.done():
                freed.set_result(None)

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
        ledger = self.ledger
        claimed = {}
        for here in sorted(partitions):
            await self.lock(here)
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
        """Positions: each must be where the unit was read at, in the epoch of its claim.

        Activations are held off from here on, and the policy must be the unit's.
        """
        ledger = self.ledger
        await self.lock(POLICY, shared=True)
        active, recomputing = ledger.active(), ledger.recomputing()
        missed = 0
        for here, move in sorted(unit.moves.items()):
            if not self._stands(here, move.epoch, move.start):
                missed += 1  # not there to be updated: no row is locked
                continue
            await self.lock(here)
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
        epoch = active.epoch if active else NO_EPOCH
        if unit.epoch is not None and epoch != unit.epoch and ledger.checks_epochs:
            raise PolicyChanged(
                f"the ledger books in epoch {epoch}, the unit is of {unit.epoch}"
            )
        if recomputing is not None and ledger.notes_touched:
            self._changes.append(lambda: ledger.touch(unit.dossiers))

    def _stands(self, here: Partition, epoch: int, start: int) -> bool:
        held = self.ledger.positions_now.get(here)
        if held is None or not self.ledger.checks_positions:
            return held is not None
        return (held.epoch, held.next) == (epoch, start)

    async def write(self, unit: Unit) -> None:
        """Dossiers, each one version on from the one on record; and all that is only added."""
        ledger = self.ledger
        missed = 0
        for row in sorted(unit.dossiers, key=lambda row: row.key.encode()):
            await self.lock(row.key)
            known = ledger.rows.get(row.key)
            if known and ledger.checks_versions and known.version != row.version - 1:
                missed += 1
        if missed:
            raise VersionConflict(f"{missed} of {len(unit.dossiers)} dossiers")
        for refusal in unit.refusals:
            await self.lock((refusal.partition, refusal.offset))
            if (refusal.partition, refusal.offset) in ledger.refusals:
                raise asyncpg.UniqueViolationError("quarantine_topic_partition_offset_key")
        self._changes.append(lambda: ledger.apply(unit))

    def rebooked_of(self, key: str) -> RebookedRow | None:
        """What a recompute has kept of a dossier, our own before others'."""
        return self._rebooked.get(key) or self.ledger.rebooked.get(key)

    def rebook(self, epoch: int, row: Rebooked) -> None:
        """Keep what a dossier books under the policy to come."""
        kept = self._rebooked[row.key] = RebookedRow(epoch, row)
        self._changes.append(lambda: self.ledger.rebooked.update({row.key: kept}))

    def pend(self, moved: dict[Entry, int]) -> None:
        """Keep what rebooked dossiers move by."""
        self.pending.append(moved)
        self._changes.append(lambda: self.ledger.pending.append(moved))

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
        holders = self.ledger.holders
        for row in self._rows:
            del holders[row][self]
            if not holders[row]:
                del holders[row]
            self._wake(row)
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
        self.references: dict[str, ReferenceSet] = {}
        self.policies: dict[int, Kept] = {}
        self.row_epochs: dict[str, int] = {}
        self.rebooked: dict[str, RebookedRow] = {}
        self.pending: list[dict[Entry, int]] = []
        self.touched: dict[int, str] = {}  # notes, by number
        self.ranges: dict[int, Range] = {}
        self._notes = 0
        # Who holds which row, and whether others may too; and how many wait to hold one alone.
        self.holders: dict[Hashable, dict[Transaction, bool]] = {}
        self.wanted: Counter[Hashable] = Counter()
        self.waiting: dict[Hashable, list[asyncio.Future[None]]] = {}
        # Awaited before the named call takes effect, and after: may take time, may raise.
        self.before: Callable[[str], Awaitable[None]] = _at_once
        self.after: Callable[[str], Awaitable[None]] = _at_once
        # Taken away where a test asks whether somebody would notice.
        self.checks_versions = True
        self.checks_positions = True
        self.checks_epochs = True
        self.notes_touched = True

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
        return {key: self.booked_now(key) for key in keys if key in self.rows}

    def booked_now(self, key: str) -> DossierRow:
        """A dossier with what a recompute made of it, as the view of that name."""
        row = replace(self.rows[key])
        if (kept := self.rebooked.get(key)) is None or not self._rules(kept):
            return row
        anew = kept.row
        row.outcome, row.cell, row.due_ms = anew.outcome, anew.cell, anew.due_ms
        row.booked = row.booked if anew.booked is None else anew.booked
        return row

    def _rules(self, kept: RebookedRow) -> bool:
        """Whether what was rebooked is what is booked: of the active epoch, the row of before."""
        active = self.active()
        of_row = self.row_epochs.get(kept.row.key, NO_EPOCH)
        return active is not None and of_row < kept.epoch == active.epoch

    def merge(self, key: str) -> None:
        """Have a row say what it has booked now by itself."""
        kept = self.rebooked.get(key)
        if kept is None:
            return
        if self._rules(kept):
            self.rows[key] = self.booked_now(key)
            self.row_epochs[key] = kept.epoch
        del self.rebooked[key]

    def active(self) -> ActivePolicy | None:
        """The policy in force."""
        for kept in self.policies.values():
            if kept.state == "active":
                return ActivePolicy(kept.epoch, kept.rules, kept.reference)
        return None

    def recomputing(self) -> Kept | None:
        """The policy that a recompute leads to."""
        for kept in self.policies.values():
            if kept.state == "recomputing":
                return kept
        return None

    def touch(self, dossiers: Iterable[DossierRow]) -> None:
        """Note that they were booked, for a recompute to come to them again."""
        for row in dossiers:
            self._notes += 1
            self.touched[self._notes] = row.key

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
            assert unit.epoch is not None, "dossiers are posted under some policy"
            self.rows[row.key] = replace(row)
            self.row_epochs[row.key] = unit.epoch
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
        for key in self.rows:
            for entry, amount in unpack_entries(self.booked_now(key).booked).items():
                booked[tuple(entry)] += amount
        return booked

    def events(self, key: str) -> list[Canonical]:
        """The events of a dossier on record."""
        return list(unpack_events(self.rows[key].events))
