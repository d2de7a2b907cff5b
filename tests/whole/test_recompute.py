"""A recompute through the whole service: workers go on, none books under a stale policy."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg

from monitor.domain.policy import RULES_VERSION
from monitor.reference.policy import load_policy
from tests.agents.recompute.desk import changed
from tests.servers.kafka import KafkaNode
from tests.servers.require import ROOT
from tests.servers.tansu import Tansu
from tests.whole import ledger_checks
from tests.whole.service import life, stage, streaming

SHIPPED = ROOT / "deploy" / "reference"


async def test_workers_go_on_during_a_recompute_and_take_up_the_new_policy_after_it(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    folder = changed(SHIPPED, tmp_path / "reference")
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        # The second comes with the new files already, as in a rolling upgrade.
        first, second = here.worker(reference=str(SHIPPED)), here.worker(reference=str(folder))
        await asyncio.to_thread(first.start)
        async with streaming(here, 100):
            await asyncio.to_thread(second.start)
            await here.booked_beyond(100)
            assert "EMC_REFERENCE is not the reference set that is active" in second.said()

            done = await asyncio.to_thread(recompute, database, "--reference", str(folder))

            assert done.returncode == 0, done.stderr
            booked = await here.booked_beyond(0)
            await here.booked_beyond(booked + 50)
        await here.booked()

        ends = {partition: here.ends[partition] for partition in range(here.partitions)}
        assert await ledger_checks.drift(database, here.topic, ends, load_policy(folder)) == []
        assert "PolicyChanged" in first.said() + second.said()
        connection = await asyncpg.connect(database)
        epochs = await connection.fetch("SELECT DISTINCT epoch FROM dossier")
        await connection.close()
        assert [row["epoch"] for row in epochs] == [2]


async def test_a_worker_of_another_rules_version_books_nothing_and_says_how_to_go_on(
    tansu: Tansu, database: str, tmp_path: Path
):
    async with stage(tansu.bootstrap, database, tmp_path) as here:
        worker = here.worker()
        await asyncio.to_thread(worker.start)
        await here.produce(life(20))
        await here.booked()
        connection = await asyncpg.connect(database)
        await connection.execute("UPDATE policy SET epoch = 2, rules = rules + 1")
        before = await connection.fetch("SELECT key, version FROM dossier ORDER BY key")

        await here.produce(life(20, seed=2))
        assert await asyncio.to_thread(worker.ended, 30) == 1
        later = here.worker()
        later.launch()
        assert await asyncio.to_thread(later.ended, 30) == 1

        after = await connection.fetch("SELECT key, version FROM dossier ORDER BY key")
        await connection.close()
    assert after == before
    for ended in (worker, later):
        assert "Traceback" not in ended.said()
        assert ended.said().splitlines()[-1] == (
            f"emc: the ledger books under rules version {RULES_VERSION + 1} (epoch 2), and"
            f" this release has rules version {RULES_VERSION}: it books nothing; install the"
            " release that has it"
        )


def recompute(database: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitor.cli", "recompute", "--jobs", "1", *options],
        env={**os.environ, "EMC_DATABASE": database},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
