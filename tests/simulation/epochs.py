"""Policies and recomputes of the simulated ledger, statement by statement as the real one has them.

The names are those of `monitor.ledger.policies` and `monitor.ledger.recompute`; what takes a
transaction here is one statement there, and what takes `Ask` is one transaction of several.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from monitor.domain.codes import level1
from monitor.domain.measures import CONSUMED_BINS, SHOWN
from monitor.ledger.policies import ActivePolicy
from monitor.ledger.recompute import (
    RECOMPUTE_SHARD,
    Found,
    Overtaken,
    RangesLeft,
    Rebook,
    Rebooked,
    RecomputeEnded,
    RecomputeUnderWay,
)
from monitor.ledger.unit import BookingClass, Entry, TotalKey
from monitor.reference.sets import ReferenceSet
from tests.simulation.ledger import POLICY, Kept, Transaction

ALONE: Final = "recompute"  # the lock of a session that recomputes
CLASS: Final = int(BookingClass.RECOMPUTE)

T = TypeVar("T")


class Ask(Protocol):
    """Has a statement of one transaction done, whatever befalls it on the way."""

    async def __call__(
        self, name: str, work: Callable[[Transaction], Awaitable[T]], /
    ) -> T: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a recompute is."""

    epoch: int
    reference: str
    rules: int
    ranges_left: int
    touched: int


@dataclass(slots=True)
class Range:
    """Keys after the first text up to the second."""

    after: str
    until: str
    dossiers: int
    done: bool = False


# -- statements -----------------------------------------------------------------------------------


async def register(to: Transaction, reference: ReferenceSet, rules: int) -> ActivePolicy:
    """As `Policies.register`, of a release with these rules."""
    ledger = to.ledger
    to.change(lambda: _store(to, reference))
    if (known := ledger.active()) is not None:
        return known
    await to.lock(POLICY)
    if (known := ledger.active()) is not None:
        return known
    made = Kept(max(ledger.policies, default=0) + 1, rules, reference.hash, "active")
    to.change(lambda: ledger.policies.update({made.epoch: made}))
    return ActivePolicy(made.epoch, made.rules, made.reference)


def _store(to: Transaction, reference: ReferenceSet) -> None:
    to.ledger.references.setdefault(reference.hash, reference)


async def under_way(to: Transaction) -> Progress | None:
    """The recompute that has not ended, if there is one."""
    ledger = to.ledger
    if (kept := ledger.recomputing()) is None:
        return None
    left = sum(not one.done for one in ledger.ranges.values())
    return Progress(kept.epoch, kept.reference, kept.rules, left, len(ledger.touched))


async def begin(to: Transaction, reference: ReferenceSet, rules: int) -> int:
    """From its commit on every booking notes the dossiers it books."""
    ledger = to.ledger
    await to.lock(POLICY)
    if ledger.recomputing() is not None or ledger.rebooked:
        raise RecomputeUnderWay
    made = Kept(max(ledger.policies, default=0) + 1, rules, reference.hash, "recomputing")

    def change() -> None:
        _store(to, reference)
        _empty(to)
        ledger.policies[made.epoch] = made

    to.change(change)
    return made.epoch


def _empty(to: Transaction) -> None:
    to.ledger.pending.clear()
    to.ledger.touched.clear()
    to.ledger.ranges.clear()


async def lay_out(to: Transaction, dossiers: int) -> None:
    """Cut what is there now into ranges, unless that was done."""
    ledger = to.ledger
    if ledger.ranges:
        return
    keys = sorted(ledger.rows, key=str.encode)
    cuts = [keys[at : at + dossiers] for at in range(0, len(keys), dossiers)]
    after, made = "", {}
    for number, cut in enumerate(cuts):
        made[number] = Range(after, cut[-1], len(cut))
        after = cut[-1]
    to.change(lambda: ledger.ranges.update(made))


async def take_range(to: Transaction, epoch: int) -> tuple[int, list[Found]] | None:
    """The next range that nobody has, and what is in it."""
    await _still_under_way(to, epoch)
    for number, one in sorted(to.ledger.ranges.items()):
        if not one.done and to.try_lock(("range", number)):

            def change(one: Range = one) -> None:
                one.done = True

            to.change(change)
            within = [key for key in to.ledger.rows if _within(one, key)]
            return one.dossiers, _found(to, within)
    return None


def _within(one: Range, key: str) -> bool:
    return one.after.encode() < key.encode() <= one.until.encode()


async def take_touched(to: Transaction, epoch: int, most: int) -> tuple[int, list[Found]]:
    """Some of the bookings since, and their dossiers."""
    await _still_under_way(to, epoch)
    taken: dict[int, str] = {}
    for note, key in to.ledger.touched.items():
        if len(taken) < most and note not in to.taken and to.try_lock(("touched", note)):
            taken[note] = key
    to.taken.update(taken)

    def change() -> None:
        for note in taken:
            del to.ledger.touched[note]

    to.change(change)
    return len(taken), _found(to, set(taken.values()))


def _found(to: Transaction, keys: Collection[str]) -> list[Found]:
    found = []
    for key in sorted(keys, key=str.encode):
        row, before = to.ledger.rows[key], to.rebooked_of(key)
        if before is None:
            seen, moved = None, None
        elif before.row.version == row.version:
            continue
        else:
            seen, moved = before.row.version, before.row.moved
        found.append(
            Found(
                key=key,
                version=row.version,
                outcome=row.outcome,
                cell=row.cell,
                due_ms=row.due_ms,
                events=row.events,
                booked=row.booked,
                form=0,
                booked_form=0,
                seen=seen,
                moved=moved,
            )
        )
    return found


