"""What any ledger keeps, the simulated one as PostgreSQL: who may book, who waits, who sees what."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from agents.recompute.rebook import difference
from monitor.domain.policy import RULES_VERSION, Policy, Precision
from monitor.domain.view import Cell
from monitor.domain.zone import Zone
from monitor.ledger import ledger as real
from monitor.ledger import recompute
from monitor.ledger.ledger import (
    LaterGeneration,
    Ledger,
    OtherGroup,
    Position,
    PositionMoved,
    VersionConflict,
)
from monitor.ledger.migrate import migrate
from monitor.ledger.packing import pack_entries, unpack_entries
from monitor.ledger.policies import ActivePolicy, PolicyChanged, touch
from monitor.ledger.recompute import (
    Found,
    Overtaken,
    RangesLeft,
    Rebook,
    Rebooked,
    RecomputeEnded,
    RecomputeUnderWay,
)
from monitor.ledger.unit import (
    DossierRow,
    Entry,
    Move,
    Partition,
    Refusal,
    TallyKey,
    TotalKey,
    Unit,
)
from monitor.reference.sets import ReferenceSet, plain_set
from tests.simulation import epochs
from tests.simulation.ledger import MemoryLedger, Transaction

HERE, THERE = Partition("emc.dossiers", 3), Partition("emc.dossiers", 4)
FIRST, SECOND = (plain_set(Policy(Zone(), precision)) for precision in Precision)
WAITS_SECONDS = 0.3  # long enough that whoever does not wait has gone on


class Open(ABC):
    """A booking that has done everything but commit."""

    @abstractmethod
    async def commit(self) -> None: ...
    @abstractmethod
    async def rollback(self) -> None: ...


class Subject(ABC):
    """A ledger under test, and what the tests do to it beside."""

    ledger: Any

    @abstractmethod
    async def open(self, unit: Unit) -> Open: ...
    @abstractmethod
    async def a_day_passes(self) -> None: ...
    @abstractmethod
    async def tallied(self) -> int: ...
    @abstractmethod
    async def net_total(self) -> tuple[int, int]: ...
    @abstractmethod
    async def journal(self) -> int: ...
    @abstractmethod
    async def touched(self) -> int: ...

    # A recompute, of this release.
    @abstractmethod
    async def register(self, reference: ReferenceSet) -> ActivePolicy: ...
    @abstractmethod
    async def begin(self, reference: ReferenceSet) -> int: ...
    @abstractmethod
    async def lay_out(self, dossiers: int) -> None: ...
    @abstractmethod
    async def rebook_range(self, epoch: int, rebook: Rebook) -> int | None: ...
    @abstractmethod
    async def rebook_touched(self, epoch: int, rebook: Rebook) -> int: ...
    @abstractmethod
    async def open_switch(self, epoch: int, rebook: Rebook) -> Open: ...
    @abstractmethod
    async def abandon(self) -> int | None: ...
    @abstractmethod
    async def merge(self, after: str, dossiers: int) -> str | None: ...

    async def switch(self, epoch: int, rebook: Rebook) -> None:
        await (await self.open_switch(epoch, rebook)).commit()


class OpenInMemory(Open):
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def commit(self) -> None:
        self._transaction.commit()

    async def rollback(self) -> None:
        self._transaction.rollback()


class InMemory(Subject):
    def __init__(self) -> None:
        self.seconds = 0.0
        self.ledger = self._memory = MemoryLedger(lambda: self.seconds)

    async def open(self, unit: Unit) -> Open:
        transaction = self._memory.begin()
        await transaction.move(unit)
        await transaction.write(unit)
        return OpenInMemory(transaction)

    async def a_day_passes(self) -> None:
        self.seconds += 25 * 3600

    async def tallied(self) -> int:
        return self._memory.tallies.total()

    async def net_total(self) -> tuple[int, int]:
        sides = self._memory.totals.values()
        return sum(credit for credit, _ in sides), sum(debit for _, debit in sides)

    async def journal(self) -> int:
        return self._memory.journal.total()

    async def touched(self) -> int:
        return len(self._memory.touched)

    async def register(self, reference: ReferenceSet) -> ActivePolicy:
        async with self._memory.begin() as to:
            return await epochs.register(to, reference, RULES_VERSION)

    async def begin(self, reference: ReferenceSet) -> int:
        async with self._memory.begin() as to:
            return await epochs.begin(to, reference, RULES_VERSION)

    async def lay_out(self, dossiers: int) -> None:
        async with self._memory.begin() as to:
            await epochs.lay_out(to, dossiers)

    async def rebook_range(self, epoch: int, rebook: Rebook) -> int | None:
        async with self._asking() as (ask, _):
            return await epochs.rebook_range(ask, epoch, rebook)

    async def rebook_touched(self, epoch: int, rebook: Rebook) -> int:
        async with self._asking() as (ask, _):
            return await epochs.rebook_touched(ask, epoch, rebook)

    async def open_switch(self, epoch: int, rebook: Rebook) -> Open:
        async with self._asking() as (ask, to):
            await epochs.switch(ask, epoch, rebook)
            return OpenInMemory(to)

    async def abandon(self) -> int | None:
        async with self._memory.begin() as to:
            return await epochs.abandon(to)

    async def merge(self, after: str, dossiers: int) -> str | None:
        async with self._memory.begin() as to:
            return await epochs.merge(to, after, dossiers)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[tuple[epochs.Ask, Transaction]]:
        """A transaction that ends itself, unless it fails."""
        transaction = self._memory.begin()

        async def ask(_: str, work: Callable[[Transaction], Awaitable[epochs.T]]) -> epochs.T:
            return await work(transaction)

        try:
            yield ask, transaction
        except BaseException:
            transaction.rollback()
            raise


class OpenInPostgres(Open):
    def __init__(self, connection: Any, transaction: Any) -> None:
        self._connection = connection
        self._transaction = transaction

    async def commit(self) -> None:
        await self._transaction.commit()
        await self._connection.close()

    async def rollback(self) -> None:
        await self._transaction.rollback()
        await self._connection.close()


class InPostgres(Subject):
    def __init__(self, dsn: str, ledger: Ledger) -> None:
        self._dsn = dsn
        self.ledger = ledger

    async def open(self, unit: Unit) -> Open:
        connection = await asyncpg.connect(self._dsn)
        await real._set_up(connection)
        transaction = connection.transaction()
        await transaction.start()
        recomputing = await real._move_positions(connection, unit)
        await real._book_dossiers(connection, unit)
        if recomputing is not None:
            await touch(connection, unit.dossiers)
        return OpenInPostgres(connection, transaction)

    async def _fetch(self, query: str) -> Any:
        connection = await asyncpg.connect(self._dsn)
        try:
            return await connection.fetchrow(query)
        finally:
            await connection.close()

    async def a_day_passes(self) -> None:
        await self._fetch("UPDATE position SET moved_at = moved_at - interval '25 hours'")

    async def tallied(self) -> int:
        [sum_] = await self._fetch("SELECT coalesce(sum(amount), 0)::bigint FROM tally")
        return int(sum_)

    async def net_total(self) -> tuple[int, int]:
        credit, debit = await self._fetch(
            "SELECT coalesce(sum(credit), 0)::bigint, coalesce(sum(debit), 0)::bigint FROM total"
        )
        return credit, debit

    async def journal(self) -> int:
        [sum_] = await self._fetch("SELECT coalesce(sum(amount), 0)::bigint FROM journal")
        return int(sum_)

    async def touched(self) -> int:
        [notes] = await self._fetch("SELECT count(*) FROM touched")
        return int(notes)

    async def register(self, reference: ReferenceSet) -> ActivePolicy:
        registered: ActivePolicy = await self.ledger.policies.register(reference)
        return registered

    async def begin(self, reference: ReferenceSet) -> int:
        async with self._connected() as connection:
            return await recompute.begin(connection, reference)

    async def lay_out(self, dossiers: int) -> None:
        async with self._connected() as connection:
            await recompute.lay_out(connection, dossiers)

    async def rebook_range(self, epoch: int, rebook: Rebook) -> int | None:
        async with self._connected() as connection:
            return await recompute.rebook_range(connection, epoch, rebook)

    async def rebook_touched(self, epoch: int, rebook: Rebook) -> int:
        async with self._connected() as connection:
            return await recompute.rebook_touched(connection, epoch, rebook)

    async def open_switch(self, epoch: int, rebook: Rebook) -> Open:
        connection = await asyncpg.connect(self._dsn)
        transaction = connection.transaction()
        await transaction.start()
        try:
            # Within ours, so that what it holds it keeps.
            await recompute.switch(connection, epoch, rebook)
        except BaseException:
            await transaction.rollback()
            await connection.close()
            raise
        return OpenInPostgres(connection, transaction)

    async def abandon(self) -> int | None:
        async with self._connected() as connection:
            return await recompute.abandon(connection)

    async def merge(self, after: str, dossiers: int) -> str | None:
        async with self._connected() as connection:
            return await recompute.merge(connection, after, dossiers)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(self._dsn)
        try:
            yield connection
        finally:
            await connection.close()


@pytest.fixture
async def in_memory() -> Subject:
    return InMemory()


@pytest.fixture
async def in_postgres(database: str) -> AsyncIterator[Subject]:
    await migrate(database)
    async with Ledger.open(database) as ledger:
        yield InPostgres(database, ledger)


@pytest.fixture(
    params=["in_memory", pytest.param("in_postgres", marks=pytest.mark.server)],
)
def subject(request: pytest.FixtureRequest) -> Subject:
    found: Subject = request.getfixturevalue(request.param)
    return found


async def claim(
    subject: Subject, generation: int = 1, group: str = "ours", *others: Partition
) -> Position:
    claimed = await subject.ledger.claim(
        [HERE, *others],
        owner="me",
        group=group,
        generation=generation,
        cluster="c",
        beginnings={HERE: 5, THERE: 0},
    )
    position: Position = claimed[HERE]
    return position


def unit(at: Position, to: int, *dossiers: DossierRow, here: Partition = HERE) -> Unit:
    return Unit(
        shard=3,
        moves={here: Move(at.epoch, at.next, to, b"hash")},
        dossiers=list(dossiers),
        tallies={TallyKey("counted", "s", ""): to - at.next},
    )


def row(key: str, version: int) -> DossierRow:
    return DossierRow(key, version, 4, None, None, b"events", b"booked")


def refused(offset: int) -> Refusal:
    return Refusal(
        partition=HERE,
        offset=offset,
        source="s",
        reason="empty",
        detail="",
        size=0,
        hash=b"",
        sealed=b"sealed",
        arrived=datetime(2026, 8, 3, tzinfo=UTC),
    )


async def stand(subject: Subject, here: Partition = HERE) -> Position:
    position: Position = (await subject.ledger.positions([here]))[here]
    return position


async def waits(task: "asyncio.Task[Any]") -> bool:
    done, _ = await asyncio.wait({task}, timeout=WAITS_SECONDS)
    return not done


async def test_a_partition_never_read_starts_at_its_beginning_and_has_no_position_before(
    subject: Subject,
):
    assert await subject.ledger.positions([HERE]) == {}

    at = await claim(subject)

    assert at == Position(5, 1, "c", None, "me", "ours") == await stand(subject)
    assert await subject.ledger.positions([THERE]) == {}


async def test_a_booking_moves_the_position_and_is_seen_whole(subject: Subject):
    at = await claim(subject)
    booked = unit(at, 9, row("b", 1), row("a", 1))
    booked.totals = {TotalKey(1, "H56", 1, 4, -1, 0): (3, 1)}
    booked.journal = {0: {(1, 7, 20_000, -1): 2}}
    booked.refusals = [refused(6)]

    await subject.ledger.book(booked)

    assert await stand(subject) == replace(at, next=9, last_hash=b"hash")
    assert await subject.ledger.load(["a", "b", "c"]) == {
        "a": row("a", 1),
        "b": row("b", 1),
    }
    assert await subject.net_total() == (3, 1)
    assert await subject.journal() == 2
    assert await subject.tallied() == 4
    assert await subject.ledger.sealed_by_source() == {"s": 1}


async def test_sums_add_up_over_bookings(subject: Subject):
    total = TotalKey(1, "H56", 1, 4, -1, 0)
    for to in (6, 7):
        at = await stand(subject) if to == 7 else await claim(subject)
        booked = unit(at, to)
        booked.totals = {total: (to, 1)}
        await subject.ledger.book(booked)

    assert await subject.net_total() == (13, 2)
    assert await subject.tallied() == 2


async def test_a_unit_is_booked_once(subject: Subject):
    at = await claim(subject)
    await subject.ledger.book(unit(at, 9))

    with pytest.raises(PositionMoved):
        await subject.ledger.book(unit(at, 9))

    assert await subject.tallied() == 4


async def test_whoever_claimed_before_books_no_more_even_at_the_right_position(
    subject: Subject,
):
    earlier, later = await claim(subject), await claim(subject)
    assert (earlier.epoch, later.epoch) == (1, 2)

    with pytest.raises(PositionMoved):
        await subject.ledger.book(unit(earlier, 9))
    await subject.ledger.book(unit(later, 8))

    assert (await stand(subject)).next == 8


async def test_one_partition_that_moved_takes_the_whole_unit_back(subject: Subject):
    at = await claim(subject, 1, "ours", THERE)
    there = await stand(subject, THERE)
    await subject.ledger.book(unit(there, 2, here=THERE))
    both = unit(at, 9, row("a", 1))
    both.moves[THERE] = Move(there.epoch, 0, 3, b"hash")

    with pytest.raises(PositionMoved):
        await subject.ledger.book(both)

    assert (await stand(subject)).next == 5
    assert await subject.ledger.load(["a"]) == {}


async def test_a_dossier_booked_by_somebody_else_takes_the_whole_unit_back(subject: Subject):
    at = await claim(subject)
    await subject.ledger.book(unit(at, 6, row("a", 1), row("b", 1)))
    now = await stand(subject)

    for version in (1, 3):
        with pytest.raises(VersionConflict):
            await subject.ledger.book(unit(now, 7, row("a", 2), row("b", version), row("c", 1)))

    assert await stand(subject) == now
    assert await subject.ledger.load(["a", "b", "c"]) == {
        "a": row("a", 1),
        "b": row("b", 1),
    }


async def test_a_record_is_quarantined_once(subject: Subject):
    at = await claim(subject)
    booked = unit(at, 9)
    booked.refusals = [refused(6)]
    await subject.ledger.book(booked)
    again = unit(await stand(subject), 12)
    again.refusals = [refused(6)]

    with pytest.raises(asyncpg.UniqueViolationError):
        await subject.ledger.book(again)

    assert (await stand(subject)).next == 9


async def test_claims_of_lower_generations_and_other_groups_are_refused(subject: Subject):
    held = await claim(subject, 7)

    with pytest.raises(LaterGeneration):
        await claim(subject, 6, "ours", THERE)
    with pytest.raises(OtherGroup, match="set EMC_GROUP to 'ours'"):
        await claim(subject, 8, "theirs")

    assert await stand(subject) == held
    assert await subject.ledger.positions([THERE]) == {}
    assert (await claim(subject, 7)).epoch == 2


async def test_after_a_day_without_a_move_anybody_may_claim(subject: Subject):
    await claim(subject, 7)
    await subject.a_day_passes()

    assert (await claim(subject, 1, "theirs")).epoch == 2


async def test_nobody_sees_a_booking_before_it_is_committed(subject: Subject):
    at = await claim(subject)
    opened = await subject.open(unit(at, 9, row("a", 1)))

    assert await stand(subject) == at
    assert await subject.ledger.load(["a"]) == {}

    await opened.commit()
    assert (await stand(subject)).next == 9
    assert await subject.ledger.load(["a"]) == {"a": row("a", 1)}


async def test_a_claim_waits_for_a_booking_under_way_and_goes_on_behind_it(subject: Subject):
    at = await claim(subject)
    opened = await subject.open(unit(at, 9))
    claiming = asyncio.create_task(claim(subject, 2))

    assert await waits(claiming)
    await opened.commit()

    assert (await claiming).next == 9


async def test_a_booking_taken_back_leaves_nothing_behind(subject: Subject):
    at = await claim(subject)
    opened = await subject.open(unit(at, 9, row("a", 1)))
    booking = asyncio.create_task(subject.ledger.book(unit(at, 7, row("a", 1))))

    assert await waits(booking)
    await opened.rollback()
    await booking

    assert (await stand(subject)).next == 7
    assert await subject.tallied() == 2


async def test_of_two_bookings_of_one_position_the_second_waits_and_is_refused(
    subject: Subject,
):
    at = await claim(subject)
    opened = await subject.open(unit(at, 9))
    booking = asyncio.create_task(subject.ledger.book(unit(at, 7)))

    assert await waits(booking)
    await opened.commit()

    with pytest.raises(PositionMoved):
        await booking


@pytest.mark.parametrize("known", [0, 1])
async def test_of_two_bookings_of_one_dossier_the_second_waits_and_is_refused(
    subject: Subject, known: int
):
    """Also where the dossier is new to both."""
    at = await claim(subject, 1, "ours", THERE)
    if known:
        await subject.ledger.book(unit(at, 6, row("a", 1)))
        at = await stand(subject)
    there = await stand(subject, THERE)
    opened = await subject.open(unit(at, 9, row("a", known + 1)))
    other = unit(there, 2, row("a", known + 1), here=THERE)
    booking = asyncio.create_task(subject.ledger.book(other))

    assert await waits(booking)
    await opened.commit()

    with pytest.raises(VersionConflict):
        await booking
    assert (await stand(subject, THERE)).next == 0


async def test_cells_have_one_number_each_whoever_asks(subject: Subject):
    cells = [Cell(f"H{n}", "u", "p", 1, "", 2) for n in range(4)]

    first = dict(await subject.ledger.number(cells[:3]))
    again = await subject.ledger.number(cells)

    assert [again[cell] for cell in cells[:3]] == [first[cell] for cell in cells[:3]]
    assert len({again[cell] for cell in cells}) == 4
    known = await subject.ledger.cells([again[cell] for cell in cells])
    assert [known[again[cell]] for cell in cells] == cells


# -- policies, and a recompute ----------------------------------------------------------------


def booking(number: int, amount: int) -> DossierRow:
    """A dossier that has booked so much in the account of a cell."""
    entries = pack_entries({(2, number, 20_000, -1): amount})
    return DossierRow("a", 1, 4, None, None, b"events", entries)


def to(number: int, amount: int) -> Rebook:
    """A policy under which every dossier books so much in that account."""

    async def rebook(rows: Sequence[Found]) -> tuple[list[Rebooked], dict[Entry, int]]:
        rebooked, pending = [], 0
        for row in rows:
            books: dict[Entry, int] = {(2, number, 20_000, -1): amount}
            moved = difference(books, unpack_entries(row.booked))
            pending += sum(moved.values())
            pending -= sum(unpack_entries(row.moved).values()) if row.moved else 0
            rebooked.append(
                Rebooked(
                    key=row.key,
                    version=row.version,
                    seen=row.seen,
                    outcome=5,
                    cell=number,
                    due_ms=row.due_ms,
                    booked=pack_entries(books) if moved else None,
                    moved=pack_entries(moved) if moved else None,
                )
            )
        return rebooked, {(2, number, 20_000, -1): pending} if pending else {}

    return rebook


async def office(subject: Subject, *keys: str) -> int:
    """A ledger under the first policy whose dossiers have booked 1 each; the cell's number."""
    await subject.register(FIRST)
    cell = Cell("H56.14", "", "1.004194", 2, "", 4)
    number: int = (await subject.ledger.number([cell]))[cell]
    await book(subject, number, 1, 1, *keys)
    return number


