"""Sums behind latency metrics, on a real PostgreSQL: each page of the journal once, as folded."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agents.latencies import Keeper
from monitor.domain.view import Cell
from monitor.domain.zone import Zone, day_number
from monitor.ledger import latencies
from monitor.ledger import migrate as migrate_module
from monitor.ledger.follower import connect, fold, seal
from monitor.ledger.latencies import PROCESSING, STEP, Latency, Spread, window
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import migrate
from monitor.reference.policy import load_policy
from tests.ledger.books import folded_then

WARNED = 20
FRIDAY = day_number(date(2026, 3, 6))
LIVE, LATE = 0, 1


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Any]:
    await migrate(database)
    found = await connect(database)
    yield found
    await found.close()


async def book(connection: Any, measure: int, cell: int, day: int, slot: int, amount: int,
               booking_class: int = LIVE) -> None:  # fmt: skip
    await connection.execute(
        "INSERT INTO journal (measure, cell, day, slot, class, amount)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        measure, cell, day, slot, booking_class, amount,
    )  # fmt: skip


async def number(dsn: str, *cells: Cell) -> list[int]:
    async with Ledger.open(dsn) as ledger:
        numbers = await ledger.number(cells)
        return [numbers[cell] for cell in cells]


def at(step: str, holder: int, agency: str = "H56.14") -> Cell:
    return Cell(agency, "", "1.004194", 2, "", 4, step=step, holder=holder)


async def folded(connection: Any) -> None:
    cut = await seal(connection)
    while await fold(connection, cut):
        pass


async def summed(connection: Any, table: str) -> list[tuple[Any, ...]]:
    rows = await connection.fetch(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4, 5")
    return [tuple(row) for row in rows]


async def test_what_is_folded_is_added_once_and_what_is_not_waits(database, connection):
    check, source = await number(
        database, at("check", 2), Cell("H56.14", "", "", 0, "", 0, source="s")
    )
    await book(connection, STEP, check, FRIDAY, 7, 3)
    await book(connection, WARNED, source, FRIDAY, 8, 2)
    await book(connection, WARNED, source, FRIDAY, 8, -1, LATE)
    before = await latencies.add(connection, FRIDAY - 60)
    await folded(connection)
    await book(connection, STEP, check, FRIDAY, 7, 100)

    pages = [await latencies.add(connection, FRIDAY - 60, pages=2) for _ in range(3)]

    assert (before, pages) == (0, [2, 1, 0])
    assert await summed(connection, "worked") == [(STEP, FRIDAY, "H56", "check", 2, 7, 3)]
    assert await summed(connection, "warned") == [
        ("H56", 8, LIVE, 2, 0),
        ("H56", 8, LATE, 0, 1),
    ]


async def test_days_that_are_not_kept_are_passed_over_and_swept(database, connection):
    (check,) = await number(database, at("check", 2))
    for day in (FRIDAY - 61, FRIDAY - 60):
        await book(connection, STEP, check, day, 7, 1)
    await folded(connection)

    await latencies.add(connection, FRIDAY - 60)
    kept = await summed(connection, "worked")
    await latencies.sweep(connection, FRIDAY - 59)

    assert kept == [(STEP, FRIDAY - 60, "H56", "check", 2, 7, 1)]
    assert await summed(connection, "worked") == []


async def test_the_keeper_judges_by_step_and_agency_over_the_window(database, connection):
    check, unnamed, elsewhere, whole = await number(
        database, at("check", 2), at("", 4), at("check", 2, "H99"), at("", 0)
    )
    first = FRIDAY - 25  # Monday 9 February: Tet takes six working days from the calendar
    policy = load_policy(Path("deploy/reference"))
    assert policy.legal is not None
    begins = window(policy.legal.calendars.calendar(), FRIDAY)
    await book(connection, STEP, check, FRIDAY, 1, 19)  # (60 s, 75 s]
    await book(connection, STEP, check, begins, 5, 1)
    await book(connection, STEP, check, begins - 1, 60, 1_000)
    await book(connection, STEP, unnamed, FRIDAY, 0, 2)
    await book(connection, STEP, elsewhere, FRIDAY, 1, 1)
    await book(connection, PROCESSING, whole, FRIDAY, 2, 4)
    await folded(connection)
    noon = Zone().start_of(FRIDAY) + 12 * 3_600_000

    await Keeper(policy, now_ms=lambda: noon).round(connection)

    rows = await connection.fetch(f"{latencies.LATENCIES} ORDER BY 1, 2, 3")
    assert begins < first, "holidays stretch the window"
    assert [Latency(*row) for row in rows] == [
        Latency(PROCESSING, "H56", "", 4, 83_852, 83_852),
        Latency(STEP, "H56", "check", 20, 67_082, 67_082),
        Latency(STEP, "H56", "citizen", 2, 30_000, 30_000),
        Latency(STEP, "H99", "check", 1, 67_082, 67_082),
    ]
    assert await connection.fetchval(latencies.JUDGED) == noon


def test_an_agency_has_its_largest_steps_and_the_rest_together():
    rows = [(STEP, "H56", f"step {n:02}", 2, 1, 100 - n) for n in range(14)]

    found = list(latencies.latencies(rows, lambda agency: agency))

    assert [(one.step, one.dossiers) for one in found] == [
        ("other", 88 + 87),
        *((f"step {n:02}", 100 - n) for n in range(12)),
    ]


def test_provinces_that_were_merged_are_one():
    rows = [(STEP, agency, "check", 2, 1, 10) for agency in ("H01", "H02")]

    found = list(latencies.latencies(rows, {"H01": "H01", "H02": "H01"}.__getitem__))

    assert found == [Latency(STEP, "H01", "check", 20, 67_082, 67_082)]


async def test_what_was_in_the_balances_before_the_migration_is_taken_over(bare_database):
    everything = migrate_module.migrations()
    earlier = [one for one in everything if one[0] < 15]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate_module, "migrations", lambda: earlier)
        await migrate(bare_database)
    connection = await connect(bare_database)
    today = await connection.fetchval("SELECT current_date - date '1970-01-01'")
    check, source = await number(
        bare_database, at("check", 2), Cell("H56.14", "", "", 0, "", 0, source="s")
    )
    await book(connection, STEP, check, today - 3, 7, 3)
    await book(connection, STEP, check, today - 70, 7, 5)
    await book(connection, WARNED, source, today - 300, 8, 2)
    await folded_then(connection, await seal(connection))
    await book(connection, STEP, check, today, 9, 1)

    await migrate(bare_database)
    await folded(connection)
    await latencies.add(connection, today - 60)

    assert await summed(connection, "worked") == [
        (STEP, today - 3, "H56", "check", 2, 7, 3),
        (STEP, today, "H56", "check", 2, 9, 1),
    ]
    assert await summed(connection, "warned") == [("H56", 8, 2, 2, 0)]
    await connection.close()


async def test_a_spread_is_the_same_from_kept_sums_and_from_the_books(database, connection):
    check, whole, elsewhere = await number(
        database, at("check", 2), at("", 0), at("check", 2, "H99")
    )
    await book(connection, STEP, check, FRIDAY, 1, 19)  # (60 s, 75 s]
    await book(connection, STEP, check, FRIDAY - 1, 5, 1)  # (146.484 s, 183.105 s]
    await book(connection, PROCESSING, whole, FRIDAY, 1, 2)
    await book(connection, STEP, check, FRIDAY - 30, 60, 100)  # before the window
    await book(connection, STEP, elsewhere, FRIDAY, 60, 100)
    await folded(connection)
    await latencies.add(connection, FRIDAY - 60)
    expected = [
        Spread("", 2, 67_082, 67_082, 67_082),
        # The tenth and the eighteenth of twenty, and the last.
        Spread("check", 20, 67_082, 67_082, 163_774),
    ]

    kept = await latencies.spread_of(connection, ["H56"], FRIDAY - 20, FRIDAY)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        booked = await latencies.spread_in_books(
            connection, FRIDAY - 20, FRIDAY, agencies=["H56.14"], procedure="1.004194"
        )
        of_another = await latencies.spread_in_books(
            connection, FRIDAY - 20, FRIDAY, agencies=["H56.14"], procedure="2.000815"
        )

    assert kept == expected
    assert booked == expected
    assert of_another == []


def test_of_many_steps_the_rest_is_last_in_a_spread():
    rows = [(STEP, f"step-{n:02}", 2, 1, 20 - n) for n in range(14)]

    found = latencies.spread(rows)

    assert [one.step for one in found] == [*(f"step-{n:02}" for n in range(12)), "other"]
    assert found[-1].dossiers == 8 + 7
