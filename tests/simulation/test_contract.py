"""What any ledger keeps, the simulated one as PostgreSQL: who may book, who waits, who sees what."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from monitor.domain.view import Cell
from monitor.ledger import ledger as real
from monitor.ledger.ledger import (
    LaterGeneration,
    Ledger,
    OtherGroup,
    Position,
    PositionMoved,
    VersionConflict,
)
from monitor.ledger.migrate import migrate
from monitor.ledger.unit import (
    DossierRow,
    Move,
    Partition,
    Refusal,
    TallyKey,
    TotalKey,
    Unit,
)
from tests.simulation.ledger import MemoryLedger, Transaction

HERE, THERE = Partition("emc.dossiers", 3), Partition("emc.dossiers", 4)
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
        await real._move_positions(connection, unit)
        await real._book_dossiers(connection, unit)
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
