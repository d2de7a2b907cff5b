"""Workers come and go, and some believe what is no longer so: every record still counts once."""

import asyncio
import signal
from pathlib import Path

import asyncpg
import pytest

from tests.servers.kafka import KafkaNode
from tests.whole.ledger_checks import drift
from tests.whole.service import Stage, Worker, life, stage, streaming
from tests.whole.until import until

pytestmark = pytest.mark.slow


async def held_by(here: Stage, worker: Worker) -> int:
    """How many partitions a worker has claimed in the ledger."""
    connection = await asyncpg.connect(here.database)
    try:
        owned: int = await connection.fetchval(
            "SELECT count(*) FROM position WHERE topic = $1 AND owner LIKE '%:' || $2::text",
            here.topic,
            str(worker.pid),
        )
    finally:
        await connection.close()
    return owned


async def holds(here: Stage, worker: Worker, partitions: int) -> None:
    async def so_many() -> bool:
        return await held_by(here, worker) == partitions

    await until(so_many, within_s=30)


@pytest.mark.parametrize("keyed", [True, False], ids=["by dossier", "by nothing"])
async def test_a_second_worker_joins_leaves_and_is_killed_and_nothing_is_lost_or_counted_twice(
    keyed: bool, kafka: KafkaNode, database: str, tmp_path: Path
):
    """Where records are not keyed, both workers change the same dossiers all the time."""
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        first, second = here.worker(), here.worker()
        async with streaming(here, 1_000, keyed=keyed):
            await asyncio.to_thread(first.start)
            await asyncio.to_thread(second.start)
            await holds(here, second, 2)
            await holds(here, first, 2)
            booked = await here.booked_beyond(0)
            await here.booked_beyond(booked + 500)
            second.send(signal.SIGTERM)
            assert await asyncio.to_thread(second.ended, 15) == 0
            await holds(here, first, 4)

            await asyncio.to_thread(second.start)
            await holds(here, second, 2)
            second.kill()
        await here.booked()

        await holds(here, first, 4)
        assert await here.disagreements() == []
        assert "Traceback" not in first.said() + second.said()
        assert "never retrieved" not in first.said() + second.said()


async def test_a_worker_that_slept_through_its_session_books_nothing_twice_and_comes_back(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        sleeper, other = here.worker(), here.worker()
        async with streaming(here, 1_000):
            await asyncio.to_thread(sleeper.start)
            await here.booked_beyond(100)
            sleeper.freeze()
            await asyncio.to_thread(other.start)
            await holds(here, other, 4)
            booked = await here.booked_beyond(0)
            await here.booked_beyond(booked + 100)
            sleeper.thaw()
            await holds(here, sleeper, 2)
        await here.booked()

        assert await here.disagreements() == []
        assert "Traceback" not in sleeper.said() + other.said()


async def test_a_second_group_on_one_ledger_says_why_it_ends_and_the_first_goes_on(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    """Both would own every partition, and each would overtake the other for ever."""
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        ours, stray = here.worker(), here.worker(group="stray")
        async with streaming(here, 1_000):
            await asyncio.to_thread(ours.start)
            await here.booked_beyond(100)

            stray.launch()

            assert await asyncio.to_thread(stray.ended, 30) == 1
            said = stray.said().splitlines()[-1]
            assert said.startswith(
                f"emc: {here.topic}[0] is read into this ledger by the group"
            )
            assert f"set EMC_GROUP to 'group-{here.topic}'" in said
            assert "Traceback" not in stray.said()
        await here.booked()

        assert await here.disagreements() == []
        assert "falling back" not in ours.said()


async def test_a_worker_overtaken_in_the_ledger_drops_what_it_has_and_rejoins(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    """As if another had claimed: epochs are raised behind its back, again and again."""
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        worker = here.worker()
        async with streaming(here, 1_000):
            await asyncio.to_thread(worker.start)
            for _ in range(3):
                booked = await here.booked_beyond(0)
                await here.booked_beyond(booked + 200)
                await execute(database, "UPDATE position SET epoch = epoch + 1")
        await here.booked()

        assert "another worker owns a partition of ours" in worker.said()
        assert await here.disagreements() == []


async def test_a_group_made_anew_counts_its_generations_from_one_and_still_goes_on(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        events = list(life(200))
        earlier, later = events[:500], events[500:]
        await here.produce(earlier)
        worker = here.worker()
        await asyncio.to_thread(worker.start)
        await here.booked()
        worker.send(signal.SIGTERM)
        assert await asyncio.to_thread(worker.ended, 15) == 0
        await execute(database, "UPDATE position SET generation = 4")

        await asyncio.to_thread(worker.start)
        await here.produce(later)
        await here.booked()

        assert "rejoining the group" in worker.said()
        assert await here.disagreements() == []


async def execute(database: str, statement: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_these_checks_see_one_account_too_much(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    """And one too little, wherever: a check that passes everything shows nothing."""
    async with stage(kafka.bootstrap, database, tmp_path, partitions=1) as here:
        await here.produce(life(30))
        worker = here.worker()
        await asyncio.to_thread(worker.start)
        await here.booked()
        assert await here.disagreements() == []

        for statement in (
            "UPDATE journal_page SET amounts[1] = amounts[1] + 1 WHERE seq = 1",
            "UPDATE total SET debit = debit + 1 WHERE ctid = (SELECT min(ctid) FROM total)",
            "UPDATE tally SET amount = amount + 1 WHERE name = 'duplicate'",
            "DELETE FROM dossier WHERE key = (SELECT min(key) FROM dossier)",
            "UPDATE position SET next = next - 1",
        ):
            before = await drift(database, here.topic, here.ends)
            await execute(database, statement)
            assert len(await drift(database, here.topic, here.ends)) > len(before), statement
