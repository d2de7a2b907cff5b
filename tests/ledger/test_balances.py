"""What is known now, and what was known then, against a count in Python of the same rows."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from monitor.domain.codes import agency_code, level1
from monitor.domain.view import Cell
from monitor.ledger.balances import Accounts, Balances, Dimension, NotKnown
from monitor.ledger.follower import Cut, close, connect, fold, order_closing, seal
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import migrate

ACCEPTED, IN_PROCESS = 2, 12

CELLS = [
    Cell("H26.01", "", "1.004194", 2, "portal", 4),
    Cell("H26.01", "desk", "1.004194", 1, "", 3),
    Cell("H26", "", "1.000001", 2, "", 4, step="2-4", holder=1),
    Cell("G01.11", "", "1.000001", 1, "", 0),
    Cell("office of nowhere", "", "", 0, "", 0, source="h26-export"),
]


@dataclass
class Row:
    """A row of the journal."""

    seq: int
    measure: int
    cell: Cell
    day: int
    slot: int
    amount: int

    def value(self, dimension: Dimension) -> int | str:
        if dimension is Dimension.LEVEL1:
            return level1(self.cell.agency)
        if dimension in (Dimension.MEASURE, Dimension.DAY, Dimension.SLOT):
            return int(getattr(self, dimension))
        value: int | str = getattr(self.cell, dimension)
        return value


def counted(
    rows: Sequence[Row], accounts: Accounts, by: Sequence[Dimension]
) -> dict[tuple[int | str, ...], int]:
    """The same sums without a database."""
    wanted = {
        Dimension.MEASURE: accounts.measures,
        Dimension.LEVEL1: accounts.level1,
        Dimension.AGENCY: accounts.agencies,
        Dimension.UNIT: accounts.units,
        Dimension.PROCEDURE: accounts.procedures,
        Dimension.CHANNEL: accounts.channels,
        Dimension.LEVEL: accounts.levels,
        Dimension.STEP: accounts.steps,
        Dimension.HOLDER: accounts.holders,
        Dimension.SOURCE: accounts.sources,
    }
    sums: Counter[tuple[int | str, ...]] = Counter()
    for row in rows:
        if any(
            chosen is not None and row.value(d) not in chosen for d, chosen in wanted.items()
        ):
            continue
        if accounts.first_day is not None and row.day < accounts.first_day:
            continue
        if accounts.last_day is not None and row.day > accounts.last_day:
            continue
        if accounts.last_slot is not None and row.slot > accounts.last_slot:
            continue
        sums[tuple(row.value(dimension) for dimension in by)] += row.amount
    return {key: amount for key, amount in sums.items() if amount}


@dataclass
class Stage:
    """A ledger, its writers, and what they have committed."""

    writers: Sequence[Any]
    sealer: Any
    follower: Any
    balances: Balances
    numbers: Mapping[Cell, int]
    committed: list[Row] = field(default_factory=list)
    pending: dict[int, tuple[Any, list[Row]]] = field(default_factory=dict)
    known: list[tuple[Cut, list[Row]]] = field(default_factory=list)  # at each cut
    sealing: asyncio.Task[None] | None = None

    async def write(self, writer: int, rng: random.Random) -> None:
        """Some rows, in a transaction that stays open."""
        connection = self.writers[writer]
        if writer not in self.pending:
            transaction = connection.transaction()
            await transaction.start()
            self.pending[writer] = transaction, []
        for _ in range(rng.randrange(1, 5)):
            cell = rng.choice(CELLS)
            stock = rng.random() < 0.4
            line = (
                IN_PROCESS if stock else ACCEPTED,
                self.numbers[cell],
                rng.randrange(20_000, 20_004),
                rng.randrange(20_010, 20_013) if stock else -1,
                rng.choice((-1, 1, 1, 2)),
            )
            seq = await connection.fetchval(
                "INSERT INTO journal (measure, cell, day, slot, class, amount)"
                " VALUES ($1, $2, $3, $4, 0, $5) RETURNING seq",
                *line,
            )
            measure, _, day, slot, amount = line
            self.pending[writer][1].append(Row(seq, measure, cell, day, slot, amount))

    async def end(self, writer: int, *, commit: bool) -> None:
        if writer not in self.pending:
            return
        transaction, rows = self.pending.pop(writer)
        if commit:
            # Noted first: a cut may be published before we hear that the commit is done.
            self.committed += rows
            await transaction.commit()
        else:
            await transaction.rollback()

    async def act(self, rng: random.Random) -> None:
        """Whatever may happen to a ledger."""
        writer = rng.randrange(3)
        act = rng.choice("wwwwcccrssssffokq")
        if act == "w":
            await self.write(writer, rng)
        elif act in "cr":
            await self.end(writer, commit=act == "c")
        elif act == "s":
            self.seal()
        elif act == "f" and self.known:
            await fold(self.follower, self.known[-1][0], step=rng.randrange(1, 20))
        elif act == "o":
            await order_closing(self.follower)
        elif act == "k":
            await close(self.follower, step=rng.randrange(1, 20))
        elif act == "q":
            await self.check(rng)

    def seal(self) -> None:
        """A cut, as soon as whoever has drawn a number below it has ended."""
        if self.sealing is None or self.sealing.done():
            self.sealing = asyncio.create_task(self._seal())

    async def _seal(self) -> None:
        cut = await seal(self.sealer)
        self.known.append((cut, [row for row in self.committed if row.seq <= cut.seq]))

    async def check(self, rng: random.Random) -> None:
        """Now, and at every cut there was, by some dimensions of some accounts."""
        accounts, by = some(rng)
        now = await self.balances.as_known_now(accounts, by)
        assert now.figures == counted(self.committed, accounts, by)
        for cut, rows in rng.sample(self.known, min(4, len(self.known))):
            then = await self.balances.as_known_then(accounts, cut, by)
            assert then.figures == counted(rows, accounts, by), cut
            assert then.seq == cut.seq


def some(rng: random.Random) -> tuple[Accounts, list[Dimension]]:
    def perhaps(*values: Any) -> Any:
        return rng.choice(values) if rng.random() < 0.25 else None

    accounts = Accounts(
        measures=rng.choice(
            [None, None, None, [], [ACCEPTED], [IN_PROCESS], *2 * [[ACCEPTED, IN_PROCESS]]]
        ),
        level1=perhaps(["H26"], ["G01", "office of nowhere"]),
        agencies=perhaps(["H26.01"]),
        units=perhaps([""], ["desk"]),
        procedures=perhaps(["1.000001"]),
        channels=perhaps([1, 2]),
        levels=perhaps([4], [0, 3]),
        steps=perhaps(["2-4"]),
        holders=perhaps([1]),
        sources=perhaps(["h26-export"]),
        first_day=perhaps(20_001),
        last_day=perhaps(20_002),
        last_slot=perhaps(20_011),
    )
    return accounts, rng.sample(list(Dimension), rng.randrange(4))


@pytest.fixture
async def stage(database: str) -> AsyncIterator[Stage]:
    await migrate(database)
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(Ledger.open(database, connections=1))
        numbers = dict(await ledger.number(CELLS))
        connections = []
        for _ in range(5):
            connection = await connect(database)
            stack.push_async_callback(connection.close)
            connections.append(connection)
        pool = await stack.enter_async_context(
            asyncpg.create_pool(database, min_size=0, max_size=1)
        )
        *writers, sealer, follower = connections
        yield Stage(writers, sealer, follower, Balances(pool), numbers)


@pytest.mark.parametrize("seed", range(3))
async def test_known_now_is_the_journal_and_known_then_what_was_committed_by_the_cut(
    stage: Stage, seed: int
):
    """Whatever the follower, closings and other transactions do in between."""
    rng = random.Random(seed)
    for _ in range(150):
        await stage.act(rng)
        await asyncio.sleep(0.003)
    for writer in range(3):
        await stage.end(writer, commit=True)
    if stage.sealing is not None:
        await stage.sealing
    await stage._seal()

    async def all_agree() -> None:
        by = list(Dimension)
        now = await stage.balances.as_known_now(Accounts(), by)
        assert now.figures == counted(stage.committed, Accounts(), by)
        for cut, rows in stage.known:
            # The measures asked for, it may be told by the balances.
            for accounts in (Accounts(), Accounts(measures=[ACCEPTED, IN_PROCESS])):
                then = await stage.balances.as_known_then(accounts, cut, by)
                assert then.figures == counted(rows, accounts, by), cut

    assert len(stage.known) > 2
    await all_agree()
    while await fold(stage.follower, stage.known[-1][0]):
        pass
    await order_closing(stage.follower)
    while await close(stage.follower):
        pass
    assert await stage.follower.fetchval("SELECT count(*) FROM closing") > 1
    await all_agree()


# -- examples ----------------------------------------------------------------------------------


async def write(stage: Stage, cell: Cell, day: int, amount: int, slot: int = -1) -> None:
    await stage.follower.execute(
        "INSERT INTO journal (measure, cell, day, slot, class, amount)"
        " VALUES ($1, $2, $3, $4, 0, $5)",
        ACCEPTED if slot < 0 else IN_PROCESS,
        stage.numbers[cell],
        day,
        slot,
        amount,
    )


async def test_a_month_of_a_province_by_channel(stage: Stage):
    await write(stage, CELLS[0], 20_000, 5)
    await write(stage, CELLS[1], 20_001, 3)
    await write(stage, CELLS[2], 20_030, 2)
    await write(stage, CELLS[2], 20_031, 100)
    await write(stage, CELLS[3], 20_001, 70)

    known = await stage.balances.as_known_now(
        Accounts(measures=[ACCEPTED], level1=["H26"], first_day=20_000, last_day=20_030),
        [Dimension.CHANNEL],
    )

    assert known.figures == {(1,): 3, (2,): 7}
    assert known.seq == 0


async def test_a_stock_is_the_sum_of_its_movements_and_overdue_is_a_matter_of_slots(
    stage: Stage,
):
    await write(stage, CELLS[0], 20_000, 1, slot=20_005)
    await write(stage, CELLS[0], 20_001, 1, slot=20_009)
    await write(stage, CELLS[0], 20_003, -1, slot=20_005)

    async def open_on(
        day: int, last_slot: int | None = None
    ) -> Mapping[tuple[int | str, ...], int]:
        accounts = Accounts(measures=[IN_PROCESS], last_day=day, last_slot=last_slot)
        return (await stage.balances.as_known_now(accounts)).figures

    assert await open_on(20_002) == {(): 2}
    assert await open_on(20_002, last_slot=20_005) == {(): 1}
    assert await open_on(20_003) == {(): 1}
    assert await open_on(19_999) == {}


async def test_a_correction_moves_what_is_known_now_and_not_what_was_known_then(stage: Stage):
    await write(stage, CELLS[0], 20_000, 5)
    published = await seal(stage.follower)
    await write(stage, CELLS[0], 20_000, -1)
    await write(stage, CELLS[3], 20_000, 1)
    later = await seal(stage.follower)

    async def then(at: datetime | Cut) -> Mapping[tuple[int | str, ...], int]:
        return (await stage.balances.as_known_then(Accounts(), at, [Dimension.LEVEL1])).figures

    assert await then(published) == {("H26",): 5}
    assert await then(published.sealed_at) == {("H26",): 5}
    assert await then(later.sealed_at - timedelta(microseconds=1)) == {("H26",): 5}
    assert await then(later.sealed_at) == {("H26",): 4, ("G01",): 1}


async def test_amounts_of_more_than_32_bits_stay_what_they_are(stage: Stage):
    for _ in range(2):
        await write(stage, CELLS[0], 20_000, 4_000_000_000_000_001)

    known = await stage.balances.as_known_now(Accounts())

    assert known.figures == {(): 8_000_000_000_000_002}


async def test_before_the_first_cut_nothing_says_what_was_known(stage: Stage):
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with pytest.raises(NotKnown, match="no cut yet; a worker makes the first"):
        await stage.balances.cut_at(noon)

    await seal(stage.follower)

    with pytest.raises(NotKnown, match=r"at 2026-03-02 12:00:00 UTC is not kept: cuts begin"):
        await stage.balances.cut_at(noon)


async def test_what_will_be_known_is_not_asked(stage: Stage):
    await seal(stage.follower)

    with pytest.raises(NotKnown, match="2100-01-01 00:00:00 UTC has not come"):
        await stage.balances.cut_at(datetime(2100, 1, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="no time zone"):
        await stage.balances.cut_at(datetime(2026, 1, 1))


async def test_level_1_in_sql_is_the_one_of_the_domain(stage: Stage, database: str):
    """`codes.level1` is the rule; the query says the same of every code that a cell may have."""
    rng = random.Random(4)
    given = {
        agency_code("".join(rng.choice("AHYZ019.a ớ\n") for _ in range(rng.randrange(1, 9))))
        for _ in range(3_000)
    }
    given |= {
        "",
        "H26",
        "H26.",
        "H26\n",
        "H26.01\nX",
        "H26." + "0" * 31 + "1",
        "H26." + "9" * 32,
    }
    given |= {"h26", "Z01", "H2", "H261", "000.00.01.H26", "B01.1.2.3"}
    agencies = sorted({agency_code(code) for code in given})
    async with Ledger.open(database, connections=1) as ledger:
        cells = [Cell(agency, "", "", 0, "", 0) for agency in agencies]
        numbers = dict(await ledger.number(cells))
    await stage.follower.executemany(
        "INSERT INTO journal (measure, cell, day, slot, class, amount)"
        " VALUES (2, $1, 20000, -1, 0, 1)",
        [(numbers[cell],) for cell in cells],
    )

    known = await stage.balances.as_known_now(Accounts(), [Dimension.AGENCY, Dimension.LEVEL1])

    assert set(known.figures) == {(agency, level1(agency)) for agency in agencies}
