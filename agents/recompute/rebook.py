"""What dossiers book under the policy to come, beside what they have booked."""

from collections.abc import Sequence

from agents.subjects import stand
from monitor.domain.policy import Policy
from monitor.domain.view import Cell
from monitor.ledger.ledger import Ledger
from monitor.ledger.packing import pack_entries, unpack_entries
from monitor.ledger.recompute import Found, Rebooked
from monitor.ledger.unit import Entry


class Rebooker:
    """Rebooks batches of dossiers under one policy."""

    def __init__(self, ledger: Ledger, policy: Policy) -> None:
        self._ledger = ledger
        self._policy = policy

    async def __call__(self, rows: Sequence[Found]) -> tuple[list[Rebooked], dict[Entry, int]]:
        """What each books now, and the sum of the differences less what was pending of them."""
        stands = [
            stand(row.key, row.events, self._policy) if row.events else None for row in rows
        ]
        cells: set[Cell] = set()
        for found in stands:
            if found is not None:
                cells.update([account.cell for account in found.entries])
                cells.add(found.cell)
        numbers = await self._ledger.number(cells)
        pending: dict[Entry, int] = {}
        rebooked = []
        for row, found in zip(rows, stands, strict=True):
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
                now.outcome = found.outcome
                now.cell = numbers[found.cell]
                now.due_ms = found.due_ms
                books = {
                    (measure, numbers[cell], day, slot): amount
                    for (measure, cell, day, slot), amount in found.entries.items()
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
