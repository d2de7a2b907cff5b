"""The agent of `emc.dossiers`: hears events, folds them, and books what they move.

What is done with the records; how they are read and booked exactly once is `agents.desk`.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import ClassVar, Final, Protocol

from agents import desk
from agents.batch import Batch, Record
from agents.desk import Claim, Desk, Log, Turns, fault
from agents.diversion import Watch
from agents.health import WorkerHealth
from agents.quarantine import Quarantine
from agents.sheet import Sheet
from agents.shelf import Dossier
from agents.standing import Standing
from monitor.domain.fold import effective_ms
from monitor.domain.identity import Repeat
from monitor.domain.measures import Tally
from monitor.domain.policy import Policy
from monitor.domain.post import Posting, posting
from monitor.domain.view import Cell
from monitor.ledger.forms import RETIRED
from monitor.ledger.packing import unpack_entries
from monitor.ledger.references import take_references
from monitor.ledger.unit import (
    BookingClass,
    DossierRow,
    Entry,
    TallyKey,
    Unit,
    outcome_number,
)
from schemas.decode import Decoder, sender
from schemas.event import Canonical
from schemas.refusal import Reason, Refused

LATE_MS: Final = 3_600_000

# Members of an enumeration looked up once: each look costs as much as a call.
LIVE, LATE, BACKFILL = BookingClass.LIVE, BookingClass.LATE, BookingClass.BACKFILL


class Ledger(desk.Ledger, Protocol):
    """What this desk asks of the ledger besides."""

    async def load(self, keys: Collection[str]) -> Mapping[str, DossierRow]: ...
    async def number(self, cells: Collection[Cell]) -> Mapping[Cell, int]: ...
    async def cells(self, numbers: Collection[int]) -> Mapping[int, Cell]: ...


class DossierDesk(Desk):
    """Where events become bookings. One a worker."""

    name: ClassVar[str] = "emc.dossiers"
    _ledger: Ledger

    def __init__(
        self,
        *,
        ledger: Ledger,
        log: Log,
        claim: Claim,
        decoder: Decoder[Canonical],
        policy: Policy,
        quarantine: Quarantine,
        health: WorkerHealth,
        now_ms: Callable[[], int],
        at_hand: int = 200_000,
        standing: Callable[[], Awaitable[Standing]] | None = None,
        diversion: Watch | None = None,
    ) -> None:
        super().__init__(
            ledger=ledger,
            log=log,
            claim=claim,
            quarantine=quarantine,
            health=health,
            now_ms=now_ms,
            diversion=diversion,
        )
        self._decode = decoder.decode
        self._policy = policy
        self._epoch = 0
        self._standing = standing
        self._at_hand = at_hand
        self._shelf: OrderedDict[str, Dossier] = OrderedDict()
        self._late_before_ms = 0  # as of the batch in hand

    def _clear_unit(self) -> None:
        super()._clear_unit()
        self._touched: dict[str, BookingClass] = {}
        self._counted: Counter[str] = Counter()
        self._restated: Counter[str] = (
            Counter()
        )  # of those counted: other content, known identity
        self._duplicates: Counter[str] = Counter()

    def _forget(self) -> None:
        super()._forget()
        self._shelf.clear()

    async def _prepare(self) -> None:
        """Book under the policy that is active now; before anything more is folded."""
        if self._standing is not None:
            standing = await self._standing()
            self._epoch, self._policy = standing.epoch, standing.policy

    # -- folding ---------------------------------------------------------------------------

    async def _fold(self, batch: Batch, begin: int) -> None:
        told = await self._decoded(batch, begin)
        if awaited := told.keys() - self._shelf.keys():
            for key in await self._fetch(awaited):
                for event, record in told.pop(key):
                    self._refuse(_past_retention(event), batch.partition, record)
        self._late_before_ms = self._now_ms() - LATE_MS
        turns = Turns()
        for key, said in told.items():
            dossier = self._shelf[key]
            self._shelf.move_to_end(key)
            for event, record in said:
                try:
                    self._hear(key, dossier, event)
                except Exception as error:  # noqa: BLE001 - a fault of ours in one record must not stop the rest
                    refused = fault(event.source, event.id, error)
                    self._refuse(refused, batch.partition, record)
            if turns.over():
                await asyncio.sleep(0)

    async def _decoded(
        self, batch: Batch, begin: int
    ) -> dict[str, list[tuple[Canonical, Record]]]:
        """What the records from an offset on say, by dossier, in order within each.

        A dossier's parts are then fetched from memory once a batch, not once an event.
        """
        told: dict[str, list[tuple[Canonical, Record]]] = {}
        decode = self._decode
        event: Canonical | Refused
        turns = Turns()
        for record in batch.records:
            if record.offset < begin:
                continue
            value, headers = record.value, record.headers
            try:
                event = decode(value, headers=headers, record_time_ms=record.timestamp)
            except Exception as error:  # noqa: BLE001 - a fault of ours in one record must not stop the rest
                event = fault(*sender(value or b"", headers), error)
            if isinstance(event, Refused):
                self._refuse(event, batch.partition, record)
            elif (said := told.get(event.dossier)) is None:
                told[event.dossier] = [(event, record)]
            else:
                said.append((event, record))
            if turns.over():
                await asyncio.sleep(0)
        return told

    async def _fetch(self, keys: Collection[str]) -> set[str]:
        """Bring dossiers to hand: one query for all. Those that are retired are only named."""
        rows = await self._ledger.load(keys)
        portals, repeat_ms = self._policy.portals, self._policy.repeat_ms
        retired: set[str] = set()
        turns = Turns()
        for key in keys:
            row = rows.get(key)
            if row is None:
                self._shelf[key] = Dossier(key, portals=portals, repeat_ms=repeat_ms)
            elif row.form == RETIRED:
                retired.add(key)
            else:
                self._shelf[key] = Dossier.on_record(row, portals, repeat_ms)
            if turns.over():
                await asyncio.sleep(0)
        return retired

    def _hear(self, key: str, dossier: Dossier, event: Canonical) -> None:
        before = dossier.events
        try:
            found = dossier.hear(event)
        except Exception:
            dossier.restore(before)
            raise
        if found is None:
            self._counted[event.source] += 1
        elif found is Repeat.DUPLICATE:
            self._duplicates[event.source] += 1
            return
        elif found is Repeat.EARLIER:
            self._duplicates[event.source] += 1
        else:
            self._counted[event.source] += 1
            self._restated[event.source] += 1
        if event.backfill:
            booking_class = BACKFILL
        elif effective_ms(event) < self._late_before_ms:
            booking_class = LATE
        else:
            booking_class = LIVE
        if self._touched.get(key, -1) < booking_class:
            self._touched[key] = booking_class

    def _accepted(self) -> Iterable[Mapping[str, int]]:
        return self._counted, self._duplicates

    # -- sealing ---------------------------------------------------------------------------

    async def _seal(self) -> Unit:
        """The open unit as the ledger takes it. Dossiers at hand then count as booked."""
        posted: list[tuple[Dossier, BookingClass, Posting, int, dict[Entry, int]]] = []
        cells: set[Cell] = set()
        seen: set[int] = set()
        turns = Turns()
        for key, booking_class in self._touched.items():
            dossier = self._shelf[key]
            made = posting(dossier.view, self._policy)
            holder = made.cell(dossier.view.holder)
            cells.update(made.cells)
            booked = unpack_entries(dossier.booked) if dossier.booked else {}
            seen.update([cell for _, cell, _, _ in booked])
            posted.append((dossier, booking_class, made, holder, booked))
            if turns.over():
                await asyncio.sleep(0)
        numbers = await self._ledger.number(cells)
        seen.update([numbers[cell] for cell in cells])
        sheet = Sheet(await self._ledger.cells(seen))
        rows = []
        for dossier, booking_class, made, holder, booked in posted:
            sheet.book(dossier, booked, made.numbered(numbers), booking_class)
            rows.append(_row(dossier, numbers[made.cells[holder]]))
            if turns.over():
                await asyncio.sleep(0)
        self._put_away()
        journal = sheet.journal
        return Unit(
            epoch=self._epoch,
            dossiers=rows,
            references=take_references(journal),
            journal=journal,
            totals=sheet.totals,
            tallies=self._tallies(),
        )

    def _put_away(self) -> None:
        """Keep so many dossiers at hand, the last heard of; of this unit all, until it is booked.

        One that is loaded again before its booking is in the ledger would come without it.
        """
        while len(self._shelf) > self._at_hand:
            key = next(iter(self._shelf))
            if key in self._touched:  # touched ones are last in order
                return
            del self._shelf[key]

    def _tallies(self) -> dict[TallyKey, int]:
        tallies: dict[TallyKey, int] = {}
        for source, amount in self._counted.items():
            restated = self._restated[source]
            tallies[TallyKey(Tally.COUNTED, source, "")] = amount - restated
            if restated:
                tallies[TallyKey(Tally.COUNTED, source, "restated")] = restated
        for source, amount in self._duplicates.items():
            tallies[TallyKey(Tally.DUPLICATE, source, "")] = amount
        return tallies

    def _report(self, unit: Unit, records: int) -> None:
        super()._report(unit, records)
        self._health.at_hand.set(len(self._shelf))


def _row(dossier: Dossier, cell: int) -> DossierRow:
    """The dossier's row; the cell is the holder's, as what is posted has it."""
    view = dossier.view
    return DossierRow(
        key=dossier.key,
        version=dossier.version,
        outcome=outcome_number(view),
        cell=cell,
        due_ms=view.due_ms,
        events=dossier.events,
        booked=dossier.booked,
    )


def _past_retention(event: Canonical) -> Refused:
    return Refused(Reason.RETIRED, "the dossier is past retention", event.source, event.id)