async def book(
    subject: Subject, number: int, version: int, amount: int, *keys: str, epoch: int = 1
) -> None:
    """Dossiers that book so much more, or less, than they had: their difference is in `amount`."""
    at = await claim(subject)
    booked = unit(at, at.next + 1, *_rows(number, version, amount, *keys))
    booked.epoch = epoch
    booked.journal = {0: {(2, number, 20_000, -1): amount * len(keys)}}
    booked.totals = {TotalKey(2, "H56", 2, 4, -1, 0): (amount * len(keys), 0)}
    await subject.ledger.book(booked)


def _rows(number: int, version: int, amount: int, *keys: str) -> list[DossierRow]:
    row = booking(number, amount)
    return [replace(row, key=key, version=version) for key in keys]


async def amounts(subject: Subject, *keys: str) -> list[int]:
    """What dossiers have booked."""
    rows = await subject.ledger.load(keys)
    return [sum(unpack_entries(rows[key].booked).values()) for key in keys]


async def test_the_first_policy_registered_rules_and_a_later_one_does_not(subject: Subject):
    assert await subject.register(FIRST) == ActivePolicy(1, RULES_VERSION, FIRST.hash)
    assert await subject.register(SECOND) == ActivePolicy(1, RULES_VERSION, FIRST.hash)


