"""The agent of `emc.dossiers`: hears events, folds them, and books what they move.

What is done with the records; how they are read and booked exactly once is `agents.desk`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import ClassVar, Final, Protocol

from agents import desk
from agents.batch import Batch
from agents.desk import Claim, Desk, Log, Turns, fault
from agents.diversion import Watch
from agents.health import WorkerHealth
from agents.hearing import Failure, Hearing, Stray, heap
from agents.quarantine import Quarantine
from agents.sheet import Sheet
from agents.shelf import Dossier
from agents.standing import Standing
from monitor.domain.measures import CONSUMED_BINS, Tally
from monitor.domain.policy import Policy
from monitor.domain.post import consumed_share
from monitor.domain.view import Cell
from monitor.ledger import exemplars
from monitor.ledger.exemplars import Bucket, Histogram
from monitor.ledger.forms import RETIRED
from monitor.ledger.subjects import is_petition
from monitor.ledger.unit import DossierRow, Exemplar, Partition, TallyKey, Unit
from schemas.decode import Decoder, sender
from schemas.event import Canonical
from schemas.refusal import Reason, Refused
from schemas.texts import LONGEST_KEY

LATE_MS: Final = 3_600_000
FETCHED: Final = 1_000  # dossiers at once, so that these are heard while further ones come
RUN: Final = 64  # dossiers heard between two looks at the clock


class Ledger(desk.Ledger, Protocol):
    """What this desk asks of the ledger besides."""

    async def load(self, keys: Collection[str]) -> Mapping[str, DossierRow]: ...
    async def number(self, cells: Collection[Cell]) -> dict[Cell, int]: ...
    async def cells(self, numbers: Collection[int]) -> dict[int, Cell]: ...


class DossierDesk(Desk):
    """Where events become bookings. One a worker."""

    name: ClassVar[str] = "emc.dossiers"
    seals_ahead: ClassVar[bool] = True
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
        self._decode = decoder.decode  # before the first unit is opened
        super().__init__(
            ledger=ledger,
            log=log,
            claim=claim,
            quarantine=quarantine,
            health=health,
            now_ms=now_ms,
            diversion=diversion,
        )
        self._policy = policy
        self._epoch = 0
        self._standing = standing
        self._at_hand = at_hand
        self._turns = exemplars.Turns()
        self._shelf: OrderedDict[str, Dossier] = OrderedDict()
        self._touched_before: Mapping[str, int] = {}  # by the unit that was sealed last

    def _clear_unit(self) -> None:
        super()._clear_unit()
        self._hearing = Hearing(self._decode)

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
        heaped = heap(batch.records, begin)
        missing = [key for key in heaped if key not in self._shelf and _may_be_a_dossiers(key)]
        awaited = set(missing)
        late_before_ms = self._now_ms() - LATE_MS
        strays: list[Stray] = []

        async def hear(keys: Sequence[str]) -> None:
            turns = Turns()
            for at in range(0, len(keys), RUN):
                failures: list[Failure] = []
                self._hearing.hear(
                    self._shelf, heaped, keys[at : at + RUN], late_before_ms, strays, failures
                )
                self._refuse_all(failures, batch.partition)
                if turns.over():
                    await asyncio.sleep(0)

        def send_for(keys: Sequence[str]) -> "asyncio.Task[set[str]] | None":
            return asyncio.create_task(self._fetch(keys)) if keys else None

        # While some are on their way, those before them are heard.
        fetches = (missing[at : at + FETCHED] for at in range(0, len(missing), FETCHED))
        coming = next(fetches, [])
        fetching = send_for(coming)
        try:
            await hear([key for key in heaped if key not in awaited])
            while fetching is not None:
                await fetching
                here, coming = coming, next(fetches, [])
                fetching = send_for(coming)
                await hear(here)
        finally:
            if fetching is not None:
                fetching.cancel()
                await asyncio.gather(fetching, return_exceptions=True)
        if strays:
            await self._hear_strays(strays, late_before_ms, batch.partition)
        self._leave_unheard(missing)

    async def _hear_strays(
        self, strays: Sequence[Stray], late_before_ms: int, partition: Partition
    ) -> None:
        """Events of dossiers that their records' keys do not name, or that are past retention."""
        missing = {e.dossier for e, _ in strays if e.dossier not in self._shelf}
        retired = await self._fetch(missing) if missing else set()
        of_dossier: dict[str, list[Stray]] = {}
        for stray in strays:
            of_dossier.setdefault(stray[0].dossier, []).append(stray)
        failures: list[Failure] = []
        turns = Turns()
        for key, said in of_dossier.items():
            if key in retired:
                for event, record in said:
                    self._refuse(_past_retention(event), partition, record)
            else:
                self._shelf.move_to_end(key)
                self._hearing.take_all(self._shelf[key], said, late_before_ms, failures)
            if turns.over():
                await asyncio.sleep(0)
        self._refuse_all(failures, partition)

    def _refuse_all(self, failures: Sequence[Failure], partition: Partition) -> None:
        for record, why, event in failures:
            refused = why
            if isinstance(refused, Exception):
                said_by = (
                    sender(record.value or b"", record.headers)
                    if event is None
                    else (event.source, event.id)
                )
                refused = fault(*said_by, refused)
            self._refuse(refused, partition, record)

    def _leave_unheard(self, keys: Iterable[str]) -> None:
        """Dossiers that only keys of records spoke of are not kept."""
        for key in keys:
            dossier = self._shelf.get(key)
            if dossier is not None and not dossier.events:
                del self._shelf[key]

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
            sent=self._hearing.put_by(),
            exemplars=list(self._exemplars(sheet.binned)),
        )

    def _exemplars(self, binned: Mapping[tuple[int, str], Dossier]) -> Iterator[Exemplar]:
        """A dossier for each bin of deadlines consumed that has had none for a minute."""
        now = self._now_ms()
        for (measure, agency), dossier in binned.items():
            bin_ = measure - CONSUMED_BINS.start
            bucket = Bucket(Histogram.CONSUMED, agency, "", bin_)
            if not self._turns.due(bucket, now):
                continue
            share = consumed_share(dossier.view, self._policy)
            if share is not None:
                yield Exemplar(*bucket, dossier.key, share, now)

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


def _may_be_a_dossiers(key: str) -> bool:
    """Whether a record's key is worth asking the ledger for."""
    return 0 < len(key) <= LONGEST_KEY and key.isprintable() and not is_petition(key)


def _past_retention(event: Canonical) -> Refused:
    return Refused(Reason.RETIRED, "the dossier is past retention", event.source, event.id)
