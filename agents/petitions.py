"""The agent of `emc.petitions`: hears of petitions, folds them, and books what they move.

What is done with the records; how they are read and booked exactly once is `agents.desk`. There
is one petition to some hundreds of dossiers, so that each is folded anew with whatever is heard.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol

from agents import desk
from agents.batch import Batch, Record
from agents.desk import Claim, Desk, Log, Turns, fault
from agents.diversion import Watch
from agents.health import WorkerHealth
from agents.quarantine import Quarantine
from agents.recompute.rebook import difference
from agents.standing import Standing
from agents.subjects import petition_stand, unpack_petition
from monitor.domain.activity import HOUR_MS, Counted, note_sign
from monitor.domain.identity import Repeat
from monitor.domain.petition import effective_ms, repeat, settled
from monitor.domain.policy import Policy
from monitor.domain.view import Cell
from monitor.ledger import connections
from monitor.ledger.packing import pack_entries, unpack_entries
from monitor.ledger.subjects import petition_key
from monitor.ledger.unit import BookingClass, DossierRow, Journal, Sent, TallyKey, Unit
from schemas.decode import Decoder, sender
from schemas.event import Petition
from schemas.packed import pack_events
from schemas.refusal import Refused

PETITIONS: Final = (
    "petitions"  # a tally of its own: what else is counted are events of dossiers
)
LATE_MS: Final = 3_600_000
AT_HAND: Final = 20_000  # petitions, of which no more are open in a province


class Ledger(desk.Ledger, Protocol):
    """What this desk asks of the ledger besides."""

    async def load(self, keys: Collection[str]) -> Mapping[str, DossierRow]: ...
    async def number(self, cells: Collection[Cell]) -> dict[Cell, int]: ...
    async def book(
        self, unit: Unit, also: Callable[[Any], Awaitable[None]] | None = None
    ) -> None: ...


@dataclass(slots=True)
class File:
    """One petition as this worker knows it."""

    key: str  # of its row
    version: int = 0
    events: list[Petition] = field(default_factory=list)
    booked: bytes = b""

    @classmethod
    def on_record(cls, row: DossierRow) -> "File":
        return cls(row.key, row.version, list(unpack_petition(row.events)), row.booked)

    def hear(self, event: Petition) -> Repeat | None:
        """Take an event in. None: it is new; otherwise how it relates to what was known.

        Every content of an identity is kept, also one that is overruled: heard again it is a
        duplicate.
        """
        said = [one for one in self.events if (one.source, one.id) == (event.source, event.id)]
        for known in said:
            found = repeat(known, event)
            if found is Repeat.EARLIER:
                self.events[self.events.index(known)] = event
            if found in (Repeat.EARLIER, Repeat.DUPLICATE):
                return found
        self.events.append(event)
        if not said:
            return None
        [stands] = settled(said)
        return repeat(stands, event)


class PetitionDesk(Desk):
    """Where events of petitions become bookings. One a worker."""

    name: ClassVar[str] = "emc.petitions"
    _ledger: Ledger

    def __init__(
        self,
        *,
        ledger: Ledger,
        log: Log,
        claim: Claim,
        decoder: Decoder[Petition],
        policy: Policy,
        quarantine: Quarantine,
        health: WorkerHealth,
        now_ms: Callable[[], int],
        at_hand: int = AT_HAND,
        standing: Callable[[], Awaitable[Standing]] | None = None,
        diversion: Watch | None = None,
    ) -> None:
        self._decode = decoder.decode
        self._policy = policy
        self._epoch = 0
        self._standing = standing
        self._at_hand = at_hand
        self._files: OrderedDict[str, File] = OrderedDict()
        self._touched_before: Mapping[str, BookingClass] = {}  # by the unit sealed last
        self._sealed_signs = Counted()
        super().__init__(
            ledger=ledger,
            log=log,
            claim=claim,
            quarantine=quarantine,
            health=health,
            now_ms=now_ms,
            diversion=diversion,
        )

    def _clear_unit(self) -> None:
        super()._clear_unit()
        self._touched: dict[str, BookingClass] = {}
        self._counted: Counter[str] = Counter()
        # For the health of connections: what shows that a source lives, and what it sent before.
        self._signs = Counted()
        self._repeats: Counter[tuple[str, int]] = Counter()

    def _forget(self) -> None:
        super()._forget()
        self._files.clear()

    async def _prepare(self) -> None:
        """Book under the policy that is active now; before anything more is folded."""
        if self._standing is not None:
            standing = await self._standing()
            self._epoch, self._policy = standing.epoch, standing.policy

    # -- folding ---------------------------------------------------------------------------

    async def _fold(self, batch: Batch, begin: int) -> None:
        heard: list[tuple[Petition, Record]] = []
        event: Petition | Refused
        turns = Turns()
        for record in batch.records:
            if record.offset < begin:
                continue
            value, headers = record.value, record.headers
            try:
                event = self._decode(value, headers=headers, record_time_ms=record.timestamp)
            except Exception as error:  # noqa: BLE001 - a fault of ours in one record must not stop the rest
                event = fault(*sender(value or b"", headers), error)
            if isinstance(event, Refused):
                self._refuse(event, batch.partition, record)
            else:
                heard.append((event, record))
            if turns.over():
                await asyncio.sleep(0)
        await self._fetch({petition_key(event.petition) for event, _ in heard})
        late_before_ms = self._now_ms() - LATE_MS
        for event, record in heard:
            try:
                self._hear(event, late_before_ms)
            except Exception as error:  # noqa: BLE001 - as above
                self._refuse(fault(event.source, event.id, error), batch.partition, record)
            if turns.over():
                await asyncio.sleep(0)

    async def _fetch(self, keys: Collection[str]) -> None:
        missing = [key for key in keys if key not in self._files]
        rows = await self._ledger.load(missing) if missing else {}
        for key in missing:
            row = rows.get(key)
            self._files[key] = File(key) if row is None else File.on_record(row)

    def _hear(self, event: Petition, late_before_ms: int) -> None:
        """Have its petition take an event in; one that cannot be measured leaves it as it was."""
        file = self._files[petition_key(event.petition)]
        known = file.events.copy()
        try:
            found = file.hear(event)
            petition_stand(file.events, self._policy)
        except Exception:
            file.events = known
            raise
        self._counted[event.source] += 1
        self._files.move_to_end(file.key)
        if found in (Repeat.DUPLICATE, Repeat.EARLIER):
            self._repeats[event.source, event.arrival_ms // HOUR_MS] += 1
        elif found is not Repeat.OVERRULED and not event.backfill:
            note_sign(self._signs, event.source, event.arrival_ms, event.claimed_ms)
        if found is Repeat.DUPLICATE:
            return
        if event.backfill:
            booking_class = BookingClass.BACKFILL
        elif effective_ms(event) < late_before_ms:
            booking_class = BookingClass.LATE
        else:
            booking_class = BookingClass.LIVE
        self._touched[file.key] = max(booking_class, self._touched.get(file.key, booking_class))

    def _accepted(self) -> Iterable[Mapping[str, int]]:
        return (self._counted,)

    # -- sealing ---------------------------------------------------------------------------

    async def _seal(self) -> Unit:
        """The open unit as the ledger takes it. Petitions at hand then count as booked."""
        stands = {
            key: petition_stand(self._files[key].events, self._policy) for key in self._touched
        }
        cells = {account.cell for stand in stands.values() for account in stand.entries}
        numbers = await self._ledger.number(cells | {stand.cell for stand in stands.values()})
        journal: Journal = {}
        rows = []
        for key, stand in stands.items():
            file = self._files[key]
            books = {
                (measure, numbers[cell], day, slot): amount
                for (measure, cell, day, slot), amount in stand.entries.items()
            }
            moved = journal.setdefault(self._touched[key], {})
            booked = unpack_entries(file.booked) if file.booked else {}
            # Against what is booked, never against a recomputed old view.
            for entry, amount in difference(books, booked).items():
                moved[entry] = moved.get(entry, 0) + amount
            file.version += 1
            file.booked = pack_entries(books)
            rows.append(
                DossierRow(
                    key,
                    file.version,
                    stand.outcome,
                    numbers[stand.cell],
                    stand.due_ms,
                    pack_events(file.events),
                    file.booked,
                )
            )
        self._put_away()
        self._sealed_signs = self._signs
        return Unit(
            epoch=self._epoch,
            dossiers=rows,
            journal=journal,
            tallies={
                TallyKey(PETITIONS, source, ""): number
                for source, number in self._counted.items()
            },
            sent=Sent(repeats=self._repeats),
        )

    async def _store(self, unit: Unit) -> None:
        signs = self._sealed_signs

        async def also(connection: Any) -> None:
            await connections.add(connection, signs)

        await self._ledger.book(unit, also)

    def _put_away(self) -> None:
        """Keep so many petitions at hand; all that are not yet in the ledger.

        One that is loaded again before its booking is in the ledger would come without it: of
        this unit and of the one before it, which may still be under way.
        """
        touched, before = self._touched, self._touched_before
        self._touched_before = touched
        for key in list(self._files):
            if len(self._files) <= self._at_hand:
                return
            if key not in touched and key not in before:
                del self._files[key]
