"""The agent of `emc.dossiers`: hears events, folds them, and books what they move.

The loop that must be exact after any failure. Batches are folded into a unit of work; a unit is
booked in one transaction with the positions it was read at, while the next one is folded. When
anything fails on the way, all in hand is dropped, the positions are read from the ledger, and
the log is read again from there (ARCHITECTURE.md §2.1 to §2.4).
"""

import asyncio
import random
from collections import Counter, OrderedDict
from collections.abc import AsyncIterable, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from time import perf_counter
from traceback import extract_tb
from typing import Final, Protocol

import structlog

from agents.batch import Batch, Record
from agents.health import WorkerHealth
from agents.quarantine import Quarantine
from agents.sheet import Sheet
from agents.shelf import Dossier
from monitor.domain.fold import effective_ms
from monitor.domain.identity import Repeat
from monitor.domain.measures import Tally
from monitor.domain.policy import Policy
from monitor.domain.post import Entries, post
from monitor.domain.view import Cell
from monitor.ledger.ledger import UNAVAILABLE, Position, PositionMoved, VersionConflict
from monitor.ledger.packing import booked_cells
from monitor.ledger.unit import (
    OUTCOME_NUMBERS,
    BookingClass,
    DossierRow,
    Move,
    Partition,
    Refusal,
    TallyKey,
    Unit,
)
from schemas.decode import Decoder
from schemas.event import Canonical
from schemas.refusal import Reason, Refused

UNIT_RECORDS: Final = 20_000
UNIT_SECONDS: Final = 0.1
YIELD_SECONDS: Final = 0.02  # folding gives the loop back, for heartbeats and scrapes
LATE_MS: Final = 3_600_000
LONGEST_PAUSE_SECONDS: Final = 10.0  # between two looks at a ledger that is away


class Ledger(Protocol):
    """What the agent asks of the ledger."""

    async def positions(
        self, partitions: Collection[Partition]
    ) -> Mapping[Partition, Position]: ...
    async def load(self, keys: Collection[str]) -> Mapping[str, DossierRow]: ...
    async def number(self, cells: Collection[Cell]) -> Mapping[Cell, int]: ...
    async def cells(self, numbers: Collection[int]) -> Mapping[int, Cell]: ...
    async def book(self, unit: Unit) -> None: ...
    async def sealed_by_source(self) -> Mapping[str, int]: ...


class Log(Protocol):
    """What the agent asks of the consumer."""

    @property
    def fence(self) -> int: ...
    async def seek_to(self, positions: Mapping[Partition, int]) -> None: ...
    async def commit_to_kafka(self, positions: Mapping[Partition, int]) -> bool: ...
    async def rejoin(self) -> None: ...


# Takes partitions over in the ledger for a generation of the group.
Claim = Callable[[Collection[Partition], int], Awaitable[Mapping[Partition, Position]]]


@dataclass(slots=True)
class Held:
    """A partition in hand."""

    epoch: int  # of the claim
    start: int  # where the open unit starts
    next: int  # what is read next, all folded ahead included
    last: Record | None = None  # the record before `next`
    end: int = 0  # high water mark when last fetched


