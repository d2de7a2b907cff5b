"""Hour accounts in the real database: read by the hour, kept for 35 days."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from monitor.domain.measures import HOURS, NO_SLOT, Measure
from monitor.domain.view import Cell
from monitor.domain.zone import Zone
from monitor.ledger.hours import HourAccount, Hours, NotKept
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import migrate
from tests.domain.strategies_time import at, day

ACCEPTED, LATE = Measure.ACCEPTED, Measure.LATE_766
HOUR = 3_600_000
TODAY = day("2026-08-03")
OFFICE = Cell("H56.14", "", "1.004194", 2, "", 4)
OTHER = Cell("H19", "", "1.004194", 1, "", 4)


class Books:
    """A ledger whose journal and balances a test writes."""

    def __init__(self, pool: "asyncpg.Pool[Any]", cells: dict[Cell, int]) -> None:
        self.pool = pool
        self.cells = cells
        self.hours = Hours(pool, Zone())

    async def append(self, *rows: tuple[int, Cell, int, int, int]) -> None:
        """Measure, cell, day, slot, amount."""
        await self.pool.executemany(
            "INSERT INTO journal (measure, cell, day, slot, class, amount)"
            " VALUES ($1, $2, $3, $4, 0, $5)",
            [(measure, self.cells[cell], *rest) for measure, cell, *rest in rows],
        )

    async def follow(self) -> None:
        """Make balances of all that stands in the journal."""
        await self.pool.execute(
            "DELETE FROM balance_run; DELETE FROM follower;"
            "INSERT INTO balance_run SELECT measure, day, 0, max(seq), array_agg(cell),"
            " array_agg(slot), array_agg(amount) FROM journal GROUP BY measure, day;"
            "INSERT INTO follower (seq, folded_at)"
            " SELECT coalesce(max(seq), 0), clock_timestamp() FROM journal"
        )

    async def read(self, since: str, until: str, *measures: int) -> dict[HourAccount, int]:
        return await self.hours.read(at(since), at(until), *([measures] if measures else []))


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Books]:
    await migrate(dsn)
    async with Ledger.open(dsn) as ledger, asyncpg.create_pool(dsn, min_size=1) as pool:
        yield Books(pool, dict(await ledger.number([OFFICE, OTHER])))


async def test_amounts_are_summed_by_account_and_hour(database: str):
    async with opened(database) as books:
        await books.append(
            (HOURS + ACCEPTED, OFFICE, TODAY, 8, 3),
            (HOURS + ACCEPTED, OFFICE, TODAY, 8, -1),  # a correction
            (HOURS + ACCEPTED, OTHER, TODAY, 8, 5),
            (HOURS + LATE, OFFICE, TODAY, 9, 1),
            (HOURS + LATE, OFFICE, TODAY, 10, 1),
            (HOURS + LATE, OFFICE, TODAY, 10, -1),
            (ACCEPTED, OFFICE, TODAY, NO_SLOT, 7),
        )

        assert await books.read("2026-08-03 00:00", "2026-08-04 00:00") == {
            HourAccount(ACCEPTED, OFFICE, at("2026-08-03 08:00")): 2,
            HourAccount(ACCEPTED, OTHER, at("2026-08-03 08:00")): 5,
            HourAccount(LATE, OFFICE, at("2026-08-03 09:00")): 1,
        }
        assert await books.read("2026-08-03 00:00", "2026-08-04 00:00", LATE) == {
            HourAccount(LATE, OFFICE, at("2026-08-03 09:00")): 1
        }


async def test_the_hours_of_a_window_are_those_that_begin_in_it(database: str):
    async with opened(database) as books:
        await books.append(
            *((HOURS + ACCEPTED, OFFICE, TODAY + d, h, 1) for d in (0, 1) for h in range(24))
        )

        found = await books.read("2026-08-03 22:30", "2026-08-04 01:00")

        assert sorted(account.starts_ms for account in found) == [
            at("2026-08-03 23:00"),
            at("2026-08-04 00:00"),
        ]


async def test_balances_and_what_the_follower_has_not_reached_are_one(database: str):
    async with opened(database) as books:
        await books.append((HOURS + ACCEPTED, OFFICE, TODAY, 8, 3))
        await books.follow()
        await books.append((HOURS + ACCEPTED, OFFICE, TODAY, 8, 4))

        found = await books.read("2026-08-03 00:00", "2026-08-04 00:00")

        assert list(found.values()) == [7]


async def test_what_is_not_kept_by_the_hour_is_refused(database: str):
    async with opened(database) as books:
        with pytest.raises(ValueError, match="measure 1 is not kept by the hour"):
            await books.read("2026-08-03 00:00", "2026-08-04 00:00", Measure.SUBMITTED)


async def test_hours_are_kept_for_35_days_beside_today(database: str):
    async with opened(database) as books:
        old, kept = day("2026-06-28"), day("2026-06-29")  # 36 and 35 days before
        await books.append(
            (HOURS + ACCEPTED, OFFICE, old, 8, 3),
            (HOURS + ACCEPTED, OFFICE, kept, 8, 4),
            (ACCEPTED, OFFICE, old, NO_SLOT, 3),
        )
        await books.follow()

        assert await books.hours.sweep(at("2026-08-03 00:00")) == 1
        assert await books.hours.sweep(at("2026-08-03 23:59")) == 0

        left = await books.pool.fetch("SELECT measure, day FROM balance ORDER BY 1, 2")
        assert [tuple(row) for row in left] == [(ACCEPTED, old), (HOURS + ACCEPTED, kept)]
        assert await books.pool.fetchval("SELECT count(*) FROM journal") == 3
        assert list((await books.read("2026-06-29 00:00", "2026-08-04 00:00")).values()) == [4]
        with pytest.raises(NotKept, match=r"kept from 2026-06-29 on.* begins on 2026-06-28"):
            await books.read("2026-06-28 23:59", "2026-08-04 00:00")


async def test_a_late_booking_of_an_hour_no_longer_kept_is_passed_over(database: str):
    async with opened(database) as books:
        await books.hours.sweep(at("2026-08-03 00:00"))
        await books.append((HOURS + ACCEPTED, OFFICE, day("2026-06-01"), 8, -1))
        await books.follow()

        with pytest.raises(NotKept):
            await books.read("2026-06-01 00:00", "2026-06-02 00:00")
        assert await books.hours.sweep(at("2026-08-03 00:00")) == 1


async def test_a_clock_that_is_put_back_brings_no_hour_back(database: str):
    async with opened(database) as books:
        await books.hours.sweep(at("2026-08-03 00:00"))
        await books.hours.sweep(at("2026-07-03 00:00"))

        with pytest.raises(NotKept, match="from 2026-06-29 on"):
            await books.read("2026-06-28 00:00", "2026-08-04 00:00")


async def test_a_sweep_removes_no_more_than_it_may(database: str):
    async with opened(database) as books:
        await books.append(
            *((HOURS + ACCEPTED, OFFICE, day("2026-01-05") + n, 8, 1) for n in range(5))
        )
        await books.follow()

        now = at("2026-08-03 00:00")
        assert [await books.hours.sweep(now, rows=2) for _ in range(4)] == [2, 2, 1, 0]
