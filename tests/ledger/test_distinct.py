"""Distinct counts in the real database: services with dossiers, and applicants."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from monitor.domain.applicants import halves
from monitor.domain.measures import Measure
from monitor.domain.policy import Legal, Policy
from monitor.domain.procedure import Catalogue
from monitor.domain.view import Cell
from monitor.domain.zone import Zone
from monitor.ledger.distinct import Applicants, Distinct
from monitor.ledger.ledger import Ledger, VersionConflict
from monitor.ledger.migrate import migrate
from monitor.ledger.references import move_references
from monitor.ledger.unit import DossierRow, Move, Partition, Reference, Unit
from monitor.reference.calendars import load_calendar
from tests.domain.strategies_time import day
from tests.servers.require import ROOT

AN, BINH, CHI = 1, -2, 2**63 - 1  # digests
TODAY = day("2026-08-03")
ACCEPTED = Measure.ACCEPTED


class Office:
    """A worker on a partition of its own."""

    def __init__(self, ledger: Ledger, partition: int) -> None:
        self._ledger = ledger
        self._partition = Partition("emc.dossiers", partition)
        self._next = 0
        self._epoch = 0

    async def claim(self) -> None:
        [held] = (
            await self._ledger.claim(
                [self._partition],
                owner="test",
                generation=1,
                cluster="test",
                beginnings={self._partition: 0},
            )
        ).values()
        self._epoch = held.epoch

    def unit(self, references: dict[Reference, int], *dossiers: DossierRow) -> Unit:
        move = Move(self._epoch, self._next, self._next + 1, b"hash")
        return Unit(
            shard=self._partition.partition,
            moves={self._partition: move},
            dossiers=list(dossiers),
            references=references,
        )

    async def book(self, references: dict[Reference, int], *dossiers: DossierRow) -> None:
        await self._ledger.book(self.unit(references, *dossiers))
        self._next += 1


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[tuple[Ledger, "asyncpg.Pool[Any]"]]:
    await migrate(dsn)
    async with Ledger.open(dsn) as ledger, asyncpg.create_pool(dsn, min_size=1) as pool:
        yield ledger, pool


async def offices(ledger: Ledger, number: int) -> list[Office]:
    found = [Office(ledger, partition) for partition in range(number)]
    for office in found:
        await office.claim()
    return found


async def agencies(ledger: Ledger, *codes: str) -> list[int]:
    cells = [Cell(code, "", "", 0, "", 0) for code in codes]
    numbers = await ledger.number(cells)
    return [numbers[cell] for cell in cells]


def policy(**present: str) -> Policy:
    """A policy under which agencies stand today for others."""
    legal = Legal(
        calendars=load_calendar(ROOT / "deploy" / "reference" / "calendars" / "vietnam.toml"),
        catalogue=Catalogue({}),
        present=lambda code: present.get(code, code),
    )
    return Policy(Zone(), legal=legal)


# --- Applicants -----------------------------------------------------------------------------


async def test_an_applicant_of_several_dossiers_and_agencies_counts_once(database: str):
    async with opened(database) as (ledger, pool):
        [office] = await offices(ledger, 1)
        land, justice, hue = await agencies(ledger, "H56.14", "H56.15", "H57.01")
        await office.book(
            {
                Reference(2026, land, AN): 2,
                Reference(2026, justice, AN): 1,
                Reference(2026, justice, BINH): 1,
                Reference(2026, hue, AN): 1,
                Reference(2026, hue, CHI): 1,
                Reference(2025, land, CHI): 1,
            }
        )

        distinct = Distinct(pool, policy())
        assert await distinct.applicants(2026) == Applicants(3, {"H56": 2, "H57": 2})
        assert await distinct.applicants(2025) == Applicants(1, {"H56": 1})
        assert await distinct.applicants(2024) == Applicants(0, {})
        merged = Distinct(pool, policy(H56="H57"))
        assert await merged.applicants(2026) == Applicants(3, {"H57": 3})


async def test_what_was_known_of_applicants_at_a_cut_nobody_knows(database: str):
    async with opened(database) as (_, pool):
        assert await Distinct(pool, policy()).applicants(2026, cut=7) is None


async def test_an_applicant_is_gone_with_the_last_reference_and_may_come_back(database: str):
    async with opened(database) as (ledger, pool):
        [office] = await offices(ledger, 1)
        [land] = await agencies(ledger, "H56.14")
        distinct = Distinct(pool, policy())
        counts = []
        for difference in (1, 1, -1, -1, 1):
            await office.book({Reference(2026, land, AN): difference})
            found = await distinct.applicants(2026)
            counts.append(found.overall if found else None)

        assert counts == [1, 1, 1, 0, 1]


async def test_references_are_there_in_the_shape_of_entries_and_are_moved_by_such(
    database: str,
):
    digests = (0, 1, -1, 2**31, -(2**31), 2**63 - 1, -(2**63), -81985529216486896)
    async with opened(database) as (ledger, pool):
        [office] = await offices(ledger, 1)
        [land] = await agencies(ledger, "H56.14")
        await office.book({Reference(2026, land, digest): 3 for digest in digests})

        shown = await pool.fetch("SELECT measure, cell, day, slot, amount FROM applicant_entry")
        assert sorted(map(tuple, shown)) == sorted(
            (10_036, land, *halves(digest), 3) for digest in digests
        )

        await move_references(
            pool,
            "SELECT measure, cell, day, slot, -1 AS amount FROM applicant_entry"
            " UNION ALL SELECT measure, cell, day, slot, amount FROM applicant_entry"
            " UNION ALL SELECT 2, 1, 1, 1, 1",
        )
        left = await pool.fetch("SELECT year, cell, digest, dossiers FROM applicant")
        assert sorted(map(tuple, left)) == sorted((2026, land, digest, 5) for digest in digests)


async def test_a_unit_that_is_taken_back_leaves_no_reference(database: str):
    async with opened(database) as (ledger, pool):
        [office] = await offices(ledger, 1)
        [land] = await agencies(ledger, "H56.14")
        row = DossierRow("a", 1, 4, None, None, b"events", b"")
        await office.book({Reference(2026, land, AN): 1}, row)

        with pytest.raises(VersionConflict):
            await office.book({Reference(2026, land, BINH): 1}, row)

        assert await Distinct(pool, policy()).applicants(2026) == Applicants(1, {"H56": 1})


async def test_two_workers_that_meet_in_the_same_applicants_wait_and_lose_nothing(
    database: str,
):
    """Each gives the references in an order of its own; a deadlock would end one of them."""
    async with opened(database) as (ledger, pool), Ledger.open(database) as elsewhere:
        [land] = await agencies(ledger, "H56.14")
        one, two = Office(ledger, 0), Office(elsewhere, 1)
        people = [Reference(2026, land, digest) for digest in range(-100, 100)]
        for office in (one, two):
            await office.claim()

        async def book(office: Office, given: list[Reference], differences: list[int]) -> None:
            for difference in differences:
                await office.book(dict.fromkeys(given, difference))

        await asyncio.gather(
            book(one, people, [1] * 20),
            book(two, people[::-1], [1, -1] * 10),
        )

        rows = await pool.fetch("SELECT DISTINCT dossiers FROM applicant")
        assert [row["dossiers"] for row in rows] == [20]
        assert await Distinct(pool, policy()).applicants(2026) == Applicants(200, {"H56": 200})


# --- Services with dossiers -----------------------------------------------------------------


def service(agency: str, procedure: str, channel: int = 2) -> Cell:
    return Cell(agency, "", procedure, channel, "", 4)


async def append(
    ledger: Ledger, pool: "asyncpg.Pool[Any]", *rows: tuple[Cell, int, int]
) -> int:
    """Cell, day, amount of what was accepted; the journal's last number."""
    numbers = await ledger.number([cell for cell, _, _ in rows])
    await pool.executemany(
        "INSERT INTO journal (measure, cell, day, slot, class, amount)"
        " VALUES ($1, $2, $3, -1, 0, $4)",
        [(ACCEPTED, numbers[cell], on, amount) for cell, on, amount in rows],
    )
    last: int = await pool.fetchval("SELECT max(seq) FROM journal")
    return last