async def test_a_unit_of_an_epoch_that_does_not_rule_is_not_booked(subject: Subject):
    number = await office(subject, "a")
    at = await stand(subject)

    for epoch in (0, 2):
        stale = unit(at, 9, *_rows(number, 2, 1, "a"))
        stale.epoch = epoch
        with pytest.raises(PolicyChanged):
            await subject.ledger.book(stale)

    assert await stand(subject) == at
    assert (await subject.ledger.load(["a"]))["a"].version == 1


async def test_a_unit_in_which_nothing_was_posted_is_booked_in_any_epoch(subject: Subject):
    await office(subject, "a")
    at = await stand(subject)

    of_none = unit(at, 9)
    of_none.epoch = None
    await subject.ledger.book(of_none)

    assert (await stand(subject)).next == 9


async def test_bookings_are_noted_while_a_recompute_is_under_way_and_only_then(
    subject: Subject,
):
    number = await office(subject, "a", "b")
    before = await subject.touched()
    epoch = await subject.begin(SECOND)
    await book(subject, number, 2, 1, "a", "b")
    meanwhile = await subject.touched()
    await subject.abandon()
    await book(subject, number, 3, 1, "a")

    assert epoch == 2
    assert (before, meanwhile, await subject.touched()) == (0, 2, 2)


