"""Each role can do what it must, and cannot do what it must not; on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from agents.register import Register
from monitor.domain.composition import made_of
from monitor.domain.facts import Fact, Term
from monitor.domain.mandate import Mandate
from monitor.domain.policy import Policy
from monitor.domain.view import Cell
from monitor.domain.zone import Zone
from monitor.ledger import reading_book
from monitor.ledger.access import Look, Passes, Role, new_token, token_hash
from monitor.ledger.balances import Accounts, Balances
from monitor.ledger.figures import Figures, Flow, Sides
from monitor.ledger.follower import Follower, Round, connect, order_closing, seal
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import MayNotMigrate, migrate
from monitor.ledger.policies import Policies
from monitor.ledger.sources import Source, Sources, Via
from monitor.ledger.unit import (
    DossierRow,
    Move,
    Partition,
    Refusal,
    TallyKey,
    TotalKey,
    Unit,
)
from tests.ledger.roles import SCRIPT, roles
from tests.outlets.test_serve import serving

HERE = Partition("emc.dossiers", 0)
DENIED = asyncpg.InsufficientPrivilegeError


@pytest.fixture
async def address(database: str) -> AsyncIterator[Callable[[str], str]]:
    async with roles(database) as of:
        yield of


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def book_everything(dsn: str) -> None:
    """A unit with a row for every table that a worker writes, and what the desk asks besides."""
    async with Ledger.open(dsn, connections=2) as ledger:
        await ledger.positions([HERE])
        claimed = await ledger.claim(
            [HERE], owner="o", generation=1, cluster="c", beginnings={HERE: 0}
        )
        cell = Cell("H26", "", "1.004194", 2, "", 4)
        number = (await ledger.number([cell]))[cell]
        await ledger.load(["k"])
        await ledger.sealed_by_source()
        for version in (1, 2):
            await ledger.book(
                Unit(
                    shard=0,
                    moves={HERE: Move(claimed[HERE].epoch, version - 1, version, b"h")},
                    dossiers=[DossierRow("k", version, 4, number, None, b"events", b"booked")],
                    journal={0: {(2, number, 20_000, -1): 1}},
                    totals={TotalKey(2, "H26", 2, 4, -1, 0): (1, 0)},
                    tallies={TallyKey("counted", "s", ""): 1},
                    refusals=[
                        Refusal(
                            partition=HERE,
                            offset=version,
                            source="s",
                            reason="r",
                            detail="d",
                            size=1,
                            hash=b"h",
                            sealed=b"bytes",
                            arrived=datetime(2026, 3, 2, tzinfo=UTC),
                        )
                    ],
                )
            )


async def test_a_worker_books_follows_and_closes(address):
    """It books while a follower leads: neither waits for the other's locks."""
    worker = address("emc_worker")
    assert await migrate(worker) == []
    connection = await connect(worker)
    follower = Follower(connection, Zone())
    assert await follower.leads()
    await asyncio.wait_for(book_everything(worker), 20)

    assert await follower.round() == Round(2, 0, left=False)
    assert await order_closing(connection) == 2
    assert await follower.round() == Round(0, 2, left=False)
    await connection.close()


async def test_a_worker_cannot_rewrite_what_is_booked_nor_change_the_schema(address):
    async with connected(address("emc_worker")) as connection:
        for statement in (
            "UPDATE journal_page SET amounts = '{7}'",
            "DELETE FROM journal_page",
            "TRUNCATE journal_page",
            "UPDATE cut SET sealed_at = now()",
            "DELETE FROM cut",
            "INSERT INTO migration (number, name) VALUES (9999, 'x')",
            "DROP TABLE balance_run",
            "ALTER TABLE journal_page ADD COLUMN x integer",
            "CREATE TABLE mine (x integer)",
        ):
            with pytest.raises(DENIED):
                await connection.execute(statement)


async def test_a_worker_that_finds_an_older_schema_says_who_must_migrate(address, database):
    async with connected(database) as owner:
        await owner.execute("DELETE FROM migration WHERE number = 3")

    with pytest.raises(MayNotMigrate, match=r"run `emc migrate` as the role that owns"):
        await migrate(address("emc_worker"))


