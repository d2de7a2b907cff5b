"""What dossiers book under the policy to come, beside what they have booked."""

from collections.abc import Sequence

from monitor.domain.fold import fold
from monitor.domain.identity import settled
from monitor.domain.policy import Policy
from monitor.domain.post import Entries, post
from monitor.domain.view import Cell, View
from monitor.ledger.ledger import Ledger
from monitor.ledger.packing import pack_entries, unpack_entries
from monitor.ledger.recompute import Found, Rebooked
from monitor.ledger.unit import Entry, outcome_number
from schemas.packed import unpack_events


def posted(events: bytes, policy: Policy) -> tuple[View, Entries]:
    """The view of packed events under a policy, and what it posts."""
    view = fold(settled(unpack_events(events)), policy.portals, policy.repeat_ms)
    return view, post(view, policy)


class Rebooker:
    """Rebooks batches of dossiers under one policy."""

    def __init__(self, ledger: Ledger, policy: Policy) -> None:
        self._ledger = ledger
        self._policy = policy

    async def __call__(self, rows: Sequence[Found]) -> tuple[list[Rebooked], dict[Entry, int]]:
        """What each books now, and the sum of the differences less what was pending of them."""
        views = [posted(row.events, self._policy) if row.events else None for row in rows]
        cells: set[Cell] = set()
        for found in views:
            if found is not None:
                view, entries = found
                cells.update([account.cell for account in entries])
                cells.add(view.cell(view.holder))
        numbers = await self._ledger.number(cells)
        pending: dict[Entry, int] = {}
        rebooked = []
        for row, found in zip(rows, views, strict=True):
            now = Rebooked(
                key=row.key,
                version=row.version,
                seen=row.seen,
                outcome=row.outcome,
                cell=row.cell,
                due_ms=row.due_ms,
                booked=None,
                moved=None,
            )
            if found is not None:  # without events its sums stay as they are
                view, entries = found
                now.outcome = outcome_number(view)
                now.cell = numbers[view.cell(view.holder)]
                now.due_ms = view.due_ms
                books = {
                    (measure, numbers[cell], day, slot): amount
                    for (measure, cell, day, slot), amount in entries.items()
                }
                if moved := difference(books, unpack_entries(row.booked)):
                    now.booked, now.moved = pack_entries(books), pack_entries(moved)
                    _add(pending, moved, 1)
            if row.moved is not None:
                _add(pending, unpack_entries(row.moved), -1)
            rebooked.append(now)
        return rebooked, {entry: amount for entry, amount in pending.items() if amount}


def difference(books: dict[Entry, int], booked: dict[Entry, int]) -> dict[Entry, int]:
    """What is booked now less what was; nothing is 0."""
    if books == booked:
        return {}
    moved = {
        entry: amount - before
        for entry, amount in books.items()
        if amount != (before := booked.get(entry, 0))
    }
    moved.update({entry: -amount for entry, amount in booked.items() if entry not in books})
    return moved


def _add(sums: dict[Entry, int], moved: dict[Entry, int], sign: int) -> None:
    for entry, amount in moved.items():
        sums[entry] = sums.get(entry, 0) + sign * amount