async def test_what_is_rebooked_is_booked_with_the_switch_and_not_before(subject: Subject):
    number = await office(subject, "a", "b", "c")
    epoch = await subject.begin(SECOND)
    await subject.lay_out(2)
    ranges = [await subject.rebook_range(epoch, to(number, 5)) for _ in range(3)]
    before = await amounts(subject, "a", "b", "c"), await subject.journal()

    opened = await subject.open_switch(epoch, to(number, 5))
    seen = await amounts(subject, "a"), await subject.journal()
    await opened.commit()

    assert ranges == [2, 1, None]
    assert before == ([1, 1, 1], 3)
    assert seen == ([1], 3)
    assert await amounts(subject, "a", "b", "c") == [5, 5, 5]
    assert await subject.journal() == 15
    assert await subject.net_total() == (15, 0)
    assert await subject.register(FIRST) == ActivePolicy(2, RULES_VERSION, SECOND.hash)
    found = (await subject.ledger.load(["b"]))["b"]
    assert (found.version, found.outcome, found.cell) == (1, 5, number)


async def test_bookings_meanwhile_are_followed_also_those_of_dossiers_rebooked_before(
    subject: Subject,
):
    number = await office(subject, "a", "b")
    epoch = await subject.begin(SECOND)
    await subject.lay_out(10)
    await subject.rebook_range(epoch, to(number, 5))
    await book(subject, number, 2, 0, "a")
    await book(subject, number, 1, 1, "new")

    followed = await subject.rebook_touched(epoch, to(number, 6))
    await book(subject, number, 2, 0, "b")
    await subject.switch(epoch, to(number, 7))  # what nobody has followed it follows itself

    assert followed == 2
    assert await amounts(subject, "a", "b", "new") == [6, 7, 6]
    assert await subject.touched() == 0