async def test_a_reader_serves_metrics_and_reads_balances(address):
    await book_everything(address("emc_worker"))
    reader = address("emc_reader")
    async with (
        connected(address("emc_worker")) as worker,
        asyncpg.create_pool(reader, min_size=0, max_size=1) as pool,
        serving(reader) as service,
    ):
        cut = await seal(worker)
        figures = Figures(pool, Policy(Zone()))
        await figures.check()

        shown = await figures.snapshot(1_785_726_000_000)
        scraped = await service.get("/metrics")
        now = await Balances(pool).as_known_now(Accounts())
        then = await Balances(pool).as_known_then(Accounts(), cut.sealed_at)

    assert shown.flows == {Flow(2, "H26", 2, 4, 0): Sides(2, 0)}
    assert shown.watermark.backlog == 2
    assert scraped.status == 200
    assert now.figures == then.figures == {(): 2}


@pytest.mark.parametrize("role", ["emc_reader", "emc_grafana"])
async def test_who_reads_writes_nothing_and_sees_no_events_and_no_refused_bytes(address, role):
    await book_everything(address("emc_worker"))
    async with connected(address(role)) as connection:
        tables = [
            row[0]
            for row in await connection.fetch(
                "SELECT relname FROM pg_class WHERE relkind = 'r'"
                " AND relnamespace = 'public'::regnamespace"
            )
        ]
        assert {"journal_page", "balance_run", "quarantine", "position"} <= set(tables)
        for table in tables:
            for statement in ("INSERT INTO {} DEFAULT VALUES", "DELETE FROM {}", "TRUNCATE {}"):
                with pytest.raises(DENIED):
                    await connection.execute(statement.format(table))
        for column, table in (
            ("*", "dossier"),
            ("events", "dossier"),
            ("booked", "dossier"),
            ("*", "quarantine"),
            ("sealed", "quarantine"),
        ):
            with pytest.raises(DENIED):
                await connection.fetch(f"SELECT {column} FROM {table}")
        with pytest.raises(DENIED):
            await connection.execute("CREATE TABLE mine (x integer)")


async def test_dashboards_count_dossiers_and_refusals_without_naming_any(address):
    await book_everything(address("emc_worker"))
    async with connected(address("emc_grafana")) as connection:
        for query in (
            "SELECT count(*) FROM dossier WHERE outcome IN (4, 5) AND due_ms IS NULL",
            "SELECT count(*) FROM quarantine WHERE source = 's' AND reason = 'r'",
            "SELECT sum(amount) FROM balance JOIN cell ON cell.id = cell",
            "SELECT sum(credit - debit) FROM total",
            "SELECT seq, folded_at FROM follower",
        ):
            await connection.fetch(query)
        for query in (
            "SELECT key FROM dossier",
            "SELECT detail FROM quarantine",
            "SELECT hash FROM quarantine",
        ):
            with pytest.raises(DENIED):
                await connection.fetch(query)


ONESTOP = Source(code="H56-onestop", name="n", owner="H56", mandates=(Mandate("H56"),))
NOON = datetime(2026, 11, 27, 5, tzinfo=UTC)


async def test_the_edge_reads_the_register_and_writes_who_is_not_in_it(address):
    async with asyncpg.create_pool(address("emc_registrar"), min_size=0, max_size=1) as pool:
        await Sources(pool).add(ONESTOP, who="lan")
        await Sources(pool).admit("H56-onestop", b"h" * 32, valid_from=NOON, who="lan")

    async with (
        asyncpg.create_pool(address("emc_edge"), min_size=0, max_size=1) as pool,
        Register(Sources(pool), now=lambda: NOON) as register,
    ):
        register.note_unknown(Via.TOPIC, "emc.in.stranger")
        register.note_unknown(Via.TOPIC, "emc.in.stranger")
        await register.refresh()
        register.note_unknown(Via.TOPIC, "emc.in.stranger")
        await register.refresh()
        assert register.snapshot.by_code("H56-onestop") is not None
        with pytest.raises(DENIED):
            await Sources(pool).change(ONESTOP, replace(ONESTOP, name="x"), who="edge")

    async with connected(address("emc_edge")) as connection:
        for statement in (
            "INSERT INTO source SELECT * FROM source",
            "UPDATE source_credential SET valid_until = NULL",
            "DELETE FROM unknown_source",
            "SELECT count(*) FROM dossier",
            "SELECT count(*) FROM journal",
            "SELECT detail FROM quarantine",
            "UPDATE quarantine SET state = 'dropped'",
            "DELETE FROM quarantine",
            "DELETE FROM tally",
            "INSERT INTO position DEFAULT VALUES",
        ):
            with pytest.raises(DENIED):
                await connection.execute(statement)


