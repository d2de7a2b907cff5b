"""The sheet of one unit: what dossiers post less what they have booked, summed by account."""

from collections.abc import Mapping

from agents.shelf import Dossier
from monitor.domain.codes import level1
from monitor.domain.measures import CONSUMED_BINS, SHOWN
from monitor.domain.view import Cell
from monitor.ledger.packing import pack_entries
from monitor.ledger.unit import BookingClass, Entry, Line, TotalKey

# Of what is shown, by entry and class: what is added to it, or taken from it.
Side = dict[Line, int]


class Sheet:
    """Differences for the journal and the totals that are shown."""

    def __init__(self, cells: Mapping[int, Cell]) -> None:
        self._cells = cells
        # By account what it moves by; 0 where what came has gone again.
        self.journal: dict[Line, int] = {}
        self._added: Side = {}
        self._taken: Side = {}

    def book(
        self,
        dossier: Dossier,
        booked: Mapping[Entry, int],
        new: Mapping[Entry, int],
        booking_class: BookingClass,
    ) -> None:
        """Book the difference to what is booked, never to a recomputed old view, and note it."""
        dossier.version += 1
        if booked == new:
            return
        dossier.booked = pack_entries(new)
        number = int(booking_class)
        for entry, amount in new.items():
            if entry in booked:
                amount -= booked[entry]  # noqa: PLW2901 - what is left of it
            if amount:
                self._move(entry, amount, number)
        for entry, amount in booked.items():
            if entry not in new:
                self._move(entry, -amount, number)

    def _move(self, entry: Entry, amount: int, booking_class: int) -> None:
        measure, cell, day, slot = entry
        line = (measure, cell, day, slot, booking_class)
        journal = self.journal
        journal[line] = journal.get(line, 0) + amount
        if measure in SHOWN:
            side = self._added if amount > 0 else self._taken
            side[line] = side.get(line, 0) + amount

    @property
    def totals(self) -> dict[TotalKey, tuple[int, int]]:
        """Credit and debit of every account that is shown."""
        totals: dict[tuple[int, str, int, int, int, int], list[int]] = {}
        places: dict[int, tuple[str, int, int]] = {}
        for which, side in enumerate((self._added, self._taken)):
            for (measure, number, _, slot, booking_class), amount in side.items():
                place = places.get(number)
                if place is None:
                    place = places[number] = self._place(number)
                agency, channel, level = place
                if measure in CONSUMED_BINS:  # shown by agency only (MEASURES.md §7)
                    channel = level = 0
                key = (measure, agency, channel, level, slot, booking_class)
                total = totals.get(key)
                if total is None:
                    total = totals[key] = [0, 0]
                total[which] += abs(amount)
        return {TotalKey(*key): (credit, debit) for key, (credit, debit) in totals.items()}

    def _place(self, number: int) -> tuple[str, int, int]:
        cell = self._cells[number]
        return level1(cell.agency), cell.channel, cell.level