async def test_a_service_counts_once_however_many_dossiers_and_agencies_it_had(database: str):
    async with opened(database) as (ledger, pool):
        await append(
            ledger,
            pool,
            (service("H56.14", "1.004194"), TODAY, 5),
            (service("H56.15", "1.004194"), TODAY, 1),
            (service("H56.14", "1.002801"), TODAY, 1),
            (service("H57", "1.004194"), TODAY, 1),
            (service("H57", "2.000815", channel=1), TODAY, 9),  # at the counter
        )

        found = await Distinct(pool, policy()).services(TODAY, TODAY)

        assert found.by_agency == {
            "H56": {"1.004194", "1.002801"},
            "H57": {"1.004194"},
        }
        assert found.overall == {"1.004194", "1.002801"}


async def test_agencies_that_were_merged_are_shown_under_who_stands_today(database: str):
    async with opened(database) as (ledger, pool):
        await append(
            ledger,
            pool,
            (service("H56", "1.004194"), TODAY, 1),
            (service("H57", "1.002801"), TODAY, 1),
        )

        found = await Distinct(pool, policy(H56="H57")).services(TODAY, TODAY)

        assert found.by_agency == {"H57": {"1.004194", "1.002801"}}


async def test_a_period_has_its_first_and_its_last_day(database: str):
    async with opened(database) as (ledger, pool):
        await append(
            ledger,
            pool,
            *((service("H56", f"1.00000{n}"), TODAY + n, 1) for n in range(4)),
        )

        found = await Distinct(pool, policy()).services(TODAY + 1, TODAY + 2)

        assert found.overall == {"1.000001", "1.000002"}


async def test_a_service_whose_only_dossier_was_corrected_away_is_known_at_the_cut_before(
    database: str,
):
    async with opened(database) as (ledger, pool):
        cut = await append(ledger, pool, (service("H56", "1.004194"), TODAY, 1))
        await append(
            ledger,
            pool,
            (service("H56", "1.004194"), TODAY, -1),
            (service("H56", "1.002801"), TODAY, 1),
        )

        distinct = Distinct(pool, policy())
        assert (await distinct.services(TODAY, TODAY)).overall == {"1.002801"}
        assert (await distinct.services(TODAY, TODAY, cut=cut)).overall == {"1.004194"}
        assert (await distinct.services(TODAY, TODAY, cut=0)).by_agency == {}
