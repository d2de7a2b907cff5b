"""The sheet of one unit: what dossiers post less what they have booked, summed by account."""

from collections.abc import Mapping

from agents.shelf import Dossier
from monitor.domain.codes import level1
from monitor.domain.measures import CONSUMED_BINS, SHOWN
from monitor.domain.post import Posting
from monitor.domain.view import Cell
from monitor.ledger.packing import pack_entries, unpack_entries
from monitor.ledger.unit import BookingClass, Entry, Line, TotalKey


class Sheet:
    """Differences for the journal and the totals that are shown."""

    def __init__(self, numbers: Mapping[Cell, int], cells: Mapping[int, Cell]) -> None:
        self._numbers = numbers
        self._cells = cells
        self._shown_at: dict[int, tuple[str, int, int]] = {}
        self._totals: dict[tuple[int, str, int, int, int, int], list[int]] = {}
        self.journal: dict[Line, int] = {}

    def book(self, dossier: Dossier, posting: Posting, booking_class: BookingClass) -> None:
        """Book the difference, never against a recomputed old view, and note it as booked."""
        new = posting.numbered(self._numbers)
        booked = unpack_entries(dossier.booked)
        dossier.version += 1
        if booked == new:
            return
        dossier.booked = pack_entries(new)
        known = booked.get
        for entry, amount in new.items():
            if difference := amount - known(entry, 0):
                self._move(entry, difference, booking_class)
        for entry, amount in booked.items():
            if entry not in new:
                self._move(entry, -amount, booking_class)

    def _move(self, entry: Entry, difference: int, booking_class: BookingClass) -> None:
        measure, number, day, slot = entry
        line = (measure, number, day, slot, booking_class)
        journal = self.journal
        journal[line] = journal.get(line, 0) + difference
        if measure not in SHOWN:
            return

        shown_at = self._shown_at.get(number)
        if shown_at is None:
            cell = self._cells[number]
            shown_at = level1(cell.agency), cell.channel, cell.level
            self._shown_at[number] = shown_at
        agency, channel, level = shown_at
        if measure in CONSUMED_BINS:  # shown by agency only (MEASURES.md §7)
            channel = level = 0
        key = (measure, agency, channel, level, slot, booking_class)
        total = self._totals.get(key)
        if total is None:
            total = self._totals[key] = [0, 0]
        if difference > 0:
            total[0] += difference
        else:
            total[1] -= difference

    @property
    def totals(self) -> dict[TotalKey, tuple[int, int]]:
        """Credit and debit of every account that is shown."""
        return {
            TotalKey(*key): (credit, debit) for key, (credit, debit) in self._totals.items()
        }
