"""Positions belong to one log. On any other the worker refuses, and says how to go on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.structs import TopicPartition

from tests.servers.kafka import KafkaNode
from tests.servers.tansu import Tansu
from tests.servers.topics import create_topic
from tests.whole.service import Stage, life, stage

ACCEPT = "or give up what is lost with `emc position accept-loss`"


@asynccontextmanager
async def read_once(bootstrap: str, database: str, folder: Path) -> AsyncIterator[Stage]:
    """A ledger that has read a log; its worker is gone."""
    async with stage(bootstrap, database, folder, partitions=1) as here:
        await here.produce(life(60))
        worker = here.worker()
        await asyncio.to_thread(worker.start)
        await here.booked()
        worker.kill()
        yield here


@asynccontextmanager
async def admin_of(here: Stage) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=here.bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def make_anew(here: Stage) -> None:
    async with admin_of(here) as admin:
        await admin.delete_topics([here.topic])
    async with asyncio.timeout(20):
        while True:
            try:
                await create_topic(
                    here.bootstrap,
                    here.topic,
                    partitions=1,
                    exactly=True,
                    settings={"retention.ms": "-1"},
                )
            except Exception:  # noqa: BLE001 - still being deleted
                await asyncio.sleep(0.2)
            else:
                return


async def refused(here: Stage, said: str, *, remedy: str) -> None:
    worker = here.worker()
    worker.launch()

    status = await asyncio.to_thread(worker.ended, 40)

    last = worker.said().splitlines()[-1]
    assert last.startswith(f"emc: {here.topic}[0]: {said}"), worker.said()
    assert last.endswith(remedy)
    assert status == 1
    assert "Traceback" not in worker.said()
    assert await bookings(here) == here.ends[0]


async def bookings(here: Stage) -> int:
    """How many records the ledger has tallied: none of another log."""
    connection = await asyncpg.connect(here.database)
    try:
        booked: int = await connection.fetchval("SELECT sum(amount)::bigint FROM tally")
    finally:
        await connection.close()
    return booked


async def test_a_topic_made_anew_with_fewer_records_is_refused(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with read_once(kafka.bootstrap, database, tmp_path) as here:
        await make_anew(here)
        before = here.ends.copy()
        await here.produce(life(3))
        here.ends = before

        await refused(
            here,
            f"the ledger goes on at {before[0]}, the log does not reach that far",
            remedy=f"restore it, start with a new ledger, {ACCEPT}",
        )


async def test_a_topic_made_anew_with_more_records_is_refused(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with read_once(kafka.bootstrap, database, tmp_path) as here:
        await make_anew(here)
        before = here.ends.copy()
        await here.produce(life(200, seed=9))
        here.ends = before

        await refused(
            here,
            f"the record at {before[0] - 1} is not the one that was booked",
            remedy=f"restore it, start with a new ledger, {ACCEPT}",
        )


async def test_what_retention_has_cut_unread_is_refused(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with read_once(kafka.bootstrap, database, tmp_path) as here:
        before = here.ends.copy()
        await here.produce(life(60, seed=3))
        cut = before[0] + 5
        async with admin_of(here) as admin:
            await admin.delete_records(
                {TopicPartition(here.topic, 0): RecordsToDelete(before_offset=cut)}
            )
        here.ends = before

        await refused(
            here,
            f"the ledger goes on at {before[0]}, the log begins at {cut}",
            remedy=f"restore the log, start with a new ledger, {ACCEPT}",
        )


async def test_what_retention_has_cut_after_it_was_read_is_no_matter(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with read_once(kafka.bootstrap, database, tmp_path) as here:
        events = list(life(60))
        async with admin_of(here) as admin:
            await admin.delete_records(
                {TopicPartition(here.topic, 0): RecordsToDelete(before_offset=here.ends[0])}
            )
        worker = here.worker()
        await asyncio.to_thread(worker.start)
        await here.produce(events[:10])
        await here.booked()

        assert await here.disagreements() == []


async def test_another_cluster_is_refused(
    kafka: KafkaNode, tansu: Tansu, database: str, tmp_path: Path
):
    async with read_once(kafka.bootstrap, database, tmp_path) as here:
        await create_topic(tansu.bootstrap, here.topic, partitions=1, exactly=True)
        here.bootstrap = tansu.bootstrap

        await refused(
            here,
            "the ledger was read from cluster",
            remedy=f"connect to the right brokers, start with a new ledger, {ACCEPT}",
        )
