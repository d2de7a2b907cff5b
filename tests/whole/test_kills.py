"""The worker is killed while it counts; the totals come out as if nothing had happened."""

import asyncio
import random
import time
from pathlib import Path

from tests.servers.kafka import KafkaNode
from tests.whole.service import life, stage


async def test_a_worker_killed_again_and_again_in_a_replay_counts_everything_once(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    """Moments are drawn in records booked, so that every kill falls into the replay."""
    rng = random.Random(4)
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        t = time.monotonic()
        everything = list(life(5_000))
        print(len(everything), "generated", time.monotonic() - t)
        streaming = asyncio.create_task(here.produce(everything, per_second=2_500))
        worker = here.worker()
        moments = sorted(rng.sample(range(len(everything) // 20, len(everything) * 9 // 10), 4))

        for moment in moments:
            print(time.monotonic() - t, "starts")
            await asyncio.to_thread(worker.start)
            print(time.monotonic() - t, "claimed")
            print(moment, await here.booked_beyond(moment))
            worker.kill()
        await streaming
        print(time.monotonic() - t, "streamed")
        await asyncio.to_thread(worker.start)
        await here.booked()
        print(time.monotonic() - t, "booked")

        assert await here.disagreements() == []
        print(time.monotonic() - t, "booked")
