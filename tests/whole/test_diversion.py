"""A release that cannot measure diverts nothing; put right, it measures everything."""

import asyncio
import re
from pathlib import Path

import asyncpg

from tests.servers.kafka import KafkaNode
from tests.whole.service import life, stage

# A release with a bug in it: Python runs this file before the worker's own first line.
BROKEN = """\
import monitor.domain.fold

def advance(view, event):
    raise KeyError("a table that this release was built without")

monitor.domain.fold.advance = advance
"""


async def test_a_broken_release_stops_with_its_reason_and_the_mended_one_measures_everything(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    (tmp_path / "sitecustomize.py").write_text(BROKEN)
    root = Path(__file__).parents[2]
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        await here.produce(life(200, bad=0.0))
        broken = here.worker()
        broken._environment["PYTHONPATH"] = f"{tmp_path}:{root}"
        for _ in range(
            2
        ):  # a supervisor starts it again: that helps nothing, and harms nothing
            broken.launch()
            assert await asyncio.to_thread(broken.ended, 40) == 1
            said = broken.said().splitlines()[-1]
            assert said.startswith("emc: refusals say that the fault is ours: nothing was")
            assert "fault (KeyError at sitecustomize.py:4)" in said
            assert "EMC_REFUSAL_LIMIT_PERCENT=100" in said
            # None of ours. aiokafka leaves one of its own where it is closed while it connects.
            assert not re.search(r'File ".*/(agents|monitor|schemas)/', broken.said())
            assert await counted(database) == (0, 0, 0)

        mended = here.worker()
        await asyncio.to_thread(mended.start)
        await here.booked()

        assert await here.disagreements() == []


async def counted(database: str) -> tuple[int, int, int]:
    """Records booked, in quarantine, and dossiers on record."""
    connection = await asyncpg.connect(database)
    try:
        row = await connection.fetchrow(
            "SELECT (SELECT sum(next)::bigint FROM position),"
            " (SELECT count(*) FROM quarantine), (SELECT count(*) FROM dossier)"
        )
    finally:
        await connection.close()
    return tuple(row)
