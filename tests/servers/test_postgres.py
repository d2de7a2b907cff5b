"""The database of a test is empty, its own, and gone afterwards."""

import asyncpg

from monitor.ledger.migrate import migrate
from tests.servers.postgres import Postgres


async def test_a_test_has_an_empty_database_of_its_own(bare_database: str) -> None:
    connection = await asyncpg.connect(bare_database)
    tables = await connection.fetchval(
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    )
    await connection.execute("CREATE TABLE left_behind (n bigint)")
    await connection.close()

    assert tables == 0


async def test_the_next_test_does_not_see_what_the_last_one_left(bare_database: str) -> None:
    connection = await asyncpg.connect(bare_database)
    found = await connection.fetchval("SELECT to_regclass('left_behind')")
    await connection.close()

    assert found is None


async def test_what_is_committed_has_been_flushed(database: str) -> None:
    connection = await asyncpg.connect(database)
    settings = await connection.fetchrow(
        "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
    )
    await connection.close()

    assert tuple(settings) == ("on", "on")


async def test_a_database_is_dropped_although_someone_is_connected(postgres: Postgres) -> None:
    name = await postgres.create()
    forgotten = await asyncpg.connect(postgres.dsn(name))

    await postgres.drop(name)

    connection = await asyncpg.connect(postgres.dsn())
    left = await connection.fetchval(
        "SELECT count(*) FROM pg_database WHERE datname = $1", name
    )
    await connection.close()
    forgotten.terminate()
    assert left == 0


async def test_a_database_can_be_copied_from_one_that_was_prepared(postgres: Postgres) -> None:
    prepared = await postgres.create()
    connection = await asyncpg.connect(postgres.dsn(prepared))
    await connection.execute("CREATE TABLE answer AS SELECT 42 AS n")
    await connection.close()

    copy = await postgres.create(template=prepared)

    connection = await asyncpg.connect(postgres.dsn(copy))
    answer = await connection.fetchval("SELECT n FROM answer")
    await connection.close()
    await postgres.drop(copy)
    await postgres.drop(prepared)
    assert answer == 42


async def test_a_ledger_is_migrated_and_sees_no_other_tests_rows(postgres: Postgres) -> None:
    names = [await postgres.ledger() for _ in range(2)]
    connection = await asyncpg.connect(postgres.dsn(names[0]))
    await connection.execute(
        "INSERT INTO cut (seq, read_at, sealed_at) VALUES (1, now(), now())"
    )
    await connection.close()

    assert [await migrate(postgres.dsn(name)) for name in names] == [[], []]

    connection = await asyncpg.connect(postgres.dsn(names[1]))
    cuts = await connection.fetchval("SELECT count(*) FROM cut")
    await connection.close()
    for name in names:
        await postgres.drop(name)
    assert cuts == 0