async def _still_under_way(to: Transaction, epoch: int) -> None:
    await to.lock(("policy", epoch), shared=True)
    if not _is_under_way(to, epoch):
        raise RecomputeEnded


def _is_under_way(to: Transaction, epoch: int) -> bool:
    kept = to.ledger.policies.get(epoch)
    return kept is not None and kept.state == "recomputing"


async def keep(
    to: Transaction, epoch: int, rebooked: Sequence[Rebooked], pending: dict[Entry, int]
) -> None:
    """What was rebooked, and what it moves; `Overtaken` if somebody else has done so."""
    for row in rebooked:
        await to.lock(("rebooked", row.key))
        before = to.rebooked_of(row.key)
        if row.seen is None:
            overtaken = before is not None
        else:
            overtaken = before is None or (before.epoch, before.row.version) != (
                epoch,
                row.seen,
            )
        if overtaken:
            raise Overtaken
        to.rebook(epoch, row)
    to.pend(pending)


async def prepare_switch(to: Transaction, epoch: int) -> None:
    """Keep whoever rebooks away, and append what they have left."""
    ledger = to.ledger
    await to.lock(("policy", epoch))
    if not _is_under_way(to, epoch):
        raise RecomputeEnded
    if left := sum(not one.done for one in ledger.ranges.values()):
        raise RangesLeft(f"{left} ranges are not rebooked")
    _append(to, list(ledger.pending))


async def hold_bookings(to: Transaction) -> None:
    """Wait for those under way; no other begins."""
    await to.lock(POLICY)


async def activate(to: Transaction, epoch: int) -> None:
    """Append what the last bookings moved; the policy rules from the commit on."""
    _append(to, to.pending)

    def change() -> None:
        for kept in to.ledger.policies.values():
            if kept.state == "active":
                kept.state = "past"
        to.ledger.policies[epoch].state = "active"

    to.change(change)


def _append(to: Transaction, pending: Iterable[dict[Entry, int]]) -> None:
    ledger = to.ledger
    moved: dict[Entry, int] = {}
    for entries in pending:
        for entry, amount in entries.items():
            moved[entry] = moved.get(entry, 0) + amount
    shown: dict[TotalKey, int] = {}
    for (measure, number, _, slot), amount in moved.items():
        if measure in SHOWN:
            cell = ledger.cells_now[number]
            channel, level = (0, 0) if measure in CONSUMED_BINS else (cell.channel, cell.level)
            total = TotalKey(measure, level1(cell.agency), channel, level, slot, CLASS)
            shown[total] = shown.get(total, 0) + amount

    def change() -> None:
        for entry, amount in moved.items():
            ledger.journal[*entry, CLASS] += amount
        for total, amount in shown.items():
            credit, debit = ledger.totals.get((RECOMPUTE_SHARD, total), (0, 0))
            sides = credit + max(amount, 0), debit - min(amount, 0)
            ledger.totals[RECOMPUTE_SHARD, total] = sides

    to.change(change)


async def abandon(to: Transaction) -> int | None:
    """End the recompute under way without a switch."""
    kept = to.ledger.recomputing()
    if kept is None:
        return None
    await to.lock(("policy", kept.epoch))
    if kept.state != "recomputing":
        return None

    def change() -> None:
        kept.state = "abandoned"

    to.change(change)
    return kept.epoch


async def merge(to: Transaction, after: str, dossiers: int) -> str | None:
    """Put the next rebooked dossiers into their rows; the last key."""
    ledger = to.ledger
    left = [key for key in ledger.rebooked if key.encode() > after.encode()]
    keys = sorted(left, key=str.encode)[:dossiers]
    for key in keys:
        await to.lock(key)

    def change() -> None:
        for key in keys:
            ledger.merge(key)

    to.change(change)
    return keys[-1] if keys else None


async def clear(to: Transaction) -> None:
    """Empty what served the recompute alone."""
    to.change(lambda: _empty(to))


# -- transactions ---------------------------------------------------------------------------------


async def commit(to: Transaction) -> None:
    to.commit()


async def rebook_range(ask: Ask, epoch: int, rebook: Rebook) -> int | None:
    """As `monitor.ledger.recompute.rebook_range`."""
    taken = await ask("take range", lambda to: take_range(to, epoch))
    if taken is None:
        await ask("commit range", commit)
        return None
    dossiers, rows = taken
    rebooked, pending = await rebook(rows)
    await ask("keep", lambda to: keep(to, epoch, rebooked, pending))
    await ask("commit range", commit)
    return dossiers


async def rebook_touched(ask: Ask, epoch: int, rebook: Rebook, most: int = 500) -> int:
    """As `monitor.ledger.recompute.rebook_touched`."""
    followed = await _follow(ask, epoch, rebook, most)
    await ask("commit touched", commit)
    return followed


async def _follow(ask: Ask, epoch: int, rebook: Rebook, most: int) -> int:
    followed, rows = await ask("take touched", lambda to: take_touched(to, epoch, most))
    if followed:
        rebooked, pending = await rebook(rows)
        await ask("keep", lambda to: keep(to, epoch, rebooked, pending))
    return followed


async def switch(ask: Ask, epoch: int, rebook: Rebook, most: int = 500) -> None:
    """As `monitor.ledger.recompute.switch`, up to the commit."""
    await ask("prepare switch", lambda to: prepare_switch(to, epoch))
    await ask("hold bookings", hold_bookings)
    while await _follow(ask, epoch, rebook, most):
        pass
    await ask("activate", lambda to: activate(to, epoch))
