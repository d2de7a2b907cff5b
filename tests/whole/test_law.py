"""The law's measures through the whole service: what is booked is what the events say."""

import asyncio
from pathlib import Path

import asyncpg

from monitor.domain.applicants import APPLICANTS
from monitor.domain.measures import HOURS, Measure
from monitor.reference.policy import load_policy
from tests.servers.require import ROOT
from tests.servers.tansu import Tansu
from tests.whole.service import life, stage

REFERENCE = ROOT / "deploy" / "reference"


async def test_a_worker_with_reference_files_books_the_laws_measures(
    tansu: Tansu, database: str, tmp_path: Path
):
    async with stage(tansu.bootstrap, database, tmp_path) as here:
        await asyncio.to_thread(here.worker(reference=str(REFERENCE)).start)
        await here.produce(life(600))
        await here.booked()

        assert await here.disagreements(load_policy(REFERENCE)) == []
        connection = await asyncpg.connect(database)
        try:
            hundreds = await connection.fetchval(
                "SELECT count(*) / 100 FROM applicant WHERE dossiers > 0"
            )
            rows = await connection.fetch(
                "SELECT measure, sum(amount)::bigint AS net FROM journal GROUP BY measure"
            )
        finally:
            await connection.close()
    assert list(Path.cwd().glob("*-data")) == []  # a worker leaves nothing where it runs
    net = {row["measure"]: row["net"] for row in rows}

    by_06b = (Measure.EARLY_06B, Measure.ON_TIME_06B, Measure.LATE_06B, Measure.NO_DEADLINE_06B)
    assert sum(net.get(measure, 0) for measure in by_06b) == net[Measure.COMPLETED]
    first = (
        Measure.ON_TIME_FIRST_DUE,
        Measure.LATE_FIRST_DUE,
        Measure.NO_DEADLINE_FIRST_DUE,
    )
    assert sum(net.get(measure, 0) for measure in first) == net[Measure.COMPLETED]
    assert net[Measure.SUPPLEMENT_REQUESTS] > 0
    assert net[HOURS + Measure.ACCEPTED] == net[Measure.ACCEPTED]
    assert net[HOURS + Measure.LATE_766] == net[Measure.LATE_766]
    assert max(net) < APPLICANTS
    assert 0 < hundreds < 6
    assert net[Measure.HANDED_IN] == net[Measure.HANDED_OUT] > 0
