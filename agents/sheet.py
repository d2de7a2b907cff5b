"""The sheet of one unit: what dossiers post less what they have booked, summed by account."""

from typing import Final

from agents.shelf import Dossier
from monitor.domain.codes import level1
from monitor.domain.measures import CONSUMED_BINS, SHOWN
from monitor.domain.policy import Policy
from monitor.domain.post import Posting, posting
from monitor.domain.view import Cell
from monitor.ledger.packing import pack_entries, unpack_entries
from monitor.ledger.references import reference_of, refers
from monitor.ledger.unit import BookingClass, DossierRow, Entry, Journal, Reference, TotalKey

# Measures that are shown: whether by agency only (MEASURES.md §7).
_BY_AGENCY: Final = {measure: measure in CONSUMED_BINS for measure in SHOWN}

_LIVE: Final = int(BookingClass.LIVE)

# Measure, place, slot, class.
_Shown = tuple[int, int, int, int]
# A dossier whose cells are not all known yet, its class, what it posts, and has booked.
_Waiting = tuple[Dossier, int, Posting, int, dict[Entry, int]]


class Sheet:
    """Takes dossiers one after another; each is posted, compared and packed in one go.

    A dossier that speaks of cells that have no number yet waits until they are asked for.
    """

    def __init__(self, numbers: dict[Cell, int], cells: dict[int, Cell]) -> None:
        self.dossiers: list[DossierRow] = []
        # By account what it moves by; 0 where what came has gone again.
        self.journal: Journal = {}
        self.unnumbered: set[Cell] = set()  # cells of those that wait
        self.unknown: set[int] = set()  # and of what they have booked
        self._numbers = numbers
        self._cells = cells
        self._waiting: list[_Waiting] = []
        self._references: dict[Reference, int] = {}
        self._places: list[tuple[str, int, int]] = []
        self._place_of: dict[tuple[str, int, int], int] = {}
        self._whole: dict[int, int] = {}  # places by cell
        self._agencies: dict[int, int] = {}  # the same, by agency only
        # What is added to an account that is shown, and taken from it.
        self._shown: dict[_Shown, list[int]] = {}
        self._dossier: Dossier | None = None  # the one that is being booked
        # The last one that was put into a bin of the histogram, live, by measure and place.
        self._binned: dict[tuple[int, int], Dossier | None] = {}

    def post(self, dossier: Dossier, policy: Policy, booking_class: int) -> None:
        """Post a dossier, and book it unless it has to wait."""
        made = posting(dossier.view, policy)
        holder = made.cell(dossier.view.holder)
        booked = unpack_entries(dossier.booked) if dossier.booked else {}
        numbers, cells = self._numbers, self._cells
        known: list[int] = []
        for cell in made.cells:
            number = numbers.get(cell)
            if number is None or number not in cells:
                break
            known.append(number)
        waits = len(known) < len(made.cells)
        last = -1
        for entry in booked:
            if entry[1] != last and entry[1] not in cells:
                waits = True
                break
            last = entry[1]
        if waits:
            self.unnumbered.update(made.cells)
            self.unknown.update([entry[1] for entry in booked])
            self._waiting.append((dossier, booking_class, made, holder, booked))
        else:
            self._book(dossier, booking_class, booked, made.entries_at(known), known[holder])

    @property
    def waits(self) -> bool:
        """Whether any dossier waits for cells to be asked for."""
        return bool(self._waiting)

    def book_waiting(self, numbers: dict[Cell, int], cells: dict[int, Cell]) -> None:
        """Book those that waited: all cells asked for are known now."""
        self._numbers, self._cells = numbers, cells
        for dossier, booking_class, made, holder, booked in self._waiting:
            known = [numbers[cell] for cell in made.cells]
            self._book(dossier, booking_class, booked, made.entries_at(known), known[holder])
        self._waiting = []

    def _book(
        self,
        dossier: Dossier,
        booking_class: int,
        booked: dict[Entry, int],
        new: dict[Entry, int],
        holder: int,
    ) -> None:
        """Book the difference to what is booked, never to a recomputed old view, and note it."""
        if booked != new:
            self._dossier = dossier
            dossier.booked = pack_entries(new)
            journal = self.journal.get(booking_class)
            if journal is None:
                journal = self.journal[booking_class] = {}
            for entry, amount in new.items():
                left = amount - booked.get(entry, 0) if booked else amount
                if left:
                    self._move(journal, entry, left, booking_class)
            for entry, amount in booked.items():
                if entry not in new:
                    self._move(journal, entry, -amount, booking_class)
        self.dossiers.append(dossier.next_row(holder))

    def _move(
        self, journal: dict[Entry, int], entry: Entry, amount: int, booking_class: int
    ) -> None:
        measure, cell, day, slot = entry
        if refers(measure):  # kept apart from the journal, and of no class
            to = reference_of(measure, cell, day, slot)
            self._references[to] = self._references.get(to, 0) + amount
            return
        journal[entry] = journal.get(entry, 0) + amount
        by_agency = _BY_AGENCY.get(measure)
        if by_agency is None:
            return
        place = (self._agencies if by_agency else self._whole).get(cell)
        if place is None:
            place = self._find(cell, by_agency)
        if by_agency and amount > 0 and booking_class == _LIVE:
            self._binned[measure, place] = self._dossier
        key = (measure, place, slot, booking_class)
        sides = self._shown.get(key)
        if sides is None:
            sides = self._shown[key] = [0, 0]
        if amount > 0:
            sides[0] += amount
        else:
            sides[1] -= amount

    def _find(self, number: int, by_agency: bool) -> int:
        cell = self._cells[number]
        agency = level1(cell.agency)
        spot = (agency, 0, 0) if by_agency else (agency, cell.channel, cell.level)
        place = self._place_of.get(spot)
        if place is None:
            place = self._place_of[spot] = len(self._places)
            self._places.append(spot)
        (self._agencies if by_agency else self._whole)[number] = place
        return place

    @property
    def binned(self) -> dict[tuple[int, str], Dossier]:
        """Of each bin of the histogram and agency, the last dossier that was put into it."""
        return {
            (measure, self._places[place][0]): dossier
            for (measure, place), dossier in self._binned.items()
            if dossier is not None
        }

    @property
    def references(self) -> dict[Reference, int]:
        """Dossiers more or less of each applicant."""
        return {to: amount for to, amount in self._references.items() if amount}

    @property
    def totals(self) -> dict[TotalKey, tuple[int, int]]:
        """Credit and debit of every account that is shown."""
        totals: dict[TotalKey, tuple[int, int]] = {}
        for (measure, place, slot, booking_class), (added, taken) in self._shown.items():
            agency, channel, level = self._places[place]
            key = TotalKey(measure, agency, channel, level, slot, booking_class)
            totals[key] = (added, taken)
        return totals
