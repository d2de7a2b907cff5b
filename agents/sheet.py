"""The sheet of one unit: what dossiers post less what they have booked, summed by account."""

from collections.abc import Mapping

from agents.shelf import Dossier
from monitor.domain.codes import level1
from monitor.domain.measures import CONSUMED_BINS, SHOWN
from monitor.domain.post import Entries
from monitor.domain.view import Cell
from monitor.ledger.unit import BookingClass, Entry, Line, TotalKey


class Sheet:
    """Differences for the journal and the totals that are shown."""

    def __init__(self, numbers: Mapping[Cell, int], cells: Mapping[int, Cell]) -> None:
        self._numbers = numbers
        self._cells = cells
        self._totals: dict[TotalKey, list[int]] = {}
        self.journal: dict[Line, int] = {}

    def book(self, dossier: Dossier, entries: Entries, booking_class: BookingClass) -> None:
        """Book the difference, never against a recomputed old view, and note it as booked."""
        numbers = self._numbers
        new = {
            Entry(account.measure, numbers[account.cell], account.day, account.slot): amount
            for account, amount in entries.items()
        }
        booked = dossier.booked
        dossier.booked = new
        dossier.version += 1
        if booked == new:
            return
        for entry, amount in new.items():
            if difference := amount - booked.get(entry, 0):
                self._move(entry, difference, booking_class)
        for entry, amount in booked.items():
            if entry not in new:
                self._move(entry, -amount, booking_class)

    def _move(self, entry: Entry, difference: int, booking_class: BookingClass) -> None:
        line = Line(*entry, booking_class)
        self.journal[line] = self.journal.get(line, 0) + difference
        if entry.measure not in SHOWN:
            return
        cell = self._cells[entry.cell]
        # Histograms are shown by agency only (MEASURES.md §7).
        binned = entry.measure in CONSUMED_BINS
        key = TotalKey(
            entry.measure,
            level1(cell.agency),
            0 if binned else cell.channel,
            0 if binned else cell.level,
            entry.slot,
            booking_class,
        )
        total = self._totals.setdefault(key, [0, 0])
        if difference > 0:
            total[0] += difference
        else:
            total[1] -= difference

    @property
    def totals(self) -> dict[TotalKey, tuple[int, int]]:
        """Credit and debit of every account that is shown."""
        return {key: (credit, debit) for key, (credit, debit) in self._totals.items()}
