"""A broken release was told to go on; once mended, everything it diverted is put back."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path

from tests.servers.kafka import KafkaNode
from tests.whole.ledger_checks import _fetch, drift, figures, recounted, tallied
from tests.whole.service import KEY, Stage, life, stage
from tests.whole.test_diversion import BROKEN


def retry(here: Stage) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "monitor.cli", "quarantine", "retry", "--all"],
        env={**os.environ, "EMC_DATABASE": here.database, "EMC_QUARANTINE_KEY": KEY},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


async def settled(here: Stage, state: str = "returned") -> int:
    [row] = await _fetch(
        here.database, "SELECT count(*) AS found FROM quarantine WHERE state = $1", state
    )
    found: int = row["found"]
    return found


async def test_what_was_diverted_is_put_back_exactly_once_however_often_the_retry_is_killed(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    (tmp_path / "sitecustomize.py").write_text(BROKEN)
    root = Path(__file__).parents[2]
    rng = random.Random(3)
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        await here.produce(life(700, bad=0.0))
        records = sum(here.ends.values())
        broken = here.worker(refusal_limit_percent="100")
        broken._environment["PYTHONPATH"] = f"{tmp_path}:{root}"
        await asyncio.to_thread(broken.start)
        await here.booked()
        broken.kill()
        assert await tallied(database) == {"refused": records}

        killed = 0
        for _ in range(2):
            before = await settled(here)
            running = retry(here)
            while running.poll() is None and await settled(here) == before:
                await asyncio.sleep(0.005)
            await asyncio.sleep(rng.uniform(0, 0.15))
            if running.poll() is None:
                running.kill()
                killed += 1
            running.communicate()
        last = retry(here)
        said, _ = await asyncio.to_thread(last.communicate)

        assert last.returncode == 0, said.decode()
        assert killed
        assert await settled(here) == records
        assert await figures(database) == recounted(here.recount.result())
        assert await drift(database, here.topic, here.ends) == []
        assert (await asyncio.to_thread(retry(here).communicate))[0].startswith(b"0 records")
