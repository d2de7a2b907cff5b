"""The agent of `emc.dossiers`: hears events, folds them, and books what they move.

What is done with the records; how they are read and booked exactly once is `agents.desk`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import ClassVar, Final, Protocol

from agents import desk
from agents.batch import Batch
from agents.desk import Claim, Desk, Log, Turns, fault
from agents.diversion import Watch
from agents.health import WorkerHealth
from agents.hearing import RUN, Hearing, Told, tell
from agents.quarantine import Quarantine
from agents.sheet import Sheet
from agents.shelf import Dossier
from agents.standing import Standing
from monitor.domain.measures import Tally
from monitor.domain.policy import Policy
from monitor.domain.view import Cell
from monitor.ledger.forms import RETIRED
from monitor.ledger.unit import DossierRow, Partition, TallyKey, Unit
from schemas.decode import Decoder, sender
from schemas.event import Canonical
from schemas.refusal import Reason, Refused

LATE_MS: Final = 3_600_000


class Ledger(desk.Ledger, Protocol):
    """What this desk asks of the ledger besides."""

    async def load(self, keys: Collection[str]) -> Mapping[str, DossierRow]: ...
    async def number(self, cells: Collection[Cell]) -> dict[Cell, int]: ...
    async def cells(self, numbers: Collection[int]) -> dict[int, Cell]: ...


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
        self._touched_before: Mapping[str, int] = {}  # by the unit that was sealed last

    def _clear_unit(self) -> None:
        super()._clear_unit()
        self._hearing = Hearing()

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
        told: Told = {}
        fetching: list[asyncio.Task[set[str]]] = []
        try:
            awaited = await self._tell(told, batch, begin, fetching)
            # While the last of the others are on their way, what is at hand is heard.
            at_hand = [key for key in told if key not in awaited]
            await self._hear(told, at_hand, batch.partition)
            for retired in await asyncio.gather(*fetching):
                for key in retired:
                    said = told.pop(key)
                    for event, record in zip(said[::2], said[1::2], strict=True):
                        self._refuse(_past_retention(event), batch.partition, record)
            fetched = [key for key in told if key in awaited]
            await self._hear(told, fetched, batch.partition)
        except BaseException:
            for task in fetching:
                task.cancel()
            await asyncio.gather(*fetching, return_exceptions=True)
            raise

    async def _tell(
        self, told: Told, batch: Batch, begin: int, fetching: list[asyncio.Task[set[str]]]
    ) -> set[str]:
        """Decode a batch from an offset on, and send for dossiers that are not at hand: which."""
        records = batch.records
        if records[0].offset < begin:
            records = [record for record in records if record.offset >= begin]
        awaited: set[str] = set()

        def fetch() -> None:
            missing = told.keys() - self._shelf.keys() - awaited
            if missing:
                awaited.update(missing)
                fetching.append(asyncio.create_task(self._fetch(missing)))

        turns = Turns()
        for start in range(0, len(records), RUN):
            refusals = tell(told, records[start : start + RUN], self._decode)
            for why, record in refusals or ():
                refused = why
                if isinstance(refused, Exception):
                    sent_by = sender(record.value or b"", record.headers)
                    refused = fault(*sent_by, refused)
                self._refuse(refused, batch.partition, record)
            if turns.over():
                await asyncio.sleep(0)
                # One query at a time: bookings need a connection too.
                if not fetching or fetching[-1].done():
                    fetch()
        fetch()
        return awaited

    async def _hear(self, told: Told, keys: Iterable[str], partition: Partition) -> None:
        """Have these dossiers take in what was said of them."""
        late_before_ms = self._now_ms() - LATE_MS
        shelf, hear = self._shelf, self._hearing.hear
        turns = Turns()
        for key in keys:
            shelf.move_to_end(key)
            failures = hear(shelf[key], told[key], late_before_ms)
            for event, record, error in failures or ():
                self._refuse(fault(event.source, event.id, error), partition, record)
            if turns.over():
                await asyncio.sleep(0)

    async def _fetch(self, keys: Collection[str]) -> set[str]:
        """Bring dossiers to hand: one query for all. Those that are retired are only named."""
        rows = await self._ledger.load(keys)
        portals = self._policy.portals
        retired: set[str] = set()
        turns = Turns()
        for key in keys:
            row = rows.get(key)
            if row is None:
                self._shelf[key] = Dossier(key, portals=portals)
            elif row.form == RETIRED:
                retired.add(key)
            else:
                self._shelf[key] = Dossier.on_record(row, portals)
            if turns.over():
                await asyncio.sleep(0)
        return retired

    def _accepted(self) -> Iterable[Mapping[str, int]]:
        return self._hearing.counted, self._hearing.duplicates

    # -- sealing ---------------------------------------------------------------------------

    async def _seal(self) -> Unit:
        """The open unit as the ledger takes it. Dossiers at hand then count as booked."""
        touched = self._hearing.touched
        # All numbers so far seen: nobody is asked.
        sheet = Sheet(await self._ledger.number(()), await self._ledger.cells(()))
        shelf, post, policy = self._shelf, sheet.post, self._policy
        turns = Turns()
        for key, booking_class in touched.items():
            post(shelf[key], policy, booking_class)
            if turns.over():
                await asyncio.sleep(0)
        if sheet.waits:
            numbers = await self._ledger.number(sheet.unnumbered)
            sheet.unknown.update([numbers[cell] for cell in sheet.unnumbered])
            sheet.book_waiting(numbers, await self._ledger.cells(sheet.unknown))
        self._put_away()
        return Unit(
            epoch=self._epoch,
            dossiers=sheet.dossiers,
            references=sheet.references,
            journal=sheet.journal,
            totals=sheet.totals,
            tallies=self._tallies(),
        )

    def _put_away(self) -> None:
        """Keep so many dossiers at hand, the last heard of; all that are not yet in the ledger.

        One that is loaded again before its booking is in the ledger would come without it: of
        this unit and of the one before it, which may still be under way.
        """
        touched, before = self._hearing.touched, self._touched_before
        self._touched_before = touched
        while len(self._shelf) > self._at_hand:
            key = next(iter(self._shelf))
            if key in touched or key in before:  # these are last in order
                return
            del self._shelf[key]

    def _tallies(self) -> dict[TallyKey, int]:
        heard = self._hearing
        tallies: dict[TallyKey, int] = {}
        for source, amount in heard.counted.items():
            restated = heard.restated.get(source, 0)
            tallies[TallyKey(Tally.COUNTED, source, "")] = amount - restated
            if restated:
                tallies[TallyKey(Tally.COUNTED, source, "restated")] = restated
        for source, amount in heard.duplicates.items():
            tallies[TallyKey(Tally.DUPLICATE, source, "")] = amount
        return tallies

    def _report(self, unit: Unit, records: int) -> None:
        super()._report(unit, records)
        self._health.at_hand.set(len(self._shelf))


def _past_retention(event: Canonical) -> Refused:
    return Refused(Reason.RETIRED, "the dossier is past retention", event.source, event.id)
