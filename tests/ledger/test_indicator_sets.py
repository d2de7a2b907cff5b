"""Sets in the ledger: each version from when it was known, and the one that a report goes by."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from monitor.domain.period import Period
from monitor.ledger.indicator_sets import keep_sets, known_sets, store, valid_in, versions
from monitor.ledger.migrate import migrate
from monitor.reference.indicators import StoredSet, set_from
from tests.ledger.roles import roles

TEXT = """\
version = "1"
title_vi = "Bộ chỉ số"
title_en = "A set"
owner = "somebody"
source = "somewhere"
basis = "assumption"
indicators = [
  { id = "i", name_vi = "n", name_en = "n", definition_vi = "d", definition_en = "d", numerator = [{ fact = "completed" }], unit = "count" },
]
"""


def stored(version: str, name: str = "own.toml", more: str = "") -> StoredSet:
    text = TEXT.replace('version = "1"', f'version = "{version}"\n{more}')
    return StoredSet(name, text, set_from(name, text))


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    await migrate(database)
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def version(connection: asyncpg.Connection, at: datetime | None = None) -> list[str]:
    return [one.version for one in (await known_sets(connection, at)).get("own", ())]


async def test_what_says_the_same_is_stored_once(connection: asyncpg.Connection):
    assert await store(connection, [stored("1")]) == ["own.toml"]
    assert await store(connection, [stored("1")]) == []

    assert await known_sets(connection) == {"own": [stored("1").set]}
    assert len(await versions(connection)) == 1


async def test_a_report_for_an_old_cut_goes_by_the_set_that_was_known_then(
    connection: asyncpg.Connection,
):
    await store(connection, [stored("1")])
    await store(connection, [stored("2")])
    first, second = await versions(connection)

    assert await version(connection) == ["2"]
    assert await version(connection, second.known_at) == ["2"]
    assert await version(connection, second.known_at - timedelta(microseconds=1)) == ["1"]
    assert await version(connection, first.known_at) == ["1"]


async def test_before_any_was_known_the_first_one_stands(connection: asyncpg.Connection):
    """A set is valid for periods before the deployment had it."""
    await store(connection, [stored("1")])
    await store(connection, [stored("2")])

    assert await version(connection, datetime(2020, 1, 1, tzinfo=UTC)) == ["1"]


async def test_a_file_that_is_taken_back_or_away_is_known_as_such(
    connection: asyncpg.Connection,
):
    for sets in ([stored("1")], [stored("2")], [stored("1")], []):
        await store(connection, sets)
    times = [one.known_at for one in await versions(connection)]

    assert [await version(connection, at) for at in times] == [["1"], ["2"], ["1"], []]
    assert await known_sets(connection) == {}
    assert (await versions(connection))[-1].hash == ""


async def test_a_period_goes_by_the_version_valid_on_its_first_day(
    connection: asyncpg.Connection,
):
    early = stored("1", more="valid_from = 2025-01-01\nvalid_until = 2026-07-01")
    late = stored("2", "own@2026.toml", "valid_from = 2026-07-01")
    await store(connection, [late, early])

    found = (await known_sets(connection))["own"]

    assert [one.version for one in found] == ["1", "2"]
    for period, expected in (
        ("2024", None),
        ("2025", "1"),
        ("2026-06", "1"),
        ("2026", "1"),
        ("2026-07-01", "2"),
        ("2030", "2"),
    ):
        one = valid_in(found, Period.of(period))
        assert (one and one.version) == expected, period


async def test_many_workers_that_start_at_once_store_it_once(
    database: str, connection: asyncpg.Connection
):
    changed = await asyncio.gather(*(keep_sets(database, [stored("1")]) for _ in range(5)))

    assert sorted(changed) == [[], [], [], [], ["own.toml"]]
    assert len(await versions(connection)) == 1


async def test_workers_add_and_readers_read_and_nobody_changes_what_was_known(database: str):
    await migrate(database)
    async with roles(database) as member_of:
        assert await keep_sets(member_of("emc_worker"), [stored("1")]) == ["own.toml"]
        for role in ("emc_reader", "emc_grafana"):
            reader = await asyncpg.connect(member_of(role))
            assert list(await known_sets(reader)) == ["own"]
            await reader.close()

        worker = await asyncpg.connect(member_of("emc_worker"))
        for statement in ("UPDATE indicator_set SET hash = ''", "DELETE FROM indicator_text"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await worker.execute(statement)
        await worker.close()