async def test_a_registrar_keeps_the_register_and_cannot_rewrite_its_history(address):
    async with asyncpg.create_pool(address("emc_registrar"), min_size=0, max_size=1) as pool:
        sources = Sources(pool)
        await sources.add(ONESTOP, who="lan")
        await sources.change(ONESTOP, replace(ONESTOP, name="x"), who="lan")
        id_ = await sources.admit("H56-onestop", b"h" * 32, valid_from=NOON, who="lan")
        await sources.dismiss("H56-onestop", id_, at=NOON, who="lan")
        assert await Policies(pool).active() is None
        assert await sources.unknown() == []

    async with connected(address("emc_registrar")) as connection:
        for statement in (
            "UPDATE source_history SET who = 'nobody'",
            "DELETE FROM source_history",
            "DELETE FROM source",
            "SELECT count(*) FROM dossier",
        ):
            with pytest.raises(DENIED):
                await connection.execute(statement)


async def test_neither_workers_nor_readers_change_who_may_send(address):
    async with asyncpg.create_pool(address("emc_registrar"), min_size=0, max_size=1) as pool:
        await Sources(pool).add(ONESTOP, who="lan")
    for role in ("emc_worker", "emc_reader", "emc_grafana"):
        async with connected(address(role)) as connection:
            await connection.fetch("SELECT code, status FROM source")
            for table in ("source", "source_credential", "source_history"):
                with pytest.raises(DENIED):
                    await connection.execute(f"INSERT INTO {table} DEFAULT VALUES")
                with pytest.raises(DENIED):
                    await connection.execute(f"DELETE FROM {table}")
    for role in ("emc_reader", "emc_grafana"):
        async with connected(address(role)) as connection:
            with pytest.raises(DENIED):
                await connection.fetch("SELECT hash FROM source_credential")


LOOK = Look(
    token=None,
    who="lan",
    role=Role.ADMIN,
    agency="",
    asked="/x",
    address="::1",
    status=200,
    rows=1,
)


async def test_a_server_asks_for_sums_to_be_kept_and_says_of_none_that_it_is_filled(address):
    wanted = [
        reading_book.Wanted(share.sum, stock=False, procedures=reading_book.Procedures.COUNTED)
        for share in made_of(Term(fact=Fact.RECEIVED))
    ]
    async with connected(address("emc_server")) as connection:
        await reading_book.want(connection, wanted)
        await reading_book.want(connection, wanted)  # and again: it is asked for once
        filled, asked = await reading_book.known(connection)
        assert not filled
        assert asked == frozenset(wanted)
        for statement in (
            "UPDATE reading_sum SET filled_until = 2147483647",
            "DELETE FROM reading_sum",
            "INSERT INTO reading_sum (measures, weights, filled_until) VALUES ('{1}', '{1}', 9)",
            "UPDATE reading_month SET amounts = '{9}'",
            "INSERT INTO reading_services VALUES (0, 'H56', 0, 1, '')",
        ):
            with pytest.raises(DENIED):
                await connection.execute(statement)


