"""How a worker ends: asked to, or for reasons that it says in one line."""

import asyncio
import signal
from pathlib import Path

import asyncpg

from tests.servers.kafka import KafkaNode
from tests.servers.process import free_port
from tests.servers.tansu import Tansu
from tests.whole.service import Stage, Worker, life, stage, streaming
from tests.whole.until import until


def last_line(worker: Worker) -> str:
    return worker.said().splitlines()[-1]


async def test_a_signal_ends_it_within_seconds_in_the_middle_of_a_replay_and_it_goes_on_later(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        worker = here.worker()
        async with streaming(here, 1_000):
            for number in (signal.SIGTERM, signal.SIGINT):
                await asyncio.to_thread(worker.start)
                booked = await here.booked_beyond(0)
                await here.booked_beyond(booked + 100)

                worker.send(number)

                assert await asyncio.to_thread(worker.ended, 10) == 0
                assert "Traceback" not in worker.said()
                assert "never retrieved" not in worker.said()
            await asyncio.to_thread(worker.start)
        await here.booked()
        assert await here.disagreements() == []


async def test_an_idle_worker_goes_on_where_it_was_and_lag_tools_agree(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        first, second = list(life(300)), list(life(50, seed=2))
        await here.produce(first)
        worker = here.worker()
        await asyncio.to_thread(worker.start)
        await here.booked()
        worker.send(signal.SIGTERM)
        assert await asyncio.to_thread(worker.ended, 10) == 0

        await asyncio.to_thread(worker.start)
        await agrees(here)
        await here.produce(second)
        await here.booked()

        await agrees(here)
        assert "falling back" not in worker.said()
        assert await here.disagreements() == []


async def agrees(here: Stage, group: str = "") -> None:
    async def as_the_ledger() -> bool:
        return await here.committed(group) == dict(here.ends)

    await until(as_the_ledger, look_s=0.2)


async def test_what_a_kill_left_untold_is_told_to_kafka_by_the_next_worker(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    """No event has to come for it: lag tools would show a lag that is not there."""
    async with stage(kafka.bootstrap, database, tmp_path, partitions=1) as here:
        await here.produce(life(50))
        worker = here.worker()
        await asyncio.to_thread(worker.start)
        await here.booked()
        worker.kill()
        other = here.worker(group="another")
        await set_group(database, "another")

        await asyncio.to_thread(other.start)

        await agrees(here, "another")


async def set_group(database: str, group: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("UPDATE position SET group_id = $1", group)
    finally:
        await connection.close()


async def test_it_refuses_a_setting_in_one_line(tansu: Tansu, database: str, tmp_path: Path):
    async with stage(tansu.bootstrap, database, tmp_path) as here:
        for setting, value, said in (
            ("precision", "hour", "emc: EMC_PRECISION is 'hour'; it must be instant or date"),
            ("brisk", "yes", "emc: EMC_BRISK is 'yes'; it must be 0 or 1"),
            (
                "quarantine_key",
                "c2hvcnQ=",
                "emc: EMC_QUARANTINE_KEY: the quarantine key must be 32 bytes in base64",
            ),
            (
                "zone",
                "Asia/Nowhere",
                "emc: EMC_ZONE: 'Asia/Nowhere' is no time zone of the tz database",
            ),
        ):
            worker = here.worker(**{setting: value})
            worker.launch()

            assert await asyncio.to_thread(worker.ended, 20) == 2
            assert last_line(worker) == said
            assert "Traceback" not in worker.said()


async def test_without_a_ledger_it_says_so_and_ends(tansu: Tansu, tmp_path: Path):
    nowhere = f"postgresql://nobody@127.0.0.1:{free_port()}/emc"
    async with stage(tansu.bootstrap, nowhere, tmp_path) as here:
        worker = here.worker()
        worker.launch()

        assert await asyncio.to_thread(worker.ended, 20) == 1
        assert last_line(worker).startswith(
            "emc: the ledger cannot be used, see EMC_DATABASE: "
        )
        assert "Traceback" not in worker.said()


async def test_a_ledger_of_a_later_release_is_left_alone(
    tansu: Tansu, bare_database: str, tmp_path: Path
):
    connection = await asyncpg.connect(bare_database)
    await connection.execute(
        "CREATE TABLE migration (number integer PRIMARY KEY, name text NOT NULL)"
    )
    await connection.execute("INSERT INTO migration VALUES (9999, 'later')")
    await connection.close()
    async with stage(tansu.bootstrap, bare_database, tmp_path) as here:
        worker = here.worker()
        worker.launch()

        assert await asyncio.to_thread(worker.ended, 20) == 1
        assert last_line(worker).startswith("emc: the ledger has migration 9999")
        assert "Traceback" not in worker.said()


async def test_without_a_broker_it_can_still_be_stopped(
    tansu: Tansu, database: str, tmp_path: Path
):
    async with stage(tansu.bootstrap, database, tmp_path) as here:
        worker = here.worker(kafka=f"127.0.0.1:{free_port()}")
        worker.launch()

        status = await asyncio.to_thread(worker.ended, 30)

        assert status == 1
        assert last_line(worker).startswith("emc: no broker answers at EMC_KAFKA=127.0.0.1:")
        assert "Traceback" not in worker.said()
