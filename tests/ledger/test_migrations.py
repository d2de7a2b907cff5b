"""From nothing, and from every earlier version with rows in it, a ledger comes to the same schema.

Written for all migrations, those of later releases too. A table whose rows cannot be made up
from the types of its columns has one said in `ROWS`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, NamedTuple

import asyncpg
import pytest

from monitor.ledger import migrate as migrate_module
from monitor.ledger.follower import fold, seal
from monitor.ledger.migrate import SchemaTooNew, migrate, migrations
from tests.servers.postgres import Postgres

NUMBERS: Final = [number for number, _, _ in migrations()]

# Sums that this migration empties, and the follower fills anew from the balances.
SUMS_IN_ROWS: Final = 29
FILLED_ANEW: Final = frozenset({"reading_month", "reading_day", "reading_procedure"})
# Columns and values of rows for tables whose columns' types do not say what may be in them.
ROWS: Final[Mapping[str, str]] = {
    "policy": "(epoch, rules, reference, state)"
    " SELECT 1, 2, hash, 'active' FROM reference_set LIMIT 1",
    "reference_file": "(reference, path, content) SELECT hash, 'policy.toml', '' FROM reference_set",
    "closing": "(seq, folded) SELECT seq, 0 FROM cut",
    "quarantine": '(topic, partition, "offset", source, reason, detail, size, hash, arrived)'
    " VALUES ('t', 0, 1, 's', 'empty', 'value', 0, '\\x01', '2026-03-02T09:00:00Z')",
    "source": "(code, name, owner, kind, status, go_live, zone, mandates, expectations)"
    " VALUES ('H56-onestop', 'n', 'H56', 'system', 'live', '2026-03-02', 'Asia/Ho_Chi_Minh',"
    """ '[{"agency": "H56", "procedure": ""}]', '[]')""",
    "source_credential": "(source, hash, valid_from)"
    " VALUES ('H56-onestop', decode(repeat('01', 32), 'hex'), '2026-03-02T09:00:00Z')",
    "unknown_source": "(via, said, records, first_seen, last_seen)"
    " VALUES ('site', '7', 1, '2026-03-02T09:00:00Z', '2026-03-02T09:00:00Z')",
    "console_session": "(hash, token, made_at, used_at, expires_at)"
    " SELECT hash, id, made_at, made_at, made_at + interval '1 hour' FROM access_token LIMIT 1",
    "access_token": "(name, hash, role, made_by, expires_at)"
    " VALUES ('n', decode(repeat('01', 32), 'hex'), 'national', 'm', '2026-03-02T09:00:00Z')",
    "access_audit": "(who, role, agency, asked, address, status, rows)"
    " VALUES ('n', 'national', '', '/', '::1', 200, 1)",
    "release_cell": """(release, place, "column", value, standing)"""
    " SELECT id, '', '', 100, 'number' FROM release LIMIT 1",
    "official_round": "(cut, sealed_at, evaluated_ms) VALUES (1, '2026-03-02T09:00:00Z', 1)",
    "latency_judged": "(judged_ms, first_day) VALUES (1, 1)",
    "journal": "(measure, cell, day, slot, class, amount)"
    " VALUES (2, 1, 20000, -1, 0, 5), (2, 1, 20000, -1, 1, -2), (12, 2, 20001, 20010, 0, 1)",
}

# By type, a value of the row that has this number.
VALUES: Final[Mapping[str, str]] = {
    "boolean": "true",
    "bytea": "'\\x0102'",
    "date": "'2026-03-02'::date + {row}",
    "json": "'{}'",
    "jsonb": "'{}'",
    "text": "'text {row}'",
    "timestamp with time zone": "'2026-03-02T09:00:00Z'::timestamptz + {row} * interval '1 hour'",
    "uuid": "gen_random_uuid()",
}


class Made(NamedTuple):
    """A database of this test's own."""

    dsn: str
    connection: Any