async def test_a_booking_after_the_switch_stands_whether_or_not_it_is_merged(subject: Subject):
    number = await office(subject, "a", "b")
    epoch = await subject.begin(SECOND)
    await subject.lay_out(10)
    await subject.rebook_range(epoch, to(number, 5))
    await subject.switch(epoch, to(number, 5))
    await book(subject, number, 2, 7, "a", epoch=epoch)
    unmerged = await amounts(subject, "a", "b")

    merged = [
        await subject.merge("", 1),
        await subject.merge("a", 1),
        await subject.merge("b", 1),
    ]

    assert unmerged == [7, 5]
    assert merged == ["a", "b", None]
    assert await amounts(subject, "a", "b") == [7, 5]
    await book(subject, number, 2, 8, "b", epoch=epoch)
    assert await amounts(subject, "b") == [8]


async def test_a_booking_waits_for_a_switch_under_way_and_is_then_refused(subject: Subject):
    number = await office(subject, "a")
    at = await claim(subject)
    epoch = await subject.begin(SECOND)
    opened = await subject.open_switch(epoch, to(number, 5))
    stale = unit(at, at.next + 1, *_rows(number, 2, 1, "a"))
    stale.epoch = 1
    late = asyncio.create_task(subject.ledger.book(stale))

    assert await waits(late)
    await opened.commit()

    with pytest.raises(PolicyChanged):
        await late