async def test_a_server_knows_tokens_and_writes_looks_that_it_can_neither_read_nor_change(
    address,
):
    async with asyncpg.create_pool(address("emc_registrar"), min_size=0, max_size=1) as pool:
        passes = Passes(pool)
        token = new_token()
        until = NOON + timedelta(days=1)
        await passes.add(
            "lan", token_hash(token), role=Role.ADMIN, at=NOON, expires_at=until, who="x"
        )
    async with asyncpg.create_pool(address("emc_server"), min_size=0, max_size=1) as pool:
        passes = Passes(pool)
        found = await passes.by_token(token, NOON)
        assert found is not None
        assert found.name == "lan"
        await passes.note(LOOK)

    async with connected(address("emc_server")) as connection:
        await connection.fetch("SELECT events, booked FROM booked_now")
        for statement in (
            "SELECT count(*) FROM access_audit",
            "UPDATE access_audit SET who = 'nobody'",
            "DELETE FROM access_audit",
            "TRUNCATE access_audit",
            "UPDATE access_token SET role = 'admin'",
            "UPDATE access_token SET expires_at = now() + interval '9 years'",
            (
                "INSERT INTO access_token (name, hash, role, made_by, expires_at)"
                " VALUES ('x', sha256('x'), 'admin', 'x', now())"
            ),
            "DELETE FROM access_token",
            "SELECT sealed FROM quarantine",
            "UPDATE dossier SET version = 1",
            "INSERT INTO journal_page DEFAULT VALUES",
        ):
            with pytest.raises(DENIED):
                await connection.execute(statement)


async def test_a_registrar_revokes_tokens_and_cannot_take_back_a_look(address):
    async with asyncpg.create_pool(address("emc_registrar"), min_size=0, max_size=1) as pool:
        passes = Passes(pool)
        until = NOON + timedelta(days=1)
        await passes.add("lan", b"h" * 32, role=Role.ADMIN, at=NOON, expires_at=until, who="x")
        assert await passes.revoke("lan", at=NOON, who="minh")
        assert await passes.looks() == []

    async with connected(address("emc_registrar")) as connection:
        for statement in (
            (
                "INSERT INTO access_audit (who, role, agency, asked, address, status, rows)"
                " VALUES ('', '', '', '', '', 200, 0)"
            ),
            "UPDATE access_audit SET who = 'nobody'",
            "DELETE FROM access_audit",
            "DELETE FROM access_token",
            "UPDATE access_token SET role = 'admin'",
            "UPDATE access_token SET hash = sha256('mine')",
        ):
            with pytest.raises(DENIED):
                await connection.execute(statement)


@pytest.mark.parametrize("role", ["emc_worker", "emc_edge", "emc_reader", "emc_grafana"])
async def test_nobody_else_sees_tokens_or_looks(address, role):
    async with connected(address(role)) as connection:
        for table in ("access_token", "access_audit"):
            with pytest.raises(DENIED):
                await connection.fetch(f"SELECT count(*) FROM {table}")
            with pytest.raises(DENIED):
                await connection.execute(f"INSERT INTO {table} DEFAULT VALUES")


async def test_a_table_of_a_later_release_is_the_workers_and_nobody_elses(address, database):
    async with connected(database) as owner:
        await owner.execute("CREATE TABLE later (x integer)")
    async with connected(address("emc_worker")) as worker:
        await worker.execute("INSERT INTO later VALUES (1)")
    for role in ("emc_edge", "emc_registrar", "emc_reader", "emc_server", "emc_grafana"):
        async with connected(address(role)) as connection:
            with pytest.raises(DENIED):
                await connection.fetch("SELECT FROM later")


async def test_running_the_script_again_changes_nothing_and_takes_back_what_is_beyond_it(
    address, database
):
    async def rights(connection: Any) -> list[tuple[Any, ...]]:
        rows = await connection.fetch(
            "SELECT relname::text, attname::text, relacl::text[], attacl::text[]"
            " FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0"
            " WHERE relnamespace = 'public'::regnamespace ORDER BY 1, 2"
        )
        return [
            (table, column, sorted(of_table or []), sorted(of_column or []))
            for table, column, of_table, of_column in rows
        ]

    async with connected(database) as owner:
        before = await rights(owner)
        await owner.execute("GRANT ALL ON dossier, quarantine TO emc_grafana")
        await owner.execute("GRANT SELECT (sealed) ON quarantine TO emc_reader")

        await owner.execute(SCRIPT.read_text("utf-8"))

        assert await rights(owner) == before