class Desk:
    """Where events become bookings. One a worker; waits for nobody but the ledger."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        log: Log,
        claim: Claim,
        decoder: Decoder,
        policy: Policy,
        quarantine: Quarantine,
        health: WorkerHealth,
        now_ms: Callable[[], int],
        at_hand: int = 200_000,
    ) -> None:
        self._ledger = ledger
        self._log = log
        self._claim = claim
        self._decode = decoder.decode
        self._policy = policy
        self._quarantine = quarantine
        self._health = health
        self._now_ms = now_ms
        self._at_hand = at_hand
        self._say = structlog.get_logger("emc.dossiers")

        self._held: dict[Partition, Held] = {}
        self._shelf: OrderedDict[str, Dossier] = OrderedDict()
        self._late_before_ms = 0  # as of the batch in hand
        self._turn = asyncio.Lock()  # whoever folds, seals, falls back or takes over
        self._booking: asyncio.Task[None] | None = None
        self._recovery: asyncio.Task[None] | None = None
        self._era = 0  # raised whenever what is in hand is dropped
        self._lost = True  # nothing may be folded until positions are known
        # Resolved with an error that no reading again can mend: the worker stops.
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._clear_unit()

    def _clear_unit(self) -> None:
        self._touched: dict[str, BookingClass] = {}
        self._counted: Counter[str] = Counter()
        self._duplicates: Counter[str] = Counter()
        self._refusals: list[Refusal] = []
        self._records = 0

    # -- the stream ----------------------------------------------------------------------

    async def follow(self, batches: AsyncIterable[Batch]) -> None:
        """Fold and book batches until the stream ends."""
        pulse = asyncio.create_task(self._pulse())
        try:
            async for batch in batches:
                await self.take(batch)
        finally:
            pulse.cancel()
            with suppress(asyncio.CancelledError):
                await pulse

    async def _pulse(self) -> None:
        """Book what has come in, however little it is."""
        while True:
            await asyncio.sleep(UNIT_SECONDS)
            await self._hand_over()

    async def take(self, batch: Batch) -> None:
        """Fold one batch into the open unit; waits for the ledger when a unit is full."""
        async with self._turn:
            held = self._held.get(batch.partition)
            if self._lost or held is None or batch.fence != self._log.fence:
                return  # read ahead of a seek: it will be read again
            try:
                with self._health.timed(self._health.fold_seconds):
                    await self._fold(batch, held)
            except UNAVAILABLE as error:
                self._fall_back("ledger_unavailable", error)
                return
        if self._records >= UNIT_RECORDS:
            await self._hand_over(wait=True)

    async def _fold(self, batch: Batch, held: Held) -> None:
        decode = self._decode
        partition = batch.partition
        heard: list[tuple[Canonical, Record]] = []
        awaited: set[str] = set()
        turns = _Turns()
        for record in batch.records:
            if record.offset < held.next:
                continue
            event = decode(
                record.value, headers=record.headers, record_time_ms=record.timestamp
            )
            if isinstance(event, Refused):
                self._refuse(event, partition, record)
            else:
                heard.append((event, record))
                if event.dossier not in self._shelf:
                    awaited.add(event.dossier)
            if turns.over():
                await asyncio.sleep(0)
        if awaited:
            await self._fetch(awaited)
        self._late_before_ms = self._now_ms() - LATE_MS
        for event, record in heard:
            try:
                self._hear(event)
            except Exception as error:  # noqa: BLE001 - a fault of ours in one record must not stop the rest
                self._refuse(_fault(event, error), partition, record)
            if turns.over():
                await asyncio.sleep(0)
        last = batch.records[-1]
        self._records += len(batch.records)
        held.next = last.offset + 1
        held.last = last
        held.end = max(batch.end, held.next)

    async def _fetch(self, keys: Collection[str]) -> None:
        """Bring dossiers to hand: one query for all."""
        rows = await self._ledger.load(keys)
        for key in keys:
            row = rows.get(key)
            if row is None:
                self._shelf[key] = Dossier(key)
            else:
                self._shelf[key] = Dossier.on_record(row)

    def _hear(self, event: Canonical) -> None:
        key = event.dossier
        dossier = self._shelf[key]
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
        if event.backfill:
            booking_class = BookingClass.BACKFILL
        elif effective_ms(event) < self._late_before_ms:
            booking_class = BookingClass.LATE
        else:
            booking_class = BookingClass.LIVE
        known = self._touched.get(key)
        if known is None or known < booking_class:
            self._touched[key] = booking_class
        self._shelf.move_to_end(key)

    def _refuse(self, refused: Refused, partition: Partition, record: Record) -> None:
        self._health.refusals.labels(refused.reason).inc()
        self._refusals.append(self._quarantine.admit(refused, partition, record))

    # -- booking -------------------------------------------------------------------------

    async def _hand_over(self, *, wait: bool = False) -> None:
        """Seal the open unit and let it be booked while the next one is folded.

        At most one booking is under way; without `wait` the unit stays open meanwhile.
        """
        if self._booking is not None and not self._booking.done():
            if not wait:
                return
            await asyncio.wait({self._booking})
        async with self._turn:
            if not self._records or self._lost:
                return
            try:
                unit = await self._seal()
            except UNAVAILABLE as error:
                self._fall_back("ledger_unavailable", error)
                return
            self._booking = asyncio.create_task(self._book(unit, self._records, self._era))
            self._clear_unit()

    async def _seal(self) -> Unit:
        """The open unit as the ledger takes it. Dossiers at hand then count as booked."""
        posted: list[tuple[Dossier, BookingClass, Entries]] = []
        cells: set[Cell] = set()
        turns = _Turns()
        for key, booking_class in self._touched.items():
            dossier = self._shelf[key]
            entries = post(dossier.view, self._policy)
            posted.append((dossier, booking_class, entries))
            cells.update([account.cell for account in entries])
            cells.add(dossier.view.cell(dossier.view.holder))
            if turns.over():
                await asyncio.sleep(0)
        numbers = await self._ledger.number(cells)
        seen = {numbers[cell] for cell in cells}
        for dossier, _, _ in posted:
            seen.update(booked_cells(dossier.booked))
        sheet = Sheet(numbers, await self._ledger.cells(seen))
        rows = []
        for dossier, booking_class, entries in posted:
            sheet.book(dossier, entries, booking_class)
            rows.append(_row(dossier, numbers))
            if turns.over():
                await asyncio.sleep(0)
        while len(self._shelf) > self._at_hand:
            self._shelf.popitem(last=False)
        return Unit(
            shard=min(self._held).partition,
            moves=self._moves(),
            dossiers=rows,
            journal=sheet.journal,
            totals=sheet.totals,
            tallies=self._tallies(),
            refusals=self._refusals,
        )

    def _moves(self) -> dict[Partition, Move]:
        moves = {}
        for partition, held in self._held.items():
            if held.last is not None and held.next != held.start:
                last_hash = record_hash(held.last)
                moves[partition] = Move(held.epoch, held.start, held.next, last_hash)
                held.start = held.next
        return moves

    def _tallies(self) -> dict[TallyKey, int]:
        tallies: Counter[TallyKey] = Counter()
        for source, amount in self._counted.items():
            tallies[TallyKey(Tally.COUNTED, source, "")] = amount
        for source, amount in self._duplicates.items():
            tallies[TallyKey(Tally.DUPLICATE, source, "")] = amount
        for refusal in self._refusals:
            tallies[TallyKey(Tally.REFUSED, refusal.source, refusal.reason)] += 1
        return tallies

    async def _book(self, unit: Unit, records: int, era: int) -> None:
        try:
            with self._health.timed(self._health.commit_seconds):
                await self._ledger.book(unit)
        except (PositionMoved, VersionConflict) as error:
            if era == self._era:
                self._fall_back("overtaken", error)
            return
        except UNAVAILABLE as error:
            if era == self._era:
                self._fall_back("ledger_unavailable", error)
            return
        except Exception as error:  # noqa: BLE001 - a bug: handed to the supervisor, position unmoved
            self.give_up(error)
            return
        self._report(unit, records)
        await self._log.commit_to_kafka(
            {partition: move.next for partition, move in unit.moves.items()}
        )

    def _report(self, unit: Unit, records: int) -> None:
        health = self._health
        health.unit_records.observe(records)
        for key, amount in unit.tallies.items():
            health.events.labels(key.name).inc(amount)
        health.at_hand.set(len(self._shelf))
        for partition, move in unit.moves.items():
            held = self._held.get(partition)
            if held is None or held.last is None:
                continue
            lag = max(0, held.end - move.next)
            age = max(0, self._now_ms() - held.last.timestamp) / 1000 if lag else 0.0
            labels = (partition.topic, str(partition.partition))
            health.lag_records.labels(*labels).set(lag)
            health.lag_seconds.labels(*labels).set(age)

    # -- failures and rebalances ---------------------------------------------------------

    async def take_over(
        self, partitions: Collection[Partition], generation: int
    ) -> Mapping[Partition, int]:
        """Claim what the group has assigned; tells where to read each partition from.

        While the ledger is away nothing is returned, and reading begins when it answers.
        """
        async with self._turn:
            self._drop()
            if self._booking is not None:
                await asyncio.wait({self._booking})
            try:
                return await self._claim_now(partitions, generation)
            except UNAVAILABLE as error:
                self._say.warning("ledger unavailable, claiming later", error=repr(error))
        self._recovery = asyncio.create_task(
            self._claim_later(frozenset(partitions), generation, self._era)
        )
        return {}

    async def _claim_now(
        self, partitions: Collection[Partition], generation: int
    ) -> Mapping[Partition, int]:
        claimed = await self._claim(partitions, generation)
        self._quarantine.remember(await self._ledger.sealed_by_source())
        self._held = {
            partition: Held(position.epoch, position.next, position.next)
            for partition, position in claimed.items()
        }
        self._lost = False
        self._say.info(
            "partitions claimed",
            generation=generation,
            positions={f"{p.topic}[{p.partition}]": at.next for p, at in claimed.items()},
        )
        return {partition: position.next for partition, position in claimed.items()}

    async def _claim_later(
        self, partitions: Collection[Partition], generation: int, era: int
    ) -> None:
        for pause in _pauses():
            await asyncio.sleep(pause)
            async with self._turn:
                if era != self._era:
                    return
                with suppress(*UNAVAILABLE):
                    await self._log.seek_to(await self._claim_now(partitions, generation))
                    return

    def _drop(self) -> None:
        """Forget all in hand; whatever was read ahead of now is not folded."""
        self._era += 1
        self._lost = True
        self._shelf.clear()
        self._clear_unit()

    def _fall_back(self, cause: str, error: BaseException) -> None:
        self._say.warning(
            "falling back to the ledger's positions", cause=cause, error=repr(error)
        )
        self._health.fallbacks.labels(cause).inc()
        self._drop()
        self._recovery = asyncio.create_task(self._recover(self._era))

    async def _recover(self, era: int) -> None:
        """Go on from where the ledger stands, as soon as it answers."""
        if self._booking is not None and self._booking is not asyncio.current_task():
            await asyncio.wait({self._booking})
        positions = await self._positions()
        async with self._turn:
            if era != self._era:
                return  # dropped again, or taken over: somebody newer sees to it
            for partition, held in self._held.items():
                if positions[partition].epoch != held.epoch:
                    self._say.warning("another worker owns a partition of ours, rejoining")
                    self._held.clear()
                    await self._log.rejoin()
                    return
            for partition, held in self._held.items():
                held.start = held.next = positions[partition].next
                held.last = None
            await self._log.seek_to({p: held.next for p, held in self._held.items()})
            self._lost = False

    def give_up(self, error: Exception) -> None:
        """No reading again can mend this: let the supervisor end the worker."""
        if not self.failed.done():
            self.failed.set_exception(error)

    async def _positions(self) -> Mapping[Partition, Position]:
        """What the ledger says of the partitions in hand, however long it takes to answer."""
        pauses = _pauses()
        while True:
            try:
                return await self._ledger.positions(list(self._held))
            except UNAVAILABLE:
                await asyncio.sleep(next(pauses))

    async def close(self) -> None:
        """Book what is folded and end; what cannot be booked will be read again."""
        await self._hand_over(wait=True)
        if self._booking is not None:
            await asyncio.wait({self._booking})
        self._drop()
        if self._recovery is not None:
            self._recovery.cancel()


def _row(dossier: Dossier, numbers: Mapping[Cell, int]) -> DossierRow:
    view = dossier.view
    return DossierRow(
        key=dossier.key,
        version=dossier.version,
        outcome=OUTCOME_NUMBERS[view.outcome],
        cell=numbers[view.cell(view.holder)],
        due_ms=view.due_ms,
        events=dossier.events,
        booked=dossier.booked,
    )


class _Turns:
    """When to let the loop run: heartbeats and scrapes wait no longer than this."""

    def __init__(self) -> None:
        self._ends = perf_counter() + YIELD_SECONDS
        self._asked = 0

    def over(self) -> bool:
        """Whether the turn is over; the next one begins. Looks at the clock now and then."""
        self._asked += 1
        if self._asked & 15:
            return False
        now = perf_counter()
        if now < self._ends:
            return False
        self._ends = now + YIELD_SECONDS
        return True


def record_hash(record: Record) -> bytes:
    """What tells a log from another one that has the same offsets."""
    digest = blake2b(record.key or b"", digest_size=16)
    digest.update(b"\x00")
    digest.update(record.value or b"")
    return digest.digest()


def _fault(event: Canonical, error: Exception) -> Refused:
    """A refusal for a fault of ours: where it happened, nothing of what the record says."""
    frame = extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
    return Refused(Reason.FAULT, f"{type(error).__name__} at {place}", event.source, event.id)


def _pauses() -> Iterator[float]:
    """How long to wait between looks at something that is away: longer, never in step."""
    pause = 0.1
    while True:
        yield pause * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
