"""The sheet of one unit: what dossiers post less what they have booked, summed by account."""

from collections.abc import Mapping

from agents.shelf import Dossier
from monitor.domain.codes import level1
from monitor.domain.measures import CONSUMED_BINS, SHOWN
from monitor.domain.view import Cell
from monitor.ledger.packing import pack_entries
from monitor.ledger.unit import BookingClass, Entry, Line, TotalKey

Side = dict[Entry, int]


class Sheet:
    """Differences for the journal and the totals that are shown."""

    def __init__(self, cells: Mapping[int, Cell]) -> None:
        self._cells = cells
        # What is added to accounts and what is taken from them, of each class.
        self._sides: dict[BookingClass, tuple[Side, Side]] = {
            each: ({}, {}) for each in BookingClass
        }

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
        added, taken = self._sides[booking_class]
        for entry, amount in new.items():
            if entry in booked:
                amount -= booked[entry]  # noqa: PLW2901 - what is left of it
            if amount > 0:
                added[entry] = added.get(entry, 0) + amount
            elif amount:
                taken[entry] = taken.get(entry, 0) + amount
        for entry, amount in booked.items():
            if entry not in new:
                side = taken if amount > 0 else added
                side[entry] = side.get(entry, 0) - amount

    @property
    def journal(self) -> dict[Line, int]:
        """What each account moves by; those that end where they began are left out."""
        journal: dict[Line, int] = {}
        for booking_class, (added, taken) in self._sides.items():
            number = int(booking_class)
            for entry, amount in added.items():
                if entry not in taken:
                    journal[*entry, number] = amount
                elif net := amount + taken[entry]:
                    journal[*entry, number] = net
            for entry, amount in taken.items():
                if entry not in added:
                    journal[*entry, number] = amount
        return journal

    @property
    def totals(self) -> dict[TotalKey, tuple[int, int]]:
        """Credit and debit of every account that is shown."""
        totals: dict[tuple[int, str, int, int, int, int], list[int]] = {}
        places: dict[int, tuple[str, int, int]] = {}
        for booking_class, sides in self._sides.items():
            for which, side in enumerate(sides):
                for (measure, number, _, slot), amount in side.items():
                    if measure not in SHOWN:
                        continue
                    place = places.get(number)
                    if place is None:
                        place = places[number] = self._place(number)
                    agency, channel, level = place
                    if measure in CONSUMED_BINS:  # shown by agency only (MEASURES.md §7)
                        channel = level = 0
                    key = (measure, agency, channel, level, slot, int(booking_class))
                    total = totals.get(key)
                    if total is None:
                        total = totals[key] = [0, 0]
                    total[which] += abs(amount)
        return {TotalKey(*key): (credit, debit) for key, (credit, debit) in totals.items()}

    def _place(self, number: int) -> tuple[str, int, int]:
        cell = self._cells[number]
        return level1(cell.agency), cell.channel, cell.level
