"""Between a worker and the ledger: time, lost messages, and sessions that end in the middle.

A worker books statement by statement, as over a real connection. Whatever it has sent may still
take effect after it has given up, stands still or is no more; what it has not, never does.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import asyncpg

from monitor.domain.policy import RULES_VERSION, Policy
from monitor.domain.view import Cell
from monitor.domain.zone import Zone
from monitor.ledger.ledger import Position
from monitor.ledger.policies import ActivePolicy
from monitor.ledger.unit import DossierRow, Partition, Unit
from monitor.reference.sets import ReferenceSet
from tests.simulation import epochs
from tests.simulation.ledger import MemoryLedger, Transaction
from tests.simulation.loop import Process, SimulatedLoop

T = TypeVar("T")

# What a worker does between receiving and having booked.
DEEDS: Final = ("fetch", "load", "move positions", "write", "commit")


ELSEWHERE: Final = Zone("America/Los_Angeles")


@dataclass(frozen=True, slots=True)
class Release:
    """A version of our code. One of other rules posts otherwise: it counts the days of elsewhere.

    One that `slips` does so too, and nobody has raised its rules version: a mistake, which the
    release that mends it meets in what is booked.
    """

    rules: int = RULES_VERSION
    slips: bool = False

    def policy(self, named: Policy) -> Policy:
        """What the reference files of a policy come to in this release."""
        same = self.rules == RULES_VERSION and not self.slips
        return named if same else replace(named, zone=ELSEWHERE)


@dataclass
class Weather:
    """How likely it is that one message fares badly, and in which way. All 0: fair."""

    lost_requests: float = 0.0
    lost_answers: float = 0.0
    deadlocks: float = 0.0
    slow: float = 0.0
    slow_seconds: float = 0.0
    lost_batches: float = 0.0


class Server:
    """PostgreSQL as a machine: it is away at times, and forgets who was connected."""

    def __init__(
        self,
        loop: SimulatedLoop,
        rng: random.Random,
        weather: Weather,
        note: Callable[[str], None],
    ) -> None:
        self.loop = loop
        self.rng = rng
        self.weather = weather
        self.note = note
        self.ledger = MemoryLedger(lambda: loop.now)
        self.away = False
        self.position_apart = False  # a fault of ours, where a test wants one
        self.sessions: dict[Session, None] = {}
        self.booked_by: dict[str, Release] = {}  # who booked a dossier last
        self.forbidden: list[str] = []  # bookings of a release whose rules did not rule
        # What befalls a process the next time it does the named thing.
        self.ambushes: dict[tuple[Process, str], Callable[[], None]] = {}
        self.under_way = 0  # statements sent and not done with

    def restart(self, seconds: float) -> None:
        """Every session ends; nobody is answered for so long."""
        self.note("ledger away")
        self.away = True
        for session in list(self.sessions):
            session.lose(self.rng.random() * 0.1)
        self.loop.later(seconds, self._back)

    def _back(self) -> None:
        self.note("ledger back")
        self.away = False

    @contextmanager
    def connected(self, process: Process) -> "Iterator[Session]":
        """A connection of a process, for the length of a block."""
        session = Session(self, process)
        self.sessions[session] = None
        try:
            yield session
        except BaseException:
            session.abandon()
            raise
        else:
            session.close()
        finally:
            self.sessions.pop(session, None)

    def gone(self, process: Process) -> None:
        """A client died: what it sent may still arrive before anybody notices."""
        for session in list(self.sessions):
            if session.process is process:
                session.abandon()

    def does(self, process: Process, deed: str, within: float) -> None:
        """A process does something that will have taken effect within so long."""
        befall = self.ambushes.pop((process, deed), None)
        if befall is None:
            return
        if self.rng.random() < 0.5:
            befall()  # before its next step
        else:
            self.loop.later(self.rng.random() * within, befall)

    @property
    def busy(self) -> bool:
        """Whether anything may still be written."""
        return self.under_way > 0 or bool(self.ledger.holders)


class Session:
    """One connection with one transaction at a time."""

    def __init__(self, server: Server, process: Process) -> None:
        self.server = server
        self.process = process
        self.transaction = server.ledger.begin()
        self.lasting = server.ledger.begin()  # holds the locks that last as long as the session
        self._asked: asyncio.Future[Any] | None = None
        self._lost = False

    def begin(self) -> None:
        """Another transaction, in place of one that has ended or has only read."""
        self.transaction.rollback()
        self.transaction = self.server.ledger.begin()

    async def commit(self, name: str) -> None:
        """Commit, and begin another one."""
        await self.ask(name, epochs.commit)
        self.begin()

    async def ask(self, name: str, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Have a statement done and hear what came of it, or never know."""
        server, rng, weather = self.server, self.server.rng, self.server.weather
        answer: asyncio.Future[T] = server.loop.create_future()
        self._asked = answer
        delay = rng.random() * 0.004
        if rng.random() < weather.slow:
            delay += rng.random() * weather.slow_seconds
        server.does(self.process, name, 2 * delay)
        chance = rng.random()
        if server.away or self._lost:
            server.loop.later(delay, lambda: _fail(answer, ConnectionRefusedError(name)))
        elif chance < weather.lost_requests:
            server.note(f"{self.process.name} {name}: request lost")
            server.loop.later(delay, lambda: self.lose(rng.random()))
        else:
            chance -= weather.lost_requests
            if chance < weather.lost_answers:
                # Seen before or after the server has done it, even before it has begun.
                server.note(f"{self.process.name} {name}: answer lost")
                server.loop.later(
                    rng.random() * 2 * delay, lambda: self.lose(rng.random() * 2 * delay)
                )
            elif chance - weather.lost_answers < weather.deadlocks:
                work = _deadlocked
            server.under_way += 1
            server.loop.later(
                delay, lambda: _nobody(server.loop.start(self._serve(name, work, answer)))
            )
        return await answer

    async def _serve(
        self,
        name: str,
        work: Callable[[Transaction], Awaitable[T]],
        answer: "asyncio.Future[T]",
    ) -> None:
        server = self.server
        server.under_way -= 1
        try:
            done = await work(self.transaction)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client hears it
            self.transaction.rollback()
            server.note(f"{self.process.name} {name}: {type(error).__name__}")
            failed = error
            server.loop.later(server.rng.random() * 0.002, lambda: _fail(answer, failed))
            return
        server.note(f"{self.process.name} {name}: done")
        server.loop.later(server.rng.random() * 0.002, lambda: _tell(answer, done))

    def lose(self, noticed_after: float) -> None:
        """The connection breaks: the client sees it now, the server in a while."""
        if self._asked is not None:
            _fail(self._asked, ConnectionResetError("connection lost"))
        self._lost = True
        self.server.loop.later(noticed_after, self.close)

    def abandon(self) -> None:
        """The client has let go: the server sees it soon, perhaps not before a commit."""
        self.server.loop.later(self.server.rng.random() * 0.02, self.close)

    def close(self) -> None:
        """What is not committed is taken back, and nothing is held any more."""
        self.transaction.rollback()
        self.lasting.rollback()


