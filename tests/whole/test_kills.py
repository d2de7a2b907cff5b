"""The worker is killed while it counts; the totals come out as if nothing had happened."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.servers.kafka import KafkaNode
from tests.whole.service import stage, streaming

pytestmark = pytest.mark.slow


async def test_a_worker_killed_again_and_again_in_a_replay_counts_everything_once(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    """Each kill falls so many records behind where the ledger stood, in a stream that goes on."""
    rng = random.Random(4)
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        worker = here.worker()
        async with streaming(here, 1_000):
            for _ in range(3):
                booked = await here.booked_beyond(0) if worker.log.exists() else 0
                await asyncio.to_thread(worker.start)
                await here.booked_beyond(booked + rng.randrange(1, 1_500))
                await asyncio.sleep(rng.uniform(0, 0.1))
                worker.kill()
            await asyncio.to_thread(worker.start)
        await here.booked()

        assert await here.disagreements() == []
        assert "Traceback" not in worker.said()
