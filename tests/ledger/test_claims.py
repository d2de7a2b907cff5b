"""Who may book: claims, epochs, generations and groups in the real database."""

import random
from collections.abc import AsyncIterator

import asyncpg
import pytest

from monitor.domain.view import Cell
from monitor.ledger import ledger as ledger_module
from monitor.ledger.ledger import (
    LaterGeneration,
    Ledger,
    OtherGroup,
    Position,
    PositionMoved,
    Unbookable,
    VersionConflict,
)
from monitor.ledger.migrate import migrate
from monitor.ledger.unit import DossierRow, Move, Partition, TallyKey, Unit

HERE = Partition("emc.dossiers", 3)


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Ledger]:
    await migrate(database)
    async with Ledger.open(database) as ledger:
        yield ledger


async def claim(ledger: Ledger, generation: int = 1, group: str = "ours") -> Position:
    claimed = await ledger.claim(
        [HERE],
        owner="me",
        group=group,
        generation=generation,
        cluster="c",
        beginnings={HERE: 5},
    )
    return claimed[HERE]


def unit(position: Position, to: int, *dossiers: DossierRow) -> Unit:
    return Unit(
        shard=3,
        moves={HERE: Move(position.epoch, position.next, to, b"hash")},
        dossiers=list(dossiers),
        tallies={TallyKey("counted", "s", ""): to - position.next},
    )


def row(key: str, version: int) -> DossierRow:
    return DossierRow(key, version, 4, None, None, b"events", b"")


async def tallied(database: str) -> int:
    connection = await asyncpg.connect(database)
    try:
        amount: int = await connection.fetchval(
            "SELECT coalesce(sum(amount), 0)::bigint FROM tally"
        )
    finally:
        await connection.close()
    return amount


async def test_whoever_claimed_before_books_no_more_even_at_the_right_position(
    ledger: Ledger, database: str
):
    earlier = await claim(ledger)
    later = await claim(ledger)
    assert earlier.next == later.next == 5

    with pytest.raises(PositionMoved):
        await ledger.book(unit(earlier, 9))
    await ledger.book(unit(later, 8))

    assert (await ledger.positions([HERE]))[HERE].next == 8
    assert await tallied(database) == 3


async def test_a_unit_is_booked_once(ledger: Ledger, database: str):
    position = await claim(ledger)
    await ledger.book(unit(position, 9))

    with pytest.raises(PositionMoved):
        await ledger.book(unit(position, 9))

    assert await tallied(database) == 4


async def test_a_dossier_booked_by_somebody_else_takes_the_whole_unit_back(
    ledger: Ledger, database: str
):
    position = await claim(ledger)
    await ledger.book(unit(position, 6, row("a", 1), row("b", 1)))
    now = (await ledger.positions([HERE]))[HERE]

    for version in (1, 3):
        with pytest.raises(VersionConflict):
            await ledger.book(unit(now, 7, row("a", 2), row("b", version), row("c", 1)))

    assert (await ledger.positions([HERE]))[HERE] == now
    assert {key: found.version for key, found in (await ledger.load("abc")).items()} == {
        "a": 1,
        "b": 1,
    }
    assert await tallied(database) == 1


async def test_a_lower_generation_of_the_group_has_no_claim(ledger: Ledger):
    held = await claim(ledger, generation=7)

    with pytest.raises(LaterGeneration, match="generation 7"):
        await claim(ledger, generation=6)

    assert (await ledger.positions([HERE]))[HERE].epoch == held.epoch


async def test_another_group_has_no_claim_whatever_its_generation(ledger: Ledger):
    await claim(ledger, generation=7)

    with pytest.raises(OtherGroup, match="set EMC_GROUP to 'ours'"):
        await claim(ledger, generation=8, group="theirs")


async def test_after_a_day_without_a_move_anybody_may_claim(ledger: Ledger, database: str):
    await claim(ledger, generation=7)
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE position SET moved_at = moved_at - interval '25 hours'")
    await connection.close()

    assert (await claim(ledger, generation=1, group="theirs")).epoch == 2


async def test_a_claim_of_several_is_all_or_nothing(ledger: Ledger):
    other = Partition("emc.dossiers", 1)
    await claim(ledger, generation=7)

    with pytest.raises(LaterGeneration):
        await ledger.claim(
            [other, HERE],
            owner="me",
            group="ours",
            generation=6,
            cluster="c",
            beginnings={HERE: 0, other: 0},
        )

    assert set(await ledger.positions([other, HERE])) == {HERE}


async def test_a_value_that_postgresql_does_not_take_is_no_outage(ledger: Ledger):
    """Or the worker would wait for better weather for ever."""
    with pytest.raises(Unbookable):
        await ledger.load(["\x00"])
    with pytest.raises(Unbookable):
        await ledger.number([Cell("a", "u", "p", 2**40, "", 0)])


async def test_cells_of_the_longest_names_are_numbered_each_once(ledger: Ledger):
    rng = random.Random(1)

    def name(length: int) -> str:
        return "".join(chr(rng.randrange(0x20000, 0x2A000)) for _ in range(length))

    cells = [Cell(name(128), name(256), name(128), 1, name(256), 2) for _ in range(3)]
    near = cells[0]._replace(sub_channel=cells[0].sub_channel[:-1] + "x")
    numbers = dict(await ledger.number([*cells, near]))

    assert len(set(numbers.values())) == 4
    async with Ledger.open(await dsn(ledger)) as another:
        assert dict(await another.number([near, *cells])) == numbers


async def dsn(ledger: Ledger) -> str:
    address: str = ledger._pool._connect_args[0]
    return address


async def test_remembered_cells_are_bounded_and_known_while_they_are_looked_at(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ledger_module, "CELLS_AT_HAND", 10)
    cells = [Cell(f"H{n}", "", "p", 1, "", 2) for n in range(40)]
    earlier = await ledger.number(cells[:8])
    numbers = {cell: earlier[cell] for cell in cells[:8]}

    for start in (8, 16, 24, 32):
        some = cells[start : start + 8]
        found = await ledger.number(some)
        numbers |= {cell: found[cell] for cell in some}
        assert len(found) <= 10

    assert [earlier[cell] for cell in cells[:8]] == list(numbers.values())[:8]
    assert len(set(numbers.values())) == 40
    known = await ledger.cells(list(numbers.values()))
    assert all(known[number] == cell for cell, number in numbers.items())