async def test_a_switch_waits_for_bookings_under_way_and_follows_them(subject: Subject):
    number = await office(subject, "a")
    at = await claim(subject)
    epoch = await subject.begin(SECOND)
    await subject.lay_out(10)
    await subject.rebook_range(epoch, to(number, 5))
    under_way = unit(at, at.next + 1, *_rows(number, 2, 3, "a"))
    under_way.epoch = 1
    opened = await subject.open(under_way)
    switching = asyncio.create_task(subject.switch(epoch, to(number, 6)))

    assert await waits(switching)
    await opened.commit()
    await switching

    assert await amounts(subject, "a") == [6]


async def test_a_switch_broken_off_leaves_everything_as_it_was(subject: Subject):
    number = await office(subject, "a")
    epoch = await subject.begin(SECOND)
    await subject.lay_out(10)
    await subject.rebook_range(epoch, to(number, 5))
    await book(subject, number, 2, 0, "a")

    await (await subject.open_switch(epoch, to(number, 5))).rollback()

    assert await amounts(subject, "a") == [0]
    assert (await subject.journal(), await subject.touched()) == (1, 1)
    await subject.switch(epoch, to(number, 5))
    assert await amounts(subject, "a") == [5]


async def test_nothing_is_switched_before_all_is_rebooked_nor_begun_before_all_is_merged(
    subject: Subject,
):
    number = await office(subject, "a")
    epoch = await subject.begin(SECOND)
    await subject.lay_out(10)

    with pytest.raises(RangesLeft):
        await subject.switch(epoch, to(number, 5))
    with pytest.raises(RecomputeUnderWay):
        await subject.begin(FIRST)
    await subject.rebook_range(epoch, to(number, 5))
    await subject.switch(epoch, to(number, 5))
    with pytest.raises(RecomputeUnderWay):
        await subject.begin(FIRST)
    await subject.merge("", 10)

    assert await subject.begin(FIRST) == 3