@pytest.fixture
async def make(postgres: Postgres) -> AsyncIterator[Callable[[], Awaitable[Made]]]:
    """Makes empty databases."""
    async with AsyncExitStack() as stack:

        async def new() -> Made:
            return await stack.enter_async_context(copied(postgres))

        yield new


@asynccontextmanager
async def copied(postgres: Postgres, template: str = "template1") -> AsyncIterator[Made]:
    """A copy for a block. It goes at once: kept until the end, each would be flushed to the disk."""
    name = await postgres.create(template)
    try:
        connection = await asyncpg.connect(postgres.dsn(name))
        try:
            yield Made(postgres.dsn(name), connection)
        finally:
            await connection.close()
    finally:
        await postgres.drop(name)


@pytest.fixture
async def grows(postgres: Postgres) -> AsyncIterator[str]:
    """The name of a database that a test migrates step by step, and copies as it is after each."""
    name = await postgres.create()
    yield name
    await postgres.drop(name)


async def bring_to(
    dsn: str, numbers: Sequence[int], monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Migrate as a release does that has only these migrations."""
    theirs = [one for one in migrations() if one[0] in numbers]
    with monkeypatch.context() as then:
        then.setattr(migrate_module, "migrations", lambda: theirs)
        return await migrate(dsn)


async def tables(connection: Any) -> list[str]:
    rows = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
        " AND relnamespace = 'public'::regnamespace AND relname <> 'migration'"
        " ORDER BY oid"
    )
    return [row["relname"] for row in rows]


async def fill(connection: Any) -> None:
    """Some rows in every table that has none."""
    for table in await tables(connection):
        if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})"):
            continue
        if table in ROWS:
            await connection.execute(f"INSERT INTO {table} {ROWS[table]}")
            continue
        columns = await connection.fetch(
            "SELECT quote_ident(attname) AS name, format_type(atttypid, NULL) AS type"
            " FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0"
            " AND NOT attisdropped AND attidentity = '' AND NOT atthasdef"
            " ORDER BY attnum",
            table,
        )
        names = ", ".join(column["name"] for column in columns)
        rows = ", ".join(
            f"({', '.join(value(column['type'], row) for column in columns)})"
            for row in range(1, 4)
        )
        await connection.execute(f"INSERT INTO {table} ({names}) VALUES {rows}")


def value(type_: str, row: int) -> str:
    """A value of the type, another one for each row where there is room; else a number."""
    return (
        "'{}'"
        if type_.endswith("[]")
        else VALUES.get(type_, "{row}").replace("{row}", str(row))
    )


async def contents(connection: Any, of: Collection[str] = ()) -> dict[str, int]:
    """Rows of every table; or of these, which a later release may have made views."""
    return {
        table: await connection.fetchval(f"SELECT count(*) FROM {table}")
        for table in of or await tables(connection)
    }


async def schema(connection: Any) -> dict[str, Any]:
    """What there is, apart from the order in which it came."""
    queries = {
        "columns": "SELECT table_name, column_name, data_type, collation_name, is_nullable,"
        " column_default, is_identity, is_generated FROM information_schema.columns"
        " WHERE table_schema = 'public'",
        "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
        " FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
        "storage": "SELECT relname, attname, attstorage::text, reloptions FROM pg_class"
        " JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped"
        " WHERE relnamespace = 'public'::regnamespace",
        "sequences": "SELECT seqrelid::regclass::text, seqcache, seqincrement FROM pg_sequence",
        "functions": "SELECT proname, prosrc, prosecdef, proacl::text FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace",
        "migrations": "SELECT number, name FROM migration",
    }
    return {
        name: sorted(map(str, await connection.fetch(query))) for name, query in queries.items()
    }


async def test_every_version_with_rows_in_it_comes_to_the_schema_of_an_empty_one(
    make: Callable[[], Awaitable[Made]],
    postgres: Postgres,
    grows: str,
    monkeypatch: pytest.MonkeyPatch,
):
    fresh = await make()
    assert len(await migrate(fresh.dsn)) == len(NUMBERS)
    expected = await schema(fresh.connection)
    await fill(fresh.connection)  # as the release after this one will find it
    assert all((await contents(fresh.connection)).values())

    for known in range(1, len(NUMBERS)):
        await bring_to(postgres.dsn(grows), NUMBERS[:known], monkeypatch)
        async with copied(postgres, grows) as earlier:
            await fill(earlier.connection)
            before = await contents(earlier.connection)
            assert all(before.values()), before
            if NUMBERS[known - 1] < SUMS_IN_ROWS:
                before |= dict.fromkeys(before.keys() & FILLED_ANEW, 0)

            applied = await migrate(earlier.dsn)

            assert [int(name[:4]) for name in applied] == NUMBERS[known:]
            assert await schema(earlier.connection) == expected, f"from {NUMBERS[known - 1]:04}"
            assert await contents(earlier.connection, before) == before
            assert await migrate(earlier.dsn) == []


async def test_a_migration_that_comes_with_a_lower_number_is_applied_too(
    make: Callable[[], Awaitable[Made]],
    postgres: Postgres,
    grows: str,
    monkeypatch: pytest.MonkeyPatch,
):
    """Numbers are given before branches are merged, and are merged in another order."""
    expected = await make()
    await migrate(expected.dsn)
    for known, missing in enumerate(NUMBERS[1:], 1):
        await bring_to(postgres.dsn(grows), NUMBERS[:known], monkeypatch)
        async with copied(postgres, grows) as ledger:
            others = [number for number in NUMBERS if number != missing]
            try:
                await bring_to(ledger.dsn, others, monkeypatch)
            except asyncpg.PostgresError:
                continue  # a later one builds on it: no such ledger can be

            [applied] = await migrate(ledger.dsn)

            assert int(applied[:4]) == missing
            # A view that several migrations make is the last one's: not the same in every order.
            assert sorted(await tables(ledger.connection)) == sorted(
                await tables(expected.connection)
            )


async def test_balances_of_an_upgraded_ledger_have_what_was_booked_before(
    make: Callable[[], Awaitable[Made]], monkeypatch: pytest.MonkeyPatch
):
    ledger = await make()
    await bring_to(ledger.dsn, [1], monkeypatch)
    await fill(ledger.connection)
    await migrate(ledger.dsn)

    await fold(ledger.connection, await seal(ledger.connection))

    rows = await ledger.connection.fetch(
        "SELECT measure, cell, day, slot, amount FROM balance ORDER BY measure"
    )
    assert [tuple(row) for row in rows] == [(2, 1, 20000, -1, 3), (12, 2, 20001, 20010, 1)]


async def test_a_migration_that_fails_leaves_nothing_behind(
    make: Callable[[], Awaitable[Made]], monkeypatch: pytest.MonkeyPatch
):
    ledger = await make()
    await bring_to(ledger.dsn, [1], monkeypatch)
    broken = [*migrations()[:1], (2, "broken", "CREATE TABLE half (); SELECT 1 / 0")]
    monkeypatch.setattr(migrate_module, "migrations", lambda: broken)

    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(ledger.dsn)

    assert "half" not in await tables(ledger.connection)
    assert await ledger.connection.fetchval("SELECT max(number) FROM migration") == 1


async def test_a_ledger_of_a_later_release_is_left_alone(make: Callable[[], Awaitable[Made]]):
    ledger = await make()
    await migrate(ledger.dsn)
    await ledger.connection.execute(
        "INSERT INTO migration (number, name) VALUES (9999, 'later')"
    )

    with pytest.raises(SchemaTooNew, match=r"has migration 9999, this release ends at \d+;"):
        await migrate(ledger.dsn)


def test_no_number_is_given_twice():
    assert len(NUMBERS) == len(set(NUMBERS))
    assert NUMBERS[0] == 1
