"""What the ledger says of itself: one committed state, shards summed, overdue to the instant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import pytest

from monitor.domain.policy import Legal, Policy, Precision
from monitor.domain.procedure import Catalogue
from monitor.domain.zone import Zone
from monitor.ledger.figures import (
    Bin,
    DueBy,
    Figures,
    Flow,
    NotMigrated,
    Sides,
    Snapshot,
    Stock,
    Watermark,
)
from monitor.ledger.follower import fold, seal
from monitor.ledger.policies import store
from monitor.ledger.unit import BookingClass, Partition, TallyKey, TotalKey
from monitor.reference.calendars import load_calendar
from monitor.reference.sets import plain_set
from tests.outlets.writer import Writer, dossier
from tests.servers.require import ROOT

ACCEPTED, IN_PROCESS, PAUSED = 2, 12, 13
LIVE, LATE = BookingClass.LIVE, BookingClass.LATE
OPEN, HELD, ENDED = 4, 5, 6  # outcomes in rows
TODAY = 20_668  # 2026-08-03 as days since 1970-01-01


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@asynccontextmanager
async def figures_of(
    dsn: str, precision: Precision = Precision.INSTANT
) -> AsyncIterator[Figures]:
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        yield Figures(pool, Policy(Zone(), precision))


async def read(dsn: str, at: str, precision: Precision = Precision.INSTANT) -> Snapshot:
    async with figures_of(dsn, precision) as figures:
        return await figures.snapshot(ms(at))


async def test_an_empty_ledger_has_no_figures(database: str) -> None:
    async with Writer.on(database):
        pass

    shown = await read(database, "2026-08-03T10:00:00+07:00")

    assert shown.now_ms == 1_785_726_000_000
    assert not shown.flows
    assert not shown.consumed
    assert not shown.open
    assert not shown.tallies
    assert not shown.positions
    assert shown.booked == 0


async def test_shards_are_summed_and_classes_kept_apart(database: str) -> None:
    async with Writer.on(database) as writer:
        await writer.book({TotalKey(ACCEPTED, "H56", 2, 4, -1, LIVE): (5, 1)}, shard=0)
        await writer.book({TotalKey(ACCEPTED, "H56", 2, 4, -1, LIVE): (7, 2)}, shard=3)
        await writer.book({TotalKey(ACCEPTED, "H56", 2, 4, -1, LATE): (1, 0)}, shard=3)

    shown = await read(database, "2026-08-03T10:00:00+07:00")

    assert shown.flows == {
        Flow(ACCEPTED, "H56", 2, 4, LIVE): Sides(12, 3),
        Flow(ACCEPTED, "H56", 2, 4, LATE): Sides(1, 0),
    }
    assert shown.booked == 16


async def test_amounts_of_more_than_32_bits_come_back_as_they_are(database: str) -> None:
    async with Writer.on(database) as writer:
        for shard in (0, 1):
            await writer.book(
                {TotalKey(11, "H56", 2, 4, -1, LIVE): (4_000_000_000_000_001, 0)}, shard=shard
            )

    shown = await read(database, "2026-08-03T10:00:00+07:00")

    (sides,) = shown.flows.values()
    assert sides.credit == 8_000_000_000_000_002
    assert type(sides.credit) is int


async def test_bins_are_summed_over_classes(database: str) -> None:
    async with Writer.on(database) as writer:
        await writer.book(
            {
                TotalKey(105, "H56", 0, 0, -1, LIVE): (4, 1),
                TotalKey(105, "H56", 0, 0, -1, LATE): (2, 0),
                TotalKey(110, "H56", 0, 0, -1, LIVE): (1, 0),
            }
        )

    shown = await read(database, "2026-08-03T10:00:00+07:00")

    assert shown.consumed == {Bin("H56", 105): Sides(6, 1), Bin("H56", 110): Sides(1, 0)}


async def test_open_dossiers_are_told_apart_by_when_they_fall_due(database: str) -> None:
    async with Writer.on(database) as writer:
        await writer.book(
            {
                TotalKey(IN_PROCESS, "H56", 2, 4, -1, LIVE): (3, 1),
                TotalKey(IN_PROCESS, "H56", 2, 4, TODAY - 40, LIVE): (9, 5),
                TotalKey(IN_PROCESS, "H56", 2, 4, TODAY - 1, LIVE): (2, 1),
                TotalKey(IN_PROCESS, "H56", 2, 4, TODAY, LIVE): (6, 0),
                TotalKey(PAUSED, "H56", 2, 4, TODAY, LIVE): (1, 0),
                TotalKey(IN_PROCESS, "H56", 2, 4, TODAY + 1, LIVE): (7, 0),
                TotalKey(IN_PROCESS, "H56", 2, 4, TODAY + 2, LIVE): (8, 0),
                TotalKey(IN_PROCESS, "H56", 2, 4, TODAY + 300, LATE): (1, 0),
            }
        )

    shown = await read(database, "2026-08-03T10:00:00+07:00")

    assert shown.open == {
        Stock(IN_PROCESS, "H56", 2, 4, DueBy.NONE): 2,
        Stock(IN_PROCESS, "H56", 2, 4, DueBy.OVERDUE): 5,
        Stock(IN_PROCESS, "H56", 2, 4, DueBy.TODAY): 6,
        Stock(PAUSED, "H56", 2, 4, DueBy.TODAY): 1,
        Stock(IN_PROCESS, "H56", 2, 4, DueBy.TOMORROW): 7,
        Stock(IN_PROCESS, "H56", 2, 4, DueBy.LATER): 9,
    }


async def _three_due_today_and_one_at_midnight(writer: Writer) -> None:
    """Due at 09:00 and (paused, of a department) 17:00 of 3 August, and at its two midnights."""
    cell = await writer.cell("H56", 2, 4)
    department = await writer.cell("H56.14", 1, 3)
    await writer.book(
        {
            TotalKey(IN_PROCESS, "H56", 2, 4, TODAY, LIVE): (2, 0),
            TotalKey(PAUSED, "H56", 1, 3, TODAY, LIVE): (1, 0),
            TotalKey(IN_PROCESS, "H56", 2, 4, TODAY + 1, LIVE): (1, 0),
        },
        dossiers=[
            dossier("first", outcome=OPEN, cell=cell, due_ms=ms("2026-08-03T00:00:00+07:00")),
            dossier("nine", outcome=OPEN, cell=cell, due_ms=ms("2026-08-03T09:00:00+07:00")),
            dossier(
                "five", outcome=HELD, cell=department, due_ms=ms("2026-08-03T17:00:00+07:00")
            ),
            dossier("last", outcome=OPEN, cell=cell, due_ms=ms("2026-08-04T00:00:00+07:00")),
            dossier("ended", outcome=ENDED, cell=cell, due_ms=ms("2026-08-03T09:00:00+07:00")),
            dossier("undated", outcome=OPEN, cell=cell, due_ms=None),
        ],
    )


@pytest.mark.parametrize(
    ("at", "overdue", "today", "tomorrow", "later"),
    [
        # Counts of (worked on, paused). On the day before, the 4th is later and not tomorrow.
        ("2026-08-02T23:59:59.999+07:00", (0, 0), (0, 0), (2, 1), (1, 0)),
        # At the instant of its due date a dossier is still on time.
        ("2026-08-03T00:00:00+07:00", (0, 0), (2, 1), (1, 0), (0, 0)),
        ("2026-08-03T00:00:00.001+07:00", (1, 0), (1, 1), (1, 0), (0, 0)),
        ("2026-08-03T09:00:00+07:00", (1, 0), (1, 1), (1, 0), (0, 0)),
        ("2026-08-03T09:00:00.001+07:00", (2, 0), (0, 1), (1, 0), (0, 0)),
        ("2026-08-03T17:00:00.001+07:00", (2, 1), (0, 0), (1, 0), (0, 0)),
        ("2026-08-03T23:59:59.999+07:00", (2, 1), (0, 0), (1, 0), (0, 0)),
        # A new day: slots alone say what was due before, and "last" is due now.
        ("2026-08-04T00:00:00+07:00", (2, 1), (1, 0), (0, 0), (0, 0)),
        ("2026-08-04T00:00:00.001+07:00", (3, 1), (0, 0), (0, 0), (0, 0)),
        ("2026-08-05T00:00:00+07:00", (3, 1), (0, 0), (0, 0), (0, 0)),
    ],
)
async def test_overdue_is_known_to_the_instant(
    database: str,
    at: str,
    overdue: tuple[int, int],
    today: tuple[int, int],
    tomorrow: tuple[int, int],
    later: tuple[int, int],
) -> None:
    async with Writer.on(database) as writer:
        await _three_due_today_and_one_at_midnight(writer)

    shown = await read(database, at)

    found = {
        when.value: (
            shown.open.get(Stock(IN_PROCESS, "H56", 2, 4, when), 0),
            shown.open.get(Stock(PAUSED, "H56", 1, 3, when), 0),
        )
        for when in (DueBy.OVERDUE, DueBy.TODAY, DueBy.TOMORROW, DueBy.LATER)
    }
    assert found == {
        "overdue": overdue,
        "today": today,
        "tomorrow": tomorrow,
        "later": later,
    }
    assert sum(shown.open.values()) == 4


async def test_what_is_overdue_is_asked_of_the_active_policys_outcome_before_it_is_merged(
    database: str,
) -> None:
    """A recompute has found one paused that the row says is in process, and one due later."""
    due = ms("2026-08-03T09:00:00+07:00")
    async with Writer.on(database) as writer:
        cell = await writer.cell("H26.01", 2, 4)
        await writer.book(
            dossiers=[
                dossier(key, outcome=OPEN, cell=cell, due_ms=due) for key in ("a", "b", "c")
            ]
        )
    connection = await asyncpg.connect(database)
    reference = plain_set(Policy(Zone()))
    await store(connection, reference)
    await connection.execute(
        "INSERT INTO policy (epoch, rules, reference, state) VALUES (1, 2, $1, 'recomputing')",
        reference.hash,
    )
    rebooked = "INSERT INTO rebooked (key, epoch, version, outcome, cell, due_ms) VALUES "
    await connection.execute(rebooked + f"('a', 1, 1, {HELD}, {cell}, {due})")
    await connection.execute(rebooked + f"('b', 1, 1, {OPEN}, {cell}, {due + 86_400_000})")
    before = await read(database, "2026-08-03T10:00:00+07:00")
    await connection.execute("UPDATE policy SET state = 'active'")
    await connection.close()
    after = await read(database, "2026-08-03T10:00:00+07:00")

    def overdue(shown: Snapshot, measure: int) -> int:
        return shown.open.get(Stock(measure, "H26", 2, 4, DueBy.OVERDUE), 0)

    assert [overdue(before, measure) for measure in (IN_PROCESS, PAUSED)] == [3, 0]
    assert [overdue(after, measure) for measure in (IN_PROCESS, PAUSED)] == [1, 1]


async def test_at_precision_date_nothing_is_overdue_on_the_day_it_falls_due(
    database: str,
) -> None:
    async with Writer.on(database) as writer:
        await _three_due_today_and_one_at_midnight(writer)

    shown = await read(database, "2026-08-03T23:59:59+07:00", Precision.DATE)
    next_day = await read(database, "2026-08-04T00:00:00+07:00", Precision.DATE)

    assert shown.open[Stock(IN_PROCESS, "H56", 2, 4, DueBy.TODAY)] == 2
    assert Stock(IN_PROCESS, "H56", 2, 4, DueBy.OVERDUE) not in shown.open
    assert next_day.open[Stock(IN_PROCESS, "H56", 2, 4, DueBy.OVERDUE)] == 2
    assert next_day.open[Stock(PAUSED, "H56", 1, 3, DueBy.OVERDUE)] == 1


async def test_tallies_keep_the_reason_of_refusals(database: str) -> None:
    async with Writer.on(database) as writer:
        for shard in (0, 1):
            await writer.book(
                tallies={
                    TallyKey("counted", "H56-onestop", ""): 10,
                    TallyKey("duplicate", "H56-onestop", ""): 2,
                    TallyKey("refused", "H56-onestop", "not_json"): 1,
                    TallyKey("refused", "", "empty"): 4,
                },
                shard=shard,
            )

    shown = await read(database, "2026-08-03T10:00:00+07:00")

    assert shown.tallies == {
        TallyKey("counted", "H56-onestop", ""): 20,
        TallyKey("duplicate", "H56-onestop", ""): 4,
        TallyKey("refused", "H56-onestop", "not_json"): 2,
        TallyKey("refused", "", "empty"): 8,
    }
    assert shown.booked == 34


async def test_positions_tell_where_the_ledger_stands_and_since_when(database: str) -> None:
    before = datetime.now(UTC)  # noqa: TID251 - compared with PostgreSQL's clock
    async with Writer.on(database) as writer:
        await writer.book(shard=7, records=250)

    shown = await read(database, "2026-08-03T10:00:00+07:00")

    (progress,) = shown.positions.values()
    assert set(shown.positions) == {Partition("emc.dossiers", 7)}
    assert progress.next == 250
    assert 0 <= progress.moved_ms - before.timestamp() * 1000 + 1 < 60_000


async def test_the_watermark_tells_how_far_balances_are(database: str) -> None:
    async with Writer.on(database):
        pass
    connection = await asyncpg.connect(database)

    async def watermark() -> Watermark:
        return (await read(database, "2026-08-03T10:00:00+07:00")).watermark

    assert await watermark() == Watermark(folded_ms=0, backlog=0)
    await connection.execute(
        "INSERT INTO journal (measure, cell, day, slot, class, amount)"
        " SELECT 2, 1, 20000, -1, 0, 1 FROM generate_series(1, 7)"
    )
    assert await watermark() == Watermark(folded_ms=0, backlog=7)
    cut = await seal(connection)
    await fold(connection, cut, step=5)
    assert await watermark() == Watermark(folded_ms=0, backlog=2)
    await fold(connection, cut, step=5)
    shown = await watermark()
    assert shown.backlog == 0
    assert abs(shown.folded_ms - cut.read_at.timestamp() * 1000) <= 1
    await connection.close()


async def test_a_ledger_without_schema_is_not_migrated(bare_database: str) -> None:
    async with figures_of(bare_database) as figures:
        with pytest.raises(NotMigrated, match="no schema yet"):
            await figures.check()


async def test_a_migrated_ledger_passes_the_check(database: str) -> None:
    async with Writer.on(database), figures_of(database) as figures:
        await figures.check()


async def test_a_ledger_of_a_later_release_is_told(database: str) -> None:
    async with Writer.on(database), figures_of(database) as figures:
        await figures._pool.execute("INSERT INTO migration VALUES (9999, 'of_the_future')")

        with pytest.raises(NotMigrated, match="has migration 9999"):
            await figures.check()


async def test_an_agency_is_shown_as_who_stands_for_it_today(database: str):
    """The province of before the merger and the one of after it are one figure."""
    heirs = {"H57": "H56"}
    policy = Policy(
        Zone(),
        legal=Legal(
            calendars=load_calendar(
                ROOT / "deploy" / "reference" / "calendars" / "vietnam.toml"
            ),
            catalogue=Catalogue({}),
            present=lambda agency: heirs.get(agency, agency),
        ),
    )
    async with Writer.on(database) as writer:
        await writer.book(
            {
                TotalKey(ACCEPTED, "H56", 2, 4, -1, 0): (3, 0),
                TotalKey(ACCEPTED, "H57", 2, 4, -1, 0): (4, 1),
                TotalKey(IN_PROCESS, "H57", 2, 4, 40_000, 0): (2, 0),
            }
        )
        async with asyncpg.create_pool(database, min_size=1, max_size=1) as pool:
            snapshot = await Figures(pool, policy).snapshot(1_800_000_000_000)

    assert snapshot.flows == {Flow(ACCEPTED, "H56", 2, 4, 0): Sides(7, 1)}
    assert snapshot.open == {Stock(IN_PROCESS, "H56", 2, 4, DueBy.LATER): 2}


OVERDUE = Stock(IN_PROCESS, "H56", 2, 4, DueBy.OVERDUE)


async def test_figures_are_read_by_the_active_policy_and_follow_it_at_once(database: str):
    """Due this morning: late to the instant, in time by the day, whatever the reader's own is."""
    to_the_instant, by_date = (
        plain_set(Policy(Zone(), precision))
        for precision in (Precision.INSTANT, Precision.DATE)
    )
    afternoon = ms("2026-08-03T15:00:00+07:00")
    async with (
        Writer.on(database) as writer,
        figures_of(database, Precision.DATE) as figures,
        asyncpg.create_pool(database, min_size=1, max_size=1) as pool,
    ):
        cell = await writer.cell("H56", 2, 4)
        due_ms = ms("2026-08-03T09:00:00+07:00")
        await writer.book(
            {TotalKey(IN_PROCESS, "H56", 2, 4, TODAY, LIVE): (1, 0)},
            dossiers=[dossier("nine", outcome=OPEN, cell=cell, due_ms=due_ms)],
        )
        without = await figures.snapshot(afternoon)
        first = await writer.ledger.policies.register(to_the_instant)
        await writer.ledger.policies.register(by_date)
        by_the_first = await figures.snapshot(afternoon)
        await pool.execute("UPDATE policy SET state = 'past'")
        await pool.execute(
            "INSERT INTO policy (epoch, rules, reference, state) VALUES (2, $1, $2, 'active')",
            first.rules,
            by_date.hash,
        )
        by_the_second = await figures.snapshot(afternoon)

    assert without.policy is None
    assert without.open.get(OVERDUE, 0) == 0
    assert by_the_first.policy == first
    assert by_the_first.open[OVERDUE] == 1
    assert by_the_second.policy is not None
    assert by_the_second.policy.epoch == 2
    assert by_the_second.open.get(OVERDUE, 0) == 0