async def test_what_was_given_up_rules_nobody_and_goes_with_the_merge(subject: Subject):
    number = await office(subject, "a", "b")
    epoch = await subject.begin(SECOND)
    await subject.lay_out(1)
    await subject.rebook_range(epoch, to(number, 5))

    assert await subject.abandon() == epoch
    assert await subject.abandon() is None
    with pytest.raises(RecomputeEnded):
        await subject.rebook_range(epoch, to(number, 5))
    with pytest.raises(RecomputeEnded):
        await subject.rebook_touched(epoch, to(number, 5))
    with pytest.raises(RecomputeEnded):
        await subject.switch(epoch, to(number, 5))
    await subject.merge("", 10)

    assert await amounts(subject, "a", "b") == [1, 1]
    assert await subject.begin(SECOND) == 3


async def test_of_two_that_rebook_one_dossier_the_second_is_overtaken(subject: Subject):
    number = await office(subject, "a")
    epoch = await subject.begin(SECOND)
    await book(subject, number, 2, 0, "a")
    await book(subject, number, 3, 0, "a")

    async def somebody_else_meanwhile(
        rows: Sequence[Found],
    ) -> tuple[list[Rebooked], dict[Entry, int]]:
        # The other note of the same dossier: ours is held by us.
        await book(subject, number, 4, 0, "a")
        assert await subject.rebook_touched(epoch, to(number, 5)) == 1
        return await to(number, 5)(rows)

    with pytest.raises(Overtaken):
        await subject.rebook_touched(epoch, somebody_else_meanwhile)

    assert await subject.touched() == 2
    assert await subject.rebook_touched(epoch, to(number, 5)) == 2
