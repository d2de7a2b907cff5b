"""A desk: takes batches from a log, has them worked into units, and books these exactly once.

What every agent of ours needs to be exact after any failure. Batches are folded into a unit of
work; a unit is booked in one transaction with the positions it was read at, while the next one
is folded. When anything fails on the way, all in hand is dropped, the positions are read from
the ledger, and the log is read again from there (ARCHITECTURE.md §2.1 to §2.4).

Here are batches, positions and units. What is in the records, and what becomes of it, is the
affair of the desks made from this one, which fill in what is abstract.
"""

import asyncio
import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import (
    AsyncIterable,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from traceback import extract_tb
from typing import Any, ClassVar, Final, Protocol

import structlog

from agents.acknowledged import Acknowledged
from agents.batch import Batch, LogUnavailable, Record
from agents.diversion import Advice, Diverted, Heard, Watch
from agents.health import WorkerHealth
from agents.quarantine import Quarantine
from monitor.domain.measures import Tally
from monitor.ledger.ledger import (
    UNAVAILABLE,
    LaterGeneration,
    Position,
    PositionMoved,
    VersionConflict,
)
from monitor.ledger.policies import PolicyChanged
from monitor.ledger.unit import Move, Partition, Refusal, TallyKey, Unit
from schemas.refusal import Reason, Refused

UNIT_RECORDS: Final = 20_000
UNIT_SECONDS: Final = 0.1
YIELD_SECONDS: Final = 0.005  # folding gives the loop back, for bookings, heartbeats, scrapes
LONGEST_PAUSE_SECONDS: Final = 5.0  # between two looks at a ledger that is away
CLAIM_SECONDS: Final = 20.0  # Faust waits forty; what it breaks off nobody would take up again
COMMIT_SECONDS: Final = 10.0  # of positions to Kafka, which only inform
LOST_SECONDS: Final = 10.0  # since anything was delivered, with something fetched outstanding
REJOIN_SECONDS: Final = 1.0  # before asking for another generation of the group
CLOSE_SECONDS: Final = 5.0  # to book what is in hand, when asked to end

AWAY: Final[tuple[type[BaseException], ...]] = (
    *UNAVAILABLE,
    LogUnavailable,
)  # ledger or log: it will come back


class Ledger(Protocol):
    """What any desk asks of the ledger."""

    async def positions(
        self, partitions: Collection[Partition]
    ) -> Mapping[Partition, Position]: ...
    async def book(self, unit: Unit) -> None: ...
    async def sealed_by_source(self) -> Mapping[str, int]: ...


class Log(Protocol):
    """What the agent asks of the consumer."""

    @property
    def fence(self) -> int: ...
    def fetched(self, partition: Partition) -> int | None: ...
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
    booked: int  # where the ledger stands
    last: Record | None = None  # the record before `next`
    booked_ms: int = 0  # timestamp of the record before `booked`, 0 if not known
    end: int = 0  # high water mark when last fetched


class Desk(ABC):
    """Where batches become bookings. Waits for nobody but the ledger."""

    name: ClassVar[str]  # of what it says in the log
    seals_ahead: ClassVar[bool] = False  # a full unit, while the one before it is booked

    def __init__(
        self,
        *,
        ledger: Ledger,
        log: Log,
        claim: Claim,
        quarantine: Quarantine,
        health: WorkerHealth,
        now_ms: Callable[[], int],
        diversion: Watch | None = None,
    ) -> None:
        self._ledger = ledger
        self._log = log
        self._claim = claim
        self._quarantine = quarantine
        self._health = health
        self._now_ms = now_ms
        self._diversion = diversion or Watch()
        self._say = structlog.get_logger(self.name)

        self._acknowledged = Acknowledged(health)
        self._held: dict[Partition, Held] = {}
        self._turn = asyncio.Lock()  # whoever folds, seals, falls back or takes over
        self._booking: asyncio.Task[None] | None = None  # of the unit that was sealed last
        self._booking_before: asyncio.Task[None] | None = None  # which that one waits for
        self._watched: set[asyncio.Task[None]] = set()
        self._to_show: dict[Partition, int] = {}  # positions that Kafka has not been told
        self._showing: asyncio.Task[None] | None = None
        self._era = 0  # raised whenever what is in hand is dropped
        self._assignment = 0  # raised whenever the group assigns anew
        self._lost = True  # nothing may be folded until positions are known
        self._closing = False
        self._taking = False
        # Seconds are the loop's: it alone knows what time it is for those who wait in it.
        self._seconds = asyncio.get_running_loop().time
        self._taken_at = self._seconds()  # when a batch was last folded
        # Resolved with an error that no reading again can mend: the worker stops.
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._clear_unit()

    # -- what a desk made from this one does -----------------------------------------------

    @abstractmethod
    async def _fold(self, batch: Batch, begin: int) -> None:
        """Work the records of a batch, from an offset on, into the open unit.

        Bad ones are given to `_refuse`; whatever is raised drops the unit.
        """

    @abstractmethod
    def _accepted(self) -> Iterable[Mapping[str, int]]:
        """How many good records of each source the open unit has, in any number of parts."""

    @abstractmethod
    async def _seal(self) -> Unit:
        """What the open unit books; positions and refusals are added to it."""

    async def _store(self, unit: Unit) -> None:
        """Book a sealed unit. Meanwhile the next one is folded, and sealed if it is full and
        this desk seals ahead."""
        await self._ledger.book(unit)

    async def _prepare(self) -> None:  # noqa: B027 - not every desk has to know anything
        """Learn what must be known before anything is folded; also after each failure."""

    def _clear_unit(self) -> None:
        """Open a new unit."""
        self._refusals: list[Refusal] = []
        self._records = 0

    def _forget(self) -> None:
        """Clear the desk. Only in one's turn: somebody else may be in the middle of folding."""
        self._clear_unit()

    # -- the stream ------------------------------------------------------------------------

    async def follow(self, batches: AsyncIterable[Batch]) -> None:
        """Fold and book batches until the stream ends."""
        pulse = asyncio.create_task(self._pulse())
        try:
            async for batch in batches:
                try:
                    await self.take(batch)
                except Exception as error:  # noqa: BLE001 - a bug: handed to the supervisor, position unmoved
                    self.give_up(error)
        finally:
            pulse.cancel()
            with suppress(asyncio.CancelledError):
                await pulse

    async def _pulse(self) -> None:
        """Book what has come in, however little it is, and show how far that is."""
        while True:
            await asyncio.sleep(UNIT_SECONDS)
            try:
                await self._hand_over()
                self._show()
                self._look_for_lost_batches()
            except Exception as error:  # noqa: BLE001 - a bug: handed to the supervisor, position unmoved
                self.give_up(error)

    async def take(self, batch: Batch) -> None:
        """Fold one batch into the open unit; waits for the ledger when a unit is full."""
        self._taking = True
        try:
            await self._take(batch)
        finally:
            self._taking = False
            self._taken_at = self._seconds()

    async def _take(self, batch: Batch) -> None:
        async with self._turn:
            held = self._held.get(batch.partition)
            if held is None:
                return
            held.end = max(held.end, batch.end)
            if self._lost or batch.fence != self._log.fence:
                return  # read ahead of a seek: it will be read again
            if batch.start != held.next:
                self._fall_back("batch_lost", LookupError(f"{batch.start}, not {held.next}"))
                return
            with self._dropping_what_is_half_done():
                try:
                    with self._health.timed(self._health.fold_seconds):
                        await self._fold(batch, held.next)
                except AWAY as error:
                    self._fall_back(_who_is_away(error), error)
                    return
                last = batch.records[-1]
                self._records += len(batch.records)
                held.next = last.offset + 1
                held.last = last
                held.end = max(batch.end, held.next)
        if self._records >= UNIT_RECORDS:
            await self._hand_over(wait=True)

    def _look_for_lost_batches(self) -> None:
        """What was fetched and is not delivered for so long will not come any more.

        Nothing of ours loses a batch. But between the broker and this desk lie two libraries,
        and the last batch of a partition has no follower that would show that it is missing.
        """
        # While a batch is in work the others wait, however long the ledger takes.
        if self._lost or self._taking or self._seconds() - self._taken_at < LOST_SECONDS:
            return
        for partition, held in self._held.items():
            if (fetched := self._log.fetched(partition)) not in (None, held.next):
                self._fall_back("batch_lost", LookupError(f"{fetched}, not {held.next}"))
                return

    @contextmanager
    def _dropping_what_is_half_done(self) -> Iterator[None]:
        """A unit that was left in the middle, by a bug or a cancellation, is never booked."""
        try:
            yield
        except asyncio.CancelledError as error:
            self._fall_back("interrupted", error)
            raise
        except BaseException:
            self._lose()
            raise

    def _refuse(self, refused: Refused, partition: Partition, record: Record) -> None:
        self._health.refusals.labels(refused.reason).inc()
        self._refusals.append(self._quarantine.admit(refused, partition, record))

    # -- booking ---------------------------------------------------------------------------

    async def _hand_over(self, *, wait: bool = False) -> None:
        """Seal the open unit and let it be booked while the next one is folded.

        At most one booking is under way, behind which a full unit may wait, sealed; without
        `wait` the unit stays open meanwhile.
        """
        while True:
            if wait and (booking := self._in_the_way()) is not None:
                await asyncio.wait({booking})
            async with self._turn:
                # Looked at again: whoever had the turn before may have begun another.
                if wait and self._in_the_way() is not None:
                    continue
                if self._is_booking() and not wait:
                    return
                if not self._records or self._lost:
                    return
                heard = Heard.of(self._accepted(), self._refusals)
                if not self._may_be_booked(heard):
                    return
                era = self._era
                with self._dropping_what_is_half_done():
                    try:
                        unit = await self._sealed()
                    except AWAY as error:
                        self._fall_back(_who_is_away(error), error)
                        return
                if era != self._era:
                    return  # the failure of something else has cost us this unit
                self._booking_before = self._booking if self._is_booking() else None
                self._booking = asyncio.create_task(
                    self._book(unit, heard, self._records, era, self._booking_before)
                )
                self._clear_unit()
                return

    def _may_be_booked(self, heard: Heard) -> bool:
        """Whether what was refused is the sources' affair; if it is ours, the worker ends."""
        judgement = self._diversion.judge(heard, self._seconds())
        if judgement.advice is Advice.STOP:
            self.give_up(Diverted(judgement.why))
        # A full unit cannot grow, so there is nothing to wait for.
        return judgement.advice is Advice.BOOK or (
            judgement.advice is Advice.HOLD and self._records >= UNIT_RECORDS
        )

    def _in_the_way(self) -> asyncio.Task[None] | None:
        """The booking whose end a full unit waits for before it is sealed."""
        booking = self._booking_before if self.seals_ahead else self._booking
        return None if booking is None or booking.done() else booking

    def _is_booking(self) -> bool:
        return self._booking is not None and not self._booking.done()

    async def _sealed(self) -> Unit:
        unit = await self._seal()
        unit.shard = min(self._held).partition
        unit.moves = self._moves()
        unit.refusals = self._refusals
        refused = Counter((refusal.source, refusal.reason) for refusal in self._refusals)
        for (source, reason), amount in refused.items():
            unit.tallies[TallyKey(Tally.REFUSED, source, reason)] = amount
        return unit

    def _moves(self) -> dict[Partition, Move]:
        moves = {}
        for partition, held in self._held.items():
            if held.last is not None and held.next != held.start:
                moves[partition] = Move(
                    held.epoch,
                    held.start,
                    held.next,
                    record_hash(held.last),
                    held.last.timestamp,
                )
                held.start = held.next
        return moves

    async def _book(
        self,
        unit: Unit,
        heard: Heard,
        records: int,
        era: int,
        before: asyncio.Task[None] | None,
    ) -> None:
        if before is not None:
            await asyncio.wait({before})
            if era != self._era:
                return  # what lies before it is not booked, or all has been dropped meanwhile
        try:
            with self._health.timed(self._health.commit_seconds):
                await self._store(unit)
        except (PositionMoved, VersionConflict) as error:
            if era == self._era:
                self._fall_back("overtaken", error)
            return
        except PolicyChanged as error:
            if era == self._era:
                self._fall_back("policy_changed", error)
            return
        except AWAY as error:
            if era == self._era:
                self._fall_back(_who_is_away(error), error)
            return
        except Exception as error:  # noqa: BLE001 - a bug: handed to the supervisor, position unmoved
            self.give_up(error)
            return
        self._diversion.note(heard)
        self._report(unit, records)

    def _report(self, unit: Unit, records: int) -> None:
        health = self._health
        health.unit_records.observe(records)
        for key, amount in unit.tallies.items():
            health.events.labels(key.name).inc(amount)
        for partition, move in unit.moves.items():
            self._to_show[partition] = move.next
            self._acknowledged.note(partition, move.next)
            held = self._held.get(partition)
            if held is not None and held.epoch == move.epoch:
                held.booked = move.next
                held.booked_ms = move.last_ms

    def _show(self) -> None:
        """Tell how far behind the ledger is; also while nothing can be booked."""
        health = self._health
        for partition, held in self._held.items():
            lag = max(0, held.end - held.booked)
            age_ms = self._now_ms() - held.booked_ms if lag and held.booked_ms else 0
            labels = (partition.topic, str(partition.partition))
            health.lag_records.labels(*labels).set(lag)
            health.lag_seconds.labels(*labels).set(max(0, age_ms) / 1000)
        if self._to_show and (self._showing is None or self._showing.done()):
            self._showing = self.look_after(self._show_to_kafka())

    async def _show_to_kafka(self) -> None:
        """Commit positions where lag tools look. Nothing depends on it, so nothing waits for it."""
        positions, self._to_show = self._to_show, {}
        told = False
        with suppress(TimeoutError):
            told = await asyncio.wait_for(self._log.commit_to_kafka(positions), COMMIT_SECONDS)
        if not told:  # a rebalance or an outage; by the next pulse we may know better
            self._to_show = {**positions, **self._to_show}

    def look_after(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task that is not forgotten: what it raises ends the worker, and the end of it the task."""
        task = asyncio.create_task(work)
        self._watched.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._watched.discard(task)
            if not task.cancelled() and isinstance(error := task.exception(), Exception):
                self.give_up(error)

        task.add_done_callback(ended)
        return task

    # -- failures and rebalances -----------------------------------------------------------

    async def take_over(
        self, partitions: Collection[Partition], generation: int
    ) -> Mapping[Partition, int]:
        """Claim what the group has assigned; tells where to read each partition from.

        While the ledger is away nothing is returned, and reading begins when it answers.
        """
        self._lose()
        self._assignment += 1
        # Not the era: while we wait our turn, whoever has it may fall back and raise that.
        assignment = self._assignment
        claimed: Mapping[Partition, int] | None = None
        try:
            async with self._turn:
                self._hold({})
                claimed = await self._claim_now(partitions, generation)
        finally:
            # Also when we are cancelled, because Faust waits no longer; where it is because of
            # a newer generation, there will be another assignment.
            if claimed is None and not self._closing:
                self.look_after(
                    self._claim_later(frozenset(partitions), generation, assignment)
                )
        return claimed or {}

    async def _claim_now(
        self, partitions: Collection[Partition], generation: int
    ) -> Mapping[Partition, int] | None:
        """None: not now, but the same claim may succeed later."""
        try:
            async with asyncio.timeout(CLAIM_SECONDS):
                if self._is_booking() and self._booking is not None:
                    await asyncio.wait({self._booking})
                await self._prepare()
                claimed = await self._claim(partitions, generation)
                self._quarantine.remember(await self._ledger.sealed_by_source())
        except AWAY as error:
            self._say.warning("claiming later", error=repr(error))
            return None
        except LaterGeneration as error:
            # Overtaken while we claimed, or the group was made anew and counts from 1 again;
            # either way a later generation is the answer.
            self._say.warning("rejoining the group", error=str(error))
            self.look_after(self._rejoin_soon(self._assignment))
            return {}
        except Exception as error:  # noqa: BLE001 - wrong log, wrong group, or a bug: the supervisor's
            self.give_up(error)
            return {}
        self._acknowledged.compare(claimed)
        self._forget()
        self._hold(
            {
                partition: Held(at.epoch, at.next, at.next, at.next)
                for partition, at in claimed.items()
            }
        )
        self._to_show = {partition: at.next for partition, at in claimed.items()}
        self._lost = False
        self._taken_at = self._seconds()
        self._say.info(
            "partitions claimed",
            generation=generation,
            positions={f"{p.topic}[{p.partition}]": at.next for p, at in claimed.items()},
        )
        return {partition: position.next for partition, position in claimed.items()}

    async def _claim_later(
        self, partitions: Collection[Partition], generation: int, assignment: int
    ) -> None:
        for pause in _pauses():
            await asyncio.sleep(pause)
            async with self._turn:
                if assignment != self._assignment or self._closing:
                    return
                claimed = await self._claim_now(partitions, generation)
                if claimed is None:
                    continue
                if not await self._sought(claimed):
                    self._fall_back("log_unavailable", LogUnavailable())
                return

    async def _sought(self, positions: Mapping[Partition, int]) -> bool:
        try:
            await self._log.seek_to(positions)
        except LogUnavailable:
            return False
        return True

    async def _rejoin_soon(self, assignment: int) -> None:
        await asyncio.sleep(REJOIN_SECONDS)
        if assignment == self._assignment and not self._closing:
            await self._log.rejoin()

    def _hold(self, held: dict[Partition, Held]) -> None:
        """These partitions and no others; of the others there is nothing to tell."""
        for partition in self._held.keys() - held.keys():
            labels = (partition.topic, str(partition.partition))
            for gauge in (self._health.lag_records, self._health.lag_seconds):
                with suppress(KeyError):  # never shown
                    gauge.remove(*labels)
        self._held = held

    def _lose(self) -> None:
        """From now on nothing in hand is booked, nor what was read ahead of now."""
        self._era += 1
        self._lost = True

    def _fall_back(self, cause: str, error: BaseException) -> None:
        self._lose()
        if self._closing or self.failed.done():
            return
        self._say.warning(
            "falling back to the ledger's positions", cause=cause, error=repr(error)
        )
        self._health.fallbacks.labels(cause).inc()
        self.look_after(self._recover(self._era))

    async def _recover(self, era: int) -> None:
        """Go on from where the ledger stands, as soon as it answers."""
        for pause in _pauses():
            if self._is_booking() and self._booking is not None:
                await asyncio.wait({self._booking})
            async with self._turn:
                if era != self._era or self._closing:
                    return  # dropped again, or taken over: somebody newer sees to it
                try:
                    async with asyncio.timeout(CLAIM_SECONDS):
                        await self._prepare()
                        positions = await self._ledger.positions(list(self._held))
                        self._quarantine.remember(await self._ledger.sealed_by_source())
                        if await self._resumed(positions):
                            return
                except AWAY as error:
                    self._say.warning("still waiting", error=repr(error))
            await asyncio.sleep(pause)

    async def _resumed(self, positions: Mapping[Partition, Position]) -> bool:
        """Read on from these positions, if the partitions are still ours."""
        for partition, held in self._held.items():
            at = positions.get(partition)
            if at is None:
                raise LedgerEmptied(
                    f"the ledger no longer has a position of {partition.topic}"
                    f"[{partition.partition}]: was it replaced under a running worker?"
                )
            if at.epoch != held.epoch:
                self._say.warning(
                    "another worker owns a partition of ours, rejoining",
                    partition=f"{partition.topic}[{partition.partition}]",
                    owner=at.owner,
                    group=at.group,
                )
                self._hold({})
                await self._log.rejoin()
                return True
        self._acknowledged.compare(positions)
        self._forget()
        for partition, held in self._held.items():
            held.start = held.next = held.booked = positions[partition].next
            held.last = None
            self._to_show[partition] = held.next
        if not await self._sought({p: held.next for p, held in self._held.items()}):
            return False
        self._lost = False
        self._taken_at = self._seconds()
        return True

    @property
    def claimed(self) -> int | None:
        """How many partitions are in hand; None while none of them may be folded."""
        return None if self._lost else len(self._held)

    def give_up(self, error: Exception) -> None:
        """No reading again can mend this: let the supervisor end the worker."""
        self._lose()
        if not self.failed.done():
            self.failed.set_exception(error)

    async def close(self) -> None:
        """Book what is folded and end; what cannot be booked will be read again."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._hand_over(wait=True)
                if self._booking is not None:
                    await asyncio.wait({self._booking})
                if self._to_show:
                    await self._log.commit_to_kafka(self._to_show)
        except TimeoutError:
            self._say.warning("ended with a booking under way; it will be read again")
        finally:
            self._closing = True
            self._lose()
            for task in (*self._watched, self._booking_before, self._booking):
                if task is not None:
                    task.cancel()


def _who_is_away(error: BaseException) -> str:
    return "log_unavailable" if isinstance(error, LogUnavailable) else "ledger_unavailable"


class LedgerEmptied(Exception):
    """The ledger has lost what it had."""


class Turns:
    """When to let the loop run: heartbeats and scrapes wait no longer than this."""

    def __init__(self) -> None:
        self._seconds = asyncio.get_running_loop().time
        self._ends = self._seconds() + YIELD_SECONDS
        self._asked = 0

    def over(self) -> bool:
        """Whether the turn is over; the next one begins. Looks at the clock now and then."""
        self._asked += 1
        if self._asked & 15:
            return False
        now = self._seconds()
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


def fault(source: str, id_: str, error: Exception) -> Refused:
    """A refusal for a fault of ours: where it happened, nothing of what the record says."""
    frame = extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
    return Refused(Reason.FAULT, f"{type(error).__name__} at {place}", source, id_)


def _pauses() -> Iterator[float]:
    """How long to wait between looks at something that is away: longer, never in step."""
    pause = 0.1
    while True:
        yield pause * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, no secret
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