def _nobody(_: object) -> None:
    """What a task returns is nobody's business."""


def _tell(answer: "asyncio.Future[T]", done: T) -> None:
    if not answer.done():
        answer.set_result(done)


def _fail(answer: "asyncio.Future[Any]", error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
        answer.exception()  # whoever asked may be gone


async def _deadlocked(_: Transaction) -> Any:
    raise asyncpg.DeadlockDetectedError("deadlock detected")


class RemotePolicies:
    """The policies as a process asks for them; the `Policies` that `Stands` knows."""

    def __init__(self, server: Server, process: Process, release: Release) -> None:
        self._server = server
        self._process = process
        self._rules = release.rules

    async def register(self, own: ReferenceSet) -> ActivePolicy:
        with self._server.connected(self._process) as session:
            active = await session.ask(
                "register", lambda to: epochs.register(to, own, self._rules)
            )
            await session.commit("commit register")
        return active

    async def load(self, hash_: str) -> ReferenceSet:
        async def work(_: Transaction) -> ReferenceSet:
            return self._server.ledger.references[hash_]

        with self._server.connected(self._process) as session:
            return await session.ask("load reference", work)


class RemoteLedger:
    """One worker's ledger, with the cells it has seen; the `Ledger` that a desk knows."""

    def __init__(self, server: Server, process: Process, release: Release) -> None:
        self._server = server
        self._process = process
        self._release = release
        self._cell_ids: dict[Cell, int] = {}
        self._cells: dict[int, Cell] = {}

    async def _read(self, name: str, look: Callable[[MemoryLedger], T]) -> T:
        async def work(_: Transaction) -> T:
            return look(self._server.ledger)

        with self._server.connected(self._process) as session:
            return await session.ask(name, work)

    async def claim(
        self, partitions: Collection[Partition], **how: Any
    ) -> Mapping[Partition, Position]:
        with self._server.connected(self._process) as session:
            claimed = await session.ask("claim", lambda to: to.claim(partitions, **how))
            await session.commit("commit claim")
        return claimed

    async def positions(
        self, partitions: Collection[Partition]
    ) -> Mapping[Partition, Position]:
        return await self._read("positions", lambda ledger: ledger.positions_of(partitions))

    async def load(self, keys: Collection[str]) -> Mapping[str, DossierRow]:
        return await self._read("load", lambda ledger: ledger.rows_of(keys))

    async def number(self, cells: Iterable[Cell]) -> dict[Cell, int]:
        unknown = [cell for cell in cells if cell not in self._cell_ids]
        if unknown:
            numbers = await self._read("number", lambda ledger: ledger.number_of(unknown))
            for cell in unknown:
                self._remember(numbers[cell], cell)
        return self._cell_ids

    async def cells(self, numbers: Collection[int]) -> dict[int, Cell]:
        unknown = [number for number in numbers if number not in self._cells]
        if unknown:
            found = await self._read("cells", lambda ledger: ledger.cells_now)
            for number in unknown:
                self._remember(number, found[number])
        return self._cells

    def _remember(self, number: int, cell: Cell) -> None:
        self._cell_ids[cell] = number
        self._cells[number] = cell

    async def sealed_by_source(self) -> Mapping[str, int]:
        return await self._read("sealed", lambda ledger: ledger.sealed_now())

    async def book(self, unit: Unit) -> None:
        apart = self._server.position_apart

        async def commit(transaction: Transaction) -> None:
            transaction.commit()
            self._server.booked_by.update({row.key: self._release for row in unit.dossiers})
            active, rules = self._server.ledger.active(), self._release.rules
            if active is not None and active.rules != rules:
                self._server.forbidden.append(
                    f"{self._process.name} of rules {rules} has booked in epoch"
                    f" {active.epoch}, whose rules are {active.rules}"
                )

        with self._server.connected(self._process) as session:
            if not apart:
                await session.ask("move positions", lambda to: to.move(unit))
            await session.ask("write", lambda to: to.write(unit))
            await session.ask("commit", commit)
        if apart:
            with self._server.connected(self._process) as session:
                await session.ask("move positions", lambda to: to.move(unit))
                await session.commit("commit positions")
